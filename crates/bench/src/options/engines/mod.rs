//! The engines and the options that only they have. One file an engine that has any; one line in [`ENGINES`] each.

use super::option::JobOption;

pub mod command_priority;
pub mod cpuio;
pub mod exec;
pub mod io_uring;
pub mod libaio;
pub mod mmap;
pub mod pvsync2;
pub mod sg;

/// What the table knows of an engine.
#[derive(Debug)]
pub struct EngineEntry {
    /// The value of `ioengine`.
    pub name: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    /// Options that only it has.
    pub options: &'static [JobOption],
    /// Why it cannot be used; nothing if it can.
    pub missing: Option<&'static str>,
}

const fn engine(name: &'static str, options: &'static [JobOption], help: &'static str) -> EngineEntry {
    EngineEntry { name, help, options, missing: None }
}

const fn missing(name: &'static str, reason: &'static str, help: &'static str) -> EngineEntry {
    EngineEntry { name, help, options: &[], missing: Some(reason) }
}

const FILE_OPERATIONS: &str = "engines for file operations come later";
const NETWORK: &str = "engines for networks come later";
const LIBRARY: &str = "it needs a library that this program does without";
const HARDWARE: &str = "it is for hardware that this program has no driver for";

/// Every engine that fio has or had.
pub const ENGINES: &[EngineEntry] = &[
    engine("sync", &[], "lseek(2), then read(2) or write(2)"),
    engine("psync", &[], "pread(2) and pwrite(2)"),
    engine("vsync", &[], "readv(2) and writev(2), neighbouring blocks at once"),
    engine("pvsync", &[], "preadv(2) and pwritev(2)"),
    engine("pvsync2", pvsync2::OPTIONS, "preadv2(2) and pwritev2(2)"),
    engine("io_uring", io_uring::OPTIONS, "io_uring(7)"),
    engine("libaio", libaio::OPTIONS, "io_submit(2), the older asynchronous I/O of Linux"),
    engine("mmap", mmap::OPTIONS, "a memory map of the file"),
    engine("null", &[], "nothing at all; measures everything around the I/O"),
    engine("cpuio", cpuio::OPTIONS, "no I/O; keeps processors busy"),
    engine("exec", exec::OPTIONS, "no I/O; runs a program"),
    engine("splice", &[], "splice(2) and vmsplice(2)"),
    engine("sg", sg::OPTIONS, "SCSI commands by the generic driver"),
    missing("ftruncate", FILE_OPERATIONS, "ftruncate(2) of files"),
    missing("falloc", FILE_OPERATIONS, "fallocate(2) of files"),
    missing("filecreate", FILE_OPERATIONS, "makes files"),
    missing("filestat", FILE_OPERATIONS, "stat(2) of files"),
    missing("filedelete", FILE_OPERATIONS, "removes files"),
    missing("dircreate", FILE_OPERATIONS, "makes directories"),
    missing("dirstat", FILE_OPERATIONS, "stat(2) of directories"),
    missing("dirdelete", FILE_OPERATIONS, "removes directories"),
    missing("e4defrag", FILE_OPERATIONS, "exchanges extents of ext4"),
    missing("io_uring_cmd", "NVMe pass-through comes later", "NVMe commands by io_uring(7)"),
    missing("posixaio", "io_uring does the same and more", "aio_read(3) and aio_write(3)"),
    missing("net", NETWORK, "sockets"),
    missing("netsplice", NETWORK, "splice(2) with sockets"),
    missing("nbd", NETWORK, "network block devices"),
    missing("http", NETWORK, "WebDAV, S3 and Swift"),
    missing("nfs", LIBRARY, "NFS by libnfs"),
    missing("rdma", LIBRARY, "RDMA by librdmacm"),
    missing("rbd", LIBRARY, "block devices of Ceph"),
    missing("rados", LIBRARY, "objects of Ceph"),
    missing("gfapi", LIBRARY, "GlusterFS, synchronous"),
    missing("gfapi_async", LIBRARY, "GlusterFS, asynchronous"),
    missing("libhdfs", LIBRARY, "Hadoop's file system"),
    missing("libpmem", LIBRARY, "persistent memory"),
    missing("pmemblk", LIBRARY, "blocks in persistent memory"),
    missing("dev-dax", LIBRARY, "persistent memory as a device"),
    missing("librpma_apm_client", LIBRARY, "remote persistent memory"),
    missing("librpma_apm_server", LIBRARY, "remote persistent memory"),
    missing("librpma_gpspm_client", LIBRARY, "remote persistent memory"),
    missing("librpma_gpspm_server", LIBRARY, "remote persistent memory"),
    missing("libiscsi", LIBRARY, "iSCSI"),
    missing("libblkio", LIBRARY, "libblkio's drivers"),
    missing("libcufile", LIBRARY, "GPUDirect storage"),
    missing("libhipfile", LIBRARY, "storage of AMD's GPUs"),
    missing("libzbc", LIBRARY, "zoned devices"),
    missing("xnvme", LIBRARY, "xNVMe's drivers"),
    missing("dfs", LIBRARY, "DAOS"),
    missing("ime_psync", LIBRARY, "DDN's IME"),
    missing("ime_psyncv", LIBRARY, "DDN's IME"),
    missing("ime_aio", LIBRARY, "DDN's IME"),
    missing("mtd", HARDWARE, "raw flash"),
    missing("spdk", LIBRARY, "SPDK's NVMe driver"),
    missing("spdk_bdev", LIBRARY, "SPDK's block devices"),
    missing("windowsaio", "it is of another system", "Windows"),
    missing("solarisaio", "it is of another system", "Solaris"),
    missing("guasi", "it is of another system", "GUASI"),
];

/// The engine of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static EngineEntry> {
    ENGINES.iter().find(|engine| engine.name == name)
}

/// The option of that name, of that engine.
#[must_use]
pub fn find_option(engine: &str, name: &str) -> Option<&'static JobOption> {
    find(engine)?.options.iter().find(|option| option.is_called(name))
}

/// The engines that have an option of that name.
pub fn with_option(name: &str) -> impl Iterator<Item = &'static EngineEntry> {
    ENGINES.iter().filter(move |engine| engine.options.iter().any(|option| option.is_called(name)))
}
