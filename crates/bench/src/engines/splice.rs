//! `splice` and `vmsplice`: data goes through a pipe, a reference to its pages instead of a copy where the kernel can.
//!
//! A read is spliced from the file into the pipe and read from there; a write is put into the pipe page by page
//! (`vmsplice`) and spliced into the file. Cost: two system calls for as much as the pipe holds, which is made as large as the
//! largest I/O if the system lets it.
#![expect(unsafe_code, reason = "a pipe is lent the pages of a write")]

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::{Errno, read, retry_on_intr};
use rustix::pipe::{
    IoSliceRaw, PipeFlags, SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with, splice, vmsplice,
};

use super::{Description, Engine, EngineError, Io, Operation, Outcome, Queued, Setup, Traits, file_call};

/// The engine: its pipe, which is empty between two I/Os.
#[derive(Debug)]
pub(super) struct SpliceEngine {
    output: OwnedFd,
    input: OwnedFd,
    capacity: usize,
    wanted: usize,
}

impl Engine for SpliceEngine {
    const DESCRIPTION: Description =
        Description { name: "splice", summary: "splice(2) and vmsplice(2)", traits: Traits::SYNCHRONOUS };

    fn new(setup: &Setup<'_>) -> Result<Self, EngineError> {
        let wanted = setup.length_bytes_max as usize;
        let (output, input, capacity) = pipe(wanted).map_err(|error| EngineError::System {
            engine: "splice",
            what: "pipe2",
            source: io::Error::from(error),
        })?;
        Ok(Self { output, input, capacity, wanted })
    }

    #[inline]
    fn queue(&mut self, _slot: u32, io: &mut Io) -> Queued {
        Queued::Done(match io.operation() {
            Operation::Read => Outcome::from(self.read(io)),
            Operation::Write => Outcome::from(self.write(io)),
            _ => file_call::without_data(io),
        })
    }
}

/// A pipe for so many bytes, and for how many it is.
fn pipe(wanted: usize) -> Result<(OwnedFd, OwnedFd, usize), Errno> {
    let (output, input) = pipe_with(PipeFlags::CLOEXEC)?;
    // Users have a limit; with less room there are more calls.
    let _ = fcntl_setpipe_size(&input, wanted);
    let capacity = fcntl_getpipe_size(&input)?;
    Ok((output, input, capacity))
}

impl SpliceEngine {
    fn read(&mut self, io: &mut Io) -> Result<usize, Errno> {
        let (mut offset, length) = (io.offset(), io.length_bytes() as usize);
        let mut done = 0;
        while done < length {
            let room = self.capacity.min(length - done);
            let moved =
                retry_on_intr(|| splice(io.borrowed(), Some(&mut offset), &self.input, None, room, SpliceFlags::MORE));
            let moved = match moved {
                Ok(0) => break,
                Ok(moved) => moved,
                // The rest is asked for once more, and fails then.
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            };
            let end = done + moved;
            while done < end {
                match retry_on_intr(|| read(&self.output, &mut io.bytes_mut()[done..end])) {
                    Ok(taken) => done += taken,
                    Err(error) => return self.after(done, error),
                }
            }
        }
        Ok(done)
    }

    fn write(&mut self, io: &Io) -> Result<usize, Errno> {
        let (mut offset, bytes) = (io.offset(), io.bytes());
        let mut done = 0;
        while done < bytes.len() {
            let part = &bytes[done..][..self.capacity.min(bytes.len() - done)];
            // SAFETY: the bytes stay as they are until the I/O is over, and then the pipe is empty or gone.
            let filled = retry_on_intr(|| unsafe {
                vmsplice(&self.input, &[IoSliceRaw::from_slice(part)], SpliceFlags::NONBLOCK)
            });
            let end = match filled {
                Ok(filled) => done + filled,
                Err(error) => return self.after(done, error),
            };
            while done < end {
                let moved = retry_on_intr(|| {
                    splice(&self.output, None, io.borrowed(), Some(&mut offset), end - done, SpliceFlags::MORE)
                });
                match moved {
                    Ok(0) => return self.after(done, Errno::IO),
                    Ok(moved) => done += moved,
                    Err(error) => return self.after(done, error),
                }
            }
        }
        Ok(done)
    }

    /// Something failed and may have left data in the pipe: another one takes its place.
    #[cold]
    fn after(&mut self, done: usize, error: Errno) -> Result<usize, Errno> {
        (self.output, self.input, self.capacity) = pipe(self.wanted)?;
        if done > 0 { Ok(done) } else { Err(error) }
    }
}
