//! What an engine says of itself before it runs.

/// An engine's name and nature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    /// The name in `ioengine=`.
    pub name: &'static str,
    /// What it does, for `--enghelp`.
    pub summary: &'static str,
    /// Its nature.
    pub traits: Traits,
}

/// What the rest of the load generator has to know of an engine. Parity: fio's engine flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent property of an engine")]
pub struct Traits {
    /// Each I/O is over when it was queued, so no more than one is ever under way (`FIO_SYNCIO`).
    pub synchronous: bool,
    /// Files of the file system or devices stand behind the names (not `FIO_DISKLESSIO`).
    pub uses_files: bool,
    /// The engine knows how large its targets are ([`Engine::target_bytes`](super::Engine::target_bytes)).
    pub sizes_targets: bool,
    /// It does I/O at all, even if only in pretence (not `FIO_NOIO`).
    pub does_io: bool,
    /// What was written can be read back: verify makes sense (not `FIO_FAKEIO`).
    pub keeps_data: bool,
    /// It can carry out trims.
    pub trims: bool,
    /// It can write beyond the end of a file; if not, files are laid out first (not `FIO_NOEXTEND`).
    pub extends_files: bool,
    /// Files are opened for reading and writing even by a job that only reads.
    pub opens_for_writing: bool,
}

impl Traits {
    /// What most are: asynchronous, on files, with data.
    pub const ASYNCHRONOUS: Self = Self {
        synchronous: false,
        uses_files: true,
        sizes_targets: false,
        does_io: true,
        keeps_data: true,
        trims: true,
        extends_files: true,
        opens_for_writing: false,
    };

    /// A system call an I/O, on files, with data.
    pub const SYNCHRONOUS: Self = Self { synchronous: true, ..Self::ASYNCHRONOUS };

    /// No I/O at all: something else is done while other jobs measure.
    pub const NO_IO: Self =
        Self { uses_files: false, does_io: false, keeps_data: false, trims: false, ..Self::SYNCHRONOUS };
}
