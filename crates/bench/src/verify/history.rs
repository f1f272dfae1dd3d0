//! Which writes are to be read again, and in which order.
//!
//! Writes that never hit the same block twice (a random map says so) are verified in the order of issue; all others by file and
//! offset, where a write takes the place of every earlier one that it overlaps.
//!
//! Memory: 24 bytes a write in order of issue; by offset 32 bytes and the room that a B-tree leaves free, at most as much again;
//! fio has 96 bytes and the allocator's. Cost: a push to a queue, or one insertion into the tree and a look at its neighbours.
//!
//! Parity: fio 3.33, with two differences: a write in flight at the smallest offset does not hold up those behind it, as in later
//! versions of fio, and no block is trimmed before its write has completed.

use std::collections::{BTreeMap, VecDeque};

/// In which order writes are verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryOrder {
    /// As they were issued: for files with a random map, where no block is written twice.
    Issued,
    /// By file and offset: for everything else.
    Offset,
}

/// A write as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoggedWrite {
    /// The job's number of the file.
    pub file: u32,
    /// Where in the file it began, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u32,
    /// How many writes were issued before it, modulo 65536.
    pub number: u16,
    /// Whether the block was trimmed since, and reads as zeroes.
    pub trimmed: bool,
}

/// Names a write until it has completed or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteId {
    order: HistoryOrder,
    file: u32,
    offset: u64,
    serial: u64,
}

/// What is true of a remembered write, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marks(u8);

impl Marks {
    const IN_FLIGHT: u8 = 1;
    const TRIM_WANTED: u8 = 2;
    const TRIMMED: u8 = 4;
    const GONE: u8 = 8;

    const fn has(self, mark: u8) -> bool {
        self.0 & mark != 0
    }

    fn set(&mut self, mark: u8, on: bool) {
        self.0 = if on { self.0 | mark } else { self.0 & !mark };
    }
}

#[derive(Debug, Clone, Copy)]
struct IssuedWrite {
    offset: u64,
    file: u32,
    length: u32,
    number: u16,
    marks: Marks,
}

#[derive(Debug, Clone, Copy)]
struct SortedWrite {
    serial: u64,
    length: u32,
    number: u16,
    marks: Marks,
}

const _: () = assert!(size_of::<IssuedWrite>() == 24 && size_of::<SortedWrite>() == 16);

/// The writes of a job that are still to be verified.
#[derive(Debug, Default)]
pub struct History {
    issued: VecDeque<IssuedWrite>,
    /// The serial number of the front of `issued`.
    first_issued: u64,
    sorted: BTreeMap<(u32, u64), SortedWrite>,
    next_sorted: u64,
    length: usize,
    /// Writes to be trimmed, in order of issue; some are gone already.
    trims: VecDeque<WriteId>,
    trims_waiting: usize,
}

impl History {
    /// Without any write.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many writes are to be verified, those in flight included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether nothing is to be verified.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// How many of them are to be trimmed before.
    #[must_use]
    pub const fn trims_waiting(&self) -> usize {
        self.trims_waiting
    }

    /// Forgets everything: the next loop of the job begins.
    pub fn clear(&mut self) {
        // The serial numbers go on: a write that completes late must not be taken for a new one.
        let first_issued = self.first_issued + self.issued.len() as u64;
        *self = Self { first_issued, next_sorted: self.next_sorted, ..Self::default() };
    }

    /// Remembers a write that is about to be issued. `write.trimmed` says whether it is to be trimmed later (`trim_percentage`).
    pub fn record(&mut self, order: HistoryOrder, write: &LoggedWrite) -> WriteId {
        let LoggedWrite { file, offset, length, number, trimmed } = *write;
        let marks = Marks(Marks::IN_FLIGHT | if trimmed { Marks::TRIM_WANTED } else { 0 });
        let serial = match order {
            HistoryOrder::Issued => {
                self.issued.push_back(IssuedWrite { offset, file, length, number, marks });
                self.first_issued + self.issued.len() as u64 - 1
            }
            HistoryOrder::Offset => {
                self.forget_overlapped(write);
                let serial = self.next_sorted;
                self.next_sorted += 1;
                self.sorted.insert((file, offset), SortedWrite { serial, length, number, marks });
                serial
            }
        };
        let id = WriteId { order, file, offset, serial };
        self.length += 1;
        if trimmed {
            self.trims.push_back(id);
            self.trims_waiting += 1;
        }
        id
    }

    fn forget_overlapped(&mut self, write: &LoggedWrite) {
        let LoggedWrite { file, offset, .. } = *write;
        let end = offset.saturating_add(u64::from(write.length));
        loop {
            // What is remembered does not overlap: the last one before the end is the only one to look at.
            let before = self.sorted.range(..(file, end)).next_back();
            let Some((&key, old)) = before.filter(|&(&(old_file, old_offset), old)| {
                old_file == file && (old_offset >= offset || old_offset + u64::from(old.length) > offset)
            }) else {
                break;
            };
            let marks = old.marks;
            self.sorted.remove(&key);
            self.forgotten(marks);
        }
    }

    /// Counts one less.
    fn forgotten(&mut self, marks: Marks) {
        self.length -= 1;
        self.trims_waiting -= usize::from(marks.has(Marks::TRIM_WANTED));
    }

    /// The length and marks of a write that is still remembered.
    fn find(&mut self, id: WriteId) -> Option<(u32, &mut Marks)> {
        match id.order {
            HistoryOrder::Issued => {
                let index = usize::try_from(id.serial.checked_sub(self.first_issued)?).ok()?;
                let write = self.issued.get_mut(index)?;
                (!write.marks.has(Marks::GONE)).then_some((write.length, &mut write.marks))
            }
            HistoryOrder::Offset => {
                let write = self.sorted.get_mut(&(id.file, id.offset))?;
                (write.serial == id.serial).then_some((write.length, &mut write.marks))
            }
        }
    }

    /// The write is done and may be verified. One that was overwritten in the meantime is forgotten already.
    pub fn completed(&mut self, id: WriteId) {
        if let Some((_, marks)) = self.find(id) {
            marks.set(Marks::IN_FLIGHT, false);
        }
    }

    /// The write failed: nothing is known of its block.
    pub fn failed(&mut self, id: WriteId) {
        let Some((_, marks)) = self.find(id) else { return };
        let before = *marks;
        marks.set(Marks::GONE, true);
        if id.order == HistoryOrder::Offset {
            self.sorted.remove(&(id.file, id.offset));
        }
        self.forgotten(before);
    }

    /// Takes the next write to verify. `None` if there is none, or if those that could be next are in flight.
    pub fn take_next(&mut self) -> Option<LoggedWrite> {
        let next = if self.sorted.is_empty() { self.next_issued() } else { self.next_sorted() };
        let (write, marks) = next?;
        self.forgotten(marks);
        Some(write)
    }

    fn next_sorted(&mut self) -> Option<(LoggedWrite, Marks)> {
        let (&key, _) = self.sorted.iter().find(|(_, write)| !write.marks.has(Marks::IN_FLIGHT))?;
        let SortedWrite { length, number, marks, .. } = self.sorted.remove(&key)?;
        let (file, offset) = key;
        Some((LoggedWrite { file, offset, length, number, trimmed: marks.has(Marks::TRIMMED) }, marks))
    }

    fn next_issued(&mut self) -> Option<(LoggedWrite, Marks)> {
        loop {
            let IssuedWrite { offset, file, length, number, marks } = *self.issued.front()?;
            if !marks.has(Marks::GONE) && marks.has(Marks::IN_FLIGHT) {
                return None;
            }
            self.issued.pop_front();
            self.first_issued += 1;
            if !marks.has(Marks::GONE) {
                let trimmed = marks.has(Marks::TRIMMED);
                return Some((LoggedWrite { file, offset, length, number, trimmed }, marks));
            }
        }
    }

    /// Takes the next write to trim. With `verify_zero` (`trim_verify_zero`) it stays, to be found zero; else it is forgotten.
    pub fn take_trim(&mut self, verify_zero: bool) -> Option<LoggedWrite> {
        loop {
            let id = *self.trims.front()?;
            let found = self.find(id).map(|(length, marks)| {
                let in_flight = marks.has(Marks::IN_FLIGHT);
                if !in_flight {
                    marks.set(Marks::TRIM_WANTED, false);
                    marks.set(Marks::TRIMMED, verify_zero);
                }
                (in_flight, length)
            });
            match found {
                Some((true, _)) => return None,
                Some((false, length)) => {
                    self.trims.pop_front();
                    self.trims_waiting -= 1;
                    let number = self.number(id);
                    if !verify_zero {
                        self.failed(id);
                    }
                    return Some(LoggedWrite {
                        file: id.file,
                        offset: id.offset,
                        length,
                        number,
                        trimmed: verify_zero,
                    });
                }
                None => {
                    self.trims.pop_front();
                }
            }
        }
    }

    fn number(&self, id: WriteId) -> u16 {
        match id.order {
            HistoryOrder::Issued => {
                let index = usize::try_from(id.serial - self.first_issued).unwrap_or(usize::MAX);
                self.issued.get(index).map_or(0, |write| write.number)
            }
            HistoryOrder::Offset => self.sorted.get(&(id.file, id.offset)).map_or(0, |write| write.number),
        }
    }
}

#[cfg(test)]
mod tests;
