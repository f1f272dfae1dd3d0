//! The words of a command line, told apart as `getopt_long_only` of glibc does.

use super::general::{GENERAL, GeneralOption};
use crate::job_file::Problem;
use crate::options::kind::Argument;
use crate::options::{JobOption, ValueError, all, engines};

/// An option of either kind.
#[derive(Debug, Clone, Copy)]
pub(super) enum Known {
    General(&'static GeneralOption),
    Job(&'static JobOption),
}

impl Known {
    fn argument(self) -> Option<Argument> {
        match self {
            Self::General(option) => option.argument(),
            Self::Job(option) => Some(option.argument()),
        }
    }
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Word {
    /// An option, with its value if it has one.
    Option { known: Known, value: Option<String> },
    /// A job file.
    File(String),
}

pub(super) struct Words {
    rest: std::vec::IntoIter<String>,
    /// Short options of one word that are still to come: `-mv`.
    letters: String,
    /// Behind `--`.
    only_files: bool,
}

impl Words {
    pub(super) fn new(arguments: Vec<String>) -> Self {
        Self { rest: arguments.into_iter(), letters: String::new(), only_files: false }
    }

    /// The next word. `engine` is the one whose options are known now.
    pub(super) fn next(&mut self, engine: &str) -> Result<Option<Word>, Problem> {
        if let Some(letter) = self.letters.chars().next() {
            return self.short(letter).map(Some);
        }
        let Some(argument) = self.rest.next() else { return Ok(None) };
        if self.only_files || argument == "-" || !argument.starts_with('-') {
            return Ok(Some(Word::File(argument)));
        }
        if argument == "--" {
            self.only_files = true;
            return self.next(engine);
        }
        let (is_long, body) = match argument.strip_prefix("--") {
            Some(body) => (true, body),
            None => (false, &argument[1..]),
        };
        let letter = body.chars().next().filter(|letter| !is_long && by_letter(*letter).is_some());
        if let Some(letter) = letter.filter(|letter| body.len() == letter.len_utf8()) {
            body.clone_into(&mut self.letters);
            return self.short(letter).map(Some);
        }
        let (name, value) = match body.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (body, None),
        };
        match (lookup(name, engine), letter) {
            (Ok(known), _) => self.long(name, known, value).map(Some),
            (Err(Problem::UnknownOption { .. }), Some(letter)) => {
                body.clone_into(&mut self.letters);
                self.short(letter).map(Some)
            }
            (Err(problem), _) => Err(problem),
        }
    }

    fn long(&mut self, name: &str, known: Known, value: Option<String>) -> Result<Word, Problem> {
        let value = match (known.argument(), value) {
            (None, Some(value)) => {
                let reason = ValueError::malformed(&value, "taken: the option has no value");
                return Err(Problem::Value { text: format!("--{name}"), reason });
            }
            (Some(Argument::Required), None) => self.rest.next(),
            (_, value) => value,
        };
        Ok(Word::Option { known, value })
    }

    /// A letter of `-mv`; if it has a value, that is the rest of the word, or the next one.
    fn short(&mut self, letter: char) -> Result<Word, Problem> {
        let rest = self.letters.split_off(letter.len_utf8());
        let unknown = || Problem::UnknownOption { name: format!("-{letter}"), nearest: None };
        let option = by_letter(letter).ok_or_else(unknown)?;
        self.letters.clear();
        let value = match option.argument() {
            None => {
                self.letters = rest;
                None
            }
            Some(Argument::Required) if rest.is_empty() => self.rest.next(),
            Some(_) => Some(rest).filter(|rest| !rest.is_empty()),
        };
        Ok(Word::Option { known: Known::General(option), value })
    }
}

fn by_letter(letter: char) -> Option<&'static GeneralOption> {
    GENERAL.iter().find(|option| option.letter == Some(letter))
}

/// The option of that name, or the only one that starts so.
fn lookup(name: &str, engine: &str) -> Result<Known, Problem> {
    let general = GENERAL.iter().map(|option| (option.name, Known::General(option)));
    let of_engine = engines::find(engine).into_iter().flat_map(|engine| engine.options);
    let of_jobs = all().chain(of_engine).flat_map(|option| option.names().map(move |name| (name, Known::Job(option))));
    let candidates: Vec<_> = general.chain(of_jobs).filter(|(known, _)| known.starts_with(name)).collect();
    if let Some((_, known)) = candidates.iter().find(|(known, _)| *known == name) {
        return Ok(*known);
    }
    match candidates.as_slice() {
        [(_, known)] if !name.is_empty() => Ok(*known),
        [] | [_] => Err(unknown(name, engine)),
        several => Err(Problem::Ambiguous {
            name: name.to_owned(),
            candidates: several.iter().map(|(known, _)| *known).collect(),
        }),
    }
}

fn unknown(name: &str, engine: &str) -> Problem {
    match crate::job_file::unknown(name, engine) {
        Problem::UnknownOption { name, nearest } => {
            let general = crate::options::kind::nearest(&name, GENERAL.iter().map(|option| option.name));
            let distance = |candidate: &&str| strsim::levenshtein(&name, candidate);
            let nearest = nearest.into_iter().chain(general).min_by_key(distance);
            Problem::UnknownOption { name, nearest }
        }
        of_engine => of_engine,
    }
}
