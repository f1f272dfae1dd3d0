//! Text in wire structures: printable ASCII, left justified, padded with spaces.
//!
//! NVMe qualified names are the exception: UTF-8 and padded with NUL bytes, see [`crate::fabrics::Nqn`].
//!
//! Spec: NVMe Base 2.0 §1.4 (conventions).

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A field of `N` bytes that holds ASCII text.
///
/// What a peer sends may hold anything: [`Self::trimmed`] gives the bytes and `Display` escapes what is not printable, so that it
/// is safe on a terminal.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct PaddedText<const N: usize>(pub [u8; N]);

impl<const N: usize> PaddedText<N> {
    /// No text: all spaces.
    pub const EMPTY: Self = Self([b' '; N]);

    /// The text padded with spaces; `None` when it is longer than `N` bytes or not printable ASCII (20h to 7Eh).
    #[must_use]
    pub const fn new(text: &str) -> Option<Self> {
        let mut rest = text.as_bytes();
        let mut field = [b' '; N];
        if rest.len() > N {
            return None;
        }
        let mut index = 0;
        while let [byte, tail @ ..] = rest {
            if !is_printable(*byte) {
                return None;
            }
            field[index] = *byte;
            index += 1;
            rest = tail;
        }
        Some(Self(field))
    }

    /// The bytes before the padding. Some devices pad with NUL bytes: the text ends at the first, and spaces before it go too.
    #[must_use]
    pub fn trimmed(&self) -> &[u8] {
        let end = self.0.iter().position(|&byte| byte == 0).unwrap_or(N);
        let text = self.0.get(..end).unwrap_or_default();
        let end = text.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1);
        text.get(..end).unwrap_or_default()
    }

    /// The text before the padding; `None` when it is not printable ASCII.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        let text = self.trimmed();
        text.iter().all(|&byte| is_printable(byte)).then(|| core::str::from_utf8(text).ok())?
    }
}

const fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// The text before the padding, with `\xNN` for what is not printable.
impl<const N: usize> fmt::Display for PaddedText<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            Some(text) => formatter.pad(text),
            None => write!(formatter, "{}", self.trimmed().escape_ascii()),
        }
    }
}

impl<const N: usize> fmt::Debug for PaddedText<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{}\"", self.trimmed().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::PaddedText;

    #[test]
    fn pads_with_spaces_and_refuses_what_does_not_fit() {
        assert_eq!(PaddedText::<4>::new("ab").unwrap().0, *b"ab  ");
        assert_eq!(PaddedText::<4>::new("abcd").unwrap().0, *b"abcd");
        assert_eq!(PaddedText::<4>::new("").unwrap(), PaddedText::EMPTY);
        assert_eq!(PaddedText::<4>::new("abcde"), None);
        for text in ["\0", "\x1f", "\x7f", "ä", "a\n"] {
            assert_eq!(PaddedText::<4>::new(text), None, "{text:?}");
        }
    }

    #[test]
    fn reads_either_padding() {
        for (field, text) in
            [(b"ab  ", "ab"), (b"ab\0\0", "ab"), (b"a  \0", "a"), (b"\0abc", ""), (b" a b", " a b"), (b"    ", "")]
        {
            assert_eq!(PaddedText(*field).as_str(), Some(text), "{field:?}");
        }
    }

    #[test]
    fn shows_hostile_bytes_escaped() {
        assert_eq!(PaddedText(*b"ab\n ").as_str(), None);
        let field = PaddedText(*b"a\x1b[\xff ");
        assert_eq!(field.as_str(), None);
        assert_eq!(field.trimmed(), b"a\x1b[\xff");
        assert_eq!(field.to_string(), r"a\x1b[\xff");
    }
}
