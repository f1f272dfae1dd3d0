//! A dependency is argued for, once, and used, or it is not there.

use std::collections::BTreeSet;

use super::{Checkout, Problem, Rule, TextFile};
use crate::task::TaskError;

pub(super) const RULE: Rule = Rule {
    demand: "each dependency is used, and docs/DEPENDENCIES.md has one line for it and for nothing else",
    check,
};

const LIST: &str = "docs/DEPENDENCIES.md";

fn check(checkout: &Checkout) -> Result<Vec<Problem>, TaskError> {
    let Some(list) = checkout.file(LIST) else {
        return Ok(vec![Problem { path: LIST.to_owned(), line: 0, message: "is missing".to_owned() }]);
    };
    let manifests = checkout.files.iter().filter(|file| file.path.rsplit('/').next() == Some("Cargo.toml"));
    let argued: Vec<(usize, &str)> =
        list.lines().flat_map(|(line, text)| names(text).map(move |name| (line, name))).collect();
    let mut used = BTreeSet::new();
    let mut problems = Vec::new();
    for manifest in manifests {
        let sources = sources(checkout, manifest);
        for Dependency { line, name, is_foreign } in dependencies(manifest) {
            let code_name = name.replace('-', "_");
            // The library of `md-5` is `md5`.
            if !sources.contains(code_name.as_str()) && !sources.contains(code_name.replace('_', "").as_str()) {
                problems.push(manifest.problem(line, format_args!("nothing uses `{name}`")));
            }
            if !is_foreign {
                continue;
            }
            used.insert(name);
            if !argued.iter().any(|(_, argued)| *argued == name) {
                problems.push(manifest.problem(line, format_args!("`{name}` has no line in {LIST}")));
            }
        }
    }
    for (index, (line, name)) in argued.iter().enumerate() {
        if !used.contains(name) {
            problems.push(list.problem(*line, format_args!("nothing depends on `{name}`")));
        } else if argued[..index].iter().any(|(_, earlier)| earlier == name) {
            problems.push(list.problem(*line, format_args!("`{name}` has a line already")));
        }
    }
    Ok(problems)
}

/// The crates that a row of the list is about: what is in backticks in its first cell.
fn names(row: &str) -> impl Iterator<Item = &str> {
    let cell = row.strip_prefix('|').and_then(|row| row.split('|').next()).unwrap_or_default();
    cell.split('`').skip(1).step_by(2)
}

/// The words of the code in a manifest's folder and below.
fn sources<'c>(checkout: &'c Checkout, manifest: &TextFile) -> BTreeSet<&'c str> {
    let folder = manifest.path.strip_suffix("Cargo.toml").unwrap_or_default();
    let files = checkout.rust().filter(|file| file.path.starts_with(folder));
    files.flat_map(|file| file.text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')).collect()
}

/// A line of a manifest that names one.
struct Dependency<'m> {
    line: usize,
    name: &'m str,
    /// It has a version of its own. Those of the workspace (`path`, `workspace = true`) are either ours or listed in the root
    /// manifest.
    is_foreign: bool,
}

fn dependencies(manifest: &TextFile) -> impl Iterator<Item = Dependency<'_>> {
    let mut inside = false;
    manifest.lines().filter_map(move |(line, text)| {
        if text.starts_with('[') {
            inside = text.trim_end_matches(']').ends_with("dependencies");
            return None;
        }
        let (name, value) = text.split_once('=').filter(|_| inside && !text.starts_with('#'))?;
        let written = name.trim();
        let name = written.trim_end_matches(".workspace");
        let is_ours = name != written || value.contains("workspace = true") || value.contains("path = ");
        Some(Dependency { line, name, is_foreign: !is_ours })
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;
    use super::*;

    #[test]
    fn an_unargued_dependency_is_found() {
        let manifest = "[package]\nname = \"x\"\n[workspace.dependencies]\nmio = \"1\"\nslab = { version = \"0.4\" }\n\
                        nvme = { path = \"crates/nvme\" }\n[dev-dependencies]\nmio.workspace = true\n";
        let files = [("Cargo.toml", manifest), ("a.rs", "mio slab nvme"), (LIST, "| `mio` | readiness |")];
        assert_eq!(findings(&RULE, &files), [format!("Cargo.toml:5: `slab` has no line in {LIST}")]);
    }

    #[test]
    fn a_line_for_nothing_and_a_second_one_are_found() {
        let manifest = "[dependencies]\nmio = \"1\"\nserde = \"1\"\n";
        let text = "| crate | what for |\n| `mio` | readiness, not `polling` |\n| `serde`, `toml` | files |\n| `mio` | again |\n";
        let found = findings(&RULE, &[("Cargo.toml", manifest), ("a.rs", "mio serde"), (LIST, text)]);
        assert_eq!(
            found,
            [format!("{LIST}:3: nothing depends on `toml`"), format!("{LIST}:4: `mio` has a line already")]
        );
    }

    #[test]
    fn a_dependency_that_nothing_uses_is_found() {
        let files = [
            ("Cargo.toml", "[workspace.dependencies]\nmd-5 = \"1\"\nclap_complete = \"4\"\n"),
            ("a/Cargo.toml", "[dependencies]\nmd-5.workspace = true\nb = { path = \"../b\" }\n"),
            ("a/src/lib.rs", "use md5::Md5; // clap_complete comes later"),
            ("b/Cargo.toml", "[dev-dependencies]\nclap_complete = { workspace = true }\n"),
            (LIST, "| `md-5`, `clap_complete` | |"),
        ];
        let expected = ["a/Cargo.toml:3: nothing uses `b`", "b/Cargo.toml:2: nothing uses `clap_complete`"];
        assert_eq!(findings(&RULE, &files), expected);
    }
}
