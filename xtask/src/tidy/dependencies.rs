//! A dependency is argued for, or it is not there.

use super::{Checkout, Problem, Rule, TextFile};
use crate::task::TaskError;

pub(super) const RULE: Rule = Rule { demand: "docs/DEPENDENCIES.md has a line for each direct dependency", check };

const LIST: &str = "docs/DEPENDENCIES.md";

fn check(checkout: &Checkout) -> Result<Vec<Problem>, TaskError> {
    let Some(list) = checkout.file(LIST) else {
        return Ok(vec![Problem { path: LIST.to_owned(), line: 0, message: "is missing".to_owned() }]);
    };
    let manifests = checkout.files.iter().filter(|file| file.path.rsplit('/').next() == Some("Cargo.toml"));
    let mut problems = Vec::new();
    for manifest in manifests {
        for (line, name) in foreign_dependencies(manifest) {
            if !list.text.contains(&format!("`{name}`")) {
                problems.push(manifest.problem(line, format_args!("`{name}` has no line in {LIST}")));
            }
        }
    }
    Ok(problems)
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
}
