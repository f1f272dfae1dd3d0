//! An entry as it is kept in memory and in compressed chunks: fio 3.33's structure, little endian.
//!
//! ```text
//!  0 time, ms          u64
//!  8 value             u64
//! 16 direction + flags u32   (0, 1, 2; the four upper bits say what follows)
//! 20 priority          u16, 2 unused
//! 24 block size        u64
//! 32 offset            u64   if flagged; then maximum, then issue time, each if flagged
//! ```
//!
//! The last two are ours: fio 3.33 has neither, and later versions move the other members for them. A log without them can
//! be read by `fio --inflate-log` and the other way round.

use std::io::{self, Write};

use crate::direction::Direction;

const OFFSET: u32 = 0x8000_0000;
const PRIORITY: u32 = 0x4000_0000;
const MAXIMUM: u32 = 0x2000_0000;
const ISSUE_TIME: u32 = 0x1000_0000;
/// Bytes of an entry that has nothing more.
pub(super) const BASE_BYTES: usize = 32;
/// Bytes of an entry that has everything.
const ENTRY_BYTES_MAX: usize = BASE_BYTES + 24;

/// What entries have besides time, value, direction and block size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) offset: bool,
    pub(super) priority: bool,
    pub(super) maximum: bool,
    pub(super) issue_time: bool,
}

/// An entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) time_ms: u64,
    pub(super) value: u64,
    /// The place in [`Direction::ALL`].
    pub(super) direction: u32,
    pub(super) priority: u16,
    pub(super) block_bytes: u64,
    pub(super) offset: u64,
    pub(super) maximum: u64,
    pub(super) issue_time_ns: u64,
}

impl Columns {
    /// Bytes of an entry.
    pub(super) fn entry_bytes(self) -> usize {
        BASE_BYTES + 8 * (usize::from(self.offset) + usize::from(self.maximum) + usize::from(self.issue_time))
    }

    /// Those of the first entry of a chunk, which all its entries have. `None` when it is no entry.
    pub(super) fn of_first(entry: &[u8; BASE_BYTES]) -> Option<Self> {
        let flags = u32_at(entry, 16)?;
        let direction = flags & !(OFFSET | PRIORITY | MAXIMUM | ISSUE_TIME);
        let columns = Self {
            offset: flags & OFFSET != 0,
            priority: flags & PRIORITY != 0,
            maximum: flags & MAXIMUM != 0,
            issue_time: flags & ISSUE_TIME != 0,
        };
        ((direction as usize) < Direction::ALL.len()).then_some(columns)
    }

    fn flags(self) -> u32 {
        let flag = |set: bool, flag: u32| if set { flag } else { 0 };
        flag(self.offset, OFFSET)
            | flag(self.priority, PRIORITY)
            | flag(self.maximum, MAXIMUM)
            | flag(self.issue_time, ISSUE_TIME)
    }

    /// Adds an entry to a chunk: laid out beside it, so that the chunk's room is looked at once.
    #[inline]
    pub(super) fn encode(self, entry: &Entry, chunk: &mut Vec<u8>) {
        let mut bytes = [0; ENTRY_BYTES_MAX];
        bytes[0..8].copy_from_slice(&entry.time_ms.to_le_bytes());
        bytes[8..16].copy_from_slice(&entry.value.to_le_bytes());
        bytes[16..20].copy_from_slice(&(entry.direction | self.flags()).to_le_bytes());
        bytes[20..22].copy_from_slice(&entry.priority.to_le_bytes());
        bytes[24..32].copy_from_slice(&entry.block_bytes.to_le_bytes());
        let mut end = BASE_BYTES;
        let more = [(self.offset, entry.offset), (self.maximum, entry.maximum), (self.issue_time, entry.issue_time_ns)];
        for (_, value) in more.iter().filter(|(present, _)| *present) {
            bytes[end..end + 8].copy_from_slice(&value.to_le_bytes());
            end += 8;
        }
        chunk.extend_from_slice(&bytes[..end]);
    }

    /// Reads an entry of [`Columns::entry_bytes`]. `None` when it is none.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<Entry> {
        let mut entry = Entry {
            time_ms: u64_at(bytes, 0)?,
            value: u64_at(bytes, 8)?,
            direction: u32_at(bytes, 16)? & !self.flags(),
            priority: u16::from_le_bytes(bytes.get(20..22)?.try_into().ok()?),
            block_bytes: u64_at(bytes, 24)?,
            ..Entry::default()
        };
        let mut at = BASE_BYTES;
        let more = [
            (self.offset, &mut entry.offset),
            (self.maximum, &mut entry.maximum),
            (self.issue_time, &mut entry.issue_time_ns),
        ];
        for (_, value) in more.into_iter().filter(|(present, _)| *present) {
            *value = u64_at(bytes, at)?;
            at += 8;
        }
        ((entry.direction as usize) < Direction::ALL.len()).then_some(entry)
    }

    /// Writes a line for each entry. Returns `None` for the first bytes that are no entry.
    pub(super) fn write_lines(self, entries: &[u8], output: &mut dyn Write) -> io::Result<Option<()>> {
        for bytes in entries.chunks(self.entry_bytes()) {
            let Some(entry) = self.decode(bytes) else {
                return Ok(None);
            };
            self.write_line(&entry, output)?;
        }
        Ok(Some(()))
    }

    fn write_line(self, entry: &Entry, output: &mut dyn Write) -> io::Result<()> {
        write!(output, "{}, {}", entry.time_ms, entry.value)?;
        if self.maximum {
            write!(output, ", {}", entry.maximum)?;
        }
        write!(output, ", {}, {}", entry.direction, entry.block_bytes)?;
        if self.offset {
            write!(output, ", {}", entry.offset)?;
        }
        if self.priority {
            write!(output, ", 0x{:04x}", entry.priority)?;
        } else {
            // Whether its class is real time.
            write!(output, ", {}", u8::from(entry.priority >> 13 == 1))?;
        }
        if self.issue_time {
            write!(output, ", {}", entry.issue_time_ns)?;
        }
        writeln!(output)
    }
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: Entry = Entry {
        time_ms: 104,
        value: 2_034_115,
        direction: 1,
        priority: 1 << 13 | 3,
        block_bytes: 4096,
        offset: 24_576,
        maximum: 9_999_999,
        issue_time_ns: 77,
    };

    fn line(columns: Columns) -> String {
        let mut chunk = Vec::new();
        columns.encode(&ENTRY, &mut chunk);
        assert_eq!(chunk.len(), columns.entry_bytes());
        assert_eq!(Columns::of_first(chunk[..BASE_BYTES].try_into().unwrap()), Some(columns));
        let mut output = Vec::new();
        assert_eq!(columns.write_lines(&chunk, &mut output).unwrap(), Some(()));
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn lines_with_and_without_columns() {
        let none = Columns::default();
        assert_eq!(line(none), "104, 2034115, 1, 4096, 1\n");
        assert_eq!(line(Columns { offset: true, ..none }), "104, 2034115, 1, 4096, 24576, 1\n");
        assert_eq!(line(Columns { priority: true, ..none }), "104, 2034115, 1, 4096, 0x2003\n");
        assert_eq!(line(Columns { maximum: true, ..none }), "104, 2034115, 9999999, 1, 4096, 1\n");
        let all = Columns { offset: true, priority: true, maximum: true, issue_time: true };
        assert_eq!(line(all), "104, 2034115, 9999999, 1, 4096, 24576, 0x2003, 77\n");
    }

    #[test]
    fn other_bytes_are_no_entry() {
        assert_eq!(Columns::of_first(&[0x0f; BASE_BYTES]), None);
        let columns = Columns::default();
        let mut output = Vec::new();
        assert_eq!(columns.write_lines(&[0; BASE_BYTES - 1], &mut output).unwrap(), None);
        assert_eq!(columns.write_lines(&[7; BASE_BYTES], &mut output).unwrap(), None);
        assert!(output.is_empty());
    }
}
