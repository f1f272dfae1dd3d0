//! What moods can ask of a song: one file and one line of [`TABLE`] for each keyword of the language of expressions, which names
//! the method of the language of lines that asks the same, if there is one.

mod added;
mod album;
mod album_artist;
mod always_false;
mod always_true;
mod artist;
mod bitrate;
mod channels;
mod comment;
mod duration;
mod format;
mod frequency;
mod genre;
mod image_id;
mod is_set;
mod last_played;
mod lyrics_id;
mod num_attributes_set;
mod num_played;
mod path;
mod title;
mod year;

use crate::song::Song;

/// Every keyword, in the order of the reference page.
pub(crate) const TABLE: &[&Keyword] = &[
    &path::KEYWORD,
    &artist::KEYWORD,
    &title::KEYWORD,
    &album::KEYWORD,
    &comment::KEYWORD,
    &album_artist::KEYWORD,
    &genre::KEYWORD,
    &format::KEYWORD,
    &year::KEYWORD,
    &num_attributes_set::KEYWORD,
    &num_played::KEYWORD,
    &image_id::KEYWORD,
    &lyrics_id::KEYWORD,
    &bitrate::KEYWORD,
    &frequency::KEYWORD,
    &channels::KEYWORD,
    &duration::KEYWORD,
    &added::KEYWORD,
    &last_played::KEYWORD,
    &is_set::KEYWORD,
    &always_true::KEYWORD,
    &always_false::KEYWORD,
];

/// One keyword.
#[derive(Debug)]
pub(crate) struct Keyword {
    /// As the language of expressions writes it.
    pub(crate) name: &'static str,
    /// What it reads of a song.
    pub(crate) read: Read,
    /// The method of the language of lines.
    pub(crate) method: Option<Method>,
    /// One sentence.
    pub(crate) summary: &'static str,
    /// A condition that uses it.
    pub(crate) example: &'static str,
}

/// What a keyword reads, and hence where it may stand.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Read {
    /// A text.
    Text(fn(&Song) -> &[u8]),
    /// A number.
    Number(fn(&Song) -> i64),
    /// Whether the attribute in parentheses is set.
    Attribute,
    /// Nothing.
    Constant(bool),
}

/// A method of the language of lines.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: &'static str,
    /// What follows it.
    pub(crate) argument: Argument,
    /// The method with an argument.
    pub(crate) example: &'static str,
}

/// What follows a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Argument {
    /// Nothing: the number is compared with 0.
    Zero,
    /// The name of an attribute.
    Attribute,
    /// A wildcard pattern.
    Wildcard,
    /// An extended regular expression.
    RegularExpression,
    /// One of `<`, `=`, `<=`, `>`, `>=`, `!=`, and a number.
    Comparison,
}

impl Keyword {
    /// Whether its method takes no argument, as `no_attributes_set`.
    pub(crate) fn argument_is_zero(&self) -> bool {
        self.method.as_ref().is_some_and(|method| method.argument == Argument::Zero)
    }
}

/// The keyword of this name.
pub(crate) fn find(name: &str) -> Option<&'static Keyword> {
    TABLE.iter().copied().find(|keyword| keyword.name == name)
}

/// The keyword whose method has this name.
pub(crate) fn find_method(name: &str) -> Option<(&'static Keyword, &'static Method)> {
    TABLE.iter().find_map(|keyword| keyword.method.as_ref().filter(|m| m.name == name).map(|method| (*keyword, method)))
}

/// The names of all methods.
pub(crate) fn method_names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().filter_map(|keyword| keyword.method.as_ref()).map(|method| method.name)
}

/// The name of a keyword's method.
pub(crate) fn method_of(keyword: &'static Keyword) -> &'static str {
    keyword.method.as_ref().map_or(keyword.name, |method| method.name)
}

fn saturate(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
