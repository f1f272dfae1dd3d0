//! The options of engines.

use crate::engines::{
    CpuMode, CpuOptions, EngineOptions, ExecOptions, IoUringOptions, LibaioOptions, MmapOptions, NvmeTcpOptions,
    Pvsync2Options,
};
use crate::options::JobOptions;
use crate::options::engines::cpuio::CpuMode as ModeOption;

/// The options of every engine.
pub(in crate::run) fn options(options: &JobOptions, allow_exec: bool) -> EngineOptions {
    let (cpuio, exec, ring) = (&options.cpuio, &options.exec, &options.io_uring);
    let (nvme_tcp, pvsync2) = (&options.nvme_tcp, &options.pvsync2);
    EngineOptions {
        cpu: CpuOptions {
            load_percent: (cpuio.cpuload > 0).then_some(cpuio.cpuload),
            chunk_us: u64::from(cpuio.cpuchunks),
            mode: match cpuio.cpumode {
                ModeOption::Noop => CpuMode::Noop,
                ModeOption::Qsort => CpuMode::Qsort,
            },
            exit_on_io_done: cpuio.exit_on_io_done,
        },
        exec: ExecOptions {
            allowed: allow_exec,
            program: exec.program.clone(),
            arguments: exec.arguments.clone(),
            grace_seconds: u64::from(exec.grace_time),
            redirects_output: exec.std_redirect,
        },
        io_uring: IoUringOptions {
            high_priority: ring.hipri,
            fixed_buffers: ring.fixedbufs,
            register_files: ring.registerfiles,
            poll_thread: ring.sqthread_poll,
            poll_thread_core: ring.sqthread_poll_cpu,
            non_vectored: ring.nonvectored != 0,
            uncached: ring.uncached > 0,
            no_wait: ring.nowait,
            force_async: ring.force_async,
        },
        libaio: LibaioOptions { userspace_reap: options.libaio.userspace_reap, no_wait: options.libaio.nowait },
        mmap: MmapOptions { huge_pages: options.mmap.thp > 0 },
        nvme_tcp: NvmeTcpOptions {
            header_digest: nvme_tcp.header_digest,
            data_digest: nvme_tcp.data_digest,
            host_nqn: nvme_tcp.host_nqn.clone(),
            command_timeout_seconds: u64::from(nvme_tcp.command_timeout.max(1)),
            spin_us: u64::from(nvme_tcp.spin_us),
        },
        pvsync2: Pvsync2Options {
            high_priority: pvsync2.hipri,
            high_priority_percent: u8::try_from(pvsync2.hipri_percentage).unwrap_or(100),
            no_wait: pvsync2.nowait,
            uncached: pvsync2.uncached > 0,
        },
    }
}
