//! What an engine is made with.

use std::os::fd::RawFd;
use std::path::Path;

use super::memory::IoMemory;
use super::{CpuOptions, ExecOptions, IoUringOptions, LibaioOptions, MmapOptions, NvmeTcpOptions, Pvsync2Options};

/// The options of every engine that has some.
#[derive(Debug, Clone, Default)]
pub struct EngineOptions {
    /// Of `cpuio`.
    pub cpu: CpuOptions,
    /// Of `exec`.
    pub exec: ExecOptions,
    /// Of `io_uring`.
    pub io_uring: IoUringOptions,
    /// Of `libaio`.
    pub libaio: LibaioOptions,
    /// Of `mmap`.
    pub mmap: MmapOptions,
    /// Of `nvme_tcp`.
    pub nvme_tcp: NvmeTcpOptions,
    /// Of `pvsync2`.
    pub pvsync2: Pvsync2Options,
}

/// What an engine is made with.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'s> {
    /// Slots, and so I/Os that can be under way at once; at least 1.
    pub depth: u32,
    /// Files that the job has.
    pub file_count: u32,
    /// The longest I/O in bytes.
    pub length_bytes_max: u32,
    /// The job's buffers. They live longer than the engine.
    pub memory: &'s IoMemory,
    /// Whether the job reads.
    pub reads: bool,
    /// Whether the job writes.
    pub writes: bool,
    /// Whether files are opened with `O_DIRECT`.
    pub direct: bool,
    /// What the kernel is told about the order of reads (`fadvise_hint`): whether it is random. `None`: nothing.
    pub advised_random: Option<bool>,
    /// The job's name.
    pub job_name: &'s str,
    /// Seconds that the job is to run, 0 if that is not given.
    pub runtime_seconds: u64,
    /// The engine's options.
    pub options: &'s EngineOptions,
}

/// A file that was opened.
#[derive(Debug, Clone, Copy)]
pub struct OpenedFile<'f> {
    /// Its place in the job's list.
    pub index: u32,
    /// Its descriptor; -1 with an engine that has none.
    pub descriptor: RawFd,
    /// Its name.
    pub path: &'f Path,
    /// Where the job's part of it begins.
    pub offset: u64,
    /// Length of the job's part in bytes.
    pub length_bytes: u64,
}
