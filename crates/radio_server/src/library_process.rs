//! The stream side's part in the library side: starts it as a child, starts it again when it ends, and never waits for it.
//!
//! The child is this very program. Its standard input is a channel on which it is told its settings, the link and the listening
//! sockets; the sockets stay open here, so that no client is refused while it is started again. Of two ends in a row the second is
//! waited for a second, and twice as long with each further one, up to a minute; a minute of health forgets them.
//!
//! Cost: a thread that sleeps until the child ends.

use std::ffi::OsString;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use daemon::channel::Channel;
use daemon::process_end::ProcessEnd;
use reactor::clock::{self, Duration, Instant};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::settings::{Front, Greeting, LibrarySettings};

/// The pause before the second start in a row.
const THROTTLE: Duration = Duration::from_secs(1);

/// The longest pause.
const THROTTLE_MAXIMUM: Duration = Duration::from_secs(60);

/// Health after which an end counts as the first again.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);

/// How long it may take to end when asked.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// What it takes to start a library side.
pub struct LibraryProcessOptions {
    /// What it is told.
    pub settings: LibrarySettings,
    /// The arguments after this program's name that make it a library side.
    pub arguments: Vec<OsString>,
    /// Where its fronts listen.
    pub sockets: Vec<(Front, TcpListener)>,
    /// Takes the stream side's end of the link, each time that a process is started.
    pub attach: Attach,
}

/// Takes an end of a link.
pub type Attach = Box<dyn Fn(UnixStream) -> io::Result<()> + Send>;

/// The library side's process, watched. Dropping it ends the process.
pub struct LibraryProcess {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    /// What the next process is told.
    settings: Mutex<LibrarySettings>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    process: Option<Pid>,
    /// To the process. Its end would tell it that the stream side is gone.
    channel: Option<Channel>,
    starts: u64,
    last_end: Option<String>,
    stopping: bool,
}

/// What is known about the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryProcessView {
    /// Its process id; none between two.
    pub process: Option<i32>,
    /// How often it was started again.
    pub restarts: u64,
    /// How the last one ended.
    pub last_end: Option<String>,
}

impl LibraryProcess {
    /// Starts the thread that starts the process.
    ///
    /// # Errors
    /// When the kernel has no thread left.
    pub fn start(options: LibraryProcessOptions) -> io::Result<Self> {
        let LibraryProcessOptions { settings, arguments, sockets, attach } = options;
        let shared =
            Arc::new(Shared { settings: Mutex::new(settings), state: Mutex::default(), changed: Condvar::new() });
        let watcher = Watcher { arguments, sockets, attach, shared: Arc::clone(&shared) };
        let thread = std::thread::Builder::new().name("library watcher".to_owned()).spawn(move || watcher.run())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Something that can be asked about the process from any thread, also after its end.
    #[must_use]
    pub fn viewer(&self) -> LibraryProcessViewer {
        LibraryProcessViewer(Arc::clone(&self.shared))
    }

    /// It works by other settings from now on, and so does each that is started after it.
    pub fn change(&self, change: impl FnOnce(&mut LibrarySettings)) {
        // The state is held all the while, so that a process that is just being started misses nothing.
        let state = self.shared.lock();
        let mut settings = self.shared.settings.lock().unwrap_or_else(PoisonError::into_inner);
        let before = settings.clone();
        change(&mut settings);
        let Some(channel) = state.channel.as_ref().filter(|_| *settings != before) else { return };
        let sent = serde_json::to_vec(&*settings).map_err(io::Error::from).and_then(|words| Ok(channel.send(&words)?));
        if let Err(error) = sent {
            tracing::error!(%error, "the library side is not told of its new settings");
        }
    }

    /// Its end is no trouble from now on: it is not started again. For when the link to it is about to end.
    pub fn expect_end(&self) {
        self.shared.lock().stopping = true;
        self.shared.changed.notify_all();
    }

    /// Ends it.
    pub fn stop(mut self) {
        self.end();
    }

    fn signal(&self, signal: Signal) {
        // While it is not waited for, the id is its own.
        if let Some(process) = self.shared.lock().process {
            let _ = kill_process(process, signal);
        }
    }

    fn end(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.expect_end();
        self.signal(Signal::TERM);
        if !self.wait_for_end(clock::now() + STOP_TIMEOUT) {
            tracing::warn!("the library side does not end; killing it");
            self.signal(Signal::KILL);
        }
        let _ = thread.join();
    }
}

impl LibraryProcess {
    /// Waits until there is no process, or until then; whether there is none.
    fn wait_for_end(&self, until: Instant) -> bool {
        let mut state = self.shared.lock();
        while state.process.is_some() {
            let left = until.saturating_duration_since(clock::now());
            if left.is_zero() {
                return false;
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Drop for LibraryProcess {
    fn drop(&mut self) {
        self.end();
    }
}

/// See [`LibraryProcess::viewer`].
#[derive(Clone)]
pub struct LibraryProcessViewer(Arc<Shared>);

impl LibraryProcessViewer {
    /// What is known at the moment.
    #[must_use]
    pub fn view(&self) -> LibraryProcessView {
        let state = self.0.lock();
        LibraryProcessView {
            process: state.process.map(|process| process.as_raw_nonzero().get()),
            restarts: state.starts.saturating_sub(1),
            last_end: state.last_end.clone(),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Watcher {
    arguments: Vec<OsString>,
    sockets: Vec<(Front, TcpListener)>,
    attach: Attach,
    shared: Arc<Shared>,
}

impl Watcher {
    fn run(self) {
        let mut throttle = Throttle::default();
        while !self.shared.lock().stopping {
            let started = clock::now();
            match self.start() {
                Ok(child) => self.attend(child),
                Err(error) => tracing::error!(%error, "cannot start the library side"),
            }
            let pause = throttle.pause(clock::now().saturating_duration_since(started));
            self.rest(clock::now() + pause);
        }
    }

    fn start(&self) -> io::Result<Child> {
        let mut state = self.shared.lock();
        if state.stopping {
            return Err(io::Error::other("the service ends"));
        }
        let (near, far) = UnixStream::pair()?;
        let (channel, theirs) = Channel::pair()?;
        let greeting = Greeting {
            settings: self.shared.settings.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            fronts: self.sockets.iter().map(|(front, _)| *front).collect(),
        };
        let mut descriptors: Vec<BorrowedFd<'_>> = vec![far.as_fd()];
        descriptors.extend(self.sockets.iter().map(|(_, socket)| socket.as_fd()));
        channel.send_with_descriptors(&serde_json::to_vec(&greeting)?, &descriptors)?;
        let theirs: OwnedFd = theirs.as_fd().try_clone_to_owned()?;
        let mut command = Command::new("/proc/self/exe");
        command.arg0(std::env::args_os().next().unwrap_or_else(|| "tidegate".into()));
        // In a group of its own, what a terminal sends to its foreground reaches the stream side only, which passes it on.
        command.args(&self.arguments).stdin(Stdio::from(theirs)).process_group(0);
        (self.attach)(near)?;
        let child = command.spawn()?;
        state.process = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        state.channel = Some(channel);
        state.starts += 1;
        Ok(child)
    }

    /// Waits for its end.
    fn attend(&self, mut child: Child) {
        let process = self.shared.lock().process;
        // Not reaped yet, its process id cannot become another's while somebody may signal it.
        while let Some(Err(Errno::INTR)) =
            process.map(|process| waitid(WaitId::Pid(process), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT))
        {}
        let mut state = self.shared.lock();
        (state.process, state.channel) = (None, None);
        let end = child.wait().ok().and_then(ProcessEnd::from_wait_status);
        // As process 1 of a container, the service's main thread may have waited for it.
        let end = end.map_or_else(|| "an end that was not seen".to_owned(), |end| end.to_string());
        if !state.stopping {
            tracing::error!("the library side has ended ({end}); the stream goes on, and it is started again");
        }
        state.last_end = Some(end);
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Sleeps until then, or until the service ends.
    fn rest(&self, until: Instant) {
        let mut state = self.shared.lock();
        while !state.stopping {
            let left = until.saturating_duration_since(clock::now());
            if left.is_zero() {
                return;
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// How long to wait before the next start.
#[derive(Debug, Default)]
struct Throttle {
    /// Ends in a row.
    ends: u32,
}

impl Throttle {
    fn pause(&mut self, lived: Duration) -> Duration {
        if lived >= HEALTHY_AFTER {
            self.ends = 0;
        }
        self.ends += 1;
        match self.ends {
            1 => Duration::ZERO,
            ends => THROTTLE.saturating_mul(1 << (ends - 2).min(6)).min(THROTTLE_MAXIMUM),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_end_is_not_waited_for_and_health_forgets() {
        let mut throttle = Throttle::default();
        let seconds = |throttle: &mut Throttle, lived| throttle.pause(Duration::from_secs(lived)).as_secs();
        let pauses: Vec<u64> = (0..9).map(|_| seconds(&mut throttle, 0)).collect();
        assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(seconds(&mut throttle, 60), 0);
        assert_eq!(seconds(&mut throttle, 59), 1);
    }
}
