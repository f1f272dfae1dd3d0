//! Every limit is in one list, with its value, its unit and its reason: `docs/limits.md`, made out of the constants and their
//! documentation. `cargo xtask tidy --write` makes it anew. A limit that the program nowhere looks at is none.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Checkout, Problem, Rule, TextFile};
use crate::task::TaskError;

pub(super) const RULE: Rule =
    Rule { demand: "docs/limits.md is what the constants say (`cargo xtask tidy --write`)", check };

/// The list.
pub(super) const LIST: &str = "docs/limits.md";

const HEADING: &str = "# Limits\n\
    Made by `cargo xtask tidy --write` out of the constants whose names say limit, maximum or range; do not edit.\n\
    Whatever a peer or a file says about a length, a count or a time is held against one of these before it sizes anything.\n";

/// A constant that limits something.
#[derive(Debug, PartialEq, Eq)]
struct Limit {
    name: String,
    /// The file in its package's `src`.
    module: String,
    value: String,
    /// Its documentation in one line.
    reason: String,
    line: usize,
}

fn check(checkout: &Checkout) -> Result<Vec<Problem>, TaskError> {
    let mut problems = Vec::new();
    let times = times_written(checkout);
    for file in sources(checkout) {
        let idle =
            limits(file).into_iter().filter(|limit| times.get(limit.name.as_str()).is_none_or(|times| *times < 2));
        problems.extend(idle.map(|limit| file.problem(limit.line, format_args!("{} limits nothing", limit.name))));
        let unexplained = limits(file).into_iter().filter(|limit| limit.reason.is_empty());
        problems
            .extend(unexplained.map(|limit| file.problem(limit.line, format_args!("{} has no reason", limit.name))));
    }
    if checkout.file(LIST).map(|list| list.text.as_str()) != Some(&list(checkout)) {
        problems.push(Problem { path: LIST.to_owned(), line: 0, message: "is not up to date".to_owned() });
    }
    Ok(problems)
}

/// What the list must say.
pub(super) fn list(checkout: &Checkout) -> String {
    let mut by_package: BTreeMap<&str, Vec<Limit>> = BTreeMap::new();
    for file in sources(checkout) {
        let package = file.path.split('/').nth(1).unwrap_or_default();
        let found = limits(file);
        if !found.is_empty() {
            by_package.entry(package).or_default().extend(found);
        }
    }
    let mut text = HEADING.to_owned();
    for (package, limits) in by_package {
        let _ =
            write!(text, "\n## {package}\n| limit | where | value | what it limits, and why |\n|---|---|---|---|\n");
        for limit in limits {
            let _ = writeln!(text, "| `{}` | `{}` | {} | {} |", limit.name, limit.module, limit.value, limit.reason);
        }
    }
    text
}

/// How often each name is written in what is compiled into the program, remarks not counted.
fn times_written(checkout: &Checkout) -> BTreeMap<&str, usize> {
    let mut times = BTreeMap::new();
    for file in sources(checkout) {
        for (_, line) in file.lines().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for word in line.split(|letter: char| !letter.is_alphanumeric() && letter != '_') {
                *times.entry(word).or_default() += 1;
            }
        }
    }
    times
}

fn sources(checkout: &Checkout) -> impl Iterator<Item = &TextFile> {
    checkout.rust().filter(|file| {
        let mut parts = file.path.split('/');
        matches!(parts.next(), Some("crates" | "bin")) && parts.nth(1) == Some("src")
    })
}

/// The limits that a file defines for others, in its order.
fn limits(file: &TextFile) -> Vec<Limit> {
    let mut documentation: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    let module = file.path.split_once("/src/").map_or("", |(_, module)| module);
    let mut lines = file.lines();
    while let Some((line, text)) = lines.next() {
        let text = text.trim();
        if let Some(words) = text.strip_prefix("///") {
            documentation.extend(Some(words.trim()).filter(|words| !words.is_empty()));
        } else if let Some(name) = constant(text).filter(|name| is_limit(name)) {
            let mut definition = text.to_owned();
            while !definition.ends_with(';')
                && let Some((_, more)) = lines.next()
            {
                definition = format!("{definition} {}", more.trim());
            }
            let value = definition.split_once(" = ").map_or("", |(_, value)| value.trim_end_matches(';'));
            let reason = plain(&documentation.join(" "));
            found.push(Limit {
                name: name.to_owned(),
                module: module.to_owned(),
                value: readable(value),
                reason,
                line,
            });
            documentation.clear();
        } else if !text.starts_with("#[") {
            documentation.clear();
        }
    }
    found
}

/// The name that a line defines with `pub const` or the like.
fn constant(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub")?;
    let rest = rest.strip_prefix("(crate)").or_else(|| rest.strip_prefix("(super)")).unwrap_or(rest);
    rest.strip_prefix(" const ")?.split_once(':').map(|(name, _)| name)
}

fn is_limit(name: &str) -> bool {
    name.split('_').any(|word| matches!(word, "LIMIT" | "MAX" | "MAXIMUM" | "RANGE"))
}

/// A value as people write it.
fn readable(value: &str) -> String {
    let time = value.strip_prefix("Duration::from_").and_then(|call| call.strip_suffix(')')?.split_once('('));
    match time {
        Some(("secs", count)) => format!("{count} s"),
        Some(("millis", count)) => format!("{count} ms"),
        _ => value.to_owned(),
    }
}

/// Documentation without the brackets of links, fit for a cell of a table.
fn plain(documentation: &str) -> String {
    documentation.replace("[`", "`").replace("`]", "`").replace('|', "\\|").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{checkout, findings};
    use super::*;

    const SOURCE: &str = "/// Bytes of a thing, as [`Thing`] has\n/// them.\npub const THING_BYTES_MAX: usize =\n    1 << 20;\n\
        /// Not a limit.\npub const MAXIMAL: u8 = 1;\n/// Why.\n    pub(crate) const STALL_LIMIT: Duration = Duration::from_secs(15);\n";

    #[test]
    fn limits_are_listed_with_value_and_reason() {
        let list = list(&checkout(&[("crates/a/src/b.rs", SOURCE), ("xtask/src/c.rs", SOURCE)]));
        let rows: Vec<_> = list.lines().filter(|line| line.starts_with("| `")).collect();
        let expected = [
            "| `THING_BYTES_MAX` | `b.rs` | 1 << 20 | Bytes of a thing, as `Thing` has them. |",
            "| `STALL_LIMIT` | `b.rs` | 15 s | Why. |",
        ];
        assert_eq!(rows, expected);
        assert_eq!(list.matches("## a\n").count(), 1);
    }

    const USE: (&str, &str) = ("crates/a/src/d.rs", "THING_BYTES_MAX STALL_LIMIT PIECES_MAX");

    #[test]
    fn a_stale_list_and_a_limit_without_a_reason_are_found() {
        let fresh = list(&checkout(&[("crates/a/src/b.rs", SOURCE)]));
        assert!(findings(&RULE, &[("crates/a/src/b.rs", SOURCE), USE, (LIST, &fresh)]).is_empty());
        let bare = "pub const PIECES_MAX: usize = 1;\n";
        let found = findings(&RULE, &[("crates/a/src/b.rs", SOURCE), ("crates/a/src/c.rs", bare), USE, (LIST, &fresh)]);
        assert_eq!(found, ["crates/a/src/c.rs:1: PIECES_MAX has no reason", "docs/limits.md: is not up to date"]);
    }

    #[test]
    fn a_limit_that_nothing_is_held_against_is_found() {
        let fresh = list(&checkout(&[("crates/a/src/b.rs", SOURCE)]));
        let elsewhere = ("crates/a/tests/d.rs", "THING_BYTES_MAX");
        let used = ("crates/a/src/c.rs", "// THING_BYTES_MAX\nif stalled > STALL_LIMIT {}\n");
        let found = findings(&RULE, &[("crates/a/src/b.rs", SOURCE), used, elsewhere, (LIST, &fresh)]);
        assert_eq!(found, ["crates/a/src/b.rs:3: THING_BYTES_MAX limits nothing"]);
    }
}
