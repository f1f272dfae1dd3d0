//! The worker as a service: what it opens, what it may reach, and its listener at work.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bench_remote::address::{STANDARD_STREAMS, WorkerAddress};
use bench_remote::worker::listener::{Listener, ListenerSettings, UnixSocket};
use bench_remote::worker::permissions::{Files, Network, Permissions};
use control::Inspect;
use daemon::sandbox::{BENCH, BENCH_PROGRAMS, Profile, Rules};
use daemon::service::{Opened, Running, Service};
use daemon::{Failure, ListenAddress, ListeningSocket};

/// What the service is called.
pub(crate) const SERVICE_NAME: &str = "bench";

/// The kind of its sockets.
const KIND: &str = "bench";

/// Connections that the kernel keeps until they are accepted; it takes no more than `net.core.somaxconn`. With the 128 of the standard
/// library, a crowd that comes at once has its greetings dropped and waits a second, as would a front end behind it.
const BACKLOG: i32 = 4096;

/// Front ends at once, unless it is told otherwise.
pub(crate) const SESSIONS_MAX: usize = 16;

/// Tells a session that its standard output is the link to its listener.
pub(super) const LINK_VARIABLE: &str = "TIDEGATE_BENCH_LINK";

/// The program of this process, also when its file was replaced.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// What engines and statistics read beside the files of jobs: what disks are, and how busy; random numbers.
const ALWAYS_READ: &[&str] =
    &["/sys/block", "/sys/class/block", "/sys/dev", "/sys/devices", "/dev/urandom", "/etc/ld.so.cache"];

/// Where targets of NVMe/TCP listen: the ports that IANA has assigned. A sandbox lets `nvme_tcp` connect to no other.
const NVME_TCP_PORTS: [u16; 2] = [4420, 8009];

/// How the service is set up.
#[derive(Debug, Clone)]
pub(crate) struct ServiceSettings {
    pub(crate) listen: Vec<WorkerAddress>,
    pub(crate) allow: Vec<Network>,
    pub(crate) permissions: Permissions,
    pub(crate) sessions_max: usize,
    pub(crate) runs_at_once: usize,
    /// Layers of the sandbox that are off, as `--no-sandbox` takes them; empty: none is.
    pub(crate) sandbox_off: String,
}

/// What is wrong with the settings. `place` counts in what the error is about.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SettingsError {
    /// Others reach it, and nobody is said to be let in.
    #[error(
        "{address} is reached from other machines; say from which with allow, such as 192.0.2.0/24, or listen on 127.0.0.1"
    )]
    Open {
        /// The address.
        address: SocketAddr,
    },
    /// It leads nowhere.
    #[error("{0}")]
    Unresolved(String),
    /// There is none.
    #[error("names no address")]
    Nowhere,
}

/// A worker that has been asked for.
pub(crate) struct BenchService {
    settings: ServiceSettings,
    addresses: Vec<SocketAddr>,
    sockets: Vec<PathBuf>,
}

impl BenchService {
    /// A worker with these settings.
    ///
    /// # Errors
    /// [`SettingsError`]: to be reached from other machines takes a list of those that are let in.
    pub(crate) fn new(settings: ServiceSettings) -> Result<Self, SettingsError> {
        let (mut addresses, mut sockets) = (Vec::new(), Vec::new());
        for address in &settings.listen {
            match address {
                WorkerAddress::Unix(path) => sockets.push(path.clone()),
                WorkerAddress::Tcp { .. } => {
                    let found = address.resolve().map_err(|error| SettingsError::Unresolved(error.to_string()))?;
                    // A name may have several addresses; a worker listens on the one that is best.
                    addresses.extend(found.into_iter().take(1));
                }
            }
        }
        if addresses.is_empty() && sockets.is_empty() {
            return Err(SettingsError::Nowhere);
        }
        let is_open = |address: &&SocketAddr| settings.allow.is_empty() && !is_local(address.ip());
        match addresses.iter().find(is_open) {
            Some(&address) => Err(SettingsError::Open { address }),
            None => Ok(Self { settings, addresses, sockets }),
        }
    }
}

fn is_local(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Binds an address of a worker.
///
/// # Errors
/// With what to do about it.
pub(crate) fn bind(address: &ListenAddress) -> Result<TcpListener, Failure> {
    let address = address.address;
    let bound = TcpListener::bind(address).and_then(|listener| {
        // Of a socket that listens already, this is all that changes.
        rustix::net::listen(&listener, BACKLOG)?;
        Ok(listener)
    });
    bound.map_err(|error| {
        Failure::running(format_args!(
            "cannot listen on {address}: {error}; choose another address with --server or listen in [bench]"
        ))
    })
}

/// What a worker, or one of its sessions, may reach.
pub(super) fn rules(permissions: &Permissions, profile: &'static Profile) -> Rules {
    let mut rules = Rules::new(profile);
    rules.read.extend(ALWAYS_READ.iter().map(PathBuf::from).filter(|path| path.exists()));
    let everything = || vec![PathBuf::from("/")];
    match &permissions.files {
        Files::Everything => rules.write = everything(),
        Files::Only { directories, devices } => rules.write.extend(directories.iter().chain(devices).cloned()),
    }
    if permissions.exec || permissions.triggers {
        rules.execute = everything();
        rules.read.extend(everything());
    }
    if permissions.allows_engine("nvme_tcp") {
        rules.connect_ports = NVME_TCP_PORTS.to_vec();
    }
    rules
}

/// The files that this process executes: its program, and for one that is not static its loader and libraries. A session is the
/// same program.
fn own_program() -> Vec<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let executed = maps.lines().filter_map(|line| {
        let mut fields = line.split_whitespace();
        let is_executed = fields.nth(1)?.contains('x');
        let path = fields.nth(3)?;
        (is_executed && path.starts_with('/')).then(|| PathBuf::from(path))
    });
    let mut files: Vec<PathBuf> = executed.chain(std::env::current_exe()).filter(|path| path.exists()).collect();
    files.sort();
    files.dedup();
    files
}

impl Service for BenchService {
    fn addresses(&self) -> Vec<ListenAddress> {
        let address = |&address: &SocketAddr| ListenAddress { kind: KIND.to_owned(), address };
        self.addresses.iter().map(address).collect()
    }

    fn bind(&self, address: &ListenAddress) -> Result<TcpListener, Failure> {
        bind(address)
    }

    /// Unix sockets are bound here, each time anew: a supervisor holds TCP sockets only.
    fn open(self: Box<Self>, sockets: Vec<ListeningSocket>) -> Result<Box<dyn Opened>, Failure> {
        if let Files::Only { directories, devices } = &self.settings.permissions.files {
            let missing = |path: &&PathBuf| !path.exists();
            if let Some(path) = directories.iter().chain(devices).find(missing) {
                let path = path.display();
                return Err(Failure::usage(format_args!(
                    "{path}: is not there, and jobs are to use it; make it first"
                )));
            }
        }
        let unix: Result<Vec<UnixSocket>, _> = self.sockets.iter().map(|path| UnixSocket::bind(path)).collect();
        Ok(Box::new(OpenedBench {
            settings: self.settings,
            tcp: sockets.into_iter().map(|socket| socket.listener).collect(),
            unix: unix.map_err(Failure::running)?,
        }))
    }
}

/// A worker that has its sockets.
struct OpenedBench {
    settings: ServiceSettings,
    tcp: Vec<TcpListener>,
    unix: Vec<UnixSocket>,
}

impl Opened for OpenedBench {
    fn rules(&self) -> Rules {
        let permissions = &self.settings.permissions;
        let runs_programs = permissions.exec || permissions.triggers;
        let mut rules = rules(permissions, if runs_programs { &BENCH_PROGRAMS } else { &BENCH });
        // A session that may execute nothing has to be executed itself.
        if !runs_programs {
            rules.execute = own_program();
        }
        // To remove its sockets at the end.
        rules.write.extend(self.unix.iter().filter_map(|socket| socket.path().parent().map(Path::to_owned)));
        rules
    }

    fn start(self: Box<Self>) -> Result<Box<dyn Running>, Failure> {
        let Self { settings, tcp, unix } = *self;
        let served: Vec<String> = tcp
            .iter()
            .filter_map(|socket| socket.local_addr().ok())
            .map(|address| address.to_string())
            .chain(unix.iter().map(|socket| format!("sock:{}", socket.path().display())))
            .collect();
        let announcement = announcement(&settings, &served);
        let listener = ListenerSettings {
            allow: settings.allow,
            sessions_max: settings.sessions_max,
            runs_at_once: settings.runs_at_once,
            permissions: settings.permissions,
            sandbox_off: settings.sandbox_off,
            program: THIS_PROGRAM.into(),
            arguments: vec!["bench".to_owned(), format!("--server={STANDARD_STREAMS}")],
            link_variable: LINK_VARIABLE.to_owned(),
        };
        let listener = Listener::start(listener, tcp, unix)
            .map_err(|error| Failure::running(format_args!("cannot start the listener: {error}")))?;
        Ok(Box::new(RunningBench { listener, announcement }))
    }
}

/// Where it is reached, and what jobs may use.
fn announcement(settings: &ServiceSettings, served: &[String]) -> Vec<String> {
    let permissions = &settings.permissions;
    let mut lines: Vec<String> = served.iter().map(|address| format!("bench       {address}")).collect();
    lines.push(match &permissions.files {
        Files::Everything => "files       all".to_owned(),
        Files::Only { directories, devices } if directories.is_empty() && devices.is_empty() => {
            "files       none: only engines without files, such as null; --directory allows some".to_owned()
        }
        Files::Only { directories, devices } => {
            let paths = directories.iter().chain(devices).map(|path| path.display().to_string());
            format!("files       {}", paths.collect::<Vec<_>>().join(", "))
        }
    });
    let allowed = [
        (permissions.exec, "programs"),
        (permissions.triggers, "triggers"),
        (permissions.load_files, "job files of this machine"),
    ];
    let allowed: Vec<&str> = allowed.into_iter().filter(|(is_allowed, _)| *is_allowed).map(|(_, what)| what).collect();
    if !allowed.is_empty() {
        lines.push(format!("allowed     {}", allowed.join(", ")));
    }
    if let Some((host, port)) = served.first().and_then(|address| address.rsplit_once(':')) {
        let address = if host == "sock" { format!("sock:{port}") } else { format!("{host},{port}") };
        lines.push(format!("try         fio --client={address} job.fio"));
    }
    lines
}

/// A worker at work.
struct RunningBench {
    listener: Listener,
    announcement: Vec<String>,
}

impl Running for RunningBench {
    fn state(&self) -> Arc<dyn Inspect> {
        self.listener.state()
    }

    fn commands(&self) -> Vec<control::Command> {
        self.listener.commands()
    }

    fn announcement(&self) -> Vec<String> {
        self.announcement.clone()
    }

    fn is_well(&mut self) -> bool {
        let is_well = self.listener.is_well();
        if !is_well {
            tracing::error!("the listener has not come round since the last sign of life");
        }
        is_well
    }

    fn stop(self: Box<Self>) {
        self.listener.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(listen: &[&str], allow: &[&str]) -> Result<BenchService, SettingsError> {
        BenchService::new(ServiceSettings {
            listen: listen.iter().map(|text| text.parse().unwrap()).collect(),
            allow: allow.iter().map(|text| text.parse().unwrap()).collect(),
            permissions: Permissions::least(),
            sessions_max: SESSIONS_MAX,
            runs_at_once: SESSIONS_MAX,
            sandbox_off: String::new(),
        })
    }

    #[test]
    fn to_be_reached_from_other_machines_takes_a_list_of_them() {
        for local in ["", "127.0.0.2,9000", "ip6:::1", "sock:/run/b.sock"] {
            assert!(service(&[local], &[]).is_ok(), "{local}");
        }
        for open in ["0.0.0.0", "192.0.2.1,9000", "::"] {
            let error = service(&["", open], &[]).err().unwrap().to_string();
            assert!(error.contains("allow") && error.contains("reached from other machines"), "{error}");
            assert!(service(&[open], &["192.0.2.0/24"]).is_ok(), "{open}");
        }
        assert_eq!(service(&[], &[]).err(), Some(SettingsError::Nowhere));
    }

    #[test]
    fn a_session_reaches_what_its_jobs_may_use_and_executes_nothing() {
        let files = Files::Only { directories: vec!["/srv/a".into()], devices: vec!["/dev/x".into()] };
        let permissions = Permissions { files, ..Permissions::least() };
        let session = rules(&permissions, &daemon::sandbox::BENCH_SESSION);
        assert_eq!(session.write, [PathBuf::from("/srv/a"), "/dev/x".into()]);
        assert!(session.execute.is_empty() && session.connect_ports.is_empty() && session.bind_ports.is_empty());
        assert!(
            session.read.iter().all(|path| path.starts_with("/sys")
                || path.starts_with("/dev")
                || path.starts_with("/etc/ld.so.cache"))
        );
        let exec = Permissions { exec: true, ..permissions };
        assert_eq!(rules(&exec, &BENCH).execute, [PathBuf::from("/")]);
        assert!(own_program().contains(&std::env::current_exe().unwrap()));
    }
}
