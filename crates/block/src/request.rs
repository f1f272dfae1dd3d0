//! What is asked of a device, and what it answers.

use reactor::buffer_pool::IoBuffer;

use crate::{BlockError, BlockRange};

/// The caller's name for a request. The device gives it back and looks no further at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot(pub u64);

/// Which way data go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// From the device.
    Read,
    /// To the device.
    Write,
}

/// What to do. `R` is how a range is given: in blocks by callers, in checked bytes to devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation<R = BlockRange> {
    /// Read the range into the request's buffer, which is exactly as long.
    Read(R),
    /// Write the request's buffer, which is exactly as long, to the range.
    Write {
        /// Where to.
        range: R,
        /// Complete only when these data would survive a loss of power.
        force_unit_access: bool,
    },
    /// Bring all data that were written before to the medium.
    Flush,
    /// The content of the range is not needed any more.
    Deallocate(R),
    /// Make the range read as zeros.
    WriteZeroes {
        /// Which.
        range: R,
        /// The space may be given back.
        deallocate: bool,
        /// Complete only when the zeros would survive a loss of power.
        force_unit_access: bool,
    },
}

/// One request to a device.
#[derive(Debug)]
pub struct Request<R = BlockRange> {
    /// Comes back with the completion.
    pub slot: Slot,
    /// What to do.
    pub operation: Operation<R>,
    /// The data of a read or a write; `None` for everything else. Comes back with the completion.
    pub buffer: Option<IoBuffer>,
}

/// The end of a request.
#[derive(Debug)]
pub struct Completion {
    /// As in the request.
    pub slot: Slot,
    /// How it went.
    pub result: Result<(), BlockError>,
    /// As in the request.
    pub buffer: Option<IoBuffer>,
}

/// What became of a request when it was submitted.
#[derive(Debug)]
#[must_use]
pub enum Submission {
    /// It is over.
    Complete(Completion),
    /// It will come out of [`DeviceQueue::poll`](crate::DeviceQueue::poll).
    Pending,
}

impl<R> Operation<R> {
    /// The range, unless it is about the whole device.
    pub fn range(&self) -> Option<&R> {
        match self {
            Self::Read(range)
            | Self::Write { range, .. }
            | Self::Deallocate(range)
            | Self::WriteZeroes { range, .. } => Some(range),
            Self::Flush => None,
        }
    }

    /// Whether it changes what the device holds.
    #[must_use]
    pub fn is_change(&self) -> bool {
        match self {
            Self::Read(_) | Self::Flush => false,
            Self::Write { .. } | Self::Deallocate(_) | Self::WriteZeroes { .. } => true,
        }
    }

    /// The same operation on ranges of another kind.
    ///
    /// # Errors
    /// What `convert` reports.
    pub fn with_range<S, E>(self, convert: impl FnOnce(R) -> Result<S, E>) -> Result<Operation<S>, E> {
        Ok(match self {
            Self::Read(range) => Operation::Read(convert(range)?),
            Self::Write { range, force_unit_access } => Operation::Write { range: convert(range)?, force_unit_access },
            Self::Flush => Operation::Flush,
            Self::Deallocate(range) => Operation::Deallocate(convert(range)?),
            Self::WriteZeroes { range, deallocate, force_unit_access } => {
                Operation::WriteZeroes { range: convert(range)?, deallocate, force_unit_access }
            }
        })
    }
}

impl<R> Request<R> {
    /// The data of a read or a write.
    ///
    /// # Panics
    /// When it is another operation, or has no buffer, which [`BlockDevice::submit`](crate::BlockDevice::submit) lets no
    /// device see.
    pub fn data_mut(&mut self) -> &mut [u8] {
        self.buffer.as_mut().expect("a read or write has a buffer").as_mut_slice()
    }

    /// Ends the request at once.
    pub fn complete(self, result: Result<(), BlockError>) -> Submission {
        Submission::Complete(Completion { slot: self.slot, result, buffer: self.buffer })
    }
}
