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
}

impl Advice {
    /// Whether the kernel is told of a random order. `None`: it is told of none.
    #[must_use]
    pub const fn random(self, job_is_random: bool) -> Option<bool> {
        match self {
            Self::AsTheJob => Some(job_is_random),
            Self::Random => Some(true),
            Self::Sequential => Some(false),
            Self::None => None,
        }
    }
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

/// What a job says about how files end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SizeSettings {
    /// `file_append`: begin at the end.
    pub append: bool,
    /// `fill_device`: write until there is no more space.
    pub fill_device: bool,
    /// `create_on_open`: files grow as they are written.
    pub create_on_open: bool,
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
    /// How files end.
    pub size: SizeSettings,
    /// How files are made.
    pub layout: LayoutSettings,
    /// How files are opened.
    pub access: AccessSettings,
}
