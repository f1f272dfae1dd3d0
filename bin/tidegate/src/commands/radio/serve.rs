//! `tidegate radio serve`: a station that plays directories of music.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use daemon::{Failure, Identity, ListenAddress, Position};
use radio_library::choice::Selection;
use radio_server::mpd::Access;
use radio_server::rights::Rights;
use radio_server::service::{HttpOptions, RadioService, RadioSettings, SYNTHESIS, UdpOptions};
use radio_stream::senders::access::{AccessList, Network, TooManyRules};
use radio_stream::senders::udp::{Multicast, PORT_DEFAULT, WrittenTarget};
use reactor::clock::Duration;

use super::super::CommandEntry;
use super::state;
use crate::{Outcome, log_options, message, service_options};

pub(super) const SUBCOMMAND: CommandEntry = CommandEntry { name: "serve", arguments, run };

/// What the service is called unless a configuration says otherwise.
pub(crate) const NAME: &str = "radio";

/// Where listeners come.
pub(crate) const HTTP_DEFAULT: &str = "127.0.0.1:8000";
/// Where MPD's clients come.
pub(crate) const MPD_DEFAULT: &str = "127.0.0.1:6600";
/// Where ssh comes.
pub(crate) const SSH_DEFAULT: &str = "127.0.0.1:2990";
/// How long before its first chunk a stream is announced, in milliseconds.
pub(crate) const ANNOUNCE_MS_DEFAULT: u64 = 300;

/// The word for "no address".
const NONE: &str = "none";

fn arguments() -> Command {
    let address = |name: &'static str, default: &'static str, help: &'static str| {
        let argument = Arg::new(name).long(name).value_name("ADDR:PORT|none").action(ArgAction::Append);
        argument.value_parser(address).default_value(default).help(help)
    };
    Command::new("serve")
        .about("Play directories of music to everybody who listens")
        .after_help(
            "The directories are imported in the background, and followed; it plays as soon as there is a song and somebody says play (or with \
             --autoplay). It is controlled by ssh -p 2990 NAME@HOST COMMAND, by MPD's clients, and by tidegate ctl -t radio COMMAND; help \
             lists the commands.\n\n\
             Example: tidegate radio serve --library /srv/music --users users --autoplay",
        )
        .arg(
            Arg::new("library")
                .short('l')
                .long("library")
                .value_name("DIR")
                .action(ArgAction::Append)
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("A directory of music; may be repeated; synthesis: makes a few seconds itself"),
        )
        .arg(
            Arg::new("state")
                .long("state")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help(
                    "Where the database and the ssh host key are [default: radio in $TIDEGATE_STATEDIR, else in /var/lib/tidegate for \
                     root and $XDG_STATE_HOME/tidegate for others]",
                ),
        )
        .arg(address("http", HTTP_DEFAULT, "Where listeners come; may be repeated, as the next two; port 0 takes a free port"))
        .arg(address("mpd", MPD_DEFAULT, "Where MPD's clients come"))
        .arg(
            Arg::new("mpd-rights")
                .long("mpd-rights")
                .value_name("RIGHTS")
                .default_value("all")
                .value_parser(|text: &str| text.parse::<Rights>())
                .help("What MPD's clients may do without a password; passwords are for the configuration"),
        )
        .arg(address("ssh", SSH_DEFAULT, "Where commands come by ssh"))
        .arg(
            Arg::new("users")
                .short('u')
                .long("users")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Who may log in over ssh: lines `user NAME PUBLIC_KEY RIGHTS`; read again on SIGHUP"),
        )
        .args(program_arguments())
        .args(http_arguments())
        .args(udp_arguments())
        .args(service_options::arguments())
        .args(log_options::arguments())
}

/// What is played, and when.
fn program_arguments() -> [Arg; 6] {
    let milliseconds = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("MILLISECONDS").value_parser(value_parser!(u64)).help(help)
    };
    [
        Arg::new("autoplay").long("autoplay").action(ArgAction::SetTrue).help("Play without being told"),
        milliseconds("autoplay-delay", "Wait so long before that [default: 0]").requires("autoplay"),
        milliseconds("announce-time", "Announce a stream to receivers so long before its first chunk [default: 300]"),
        Arg::new("initial-mode")
            .long("initial-mode")
            .value_name("m/NAME|p/NAME")
            .value_parser(|text: &str| text.parse::<Selection>().map(|selection| selection.to_string()))
            .help("Select this, if nothing was selected before"),
        Arg::new("seed")
            .long("seed")
            .value_name("NUMBER")
            .value_parser(value_parser!(u64))
            .help("Choose reproducibly [default: another choice at each start]"),
        Arg::new("no-watch")
            .long("no-watch")
            .action(ArgAction::SetTrue)
            .help("Do not follow changes of the directories"),
    ]
}

fn http_arguments() -> [Arg; 5] {
    [
        Arg::new("station-name")
            .long("station-name")
            .value_name("TEXT")
            .default_value("Tidegate radio")
            .help("What players show as the station's name"),
        Arg::new("http-max-clients")
            .long("http-max-clients")
            .value_name("NUMBER")
            .value_parser(value_parser!(u32))
            .help("Most listeners at a time [default: as many as descriptors]"),
        Arg::new("http-default-deny")
            .long("http-default-deny")
            .action(ArgAction::SetTrue)
            .help("Nobody may listen but the networks of --http-access"),
        Arg::new("http-access")
            .long("http-access")
            .value_name("NETWORK")
            .action(ArgAction::Append)
            .value_parser(|text: &str| text.parse::<Network>())
            .help("A network that may not listen, or, with --http-default-deny, may; may be repeated"),
        Arg::new("http-no-autostart")
            .long("http-no-autostart")
            .action(ArgAction::SetTrue)
            .help("The http sender waits for `sender http on`"),
    ]
}

fn udp_arguments() -> [Arg; 5] {
    [
        Arg::new("udp-target")
            .long("udp-target")
            .value_name("HOST[:PORT][/BYTES:K:N]")
            .action(ArgAction::Append)
            .value_parser(|text: &str| WrittenTarget::parse(text, PORT_DEFAULT))
            .help("Send to this host or multicast group, N packets for K; may be repeated"),
        Arg::new("udp-no-autostart")
            .long("udp-no-autostart")
            .action(ArgAction::SetTrue)
            .help("The udp sender waits for `sender udp on`"),
        Arg::new("udp-mcast-iface")
            .long("udp-mcast-iface")
            .value_name("INTERFACE")
            .help("Where multicast leaves [default: by the default route]"),
        Arg::new("udp-ttl")
            .long("udp-ttl")
            .value_name("NUMBER")
            .value_parser(value_parser!(u8))
            .help("Routers that multicast may pass [default: 1, the local network]"),
        Arg::new("udp-header-interval")
            .long("udp-header-interval")
            .value_name("MILLISECONDS")
            .value_parser(value_parser!(u64))
            .help("How often the header of a stream is sent again [default: 2000]"),
    ]
}

fn address(text: &str) -> Result<Option<SocketAddr>, String> {
    if text == NONE {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| "expected ADDR:PORT, such as 127.0.0.1:8000 or [::]:8000, or none".to_owned())
}

fn access(matches: &ArgMatches) -> Result<AccessList, TooManyRules> {
    let default_deny = matches.get_flag("http-default-deny");
    let mut access = AccessList::new(default_deny);
    let mut networks = matches.get_many::<Network>("http-access").into_iter().flatten();
    networks.try_for_each(|network| access.set(*network, default_deny))?;
    Ok(access)
}

fn settings(matches: &ArgMatches) -> Result<RadioSettings, Failure> {
    let addresses = |name: &str| -> Vec<SocketAddr> {
        matches.get_many::<Option<SocketAddr>>(name).into_iter().flatten().copied().flatten().collect()
    };
    let milliseconds = |name: &str| matches.get_one::<u64>(name).copied().map(Duration::from_millis);
    let libraries: Vec<PathBuf> = matches.get_many("library").into_iter().flatten().cloned().collect();
    let is_lasting = libraries.iter().any(|library| library.as_os_str() != SYNTHESIS);
    let state = match matches.get_one::<PathBuf>("state") {
        Some(path) => Some(path.clone()),
        // What is made at each start leaves nothing to be remembered.
        None if !is_lasting => None,
        None => Some(state::default(NAME)?),
    };
    Ok(RadioSettings {
        name: NAME.to_owned(),
        libraries,
        state,
        http: addresses("http"),
        mpd: addresses("mpd"),
        mpd_access: Access {
            rights: matches.get_one("mpd-rights").copied().unwrap_or(Rights::ALL),
            passwords: Vec::new(),
        },
        ssh: addresses("ssh"),
        users: matches.get_one("users").cloned(),
        initial_mode: matches.get_one("initial-mode").cloned(),
        seed: matches.get_one("seed").copied(),
        watch: !matches.get_flag("no-watch"),
        autoplay: matches.get_flag("autoplay").then(|| milliseconds("autoplay-delay").unwrap_or_default()),
        announce: milliseconds("announce-time").unwrap_or(Duration::from_millis(ANNOUNCE_MS_DEFAULT)),
        http_sender: HttpOptions {
            off: matches.get_flag("http-no-autostart"),
            access: access(matches).map_err(Failure::usage)?,
            clients_max: matches.get_one("http-max-clients").copied(),
            station_name: matches.get_one::<String>("station-name").cloned().unwrap_or_default(),
        },
        udp_sender: UdpOptions {
            off: matches.get_flag("udp-no-autostart"),
            targets: matches.get_many("udp-target").into_iter().flatten().cloned().collect(),
            multicast: Multicast {
                ttl: matches.get_one("udp-ttl").copied(),
                interface: matches.get_one("udp-mcast-iface").cloned(),
            },
            header_interval: milliseconds("udp-header-interval"),
        },
    })
}

fn run(matches: &ArgMatches, position: Position) -> Outcome {
    let life = service_options::from_matches(matches, NAME);
    let identity = Identity { name: NAME.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let ended = settings(matches).and_then(|settings| {
        let log = log_options::from_matches(matches).map_err(Failure::running)?;
        let logging = log_options::start(&log, NAME)?;
        let mut service = RadioService::new(settings);
        daemon::service::Service::inherit(&mut service, log_options::inheritance(&log, &logging, &life));
        daemon::life::run(position, identity, life, logging, Box::new(service))
    });
    match ended {
        Ok(code) => Outcome::Ended(code),
        Err(failure) => message::failed(&failure),
    }
}

/// Binds an address of a radio.
///
/// # Errors
/// With what to do about it.
pub(crate) fn bind(address: &ListenAddress) -> Result<TcpListener, Failure> {
    radio_server::service::bind(address)
}
