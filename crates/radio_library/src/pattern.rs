//! Patterns as shells have them, for paths and for names: `*`, `?`, `[a-z]`, `{a,b}` and `\` before a literal one.
//!
//! A `*` also stands for slashes unless it is told not to, as with `fnmatch` without `FNM_PATHNAME`: `*/live/*` is any file
//! anywhere below a directory `live`. Parity: paraslash's commands, whose `-p` makes slashes special.

use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use thiserror::Error;

/// Why a text is no pattern.
#[derive(Debug, Error)]
#[error("'{text}' is not a pattern: {}", .source.kind())]
pub struct PatternError {
    text: String,
    source: globset::Error,
}

/// Whether a `*` or `?` stands for a slash too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Slashes {
    /// It does.
    #[default]
    Ordinary,
    /// It does not: slashes have to be written.
    Special,
}

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    matcher: GlobMatcher,
    /// Without anything special in it, it is one name.
    literal: bool,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// When it is none: `[` without `]`, for example.
    pub fn new(text: &str, slashes: Slashes) -> Result<Self, PatternError> {
        let glob = GlobBuilder::new(text)
            .literal_separator(slashes == Slashes::Special)
            .backslash_escape(true)
            .empty_alternates(true)
            .build()
            .map_err(|source| PatternError { text: text.to_owned(), source })?;
        let literal = !text.contains(['*', '?', '[', '{', '\\']);
        Ok(Self { text: text.to_owned(), matcher: glob.compile_matcher(), literal })
    }

    /// Whether a name is like it.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.matches_path(Path::new(name))
    }

    /// Whether a path is like it.
    #[must_use]
    pub fn matches_path(&self, path: &Path) -> bool {
        if self.literal {
            return path.as_os_str().as_bytes() == self.text.as_bytes();
        }
        self.matcher.is_match(path)
    }

    /// The one path that is like it, when there is nothing special in it.
    #[must_use]
    pub fn literal(&self) -> Option<&Path> {
        self.literal.then_some(Path::new(&self.text))
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn stars_cross_slashes_unless_these_are_special() {
        for (pattern, path, ordinary, special) in [
            ("/m/*.mp3", "/m/a/b.mp3", true, false),
            ("/m/*/b.mp3", "/m/a/b.mp3", true, true),
            ("*/live/*", "/m/live/x/y", true, false),
            ("/m/?", "/m/a", true, true),
            ("/m?a", "/m/a", true, false),
            ("/m/[a-c]", "/m/b", true, true),
            ("/m/[!a-c]", "/m/b", false, false),
            ("/m/{a,b}", "/m/b", true, true),
            ("/m/\\*", "/m/*", true, true),
            ("/m/\\*", "/m/a", false, false),
            ("/m/a", "/m/a", true, true),
            ("/m/a", "/m/a/", false, false),
            ("*", "", true, true),
        ] {
            for (slashes, expected) in [(Slashes::Ordinary, ordinary), (Slashes::Special, special)] {
                assert_eq!(
                    Pattern::new(pattern, slashes).unwrap().matches(path),
                    expected,
                    "{pattern} {path} {slashes:?}"
                );
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_matched() {
        let pattern = Pattern::new("/m/*.mp3", Slashes::Ordinary).unwrap();
        assert!(pattern.matches_path(Path::new(OsStr::from_bytes(b"/m/\xff.mp3"))));
    }

    #[test]
    fn what_is_no_pattern_is_named() {
        let error = Pattern::new("/m/[a", Slashes::Ordinary).unwrap_err();
        assert!(error.to_string().starts_with("'/m/[a' is not a pattern: "), "{error}");
    }
}
