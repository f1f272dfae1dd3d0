//! What `--help`, `--version`, `--cmdhelp` and `--enghelp` say: all of it follows from the tables.

use std::fmt::Write;

use super::general::{Effect, GENERAL, GeneralOption};
use crate::options::engines::{self, ENGINES};
use crate::options::kind::{Standing, did_you_mean, nearest};
use crate::options::{JobOption, all, find};

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
pub(super) fn of_options(name: Option<&str>) -> Effect {
    let Some(name) = name.filter(|name| *name != "all") else {
        return Effect::Answer { text: overview(all()), is_success: true };
    };
    match find(name) {
        Some(option) => Effect::Answer { text: details(option), is_success: true },
        None => {
            let nearest = nearest(name, all().flat_map(JobOption::names));
            Effect::Answer { text: format!("No such option: {name}{}\n", did_you_mean(nearest)), is_success: false }
        }
    }
}

/// `--enghelp`: all engines, the options of one, or what one of them is.
pub(super) fn of_engines(name: Option<&str>) -> Effect {
    let mut text = String::new();
    let Some(name) = name else {
        text.push_str("Engines:\n");
        for engine in ENGINES.iter().filter(|engine| engine.missing.is_none()) {
            line(&mut text, format_args!("\t{:<24}{}", engine.name, engine.help));
        }
        return Effect::Answer { text, is_success: true };
    };
    let (name, option) = name.split_once(',').map_or((name, None), |(name, option)| (name, Some(option)));
    let Some(engine) = engines::find(name) else {
        let nearest = nearest(name, ENGINES.iter().map(|engine| engine.name));
        return Effect::Answer {
            text: format!("No such engine: {name}{}\n", did_you_mean(nearest)),
            is_success: false,
        };
    };
    let text = match (engine.missing, option) {
        (Some(reason), _) => format!("{name}: {}; not here: {reason}\n", engine.help),
        (None, None) if engine.options.is_empty() => format!("IO engine {name} has no options\n"),
        (None, None) => overview(engine.options.iter()),
        (None, Some(option)) => match engines::find_option(name, option) {
            Some(option) => details(option),
            None => {
                let text = format!("{name} has no option {option}\n");
                return Effect::Answer { text, is_success: false };
            }
        },
    };
    Effect::Answer { text, is_success: true }
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
