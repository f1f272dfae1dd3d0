//! What a buffer is filled with, over and over: bytes, texts, contents of files, and the offset of the block.

use std::path::{Path, PathBuf};

use super::kind::ValueError;
use super::limits::{PATTERN_BYTES_MAX, PATTERN_OFFSETS_MAX};

/// Bytes that the offset of a block takes (`%o`): a little-endian number of 64 bits.
pub const OFFSET_BYTES: usize = 8;

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternPiece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The offset of the block, [`OFFSET_BYTES`] bytes.
    Offset,
    /// What is in this file, as far as there is room.
    File(PathBuf),
}

/// A pattern as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pattern {
    /// What it consists of, in order.
    pub pieces: Vec<PatternPiece>,
}

/// A pattern that fills buffers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilledPattern {
    /// Its bytes; zeros where an offset goes. At least one and at most [`PATTERN_BYTES_MAX`].
    pub bytes: Vec<u8>,
    /// Where in `bytes` the offset of the block goes.
    pub offsets: Vec<usize>,
}

const ACCEPTED: &str =
    "a pattern: 0x and hexadecimal digits, a decimal number, \"a text\", 'a file', or several of them";
const ACCEPTED_WITH_OFFSET: &str = "a pattern: 0x and hexadecimal digits, a decimal number, \"a text\", 'a file', %o for the offset, or several of them";

impl Pattern {
    /// Reads a pattern. `%o`, the offset of the block, is taken only `with_offset`.
    ///
    /// # Errors
    /// [`ValueError::Malformed`]; [`ValueError::TooLong`] when it has more than [`PATTERN_BYTES_MAX`] bytes.
    pub fn parse(text: &str, with_offset: bool) -> Result<Self, ValueError> {
        let accepted = if with_offset { ACCEPTED_WITH_OFFSET } else { ACCEPTED };
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, after) = piece(rest).ok_or_else(|| ValueError::malformed(rest, accepted))?;
            if piece == PatternPiece::Offset && !with_offset {
                return Err(ValueError::malformed(rest, accepted));
            }
            pieces.push(piece);
            rest = after;
        }
        let pattern = Self { pieces };
        if pattern.fixed_bytes() > PATTERN_BYTES_MAX {
            return Err(ValueError::TooLong { limit: PATTERN_BYTES_MAX });
        }
        if pattern.pieces.iter().filter(|piece| **piece == PatternPiece::Offset).count() > PATTERN_OFFSETS_MAX {
            return Err(ValueError::TooMany { limit: PATTERN_OFFSETS_MAX, what: "offsets" });
        }
        if pattern.pieces.is_empty() { Err(ValueError::malformed(text, accepted)) } else { Ok(pattern) }
    }

    /// The pattern as bytes. `read` gets a file's contents, at most as many bytes as it is told.
    ///
    /// # Errors
    /// What `read` says.
    pub fn fill<E>(&self, mut read: impl FnMut(&Path, usize) -> Result<Vec<u8>, E>) -> Result<FilledPattern, E> {
        let mut filled = FilledPattern { bytes: Vec::new(), offsets: Vec::new() };
        let mut fixed_left = self.fixed_bytes();
        for piece in &self.pieces {
            match piece {
                PatternPiece::Bytes(bytes) => {
                    fixed_left -= bytes.len();
                    filled.bytes.extend_from_slice(bytes);
                }
                PatternPiece::Offset => {
                    fixed_left -= OFFSET_BYTES;
                    filled.offsets.push(filled.bytes.len());
                    filled.bytes.extend_from_slice(&[0; OFFSET_BYTES]);
                }
                PatternPiece::File(path) => {
                    let room = PATTERN_BYTES_MAX - filled.bytes.len() - fixed_left;
                    let mut contents = read(path, room)?;
                    contents.truncate(room);
                    filled.bytes.append(&mut contents);
                }
            }
        }
        Ok(filled)
    }

    /// Bytes of all pieces but files.
    fn fixed_bytes(&self) -> usize {
        let length = |piece: &PatternPiece| match piece {
            PatternPiece::Bytes(bytes) => bytes.len(),
            PatternPiece::Offset => OFFSET_BYTES,
            PatternPiece::File(_) => 0,
        };
        self.pieces.iter().map(length).sum()
    }
}

/// The first piece, and what follows it.
fn piece(text: &str) -> Option<(PatternPiece, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (inside, rest) = quoted.split_once('"')?;
        return (!inside.is_empty()).then(|| (PatternPiece::Bytes(inside.as_bytes().to_vec()), rest));
    }
    if let Some(quoted) = text.strip_prefix('\'') {
        let (path, rest) = quoted.split_once('\'')?;
        return (!path.is_empty()).then(|| (PatternPiece::File(PathBuf::from(path)), rest));
    }
    if let Some(rest) = text.strip_prefix("%o") {
        return Some((PatternPiece::Offset, rest));
    }
    let (bytes, rest) = hexadecimal(text).or_else(|| decimal(text))?;
    Some((PatternPiece::Bytes(bytes), rest))
}

/// `0x` and digits, two a byte; of an odd number the first is a byte by itself. A zero before an `x` belongs to the next piece.
fn hexadecimal(text: &str) -> Option<(Vec<u8>, &str)> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let mut end = digits.bytes().take_while(u8::is_ascii_hexdigit).count();
    let another_follows = digits[end..].starts_with(['x', 'X']) && digits[..end].ends_with('0');
    if another_follows {
        end -= 1;
    }
    if end == 0 {
        return None;
    }
    let padded = if end.is_multiple_of(2) { digits[..end].to_owned() } else { format!("0{}", &digits[..end]) };
    let byte = |place: usize| u8::from_str_radix(&padded[place..place + 2], 16).ok();
    let bytes = (0..padded.len()).step_by(2).map(byte).collect::<Option<_>>()?;
    Some((bytes, &digits[end..]))
}

/// A number of 32 bits with a sign: its bytes, the lowest first, without the zeros at the end.
fn decimal(text: &str) -> Option<(Vec<u8>, &str)> {
    let sign = usize::from(text.starts_with(['-', '+']));
    let digits = text[sign..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = sign + digits;
    let another_follows = text[end..].starts_with(['x', 'X']) && text[..end].ends_with('0') && digits > 1;
    if another_follows {
        end -= 1;
    }
    let number: i32 = text[..end].parse().ok()?;
    let mut bytes = number.to_le_bytes().to_vec();
    while bytes.len() > 1 && bytes.last() == Some(&0) {
        bytes.pop();
    }
    Some((bytes, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<FilledPattern, ValueError> {
        let read = |_: &Path, room: usize| Ok::<_, ValueError>(vec![7; room]);
        Pattern::parse(text, true)?.fill(read)
    }

    #[test]
    fn bytes_are_those_of_fio() {
        // The comment in lib/pattern.c of fio 3.33 has these; checked with --buffer_pattern=… and a look at the file.
        for (text, bytes) in [
            ("\"abcd\"", &b"abcd"[..]),
            ("-1024", &[0x00, 0xfc, 0xff, 0xff]),
            ("66", &[0x42]),
            ("0", &[0]),
            ("0xFF0X1", &[0xff, 0x01]),
            ("%o", &[0; 8]),
            ("\"123\"0xFFeeCC", b"123\xff\xee\xcc"),
            ("-100xab\"1\"%o\"2\"", b"\xf6\xff\xff\xff\xab1\0\0\0\0\0\0\0\x002"),
            ("%o0xdeadbeef%o", b"\0\0\0\0\0\0\0\0\xde\xad\xbe\xef\0\0\0\0\0\0\0\0"),
            ("0xabc", &[0x0a, 0xbc]),
            ("65535", &[0xff, 0xff]),
        ] {
            assert_eq!(filled(text).unwrap().bytes, bytes, "{text}");
        }
        assert_eq!(filled("%o0xdeadbeef%o").unwrap().offsets, [0, 12]);
    }

    #[test]
    fn a_file_takes_the_room_that_is_left() {
        let pattern = filled("'some file'0xff").unwrap();
        assert_eq!(pattern.bytes.len(), PATTERN_BYTES_MAX);
        assert_eq!(pattern.bytes.last(), Some(&0xff));
    }

    #[test]
    fn bad_patterns_are_refused() {
        for text in ["", "\"abc", "\"\"", "'abc", "abc", "%p", "0x", "0xg", "99999999999", "1 2"] {
            assert!(filled(text).is_err(), "{text}");
        }
        assert!(Pattern::parse("%o", false).is_err());
        assert!(Pattern::parse(&format!("0x{}", "00".repeat(PATTERN_BYTES_MAX + 1)), true).is_err());
        assert!(Pattern::parse(&"%o".repeat(9), true).is_err());
    }
}
