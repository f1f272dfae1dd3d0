//! A dependency is argued for, once, or it is not there.

use std::collections::BTreeSet;

use super::{Checkout, Problem, Rule, TextFile};
use crate::task::TaskError;

pub(super) const RULE: Rule =
    Rule { demand: "docs/DEPENDENCIES.md has one line for each direct dependency, and for nothing else", check };

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
        for (line, name) in foreign_dependencies(manifest) {
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

/// The dependencies with a version of their own: line and name. Those of the workspace (`path`, `workspace = true`) are
/// either ours or listed in the root manifest.
fn foreign_dependencies(manifest: &TextFile) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    manifest.lines().filter_map(move |(line, text)| {
        if text.starts_with('[') {
            inside = text.trim_end_matches(']').ends_with("dependencies");
            return None;
        }
        let (name, value) = text.split_once('=').filter(|_| inside && !text.starts_with('#'))?;
        let name = name.trim();
        let ours = name.ends_with(".workspace") || value.contains("workspace = true") || value.contains("path = ");
        (!ours).then_some((line, name))
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
        let files = [("Cargo.toml", manifest), (LIST, "| `mio` | readiness |")];
        assert_eq!(findings(&RULE, &files), [format!("Cargo.toml:5: `slab` has no line in {LIST}")]);
    }

    #[test]
    fn a_line_for_nothing_and_a_second_one_are_found() {
        let manifest = "[dependencies]\nmio = \"1\"\nserde = \"1\"\n";
        let text = "| crate | what for |\n| `mio` | readiness, not `polling` |\n| `serde`, `toml` | files |\n| `mio` | again |\n";
        let found = findings(&RULE, &[("Cargo.toml", manifest), (LIST, text)]);
        assert_eq!(
            found,
            [format!("{LIST}:3: nothing depends on `toml`"), format!("{LIST}:4: `mio` has a line already")]
        );
    }
}
