//! How the text of a value is read, and which field it sets. One file a kind; an option names one in its entry.

mod between;
mod choice;
mod custom;
mod floats;
mod number;
mod numbers;
mod refused;
mod share;
mod switch;
mod text;
mod time;

use std::fmt;

use thiserror::Error;

pub use between::Between;
pub use floats::Fractions;
pub use share::Share;

pub(super) use between::{between_bytes, between_times, block_sizes_between};
pub(super) use choice::{choice, word};
pub(super) use custom::custom;
pub(super) use floats::floats;
pub(super) use number::number;
pub(super) use numbers::{numbers, numbers_read_write, times_per_direction};
pub(super) use refused::{deprecated, removed, unsupported};
pub(super) use share::share;
pub(super) use switch::{boolean, flag};
pub(super) use text::text;
pub(super) use time::{microseconds, seconds};

use super::JobOptions;

/// Where the value of an option goes.
pub(super) type Field<T> = fn(&mut JobOptions) -> &mut T;

/// Whether an option on the command line has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// `--option=value` or `--option value`.
    Required,
    /// `--option` or `--option=value`.
    Optional,
}

/// Whether and how an option can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does what its help says.
    Supported,
    /// It is read and has no effect any more.
    Deprecated,
    /// fio has it; here it is refused.
    Unsupported,
}

/// How a value is read and stored.
pub trait Kind: Sync {
    /// What a value looks like, as the end of "… is not".
    fn accepted(&self) -> String;

    /// Reads `text`, the value if there is one, and stores it.
    ///
    /// # Errors
    /// See [`ValueError`].
    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError>;

    /// The words that are a value, each with what it means; none if it is not a choice.
    fn words(&self) -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }

    /// The smallest and the largest value, of a number.
    fn range(&self) -> Option<(String, String)> {
        None
    }

    /// Whether a value is needed on the command line.
    fn argument(&self) -> Argument {
        Argument::Required
    }

    /// Whether the option does anything.
    fn standing(&self) -> Standing {
        Standing::Supported
    }
}

/// What is wrong with a value. Whose value it is, and where it stands, is for the caller to say.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ValueError {
    /// Nothing after the name, or nothing after the equals sign.
    #[error("it needs a value: {accepted}")]
    Missing {
        /// What a value looks like.
        accepted: String,
    },
    /// Not of the option's form.
    #[error("\"{text}\" is not {accepted}")]
    Malformed {
        /// The text that could not be read.
        text: String,
        /// What would have been.
        accepted: String,
    },
    /// None of the words.
    #[error("\"{text}\" is none of {}{}", words.join(", "), did_you_mean(*nearest))]
    NoSuchWord {
        /// The text that could not be read.
        text: String,
        /// What would have been.
        words: Vec<&'static str>,
        /// The word that looks most like it.
        nearest: Option<&'static str>,
    },
    /// Nothing is called so.
    #[error("there is no {kind} {name}{}", did_you_mean(*nearest))]
    NoSuchName {
        /// What it was taken for.
        kind: Named,
        /// The name.
        name: String,
        /// The name that looks most like it.
        nearest: Option<&'static str>,
    },
    /// Smaller or larger than it may be.
    #[error("{text} is outside of {minimum} to {maximum}")]
    OutOfRange {
        /// The text whose value it is.
        text: String,
        /// Smallest value.
        minimum: String,
        /// Largest value.
        maximum: String,
    },
    /// An engine that is known but not there.
    #[error("there is no engine {engine} here: {reason}")]
    EngineMissing {
        /// Its name.
        engine: &'static str,
        /// Why not.
        reason: &'static str,
    },
    /// More parts than there is a place for.
    #[error("it has more than {limit} {what}")]
    TooMany {
        /// Most that there can be.
        limit: usize,
        /// Of what.
        what: &'static str,
    },
    /// A text that is too long.
    #[error("it has more than {limit} bytes")]
    TooLong {
        /// Longest text.
        limit: usize,
    },
    /// A file that cannot be used.
    #[error("cannot read {path}: {problem}")]
    File {
        /// Its name.
        path: String,
        /// Why not.
        problem: String,
    },
    /// Well formed, but against a rule that the form does not show.
    #[error("{0}")]
    Rule(&'static str),
    /// An option that does nothing any more, in fio neither.
    #[error("the option was removed; {0}")]
    Removed(&'static str),
    /// An option that fio has and this program has not.
    #[error("the option is not supported here: {0}")]
    Unsupported(&'static str),
}

/// What has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// An option of jobs.
    Option,
    /// An engine.
    Engine,
    /// An option of the engine of that name.
    OptionOf(&'static str),
}

impl fmt::Display for Named {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option => formatter.write_str("option"),
            Self::Engine => formatter.write_str("engine"),
            Self::OptionOf(engine) => write!(formatter, "option of {engine} called"),
        }
    }
}

impl ValueError {
    pub(crate) fn malformed(text: &str, accepted: impl Into<String>) -> Self {
        Self::Malformed { text: text.to_owned(), accepted: accepted.into() }
    }

    /// A number that cannot be read. If it can with parentheses around it, they are what is missing: that is said.
    pub(super) fn no_number(text: &str, accepted: String, can_be_read: impl Fn(&str) -> bool) -> Self {
        let enclosed = format!("({text})");
        if can_be_read(&enclosed) {
            return Self::malformed(text, format!("{accepted}; to have it calculated, write {enclosed}"));
        }
        Self::malformed(text, accepted)
    }
}

/// `; did you mean x?`, or nothing.
pub(crate) fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

/// The candidate that `text` is most likely a slip of: at most half of its letters differ.
pub(crate) fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::levenshtein(text, candidate), candidate))
        .filter(|(distance, _)| *distance <= text.len().div_ceil(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
