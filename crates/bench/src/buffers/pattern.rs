//! Bytes given by the user, repeated over a buffer.
//!
//! A pattern is written as strings (`"abc"`), numbers (`-1024`, little endian without leading zeroes), bytes in hexadecimal
//! (`0xdeadbeef`, first byte first), files (`'path'`) and `%o` (the offset of the block, eight bytes, little endian), one behind the
//! other without anything between them.

use thiserror::Error;

/// How many bytes a pattern may have. fio 3.33 has room for 512, as much as it sends in its wire format; later versions for more.
pub const PATTERN_MAXIMUM: usize = 1 << 20;

/// Patterns of up to so many bytes are compared without an allocation.
const SHORT: usize = 512;

/// How many `%o` a pattern may have: fio 3.33's limit.
pub const PATTERN_FORMATS_MAXIMUM: usize = 8;

/// Bytes that `%o` takes.
const OFFSET_LENGTH: usize = 8;

/// Bytes that are repeated over a buffer, with places where the block's offset is pasted in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// At least one, the places of the offset as zeroes.
    bytes: Vec<u8>,
    /// Where the offset goes, ascending.
    offset_places: Vec<usize>,
}

/// Where a buffer first differs from a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatternDifference {
    /// The byte of the buffer, from 0.
    pub at: usize,
    /// What is there.
    pub found: u8,
    /// What the pattern has there.
    pub wanted: u8,
}

/// Why a text is no pattern.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("pattern {text:?} at byte {position}: {problem}")]
pub struct PatternError {
    /// The whole text.
    pub text: String,
    /// Where the part begins that is wrong, in bytes.
    pub position: usize,
    /// What is wrong with it.
    pub problem: PatternProblem,
}

/// What is wrong with a part of a pattern.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PatternProblem {
    /// There is nothing.
    #[error("it is empty; it takes \"text\", a number, 0x and hexadecimal digits, 'file' or %o")]
    Empty,
    /// The part has none of the forms.
    #[error("neither \"text\", a number from -2147483648 to 2147483647, 0x and hexadecimal digits, 'file' nor %o")]
    Unknown,
    /// A quote is opened and never closed.
    #[error("the closing {0} is missing")]
    Unclosed(char),
    /// The offset of the block has no place here.
    #[error("%o is for verify_pattern only")]
    Format,
    /// There are too many offsets.
    #[error("more than {PATTERN_FORMATS_MAXIMUM} times %o")]
    Formats,
    /// The pattern is too long.
    #[error("it is longer than {PATTERN_MAXIMUM} bytes")]
    Long,
    /// A file cannot be read.
    #[error("file {0}: {1}")]
    File(String, String),
}

impl Pattern {
    /// Bytes as they are.
    ///
    /// # Errors
    /// None or more than [`PATTERN_MAXIMUM`] bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PatternProblem> {
        match bytes.len() {
            0 => Err(PatternProblem::Empty),
            1..=PATTERN_MAXIMUM => Ok(Self { bytes: bytes.to_vec(), offset_places: Vec::new() }),
            _ => Err(PatternProblem::Long),
        }
    }

    /// Reads a pattern as users write it.
    ///
    /// `formats` allows `%o`. `read_file` returns the bytes of a file, of which as many count as the pattern has room for.
    ///
    /// # Errors
    /// The first part that is wrong and where it begins.
    ///
    /// Parity: fio 3.33, except that an empty string or file is refused here where fio ends with a failed assertion.
    pub fn parse(
        text: &str,
        formats: bool,
        read_file: &mut dyn FnMut(&str) -> std::io::Result<Vec<u8>>,
    ) -> Result<Self, PatternError> {
        let mut pattern = Self { bytes: Vec::new(), offset_places: Vec::new() };
        let error =
            |rest: &str, problem| PatternError { text: text.to_owned(), position: text.len() - rest.len(), problem };
        let mut rest = text;
        if rest.is_empty() {
            return Err(error(rest, PatternProblem::Empty));
        }
        while !rest.is_empty() {
            let before = pattern.bytes.len();
            let behind = pattern.parse_part(rest, formats, read_file).map_err(|problem| error(rest, problem))?;
            match pattern.bytes.len() {
                length if length == before => return Err(error(rest, PatternProblem::Empty)),
                length if length > PATTERN_MAXIMUM => return Err(error(rest, PatternProblem::Long)),
                _ => rest = behind,
            }
        }
        Ok(pattern)
    }

    /// Takes the first part of `text` and returns what is behind it.
    fn parse_part<'text>(
        &mut self,
        text: &'text str,
        formats: bool,
        read_file: &mut dyn FnMut(&str) -> std::io::Result<Vec<u8>>,
    ) -> Result<&'text str, PatternProblem> {
        if let Some(rest) = text.strip_prefix('"') {
            let (string, behind) = rest.split_once('"').ok_or(PatternProblem::Unclosed('"'))?;
            self.bytes.extend_from_slice(string.as_bytes());
            Ok(behind)
        } else if let Some(rest) = text.strip_prefix('\'') {
            let (name, behind) = rest.split_once('\'').ok_or(PatternProblem::Unclosed('\''))?;
            let content = read_file(name).map_err(|error| PatternProblem::File(name.to_owned(), error.to_string()))?;
            let room = PATTERN_MAXIMUM.saturating_sub(self.bytes.len());
            self.bytes.extend_from_slice(&content[..content.len().min(room)]);
            Ok(behind)
        } else if let Some(rest) = text.strip_prefix("%o") {
            match self.offset_places.len() {
                _ if !formats => return Err(PatternProblem::Format),
                PATTERN_FORMATS_MAXIMUM => return Err(PatternProblem::Formats),
                _ => self.offset_places.push(self.bytes.len()),
            }
            self.bytes.extend_from_slice(&[0; OFFSET_LENGTH]);
            Ok(rest)
        } else {
            self.parse_number(text)
        }
    }

    fn parse_number<'text>(&mut self, text: &'text str) -> Result<&'text str, PatternProblem> {
        let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        if let Some(digits_on) = hexadecimal.filter(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit())) {
            return self.parse_hexadecimal(digits_on);
        }
        // `10` of `100xab` is a number, its second zero begins the next part.
        let end = text.to_ascii_lowercase().find("0x").filter(|&end| end > 0).unwrap_or(text.len());
        let number = text[..end].trim_start_matches(' ');
        let sign_length = usize::from(number.starts_with(['-', '+']));
        let digits = number[sign_length..].bytes().take_while(u8::is_ascii_digit).count();
        let length = sign_length + digits;
        let value: i32 = number[..length].parse().map_err(|_| PatternProblem::Unknown)?;
        let bytes = value.to_le_bytes();
        let used = bytes.iter().rposition(|&byte| byte != 0).map_or(1, |last| last + 1);
        self.bytes.extend_from_slice(&bytes[..used]);
        let skipped = text[..end].len() - number.len();
        Ok(&text[skipped + length..])
    }

    /// `text` begins with a digit.
    fn parse_hexadecimal<'text>(&mut self, text: &'text str) -> Result<&'text str, PatternProblem> {
        let mut length = text.bytes().take_while(u8::is_ascii_hexdigit).count();
        // The last zero of `ff0` in `0xff0x14` begins the next part.
        if text.as_bytes()[length - 1] == b'0' && text[length..].starts_with(['x', 'X']) {
            length -= 1;
        }
        if length > PATTERN_MAXIMUM * 2 {
            return Err(PatternProblem::Long);
        }
        let (digits, rest) = text.split_at(length);
        // An odd number of digits begins with a byte of one digit.
        let (first, pairs) = digits.split_at(length % 2);
        let value = |digits: &[u8]| digits.iter().fold(0, |value, &digit| value << 4 | digit_value(digit));
        self.bytes.extend((!first.is_empty()).then(|| value(first.as_bytes())));
        self.bytes.extend(pairs.as_bytes().chunks(2).map(value));
        Ok(rest)
    }

    /// How many bytes it has before it repeats, from 1 to [`PATTERN_MAXIMUM`].
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a pattern is never empty")]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether each block has its own offset in it, so that a buffer cannot be written twice without a fill.
    #[must_use]
    pub fn has_offset(&self) -> bool {
        !self.offset_places.is_empty()
    }

    /// Fills `buffer` from the pattern's first byte on, with `block_offset` where `%o` stands.
    ///
    /// Cost: copies that double in length, no allocation.
    pub fn fill(&self, buffer: &mut [u8], block_offset: u64) {
        let mut filled = self.bytes.len().min(buffer.len());
        buffer[..filled].copy_from_slice(&self.bytes[..filled]);
        self.paste_offset(&mut buffer[..filled], block_offset);
        while filled < buffer.len() {
            let (from, to) = buffer.split_at_mut(filled);
            let length = to.len().min(filled);
            to[..length].copy_from_slice(&from[..length]);
            filled += length;
        }
    }

    fn paste_offset(&self, bytes: &mut [u8], block_offset: u64) {
        for &place in &self.offset_places {
            let Some(room) = bytes.get_mut(place..) else { break };
            let length = room.len().min(OFFSET_LENGTH);
            room[..length].copy_from_slice(&block_offset.to_le_bytes()[..length]);
        }
    }

    /// The offset of the block that `data`, a block from its first byte on, was filled for; `None` without `%o`, or if it is not this
    /// pattern at all.
    #[must_use]
    pub fn block_offset_of(&self, data: &[u8]) -> Option<u64> {
        let place = data.get(*self.offset_places.first()?..)?;
        let (offset, _) = place.split_first_chunk()?;
        let offset = u64::from_le_bytes(*offset);
        self.first_difference(data, 0, offset).is_none().then_some(offset)
    }

    /// Where `data` first differs from the pattern; `position` is how many bytes of a filled buffer are before `data`.
    ///
    /// Cost: two comparisons of memory, and an allocation if the pattern is longer than 512 bytes; byte by byte only once a difference
    /// is known.
    #[must_use]
    pub fn first_difference(&self, data: &[u8], position: usize, block_offset: u64) -> Option<PatternDifference> {
        let length = self.bytes.len();
        let (mut short, mut long) = ([0; SHORT], Vec::new());
        let bytes = if length <= SHORT {
            &mut short[..length]
        } else {
            long.resize(length, 0);
            &mut long[..]
        };
        bytes.copy_from_slice(&self.bytes);
        self.paste_offset(bytes, block_offset);
        bytes.rotate_left(position % length);
        let first = length.min(data.len());
        let repeats = data.len() <= length || data[..data.len() - length] == data[length..];
        if repeats && data[..first] == bytes[..first] {
            return None;
        }
        data.iter()
            .zip(bytes.iter().cycle())
            .enumerate()
            .find(|(_, (found, wanted))| found != wanted)
            .map(|(at, (&found, &wanted))| PatternDifference { at, found, wanted })
    }
}

/// What a hexadecimal digit stands for.
const fn digit_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
