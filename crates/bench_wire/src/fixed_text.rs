//! Strings with a fixed number of bytes on the wire: cut, and terminated, so that no reader runs past their end.

use std::borrow::Cow;
use std::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A string in `N` bytes, of which the last is a NUL. What follows the first NUL has no meaning and is kept as it came, so that a
/// value is written back as it was read.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy)]
#[repr(transparent)]
pub struct FixedText<const N: usize>([u8; N]);

impl<const N: usize> FixedText<N> {
    /// No character.
    pub const EMPTY: Self = Self([0; N]);

    /// As much of `text` as fits, cut before a character that does not fit whole; a NUL in it ends it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = text.split('\0').next().unwrap_or_default();
        let mut end = text.len().min(N.saturating_sub(1));
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut bytes = [0; N];
        bytes[..end].copy_from_slice(&text.as_bytes()[..end]);
        Self(bytes)
    }

    /// What is before the first NUL; all of it when a peer sent none.
    #[must_use]
    pub fn as_bytes_before_nul(&self) -> &[u8] {
        let end = self.0.iter().position(|&byte| byte == 0).unwrap_or(N);
        &self.0[..end]
    }

    /// The same as text, with a replacement character for what is not UTF-8.
    #[must_use]
    pub fn to_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.as_bytes_before_nul())
    }

    /// Whether there is no character in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_bytes_before_nul().is_empty()
    }
}

impl<const N: usize> Default for FixedText<N> {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Two are equal when the text is.
impl<const N: usize> PartialEq for FixedText<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes_before_nul() == other.as_bytes_before_nul()
    }
}

impl<const N: usize> Eq for FixedText<N> {}

impl<const N: usize> fmt::Debug for FixedText<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_text(), formatter)
    }
}

impl<const N: usize> fmt::Display for FixedText<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.to_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_a_character_and_always_ends_in_nul() {
        assert_eq!(FixedText::<8>::new("reader").to_text(), "reader");
        assert_eq!(FixedText::<8>::new("1234567").to_text(), "1234567");
        assert_eq!(FixedText::<8>::new("12345678").to_text(), "1234567");
        assert_eq!(FixedText::<8>::new("123456\u{e9}").0, *b"123456\0\0");
        assert_eq!(FixedText::<8>::new("a\0b").0, *b"a\0\0\0\0\0\0\0");
        assert!(FixedText::<4>::new("").is_empty());
    }

    #[test]
    fn a_peers_bytes_are_text_even_without_nul_or_utf_8() {
        assert_eq!(FixedText(*b"abcd").to_text(), "abcd");
        assert_eq!(FixedText([b'a', 0xff, 0, b'z']).to_text(), "a\u{fffd}");
        assert_eq!(FixedText([b'a', 0, b'y', b'z']), FixedText::<4>::new("a"));
        assert_eq!(format!("{:?} {:>3}", FixedText::<4>::new("a"), FixedText::<4>::new("b")), "\"a\"   b");
    }
}
