//! The arguments that every subcommand has in common: where to connect, to what, on what terms.

use std::net::{SocketAddr, ToSocketAddrs};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use nvme::discovery::{DiscoveryLogEntry, SubsystemType};
use nvme::fabrics::Nqn;
use nvme_host::{ConnectOptions, Controller, HostIdentity, Namespace, NamespaceError, discover};
use reactor::clock::Duration;

use super::Failure;

/// The port of I/O controllers where none is given.
pub(super) const IO_PORT: u16 = 4420;
/// The port of discovery services where none is given.
pub(super) const DISCOVERY_PORT: u16 = 8009;

/// Adds the address and the terms of the connection.
pub(super) fn with_address(command: Command) -> Command {
    command
        .arg(Arg::new("address").value_name("ADDR").required(true).help("Where the controller is reached"))
        .arg(
            Arg::new("host-nqn")
                .long("host-nqn")
                .value_name("NQN")
                .value_parser(nqn)
                .help("This host's NQN; default: the machine's in /etc/nvme, else a new one"),
        )
        .arg(
            Arg::new("digests")
                .long("digests")
                .value_name("header|data|header,data")
                .value_delimiter(',')
                .value_parser(["header", "data"])
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_values(["header", "data"])
                .help("Ask for digests on PDU headers, on data, or (without a value) on both"),
        )
        .arg(
            Arg::new("timeout")
                .long("timeout")
                .value_name("SECONDS")
                .value_parser(value_parser!(u64).range(1..=86_400))
                .default_value("30")
                .help("Longest time for one command"),
        )
        .arg(json_argument())
}

/// Adds the subsystem to [`with_address`].
pub(super) fn with_subsystem(command: Command) -> Command {
    with_address(command).arg(
        Arg::new("nqn")
            .short('n')
            .long("nqn")
            .value_name("NQN")
            .value_parser(nqn)
            .help("The subsystem's NQN; default: the first NVM subsystem that ADDR's discovery service names"),
    )
}

/// Adds the namespace to [`with_subsystem`].
pub(super) fn with_namespace(command: Command) -> Command {
    with_subsystem(command).arg(namespace_argument().help("Namespace identifier; default: the first namespace"))
}

/// `--namespace`, without a help text.
pub(super) fn namespace_argument() -> Arg {
    Arg::new("namespace").long("namespace").value_name("NSID").value_parser(value_parser!(u32).range(1..0xffff_ffff))
}

fn json_argument() -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print one JSON document instead of text")
}

fn nqn(text: &str) -> Result<Nqn, String> {
    Nqn::parse(text).map_err(|error| error.to_string())
}

/// Whether JSON is asked for.
pub(super) fn json(matches: &ArgMatches) -> bool {
    matches.get_flag("json")
}

/// What to connect to the discovery service with.
pub(super) fn discovery_options(matches: &ArgMatches, default_port: u16) -> Result<ConnectOptions, Failure> {
    let host = match matches.get_one::<Nqn>("host-nqn") {
        Some(nqn) => HostIdentity { nqn: nqn.clone(), ..HostIdentity::random()? },
        None => HostIdentity::of_this_machine()?,
    };
    let mut options = ConnectOptions::new(address(matches, default_port)?, Nqn::discovery(), host);
    for digest in matches.get_many::<String>("digests").into_iter().flatten() {
        match digest.as_str() {
            "header" => options.header_digest = true,
            _ => options.data_digest = true,
        }
    }
    options.command_timeout = Duration::from_secs(matches.get_one("timeout").copied().unwrap_or(30));
    Ok(options)
}

/// What to connect to the subsystem with. Asks the discovery service when no NQN is given.
pub(super) fn subsystem_options(matches: &ArgMatches) -> Result<ConnectOptions, Failure> {
    let discovery = discovery_options(matches, IO_PORT)?;
    let (address, subsystem_nqn) = match matches.get_one::<Nqn>("nqn") {
        Some(nqn) => (discovery.address, nqn.clone()),
        None => find_subsystem(&discovery)?,
    };
    Ok(ConnectOptions {
        header_digest: discovery.header_digest,
        data_digest: discovery.data_digest,
        command_timeout: discovery.command_timeout,
        socket: discovery.socket,
        ..ConnectOptions::new(address, subsystem_nqn, discovery.host)
    })
}

/// The first NVM subsystem that is reached at the address itself, else the first one at all.
fn find_subsystem(discovery: &ConnectOptions) -> Result<(SocketAddr, Nqn), Failure> {
    let asked = discovery.address;
    let found = discover(discovery.clone()).map_err(|error| {
        let text = crate::message::chain(&error);
        Failure::running(format!("cannot find a subsystem at {asked}: {text}; --nqn says which one to connect to"))
    })?;
    let subsystems: Vec<_> = found.entries.iter().filter_map(|entry| nvm_subsystem(entry, asked)).collect();
    subsystems.iter().find(|(address, _)| *address == asked).or(subsystems.first()).cloned().ok_or_else(|| {
        Failure::running(format!(
            "the discovery service at {asked} names no NVM subsystem over TCP; --nqn says which one to connect to"
        ))
    })
}

/// Where an NVM subsystem over TCP is; `None` for any other entry.
pub(super) fn nvm_subsystem(entry: &DiscoveryLogEntry, asked: SocketAddr) -> Option<(SocketAddr, Nqn)> {
    if entry.subsystem_type != SubsystemType::NVM {
        return None;
    }
    let mut address = entry.socket_address().ok()?;
    // A service that listens everywhere may say just that: it is reached where it was asked.
    if address.ip().is_unspecified() {
        address.set_ip(asked.ip());
    }
    Some((address, entry.subsystem_nqn().ok()?))
}

/// Connects to the controller that the arguments name.
pub(super) fn connect(matches: &ArgMatches) -> Result<Controller, Failure> {
    Ok(Controller::connect(subsystem_options(matches)?)?)
}

/// The namespace that the arguments name, by default the first.
pub(super) fn namespace(matches: &ArgMatches, controller: &Controller) -> Result<Namespace, Failure> {
    let asked = matches.get_one::<u32>("namespace").copied();
    let active = || -> Result<Vec<u32>, Failure> { Ok(Namespace::list(controller)?) };
    let id = match asked {
        Some(id) => id,
        None => *active()?.first().ok_or_else(|| Failure::running("the controller has no namespace"))?,
    };
    match Namespace::identify(controller, id) {
        Ok(namespace) => Ok(namespace),
        Err(NamespaceError::NotActive { .. }) => {
            let ids = active()?.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
            Err(Failure::running(format!("there is no namespace {id}; there are: {ids}")))
        }
        Err(error) => Err(error.into()),
    }
}

fn address(matches: &ArgMatches, default_port: u16) -> Result<SocketAddr, Failure> {
    let text = matches.get_one::<String>("address").map_or("", String::as_str);
    parse_address(text, default_port).map_err(Failure::usage)
}

/// `ADDR`, `ADDR:PORT`, `[ADDR6]`, `[ADDR6]:PORT`, `NAME` or `NAME:PORT`.
fn parse_address(text: &str, default_port: u16) -> Result<SocketAddr, String> {
    const ACCEPTED: &str = "expected ADDR or ADDR:PORT, such as 127.0.0.1:4420 or [::1]:4420";
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let unbracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(ip) = unbracketed.parse() {
        return Ok(SocketAddr::new(ip, default_port));
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) => (name, port.parse().map_err(|_| format!("'{text}' has no valid port; {ACCEPTED}"))?),
        None => (text, default_port),
    };
    let mut addresses = (name, port).to_socket_addrs().map_err(|error| format!("'{text}': {error}; {ACCEPTED}"))?;
    addresses.next().ok_or_else(|| format!("'{text}' has no address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_come_without_a_port() {
        for (text, address) in [
            ("127.0.0.1", "127.0.0.1:4420"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("::1", "[::1]:4420"),
            ("[::1]", "[::1]:4420"),
            ("[::1]:7", "[::1]:7"),
        ] {
            assert_eq!(parse_address(text, IO_PORT), Ok(address.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_bad_address_is_told_what_would_be_accepted() {
        for text in ["127.0.0.1:port", "127.0.0.1:70000", ":"] {
            let error = parse_address(text, IO_PORT).unwrap_err();
            assert!(error.contains(text) && error.contains("127.0.0.1:4420"), "{error}");
        }
    }

    #[test]
    fn digests_without_a_value_are_both() {
        let command = || with_subsystem(Command::new("test"));
        for (arguments, wanted) in [
            (&["test", "127.0.0.1"][..], (false, false)),
            (&["test", "--digests", "127.0.0.1"], (true, true)),
            (&["test", "--digests=data", "127.0.0.1"], (false, true)),
            (&["test", "--digests=header,data", "127.0.0.1"], (true, true)),
        ] {
            let matches = command().try_get_matches_from(arguments).unwrap();
            let options = discovery_options(&matches, IO_PORT).unwrap();
            assert_eq!((options.header_digest, options.data_digest), wanted, "{arguments:?}");
        }
    }
}
