//! Text of a fixed room, for where nothing may be allocated.

use std::fmt;

/// Room for a report, in bytes: 64 lines of some 120 bytes.
const ROOM_BYTES: usize = 8 * 1024;

/// A text that takes whole lines as long as there is room, each behind a prefix.
#[derive(Debug)]
pub(super) struct Text {
    bytes: [u8; ROOM_BYTES],
    length: usize,
}

impl Text {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; ROOM_BYTES], length: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    /// Adds a line, with its newline, or nothing when it does not fit.
    pub(super) fn line(&mut self, prefix: &str, line: fmt::Arguments<'_>) {
        let before = self.length;
        let added = fmt::Write::write_fmt(self, format_args!("{prefix}{line}\n"));
        if added.is_err() {
            self.length = before;
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.get_mut(self.length..self.length + text.len()).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_does_not_fit_is_left_out_whole() {
        let mut text = Text::new();
        text.line("key=", format_args!("{:#x}", 255));
        assert_eq!(text.as_bytes(), b"key=0xff\n");
        text.line("", format_args!("{}{}", "x", "y".repeat(ROOM_BYTES - 10)));
        assert_eq!(text.as_bytes(), b"key=0xff\n");
        text.line("", format_args!("{}", "y".repeat(ROOM_BYTES - 10)));
        assert_eq!(text.as_bytes().len(), ROOM_BYTES);
    }
}
