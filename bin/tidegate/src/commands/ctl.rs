//! `tidegate ctl`: tells a running service what to do, or asks it how it is.
//!
//! Options and exit status are those of `ovs-appctl`: 0 and the answer on standard output; 2 and the service's error on
//! standard error; 1 when there is no answer; death by SIGALRM when the time is up.

use std::path::Path;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use control::Format;
use control::client::{Client, ClientError, RunDirectories, Target};
use daemon::Position;
use reactor::clock::Duration;
use rustix::process::Signal;
use serde_json::Value;

use super::CommandEntry;
use crate::{Outcome, message};

pub(crate) const ENTRY: CommandEntry = CommandEntry { name: "ctl", arguments, run };

fn arguments() -> Command {
    Command::new("ctl")
        .about("Control a running service and ask for its state")
        .after_help(
            "A command that every service has: list-commands, version, show [PATH], vlog/list, vlog/set [SPEC], vlog/reopen, memory/show, \
             exit. list-commands names the others.\n\
             Exit status: 0; 1 when there is no answer; 2 for wrong usage, and when the service answers with an error.",
        )
        .arg(
            Arg::new("target")
                .short('t')
                .long("target")
                .value_name("TARGET")
                .value_parser(|text: &str| text.parse::<Target>())
                .help("A service's name, its process id, or the path of its socket or pidfile; else the only service, or up"),
        )
        .arg(
            Arg::new("timeout")
                .short('T')
                .long("timeout")
                .value_name("SECONDS")
                .value_parser(value_parser!(u64))
                .help("Give up after so long (0: never)"),
        )
        .arg(
            Arg::new("format")
                .short('f')
                .long("format")
                .value_name("FORMAT")
                .value_parser(["text", "json"])
                .default_value("text")
                .help("How the answer is written"),
        )
        .arg(Arg::new("pretty").long("pretty").action(ArgAction::SetTrue).help("Indent JSON"))
        .arg(
            Arg::new("list")
                .long("list")
                .action(ArgAction::SetTrue)
                .help("Name the running services, their process ids and sockets"),
        )
        .arg(
            Arg::new("command")
                .value_name("COMMAND")
                .required_unless_present("list")
                .num_args(1..)
                .trailing_var_arg(true)
                .allow_hyphen_values(true)
                .help("The command and its arguments"),
        )
}

fn run(matches: &ArgMatches, _: Position) -> Outcome {
    let format = match matches.get_one::<String>("format").map(String::as_str) {
        Some("json") => Format::Json,
        _ => Format::Text,
    };
    let pretty = matches.get_flag("pretty");
    if pretty && format == Format::Text {
        return message::usage("--pretty is for --format json");
    }
    let words: Vec<String> = matches.get_many("command").into_iter().flatten().cloned().collect();
    if let Some(option) = words.first().filter(|word| word.starts_with('-')) {
        return message::usage(format_args!("unexpected argument '{option}' found; see tidegate ctl --help"));
    }
    let directories = RunDirectories::of_this_user();
    if matches.get_flag("list") {
        return list(&directories, format, pretty);
    }
    let target = matches.get_one::<Target>("target");
    let socket = match directories.find(target) {
        Ok(socket) => socket,
        Err(error) => return message::failure(error),
    };
    let seconds = matches.get_one::<u64>("timeout").copied().filter(|&seconds| seconds > 0);
    let Some((command, arguments)) = words.split_first() else {
        return Outcome::Usage;
    };
    match ask(&socket, seconds.map(Duration::from_secs), format, command, arguments) {
        Ok(Ok(answer)) => {
            print_answer(&answer, pretty);
            Outcome::Success
        }
        Ok(Err(error)) => {
            let service = target.map_or_else(|| socket.display().to_string(), ToString::to_string);
            message::verbatim_error(&error);
            message::usage(format_args!("{service}: server returned an error"))
        }
        Err(ClientError::TimedOut) => {
            message::error(format_args!("no answer from {} in time", socket.display()));
            die_of_alarm()
        }
        Err(error) => message::failure(message::chain(&error)),
    }
}

/// The service's answer or its error.
fn ask(
    socket: &Path,
    time_limit: Option<Duration>,
    format: Format,
    command: &str,
    arguments: &[String],
) -> Result<Result<Value, String>, ClientError> {
    let mut client = Client::connect(socket, time_limit)?;
    if format == Format::Json
        && let Err(error) = client.set_format(format)?
    {
        return Ok(Err(error));
    }
    client.call(command, arguments)
}

/// A text as it is, anything else as JSON.
fn print_answer(answer: &Value, pretty: bool) {
    match answer {
        Value::String(text) if text.is_empty() => {}
        Value::String(text) => message::line(text.strip_suffix('\n').unwrap_or(text)),
        value if pretty => message::line(format_args!("{value:#}")),
        value => message::line(value),
    }
}

fn list(directories: &RunDirectories, format: Format, pretty: bool) -> Outcome {
    let services = directories.services();
    if format == Format::Json {
        let describe = |service: &control::client::ServiceSocket| {
            serde_json::json!({
                "name": service.name,
                "process": service.process,
                "socket": service.path.display().to_string(),
            })
        };
        print_answer(&services.iter().map(describe).collect(), pretty);
        return Outcome::Success;
    }
    for service in services {
        let process = service.process.map_or_else(|| "-".to_owned(), |process| process.to_string());
        message::line(format_args!("{:<12} {process:>8} {}", service.name, service.path.display()));
    }
    Outcome::Success
}

/// Ends as a program does whose alarm has rung. Where that signal is ignored: as one that failed.
fn die_of_alarm() -> Outcome {
    let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::ALARM);
    Outcome::Failure
}
