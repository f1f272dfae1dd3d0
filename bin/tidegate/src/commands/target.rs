//! `tidegate target`: serves devices over NVMe/TCP.

use std::net::SocketAddr;
use std::sync::Arc;

use block::{Backend, BlockDevice};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use nvme::fabrics::Nqn;
use nvme_target::{
    Limits, ListenerKind, NamespaceSettings, Placement, Service, ServiceOptions, SocketOptions, TargetSettings,
};
use reactor::clock::Duration;
use reactor::{IdlePolicy, affinity};

use super::CommandEntry;
use crate::configuration::{ConfigurationError, DISCOVERY_DEFAULT, LISTEN_DEFAULT, Loaded};
use crate::signals::Termination;
use crate::{Outcome, message};

pub(crate) const ENTRY: CommandEntry = CommandEntry { name: "target", arguments, run };

/// The subsystem's NQN unless one is given.
pub(crate) const NQN_DEFAULT: &str = "nqn.2026-11.io.tidegate:target";

/// The word for "no discovery address" on the command line.
const NONE: &str = "none";

fn arguments() -> Command {
    Command::new("target")
        .about("Export memory, files and disks as namespaces of an NVMe/TCP subsystem")
        .after_help(
            "DEVICE is memory:SIZE, file:PATH or just PATH, or null:SIZE; options follow after commas:\n  \
             block_size=512|4096|…   size of a logical block\n  read_only               refuse writes\n\
             Sizes take K, M, G and T. The first device is namespace 1.\n\n\
             Example: tidegate target memory:512M /srv/disk.img,read_only",
        )
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
            .value_parser(["auto", "io-uring", "threads"])
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

fn run(matches: &ArgMatches) -> Outcome {
    let mut devices = Vec::new();
    for specification in matches.get_many::<String>("device").into_iter().flatten() {
        match block::open(specification, devices.len()) {
            Ok(device) => devices.push(device),
            Err(error) => return message::usage(message::chain(&error)),
        }
    }
    let Some(nqn) = matches.get_one::<Nqn>("nqn") else {
        return Outcome::Usage;
    };
    let cores = matches.get_many::<usize>("cores").into_iter().flatten().copied().collect();
    let options = ServiceOptions {
        listen: matches.get_many("listen").into_iter().flatten().copied().collect(),
        discovery: matches
            .get_many::<Option<SocketAddr>>("discovery")
            .into_iter()
            .flatten()
            .flatten()
            .copied()
            .collect(),
        placement: placement(cores),
        idle: IdlePolicy { spin: Duration::from_micros(matches.get_one("spin").copied().unwrap_or(50)) },
        socket: SocketOptions {
            send_buffer_bytes: matches.get_one("send-buffer").copied(),
            congestion_control: matches.get_one("congestion").cloned(),
        },
        backend: match matches.get_one::<String>("backend").map(String::as_str) {
            Some("io-uring") => Backend::IoUring,
            Some("threads") => Backend::Threads,
            _ => Backend::Auto,
        },
    };
    serve(settings(nqn.clone(), devices), &options)
}

/// What the section `[target]` of a configuration asks for.
///
/// # Errors
/// A value that cannot be used, with its line and key.
pub(crate) fn from_configuration(loaded: &Loaded) -> Result<(TargetSettings, ServiceOptions), ConfigurationError> {
    let section = loaded.target();
    let nqn = match &section.nqn {
        Some(text) => Nqn::parse(text.get_ref()).map_err(|error| loaded.at(text, "target.nqn", error))?,
        None => Nqn::parse(NQN_DEFAULT).unwrap_or_else(|_| unreachable!("the default NQN is well-formed")),
    };
    let mut devices = Vec::new();
    for specification in &section.devices {
        let device = block::open(specification.get_ref(), devices.len())
            .map_err(|error| loaded.at(specification, "target.devices", message::chain(&error)))?;
        devices.push(device);
    }
    let options = ServiceOptions {
        listen: section.listen.clone(),
        discovery: section.discovery.clone(),
        placement: placement(section.cores.clone()),
        idle: section.spin_us.map_or(IdlePolicy::DEFAULT, |spin| IdlePolicy { spin: Duration::from_micros(spin) }),
        socket: SocketOptions {
            send_buffer_bytes: section.send_buffer_bytes,
            congestion_control: section.congestion_control.clone(),
        },
        backend: Backend::Auto,
    };
    Ok((settings(nqn, devices), options))
}

/// A subsystem with these devices as namespaces 1, 2, ….
pub(crate) fn settings(subsystem_nqn: Nqn, devices: Vec<Arc<dyn BlockDevice>>) -> TargetSettings {
    let namespaces = (1..)
        .zip(devices)
        .map(|(namespace_id, device)| NamespaceSettings { namespace_id, device, uuid: None })
        .collect();
    TargetSettings { subsystem_nqn, serial_number: None, namespaces, limits: Limits::default(), listeners: Vec::new() }
}

/// A thread bound to each of the cores, or, without any, as many threads as there are usable cores.
pub(crate) fn placement(cores: Vec<usize>) -> Placement {
    if cores.is_empty() {
        Placement::Floating(affinity::usable_cores().map_or(1, |usable| usable.len()))
    } else {
        Placement::Pinned(cores)
    }
}

/// Starts the target, says where it is, and serves until a signal ends it.
pub(crate) fn serve(settings: TargetSettings, options: &ServiceOptions) -> Outcome {
    let mut termination = match Termination::catch() {
        Ok(termination) => termination,
        Err(error) => return message::failure(format_args!("cannot catch signals: {error}")),
    };
    let service = match Service::start(settings, options) {
        Ok(service) => service,
        Err(error) => return start_failure(&error),
    };
    announce(&service);
    termination.wait();
    service.stop();
    Outcome::Success
}

fn start_failure(error: &nvme_target::StartError) -> Outcome {
    let text = message::chain(error);
    match error {
        nvme_target::StartError::Settings(_)
        | nvme_target::StartError::Core { .. }
        | nvme_target::StartError::SocketOptions { .. } => message::usage(text),
        nvme_target::StartError::Listen { .. } => message::failure(format_args!(
            "{text}; choose another address with --listen or --discovery (which also takes {NONE})"
        )),
        nvme_target::StartError::PollGroup(_) => message::failure(text),
    }
}

/// Prints what is served, where, and what to try. The last line is `ready`.
fn announce(service: &Service) {
    let target = service.target();
    let nqn = target.subsystem_nqn();
    message::line(format_args!("subsystem   {nqn}"));
    for namespace in target.namespaces() {
        let geometry = namespace.geometry();
        message::line(format_args!(
            "namespace {} {}, {} blocks of {} bytes",
            namespace.id(),
            namespace.device().description(),
            geometry.block_count,
            geometry.block_size_bytes
        ));
    }
    for listener in service.listeners() {
        let kind = match listener.kind {
            ListenerKind::Io => "I/O        ",
            ListenerKind::Discovery => "discovery  ",
        };
        message::line(format_args!("{kind} {}", listener.address));
    }
    if let Some(listener) = service.listeners().first() {
        let (address, port) = (listener.address.ip(), listener.address.port());
        message::line(format_args!("try         nvme connect -t tcp -a {address} -s {port} -n {nqn}"));
        message::line(format_args!("or          tidegate nvme list {}", listener.address));
    }
    message::line("ready");
}
