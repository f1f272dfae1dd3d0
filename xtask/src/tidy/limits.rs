//! Every limit is in one list, with its unit and its reason; and nothing else is.

use super::{Checkout, Problem, Rule};
use crate::task::TaskError;

pub(super) const RULE: Rule =
    Rule { demand: "docs/limits.md has each constant whose name says limit or maximum, and no other", check };

const LIST: &str = "docs/limits.md";

fn check(checkout: &Checkout) -> Result<Vec<Problem>, TaskError> {
    let Some(list) = checkout.file(LIST) else {
        return Ok(vec![Problem { path: LIST.to_owned(), line: 0, message: "is missing".to_owned() }]);
    };
    let sources = || checkout.rust().filter(|file| file.path.starts_with("crates/") || file.path.starts_with("bin/"));
    let mut problems = Vec::new();
    for file in sources() {
        for (line, text) in file.lines() {
            if let Some(name) = public_constant(text).filter(|name| is_limit(name))
                && !list.text.contains(&format!("`{name}`"))
            {
                problems.push(file.problem(line, format_args!("{name} is not in {LIST}")));
            }
        }
    }
    for (line, name) in list.lines().flat_map(|(line, text)| quoted_constants(text).map(move |name| (line, name))) {
        if !sources().any(|file| file.text.contains(&format!("const {name}:"))) {
            problems.push(list.problem(line, format_args!("there is no constant {name}")));
        }
    }
    Ok(problems)
}

/// The name that a line defines with `pub const`.
fn public_constant(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("pub const ")?.split_once(':').map(|(name, _)| name)
}

fn is_limit(name: &str) -> bool {
    name.split('_').any(|word| word == "LIMIT" || word == "MAX")
}

/// The names in backquotes that are written as constants are.
fn quoted_constants(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2).filter(|word| {
        word.contains('_')
            && word.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;
    use super::*;

    #[test]
    fn a_limit_without_a_line_and_a_line_without_a_limit_are_found() {
        let source =
            "pub const STALL_LIMIT: Duration = x;\n    pub const PIECES_MAX: usize = 1;\npub const MAXIMAL: u8 = 1;\n";
        let files = [("crates/a.rs", source), (LIST, "| `STALL_LIMIT` | 15 s |\n| `GONE_MAX` | |\n| `nvme` |\n")];
        let found = findings(&RULE, &files);
        assert_eq!(
            found,
            ["crates/a.rs:2: PIECES_MAX is not in docs/limits.md", "docs/limits.md:2: there is no constant GONE_MAX"]
        );
    }
}
