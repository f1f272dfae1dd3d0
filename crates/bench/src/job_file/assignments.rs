//! Options of one section, applied in the order that they depend on each other.

use super::substitution::substitute;
use super::{JobError, Place, Problem, System};
use crate::options::kind::{Standing, nearest};
use crate::options::{JobOption, JobOptions, Order, all, engines, find};

/// An option as it was given: `name=value` or `name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// An option that was set, as results list it under `global options` and `job options`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The option's own name, even if an alias was given.
    pub name: &'static str,
    /// The text of its value, after substitution, with blanks before it; nothing for an option without value, which fio's JSON
    /// leaves out and `--showcmd` has.
    pub value: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// Applies the options of a section of a job file to `options`. The result lists them in the order of application.
pub(crate) fn apply_all(
    options: &mut JobOptions,
    assignments: &[Assignment],
    system: &dyn System,
) -> Result<Vec<Listed>, JobError> {
    let mut ordered: Vec<_> = assignments.iter().collect();
    ordered.sort_by_key(|assignment| find(split(&assignment.text).0).map_or(Order::Usual, |option| option.order));
    let mut listed = Vec::with_capacity(ordered.len());
    let mut of_engine = Vec::new();
    for assignment in ordered {
        let text = substitute(&assignment.text, system);
        match find(split(&text).0) {
            Some(option) => listed.push(apply(options, option, &text, &assignment.place)?),
            None => of_engine.push((text, &assignment.place)),
        }
    }
    for (text, place) in of_engine {
        let name = split(&text).0;
        let option = engines::find_option(&options.engine.ioengine, name);
        let option = option.ok_or_else(|| JobError::new(place.clone(), unknown(name, &options.engine.ioengine)))?;
        listed.push(apply(options, option, &text, place)?);
    }
    Ok(listed)
}

/// Applies one option, given as `name=value` or `name`.
pub(crate) fn apply(
    options: &mut JobOptions,
    option: &'static JobOption,
    text: &str,
    place: &Place,
) -> Result<Listed, JobError> {
    let value = split(text).1;
    match options.set(option, value) {
        Ok(()) => Ok(Listed { name: option.name, value: value.map(str::to_owned), place: place.clone() }),
        Err(reason) => Err(JobError::new(place.clone(), Problem::Value { text: text.to_owned(), reason })),
    }
}

/// Name and value of `name=value`; blanks before the equals sign belong to neither.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once('=') {
        Some((name, value)) => (name.trim_end(), Some(value)),
        None => (text, None),
    }
}

/// What to say of a name that is no option of jobs, nor of `engine`.
pub(crate) fn unknown(name: &str, engine: &str) -> Problem {
    let engines: Vec<_> = engines::with_option(name).map(|engine| engine.name).collect();
    if !engines.is_empty() {
        return Problem::OptionOfEngine { name: name.to_owned(), engines, engine: engine.to_owned() };
    }
    let of_engine = engines::find(engine).into_iter().flat_map(|engine| engine.options);
    let known = all().chain(of_engine).filter(|option| option.kind.standing() == Standing::Supported);
    Problem::UnknownOption { name: name.to_owned(), nearest: nearest(name, known.flat_map(JobOption::names)) }
}
