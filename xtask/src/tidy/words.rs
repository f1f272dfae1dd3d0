//! Unfinished work, and names of the machine that it was done on, do not belong into the project.

use super::{Checkout, Problem, Rule};
use crate::task::TaskError;

pub(super) const RULE: Rule = Rule { demand: "no word of unfinished work, no path of somebody's machine", check };

/// This file has to name them.
const OWN_PATH: &str = "xtask/src/tidy/words.rs";

/// Words that nothing may contain, and where they are right after all.
const WORDS: &[(&str, &[&str])] = &[
    ("TODO", &[]),
    ("FIXME", &[]),
    ("XXX", &[]),
    ("unimplemented!", &[]),
    ("#[ignore", &[]),
    // The kernel gives no word when another process, perhaps a killed one, lets go of a lock on a file. Nor does it when a
    // process that belongs to somebody else changes, and tests look at such.
    (
        "thread::sleep",
        &[
            "crates/block/src/device/file/",
            "crates/control/src/server/socket.rs",
            "crates/daemon/src/pidfile/",
            "crates/daemon/tests/life/harness.rs",
            "e2e/src/service.rs",
        ],
    ),
    ("/home/", &[]),
    ("/work/", &[]),
    // In the guest everything is done as root.
    ("/root/", &["e2e/kernel_host/"]),
    ("/Users/", &[]),
];

fn check(checkout: &Checkout) -> Result<Vec<Problem>, TaskError> {
    let mut problems = Vec::new();
    for file in checkout.files.iter().filter(|file| file.path != OWN_PATH && !file.path.ends_with(".lock")) {
        for (word, right_in) in WORDS {
            if right_in.iter().any(|folder| file.path.starts_with(folder)) {
                continue;
            }
            let lines = file.lines().filter(|(_, text)| text.contains(word));
            problems.extend(lines.map(|(line, _)| file.problem(line, word)));
        }
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;
    use super::*;

    #[test]
    fn the_words_are_found_where_they_are_wrong() {
        let files = [
            ("a.rs", "fine\n// TODO more\n"),
            ("docs/x.md", "in /root/project"),
            ("e2e/kernel_host/README.md", "put into /root/NAME"),
            (OWN_PATH, "FIXME"),
        ];
        assert_eq!(findings(&RULE, &files), ["a.rs:2: TODO", "docs/x.md:1: /root/"]);
    }
}
