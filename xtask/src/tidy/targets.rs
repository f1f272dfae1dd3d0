//! A fuzz target that no manifest names is never built, and nobody notices.

use super::{Checkout, Problem, Rule};
use crate::task::TaskError;

pub(super) const RULE: Rule = Rule { demand: "fuzz/Cargo.toml has a [[bin]] for each target, and no other", check };

const MANIFEST: &str = "fuzz/Cargo.toml";

fn check(checkout: &Checkout) -> Result<Vec<Problem>, TaskError> {
    let Some(manifest) = checkout.file(MANIFEST) else {
        return Ok(vec![Problem { path: MANIFEST.to_owned(), line: 0, message: "is missing".to_owned() }]);
    };
    // Folders have what several targets share.
    let targets = checkout.files.iter().filter_map(|file| file.path.strip_prefix("fuzz/"));
    let is_target = |path: &&str| path.strip_prefix("fuzz_targets/").is_some_and(|name| !name.contains('/'));
    let targets: Vec<&str> = targets.filter(is_target).collect();
    let unnamed = targets.iter().filter(|path| !manifest.text.contains(&format!("path = \"{path}\"")));
    let mut problems: Vec<_> =
        unnamed.map(|path| manifest.problem(1, format_args!("no [[bin]] has {path}; nothing builds it"))).collect();
    for (line, text) in manifest.lines() {
        let path = text.strip_prefix("path = \"").and_then(|rest| rest.strip_suffix('"'));
        if let Some(path) = path.filter(|path| !targets.contains(path)) {
            problems.push(manifest.problem(line, format_args!("there is no {path}")));
        }
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;
    use super::*;

    #[test]
    fn targets_and_manifest_name_each_other() {
        let files = [
            (MANIFEST, "[[bin]]\nname = \"a\"\npath = \"fuzz_targets/a.rs\"\n[[bin]]\npath = \"fuzz_targets/c.rs\"\n"),
            ("fuzz/fuzz_targets/a.rs", ""),
            ("fuzz/fuzz_targets/b.rs", ""),
            ("fuzz/fuzz_targets/shared/mod.rs", ""),
        ];
        let expected = [
            "fuzz/Cargo.toml:1: no [[bin]] has fuzz_targets/b.rs; nothing builds it",
            "fuzz/Cargo.toml:5: there is no fuzz_targets/c.rs",
        ];
        assert_eq!(findings(&RULE, &files), expected);
    }
}
