//! `lseek`, `read` and `write`: as programs did before `pread`. It seeks only where the file's position is another.

use rustix::fs::{SeekFrom, seek};
use rustix::io::{Errno, read, retry_on_intr, write};

use super::{Description, Engine, EngineError, Io, OpenedFile, Operation, Outcome, Queued, Setup, Traits, file_call};

/// The engine: the position of each file, as far as it is known.
#[derive(Debug)]
pub(super) struct SyncEngine {
    positions: Vec<Option<u64>>,
}

impl Engine for SyncEngine {
    const DESCRIPTION: Description =
        Description { name: "sync", summary: "lseek(2), read(2) and write(2)", traits: Traits::SYNCHRONOUS };

    fn new(setup: &Setup<'_>) -> Result<Self, EngineError> {
        Ok(Self { positions: vec![None; setup.file_count as usize] })
    }

    fn open_file(&mut self, file: &OpenedFile<'_>) -> Result<(), EngineError> {
        self.positions[file.index as usize] = None;
        Ok(())
    }

    #[inline]
    fn queue(&mut self, _slot: u32, io: &mut Io) -> Queued {
        if !io.operation().moves_data() {
            return Queued::Done(file_call::without_data(io));
        }
        let file = io.file_index();
        let result = self.transfer(io);
        self.positions[file] = result.ok().map(|bytes| io.offset() + bytes as u64);
        Queued::Done(Outcome::from(result))
    }
}

impl SyncEngine {
    #[inline]
    fn transfer(&self, io: &mut Io) -> Result<usize, Errno> {
        if self.positions[io.file_index()] != Some(io.offset()) {
            match seek(io.borrowed(), SeekFrom::Start(io.offset())) {
                // A pipe has no position, and the data come in order anyway.
                Ok(_) | Err(Errno::SPIPE) => {}
                Err(error) => return Err(error),
            }
        }
        if io.operation() == Operation::Write {
            return retry_on_intr(|| write(io.borrowed(), io.bytes()));
        }
        retry_on_intr(|| {
            let (file, bytes) = io.read_parts();
            read(file, bytes)
        })
    }
}
