//! `bench --server`: a worker of front ends.
//!
//! Its command line is read here and not with fio's options, for it is that of a service: where it listens, what its sessions may
//! do, and how it is kept alive.

mod service;
mod session;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use bench_remote::address::{STANDARD_STREAMS, WorkerAddress};
use bench_remote::worker::permissions::{Files, Network, Permissions, SessionLimits};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use daemon::{Failure, Identity, Position};

pub(crate) use self::service::{BenchService, SERVICE_NAME, SESSIONS_MAX, ServiceSettings, bind};
use crate::{Outcome, log_options, message, service_options};

/// Whether the command line asks for a worker: that option decides over all others, wherever it stands.
pub(super) fn is_asked(arguments: &[OsString]) -> bool {
    let options = arguments.iter().take_while(|argument| *argument != OsStr::new("--"));
    options.into_iter().any(|argument| {
        let bytes = argument.as_bytes();
        bytes == b"--server" || bytes.starts_with(b"--server=") || bytes.starts_with(b"-S")
    })
}

fn command() -> Command {
    let path = |text: &str| std::path::absolute(text).map_err(|error| error.to_string());
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    Command::new("bench --server")
        .bin_name("tidegate bench")
        .about("Run the jobs of fio's front ends (fio --client, tidegate bench --client)")
        .after_help(
            "Without --directory, files below the current directory can be used (unless that is /). Programs, triggers, \
             job files of this machine and engines that reach other machines have to be allowed by name.\n\
             --server=stdio serves the front end at standard input and output, with all that this user may do.",
        )
        .version(env!("CARGO_PKG_VERSION"))
        .arg(
            Arg::new("server")
                .short('S')
                .long("server")
                .value_name("ADDRESS")
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("")
                .required(true)
                .help("Where it is reached: host, host,port, ip4:host, ip6:host, sock:/path, stdio [default: 127.0.0.1]"),
        )
        .arg(
            Arg::new("daemonize")
                .short('D')
                .long("daemonize")
                .value_name("PIDFILE")
                .value_parser(path)
                .help("The same as --detach --pidfile=PIDFILE, below the current directory"),
        )
        .args([
            Arg::new("allow")
                .long("allow")
                .value_name("NETWORK,…")
                .value_delimiter(',')
                .action(ArgAction::Append)
                .value_parser(|text: &str| text.parse::<Network>())
                .help("Networks whose front ends are let in, such as 192.0.2.0/24; needed to listen beyond this machine"),
            Arg::new("directory")
                .long("directory")
                .value_name("DIRECTORY")
                .action(ArgAction::Append)
                .value_parser(path)
                .help("Where jobs may use files; names without a directory are in the first"),
            Arg::new("device")
                .long("device")
                .value_name("PATH")
                .action(ArgAction::Append)
                .value_parser(path)
                .help("A disk or a single file that jobs may use"),
            Arg::new("engine")
                .long("engine")
                .value_name("ENGINE,…")
                .value_delimiter(',')
                .action(ArgAction::Append)
                .help("The engines that jobs may use [default: all but exec and nvme_tcp]"),
            flag("allow-exec", "Jobs may run programs: ioengine=exec, exec_prerun, exec_postrun"),
            flag("allow-triggers", "Front ends may run a command in the shell"),
            flag("allow-load-file", "Front ends may name job files of this machine, below --directory"),
        ])
        .args(limit_arguments())
        .args(service_options::arguments())
        .args(log_options::arguments())
}

fn limit_arguments() -> [Arg; 8] {
    let number = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).value_parser(value_parser!(u64).range(1..)).help(help)
    };
    [
        number("sessions-max", "N", "Front ends at once [default: 16]"),
        number("runs-at-once", "N", "Runs at once; others wait for their turn [default: as many as sessions]"),
        number("jobs-max", "N", "Jobs of a session, numjobs counted [default: 256]"),
        number("buffer-bytes-max", "BYTES", "Buffers of all jobs of a session [default: 1 GiB]"),
        number("memory-bytes-max", "BYTES", "Memory of a session [default: 4 GiB]"),
        number("file-bytes-max", "BYTES", "Size of a file [default: no limit]"),
        number(
            "space-bytes-max",
            "BYTES",
            "What the directories may hold, with what is there already [default: no limit]",
        ),
        number("run-time-max", "SECONDS", "Length of a run [default: no limit]"),
    ]
}

/// Runs a worker to its end.
pub(super) fn run(arguments: Vec<OsString>, position: Position) -> Outcome {
    let words = std::iter::once(OsString::from("tidegate")).chain(arguments);
    let matches = match command().try_get_matches_from(log_options::attach_levels(words)) {
        Ok(matches) => matches,
        Err(error) => return message::usage_error(&error),
    };
    let address = matches.get_one::<String>("server").map_or("", String::as_str);
    let ended = if address == STANDARD_STREAMS {
        session::run(matches.get_flag("allow-exec"))
    } else {
        listen(&matches, address, position)
    };
    match ended {
        Ok(code) => Outcome::Ended(code),
        Err(failure) => message::failed(&failure),
    }
}

fn listen(matches: &ArgMatches, address: &str, position: Position) -> Result<std::process::ExitCode, Failure> {
    let address: WorkerAddress = address.parse().map_err(|error| Failure::usage(format_args!("--server: {error}")))?;
    let sandbox_off = matches.get_one::<daemon::sandbox::Layers>("no-sandbox").map_or_else(String::new, off_names);
    let number = |name| matches.get_one::<u64>(name).copied();
    let size = |name| number(name).map(|number| usize::try_from(number).unwrap_or(usize::MAX));
    let sessions_max = size("sessions-max").unwrap_or(SESSIONS_MAX);
    let settings = ServiceSettings {
        listen: vec![address],
        allow: matches.get_many("allow").into_iter().flatten().copied().collect(),
        permissions: permissions(matches)?,
        sessions_max,
        runs_at_once: size("runs-at-once").unwrap_or(sessions_max),
        sandbox_off,
    };
    let service = BenchService::new(settings).map_err(|error| Failure::usage(format_args!("--server: {error}")))?;
    let mut life = service_options::from_matches(matches, SERVICE_NAME);
    if let Some(pidfile) = matches.get_one::<PathBuf>("daemonize") {
        life.detach = true;
        life.pidfile = Some(pidfile.clone());
    }
    let log = log_options::from_matches(matches).map_err(Failure::running)?;
    let logging = log_options::start(&log, SERVICE_NAME)?;
    let identity = Identity { name: SERVICE_NAME.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    daemon::life::run(position, identity, life, logging, Box::new(service))
}

fn off_names(layers: &daemon::sandbox::Layers) -> String {
    let off = daemon::sandbox::Layer::all().filter(|layer| !layers.wants(*layer));
    off.map(daemon::sandbox::Layer::name).collect::<Vec<_>>().join(",")
}

fn permissions(matches: &ArgMatches) -> Result<Permissions, Failure> {
    let paths = |name| matches.get_many::<PathBuf>(name).into_iter().flatten().cloned().collect::<Vec<_>>();
    let mut directories = paths("directory");
    if directories.is_empty() && !matches.contains_id("device") {
        let here = std::env::current_dir()
            .map_err(|error| Failure::running(format_args!("the current directory: {error}")))?;
        // All of a machine is nobody's scratch directory.
        directories.extend(Some(here).filter(|here| here.parent().is_some()));
    }
    let defaults = SessionLimits::default();
    let number = |name| matches.get_one::<u64>(name).copied();
    Ok(Permissions {
        files: Files::Only { directories, devices: paths("device") },
        engines: matches.get_many::<String>("engine").map(|names| names.cloned().collect()),
        exec: matches.get_flag("allow-exec"),
        triggers: matches.get_flag("allow-triggers"),
        load_files: matches.get_flag("allow-load-file"),
        limits: SessionLimits {
            jobs: number("jobs-max").map_or(defaults.jobs, |jobs| u32::try_from(jobs).unwrap_or(u32::MAX)),
            buffer_bytes: number("buffer-bytes-max").unwrap_or(defaults.buffer_bytes),
            memory_bytes: number("memory-bytes-max").or(defaults.memory_bytes),
            file_bytes: number("file-bytes-max"),
            space_bytes: number("space-bytes-max"),
            run_time_s: number("run-time-max"),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_decides_wherever_it_stands() {
        let asked = |words: &[&str]| is_asked(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert!(asked(&["--server"]) && asked(&["--detach", "--server=:9000"]) && asked(&["-S", "--daemonize=x"]));
        assert!(!asked(&["--name=a"]) && !asked(&["--", "--server"]) && !asked(&["--servers"]));
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn by_hand_the_current_directory_is_allowed_unless_others_are() {
        let of = |words: &[&str]| {
            let words = ["x", "--server"].iter().chain(words).map(OsString::from);
            permissions(&command().try_get_matches_from(words).unwrap()).unwrap()
        };
        let here = std::env::current_dir().unwrap();
        assert_eq!(of(&[]).files, Files::Only { directories: vec![here], devices: Vec::new() });
        assert_eq!(of(&["--device=/dev/x"]).files, Files::Only { directories: vec![], devices: vec!["/dev/x".into()] });
        let other = of(&["--directory=/srv", "--engine=null,psync", "--allow-exec", "--jobs-max=3"]);
        assert_eq!(other.files, Files::Only { directories: vec!["/srv".into()], devices: Vec::new() });
        assert_eq!((other.engines.unwrap().len(), other.exec, other.triggers, other.limits.jobs), (2, true, false, 3));
    }
}
