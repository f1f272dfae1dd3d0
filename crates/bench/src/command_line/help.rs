//! What `--help`, `--version`, `--cmdhelp` and `--enghelp` say: all of it follows from the tables.

use std::fmt::Write;

use super::general::{Effect, GENERAL, GeneralOption};
use crate::job_file::{JobError, Problem};
use crate::options::engines::{self, ENGINES};
use crate::options::kind::{Named, Standing, nearest};
use crate::options::{JobOption, ValueError, all, find};

/// The version of fio whose behaviour this is: scripts ask for it.
const FIO_VERSION: &str = "fio-3.33";

/// What a run ends with.
const ENDINGS: &str = "\
Exit status: 0 when all jobs did their work; 1 when one failed or was refused; 128 after Ctrl-C or SIGTERM, which end the jobs and
have them reported. A second one ends the program at once.

A job whose size, filesize or offset and size together go beyond a device is refused before anything runs. Under the name fio the
device is used up to its end, as with fio; --warnings-fatal refuses it there, too.
";

pub(super) fn version() -> String {
    format!("{FIO_VERSION}\n")
}

pub(super) fn usage() -> String {
    let mut text = String::from("Usage: tidegate bench [options] [options of jobs] [job files]\n\n");
    for option in GENERAL.iter().filter(|option| option.is_supported()) {
        line(&mut text, format_args!("  {:<32}{}", written(option), option.help));
    }
    line(&mut text, format_args!("\n{}", ENDINGS.trim_end()));
    text
}

/// The page of the manual about options of the program, as Markdown.
#[must_use]
pub fn reference_page() -> String {
    let mut page = String::from(
        "# Options of `tidegate bench`\n\n\
         Made out of the table of the crate `bench`; do not edit. A test holds it against the table, and rewrites it with\n\
         `UPDATE_REFERENCE=1 cargo test -p bench reference`.\n\n\
         They stand anywhere among options of jobs (`--name=value`, see bench-options.md) and job files. Before the first `--name`,\n\
         options of jobs count for all jobs. `-` is the job file on standard input.\n\n\
         | option | what it does |\n|---|---|\n",
    );
    for option in GENERAL.iter().filter(|option| option.is_supported()) {
        line(&mut page, format_args!("| `{}` | {} |", written(option), option.help));
    }
    page.push_str("\nKnown by name and refused:\n\n| option | what it does | why it is not there |\n|---|---|---|\n");
    for option in GENERAL {
        if let Some(reason) = option.reason_missing() {
            line(&mut page, format_args!("| `{}` | {} | {reason} |", written(option), option.help));
        }
    }
    line(&mut page, format_args!("\n## How it ends\n\n{}", ENDINGS.trim_end()));
    page
}

/// An option as it is written.
fn written(option: &GeneralOption) -> String {
    if option.value.is_empty() { format!("--{}", option.name) } else { format!("--{}={}", option.name, option.value) }
}

/// `--cmdhelp`: all options, or what one is.
pub(super) fn of_options(name: Option<&str>) -> Result<Effect, ValueError> {
    let Some(name) = name.filter(|name| !name.is_empty() && *name != "all") else {
        return Ok(Effect::Answer(overview(all())));
    };
    let nearest = || nearest(name, all().flat_map(JobOption::names));
    let option = find(name).ok_or_else(|| no_such(Named::Option, name, nearest()))?;
    Ok(Effect::Answer(details(option)))
}

/// `--enghelp`: all engines, the options of one, or what one of them is.
pub(super) fn of_engines(name: Option<&str>) -> Result<Effect, ValueError> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        let mut text = String::from("Engines:\n");
        for engine in ENGINES.iter().filter(|engine| engine.missing.is_none()) {
            line(&mut text, format_args!("\t{:<24}{}", engine.name, engine.help));
        }
        return Ok(Effect::Answer(text));
    };
    let (name, option) = name.split_once(',').map_or((name, None), |(name, option)| (name, Some(option)));
    let nearest_engine = || nearest(name, ENGINES.iter().map(|engine| engine.name));
    let engine = engines::find(name).ok_or_else(|| no_such(Named::Engine, name, nearest_engine()))?;
    let text = match (engine.missing, option) {
        (Some(reason), _) => format!("{name}: {}; not here: {reason}\n", engine.help),
        (None, None) if engine.options.is_empty() => format!("IO engine {name} has no options\n"),
        (None, None) => overview(engine.options.iter()),
        (None, Some(option)) => {
            let nearest = || nearest(option, engine.options.iter().flat_map(JobOption::names));
            let found = engines::find_option(name, option);
            details(found.ok_or_else(|| no_such(Named::OptionOf(engine.name), option, nearest()))?)
        }
    };
    Ok(Effect::Answer(text))
}

fn no_such(kind: Named, name: &str, nearest: Option<&'static str>) -> ValueError {
    ValueError::NoSuchName { kind, name: name.to_owned(), nearest }
}

/// What fio says where it is asked about something that does not exist.
#[derive(Debug, PartialEq, Eq)]
pub struct AnswerOfFio {
    /// On standard output, whole lines.
    pub output: String,
    /// On standard error, a line.
    pub error: String,
    /// Whether it counts as a success.
    pub is_success: bool,
}

/// What fio says in place of an error of `--cmdhelp` and `--enghelp`; nothing for any other error. Parity: fio 3.33.
#[must_use]
pub fn answer_of_fio(error: &JobError) -> Option<AnswerOfFio> {
    let Problem::GeneralValue { reason: ValueError::NoSuchName { kind, name, nearest }, .. } = &*error.problem else {
        return None;
    };
    let closest = match kind {
        Named::Option => nearest.and_then(find),
        Named::OptionOf(engine) => nearest.and_then(|nearest| engines::find_option(engine, nearest)),
        Named::Engine => {
            return Some(AnswerOfFio {
                output: format!("IO engine {name} not found\n"),
                error: format!("fio: engine {name} not loadable"),
                is_success: false,
            });
        }
    };
    Some(AnswerOfFio {
        output: closest
            .map_or_else(|| "\n".to_owned(), |option| format!(" - showing closest match\n{}", details(option))),
        error: format!("No such command: {name}"),
        is_success: *kind == Named::Option,
    })
}

/// A line for each option that does something, those below another one indented.
fn overview(options: impl Iterator<Item = &'static JobOption>) -> String {
    let is_shown = |option: &&JobOption| option.kind.standing() == Standing::Supported;
    let mut text = String::new();
    for option in options.filter(is_shown) {
        let name = if option.parent.is_some() { format!("  {}", option.name) } else { option.name.to_owned() };
        line(&mut text, format_args!("{name:<24}: {}", option.help));
    }
    text
}

/// Everything about one option.
fn details(option: &JobOption) -> String {
    let mut text = String::new();
    line(&mut text, format_args!("{:>20}: {}", option.name, option.help));
    for alias in option.aliases {
        line(&mut text, format_args!("{:>20}: {alias}", "alias"));
    }
    line(&mut text, format_args!("{:>20}: {}", "type", option.kind.accepted()));
    line(&mut text, format_args!("{:>20}: {}", "default", option.default.unwrap_or("no default")));
    if let Some((minimum, maximum)) = option.kind.range() {
        line(&mut text, format_args!("{:>20}: min={minimum}, max={maximum}", "range"));
    }
    for (index, (word, meaning)) in option.kind.words().into_iter().enumerate() {
        let title = if index == 0 { "valid values" } else { "" };
        line(&mut text, format_args!("{title:>20}: {word:<10} {meaning}"));
    }
    text
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{arguments}");
}
