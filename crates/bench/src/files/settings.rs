//! What a job says about its files.

/// How space is reserved when a file is laid out. Parity: `fallocate`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fallocate {
    /// Not at all.
    None,
    /// `posix_fallocate`: the C library writes where the file system cannot.
    Posix,
    /// `fallocate` with `FALLOC_FL_KEEP_SIZE`.
    Keep,
    /// `fallocate`; nothing happens where the file system cannot.
    #[default]
    Native,
    /// `ftruncate`: a size without space.
    Truncate,
}

/// What the kernel is told about the order of reads. Parity: `fadvise_hint`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Advice {
    /// Nothing.
    None,
    /// Random or sequential, as the job is.
    #[default]
    AsTheJob,
    /// `POSIX_FADV_RANDOM`.
    Random,
    /// `POSIX_FADV_SEQUENTIAL`.
    Sequential,
    /// `POSIX_FADV_NOREUSE`.
    NoReuse,
}

/// How durable each write is. Parity: `sync`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// As the cache writes it back.
    #[default]
    None,
    /// `O_SYNC`.
    Sync,
    /// `O_DSYNC`.
    DataSync,
}

/// How much of which file.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct SizeSettings {
    /// `size` in bytes; 0: as large as the files are.
    pub size_bytes: u64,
    /// `size` in percent of the files; 0: not given so.
    pub size_percent: u32,
    /// `io_size` in bytes; 0: not given.
    pub io_size_bytes: u64,
    /// `io_size` in percent of the size; 0: not given so.
    pub io_size_percent: u32,
    /// `filesize`: the smallest; 0: not given.
    pub file_bytes_low: u64,
    /// `filesize`: the largest.
    pub file_bytes_high: u64,
    /// `nrfiles`: as many files as the job has.
    pub file_count: u32,
    /// `offset` in bytes.
    pub offset_bytes: u64,
    /// `offset` in percent of the file; 0: not given so.
    pub offset_percent: u32,
    /// `offset_increment` in bytes, for each of the job's clones.
    pub offset_increment_bytes: u64,
    /// `offset_increment` in percent of the file.
    pub offset_increment_percent: u32,
    /// `offset_align` in bytes; 0: the smallest block.
    pub offset_align_bytes: u64,
    /// Which of the clones (`numjobs`) this is.
    pub clone_number: u32,
    /// The smallest block of the job in any direction.
    pub block_bytes_min: u64,
    /// `file_append`: begin at the end.
    pub append: bool,
    /// `fill_device`: write until there is no more space.
    pub fill_device: bool,
    /// `create_on_open`: files grow as they are written.
    pub create_on_open: bool,
    /// Whether the engine does I/O at all; if not, sizes do not matter.
    pub does_io: bool,
}

/// How files are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LayoutSettings {
    /// `fallocate`.
    pub fallocate: Fallocate,
    /// `overwrite`: files are written in full before they are overwritten.
    pub overwrite: bool,
    /// `create_fsync`: what was laid out is made durable.
    pub create_fsync: bool,
    /// Whether the engine can write beyond the end of a file.
    pub engine_extends: bool,
}

/// How files are opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccessSettings {
    /// `direct`: past the page cache.
    pub direct: bool,
    /// `sync`.
    pub durability: Durability,
    /// `fadvise_hint`.
    pub advice: Advice,
    /// Whether the job's offsets are random.
    pub random: bool,
    /// `write_hint`: how long the data are to live (`RWH_WRITE_LIFE_…`).
    pub write_hint: Option<u64>,
    /// `verify_only`: opened for reading, though the job would write.
    pub verify_only: bool,
    /// The engine wants to write even where the job only reads.
    pub engine_writes: bool,
}

/// All of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct FileSettings {
    /// Whether names are of files, not of something that only the engine knows.
    pub uses_files: bool,
    /// Whether the job reads.
    pub reads: bool,
    /// Whether the job writes.
    pub writes: bool,
    /// Whether the job trims.
    pub trims: bool,
    /// `allow_file_create`.
    pub allow_create: bool,
    /// `allow_mounted_write`.
    pub allow_mounted_write: bool,
    /// `invalidate`: the cache is dropped before a file is used.
    pub invalidate: bool,
    /// `fsync_on_close`.
    pub fsync_on_close: bool,
    /// How much of which file.
    pub size: SizeSettings,
    /// How files are made.
    pub layout: LayoutSettings,
    /// How files are opened.
    pub access: AccessSettings,
}
