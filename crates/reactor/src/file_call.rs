//! One system call on a file, as data: what [`FileRing`](crate::file_ring::FileRing) and
//! [`WorkerPool`](crate::worker_pool::WorkerPool) carry out.

use std::os::fd::RawFd;

use rustix::io::Errno;

/// What the call returned: the number of bytes for reads and writes, else 0.
pub type CallResult = Result<u32, Errno>;

/// Names a call while it is under way. Its owner chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallToken(pub u64);

/// The file that a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHandle {
    /// The descriptor.
    pub descriptor: RawFd,
    /// Its place in the ring's table, if it was registered there.
    pub registered: Option<u32>,
}

/// A call. It may do less than was asked for, as system calls may.
#[derive(Debug, Clone, Copy)]
pub enum FileCall {
    /// Read `length_bytes` at `offset` into `memory`.
    Read {
        /// Where to.
        memory: *mut u8,
        /// How many bytes, at most.
        length_bytes: u32,
        /// From where in the file.
        offset: u64,
    },
    /// Write `length_bytes` from `memory` at `offset`.
    Write {
        /// Where from.
        memory: *const u8,
        /// How many bytes, at most.
        length_bytes: u32,
        /// To where in the file.
        offset: u64,
        /// Whether the call ends only when these bytes are on stable storage (`RWF_DSYNC`).
        durable: bool,
    },
    /// Bring all written data to stable storage (`fdatasync`).
    SyncData,
    /// Make a range read as zeros without writing it; the file keeps its size (`fallocate`).
    Clear {
        /// What becomes of the space.
        mode: ClearMode,
        /// Where the range begins.
        offset: u64,
        /// How long it is.
        length_bytes: u64,
    },
}

/// What becomes of the space of a range that is cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClearMode {
    /// It is given back (`FALLOC_FL_PUNCH_HOLE`).
    PunchHole,
    /// It stays allocated (`FALLOC_FL_ZERO_RANGE`).
    ZeroRange,
}

#[cfg(test)]
mod tests {
    //! What a ring and a pool have in common is tested here, on both.
    #![expect(unsafe_code, reason = "calls use buffers that the tests keep")]

    use std::collections::HashMap;
    use std::fs::File;
    use std::io;
    use std::os::fd::{AsFd, AsRawFd};

    use super::*;
    use crate::buffer_pool::{BufferPool, IoBuffer};
    use crate::event_descriptor::EventDescriptor;
    use crate::file_ring::FileRing;
    use crate::worker_pool::WorkerPool;

    enum Engine {
        Ring(Box<FileRing>),
        Workers(WorkerPool),
    }

    struct Rig {
        engine: Engine,
        event: EventDescriptor,
        pool: BufferPool,
        name: &'static str,
    }

    impl Rig {
        fn ring(registered: bool) -> io::Result<Self> {
            let (event, pool) = (EventDescriptor::new()?, BufferPool::new()?);
            let mut ring = Box::new(FileRing::new(8, &event)?);
            if registered {
                let (base, length) = pool.memory();
                // SAFETY: fields drop in order, the engine first.
                unsafe { ring.register_memory(base, length) }?;
            }
            let name = if registered { "ring with registered memory" } else { "ring" };
            Ok(Self { engine: Engine::Ring(ring), event, pool, name })
        }

        fn workers() -> Self {
            let (event, pool) = (EventDescriptor::new().unwrap(), BufferPool::new().unwrap());
            Self { engine: Engine::Workers(WorkerPool::new(event.clone()).unwrap()), event, pool, name: "workers" }
        }

        fn register(&mut self, file: &File) -> FileHandle {
            match &mut self.engine {
                Engine::Ring(ring) => ring.register_file(file.as_fd()),
                Engine::Workers(_) => plain(file),
            }
        }

        fn push(&mut self, token: u64, file: FileHandle, call: FileCall) {
            match &mut self.engine {
                // SAFETY: the tests keep file and buffers until `finish` has returned the result.
                Engine::Ring(ring) => unsafe { ring.push(CallToken(token), file, call) }.unwrap(),
                // SAFETY: the same.
                Engine::Workers(workers) => unsafe { workers.push(CallToken(token), file, call) },
            }
        }

        /// Results of `count` calls by token.
        fn finish(&mut self, count: usize) -> HashMap<u64, CallResult> {
            let mut results = HashMap::new();
            loop {
                let take = |token: CallToken, result| {
                    assert!(results.insert(token.0, result).is_none(), "one result for a call");
                };
                match &mut self.engine {
                    Engine::Ring(ring) => {
                        ring.flush().unwrap();
                        ring.poll(take);
                    }
                    Engine::Workers(workers) => {
                        workers.flush();
                        workers.poll(take);
                    }
                }
                if results.len() == count {
                    return results;
                }
                self.event.wait().unwrap();
                self.event.clear();
            }
        }

        fn one(&mut self, file: FileHandle, call: FileCall) -> CallResult {
            self.push(77, file, call);
            self.finish(1)[&77]
        }

        fn buffer(&self, byte: u8) -> IoBuffer {
            let mut buffer = self.pool.allocate(4096).unwrap();
            buffer.as_mut_slice().fill(byte);
            buffer
        }
    }

    /// A rig of each sort.
    #[expect(clippy::print_stderr, reason = "whoever runs the tests is to know what was not tested")]
    fn rigs() -> Vec<Rig> {
        let mut rigs = vec![Rig::workers()];
        for registered in [false, true] {
            match Rig::ring(registered) {
                Ok(rig) => rigs.push(rig),
                Err(error) => eprintln!("skipped: no io_uring with registered={registered} ({error})"),
            }
        }
        rigs
    }

    fn plain(file: &File) -> FileHandle {
        FileHandle { descriptor: file.as_raw_fd(), registered: None }
    }

    fn read(buffer: &IoBuffer, offset: u64) -> FileCall {
        FileCall::Read { memory: buffer.base().as_ptr(), length_bytes: 4096, offset }
    }

    fn write(buffer: &IoBuffer, offset: u64, durable: bool) -> FileCall {
        FileCall::Write { memory: buffer.base().as_ptr(), length_bytes: 4096, offset, durable }
    }

    /// An empty file without a name.
    fn file() -> File {
        let flags = rustix::fs::OFlags::TMPFILE | rustix::fs::OFlags::RDWR;
        rustix::fs::open(std::env::temp_dir(), flags, rustix::fs::Mode::RWXU).unwrap().into()
    }

    #[test]
    fn reads_give_what_writes_left() {
        for mut rig in rigs() {
            let file = file();
            for (handle, durable) in [(plain(&file), false), (rig.register(&file), true)] {
                let written = rig.buffer(0x5a);
                assert_eq!(rig.one(handle, write(&written, 8192, durable)), Ok(4096), "{}", rig.name);
                assert_eq!(rig.one(handle, FileCall::SyncData), Ok(0));
                let buffer = rig.buffer(0xff);
                assert_eq!(rig.one(handle, read(&buffer, 8192)), Ok(4096));
                assert_eq!(buffer.as_slice(), [0x5a; 4096], "{}", rig.name);
                assert_eq!(rig.one(handle, read(&buffer, 10240)), Ok(2048), "short at the end of the file");
                assert_eq!(rig.one(handle, read(&buffer, 12288)), Ok(0), "nothing behind it");
            }
        }
    }

    #[test]
    fn memory_that_is_not_registered_works_beside_memory_that_is() {
        for mut rig in rigs() {
            let (file, other_pool) = (file(), BufferPool::new().unwrap());
            let mut buffer = other_pool.allocate(4096).unwrap();
            buffer.as_mut_slice().fill(3);
            assert_eq!(rig.one(plain(&file), write(&buffer, 0, false)), Ok(4096));
            buffer.as_mut_slice().fill(0);
            assert_eq!(rig.one(plain(&file), read(&buffer, 0)), Ok(4096));
            assert_eq!(buffer.as_slice(), [3; 4096], "{}", rig.name);
        }
    }

    #[test]
    fn cleared_ranges_read_as_zeros_and_the_size_stays() {
        for mut rig in rigs() {
            let file = file();
            let buffer = rig.buffer(1);
            for mode in [ClearMode::PunchHole, ClearMode::ZeroRange] {
                assert_eq!(rig.one(plain(&file), write(&buffer, 0, false)), Ok(4096));
                let clear = FileCall::Clear { mode, offset: 1024, length_bytes: 1 << 20 };
                match rig.one(plain(&file), clear) {
                    // tmpfs knows no ZERO_RANGE.
                    Err(Errno::OPNOTSUPP) => continue,
                    other => assert_eq!(other, Ok(0), "{} {mode:?}", rig.name),
                }
                let read_back = rig.buffer(9);
                assert_eq!(rig.one(plain(&file), read(&read_back, 0)), Ok(4096));
                assert!(read_back.as_slice()[..1024].iter().all(|&byte| byte == 1));
                assert!(read_back.as_slice()[1024..].iter().all(|&byte| byte == 0), "{} {mode:?}", rig.name);
                assert_eq!(file.metadata().unwrap().len(), 4096);
            }
        }
    }

    #[test]
    fn errors_are_the_systems() {
        for mut rig in rigs() {
            let read_only = File::open("/proc/self/exe").unwrap();
            let buffer = rig.buffer(0);
            assert_eq!(rig.one(plain(&read_only), write(&buffer, 0, false)), Err(Errno::BADF), "{}", rig.name);
            let (pipe, _other_end) = rustix::pipe::pipe().unwrap();
            assert_eq!(rig.one(plain(&pipe.into()), FileCall::SyncData), Err(Errno::INVAL), "{}", rig.name);
        }
    }

    #[test]
    fn more_calls_than_the_ring_has_entries_each_give_one_result() {
        for mut rig in rigs() {
            let file = file();
            let handle = rig.register(&file);
            let buffers: Vec<_> = (0..200).map(|index| rig.buffer(index)).collect();
            for (token, buffer) in (0..).zip(&buffers) {
                rig.push(token, handle, write(buffer, token * 4096, false));
            }
            let results = rig.finish(200);
            assert!(results.values().all(|result| *result == Ok(4096)), "{}", rig.name);
            for (token, buffer) in (0..).zip(&buffers) {
                rig.push(token, handle, read(buffer, token * 4096));
            }
            rig.finish(200);
            assert!((0..).zip(&buffers).all(|(index, buffer)| buffer.as_slice() == [index; 4096]), "{}", rig.name);
        }
    }

    #[test]
    fn a_file_that_was_let_go_makes_room_for_another() {
        for mut rig in rigs() {
            let buffer = rig.buffer(0);
            let mut places = Vec::new();
            for byte in 0..3 {
                let file = file();
                let handle = rig.register(&file);
                let written = rig.buffer(byte);
                assert_eq!(rig.one(handle, write(&written, 0, false)), Ok(4096));
                assert_eq!(rig.one(handle, read(&buffer, 0)), Ok(4096));
                assert_eq!(buffer.as_slice(), [byte; 4096], "{}", rig.name);
                places.push(handle.registered);
                if let Engine::Ring(ring) = &mut rig.engine {
                    ring.unregister_file(handle);
                }
            }
            places.dedup();
            assert_eq!(places.len(), 1, "the place is used again");
        }
    }
}
