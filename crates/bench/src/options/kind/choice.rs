//! One of a few words.

use super::{Field, Kind, ValueError, nearest};
use crate::options::JobOptions;

/// A word and the value that it stands for.
pub(in crate::options) struct Word<T> {
    name: &'static str,
    value: T,
    help: &'static str,
}

/// What reads the text after the colon of `word:text`.
type Postfix = fn(&mut JobOptions, Option<&str>) -> Result<(), ValueError>;

pub(in crate::options) struct Choice<T: 'static> {
    field: Field<T>,
    words: &'static [Word<T>],
    postfix: Option<Postfix>,
}

/// An entry of the words of [`choice`].
pub(in crate::options) const fn word<T: Copy>(name: &'static str, value: T, help: &'static str) -> Word<T> {
    Word { name, value, help }
}

/// One of `words`.
pub(in crate::options) const fn choice<T>(field: Field<T>, words: &'static [Word<T>]) -> Choice<T> {
    Choice { field, words, postfix: None }
}

impl<T> Choice<T> {
    /// What follows a colon is read by `postfix`, which is called without a text when there is no colon.
    pub(in crate::options) const fn postfix(mut self, postfix: Postfix) -> Self {
        self.postfix = Some(postfix);
        self
    }
}

impl<T: Copy + Sync> Kind for Choice<T> {
    fn accepted(&self) -> String {
        let names: Vec<_> = self.words.iter().map(|word| word.name).collect();
        format!("one of {}", names.join(", "))
    }

    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        let text = text.ok_or_else(|| ValueError::Missing { accepted: self.accepted() })?.trim();
        let (name, postfix) = match (self.postfix, text.split_once(':')) {
            (Some(_), Some((name, postfix))) => (name, Some(postfix)),
            _ => (text, None),
        };
        let Some(word) = self.words.iter().find(|word| word.name == name) else {
            let words: Vec<_> = self.words.iter().map(|word| word.name).collect();
            let nearest = nearest(name, words.iter().copied());
            return Err(ValueError::NoSuchWord { text: name.to_owned(), words, nearest });
        };
        *(self.field)(options) = word.value;
        match self.postfix {
            Some(read) => read(options, postfix),
            None => Ok(()),
        }
    }

    fn words(&self) -> Vec<(&'static str, &'static str)> {
        self.words.iter().map(|word| (word.name, word.help)).collect()
    }
}
