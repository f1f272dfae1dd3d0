//! The configuration file: what `up` runs and `check` examines.
//!
//! TOML, a section per service. Unknown keys are errors: a misspelt key that is ignored is a service that does
//! something else than its owner thinks. Each error names file, line and key.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

/// A whole configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Configuration {
    /// The NVMe/TCP target, if there is to be one.
    pub(crate) target: Option<TargetSection>,
}

/// `[target]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetSection {
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

/// A configuration that passed its checks, together with what is needed to say where in it something is wrong.
#[derive(Debug)]
pub(crate) struct Loaded {
    path: PathBuf,
    text: String,
    target: TargetSection,
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

    /// Parses the text of a configuration that is part of the program.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn built_in(text: &str) -> Result<Self, ConfigurationError> {
        Self::parse(Path::new("(built-in configuration)"), text.to_owned())
    }

    /// The section `[target]`.
    pub(crate) fn target(&self) -> &TargetSection {
        &self.target
    }

    fn parse(path: &Path, text: String) -> Result<Self, ConfigurationError> {
        let error = |line, problem| ConfigurationError { path: path.to_owned(), line, problem };
        let configuration: Configuration = toml::from_str(&text).map_err(|source| {
            let line = source.span().map(|span| line_at(&text, span.start));
            error(line, source.message().lines().collect::<Vec<_>>().join("; "))
        })?;
        let Some(target) = configuration.target else {
            return Err(error(None, "no service is configured; add a section [target]".into()));
        };
        if target.listen.is_empty() {
            let hint = format!("target.listen: is empty; name at least one address, such as \"{LISTEN_DEFAULT}\"");
            return Err(error(None, hint));
        }
        Ok(Self { path: path.to_owned(), text, target })
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
        assert_eq!(loaded.target().listen, [LISTEN_DEFAULT.parse().unwrap()]);
        assert_eq!(loaded.target().discovery, [DISCOVERY_DEFAULT.parse().unwrap()]);
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
        assert!(text.starts_with("t.toml: target.listen: "), "{text}");
    }

    #[test]
    fn a_value_is_pointed_at_by_its_line() {
        let loaded = parse("[target]\ndevices = [\n  \"memory:1M\",\n  \"memory:x\",\n]\n").unwrap();
        let error = loaded.at(&loaded.target().devices[1], "target.devices", "bad");
        assert_eq!(error.to_string(), "t.toml:4: target.devices: bad");
    }
}
