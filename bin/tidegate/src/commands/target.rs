//! `tidegate target`: serves devices over NVMe/TCP.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use block::{Backend, BlockDevice, OpenProblem};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use control::Inspect;
use daemon::sandbox::{Rules, TARGET};
use daemon::service::{Opened, Running, Service};
use daemon::{Failure, Identity, ListenAddress, ListeningSocket, Position};
use nvme::fabrics::Nqn;
use nvme_target::{
    BoundListener, Heartbeat, Limits, ListenerKind, NamespaceSettings, Placement, ServiceOptions, SocketOptions,
    StartError, TargetSettings,
};
use reactor::clock::Duration;
use reactor::{IdlePolicy, affinity};

use super::CommandEntry;
use crate::{Outcome, log_options, message, service_options};

pub(crate) const ENTRY: CommandEntry = CommandEntry { name: "target", arguments, run };

/// The default address of the I/O controllers.
pub(crate) const LISTEN_DEFAULT: &str = "127.0.0.1:4420";

/// The default address of the discovery service.
pub(crate) const DISCOVERY_DEFAULT: &str = "127.0.0.1:8009";

/// The subsystem's NQN unless one is given.
pub(crate) const NQN_DEFAULT: &str = "nqn.2026-11.io.tidegate:target";

/// What the service is called.
const NAME: &str = "target";

/// How files and disks can be read and written.
const BACKENDS: [(&str, Backend); 3] =
    [("auto", Backend::Auto), ("io-uring", Backend::IoUring), ("threads", Backend::Threads)];

/// The word for "no discovery address" on the command line.
const NONE: &str = "none";

fn arguments() -> Command {
    Command::new("target")
        .about("Export memory, files and disks as namespaces of an NVMe/TCP subsystem")
        .after_help(device_help())
        .arg(
            Arg::new("listen")
                .short('l')
                .long("listen")
                .value_name("ADDR:PORT")
                .action(ArgAction::Append)
                .value_parser(address)
                .default_value(LISTEN_DEFAULT)
                .help("Where I/O controllers are reached; may be repeated; port 0 takes a free port"),
        )
        .arg(
            Arg::new("discovery")
                .long("discovery")
                .value_name("ADDR:PORT|none")
                .action(ArgAction::Append)
                .value_parser(discovery_address)
                .default_value(DISCOVERY_DEFAULT)
                .help("Where the discovery service is reached besides the addresses of --listen"),
        )
        .arg(
            Arg::new("nqn")
                .short('n')
                .long("nqn")
                .value_name("NQN")
                .value_parser(nqn)
                .default_value(NQN_DEFAULT)
                .help("The subsystem's NVMe qualified name"),
        )
        .args(performance_arguments())
        .arg(Arg::new("device").value_name("DEVICE").required(true).num_args(1..).help("What to export (see below)"))
        .args(service_options::arguments())
        .args(log_options::arguments())
}

/// The forms of a device and their options, from block's table.
fn device_help() -> String {
    let mut text = String::from("DEVICE is one of these, or just a PATH; options follow after commas:\n");
    for kind in block::KINDS {
        let form = format!("{}:{}", kind.name, kind.argument);
        let _ = writeln!(text, "  {form:<14} {}\n  {:14} options: {}", kind.summary, "", kind.options.join(", "));
    }
    text.push_str(
        "Sizes take K, M, G and T. The first device is namespace 1.\n\n\
         Example: tidegate target memory:512M /srv/disk.img,read_only",
    );
    text
}

/// How the target does its work, which hosts do not see.
fn performance_arguments() -> [Arg; 5] {
    [
        Arg::new("cores")
            .long("cores")
            .value_name("CORE,…")
            .value_delimiter(',')
            .value_parser(value_parser!(usize))
            .help("Bind a thread to each of these cores; default: a thread for each usable core, not bound"),
        Arg::new("spin")
            .long("spin-us")
            .value_name("MICROSECONDS")
            .value_parser(value_parser!(u64).range(0..=1_000_000))
            .default_value("50")
            .help("How long an idle thread looks for work before it sleeps; 0: not at all"),
        Arg::new("send-buffer")
            .long("send-buffer")
            .value_name("BYTES")
            .value_parser(value_parser!(usize))
            .help("Send buffer of each connection; default: as the kernel sizes it"),
        Arg::new("congestion")
            .long("congestion-control")
            .value_name("NAME")
            .help("Congestion control of each connection (cubic, bbr, …); default: the machine's"),
        Arg::new("backend")
            .long("file-backend")
            .value_name("auto|io-uring|threads")
            .value_parser(BACKENDS.map(|(name, _)| name))
            .default_value("auto")
            .help("How files and disks are read and written; auto: io_uring where the kernel allows it"),
    ]
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "expected ADDR:PORT, such as 127.0.0.1:4420 or [::1]:4420".to_owned())
}

fn discovery_address(text: &str) -> Result<Option<SocketAddr>, String> {
    if text == NONE { Ok(None) } else { address(text).map(Some) }
}

fn nqn(text: &str) -> Result<Nqn, String> {
    Nqn::parse(text).map_err(|error| error.to_string())
}

fn run(matches: &ArgMatches, position: Position) -> Outcome {
    let Some(nqn) = matches.get_one::<Nqn>("nqn") else {
        return Outcome::Usage;
    };
    let cores = matches.get_many::<usize>("cores").into_iter().flatten().copied().collect();
    let discovery = matches.get_many::<Option<SocketAddr>>("discovery").into_iter().flatten().flatten().copied();
    let options = ServiceOptions {
        listen: matches.get_many("listen").into_iter().flatten().copied().collect(),
        discovery: discovery.collect(),
        placement: placement(cores),
        idle: IdlePolicy { spin: Duration::from_micros(matches.get_one("spin").copied().unwrap_or(50)) },
        socket: SocketOptions {
            send_buffer_bytes: matches.get_one("send-buffer").copied(),
            congestion_control: matches.get_one("congestion").cloned(),
        },
        backend: matches.get_one::<String>("backend").and_then(|name| backend(name).ok()).unwrap_or(Backend::Auto),
    };
    let devices: Vec<String> = matches.get_many("device").into_iter().flatten().cloned().collect();
    let target = TargetService::new(nqn.clone(), devices, options);
    let life = service_options::from_matches(matches, NAME);
    let identity = Identity { name: NAME.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let ended = target
        .check()
        .map_err(|(_, error)| Failure::usage(message::chain(&error)))
        .and_then(|()| log_options::from_matches(matches).map_err(Failure::running))
        .and_then(|log| log_options::start(&log, NAME))
        .and_then(|logging| daemon::life::run(position, identity, life, logging, Box::new(target)));
    match ended {
        Ok(code) => Outcome::Ended(code),
        Err(failure) => message::failed(&failure),
    }
}

/// The backend of this name.
///
/// # Errors
/// With the names that there are.
pub(crate) fn backend(name: &str) -> Result<Backend, String> {
    let known = BACKENDS.map(|(name, _)| name).join(", ");
    let found = BACKENDS.iter().find(|(known, _)| *known == name);
    found.map(|(_, backend)| *backend).ok_or_else(|| format!("{name:?} is none of {known}"))
}

/// A thread bound to each of the cores, or, without any, as many threads as there are usable cores.
pub(crate) fn placement(cores: Vec<usize>) -> Placement {
    if cores.is_empty() {
        Placement::Floating(affinity::usable_cores().map_or(1, |usable| usable.len()))
    } else {
        Placement::Pinned(cores)
    }
}

/// Binds an address of a target.
///
/// # Errors
/// With what to do about it.
pub(crate) fn bind(address: &ListenAddress) -> Result<TcpListener, Failure> {
    let kind = ListenerKind::from_name(&address.kind).unwrap_or(ListenerKind::Io);
    nvme_target::bind(address.address, kind).map(|bound| bound.socket).map_err(|error| start_failure(&error))
}

fn start_failure(error: &StartError) -> Failure {
    let text = message::chain(error);
    match error {
        StartError::Settings(_) | StartError::CongestionControl { .. } => Failure::usage(text),
        StartError::Core { .. } => {
            let usable = affinity::usable_cores().unwrap_or_default();
            let usable: Vec<String> = usable.iter().map(ToString::to_string).collect();
            Failure::usage(format_args!("{text}; usable are {}", usable.join(", ")))
        }
        StartError::Listen { .. } => Failure::running(format_args!(
            "{text}; choose another address with --listen or --discovery (which also takes {NONE})"
        )),
        StartError::PollGroup(_) => Failure::running(text),
    }
}

/// A target that has been asked for.
pub(crate) struct TargetService {
    nqn: Nqn,
    devices: Vec<String>,
    options: ServiceOptions,
}

impl TargetService {
    /// A target with these devices as namespaces 1, 2, ….
    pub(crate) fn new(nqn: Nqn, devices: Vec<String>, options: ServiceOptions) -> Self {
        Self { nqn, devices, options }
    }

    /// Whether its devices can be opened, as far as can be told while another process may have them. The error comes with
    /// the place of the device.
    ///
    /// # Errors
    /// The device that cannot be opened.
    pub(crate) fn check(&self) -> Result<(), (usize, block::OpenError)> {
        for (place, specification) in self.devices.iter().enumerate() {
            match block::open(specification, place) {
                Err(error) if !matches!(error.problem(), OpenProblem::InUse { .. }) => return Err((place, error)),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Service for TargetService {
    fn addresses(&self) -> Vec<ListenAddress> {
        let of_kind = |kind: ListenerKind, addresses: &[SocketAddr]| {
            let address = |&address: &SocketAddr| ListenAddress { kind: kind.name().to_owned(), address };
            addresses.iter().map(address).collect::<Vec<_>>()
        };
        let mut addresses = of_kind(ListenerKind::Io, &self.options.listen);
        addresses.extend(of_kind(ListenerKind::Discovery, &self.options.discovery));
        addresses
    }

    fn bind(&self, address: &ListenAddress) -> Result<TcpListener, Failure> {
        bind(address)
    }

    fn open(self: Box<Self>, sockets: Vec<ListeningSocket>) -> Result<Box<dyn Opened>, Failure> {
        let mut devices = Vec::new();
        for specification in &self.devices {
            let device =
                block::open(specification, devices.len()).map_err(|error| Failure::usage(message::chain(&error)))?;
            devices.push(device);
        }
        let bound = |socket: ListeningSocket| {
            Some(BoundListener { kind: ListenerKind::from_name(&socket.kind)?, socket: socket.listener })
        };
        Ok(Box::new(OpenedTarget {
            settings: settings(self.nqn, devices),
            options: self.options,
            sockets: sockets.into_iter().filter_map(bound).collect(),
        }))
    }
}

/// A subsystem with these devices as namespaces 1, 2, ….
fn settings(subsystem_nqn: Nqn, devices: Vec<Arc<dyn BlockDevice>>) -> TargetSettings {
    let namespaces = (1..)
        .zip(devices)
        .map(|(namespace_id, device)| NamespaceSettings { namespace_id, device, uuid: None })
        .collect();
    TargetSettings { subsystem_nqn, serial_number: None, namespaces, limits: Limits::default(), listeners: Vec::new() }
}

/// A target that has its devices and sockets.
struct OpenedTarget {
    settings: TargetSettings,
    options: ServiceOptions,
    sockets: Vec<BoundListener>,
}

impl Opened for OpenedTarget {
    /// Its devices are open; what is left is what threads and rings ask of the kernel.
    fn rules(&self) -> Rules {
        let mut rules = Rules::new(&TARGET);
        rules.read.push(PathBuf::from("/sys/devices/system/cpu"));
        rules
    }

    fn start(self: Box<Self>) -> Result<Box<dyn Running>, Failure> {
        let service = nvme_target::Service::start_with(self.settings, &self.options, self.sockets)
            .map_err(|error| start_failure(&error))?;
        let mut heartbeat = service.heartbeat();
        heartbeat.ask();
        Ok(Box::new(RunningTarget { service, heartbeat }))
    }
}

/// A target at work.
struct RunningTarget {
    service: nvme_target::Service,
    heartbeat: Heartbeat,
}

impl Running for RunningTarget {
    fn state(&self) -> Arc<dyn Inspect> {
        Arc::new(self.service.state().clone())
    }

    /// What is served, where, and what to try.
    fn announcement(&self) -> Vec<String> {
        let target = self.service.target();
        let nqn = target.subsystem_nqn();
        let mut lines = vec![format!("subsystem   {nqn}")];
        for namespace in target.namespaces() {
            let geometry = namespace.geometry();
            lines.push(format!(
                "namespace {} {}, {} blocks of {} bytes",
                namespace.id(),
                namespace.device().description(),
                geometry.block_count,
                geometry.block_size_bytes
            ));
        }
        for listener in self.service.listeners() {
            let kind = match listener.kind {
                ListenerKind::Io => "I/O        ",
                ListenerKind::Discovery => "discovery  ",
            };
            lines.push(format!("{kind} {}", listener.address));
        }
        if let Some(listener) = self.service.listeners().first() {
            let (address, port) = (listener.address.ip(), listener.address.port());
            lines.push(format!("try         nvme connect -t tcp -a {address} -s {port} -n {nqn}"));
            lines.push(format!("or          tidegate nvme list {}", listener.address));
        }
        lines
    }

    fn is_well(&mut self) -> bool {
        let silent: Vec<usize> = self.heartbeat.silent().collect();
        if silent.is_empty() {
            self.heartbeat.ask();
            return true;
        }
        tracing::error!(poll_groups = ?silent, "poll groups have not come round since the last sign of life");
        false
    }

    fn stop(self: Box<Self>) {
        self.service.stop();
    }
}
