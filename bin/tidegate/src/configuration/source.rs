//! Where in which file something is wrong.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;

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

/// The text of a configuration, and the file that it is from.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Source {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, ConfigurationError> {
        let mut source = Self { path: path.to_owned(), text: String::new() };
        source.text = std::fs::read_to_string(path)
            .map_err(|error| source.error(None, format_args!("cannot read it: {error}")))?;
        Ok(source)
    }

    /// Something is wrong in that range of the text, or with it as a whole.
    pub(super) fn error(&self, span: Option<Range<usize>>, problem: impl fmt::Display) -> ConfigurationError {
        let line = |offset| self.text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1;
        ConfigurationError {
            path: self.path.clone(),
            line: span.map(|span| line(span.start)),
            problem: problem.to_string(),
        }
    }

    /// What the TOML parser found wrong.
    pub(super) fn unreadable(&self, error: &toml::de::Error) -> ConfigurationError {
        self.error(error.span(), error.message().lines().collect::<Vec<_>>().join("; "))
    }
}

/// One section of a configuration: what its errors say of where they are.
#[derive(Debug)]
pub(crate) struct Place<'s> {
    pub(super) source: &'s Source,
    /// The section's key.
    pub(super) key: &'static str,
    pub(super) span: Range<usize>,
}

impl Place<'_> {
    /// One value of the section is wrong. `key` is its key below the section's.
    pub(crate) fn at<T>(&self, value: &Spanned<T>, key: &str, problem: impl fmt::Display) -> ConfigurationError {
        self.source.error(Some(value.span()), format_args!("{}.{key}: {problem}", self.key))
    }

    /// What the section lacks, or has without a place of its own.
    pub(crate) fn at_section(&self, key: &str, problem: impl fmt::Display) -> ConfigurationError {
        self.source.error(Some(self.span.clone()), format_args!("{}.{key}: {problem}", self.key))
    }
}
