//! What a terminal's driver does for a program that reads lines: echo, erasing, Ctrl-C and Ctrl-D. The client's own driver leaves
//! that to us.

use unicode_width::UnicodeWidthStr;

/// The longest line, in bytes; what follows is a line of its own.
const LINE_BYTES_MAXIMUM: usize = 64 << 10;

/// What was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A line with its end, or, after Ctrl-D, without.
    Line(Vec<u8>),
    /// Ctrl-D at the beginning of a line.
    EndOfInput,
    /// Ctrl-C.
    Interrupt,
}

/// A line that is being typed.
#[derive(Debug, Default)]
pub(super) struct Cooked {
    line: Vec<u8>,
}

impl Cooked {
    /// Takes a byte from the terminal; what it is to show is appended to `shown`.
    pub(super) fn feed(&mut self, byte: u8, shown: &mut Vec<u8>) -> Option<Event> {
        match byte {
            3 => {
                shown.extend_from_slice(b"^C\r\n");
                self.line.clear();
                return Some(Event::Interrupt);
            }
            4 if self.line.is_empty() => {
                shown.extend_from_slice(b"\r\n");
                return Some(Event::EndOfInput);
            }
            4 => return Some(Event::Line(std::mem::take(&mut self.line))),
            b'\r' | b'\n' => {
                shown.extend_from_slice(b"\r\n");
                self.line.push(b'\n');
                return Some(Event::Line(std::mem::take(&mut self.line)));
            }
            8 | 0x7f => {
                // A character of UTF-8 has one byte that does not continue another.
                let start = self.line.iter().rposition(|byte| byte & 0xc0 != 0x80).unwrap_or(0);
                self.erase(start, shown);
            }
            21 => self.erase(0, shown),
            _ => {
                shown.push(byte);
                self.line.push(byte);
            }
        }
        (self.line.len() >= LINE_BYTES_MAXIMUM).then(|| Event::Line(std::mem::take(&mut self.line)))
    }

    /// Takes the end of the line away, from the line and from the terminal: as many columns as it has there, and never what was there
    /// before the line.
    fn erase(&mut self, start: usize, shown: &mut Vec<u8>) {
        let erased = self.line.split_off(start);
        shown.extend(b"\x08 \x08".repeat(String::from_utf8_lossy(&erased).width()));
    }
}

/// Each line end with the carriage return that a terminal in raw mode needs.
pub(super) fn with_carriage_returns(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 16);
    for &byte in bytes {
        if byte == b'\n' {
            out.push(b'\r');
        }
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> Vec<Event> {
        let mut cooked = Cooked::default();
        keys.bytes().filter_map(|byte| cooked.feed(byte, &mut Vec::new())).collect()
    }

    #[test]
    fn lines_are_edited_and_ended() {
        let line = |text: &str| Event::Line(text.as_bytes().to_vec());
        assert_eq!(typed("ab\x7fc\r\x04"), [line("ac\n"), Event::EndOfInput]);
        assert_eq!(typed("\u{4e16}\x7fx\n"), [line("x\n")], "a character, not a byte");
        assert_eq!(typed("\u{4e16}x\x15y\n"), [line("y\n")]);
        assert_eq!(typed("ab\x04"), [line("ab")]);
        assert_eq!(typed("ab\x03c\n"), [Event::Interrupt, line("c\n")]);
        assert_eq!(typed("\x7f\x7fa\n"), [line("a\n")], "nothing to erase");
    }

    #[test]
    fn as_many_columns_are_erased_as_were_typed() {
        let erased = |keys: &str| {
            let (mut cooked, mut shown) = (Cooked::default(), Vec::new());
            keys.bytes().for_each(|byte| drop(cooked.feed(byte, &mut shown)));
            String::from_utf8(shown).unwrap().matches("\x08 \x08").count()
        };
        assert_eq!((erased("\x7f\x7f"), erased("\x15"), erased("a\x7f\x7f")), (0, 0, 1), "not the prompt");
        assert_eq!((erased("\u{4e16}\x7f"), erased("a\u{4e16}\x15")), (2, 3), "wide characters have two");
    }

    #[test]
    fn line_ends_get_their_carriage_return() {
        assert_eq!(with_carriage_returns(b"a\n\nb"), b"a\r\n\r\nb");
    }
}
