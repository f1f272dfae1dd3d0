//! The project is Apache-2.0 OR MIT, everywhere.

use super::{Checkout, Problem, Rule};
use crate::task::TaskError;

pub(super) const RULE: Rule = Rule { demand: "each package is Apache-2.0 OR MIT, and both texts are there", check };

const LICENCE: &str = "license = \"Apache-2.0 OR MIT\"";
const INHERITED: &str = "license.workspace = true";
const TEXTS: &[&str] = &["LICENSE-APACHE", "LICENSE-MIT"];

fn check(checkout: &Checkout) -> Result<Vec<Problem>, TaskError> {
    let manifests = checkout.files.iter().filter(|file| file.path.rsplit('/').next() == Some("Cargo.toml"));
    let mut problems: Vec<_> = manifests
        .filter(|file| !file.lines().any(|(_, line)| line == LICENCE || line == INHERITED))
        .map(|file| file.problem(0, format_args!("has neither `{LICENCE}` nor `{INHERITED}`")))
        .collect();
    for text in TEXTS.iter().filter(|text| checkout.file(text).is_none()) {
        problems.push(Problem { path: (*text).to_owned(), line: 0, message: "is missing".to_owned() });
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;
    use super::*;

    #[test]
    fn a_package_without_the_licence_and_a_missing_text_are_found() {
        let files = [
            ("Cargo.toml", LICENCE),
            ("a/Cargo.toml", INHERITED),
            ("b/Cargo.toml", "[package]\nlicense = \"GPL-2.0\"\n"),
            ("LICENSE-MIT", ""),
        ];
        let found = findings(&RULE, &files);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("b/Cargo.toml: "), "{found:?}");
        assert_eq!(found[1], "LICENSE-APACHE: is missing");
    }
}
