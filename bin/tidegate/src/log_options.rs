//! What every service takes on the command line and in its `service` section about its log.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use control::log::{LogEnvironment, LogFileOption, LogFormat, LogOptions, LogOptionsError, Logging, SyslogMethod};
use daemon::Failure;
use daemon::service::Inheritance;

use crate::configuration::{ConfigurationError, Place, ServiceSection};

/// The heading of these options in the help text.
const HEADING: &str = "Log options";

/// What specifications can name from the start; finer modules become known as they speak.
const MODULES: &[&str] = &[
    "bench_remote",
    "block",
    "control",
    "daemon",
    "nvme_host",
    "nvme_target",
    "radio_library",
    "radio_media",
    "radio_server",
    "radio_stream",
    "tidegate",
];

/// `-v`, `--log-file`, `--syslog-method` and `--log-format`. The command line has to go through
/// [`attach_levels`] before it is parsed.
pub(crate) fn arguments() -> Vec<Arg> {
    let arguments = vec![
        levels_argument(),
        Arg::new("log-file")
            .long("log-file")
            .value_name("FILE")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("")
            .overrides_with("log-file")
            .value_parser(value_parser!(OsString))
            .help("Log to FILE as well; alone: NAME.log in $TIDEGATE_LOGDIR, /var/log/tidegate or $XDG_STATE_HOME"),
        Arg::new("syslog-method").long("syslog-method").value_name("METHOD").value_parser(syslog_method).help(
            "Log to the system's log as well: libc, null, unix:PATH, udp:IP:PORT, journald [env: OVS_SYSLOG_METHOD]",
        ),
        Arg::new("log-format")
            .long("log-format")
            .value_name("text|json")
            .value_parser(["text", "json"])
            .default_value("text")
            .help("How lines on standard error and in the file look"),
    ];
    arguments.into_iter().map(|argument| argument.help_heading(HEADING)).collect()
}

/// `-v`, for a tool that logs to standard error only.
pub(crate) fn levels_argument() -> Arg {
    Arg::new("verbose")
        .short('v')
        .long("verbose")
        .value_name("SPEC")
        .action(ArgAction::Append)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("")
        .help("What is logged where, such as nvme_target:file:dbg; alone: everything; may be repeated (see vlog/set)")
}

/// The text of a method, known to be one.
fn syslog_method(text: &str) -> Result<String, control::log::UnsupportedSyslogMethod> {
    text.parse::<SyslogMethod>().map(|_| text.to_owned())
}

/// What the command line says of the log. A relative file name is resolved now.
///
/// # Errors
/// When there is no working directory for a relative name to be below.
pub(crate) fn from_matches(matches: &ArgMatches) -> std::io::Result<LogOptions> {
    Ok(LogOptions {
        levels: matches.get_many::<String>("verbose").into_iter().flatten().cloned().collect(),
        file: match matches.get_one::<OsString>("log-file") {
            None => LogFileOption::None,
            Some(path) if path.is_empty() => LogFileOption::Usual,
            Some(path) => LogFileOption::at(Path::new(path))?,
        },
        syslog_method: matches.get_one("syslog-method").cloned(),
        format: match matches.get_one::<String>("log-format").map(String::as_str) {
            Some("json") => LogFormat::Json,
            _ => LogFormat::Text,
        },
    })
}

/// What the section `service` of a configuration says of the log.
///
/// # Errors
/// A specification that is wrong, with its line and key.
pub(crate) fn from_section(place: &Place<'_>, section: &ServiceSection) -> Result<LogOptions, ConfigurationError> {
    let logging = Logging::new("check");
    logging.declare(MODULES);
    for specification in &section.log {
        logging.check(specification.get_ref()).map_err(|error| place.at(specification, "service.log", error))?;
    }
    Ok(LogOptions {
        levels: section.log.iter().map(|specification| specification.get_ref().clone()).collect(),
        file: match &section.log_file {
            None => LogFileOption::None,
            Some(path) => LogFileOption::At(path.clone()),
        },
        ..LogOptions::default()
    })
}

/// Makes the log of service `name` that of this process.
///
/// # Errors
/// One line; a wrong specification is wrong usage.
pub(crate) fn start(options: &LogOptions, name: &str) -> Result<Logging, Failure> {
    let logging = Logging::new(name);
    logging.declare(MODULES);
    logging.install().map_err(Failure::running)?;
    options.apply(&logging, name, &LogEnvironment::of_this_process()).map_err(|error| match error {
        LogOptionsError::Specification { .. } | LogOptionsError::SyslogMethod(_) => Failure::usage(error),
        _ => Failure::running(error),
    })?;
    Ok(logging)
}

/// Makes `-vSPEC` a `-v=SPEC`, up to `--`: clap takes the optional value of a short option in that form only, and would
/// read `-vdbg` as four options and `-v FILE` as an option with a value.
pub(crate) fn attach_levels(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut options_end = false;
    let attach = |argument: OsString| {
        options_end |= argument == OsStr::new("--");
        match argument.as_bytes().strip_prefix(b"-v") {
            Some(specification) if !options_end && !specification.is_empty() && specification[0] != b'=' => {
                OsString::from_vec([b"-v=", specification].concat())
            }
            _ => argument,
        }
    };
    arguments.into_iter().map(attach).collect()
}

/// What the processes that a service starts are told of its log and its sandbox.
pub(crate) fn inheritance(options: &LogOptions, logging: &Logging, service: &daemon::Options) -> Inheritance {
    Inheritance { log_arguments: options.to_arguments(), logging: logging.clone(), sandbox: service.sandbox.clone() }
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    fn parse(words: &[&str]) -> Result<(LogOptions, Vec<String>), String> {
        let command = Command::new("x").args(arguments()).arg(Arg::new("word").num_args(0..));
        let arguments = attach_levels(["x"].iter().chain(words).map(OsString::from));
        let matches = command.try_get_matches_from(arguments).map_err(|error| error.to_string())?;
        let words = matches.get_many::<String>("word").into_iter().flatten().cloned().collect();
        Ok((from_matches(&matches).unwrap(), words))
    }

    #[test]
    fn f02_a_level_is_attached_or_missing_and_never_the_next_word() {
        let levels = |arguments: &[&str]| {
            let (options, words) = parse(arguments).unwrap();
            (options.levels, words)
        };
        let expected = |texts: &[&str], words: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
            (owned(texts), owned(words))
        };
        assert_eq!(levels(&["-v", "a", "-vdbg", "b"]), expected(&["", "dbg"], &["a", "b"]));
        assert_eq!(levels(&["-v", "-vv", "--verbose"]), expected(&["", "v", ""], &[]));
        assert_eq!(
            levels(&["--verbose=a:file:dbg", "-v=PATTERN:file:%m"]),
            expected(&["a:file:dbg", "PATTERN:file:%m"], &[])
        );
        assert_eq!(levels(&["-vdbg", "--", "-vdbg"]), expected(&["dbg"], &["-vdbg"]));
    }

    #[test]
    fn f06_the_last_of_two_files_wins_and_a_relative_one_is_resolved() {
        let file = |arguments: &[&str]| parse(arguments).unwrap().0.file;
        assert_eq!(file(&[]), LogFileOption::None);
        assert_eq!(file(&["--log-file", "word"]), LogFileOption::Usual);
        let here = std::env::current_dir().unwrap();
        assert_eq!(file(&["--log-file=/a", "--log-file=b/c"]), LogFileOption::At(here.join("b/c")));
    }

    #[test]
    fn f09_methods_and_formats_are_checked_while_the_line_is_read() {
        let (options, _) = parse(&["--syslog-method=udp:127.0.0.1:514", "--log-format=json"]).unwrap();
        assert_eq!((options.syslog_method.as_deref(), options.format), (Some("udp:127.0.0.1:514"), LogFormat::Json));
        let error = parse(&["--syslog-method=x"]).unwrap_err();
        assert!(error.contains("unsupported syslog method 'x'"), "{error}");
        assert!(parse(&["--log-format=xml"]).is_err());
    }

    #[test]
    fn what_a_service_is_started_with_by_its_supervisor_is_read_as_it_was_meant() {
        let options = LogOptions {
            levels: vec![String::new(), "dbg".into(), "PATTERN:file:%m %p".into()],
            file: LogFileOption::Usual,
            syslog_method: Some("null".into()),
            format: LogFormat::Json,
        };
        let arguments = options.to_arguments();
        let arguments: Vec<_> = arguments.iter().map(|argument| argument.to_str().unwrap()).collect();
        assert_eq!(parse(&arguments).unwrap(), (options, Vec::new()));
    }
}
