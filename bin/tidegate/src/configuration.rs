//! The configuration file: what `up` runs and `check` examines.
//!
//! TOML, a section per service; a section that is an array (`[[target]]`) makes several services, told apart by `name`.
//! Unknown keys are errors: a misspelt key that is ignored is a service that does something else than its owner thinks.
//! Each error names file, line and key.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

/// `[up]`: the supervisor itself.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpSection {
    /// What services do when their supervisor has died: end (`stop`, the default), or go on until the next takes them over.
    #[serde(default)]
    pub(crate) orphans: daemon::Orphans,
}

/// `[target]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetSection {
    /// The service's name.
    pub(crate) name: Option<Spanned<String>>,
    /// Addresses of the I/O controllers.
    #[serde(default = "default_listen")]
    pub(crate) listen: Vec<SocketAddr>,
    /// Addresses of the discovery service. Empty: it is reached at `listen` only.
    #[serde(default = "default_discovery")]
    pub(crate) discovery: Vec<SocketAddr>,
    /// The subsystem's NQN.
    pub(crate) nqn: Option<Spanned<String>>,
    /// The namespaces' devices; the first is namespace 1.
    pub(crate) devices: Vec<Spanned<String>>,
    /// Cores to bind a thread to each. Absent: a thread for each core, not bound.
    #[serde(default)]
    pub(crate) cores: Vec<usize>,
    /// Microseconds that an idle thread looks for work before it sleeps.
    pub(crate) spin_us: Option<u64>,
    /// Send buffer of each connection, in bytes.
    pub(crate) send_buffer_bytes: Option<usize>,
    /// Congestion control of each connection.
    pub(crate) congestion_control: Option<String>,
    /// How it is kept alive.
    #[serde(default)]
    pub(crate) service: ServiceSection,
}

/// `[target.service]`, and the same for every other service: how it is kept alive, and as whom.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceSection {
    /// `USER[:GROUP]` to become once everything is open.
    pub(crate) user: Option<Spanned<String>>,
    /// A log file of its own.
    pub(crate) log_file: Option<PathBuf>,
    /// Levels and patterns of its log, as `-v` takes them.
    #[serde(default)]
    pub(crate) log: Vec<Spanned<String>>,
    /// Layers of the sandbox that are off.
    #[serde(default)]
    pub(crate) sandbox_off: Vec<Spanned<String>>,
    /// Seconds from the start to readiness; then it counts as crashed. Absent: no limit.
    pub(crate) start_timeout_s: Option<Seconds>,
    /// Seconds to end in when asked; then it is killed. Default 10.
    pub(crate) stop_timeout_s: Option<Seconds>,
    /// Seconds without a sign of life after which it is killed and started again. Default 30; 0: none are asked for.
    pub(crate) watchdog_s: Option<Seconds>,
    /// When it is started again.
    #[serde(default)]
    pub(crate) restart: RestartSection,
}

/// `[target.service.restart]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestartSection {
    /// Signals, such as `SEGV`, after which it is started again. Default: those of faults and of the out-of-memory killer.
    pub(crate) signals: Option<Spanned<Vec<String>>>,
    /// Exit statuses after which it is started again. Default: none.
    pub(crate) statuses: Option<Vec<u8>>,
    /// Seconds before the second restart in a row; doubles with each further one. Default 1.
    pub(crate) throttle_s: Option<Seconds>,
    /// Where the doubling ends, in seconds. Default 60.
    pub(crate) throttle_limit_s: Option<Seconds>,
    /// Crashes in a row after which it is given up. Default: never.
    pub(crate) give_up_after: Option<u32>,
    /// Seconds of health after which a crash counts as the first again. Default 60.
    pub(crate) healthy_after_s: Option<Seconds>,
}

/// A time, in seconds, which may have a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub(crate) struct Seconds(pub(crate) std::time::Duration);

impl TryFrom<f64> for Seconds {
    type Error = &'static str;

    fn try_from(seconds: f64) -> Result<Self, Self::Error> {
        std::time::Duration::try_from_secs_f64(seconds).map(Self).map_err(|_| "expected seconds, 0 or more")
    }
}

/// The default address of the I/O controllers.
pub(crate) const LISTEN_DEFAULT: &str = "127.0.0.1:4420";
/// The default address of the discovery service.
pub(crate) const DISCOVERY_DEFAULT: &str = "127.0.0.1:8009";

fn default_listen() -> Vec<SocketAddr> {
    LISTEN_DEFAULT.parse().into_iter().collect()
}

fn default_discovery() -> Vec<SocketAddr> {
    DISCOVERY_DEFAULT.parse().into_iter().collect()
}

/// A configuration that cannot be used: one line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConfigurationError {
    path: PathBuf,
    line: Option<usize>,
    problem: String,
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        write!(formatter, ": {}", self.problem)
    }
}

impl std::error::Error for ConfigurationError {}

/// A file with one section of each kind, and the same with arrays of sections. Which of the two a file is shows in its
/// syntax, so that an error is told about what was written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    #[serde(default)]
    up: UpSection,
    target: Option<Spanned<TargetSection>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Many {
    #[serde(default)]
    up: UpSection,
    #[serde(default)]
    target: Vec<Spanned<TargetSection>>,
}

/// A configuration that passed its checks, together with what is needed to say where in it something is wrong.
#[derive(Debug)]
pub(crate) struct Loaded {
    path: PathBuf,
    text: String,
    up: UpSection,
    targets: Vec<Named<TargetSection>>,
}

/// The section of one service.
#[derive(Debug)]
struct Named<T> {
    name: String,
    section: Spanned<T>,
    /// The section without its comments and its place in the file.
    fingerprint: String,
}

impl Loaded {
    /// Reads and parses a file.
    ///
    /// # Errors
    /// When the file cannot be read, is no TOML, has an unknown key or a value of the wrong type.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigurationError> {
        let error = |line, problem| ConfigurationError { path: path.to_owned(), line, problem };
        let text = std::fs::read_to_string(path).map_err(|source| error(None, format!("cannot read it: {source}")))?;
        Self::parse(path, text)
    }

    /// Parses a text that was read from `path`, now or by the supervisor; the path is for errors.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn parse(path: &Path, text: String) -> Result<Self, ConfigurationError> {
        let error = |line, problem| ConfigurationError { path: path.to_owned(), line, problem };
        let table: toml::Table = deserialize(path, &text)?;
        let (up, sections) = if table.get("target").is_some_and(toml::Value::is_array) {
            let Many { up, target } = deserialize(path, &text)?;
            (up, target)
        } else {
            let One { up, target } = deserialize(path, &text)?;
            (up, target.into_iter().collect())
        };
        if sections.is_empty() {
            return Err(error(None, "no service is configured; add a section [target]".into()));
        }
        let mut loaded = Self { path: path.to_owned(), text, up, targets: Vec::new() };
        for (index, section) in sections.into_iter().enumerate() {
            let name = loaded.name_of(&section)?;
            let value = table.get("target").map(|value| value.get(index).unwrap_or(value));
            let fingerprint = value.map(ToString::to_string).unwrap_or_default();
            loaded.targets.push(Named { name, section, fingerprint });
        }
        Ok(loaded)
    }

    fn name_of(&self, section: &Spanned<TargetSection>) -> Result<String, ConfigurationError> {
        let target = section.get_ref();
        if target.listen.is_empty() {
            let hint = format!("is empty; name at least one address, such as \"{LISTEN_DEFAULT}\"");
            return Err(self.at(section, "target.listen", hint));
        }
        let name = target.name.as_ref().map_or("target", |name| name.get_ref().as_str());
        let at_name = |problem: String| match &target.name {
            Some(name) => self.at(name, "target.name", problem),
            None => self.at(section, "target.name", problem),
        };
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || !name.bytes().all(fits) {
            return Err(at_name(format!("{name:?} is no name; expected letters, digits, - and _")));
        }
        if name == super::commands::UP_NAME || self.targets.iter().any(|other| other.name == name) {
            return Err(at_name(format!("there is another service named {name:?}; give this one a name of its own")));
        }
        Ok(name.to_owned())
    }

    /// `[up]`.
    pub(crate) fn up(&self) -> &UpSection {
        &self.up
    }

    /// The targets, each with its name.
    pub(crate) fn targets(&self) -> impl Iterator<Item = (&str, &TargetSection)> {
        self.targets.iter().map(|target| (target.name.as_str(), target.section.get_ref()))
    }

    /// What is written about one service, by which a change of it is noticed.
    pub(crate) fn fingerprint(&self, name: &str) -> &str {
        self.targets.iter().find(|target| target.name == name).map_or("", |target| target.fingerprint.as_str())
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// An error about one value, with its line.
    pub(crate) fn at<T>(&self, value: &Spanned<T>, key: &str, problem: impl fmt::Display) -> ConfigurationError {
        ConfigurationError {
            path: self.path.clone(),
            line: Some(line_at(&self.text, value.span().start)),
            problem: format!("{key}: {problem}"),
        }
    }
}

fn deserialize<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ConfigurationError> {
    toml::from_str(text).map_err(|source| ConfigurationError {
        path: path.to_owned(),
        line: source.span().map(|span| line_at(text, span.start)),
        problem: source.message().lines().collect::<Vec<_>>().join("; "),
    })
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Loaded, String> {
        Loaded::parse(Path::new("t.toml"), text.to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_minimal_target_has_the_documented_addresses() {
        let loaded = parse("[target]\ndevices = [\"memory:1M\"]\n").unwrap();
        let (name, target) = loaded.targets().next().unwrap();
        assert_eq!(name, "target");
        assert_eq!(target.listen, [LISTEN_DEFAULT.parse().unwrap()]);
        assert_eq!(target.discovery, [DISCOVERY_DEFAULT.parse().unwrap()]);
        assert_eq!(loaded.up().orphans, daemon::Orphans::Stop);
    }

    #[test]
    fn mistakes_are_named_with_file_line_and_key() {
        let error = |text| parse(text).unwrap_err();
        assert_eq!(error(""), "t.toml: no service is configured; add a section [target]");
        let text = error("[target]\ndevices = []\nlisen = [\"127.0.0.1:1\"]\n");
        assert!(text.starts_with("t.toml:3: ") && text.contains("lisen") && text.contains("listen"), "{text}");
        let text = error("[target]\n\nlisten = [\"localhost\"]\ndevices = []\n");
        assert!(text.starts_with("t.toml:3: "), "{text}");
        let text = error("[target]\ndevices = [\n");
        assert!(text.starts_with("t.toml:"), "{text}");
        let text = error("[target]\ndevices = []\nlisten = []\n");
        assert!(text.starts_with("t.toml:1: target.listen: "), "{text}");
        let text = error("[target]\ndevices = []\n[target.service]\nwatchdog_s = -1\n");
        assert!(text.starts_with("t.toml:4: ") && text.contains("0 or more"), "{text}");
        let text = error("[up]\norphans = \"die\"\n[target]\ndevices = []\n");
        assert!(text.starts_with("t.toml:2: ") && text.contains("stop") && text.contains("keep"), "{text}");
    }

    #[test]
    fn several_targets_have_names_of_their_own() {
        let two = "[[target]]\ndevices = []\n[[target]]\nname = \"b\"\ndevices = []\n";
        let names: Vec<String> = parse(two).unwrap().targets().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(names, ["target", "b"]);
        let text = parse("[[target]]\ndevices = []\n[[target]]\ndevices = []\n").unwrap_err();
        assert!(text.starts_with("t.toml:3: target.name: ") && text.contains("\"target\""), "{text}");
        for name in ["", "a/b", "a b", "up"] {
            let text = parse(&format!("[target]\nname = {name:?}\ndevices = []\n")).unwrap_err();
            assert!(text.starts_with("t.toml:2: target.name: "), "{text}");
        }
    }

    #[test]
    fn a_change_shows_in_the_fingerprint_of_its_service_only() {
        let text =
            |spin: u32| format!("[[target]]\ndevices = []\nspin_us = {spin}\n[[target]]\nname = \"b\"\ndevices = []\n");
        let (before, after) = (parse(&text(1)).unwrap(), parse(&text(200)).unwrap());
        assert_ne!(before.fingerprint("target"), after.fingerprint("target"));
        assert_eq!(before.fingerprint("b"), after.fingerprint("b"));
    }

    #[test]
    fn a_value_is_pointed_at_by_its_line() {
        let loaded = parse("[target]\ndevices = [\n  \"memory:1M\",\n  \"memory:x\",\n]\n").unwrap();
        let (_, target) = loaded.targets().next().unwrap();
        let error = loaded.at(&target.devices[1], "target.devices", "bad");
        assert_eq!(error.to_string(), "t.toml:4: target.devices: bad");
    }
}
