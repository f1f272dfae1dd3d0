//! Whoever opens a file is told first what it is.

use super::{Checkout, Problem, Rule};
use crate::task::TaskError;

pub(super) const RULE: Rule = Rule { demand: "each Rust file begins with its module documentation", check };

fn check(checkout: &Checkout) -> Result<Vec<Problem>, TaskError> {
    Ok(checkout
        .rust()
        .filter(|file| {
            // An attribute on the whole file (`#![no_main]`) has to come before it.
            let first = file.text.lines().find(|line| !line.starts_with("#![") && !line.trim().is_empty());
            !first.is_some_and(|line| line.starts_with("//!"))
        })
        .map(|file| file.problem(1, "no //! at the top"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;
    use super::*;

    #[test]
    fn a_file_without_documentation_is_found() {
        let files = [("a.rs", "//! What it is.\n"), ("b.rs", "#![no_main]\n\n//! B.\n"), ("c.rs", "use x;\n//! C.\n")];
        assert_eq!(findings(&RULE, &files), ["c.rs:1: no //! at the top"]);
    }
}
