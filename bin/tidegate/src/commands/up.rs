//! `tidegate up`: every configured service under one supervisor, or the demo.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use control::log::{LogFileOption, LogOptions};
use daemon::{DefinitionSource, Failure, Identity, Position, ServiceDefinition};

use super::{CommandEntry, UP_NAME};
use crate::configuration::{ConfigurationError, ConfiguredService, Loaded};
use crate::{Outcome, log_options, message, service_options};

pub(crate) const ENTRY: CommandEntry = CommandEntry { name: UP_NAME, arguments, run };

/// What runs without a configuration file, on this machine only: a disk in memory, a radio, a worker for jobs without files. Nothing
/// is written outside of the run directory.
const DEMO: &str = r#"
[target]
nqn = "nqn.2026-11.io.tidegate:demo"
devices = ["memory:512M"]

[radio]
library = ["synthesis:"]
autoplay = true

[bench]
"#;

/// What the demo's configuration is called in errors.
const DEMO_PATH: &str = "(built-in configuration)";

fn arguments() -> Command {
    Command::new(UP_NAME)
        .about("Run all configured services; without a file, a demo of every service on 127.0.0.1")
        .after_help(
            "One supervisor starts each service as a process of its own and starts it again when it crashes; it holds the listening \
             sockets, so that no client is refused meanwhile. SIGHUP re-reads the configuration.\n\
             tidegate ctl -t up list-commands names what else it does: service/list, service/restart, upgrade …",
        )
        .arg(configuration_argument())
        .arg(
            Arg::new("service")
                .long("service")
                .value_name("NAME")
                .help("Run only this service of the configuration, in this process"),
        )
        .args(service_options::supervisor_arguments())
        .args(log_options::arguments())
}

/// `-c FILE`, as `up` and `check` take it.
pub(super) fn configuration_argument() -> Arg {
    Arg::new("configuration")
        .short('c')
        .long("configuration")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("The configuration, in TOML")
}

fn run(matches: &ArgMatches, position: Position) -> Outcome {
    let path = matches.get_one::<PathBuf>("configuration").cloned();
    let ended = match matches.get_one::<String>("service") {
        Some(name) => one_service(position, path.as_deref(), name, matches),
        None => all_services(position, path, matches),
    };
    match ended {
        Ok(code) => Outcome::Ended(code),
        Err(failure) => message::failed(&failure),
    }
}

/// Reads the configuration: the one that the supervisor has checked, the file, or the demo.
fn load(position: Option<&Position>, path: Option<&Path>) -> Result<Loaded, ConfigurationError> {
    let given = position.and_then(Position::configuration);
    match (given, path) {
        (Some(text), path) => Loaded::parse(path.unwrap_or(Path::new(DEMO_PATH)), text.to_owned()),
        (None, Some(path)) => Loaded::read(path),
        (None, None) => Loaded::parse(Path::new(DEMO_PATH), DEMO.to_owned()),
    }
}

fn one_service(
    position: Position,
    path: Option<&Path>,
    name: &str,
    matches: &ArgMatches,
) -> Result<std::process::ExitCode, Failure> {
    let loaded = load(Some(&position), path).map_err(Failure::usage)?;
    let mut services = loaded.services().map_err(Failure::usage)?;
    let Some(place) = services.iter().position(|service| service.name == name) else {
        let names: Vec<_> = services.iter().map(|service| service.name.as_str()).collect();
        return Err(Failure::usage(format_args!("there is no service {name:?}; configured: {}", names.join(", "))));
    };
    let ConfiguredService { name, options, log, mut service, .. } = services.swap_remove(place);
    let mut wanted = log;
    let typed = log_options::from_matches(matches).map_err(Failure::running)?;
    wanted.levels.extend(typed.levels);
    wanted.format = typed.format;
    wanted.syslog_method = wanted.syslog_method.or(typed.syslog_method);
    if wanted.file == LogFileOption::None {
        wanted.file = typed.file;
    }
    let logging = log_options::start(&wanted, &name)?;
    service.inherit(log_options::inheritance(&wanted, &logging, &options));
    daemon::life::run(position, identity(&name), options, logging, service)
}

fn all_services(
    position: Position,
    path: Option<PathBuf>,
    matches: &ArgMatches,
) -> Result<std::process::ExitCode, Failure> {
    let loaded = load(None, path.as_deref()).map_err(Failure::usage)?;
    let mut options = service_options::from_shared(matches, UP_NAME);
    options.pidfile.get_or_insert_with(|| format!("{UP_NAME}.pid").into());
    options.orphans = loaded.up().orphans;
    let log = log_options::from_matches(matches).map_err(Failure::running)?;
    let logging = log_options::start(&log, UP_NAME)?;
    // Detached, the supervisor is in another directory when it reads the file again.
    let path = path.map(std::path::absolute).transpose().map_err(Failure::running)?;
    let mut trial: Vec<OsString> = Vec::new();
    if let Some(path) = &path {
        trial.extend(["check".into(), "-c".into(), path.into()]);
    }
    let read = move || definitions(path.as_deref(), &log);
    daemon::life::run_supervisor(position, identity(UP_NAME), options, logging, DefinitionSource::new(read, trial))
}

fn definitions(path: Option<&Path>, log: &LogOptions) -> Result<Vec<ServiceDefinition>, Failure> {
    let loaded = load(None, path).map_err(Failure::usage)?;
    let services = loaded.services().map_err(Failure::usage)?;
    let define = |configured: ConfiguredService| {
        let mut arguments: Vec<OsString> = vec![UP_NAME.into(), "--service".into(), configured.name.clone().into()];
        if let Some(path) = path {
            arguments.extend(["-c".into(), path.into()]);
        }
        arguments.extend(log.to_arguments());
        ServiceDefinition {
            arguments,
            policy: configured.options.restart,
            times: configured.options.times,
            addresses: configured.service.addresses(),
            configuration: Some(loaded.text().to_owned()),
            fingerprint: configured.fingerprint,
            bind: configured.bind,
            name: configured.name,
        }
    };
    Ok(services.into_iter().map(define).collect())
}

fn identity(name: &str) -> Identity {
    Identity { name: name.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
}
