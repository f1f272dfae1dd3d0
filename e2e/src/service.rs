//! Services as an operator has them: started, found by their pidfile, asked through their control socket, looked at in
//! `/proc`, and ended from outside.
//!
//! A detached service is nobody's child, so this program makes itself the parent of whatever is left alone
//! ([`adopt_orphans`]): what a scenario forgets is ended with the scenario ([`end_orphans`]).

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use reactor::clock::{self, Duration};
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, wait, waitpid};

use crate::context::{Context, Finished};
use crate::failure::{Failure, Verdict};
use crate::process::PROMPTLY;

/// Between two looks at something that tells nobody when it changes.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

impl Context {
    /// The run directory of everything that this scenario starts.
    #[must_use]
    pub fn run_directory(&self) -> PathBuf {
        self.scratch().path().join("run")
    }

    /// `daemon_demo ARGUMENTS`, the service with the commands of Open vSwitch's own tests.
    #[must_use]
    pub fn demo(&self, arguments: &[&str]) -> Command {
        let own = std::env::current_exe().unwrap_or_default();
        let mut command = self.program(&own.with_file_name("daemon_demo"));
        command.args(arguments);
        command
    }

    /// Runs `daemon_demo ARGUMENTS` to its end, which is at readiness with `--detach`.
    ///
    /// # Errors
    /// When it cannot be executed or does not end.
    pub fn run_demo(&self, arguments: &[&str]) -> Result<Finished, Failure> {
        self.finish("daemon_demo", self.demo(arguments), PROMPTLY)
    }

    /// Runs `daemon_demo --detach --pidfile ARGUMENTS`, which has to succeed, and tells the service's process.
    ///
    /// # Errors
    /// When it does not start.
    pub fn detached_demo(&self, arguments: &[&str]) -> Result<Pid, Failure> {
        let finished = self.run_demo(&[&["--detach", "--pidfile"], arguments].concat())?;
        if finished.status != Some(0) {
            return Err(Failure::new(format!(
                "daemon_demo {arguments:?}: status {:?}: {}",
                finished.status, finished.error
            )));
        }
        self.process_of("demo")
    }

    /// Runs `ovs-appctl ARGUMENTS`, which looks into the run directory.
    ///
    /// # Errors
    /// When it cannot be executed or does not end.
    pub fn appctl(&self, arguments: &[&str]) -> Result<Finished, Failure> {
        let mut command = Command::new("ovs-appctl");
        command.args(arguments).env("OVS_RUNDIR", self.run_directory());
        self.finish("ovs-appctl", command, PROMPTLY)
    }

    /// What `ovs-appctl -t TARGET WORDS` prints; it has to succeed.
    ///
    /// # Errors
    /// When it does not.
    pub fn ask(&self, target: &str, words: &[&str]) -> Result<String, Failure> {
        succeeded("ovs-appctl", words, self.appctl(&[&["-t", target], words].concat())?)
    }

    /// What `tidegate ctl -t TARGET WORDS` prints; it has to succeed.
    ///
    /// # Errors
    /// When it does not.
    pub fn ctl(&self, target: &str, words: &[&str]) -> Result<String, Failure> {
        succeeded("tidegate ctl", words, self.run(&[&["ctl", "-t", target], words].concat())?)
    }

    /// The process that the pidfile of service `name` tells.
    ///
    /// # Errors
    /// When there is no such file, or no number in it.
    pub fn process_of(&self, name: &str) -> Result<Pid, Failure> {
        let path = self.run_directory().join(format!("{name}.pid"));
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::from(error).during(path.display()))?;
        let number = text.trim().parse().ok().and_then(Pid::from_raw);
        number.ok_or_else(|| Failure::new(format!("{} says {text:?}", path.display())))
    }

    /// Waits until service `name` has another process than `old`, and the new one answers its control socket.
    ///
    /// # Errors
    /// When that takes long.
    pub fn another_process_of(&self, name: &str, old: Pid) -> Result<Pid, Failure> {
        eventually(format_args!("another process of {name} than {old}"), || {
            let new = self.process_of(name).ok().filter(|&new| new != old && is_alive(new));
            let socket = new.map(|new| self.run_directory().join(format!("{name}.{new}.ctl")));
            let answers = socket.is_some_and(|socket| std::os::unix::net::UnixStream::connect(socket).is_ok());
            Ok(new.filter(|_| answers))
        })
    }

    /// The names in the run directory, sorted.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn run_directory_entries(&self) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.run_directory())? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// Waits until nothing is left in the run directory.
    ///
    /// # Errors
    /// When something stays.
    pub fn nothing_is_left(&self) -> Verdict {
        let gone = eventually("an empty run directory", || Ok(self.run_directory_entries()?.is_empty().then_some(())));
        gone.map_err(|failure| match self.run_directory_entries() {
            Ok(names) => failure.during(format_args!("still there: {names:?}")),
            Err(error) => error,
        })
    }
}

fn succeeded(program: &str, words: &[&str], finished: Finished) -> Result<String, Failure> {
    if finished.status == Some(0) {
        return Ok(finished.output);
    }
    Err(Failure::new(format!("{program} {words:?}: status {:?}: {}", finished.status, finished.error)))
}

/// Looks again and again until there is something to return. For what tells nobody when it changes: files and processes of
/// others.
///
/// # Errors
/// When there is nothing within [`PROMPTLY`], or looking fails.
pub fn eventually<T>(
    what: impl std::fmt::Display,
    mut look: impl FnMut() -> Result<Option<T>, Failure>,
) -> Result<T, Failure> {
    let until = clock::now() + PROMPTLY;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if clock::now() > until {
            return Err(Failure::new(format!("not within {PROMPTLY:?}: {what}")));
        }
        std::thread::park_timeout(LOOK_AGAIN);
    }
}

/// State letter and parent of a process.
fn stat(process: Pid) -> Option<(char, i32)> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before may contain anything.
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Whether a process runs, or is stopped. One that has ended and that nobody has waited for does not; but while one of its
/// threads is left, its files and locks are as well.
#[must_use]
pub fn is_alive(process: Pid) -> bool {
    let threads = || std::fs::read_dir(format!("/proc/{process}/task")).map_or(0, Iterator::count);
    stat(process).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X') || threads() > 1)
}

/// The parent of a process.
///
/// # Errors
/// When there is no such process.
pub fn parent_of(process: Pid) -> Result<Pid, Failure> {
    let parent = stat(process).and_then(|(_, parent)| Pid::from_raw(parent));
    parent.ok_or_else(|| Failure::new(format!("there is no process {process}")))
}

/// What the kernel calls a process, as `ps -o comm` prints it.
///
/// # Errors
/// When there is no such process.
pub fn command_name_of(process: Pid) -> Result<String, Failure> {
    Ok(std::fs::read_to_string(format!("/proc/{process}/comm"))?.trim_end().to_owned())
}

/// The command line of a process, which a supervisor uses as its title.
///
/// # Errors
/// When there is no such process.
pub fn title_of(process: Pid) -> Result<String, Failure> {
    let bytes = std::fs::read(format!("/proc/{process}/cmdline"))?;
    Ok(String::from_utf8_lossy(&bytes).replace('\0', " ").trim_end().to_owned())
}

/// Sends a signal.
///
/// # Errors
/// When there is no such process.
pub fn send(process: Pid, signal: Signal) -> Verdict {
    kill_process(process, signal).map_err(|error| Failure::from(error).during(format_args!("{signal:?} to {process}")))
}

/// Waits until a process has ended.
///
/// # Errors
/// When that takes long.
pub fn gone(process: Pid) -> Verdict {
    eventually(format_args!("the end of process {process}"), || Ok((!is_alive(process)).then_some(())))
}

/// Makes this program the parent of processes whose own has ended.
///
/// # Errors
/// When the kernel does not do that.
pub fn adopt_orphans() -> Verdict {
    rustix::process::set_child_subreaper(Some(getpid()))?;
    ADOPTS_ORPHANS.store(true, Ordering::Relaxed);
    Ok(())
}

/// Whether this program runs one scenario at a time and every child of it belongs to that one. The unit tests of this crate do
/// not: they run beside each other.
static ADOPTS_ORPHANS: AtomicBool = AtomicBool::new(false);

/// Waits for the end of an orphan, and tells it: the status as `wait` has it.
///
/// # Errors
/// When it is no orphan of this program.
pub fn status_of_orphan(process: Pid) -> Result<std::process::ExitStatus, Failure> {
    let adopted =
        eventually(format_args!("the end of orphan {process}"), || Ok(waitpid(Some(process), WaitOptions::NOHANG)?));
    let (_, status) = adopted?;
    Ok(std::os::unix::process::ExitStatusExt::from_raw(status.as_raw()))
}

/// Ends everything that a scenario has left behind, in a program that [adopts](adopt_orphans) it. To be called when all its
/// programs have been waited for.
pub fn end_orphans() {
    if !ADOPTS_ORPHANS.load(Ordering::Relaxed) {
        return;
    }
    let own = getpid();
    loop {
        let Ok(entries) = std::fs::read_dir("/proc") else { return };
        let processes = entries.filter_map(|entry| Pid::from_raw(entry.ok()?.file_name().to_str()?.parse().ok()?));
        let children: Vec<Pid> = processes
            .filter(|&process| stat(process).is_some_and(|(_, parent)| Pid::from_raw(parent) == Some(own)))
            .collect();
        if children.is_empty() {
            return;
        }
        for child in children {
            // It may end by itself meanwhile; its own children come to us then.
            let _ = kill_process(child, Signal::KILL);
        }
        let _ = wait(WaitOptions::empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_seen_with_its_parent_and_its_end() {
        let own = getpid();
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let id = Pid::from_child(&child);
        assert!(is_alive(id));
        assert_eq!(parent_of(id).unwrap(), own);
        // The kernel lets the parent go on a moment before the new program's arguments can be seen.
        let seen = || Ok((title_of(id)? == "sleep 1000" && command_name_of(id)? == "sleep").then_some(()));
        let has_title = eventually("its title", seen);
        send(id, Signal::KILL).unwrap();
        gone(id).unwrap();
        child.wait().unwrap();
        has_title.unwrap();
        assert!(parent_of(id).is_err());
    }
}
