//! What a command line says of the log: plain data, checked and then applied as a whole.
//!
//! Cost: none after the start.

use std::env;
use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::syslog::JOURNAL_SOCKET;
use super::{Logging, SpecificationError, SyslogMethod, UnsupportedSyslogMethod};

/// What the console shows unless it is told otherwise: what an operator must know.
const CONSOLE_LEVEL: &str = "console:warn";

/// The line that a log of JSON objects consists of.
const JSON_PATTERN: &str = "%j";

/// Who may look into the directory that is made for log files.
const DIRECTORY_MODE: u32 = 0o755;

/// The options of the log, as a service is started with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Each `-v SPEC` in order; the empty text for `-v` alone.
    pub levels: Vec<String>,
    /// `--log-file[=FILE]`.
    pub file: LogFileOption,
    /// `--syslog-method=METHOD`.
    pub syslog_method: Option<String>,
    /// `--log-format`.
    pub format: LogFormat,
}

/// Whether there is a log file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LogFileOption {
    /// None.
    #[default]
    None,
    /// `NAME.log` in the log directory, which is made if it is missing.
    Usual,
    /// This one. Use [`LogFileOption::at`], so that the name holds wherever the process goes.
    At(PathBuf),
}

impl LogFileOption {
    /// The file of that name; a relative one is below the directory of this moment.
    ///
    /// # Errors
    /// When the name is empty, or there is no directory of this moment.
    pub fn at(path: &Path) -> io::Result<Self> {
        std::path::absolute(path).map(Self::At)
    }
}

/// How lines on the console and in the file look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// Each message as one JSON object.
    Json,
}

/// What the options depend on besides what they say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogEnvironment {
    /// Where log files usually are.
    pub directory: PathBuf,
    /// `OVS_SYSLOG_METHOD`: the method when no option names one.
    pub syslog_method: Option<String>,
    /// journald's socket, if standard error goes to journald.
    pub journal: Option<PathBuf>,
}

impl LogEnvironment {
    /// The environment of this process, by its variables and its standard error.
    #[must_use]
    pub fn of_this_process() -> Self {
        let stream = env::var("JOURNAL_STREAM").ok();
        let stderr = rustix::fs::fstat(io::stderr()).ok().map(|file| (file.st_dev, file.st_ino));
        let to_journal = stream.zip(stderr).is_some_and(|(stream, stderr)| journal_stream(&stream) == Some(stderr));
        Self {
            directory: directory(|name| env::var_os(name), rustix::process::geteuid().is_root()),
            syslog_method: env::var("OVS_SYSLOG_METHOD").ok().filter(|method| !method.is_empty()),
            journal: to_journal.then(|| JOURNAL_SOCKET.into()),
        }
    }
}

/// Device and inode in `JOURNAL_STREAM`, of the socket that journald has made for a service (systemd.exec(5)).
fn journal_stream(text: &str) -> Option<(u64, u64)> {
    let (device, inode) = text.split_once(':')?;
    Some((device.parse().ok()?, inode.parse().ok()?))
}

/// `TIDEGATE_LOGDIR`; else the system's directory for root, and below `XDG_STATE_HOME` (by default `~/.local/state`) for
/// others.
fn directory(variable: impl Fn(&str) -> Option<OsString>, is_root: bool) -> PathBuf {
    let variable = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(directory) = variable("TIDEGATE_LOGDIR") {
        return directory;
    }
    let state = variable("XDG_STATE_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/state")));
    match state {
        Some(state) if !is_root => state.join("tidegate/log"),
        _ => "/var/log/tidegate".into(),
    }
}

/// What is wrong with the options of the log, as one line without the program's name.
#[derive(Debug, Error)]
pub enum LogOptionsError {
    /// A specification of `-v`.
    #[error("processing \"{text}\": {reason}")]
    Specification {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: SpecificationError,
    },
    /// `--syslog-method`, or the variable in its place.
    #[error(transparent)]
    SyslogMethod(#[from] UnsupportedSyslogMethod),
    /// There is no way to the system's log.
    #[error("cannot open a socket to the system's log: {0}")]
    Syslog(io::Error),
    /// The log directory is missing and cannot be made.
    #[error("cannot make log directory {}: {reason}", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        reason: io::Error,
    },
    /// The log file cannot be opened.
    #[error("cannot open log file {}: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: io::Error,
    },
}

impl LogOptions {
    /// The file that is logged to, if there is one.
    #[must_use]
    pub fn path(&self, name: &str, environment: &LogEnvironment) -> Option<PathBuf> {
        match &self.file {
            LogFileOption::None => None,
            LogFileOption::Usual => Some(environment.directory.join(format!("{name}.log"))),
            LogFileOption::At(path) => Some(path.clone()),
        }
    }

    /// Makes `logging` the log of the service `name` that the options ask for. Modules that a specification may name have
    /// to be [declared](Logging::declare) before.
    ///
    /// # Errors
    /// [`LogOptionsError`]. Levels are changed all or none, and the file comes last.
    pub fn apply(&self, logging: &Logging, name: &str, environment: &LogEnvironment) -> Result<(), LogOptionsError> {
        let method = self.syslog_method.as_ref().or(environment.syslog_method.as_ref());
        let method = method.map(|text| text.parse::<SyslogMethod>()).transpose()?;
        for text in &self.levels {
            let specification = |reason| LogOptionsError::Specification { text: text.clone(), reason };
            logging.check(&level_specification(text)).map_err(specification)?;
        }
        let mut specifications = vec![CONSOLE_LEVEL.to_owned()];
        if self.format == LogFormat::Json {
            specifications.extend(["console", "file"].map(|name| format!("PATTERN:{name}:{JSON_PATTERN}")));
        }
        specifications.extend(self.levels.iter().map(|text| level_specification(text)));
        logging
            .apply_all(&specifications)
            .map_err(|reason| LogOptionsError::Specification { text: specifications.join(" "), reason })?;
        if let Some(method) = method {
            logging.set_syslog(method).map_err(LogOptionsError::Syslog)?;
        }
        if let Some(socket) = &environment.journal {
            logging.send_console_to_journal(socket).map_err(LogOptionsError::Syslog)?;
        }
        if let Some(path) = self.path(name, environment) {
            if self.file == LogFileOption::Usual {
                make_directory(&environment.directory)?;
            }
            logging.open_file(&path).map_err(|reason| LogOptionsError::File { path, reason })?;
        }
        Ok(())
    }

    /// The options as a command line says them, for a process that is started by this one in whatever directory.
    #[must_use]
    pub fn to_arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = self.levels.iter().map(|text| option("verbose", text.as_ref())).collect();
        match &self.file {
            LogFileOption::None => {}
            LogFileOption::Usual => arguments.push(option("log-file", "".as_ref())),
            LogFileOption::At(path) => arguments.push(option("log-file", path.as_os_str())),
        }
        if let Some(method) = &self.syslog_method {
            arguments.push(option("syslog-method", method.as_ref()));
        }
        if self.format == LogFormat::Json {
            arguments.push("--log-format=json".into());
        }
        arguments
    }
}

/// `--NAME`, or `--NAME=VALUE` when there is a value.
fn option(name: &str, value: &std::ffi::OsStr) -> OsString {
    let mut text = OsString::from(format!("--{name}"));
    if !value.is_empty() {
        text.push("=");
        text.push(value);
    }
    text
}

/// `-v` alone is everything at DBG, as a specification without a level is; `-vv` and more is everything there is.
fn level_specification(text: &str) -> String {
    if !text.is_empty() && text.bytes().all(|byte| byte == b'v') { "trace".to_owned() } else { text.to_owned() }
}

fn make_directory(path: &Path) -> Result<(), LogOptionsError> {
    let make = DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(path);
    make.map_err(|reason| LogOptionsError::Directory { path: path.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::net::UnixDatagram;

    use super::*;
    use crate::testing::{Console, Directory, PATIENCE, with_log};

    fn levels(texts: &[&str]) -> LogOptions {
        LogOptions { levels: texts.iter().map(ToString::to_string).collect(), ..LogOptions::default() }
    }

    /// What a log with these options shows of a message of each kind on its console.
    fn console_of(options: &LogOptions, environment: &LogEnvironment) -> Result<String, String> {
        let console = Console::default();
        let logging = Logging::with_console("target", Box::new(console.clone()));
        logging.declare(&["a"]);
        logging.apply("PATTERN:any:%c %p %m").unwrap();
        options.apply(&logging, "target", environment).map_err(|error| error.to_string())?;
        with_log(&logging, || {
            tracing::warn!(target: "a", "warning");
            tracing::info!(target: "a", "information");
            tracing::debug!(target: "b", "debugging");
            tracing::trace!(target: "b", "trace");
        });
        Ok(console.take())
    }

    fn environment(directory: &Directory) -> LogEnvironment {
        LogEnvironment { directory: directory.join("log"), ..LogEnvironment::default() }
    }

    #[test]
    fn f02_the_console_shows_warnings_and_each_option_changes_what_is_shown() {
        for (texts, expected) in [
            (&[][..], "a WARN warning\n"),
            (&[""], "a WARN warning\na INFO information\nb DBG debugging\n"),
            (&["vv"], "a WARN warning\na INFO information\nb DBG debugging\nb TRACE trace\n"),
            (&["file:dbg"], "a WARN warning\n"),
            (&["A:info"], "a WARN warning\na INFO information\n"),
            (&["dbg", "a:console:off"], "b DBG debugging\n"),
        ] {
            let shown = console_of(&levels(texts), &LogEnvironment::default()).unwrap();
            assert_eq!(shown, expected, "{texts:?}");
        }
    }

    #[test]
    fn f02_a_wrong_option_is_named_as_it_was_given() {
        for (texts, expected) in [
            (&["dbg", "colour"][..], r#"processing "colour": no destination, level, or module "colour""#),
            (&["dbg:err"], r#"processing "dbg:err": cannot specify multiple levels"#),
            (&["PATTERN:xx:y"], r#"processing "PATTERN:xx:y": unknown destination "xx""#),
        ] {
            assert_eq!(console_of(&levels(texts), &LogEnvironment::default()), Err(expected.to_owned()));
        }
    }

    #[test]
    fn f09_the_method_of_the_variable_counts_when_there_is_no_option() {
        let with = |option: Option<&str>, variable: Option<&str>| {
            let options = LogOptions { syslog_method: option.map(Into::into), ..LogOptions::default() };
            let environment = LogEnvironment { syslog_method: variable.map(Into::into), ..LogEnvironment::default() };
            console_of(&options, &environment)
        };
        let error = with(None, Some("x")).unwrap_err();
        assert!(error.starts_with("unsupported syslog method 'x'"), "{error}");
        with(Some("null"), Some("x")).unwrap();
        let error = with(Some("y"), Some("null")).unwrap_err();
        assert!(error.starts_with("unsupported syslog method 'y'"), "{error}");
    }

    #[test]
    fn json_is_one_object_a_line_on_the_console_and_in_the_file() {
        let directory = Directory::new();
        let path = directory.join("a.log");
        let options =
            LogOptions { format: LogFormat::Json, file: LogFileOption::at(&path).unwrap(), ..LogOptions::default() };
        let console = console_of(&options, &LogEnvironment::default()).unwrap();
        for text in [console, fs::read_to_string(&path).unwrap()] {
            let messages: Vec<serde_json::Value> =
                text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert!(messages.iter().any(|message| message["message"] == "warning"), "{text}");
        }
    }

    #[test]
    fn f06_the_usual_file_has_the_name_of_the_service_and_its_directory_is_made() {
        let directory = Directory::new();
        let environment = environment(&directory);
        let options = LogOptions { file: LogFileOption::Usual, ..LogOptions::default() };
        console_of(&options, &environment).unwrap();
        let text = fs::read_to_string(directory.join("log/target.log")).unwrap();
        assert!(text.contains("a INFO information"), "{text}");

        fs::write(directory.join("file"), "").unwrap();
        let environment = LogEnvironment { directory: directory.join("file/log"), ..environment };
        let error = console_of(&options, &environment).unwrap_err();
        let start = format!("cannot make log directory {}: ", environment.directory.display());
        assert!(error.starts_with(&start), "{error}");
        let options = LogOptions { file: LogFileOption::At("/nowhere/a.log".into()), ..options };
        let error = console_of(&options, &environment).unwrap_err();
        assert!(error.starts_with("cannot open log file /nowhere/a.log: No such file"), "{error}");
    }

    #[test]
    fn the_log_directory_follows_the_environment() {
        let choose = |variables: &[(&str, &str)], is_root| {
            let find = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
            directory(find, is_root)
        };
        let state = ("XDG_STATE_HOME", "/state");
        assert_eq!(choose(&[("TIDEGATE_LOGDIR", "/logs"), state], true), Path::new("/logs"));
        assert_eq!(choose(&[state], true), Path::new("/var/log/tidegate"));
        assert_eq!(choose(&[state], false), Path::new("/state/tidegate/log"));
        assert_eq!(
            choose(&[("HOME", "/people/u"), ("TIDEGATE_LOGDIR", "")], false),
            Path::new("/people/u/.local/state/tidegate/log")
        );
        assert_eq!(choose(&[], false), Path::new("/var/log/tidegate"));
    }

    #[test]
    fn f09_a_console_that_is_journald_gets_fields_and_falls_back_to_lines() {
        let directory = Directory::new();
        let socket = directory.join("journal");
        let journal = UnixDatagram::bind(&socket).unwrap();
        journal.set_read_timeout(Some(PATIENCE)).unwrap();
        let environment = LogEnvironment { journal: Some(socket.clone()), ..LogEnvironment::default() };
        assert_eq!(console_of(&LogOptions::default(), &environment), Ok(String::new()));
        let mut bytes = [0; 1024];
        let length = journal.recv(&mut bytes).unwrap();
        assert!(bytes[..length].starts_with(b"MESSAGE=warning\nPRIORITY=4\n"));

        drop(journal);
        assert_eq!(console_of(&LogOptions::default(), &environment), Ok("a WARN warning\n".into()));
    }

    #[test]
    fn the_stream_of_journald_is_told_by_device_and_inode() {
        assert_eq!(journal_stream("8:1234"), Some((8, 1234)));
        for text in ["", "8", "8:x", "8:1:2"] {
            assert_eq!(journal_stream(text), None, "{text}");
        }
    }

    #[test]
    fn defect_18_arguments_say_the_same_wherever_they_are_read() {
        let options = LogOptions {
            levels: vec![String::new(), "a:dbg".into()],
            file: LogFileOption::at(Path::new("logs/a b.log")).unwrap(),
            syslog_method: Some("null".into()),
            format: LogFormat::Json,
        };
        let file = format!("--log-file={}/logs/a b.log", env::current_dir().unwrap().display());
        let expected = ["--verbose", "--verbose=a:dbg", &file, "--syslog-method=null", "--log-format=json"];
        assert_eq!(options.to_arguments(), expected);
        assert_eq!(LogOptions { file: LogFileOption::Usual, ..LogOptions::default() }.to_arguments(), ["--log-file"]);
    }
}
