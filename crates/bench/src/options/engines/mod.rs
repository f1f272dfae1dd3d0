//! The engines and the options that only they have. One file an engine that has any; one line in [`ENGINES`] each.

use super::option::JobOption;

pub mod command_priority;
pub mod cpuio;
pub mod exec;
pub mod io_uring;
pub mod libaio;
pub mod mmap;
pub mod nvme_tcp;
pub mod pvsync2;

/// What the table knows of an engine.
#[derive(Debug)]
pub struct EngineEntry {
    /// The value of `ioengine`.
    pub name: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    /// Options that only it has.
    pub options: &'static [JobOption],
    /// Names of such options, of an engine that cannot be used.
    pub missing_options: &'static [&'static str],
    /// Why it cannot be used; nothing if it can.
    pub missing: Option<&'static str>,
}

const fn engine(name: &'static str, options: &'static [JobOption], help: &'static str) -> EngineEntry {
    EngineEntry { name, help, options, missing_options: &[], missing: None }
}

const fn missing(name: &'static str, reason: &'static str, help: &'static str) -> EngineEntry {
    EngineEntry { name, help, options: &[], missing_options: &[], missing: Some(reason) }
}

impl EngineEntry {
    const fn with(mut self, options: &'static [&'static str]) -> Self {
        self.missing_options = options;
        self
    }

    fn has_option(&self, name: &str) -> bool {
        self.options.iter().any(|option| option.is_called(name)) || self.missing_options.contains(&name)
    }
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
    engine("nvme_tcp", nvme_tcp::OPTIONS, "NVMe/TCP in user space: filename=tcp\\:ADDRESS\\:PORT/NQN/NAMESPACE"),
    engine("cpuio", cpuio::OPTIONS, "no I/O; keeps processors busy"),
    engine("exec", exec::OPTIONS, "no I/O; runs a program"),
    engine("splice", &[], "splice(2) and vmsplice(2)"),
    missing("sg", "use libaio or io_uring on the block device of the disk", "SCSI commands by the generic driver")
        .with(&["hipri", "readfua", "writefua", "sg_write_mode", "stream_id"]),
    engine("ftruncate", &[], "ftruncate(2) of files"),
    engine("falloc", &[], "fallocate(2) of files"),
    missing("filecreate", FILE_OPERATIONS, "makes files"),
    missing("filestat", FILE_OPERATIONS, "stat(2) of files").with(&["stat_type"]),
    missing("filedelete", FILE_OPERATIONS, "removes files"),
    missing("dircreate", FILE_OPERATIONS, "makes directories"),
    missing("dirstat", FILE_OPERATIONS, "stat(2) of directories"),
    missing("dirdelete", FILE_OPERATIONS, "removes directories"),
    missing("e4defrag", FILE_OPERATIONS, "exchanges extents of ext4").with(&["donorname", "inplace"]),
    missing("io_uring_cmd", "NVMe pass-through comes later", "NVMe commands by io_uring(7)").with(&[
        "cmd_type",
        "md_per_io_size",
        "pi_act",
        "pi_chk",
        "apptag",
        "apptag_mask",
        "write_mode",
        "verify_mode",
        "deac",
        "cdw12",
    ]),
    missing("posixaio", "io_uring does the same and more", "aio_read(3) and aio_write(3)"),
    missing("net", NETWORK, "sockets").with(&[
        "hostname",
        "port",
        "protocol",
        "listen",
        "interface",
        "ttl",
        "nodelay",
        "pingpong",
        "window_size",
        "mss",
    ]),
    missing("netsplice", NETWORK, "splice(2) with sockets")
        .with(&["hostname", "port", "protocol", "listen", "nodelay"]),
    missing("nbd", NETWORK, "network block devices").with(&["uri"]),
    missing("http", NETWORK, "WebDAV, S3 and Swift").with(&[
        "https",
        "http_host",
        "http_user",
        "http_pass",
        "http_mode",
        "http_verbose",
        "http_s3_key",
        "http_s3_keyid",
        "http_s3_region",
        "http_s3_security_token",
        "http_s3_sse_customer_key",
        "http_s3_sse_customer_algorithm",
        "http_s3_storage_class",
        "http_swift_auth_token",
        "http_object_mode",
    ]),
    missing("nfs", LIBRARY, "NFS by libnfs").with(&["nfs_url"]),
    missing("rdma", LIBRARY, "RDMA by librdmacm").with(&["hostname", "bindname", "port", "verb"]),
    missing("rbd", LIBRARY, "block devices of Ceph").with(&[
        "clustername",
        "rbdname",
        "pool",
        "clientname",
        "busy_poll",
    ]),
    missing("rados", LIBRARY, "objects of Ceph").with(&[
        "clustername",
        "pool",
        "clientname",
        "busy_poll",
        "touch_objects",
        "conf",
    ]),
    missing("gfapi", LIBRARY, "GlusterFS, synchronous").with(&["volume", "brick", "single-instance"]),
    missing("gfapi_async", LIBRARY, "GlusterFS, asynchronous").with(&["volume", "brick", "single-instance"]),
    missing("libhdfs", LIBRARY, "Hadoop's file system").with(&[
        "namenode",
        "hostname",
        "port",
        "hdfsdirectory",
        "chunk_size",
        "single_instance",
        "hdfs_use_direct",
    ]),
    missing("libpmem", LIBRARY, "persistent memory"),
    missing("pmemblk", LIBRARY, "blocks in persistent memory"),
    missing("dev-dax", LIBRARY, "persistent memory as a device"),
    missing("librpma_apm_client", LIBRARY, "remote persistent memory"),
    missing("librpma_apm_server", LIBRARY, "remote persistent memory"),
    missing("librpma_gpspm_client", LIBRARY, "remote persistent memory"),
    missing("librpma_gpspm_server", LIBRARY, "remote persistent memory"),
    missing("libiscsi", LIBRARY, "iSCSI"),
    missing("libblkio", LIBRARY, "libblkio's drivers").with(&[
        "libblkio_driver",
        "libblkio_path",
        "libblkio_pre_connect_props",
        "libblkio_num_entries",
        "libblkio_queue_size",
        "libblkio_pre_start_props",
        "libblkio_vectored",
        "libblkio_write_zeroes_on_trim",
        "libblkio_wait_mode",
        "libblkio_force_enable_completion_eventfd",
    ]),
    missing("libcufile", LIBRARY, "GPUDirect storage").with(&["gpu_dev_ids", "cuda_io"]),
    missing("libhipfile", LIBRARY, "storage of AMD's GPUs").with(&["gpu_dev_ids", "rocm_io"]),
    missing("libzbc", LIBRARY, "zoned devices"),
    missing("xnvme", LIBRARY, "xNVMe's drivers").with(&[
        "xnvme_async",
        "xnvme_sync",
        "xnvme_admin",
        "xnvme_dev_nsid",
        "xnvme_dev_subnqn",
        "xnvme_mem",
        "xnvme_iovec",
        "md_per_io_size",
        "pi_act",
        "pi_chk",
        "apptag",
        "apptag_mask",
    ]),
    missing("dfs", LIBRARY, "DAOS").with(&["pool", "cont", "chunk_size", "object_class", "svcl"]),
    missing("ime_psync", LIBRARY, "DDN's IME"),
    missing("ime_psyncv", LIBRARY, "DDN's IME"),
    missing("ime_aio", LIBRARY, "DDN's IME"),
    missing("mtd", HARDWARE, "raw flash").with(&["skip_bad"]),
    missing("spdk", LIBRARY, "SPDK's NVMe driver"),
    missing("spdk_bdev", LIBRARY, "SPDK's block devices"),
    missing("windowsaio", "it is of another system", "Windows"),
    missing("solarisaio", "it is of another system", "Solaris"),
    missing("cpp_null", "it is an example of fio's for engines of one's own", "nothing at all"),
    missing("page_fault", "it is not in fio 3.33", "faults of mapped pages"),
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
    ENGINES.iter().filter(move |engine| engine.has_option(name))
}
