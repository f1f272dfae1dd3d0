//! The page of the manual about options of jobs, out of the table.

use std::fmt::Write;

use super::engines::ENGINES;
use super::kind::Standing;
use super::{JobOption, SECTIONS};

const HEAD: &str = "# Options of jobs

Made out of the option table of the crate `bench`; do not edit. A test holds it against the table, and rewrites it with
`UPDATE_REFERENCE=1 cargo test -p bench reference`.

Names, aliases, defaults and meaning are those of fio 3.33. A job file has an option a line, `name=value`; on the command line it
is `--name=value`. Numbers may have a unit: `k m g t p` are powers of 1024, `kib mib gib tib pib` powers of 1000 (`kb_base=1000` puts
them right). Times may have `us ms s m h d`. In parentheses both can be computed: `(4 * 2k)`, `(1.5h)`. `rw=`, `bs=` and others take up
to three values for reads, writes and trims: `bs=4k,8k`; an empty one leaves what there is, a comma at the end leaves the rest.

Otherwise than in fio 3.33:

- A text that is only in part a value is refused, with what would be taken: fio reads `4x` as 4, `1.5g` as 1, `60sec` as 60
  microseconds, `4096-8192` of an option with one value as 4096.
- Blanks after the equals sign do not count: fio reads `bs = 4k` as 4 bytes. Results list the text as it was given.
- An unknown engine, and one that is not here, is refused when the job is read, not when it starts.
- In `LOW-HIGH` both ends may have units of time: fio reads `1s-5s` as 1 microsecond to 5 seconds.
- In expressions a fraction with a unit is what it says: fio takes `(1.5g)` for `1g`. Division by zero, a remainder of
  fractions and a number of more than 64 bits are refused.
- A job that verifies and may come to a block a second time (`norandommap`, `time_based`, `file_service_type=zipf`, trims) lets two
  I/Os to it wait for each other, as with `serialize_overlap=1`: fio lets them overtake each other, and finds blocks wrong for it.
- A `time_based` job without `verify_backlog` reads back what it wrote between its passes, but not with an engine whose I/Os are over
  at once (`psync`, and fio does the same). A note says so of exactly those; with `--warnings-fatal` they are refused. fio says it of
  others, and not of jobs that read and write.
- `uid` and `gid` of global sections count for the jobs after them.
- `verify_write_sequence`, `verify_header_seed`, `log_issue_time`, `random_sequence_stride` and the words `average`, `max`, `both` of
  `log_max_value` (also called `log_window_value`) are of later versions of fio.
";

/// The page, as Markdown.
#[must_use]
pub fn reference_page() -> String {
    let mut page = String::from(HEAD);
    for section in SECTIONS {
        options(&mut page, "##", section.title, section.options);
    }
    page.push_str("\n## Engines\n\n| engine | what it does |\n|---|---|\n");
    for engine in ENGINES.iter().filter(|engine| engine.missing.is_none()) {
        line(&mut page, format_args!("| `{}` | {} |", engine.name, engine.help));
    }
    page.push_str("\nKnown by name and refused:\n\n| engine | what it does | why it is not there |\n|---|---|---|\n");
    for engine in ENGINES {
        if let Some(reason) = engine.missing {
            line(&mut page, format_args!("| `{}` | {} | {reason} |", engine.name, engine.help));
        }
    }
    for engine in ENGINES.iter().filter(|engine| !engine.options.is_empty()) {
        options(&mut page, "###", &format!("Options of `{}`", engine.name), engine.options);
    }
    page
}

fn options(page: &mut String, level: &str, title: &str, options: &[JobOption]) {
    line(page, format_args!("\n{level} {title}\n"));
    let (refused, taken): (Vec<_>, Vec<_>) =
        options.iter().partition(|option| option.kind.standing() == Standing::Unsupported);
    if !taken.is_empty() {
        page.push_str("| option | value | default | what it does |\n|---|---|---|---|\n");
    }
    for option in taken {
        let default = option.default.map_or_else(String::new, |text| format!("`{text}`"));
        line(page, format_args!("| {} | {} | {default} | {} |", names(option), value(option), meaning(option)));
    }
    if !refused.is_empty() {
        page.push_str(
            "\nKnown by name and refused:\n\n| option | what it does | why it is not there |\n|---|---|---|\n",
        );
    }
    for option in refused {
        line(page, format_args!("| {} | {} | {} |", names(option), option.help, escaped(&option.kind.accepted())));
    }
}

fn names(option: &JobOption) -> String {
    option.names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn value(option: &JobOption) -> String {
    if !option.kind.words().is_empty() {
        return "a word".to_owned();
    }
    let accepted = escaped(&option.kind.accepted());
    match option.kind.range() {
        Some((minimum, maximum)) => format!("{accepted}; {minimum} to {maximum}"),
        None => accepted,
    }
}

fn meaning(option: &JobOption) -> String {
    let words = option.kind.words();
    let words: Vec<_> = words.iter().map(|(word, meaning)| format!("`{word}` {}", escaped(meaning))).collect();
    let help = escaped(option.help);
    if words.is_empty() { help } else { format!("{help}. {}", words.join("; ")) }
}

/// The text as it can stand in a table.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

fn line(page: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(page, "{arguments}");
}
