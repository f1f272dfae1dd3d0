//! A radio as a service: what the daemon foundation needs to detach, supervise, control and confine it.
//!
//! This process is the stream side; the library side is its child, see [`library_process`](crate::library_process). Order of life: the
//! directories and users are looked at and the sockets bound, the process is confined, then the station and its senders start, and
//! at last the library side, for which nothing waits: the service is ready without it. What of it can be changed from then on is in
//! [`renewal`].

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use control::log::{Logging, ReopenError};
use control::{Command, Inspect, Node};
use daemon::run_directory::RunDirectory;
use daemon::sandbox::{Layer, Layers, RADIO, Rules};
use daemon::service::{Inheritance, Opened, Renewal, Running, Service};
use daemon::{Failure, ListenAddress, ListeningSocket};
use radio_media::synthesis;
use radio_stream::senders::access::AccessList;
use radio_stream::senders::http::{self, Description, HttpSettings};
use radio_stream::senders::udp::{Multicast, Target, UdpSettings, WrittenTarget};
use radio_stream::senders::{SenderSettings, StartError};
use radio_stream::station::StationSettings;
use radio_stream::stream_side::{ServiceCommands, StreamSettings, StreamSide};
use reactor::clock::Duration;
use rustix::process::{Signal, getpid, kill_process};

use crate::control_calls;
use crate::library_process::{LibraryProcess, LibraryProcessOptions, LibraryProcessViewer};
use crate::mpd;
use crate::renewal::{self, ReadAgain, Resolved};
use crate::settings::{Front, LibrarySettings};
use crate::state_directory::StateDirectory;
use crate::users::Users;

/// What stands for a directory of music that is made by the service itself.
pub const SYNTHESIS: &str = "synthesis:";

/// What connections to the http sender want.
const HTTP_KIND: &str = "http";

/// What is asked of a radio.
#[derive(Debug, Clone, PartialEq)]
pub struct RadioSettings {
    /// The service's name.
    pub name: String,
    /// Directories of music; [`SYNTHESIS`] is a few seconds that are made when it starts.
    pub libraries: Vec<PathBuf>,
    /// Where database and host key are kept; none: nowhere, for as long as it runs.
    pub state: Option<PathBuf>,
    /// Where the http sender listens.
    pub http: Vec<SocketAddr>,
    /// Where MPD's protocol is spoken.
    pub mpd: Vec<SocketAddr>,
    /// What MPD's clients may do.
    pub mpd_access: mpd::Access,
    /// Where ssh is spoken.
    pub ssh: Vec<SocketAddr>,
    /// Who may log in over ssh.
    pub users: Option<PathBuf>,
    /// What is selected when nothing was selected before.
    pub initial_mode: Option<String>,
    /// Makes choices reproducible.
    pub seed: Option<u64>,
    /// Whether changes in the directories are noticed by themselves.
    pub watch: bool,
    /// Plays by itself so long after the start; none: when somebody says so.
    pub autoplay: Option<Duration>,
    /// How long before its first chunk a stream is announced to receivers.
    pub announce: Duration,
    /// What concerns the http sender.
    pub http_sender: HttpOptions,
    /// What concerns the udp sender.
    pub udp_sender: UdpOptions,
}

/// What concerns the http sender.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HttpOptions {
    /// Whether it waits to be switched on.
    pub off: bool,
    /// Who may listen.
    pub access: AccessList,
    /// Most listeners at a time.
    pub clients_max: Option<u32>,
    /// What listeners are told about the station.
    pub station_name: String,
}

/// What concerns the udp sender.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UdpOptions {
    /// Whether it waits to be switched on.
    pub off: bool,
    /// Where to, from the start on; names are looked up when the service opens.
    pub targets: Vec<WrittenTarget>,
    /// How multicast packets leave.
    pub multicast: Multicast,
    /// How often the header of a stream is sent again.
    pub header_interval: Option<Duration>,
}

/// A radio that has been asked for.
pub struct RadioService {
    settings: RadioSettings,
    inheritance: Option<Inheritance>,
    read_again: Option<ReadAgain>,
}

impl RadioService {
    /// A radio with these settings.
    #[must_use]
    pub fn new(settings: RadioSettings) -> Self {
        Self { settings, inheritance: None, read_again: None }
    }

    /// Takes another configuration while it runs, which is read like this.
    #[must_use]
    pub fn renewed_by(self, read_again: ReadAgain) -> Self {
        Self { read_again: Some(read_again), ..self }
    }
}

/// Binds an address of a radio.
///
/// # Errors
/// One line that says what was in the way and what to do.
pub fn bind(address: &ListenAddress) -> Result<TcpListener, Failure> {
    let ListenAddress { kind, address } = address;
    http::bind(*address).map_err(|error| {
        Failure::running(format_args!(
            "cannot listen on {address} ({error}); choose another address with --{kind}, or none"
        ))
    })
}

impl Service for RadioService {
    fn inherit(&mut self, inheritance: Inheritance) {
        self.inheritance = Some(inheritance);
    }

    fn addresses(&self) -> Vec<ListenAddress> {
        let RadioSettings { http, mpd, ssh, .. } = &self.settings;
        let kinds = [(HTTP_KIND, http), (Front::Mpd.name(), mpd), (Front::Ssh.name(), ssh)];
        let address = |kind: &str, address| ListenAddress { kind: kind.to_owned(), address };
        kinds.into_iter().flat_map(|(kind, all)| all.iter().map(move |each| address(kind, *each))).collect()
    }

    fn bind(&self, address: &ListenAddress) -> Result<TcpListener, Failure> {
        bind(address)
    }

    fn open(self: Box<Self>, sockets: Vec<ListeningSocket>) -> Result<Box<dyn Opened>, Failure> {
        let settings = self.settings;
        allow_many_descriptors();
        let users = settings.users.as_deref().map(Users::read).transpose().map_err(Failure::usage)?;
        let state = match &settings.state {
            Some(path) => {
                StateDirectory::lasting(path).map_err(|error| at(path, "cannot make the state directory", &error))
            }
            None => {
                let run = RunDirectory::of_this_user().map_err(Failure::running)?;
                StateDirectory::temporary(run.path(), &settings.name)
                    .map_err(|error| at(run.path(), "cannot make a directory for the state", &error))
            }
        }?;
        let resolve = |target: &WrittenTarget| Ok((target.clone(), resolve(target)?));
        let targets = settings.udp_sender.targets.iter().map(resolve).collect::<Result<_, Failure>>()?;
        let mut directories = Vec::new();
        for library in &settings.libraries {
            directories.push(directory(library, state.path())?);
        }
        let inheritance = self.inheritance;
        let sandbox = inheritance.as_ref().map_or_else(Layers::all, |inheritance| inheritance.sandbox.clone());
        let (log_arguments, logging) = match inheritance {
            Some(Inheritance { log_arguments, logging, .. }) => (log_arguments, Some(logging)),
            None => (Vec::new(), None),
        };
        // Whole directories: editors replace files.
        let users_files = settings.users.iter().chain(users.iter().flat_map(Users::key_files));
        let read: std::io::Result<BTreeSet<PathBuf>> =
            users_files.map(|path| std::path::absolute(parent(path))).collect();
        let read = read.map_err(Failure::running)?;
        let library = LibrarySettings {
            name: settings.name.clone(),
            directories,
            state: state.path().to_owned(),
            users: settings.users.as_deref().map(std::path::absolute).transpose().map_err(Failure::running)?,
            initial_mode: settings.initial_mode.clone(),
            seed: settings.seed,
            mpd_access: settings.mpd_access.clone(),
            watch: settings.watch,
            sandbox_off: Layer::all()
                .filter(|layer| !sandbox.wants(*layer))
                .map(|layer| layer.name().to_owned())
                .collect(),
            read: read.into_iter().collect(),
            log_directory: logging
                .as_ref()
                .and_then(Logging::file_path)
                .and_then(|path| path.parent().map(Path::to_owned)),
        };
        Ok(Box::new(OpenedRadio {
            read_again: self.read_again,
            users: users.as_ref().map(|users| users.entries().len()),
            settings,
            library,
            state,
            targets,
            log_arguments,
            logging,
            sockets,
        }))
    }
}

fn at(path: &Path, what: &str, error: &std::io::Error) -> Failure {
    Failure::running(format_args!("{}: {what} ({error})", path.display()))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A directory of music, made if it is to be.
fn directory(library: &Path, state: &Path) -> Result<PathBuf, Failure> {
    if library == Path::new(SYNTHESIS) {
        let path = state.join("music");
        synthesise(&path).map_err(|error| at(&path, "cannot make the music", &error))?;
        return Ok(path);
    }
    let refused = |problem: String| {
        Failure::usage(format_args!("{}: {problem}; --library takes a directory of music", library.display()))
    };
    let path = library.canonicalize().map_err(|error| refused(format!("no such directory ({error})")))?;
    if path.is_dir() { Ok(path) } else { Err(refused("not a directory".to_owned())) }
}

fn synthesise(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)?;
    for piece in synthesis::PIECES {
        std::fs::write(path.join(piece.file_stem).with_extension("flac"), piece.flac())?;
    }
    Ok(())
}

/// What it takes to execute this program again: itself, and its loader and libraries where it is not linked statically.
fn executed_files() -> BTreeSet<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let executed = maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|rights| rights.contains('x')));
    let paths = executed.filter_map(|line| Some(PathBuf::from(&line[line.find('/')?..])));
    paths.chain(std::env::current_exe()).filter(|path| path.exists()).collect()
}

/// Each listener is a descriptor. What this process may have at most is its owner's affair, and takes effect as far as it goes.
fn allow_many_descriptors() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}

/// A radio that has all it needs.
struct OpenedRadio {
    read_again: Option<ReadAgain>,
    settings: RadioSettings,
    library: LibrarySettings,
    state: StateDirectory,
    targets: Resolved,
    log_arguments: Vec<OsString>,
    logging: Option<Logging>,
    sockets: Vec<ListeningSocket>,
    /// How many keys may log in; none: there is no users file.
    users: Option<usize>,
}

impl Opened for OpenedRadio {
    /// What its library side needs as well, for that can have no more; and to execute this program.
    fn rules(&self) -> Rules {
        let mut rules = Rules::new(&RADIO);
        rules.read.extend(self.library.directories.iter().chain(&self.library.read).cloned());
        rules.write.push(self.state.path().to_owned());
        rules.execute.extend(executed_files());
        rules
    }

    fn start(self: Box<Self>) -> Result<Box<dyn Running>, Failure> {
        RunningRadio::start(*self).map(|radio| Box::new(radio) as Box<dyn Running>)
    }
}

/// The stream side, for all who need it while it runs.
#[derive(Clone)]
pub(crate) struct SharedStream(Arc<Mutex<Option<StreamSide>>>);

impl SharedStream {
    /// Does something with it, if it still runs.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut StreamSide) -> T) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(work)
    }

    fn put(&self, stream: StreamSide) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream);
    }

    fn take(&self) -> Option<StreamSide> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A radio at work.
struct RunningRadio {
    settings: RadioSettings,
    targets: Resolved,
    read_again: Option<ReadAgain>,
    stream: SharedStream,
    library: LibraryProcess,
    state: Arc<dyn Inspect>,
    announcement: Vec<String>,
    /// Removed, if it is temporary, when everything has ended.
    directory: StateDirectory,
}

impl RunningRadio {
    fn start(opened: OpenedRadio) -> Result<Self, Failure> {
        let OpenedRadio {
            read_again,
            settings,
            library,
            state: directory,
            targets,
            log_arguments,
            logging,
            sockets,
            users,
        } = opened;
        let announcement = announcement(&settings, &library, &sockets, users);
        let (mut http_sockets, mut fronts) = (Vec::new(), Vec::new());
        for ListeningSocket { kind, listener } in sockets {
            match Front::ALL.into_iter().find(|front| front.name() == kind) {
                Some(front) => fronts.push((front, listener)),
                None => http_sockets.push(listener),
            }
        }
        let stream = SharedStream(Arc::default());
        let reloading = stream.clone();
        let started = StreamSide::start(StreamSettings {
            station: station_settings(&settings),
            senders: SenderSettings {
                http: http_settings(&settings.http_sender, http_sockets),
                // Without targets it does nothing; they are added while it runs.
                udp: Some(udp_settings(&settings.udp_sender, &targets)),
            },
            service: ServiceCommands(Box::new(move |words| service_command(words, logging.as_ref(), &reloading))),
        })
        .map_err(|error| Failure::running(start_failure(&error)))?;
        let stream_state = started.state();
        stream.put(started);
        let attaching = stream.clone();
        let arguments = ["radio".into(), "library".into()].into_iter().chain(log_arguments).collect();
        let process = LibraryProcess::start(LibraryProcessOptions {
            settings: library,
            arguments,
            sockets: fronts,
            attach: Box::new(move |socket| {
                attaching.with(|stream| stream.attach(socket));
                Ok(())
            }),
        })
        .map_err(|error| Failure::running(format_args!("cannot start the library side ({error})")))?;
        let state = Arc::new(RadioState { stream: stream_state, library: process.viewer() });
        Ok(Self { settings, targets, read_again, stream, library: process, state, announcement, directory })
    }

    /// Works by other settings from now on, none of which takes a restart.
    fn change(&mut self, new: RadioSettings) {
        self.targets = renewal::resolved(&new.udp_sender, &self.targets);
        let senders = renewal::of_senders(&self.settings, &new, &self.targets);
        self.stream.with(|stream| {
            stream.set_station(station_settings(&new));
            stream.change_senders(senders);
        });
        self.library.change(|library| {
            library.users = renewal::users(library.users.as_deref(), new.users.as_deref());
            library.initial_mode.clone_from(&new.initial_mode);
            library.mpd_access = new.mpd_access.clone();
        });
        self.settings = new;
    }
}

fn station_settings(settings: &RadioSettings) -> StationSettings {
    StationSettings {
        announce_ns: nanoseconds(settings.announce),
        autoplay_ns: settings.autoplay.map(nanoseconds),
        ..StationSettings::default()
    }
}

fn udp_settings(options: &UdpOptions, targets: &Resolved) -> UdpSettings {
    let default = UdpSettings::default();
    UdpSettings {
        on: !options.off,
        targets: targets.iter().map(|(_, target)| *target).collect(),
        multicast: options.multicast.clone(),
        header_interval: options.header_interval.unwrap_or(default.header_interval),
        ..default
    }
}

/// Looks a target's name up, while that is still possible.
fn resolve(target: &WrittenTarget) -> Result<Target, Failure> {
    let WrittenTarget { host, port, slicing } = target;
    let refused = |problem: String| {
        Failure::usage(format_args!("--udp-target {host}: {problem}; an address or the name of a machine is accepted"))
    };
    let mut addresses = (host.as_str(), *port).to_socket_addrs().map_err(|error| refused(error.to_string()))?;
    let address = addresses.next().ok_or_else(|| refused("it has no address".to_owned()))?;
    Ok(Target { address, slicing: *slicing })
}

fn start_failure(error: &StartError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error} ({source})"),
        None => error.to_string(),
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn http_settings(options: &HttpOptions, sockets: Vec<TcpListener>) -> Option<HttpSettings> {
    if sockets.is_empty() {
        return None;
    }
    let description = Description { name: options.station_name.clone(), ..Description::default() };
    let (access, clients_max) = (options.access.clone(), options.clients_max);
    Some(HttpSettings { on: !options.off, access, clients_max, description, ..HttpSettings::new(sockets) })
}

/// What the library side asks of the service: to read things again, to end, to log more or less. On the station's thread.
fn service_command(words: &[String], logging: Option<&Logging>, stream: &SharedStream) -> Result<String, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match (words.as_slice(), logging) {
        (["log", levels @ ..], Some(logging)) => {
            levels.iter().try_for_each(|level| logging.apply(level)).map_err(|error| error.to_string())?;
            Ok(logging.level_table())
        }
        // Not by SIGHUP, which ends what runs in a terminal and is nothing to what `nohup` has started.
        (["reload"], logging) => {
            let reopened = logging.map_or(Ok(()), Logging::reopen);
            stream.with(|stream| stream.reload());
            match reopened {
                Ok(()) | Err(ReopenError::NotConfigured) => Ok(String::new()),
                Err(error) => Err(format!("the log file stays the old one: {error}")),
            }
        }
        (["end"], _) => {
            kill_process(getpid(), Signal::TERM).map_err(|error| format!("cannot signal the service ({error})"))?;
            Ok(String::new())
        }
        _ => Err(format!("the service has no command {words:?}")),
    }
}

/// What people read when it is ready.
fn announcement(
    settings: &RadioSettings,
    library: &LibrarySettings,
    sockets: &[ListeningSocket],
    users: Option<usize>,
) -> Vec<String> {
    let mut lines: Vec<String> =
        library.directories.iter().map(|path| format!("library     {}", path.display())).collect();
    for socket in sockets {
        let Ok(address) = socket.listener.local_addr() else { continue };
        lines.push(match socket.kind.as_str() {
            HTTP_KIND => format!("listen      http://{address}/"),
            kind => format!("{kind:<11} {address}"),
        });
    }
    let ssh = sockets.iter().find(|socket| socket.kind == Front::Ssh.name());
    if let Some(address) = ssh.and_then(|socket| socket.listener.local_addr().ok()) {
        lines.push(match users {
            Some(keys) => format!("users       {keys} keys; try ssh -p {} NAME@{} help", address.port(), address.ip()),
            None => "users       none: --users FILE names those who may log in over ssh".to_owned(),
        });
    }
    lines.push(format!("control     tidegate ctl -t {} help", settings.name));
    lines
}

impl Running for RunningRadio {
    fn state(&self) -> Arc<dyn Inspect> {
        Arc::clone(&self.state)
    }

    fn commands(&self) -> Vec<Command> {
        control_calls::commands(&self.stream)
    }

    fn announcement(&self) -> Vec<String> {
        self.announcement.clone()
    }

    fn is_well(&mut self) -> bool {
        let silent = self.stream.with(StreamSide::silent_threads).unwrap_or_default();
        if !silent.is_empty() {
            tracing::error!(threads = ?silent, "threads have not come round since the last sign of life");
        }
        silent.is_empty()
    }

    /// The library side reads the users and opens its log again.
    fn reload(&mut self) {
        self.stream.with(|stream| stream.reload());
    }

    fn renew(&mut self, configuration: &str) -> Renewal {
        let Some(read_again) = &self.read_again else {
            return Renewal::Restart("it has no configuration that could change".to_owned());
        };
        let new = match read_again(configuration) {
            Ok(new) => new,
            Err(reason) => return Renewal::Restart(reason),
        };
        match renewal::what_takes_a_restart(&self.settings, &new) {
            Some(reason) => Renewal::Restart(reason),
            None => {
                self.change(new);
                Renewal::Taken
            }
        }
    }

    fn stop(self: Box<Self>) {
        self.library.expect_end();
        // The library side sees the end of its link.
        if let Some(stream) = self.stream.take() {
            stream.stop();
        }
        self.library.stop();
        drop(self.directory);
    }
}

/// The state tree: the stream side's own, and what is known of its library side.
struct RadioState {
    stream: Arc<dyn Inspect>,
    library: LibraryProcessViewer,
}

impl Inspect for RadioState {
    fn inspect(&self, node: &mut Node<'_>) {
        self.stream.inspect(node);
        node.child("library_process", |node| {
            let view = self.library.view();
            match view.process {
                Some(process) => node.value("process", process),
                None => node.value("process", "none"),
            }
            node.value("restarts", view.restarts);
            node.value("last_end", view.last_end.unwrap_or_default());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_read_things_again_takes_no_signal() {
        // One would end this process, which catches none.
        let stream = SharedStream(Arc::default());
        assert_eq!(service_command(&["reload".to_owned()], None, &stream), Ok(String::new()));
        let logging = Logging::with_console("radio", Box::new(std::io::sink()));
        assert_eq!(service_command(&["reload".to_owned()], Some(&logging), &stream), Ok(String::new()));
        assert!(service_command(&["dance".to_owned()], None, &stream).is_err());
    }
}
