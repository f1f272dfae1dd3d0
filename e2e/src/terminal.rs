//! A program on a terminal: what is to be seen there, keys, another size, and what it leaves behind.
//!
//! The terminal is a pseudo terminal that controls the program, as a shell's does, so that Ctrl-C and a change of size reach it. One thread
//! reads what the program draws, and a [`vt100::Parser`] keeps the screen. Dropping a [`Terminal`] kills the program.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use reactor::clock::{self, Duration};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, Winsize, tcgetattr, tcsetwinsize};

use crate::failure::Failure;

/// Lines and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Columns.
    pub columns: u16,
}

impl Size {
    /// A size of at least one line and column.
    fn of_screen(self) -> (NonZero<u16>, NonZero<u16>) {
        let at_least_one = |count| NonZero::new(count).unwrap_or(NonZero::<u16>::MIN);
        (at_least_one(self.rows), at_least_one(self.columns))
    }

    const fn of_kernel(self) -> Winsize {
        Winsize { ws_row: self.rows, ws_col: self.columns, ws_xpixel: 0, ws_ypixel: 0 }
    }
}

struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    has_ended: bool,
}

#[derive(Clone)]
struct Shared(Arc<(Mutex<Seen>, Condvar)>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn collect(&self, mut source: File) {
        let mut bytes = [0; 4096];
        // The kernel says EIO when nobody has the other end any more.
        while let Ok(count @ 1..) = source.read(&mut bytes) {
            let mut seen = self.lock();
            seen.parser.process(&bytes[..count]);
            seen.bytes.extend_from_slice(&bytes[..count]);
            drop(seen);
            self.0.1.notify_all();
        }
        self.lock().has_ended = true;
        self.0.1.notify_all();
    }
}

/// A program on a terminal.
pub struct Terminal {
    name: String,
    child: Child,
    master: OwnedFd,
    seen: Shared,
    before: Termios,
}

impl Terminal {
    /// Starts a program on a terminal of this size.
    ///
    /// # Errors
    /// When there is no terminal, or the program cannot be executed.
    pub fn start(name: &str, command: &Command, size: Size) -> Result<Self, Failure> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let path = ptsname(&master, Vec::new())?;
        let slave = rustix::fs::open(
            path.as_c_str(),
            rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC,
            rustix::fs::Mode::empty(),
        )?;
        tcsetwinsize(&slave, size.of_kernel())?;
        let before = tcgetattr(&slave)?;
        // util-linux's program makes the terminal the controlling one, and becomes the other.
        let mut session = Command::new("setsid");
        session.arg("--ctty").arg(command.get_program()).args(command.get_args());
        session.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(slave);
        if let Some(folder) = command.get_current_dir() {
            session.current_dir(folder);
        }
        for (variable, value) in command.get_envs() {
            match value {
                Some(value) => session.env(variable, value),
                None => session.env_remove(variable),
            };
        }
        let child = session.spawn().map_err(|error| Failure::from(error).during(format!("cannot run {name}")))?;
        drop(session);
        let (rows, columns) = size.of_screen();
        let parser = vt100::Parser::new(rows, columns, 0);
        let seen = Shared(Arc::new((Mutex::new(Seen { parser, bytes: Vec::new(), has_ended: false }), Condvar::new())));
        let (collecting, source) = (seen.clone(), File::from(master.try_clone()?));
        std::thread::spawn(move || collecting.collect(source));
        Ok(Self { name: name.to_owned(), child, master, seen, before })
    }

    /// Waits until the screen is as `is_shown` wants it.
    ///
    /// # Errors
    /// When the program ends, or `limit` passes, without such a screen.
    pub fn wait_for(
        &self,
        what: &str,
        limit: Duration,
        is_shown: impl Fn(&vt100::Screen) -> bool,
    ) -> Result<(), Failure> {
        let until = clock::now() + limit;
        let mut seen = self.seen.lock();
        while !is_shown(seen.parser.screen()) {
            let left = until.saturating_duration_since(clock::now());
            if seen.has_ended || left.is_zero() {
                let screen = seen.parser.screen().contents();
                return Err(Failure::new(format!("{} does not show {what}; it shows:\n{screen}", self.name)));
            }
            seen = self.seen.0.1.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// Presses keys.
    ///
    /// # Errors
    /// When the program has gone.
    pub fn press(&self, keys: &str) -> Result<(), Failure> {
        Ok(File::from(self.master.try_clone()?).write_all(keys.as_bytes())?)
    }

    /// Everything that it has written so far, as the terminal gets it.
    #[must_use]
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().bytes).into_owned()
    }

    /// Makes the terminal larger or smaller.
    ///
    /// # Errors
    /// Never in practice.
    pub fn resize(&self, size: Size) -> Result<(), Failure> {
        let (rows, columns) = size.of_screen();
        self.seen.lock().parser.screen_mut().set_size(rows, columns);
        Ok(tcsetwinsize(&self.master, size.of_kernel())?)
    }

    /// The program's process id.
    ///
    /// # Errors
    /// Never in practice.
    pub fn pid(&self) -> Result<rustix::process::Pid, Failure> {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        pid.ok_or_else(|| Failure::new(format!("{} has no process id", self.name)))
    }

    /// Waits for the program's end; what it has said after it has given the screen back, or all if it never took it.
    ///
    /// # Errors
    /// When it still runs after `limit`, or leaves the terminal in another state than it was in: the other screen, no cursor, raw.
    pub fn wait(&mut self, limit: Duration) -> Result<(ExitStatus, String), Failure> {
        let until = clock::now() + limit;
        let mut seen = self.seen.lock();
        while !seen.has_ended {
            let left = until.saturating_duration_since(clock::now());
            if left.is_zero() {
                let screen = seen.parser.screen().contents();
                return Err(Failure::new(format!("{} still ran after {limit:?}; it shows:\n{screen}", self.name)));
            }
            seen = self.seen.0.1.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let status = self.child.wait()?;
        let screen = seen.parser.screen();
        let is_raw = |settings: &Termios| !settings.local_modes.contains(LocalModes::ICANON | LocalModes::ECHO);
        let after = tcgetattr(&self.master)?;
        for (is_left, what) in [
            (screen.alternate_screen(), "the other screen"),
            (screen.hide_cursor(), "no cursor"),
            (is_raw(&after) && !is_raw(&self.before), "a raw terminal"),
        ] {
            if is_left {
                return Err(Failure::new(format!("{} leaves {what} behind", self.name)));
            }
        }
        let given_back = b"\x1b[?1049l";
        let said = seen.bytes.windows(given_back.len()).rposition(|window| window == given_back);
        let rest = said.map_or(0, |at| at + given_back.len());
        Ok((status, String::from_utf8_lossy(&seen.bytes[rest..]).replace('\r', "")))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::PROMPTLY;

    const SIZE: Size = Size { rows: 10, columns: 40 };

    fn shell(script: &str) -> Terminal {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Terminal::start("sh", &command, SIZE).unwrap()
    }

    #[test]
    fn keys_signals_and_sizes_reach_the_program() {
        let mut terminal =
            shell("trap 'echo interrupted; exit 3' INT; stty size; while read -r x; do echo got $x; stty size; done");
        terminal.wait_for("its size", PROMPTLY, |screen| screen.contents().contains("10 40")).unwrap();
        terminal.resize(Size { rows: 12, columns: 50 }).unwrap();
        terminal.press("word\n").unwrap();
        let is_new = |screen: &vt100::Screen| screen.contents().contains("got word\n12 50");
        terminal.wait_for("the new size", PROMPTLY, is_new).unwrap();
        terminal.press("\x03").unwrap();
        let (status, said) = terminal.wait(PROMPTLY).unwrap();
        assert_eq!(status.code(), Some(3));
        assert!(said.contains("interrupted"), "{said}");
    }

    #[test]
    fn a_terminal_that_is_left_otherwise_is_told() {
        for (script, what) in [
            ("printf '\\033[?1049h'", "the other screen"),
            ("printf '\\033[?25l'", "no cursor"),
            ("stty raw -echo", "a raw terminal"),
        ] {
            let failure = shell(script).wait(PROMPTLY).unwrap_err();
            assert_eq!(failure.to_string(), format!("sh leaves {what} behind"));
        }
        let failure = shell("echo other").wait_for("this", PROMPTLY, |_| false).unwrap_err();
        assert!(failure.to_string().contains("sh does not show this; it shows:\nother"), "{failure}");
    }
}
