//! The library side: what the child process does from its first message to its end.
//!
//! ```text
//!  receive (settings, link, sockets) ─► confine ─► run: library, program, fronts ─► the link ends, or SIGTERM
//! ```
//! It lives for its stream side and ends with it. Its exit status is 0 when it was asked to end.

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use control::log::Logging;
use daemon::channel::{Channel, Received};
use daemon::sandbox::{Layers, RADIO_LIBRARY, Rules, SandboxError};
use radio_library::{Library, LibraryError};
use radio_stream::link::{Event, LibraryEnd, LinkError, Request, Status};
use rustix::event::{PollFd, PollFlags, poll};
use signal_hook::consts::{SIGHUP, SIGTERM};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};

use crate::context::{Context, ContextParts};
use crate::control_front::ControlFront;
use crate::importer::Importer;
use crate::limits::{COMMAND_THREADS_MAXIMUM, LAST_WORDS_TIMEOUT};
use crate::listeners::Listeners;
use crate::program::Program;
use crate::settings::{Front, Greeting, LibrarySettings};
use crate::ssh::host_key::{self, HostKeyError};
use crate::station::{Station, wall_ms};
use crate::users::Users;

/// Threads of the runtime: fronts wait more than they work.
const RUNTIME_THREADS: usize = 2;

/// Why there is no library side.
#[derive(Debug, Error)]
pub enum LibrarySideError {
    /// It was not started by a stream side.
    #[error("this is for `tidegate radio serve` to start, not for people")]
    NoStreamSide,
    /// Its first message cannot be understood. Our own fault.
    #[error("cannot understand the stream side")]
    Greeting(#[source] serde_json::Error),
    /// The sandbox.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The library.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The host key.
    #[error(transparent)]
    HostKey(#[from] HostKeyError),
    /// The link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The kernel has no threads or descriptors left.
    #[error("cannot start")]
    Start(#[from] io::Error),
}

/// A library side that knows what it is to do.
#[derive(Debug)]
pub struct LibrarySide {
    settings: LibrarySettings,
    link: UnixStream,
    sockets: Vec<(Front, TcpListener)>,
    /// Open for as long as the stream side lives, which tells of new settings through it.
    channel: Channel,
}

/// What ends it or changes what it does.
enum Happening {
    Signal(i32),
    LinkEnded(LinkError),
    Reload,
    Settings(Box<LibrarySettings>),
}

impl LibrarySide {
    /// Takes what the stream side has sent to standard input.
    ///
    /// # Errors
    /// When there is no stream side.
    pub fn receive(standard_input: OwnedFd) -> Result<Self, LibrarySideError> {
        let channel = Channel::from_descriptor(standard_input);
        let _ = poll(&mut [PollFd::new(&channel, PollFlags::IN)], None);
        let Ok(Received::Message(bytes, descriptors)) = channel.receive() else {
            return Err(LibrarySideError::NoStreamSide);
        };
        let greeting: Greeting = serde_json::from_slice(&bytes).map_err(LibrarySideError::Greeting)?;
        let mut descriptors = descriptors.into_iter();
        let link = descriptors.next().map(UnixStream::from).ok_or(LibrarySideError::NoStreamSide)?;
        let sockets = greeting.fronts.into_iter().zip(descriptors.map(TcpListener::from)).collect();
        Ok(Self { settings: greeting.settings, link, sockets, channel })
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &LibrarySettings {
        &self.settings
    }

    /// Gives up what it does not need. To be called before there is a second thread.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn confine(&self) -> Result<(), LibrarySideError> {
        let mut rules = Rules::new(&RADIO_LIBRARY);
        rules.read.extend(self.settings.directories.iter().chain(&self.settings.read).cloned());
        rules.write.push(self.settings.state.clone());
        rules.write.extend(self.settings.log_directory.clone());
        let layers = Layers::without(&self.settings.sandbox_off.join(",")).unwrap_or_else(|_| Layers::all());
        daemon::sandbox::apply(&rules, &layers)?;
        Ok(())
    }

    /// Works until the stream side ends or asks for the end.
    ///
    /// # Errors
    /// When something cannot be opened.
    pub fn run(self, logging: Logging) -> Result<(), LibrarySideError> {
        let library = Arc::new(Library::open(&self.settings.state)?);
        let key = host_key::load_or_make(&self.settings.state)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(RUNTIME_THREADS)
            .max_blocking_threads(COMMAND_THREADS_MAXIMUM)
            .thread_name("fronts")
            .enable_all()
            .build()?;
        let (happenings, mut happened) = mpsc::unbounded_channel();
        let (status_sender, status) = watch::channel(None);
        let (users_sender, users) = watch::channel(Arc::default());
        load_users(self.settings.users.as_ref(), &users_sender);
        let dispatch = Dispatch::new(status_sender, happenings.clone());
        let (front, programme) = (Arc::clone(&dispatch.front), Arc::clone(&dispatch.program));
        let link = LibraryEnd::start(self.link, move |event| dispatch.happened(event))?;
        let seed = self.settings.seed.unwrap_or_else(wall_ms);
        let program = Program::start(Arc::clone(&library), link.clone(), seed, self.settings.initial_mode.as_deref())?;
        let _ = programme.set(Arc::clone(&program));
        let import = Importer::new(Arc::clone(&library));
        let context = Arc::new(Context::new(ContextParts {
            library,
            program,
            station: Station::new(link.clone(), status),
            import: import.clone(),
            logging: logging.clone(),
            directories: self.settings.directories.clone(),
            users,
        }));
        let _ = front.set(ControlFront::new(Arc::clone(&context), link.clone(), runtime.handle().clone()));
        let (access, mpd_access) = watch::channel(self.settings.mpd_access.clone());
        watch_signals(happenings.clone())?;
        hear_settings(self.channel, happenings)?;
        link.request(Request::Subscribe, |_| {});
        let entered = runtime.enter();
        let (ssh, mpd) = listeners(self.sockets)?;
        let (end, ended) = oneshot::channel();
        let ssh = runtime.spawn(crate::ssh::serve(ssh, key, Arc::clone(&context), ended));
        runtime.spawn(crate::mpd::serve(mpd, Arc::clone(&context), mpd_access));
        drop(entered);
        import.start(self.settings.directories.clone(), self.settings.watch)?;
        tracing::info!("library side ready");
        let renewable = Renewable { logging, users_path: self.settings.users, users: users_sender, access };
        renewable.attend(&mut happened);
        drop(end);
        // Its end, like the limit, is all that there is to know.
        let _ = runtime.block_on(async { tokio::time::timeout(LAST_WORDS_TIMEOUT, ssh).await });
        link.close();
        // A command that runs on, and that nobody hears any more, does not keep the process.
        runtime.shutdown_background();
        Ok(())
    }
}

/// Those of ssh and those of MPD. To be called within the runtime.
fn listeners(sockets: Vec<(Front, TcpListener)>) -> io::Result<(Listeners, Listeners)> {
    let (mut ssh, mut mpd) = (Vec::new(), Vec::new());
    for (front, socket) in sockets {
        socket.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(socket)?;
        match front {
            Front::Ssh => ssh.push(listener),
            Front::Mpd => mpd.push(listener),
        }
    }
    Ok((ssh.into(), mpd.into()))
}

/// What can be read again, or set otherwise, while it works.
struct Renewable {
    logging: Logging,
    users_path: Option<PathBuf>,
    users: watch::Sender<Arc<Users>>,
    access: watch::Sender<crate::mpd::Access>,
}

impl Renewable {
    /// Does what is asked, until it is the end.
    fn attend(mut self, happened: &mut mpsc::UnboundedReceiver<Happening>) {
        while let Some(happening) = happened.blocking_recv() {
            match happening {
                Happening::Signal(SIGHUP) | Happening::Reload => self.reload(),
                Happening::Settings(settings) => self.change(*settings),
                Happening::Signal(_) => return,
                Happening::LinkEnded(error) => {
                    tracing::debug!(%error, "the stream side is gone; ending as well");
                    return;
                }
            }
        }
    }

    fn reload(&self) {
        if let Err(error) = self.logging.reopen()
            && !matches!(error, control::log::ReopenError::NotConfigured)
        {
            tracing::error!(%error, "the log file stays the old one");
        }
        load_users(self.users_path.as_ref(), &self.users);
    }

    fn change(&mut self, settings: LibrarySettings) {
        let LibrarySettings { users, mpd_access, .. } = settings;
        if std::mem::replace(&mut self.users_path, users) != self.users_path {
            load_users(self.users_path.as_ref(), &self.users);
        }
        self.access.send_if_modified(|access| std::mem::replace(access, mpd_access) != *access);
    }
}

/// Reads the users anew. When the file is wrong, the users stay who they were.
fn load_users(path: Option<&PathBuf>, users: &watch::Sender<Arc<Users>>) {
    let Some(path) = path else { return };
    match Users::read(path) {
        Ok(read) => {
            tracing::info!(path = %path.display(), keys = read.entries().len(), "users read");
            users.send_replace(Arc::new(read));
        }
        Err(error) => tracing::error!("{error}; the users stay who they were"),
    }
}

fn watch_signals(happenings: mpsc::UnboundedSender<Happening>) -> io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGTERM])?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if happenings.send(Happening::Signal(signal)).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}

/// Hears what the stream side has to say after its first message: other settings.
fn hear_settings(channel: Channel, happenings: mpsc::UnboundedSender<Happening>) -> io::Result<()> {
    let hear = move || {
        loop {
            let _ = poll(&mut [PollFd::new(&channel, PollFlags::IN)], None);
            match channel.receive() {
                Ok(Received::Message(bytes, _)) => match serde_json::from_slice(&bytes) {
                    Ok(settings) => drop(happenings.send(Happening::Settings(settings))),
                    Err(error) => tracing::error!(%error, "cannot understand the new settings of the stream side"),
                },
                Ok(Received::Nothing) => {}
                // The end of the link says so as well.
                Ok(Received::Closed) | Err(_) => return,
            }
        }
    };
    std::thread::Builder::new().name("settings".to_owned()).spawn(hear).map(drop)
}

/// Where the link's events go. Called on the link's thread, which must not wait.
struct Dispatch {
    status: watch::Sender<Option<Arc<Status>>>,
    happenings: mpsc::UnboundedSender<Happening>,
    /// Put there once they are; they need the link, which needs this.
    front: Arc<OnceLock<ControlFront>>,
    program: Arc<OnceLock<Arc<Program>>>,
}

impl Dispatch {
    fn new(status: watch::Sender<Option<Arc<Status>>>, happenings: mpsc::UnboundedSender<Happening>) -> Self {
        Self { status, happenings, front: Arc::default(), program: Arc::default() }
    }

    fn happened(&self, event: Result<Event, LinkError>) {
        match event {
            Ok(Event::Status { status }) => drop(self.status.send_replace(Some(Arc::new(*status)))),
            // Events come after the subscription, which comes after all that hears them.
            Ok(Event::Command { call, arguments }) => {
                self.front.wait().begin(call, arguments);
            }
            Ok(Event::CommandCancelled { call }) => self.front.wait().cancel(call),
            Ok(Event::Reload) => drop(self.happenings.send(Happening::Reload)),
            Ok(event) => self.program.wait().happened(event),
            Err(error) => drop(self.happenings.send(Happening::LinkEnded(error))),
        }
    }
}
