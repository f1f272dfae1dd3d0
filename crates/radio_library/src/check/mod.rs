//! Finding what is wrong with a library, and saying how it is mended. Nothing is changed.
//!
//! A check is one file here and one line in `TABLE`.

mod attributes;
mod database;
mod files;
mod moods;
mod playlists;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use crate::error::LibraryError;
use crate::library::Library;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub weight: Weight,
    /// What it is about: a path, a name.
    pub subject: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Nothing has to be done.
    Note,
    /// Something will not be played, or not as somebody meant it.
    Problem,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { weight, subject, problem, remedy } = self;
        let weight = match weight {
            Weight::Note => "note",
            Weight::Problem => "problem",
        };
        write!(formatter, "{weight}: {subject}: {problem}; {remedy}")
    }
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The file of the library itself.
    Database,
    /// Songs, and what is there of their files.
    Files,
    /// Attributes, images, lyrics.
    Attributes,
    /// Moods.
    Moods,
    /// Playlists.
    Playlists,
}

/// What a check is given.
struct Examination<'a> {
    library: &'a Library,
    findings: Vec<Finding>,
}

impl Examination<'_> {
    fn problem(&mut self, subject: impl fmt::Display, problem: impl fmt::Display, remedy: impl fmt::Display) {
        self.add(Weight::Problem, subject, problem, remedy);
    }

    fn note(&mut self, subject: impl fmt::Display, problem: impl fmt::Display, remedy: impl fmt::Display) {
        self.add(Weight::Note, subject, problem, remedy);
    }

    fn add(
        &mut self,
        weight: Weight,
        subject: impl fmt::Display,
        problem: impl fmt::Display,
        remedy: impl fmt::Display,
    ) {
        let (subject, problem, remedy) = (subject.to_string(), problem.to_string(), remedy.to_string());
        self.findings.push(Finding { weight, subject, problem, remedy });
    }
}

/// A word of a command, quoted where it has to be: commands are split as a shell does.
fn word(text: &str) -> Cow<'_, str> {
    shell_words::quote(text)
}

/// The word for a pattern that only this name is like.
fn pattern(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for character in name.chars() {
        if matches!(character, '*' | '?' | '[' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    word(&escaped).into_owned()
}

type Examine = fn(&mut Examination<'_>) -> Result<(), LibraryError>;

/// Every check, in the order in which they are made.
const TABLE: &[(Check, Examine)] = &[
    (Check::Database, database::examine),
    (Check::Files, files::examine),
    (Check::Attributes, attributes::examine),
    (Check::Moods, moods::examine),
    (Check::Playlists, playlists::examine),
];

impl Library {
    /// Looks for what is wrong. Looks at every file: some 2 µs each.
    ///
    /// # Errors
    /// When the library cannot be read at all.
    pub fn check(&self, checks: &[Check]) -> Result<Vec<Finding>, LibraryError> {
        let mut examination = Examination { library: self, findings: Vec::new() };
        for (check, examine) in TABLE {
            if checks.contains(check) {
                examine(&mut examination)?;
            }
        }
        Ok(examination.findings)
    }
}

impl Check {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Database, Self::Files, Self::Attributes, Self::Moods, Self::Playlists];
}
