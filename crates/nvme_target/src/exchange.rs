//! Where one command's data are while the command is being carried out.

use block::Window;
use nvme::base::command::SubmissionQueueEntry;
use nvme::tcp::Response;
use reactor::buffer_pool::IoBuffer;

use crate::queue::IoCommand;

/// The state of one command slot of a connection.
#[derive(Debug, Default)]
pub(crate) enum Exchange {
    /// No command, or one that is over but for a response without data.
    #[default]
    Idle,
    /// Decided, but the data that came with the capsule have not all arrived: they are thrown away, then it is answered.
    Answered(Answer),
    /// An admin or Fabrics command whose data are collected here.
    Collecting { entry: Box<SubmissionQueueEntry>, data: Vec<u8> },
    /// A write that is received straight into the device's memory.
    ReceivingInPlace { command: IoCommand, window: Window },
    /// A write that is received into a buffer of the pool.
    ReceivingIntoBuffer { command: IoCommand, buffer: IoBuffer },
    /// A write with in-capsule data that arrived while the pool was empty.
    ReceivingAside { command: IoCommand, data: Vec<u8> },
    /// Waits for a buffer of the pool. `data`: what to copy into it.
    AwaitingBuffer { command: IoCommand, data: Option<Vec<u8>> },
    /// The device has it, and the buffer with it.
    AtDevice { command: IoCommand },
    /// Read data on their way out, straight from the device's memory.
    SendingInPlace { window: Window },
    /// Read data on their way out of a buffer of the pool.
    SendingBuffer { buffer: IoBuffer },
    /// Data of an admin command on their way out.
    SendingBytes { data: Vec<u8> },
}

/// A response that is ready, and what follows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) response: Response,
    pub(crate) then_close: bool,
}

impl Exchange {
    /// Where byte `offset` of the data that the host sends belongs, and how many bytes there are from there on.
    /// `None`: nowhere that bytes could be received into without being looked at.
    pub(crate) fn destination(&mut self, offset: usize) -> Option<(*mut u8, usize)> {
        let (base, length) = match self {
            Self::ReceivingInPlace { window, .. } => (window.as_mut_ptr(), window.len()),
            Self::ReceivingIntoBuffer { buffer, .. } => (buffer.as_mut_slice().as_mut_ptr(), buffer.len()),
            _ => return None,
        };
        // wrapping_add: no claim beyond the address is made here; the caller bounds the length by the remainder.
        (offset <= length).then(|| (base.wrapping_add(offset), length - offset))
    }

    /// Where byte `offset` of the data that the host reads is, and how many bytes there are from there on.
    pub(crate) fn source(&self, offset: usize) -> Option<(*const u8, usize)> {
        let (base, length) = match self {
            Self::SendingInPlace { window } => (window.as_ptr(), window.len()),
            Self::SendingBuffer { buffer } => (buffer.as_slice().as_ptr(), buffer.len()),
            Self::SendingBytes { data } => (data.as_ptr(), data.len()),
            _ => return None,
        };
        (offset <= length).then(|| (base.wrapping_add(offset), length - offset))
    }
}
