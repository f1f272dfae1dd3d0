//! What was wrong with a block, and how it is said: fio's lines first, then what it means and whose write it was.

use std::fmt;

use super::diagnosis::Diagnosis;
use super::header::{MAGIC, WriteIdentity};
use super::method::Method;
use crate::buffers::PatternDifference;

/// Where a part of a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Where the block begins in its file, in bytes.
    pub block_offset: u64,
    /// Bytes of the block.
    pub block_length: usize,
    /// Where in the block the interval begins.
    pub unit_start: usize,
    /// Bytes of the interval.
    pub unit_length: usize,
}

impl Place {
    /// Where the interval begins in the file.
    #[must_use]
    pub const fn unit_offset(&self) -> u64 {
        self.block_offset + self.unit_start as u64
    }

    /// The write of a block whose header says nothing.
    pub(super) const fn unheaded_write(&self) -> WriteIdentity {
        WriteIdentity { offset: self.unit_offset(), seed: 0, seconds: 0, nanoseconds: 0, thread: 0, number: 0 }
    }
}

/// The first thing that was found wrong in an interval of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureKind {
    /// There is no header.
    Magic {
        /// What is in its place.
        found: u16,
    },
    /// The header is of an interval of another length.
    Length {
        /// Its length in bytes.
        found: usize,
        /// The length of intervals here.
        wanted: usize,
    },
    /// The data was filled from another seed.
    Seed {
        /// Its seed.
        found: u64,
        /// The seed of the write that is expected.
        wanted: u64,
    },
    /// The header is of another place.
    Offset {
        /// Its offset in bytes.
        found: u64,
        /// The offset that it was read from.
        wanted: u64,
    },
    /// The header is of another write.
    Number {
        /// Its number.
        found: u16,
        /// The number of the write that is expected.
        wanted: u16,
    },
    /// The header does not have the checksum that it says it has.
    HeaderChecksum {
        /// What it says.
        found: u32,
        /// What it is.
        calculated: u32,
    },
    /// The data does not have the digest that the header says.
    Digest {
        /// What the header says.
        stored: Vec<u8>,
        /// What it is.
        calculated: Vec<u8>,
    },
    /// The data is not the pattern; counted from the front of the interval.
    Pattern(PatternDifference),
    /// A trimmed block is not zero at this byte.
    NotZero {
        /// The first byte that is not, counted from the front of the block.
        at: usize,
    },
}

impl FailureKind {
    /// Whether the header is wrong, so that its block was not looked at further.
    #[must_use]
    pub const fn is_header(&self) -> bool {
        match self {
            Self::Magic { .. }
            | Self::Length { .. }
            | Self::Seed { .. }
            | Self::Offset { .. }
            | Self::Number { .. }
            | Self::HeaderChecksum { .. } => true,
            Self::Digest { .. } | Self::Pattern(_) | Self::NotZero { .. } => false,
        }
    }
}

/// A block, or an interval of one, that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What was found.
    pub kind: FailureKind,
    /// How it was checked.
    pub method: &'static Method,
    /// The method that the header names; `None` without a header.
    pub media_code: Option<u16>,
    /// Where.
    pub place: Place,
    /// What it means.
    pub diagnosis: Diagnosis,
}

/// The contents that `verify_dump` keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DumpKind {
    /// What was read.
    Received,
    /// What should have been read.
    Expected,
    /// What was read where a header should be.
    HeaderFailure,
}

impl DumpKind {
    /// The last part of the file's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Expected => "expected",
            Self::HeaderFailure => "hdr_fail",
        }
    }

    /// The line that says where a dump went. fio has none for a header.
    #[must_use]
    pub fn message(self, dump: &str) -> String {
        format!("       {} data dumped as {dump}\n", self.name())
    }
}

/// The error number that a job ends with when data is wrong: EILSEQ, as with fio.
pub const VERIFY_ERROR: i32 = 84;

impl Failure {
    /// The files that `verify_dump` writes for it.
    #[must_use]
    pub const fn dumps(&self) -> &'static [DumpKind] {
        match &self.kind {
            FailureKind::NotZero { .. } => &[],
            kind if kind.is_header() => &[DumpKind::HeaderFailure],
            _ => &[DumpKind::Received, DumpKind::Expected],
        }
    }

    /// The name of such a file: in the directory of `aux-path` if there is one, after the last part of the checked file's name.
    #[must_use]
    pub fn dump_name(&self, kind: DumpKind, aux_path: Option<&str>, file: &str) -> String {
        let base = file.rsplit('/').find(|part| !part.is_empty()).unwrap_or("/");
        let name = format!("{base}.{}.{}", self.place.unit_offset(), kind.name());
        match aux_path {
            Some(directory) => format!("{directory}/{name}"),
            None => name,
        }
    }

    /// All that is said about it on stderr, each line with its end.
    ///
    /// `flags` are those of the I/O unit, which fio prints.
    ///
    /// Parity: fio's lines word for word, except that a wrong offset is compared with that of its interval where fio names the
    /// block's, and that a block without headers has its own length where fio takes four bytes of its data for one. One line
    /// more says what it means.
    #[must_use]
    pub const fn report<'a>(&'a self, file: &'a str, flags: u32) -> Report<'a> {
        Report { failure: self, file, flags }
    }
}

/// The lines about a failure; made by [`Failure::report`].
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    failure: &'a Failure,
    file: &'a str,
    flags: u32,
}

struct Hexadecimal<'a>(&'a [u8]);

impl fmt::Display for Hexadecimal<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { kind, method, media_code, place, diagnosis } = self.failure;
        match kind {
            FailureKind::NotZero { at } => {
                let Place { block_offset, block_length, .. } = place;
                writeln!(
                    formatter,
                    "trim: verify failed at file {} offset {block_offset}, length {block_length}, block offset {at}",
                    self.file
                )?;
            }
            FailureKind::Digest { stored, calculated } => {
                self.data_line(formatter, method.name())?;
                writeln!(formatter, "       Expected CRC: {}", Hexadecimal(stored))?;
                writeln!(formatter, "       Received CRC: {}", Hexadecimal(calculated))?;
            }
            FailureKind::Pattern(PatternDifference { at, found, wanted }) => {
                let bits = (found ^ wanted).count_ones();
                writeln!(formatter, "fio: got pattern '{found:02x}', wanted '{wanted:02x}'. Bad bits {bits}")?;
                writeln!(formatter, "fio: bad pattern block offset {}", at - method.header_length())?;
                self.data_line(formatter, "pattern")?;
            }
            header => {
                self.header_line(formatter, header)?;
            }
        }
        if let Some(media) = media_code
            && !kind.is_header()
            && !method.codes.contains(media)
        {
            writeln!(formatter, "fio: verify type mismatch ({media} media, {} given)", method.code())?;
        }
        writeln!(formatter, "       {diagnosis}")
    }
}

impl Report<'_> {
    fn data_line(&self, formatter: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        let place = &self.failure.place;
        writeln!(
            formatter,
            "{name:.8}: verify failed at file {} offset {}, length {} (requested block: offset={}, length={}, flags={:x})",
            self.file,
            place.unit_offset(),
            place.unit_length,
            place.block_offset,
            place.block_length,
            self.flags
        )
    }

    fn header_line(&self, formatter: &mut fmt::Formatter<'_>, kind: &FailureKind) -> fmt::Result {
        match kind {
            FailureKind::Magic { found } => {
                write!(formatter, "verify: bad magic header {found:x}, wanted {MAGIC:x}")
            }
            FailureKind::Length { found, wanted } => {
                write!(formatter, "verify: bad header length {found}, wanted {wanted}")
            }
            FailureKind::Seed { found, wanted } => {
                write!(formatter, "verify: bad header rand_seed {found}, wanted {wanted}")
            }
            FailureKind::Offset { found, wanted } => {
                write!(formatter, "verify: bad header offset {found}, wanted {wanted}")
            }
            FailureKind::Number { found, wanted } => {
                write!(formatter, "verify: bad header numberio {found}, wanted {wanted}")
            }
            FailureKind::HeaderChecksum { found, calculated } => {
                write!(formatter, "verify: bad header crc {found:x}, calculated {calculated:x}")
            }
            FailureKind::Digest { .. } | FailureKind::Pattern(_) | FailureKind::NotZero { .. } => Ok(()),
        }?;
        let place = &self.failure.place;
        writeln!(
            formatter,
            " at file {} offset {}, length {} (requested block: offset={}, length={})",
            self.file,
            place.unit_offset(),
            place.unit_length,
            place.block_offset,
            place.block_length
        )
    }
}
