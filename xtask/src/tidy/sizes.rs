//! A file that cannot be held in the head is a folder that has not been made yet.

use super::{Checkout, Problem, Rule};
use crate::task::TaskError;

pub(super) const RULE: Rule = Rule { demand: "no source file above 800 lines", check };

/// Lines of the longest file that is allowed, tests included.
const LINES_MAX: usize = 800;

/// What counts as source.
const ENDINGS: &[&str] = &[".rs", ".py", ".sh"];

fn check(checkout: &Checkout) -> Result<Vec<Problem>, TaskError> {
    let source = checkout
        .files
        .iter()
        .filter(|file| ENDINGS.iter().any(|ending| file.path.ends_with(ending)) || file.text.starts_with("#!"));
    Ok(source
        .filter_map(|file| {
            let lines = file.text.lines().count();
            (lines > LINES_MAX).then(|| file.problem(0, format_args!("{lines} lines")))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;
    use super::*;

    #[test]
    fn a_long_file_is_found() {
        let (good, bad) = ("\n".repeat(LINES_MAX), "\n".repeat(LINES_MAX + 1));
        assert!(findings(&RULE, &[("a.rs", &good), ("Cargo.lock", &bad)]).is_empty());
        assert_eq!(findings(&RULE, &[("a.rs", &bad)]), ["a.rs: 801 lines"]);
        assert_eq!(findings(&RULE, &[("tool", &format!("#!/bin/sh{bad}"))]), ["tool: 801 lines"]);
    }
}
