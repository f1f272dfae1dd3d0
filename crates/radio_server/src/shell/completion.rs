//! What the Tab key adds: names of commands that the user may give, their options, and the words that a command knows.

use crate::commands::{self, CommandEntry, TABLE};
use crate::context::Context;
use crate::rights::Rights;

/// How a word can go on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Completion {
    /// How many characters before the cursor belong to the word.
    pub(super) replaced: usize,
    /// Every word that begins so, sorted.
    pub(super) candidates: Vec<String>,
}

impl Completion {
    /// What to put in the place of the word; `None` when that would add nothing.
    pub(super) fn insertion(&self) -> Option<String> {
        let (first, others) = self.candidates.split_first()?;
        if others.is_empty() {
            let open_ended = first.ends_with('/') || first.ends_with('=');
            return Some(format!("{}{}", quoted(first), if open_ended { "" } else { " " }));
        }
        let mut common = first.as_str();
        for other in others {
            let same = common.char_indices().zip(other.chars()).take_while(|((_, ours), theirs)| ours == theirs);
            let length = same.last().map_or(0, |((at, character), _)| at + character.len_utf8());
            common = &common[..length];
        }
        (common.chars().count() > self.replaced).then(|| quoted(common))
    }

    /// All of them, for somebody to choose from.
    pub(super) fn list(&self) -> String {
        let mut text = self.candidates.join("  ");
        text.push('\n');
        text
    }
}

fn quoted(word: &str) -> String {
    if word.chars().any(|character| " '\"\\".contains(character)) {
        shell_words::quote(word).into_owned()
    } else {
        word.to_owned()
    }
}

/// What can stand at the end of a line. May ask the library, so it may block.
pub(super) fn complete(context: &Context, rights: Rights, before: &str) -> Completion {
    let allowed = |entry: &&CommandEntry| rights.include(entry.rights);
    let begun = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let earlier = before[..before.len() - begun.len()].split_whitespace().next();
    let mut candidates: Vec<String> = match earlier {
        None => TABLE.iter().filter(allowed).map(|entry| entry.name.to_owned()).collect(),
        Some(name) => match commands::find(name).filter(allowed) {
            Some(entry) if begun.starts_with('-') => options(entry),
            Some(entry) => (entry.words)(context),
            None => Vec::new(),
        },
    };
    candidates.retain(|candidate| candidate.starts_with(begun));
    candidates.sort();
    candidates.dedup();
    Completion { replaced: begun.chars().count(), candidates }
}

fn options(entry: &CommandEntry) -> Vec<String> {
    let command = entry.command();
    let names = command.get_arguments().flat_map(|argument| {
        let value = if argument.get_action().takes_values() { "=" } else { "" };
        let short = argument.get_short().map(|short| format!("-{short}{value}"));
        let long = argument.get_long().map(|long| format!("--{long}{value}"));
        [short, long]
    });
    names.flatten().chain(["--help".to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completion(replaced: usize, candidates: &[&str]) -> Completion {
        Completion { replaced, candidates: candidates.iter().map(|&word| word.to_owned()).collect() }
    }

    #[test]
    fn what_all_have_in_common_is_inserted() {
        assert_eq!(completion(2, &["play"]).insertion().as_deref(), Some("play "));
        assert_eq!(completion(2, &["p/one", "p/other"]).insertion().as_deref(), Some("p/o"));
        assert_eq!(completion(3, &["p/one", "p/other"]).insertion(), None);
        assert_eq!(completion(1, &["m/a b"]).insertion().as_deref(), Some("'m/a b' "));
        assert_eq!(completion(1, &["-l="]).insertion().as_deref(), Some("-l="));
        assert_eq!(completion(1, &["\u{e4}x", "\u{f6}x"]).insertion(), None);
        assert_eq!(completion(1, &[]).insertion(), None);
    }
}
