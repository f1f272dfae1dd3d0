//! The groups of system calls of which profiles are made, and the list of those that no service survives.
//!
//! What io_uring does in a service's place is not seen by seccomp: an `openat` or `connect` through a ring passes a
//! profile with [`IO_URING`] unseen. Landlock sees it; and a ring can neither execute nor mount.

use super::profile::{Condition, Group, Permission, SystemCall};

/// A system call by its constant: always allowed, or `if` one of some conditions holds, or `not implemented`.
macro_rules! call {
    ($symbol:ident) => {
        SystemCall { symbol: stringify!($symbol), number: libc::$symbol, permission: Permission::Always }
    };
    ($symbol:ident if $($condition:expr),+) => {
        SystemCall {
            symbol: stringify!($symbol),
            number: libc::$symbol,
            permission: Permission::If(&[$($condition),+]),
        }
    };
    ($symbol:ident not implemented) => {
        SystemCall { symbol: stringify!($symbol), number: libc::$symbol, permission: Permission::NotImplemented }
    };
}

/// System calls that are always allowed.
macro_rules! calls {
    ($($symbol:ident),+ $(,)?) => { &[$(call!($symbol)),+] };
}

/// System calls that newer architectures were born without.
#[cfg(target_arch = "x86_64")]
macro_rules! old_calls {
    ($($symbol:ident),* $(,)?) => { &[$(call!($symbol)),*] };
}
#[cfg(not(target_arch = "x86_64"))]
macro_rules! old_calls {
    ($($symbol:ident),* $(,)?) => {
        &[]
    };
}

/// The argument is a constant of the C library, whose type differs from architecture to architecture.
macro_rules! is {
    ($argument:literal, $constant:ident) => {{
        const CONDITION: Condition = Condition::Is { argument: $argument, value: libc::$constant as u64 };
        CONDITION
    }};
}

/// What any program does, and what the C library and Rust's standard library do for it.
pub(super) const PROCESS: Group = Group {
    name: "process",
    purpose: "clocks, random numbers, who am I, the end",
    calls: &[
        call!(SYS_clock_getres),
        call!(SYS_clock_gettime), // where the clock is not one that the vDSO reads
        call!(SYS_clock_nanosleep),
        call!(SYS_exit),
        call!(SYS_exit_group),
        call!(SYS_getcpu),
        call!(SYS_getegid),
        call!(SYS_geteuid),
        call!(SYS_getgid),
        call!(SYS_getpgid),
        call!(SYS_getpid),
        call!(SYS_getppid),
        call!(SYS_getrandom),
        call!(SYS_getrusage),
        call!(SYS_getsid),
        call!(SYS_gettid),
        call!(SYS_gettimeofday),
        call!(SYS_getuid),
        call!(SYS_nanosleep),
        // To read a limit, not to set one: the C library does when it starts a thread.
        call!(SYS_prlimit64 if Condition::IsNull { argument: 2 }),
        // A thread's name, and what crash handlers ask. Not: dropping this process's guard against being traced.
        call!(SYS_prctl if is!(0, PR_SET_NAME), is!(0, PR_GET_NAME), is!(0, PR_GET_DUMPABLE), is!(0, PR_SET_VMA)),
        call!(SYS_restart_syscall),
        call!(SYS_sched_yield),
        call!(SYS_sysinfo),
        call!(SYS_times),
        call!(SYS_umask),
        call!(SYS_uname),
    ],
    old_calls: old_calls![SYS_getpgrp, SYS_getrlimit, SYS_time],
};

/// Not executable memory: a service makes no code. Loading a library is what this forbids, too; it happens before.
const NOT_EXECUTABLE: Condition = Condition::Bits { argument: 2, mask: libc::PROT_EXEC.cast_unsigned(), value: 0 };

/// Heap, stacks, rings.
pub(super) const MEMORY: Group = Group {
    name: "memory",
    purpose: "heap, stacks and rings; never executable",
    calls: &[
        call!(SYS_brk),
        call!(SYS_madvise),
        call!(SYS_mlock),
        call!(SYS_mlock2),
        call!(SYS_mmap if NOT_EXECUTABLE),
        call!(SYS_mprotect if NOT_EXECUTABLE),
        call!(SYS_mremap),
        call!(SYS_munlock),
        call!(SYS_munmap),
    ],
    old_calls: old_calls![],
};

/// Threads of this process, and no other process.
pub(super) const THREADS: Group = Group {
    name: "threads",
    purpose: "threads of this process; no new process",
    calls: &[
        call!(SYS_clone if Condition::Bits {
            argument: 0,
            mask: libc::CLONE_THREAD.cast_unsigned(),
            value: libc::CLONE_THREAD.cast_unsigned()
        }),
        // Its flags are behind a pointer, where a filter cannot look.
        call!(SYS_clone3 not implemented),
        call!(SYS_futex),
        call!(SYS_get_robust_list),
        call!(SYS_membarrier),
        call!(SYS_rseq),
        call!(SYS_sched_getaffinity),
        call!(SYS_sched_getparam),
        call!(SYS_sched_getscheduler),
        call!(SYS_sched_setaffinity), // --cores
        call!(SYS_set_robust_list),
    ],
    old_calls: old_calls![],
};

/// Signals, to this process only.
pub(super) const SIGNALS: Group = Group {
    name: "signals",
    purpose: "signals to this process",
    calls: &[
        call!(SYS_kill if Condition::IsOwnProcess { argument: 0 }),
        call!(SYS_rt_sigaction),
        call!(SYS_rt_sigpending),
        call!(SYS_rt_sigprocmask),
        call!(SYS_rt_sigreturn),
        call!(SYS_rt_sigsuspend),
        call!(SYS_rt_sigtimedwait),
        call!(SYS_setitimer), // alarm, where it is no call of its own
        call!(SYS_sigaltstack),
        call!(SYS_signalfd4),
        call!(SYS_tgkill if Condition::IsOwnProcess { argument: 0 }), // raise, abort, pthread_kill
        call!(SYS_tkill), // musl's raise and abort; Landlock keeps it inside
    ],
    // A crash handler that hangs is ended by an alarm.
    old_calls: old_calls![SYS_alarm, SYS_pause],
};

/// Waiting for descriptors.
pub(super) const EVENTS: Group = Group {
    name: "events",
    purpose: "waiting for descriptors, timers, other threads and, as process 1, for orphans",
    calls: calls![
        SYS_epoll_create1,
        SYS_epoll_ctl,
        SYS_epoll_pwait,
        SYS_epoll_pwait2,
        SYS_eventfd2,
        SYS_pipe2,
        SYS_ppoll,
        SYS_pselect6,
        SYS_timerfd_create,
        SYS_timerfd_gettime,
        SYS_timerfd_settime,
        SYS_wait4,
    ],
    old_calls: old_calls![SYS_epoll_wait, SYS_poll, SYS_select],
};

/// Files, directories and disks; which of them is Landlock's matter.
pub(super) const FILES: Group = Group {
    name: "files",
    purpose: "files, directories and disks that Landlock lets through",
    calls: &[
        call!(SYS_close),
        call!(SYS_close_range),
        call!(SYS_dup),
        call!(SYS_dup3),
        call!(SYS_faccessat),
        call!(SYS_faccessat2),
        call!(SYS_fadvise64),
        call!(SYS_fallocate), // Deallocate, Write Zeroes
        call!(SYS_fchmod),
        call!(SYS_fchmodat), // the control socket's mode
        call!(SYS_fcntl),
        call!(SYS_fdatasync),
        call!(SYS_flock), // one service for each file
        call!(SYS_fstat),
        call!(SYS_fstatfs),
        call!(SYS_fsync),
        call!(SYS_ftruncate),
        call!(SYS_getcwd),
        call!(SYS_getdents64),
        // Of the hundreds of things that ioctl is, these. Not: typing into a terminal.
        call!(SYS_ioctl if
            is!(1, FIONBIO), is!(1, FIONREAD), is!(1, FIOCLEX), is!(1, TCGETS), is!(1, TIOCGWINSZ),
            // Size and geometry of a disk: BLKGETSIZE64, BLKSSZGET, BLKPBSZGET, BLKIOMIN, BLKIOOPT, BLKROGET.
            Condition::Is { argument: 1, value: 0x8008_1272 },
            Condition::Is { argument: 1, value: 0x1268 },
            Condition::Is { argument: 1, value: 0x127b },
            Condition::Is { argument: 1, value: 0x1278 },
            Condition::Is { argument: 1, value: 0x1279 },
            Condition::Is { argument: 1, value: 0x125e },
            // Deallocate and Write Zeroes on a disk: BLKDISCARD, BLKZEROOUT.
            Condition::Is { argument: 1, value: 0x1277 },
            Condition::Is { argument: 1, value: 0x127f }
        ),
        call!(SYS_linkat),
        call!(SYS_lseek),
        call!(SYS_mkdirat),
        call!(SYS_newfstatat),
        call!(SYS_openat),
        call!(SYS_openat2),
        call!(SYS_pread64),
        call!(SYS_preadv),
        call!(SYS_preadv2),
        call!(SYS_pwrite64),
        call!(SYS_pwritev),
        call!(SYS_pwritev2),
        call!(SYS_read),
        call!(SYS_readlinkat),
        call!(SYS_readv),
        call!(SYS_renameat),
        call!(SYS_renameat2),
        call!(SYS_statfs),
        call!(SYS_statx),
        call!(SYS_sync_file_range),
        call!(SYS_unlinkat), // pidfile and control socket, at the end
        call!(SYS_write),
        call!(SYS_writev),
    ],
    old_calls: old_calls![
        SYS_access,
        SYS_chmod,
        SYS_dup2,
        SYS_lstat,
        SYS_mkdir,
        SYS_open,
        SYS_readlink,
        SYS_rename,
        SYS_rmdir,
        SYS_stat,
        SYS_unlink,
    ],
};

/// Hearing of changes in directories.
pub(super) const DIRECTORY_WATCHING: Group = Group {
    name: "directory watching",
    purpose: "hearing of changes in directories that Landlock lets through",
    calls: calls![SYS_inotify_add_watch, SYS_inotify_init1, SYS_inotify_rm_watch],
    old_calls: old_calls![],
};

/// Rings.
pub(super) const IO_URING: Group = Group {
    name: "io_uring",
    purpose: "rings for files and disks",
    calls: calls![SYS_io_uring_enter, SYS_io_uring_register, SYS_io_uring_setup],
    old_calls: old_calls![],
};

/// Using sockets that exist, and Unix sockets: control, log, readiness.
pub(super) const SOCKETS: Group = Group {
    name: "sockets",
    purpose: "using sockets that exist; Unix sockets for control, log and readiness",
    calls: &[
        call!(SYS_accept),
        call!(SYS_accept4),
        call!(SYS_bind),
        call!(SYS_connect), // the log's and the service manager's socket; TCP ports are Landlock's matter
        call!(SYS_getpeername),
        call!(SYS_getsockname),
        call!(SYS_getsockopt),
        call!(SYS_listen),
        call!(SYS_recvfrom),
        call!(SYS_recvmsg),
        call!(SYS_sendmsg),
        call!(SYS_sendto),
        call!(SYS_setsockopt),
        call!(SYS_shutdown),
        call!(SYS_socket if is!(0, AF_UNIX)),
        call!(SYS_socketpair if is!(0, AF_UNIX)),
    ],
    old_calls: old_calls![],
};

/// TCP and UDP.
pub(super) const NETWORK_SERVER: Group = Group {
    name: "network server",
    purpose: "TCP and UDP sockets; no raw, packet, netlink or other family",
    calls: &[
        // The number of an interface, by its name: SIOCGIFINDEX.
        call!(SYS_ioctl if Condition::Is { argument: 1, value: 0x8933 }),
        call!(SYS_recvmmsg),
        call!(SYS_sendmmsg),
        call!(SYS_socket if is!(0, AF_INET), is!(0, AF_INET6)),
    ],
    old_calls: old_calls![],
};

/// What a load generator does beside other services: more ways of I/O, memory of every kind, its place on the machine.
pub(super) const LOAD: Group = Group {
    name: "load",
    purpose: "engines, memory and priorities of a load generator",
    calls: &[
        call!(SYS_fchdir),
        // Its buffers are forgotten before a disk is measured: BLKFLSBUF.
        call!(SYS_ioctl if Condition::Is { argument: 1, value: 0x1261 }),
        call!(SYS_io_cancel),
        call!(SYS_io_destroy),
        call!(SYS_io_getevents),
        call!(SYS_io_setup),
        call!(SYS_io_submit),
        call!(SYS_ioprio_get),
        call!(SYS_ioprio_set),
        call!(SYS_mbind),
        call!(SYS_mincore),
        call!(SYS_mlockall),
        call!(SYS_msync),
        call!(SYS_munlockall),
        call!(SYS_readahead),
        call!(SYS_sched_setscheduler),
        call!(SYS_set_mempolicy),
        call!(SYS_setgid),
        call!(SYS_setpriority),
        call!(SYS_setuid),
        call!(SYS_shmat),
        call!(SYS_shmctl),
        call!(SYS_shmdt),
        call!(SYS_shmget),
        call!(SYS_splice),
        call!(SYS_sync),
        call!(SYS_syncfs),
        call!(SYS_tee),
        call!(SYS_vmsplice),
    ],
    old_calls: old_calls![],
};

/// Starting, watching and confining other processes, and being executed oneself.
pub(super) const PROCESSES: Group = Group {
    name: "processes",
    purpose: "executing, watching and confining services",
    calls: calls![
        SYS_capget,
        SYS_capset,
        SYS_chdir,
        SYS_clone,
        SYS_clone3,
        SYS_execve,
        SYS_execveat,
        SYS_fchdir,
        SYS_fchown,
        SYS_getgroups,
        SYS_getpriority,
        SYS_kill,
        SYS_landlock_add_rule,
        SYS_landlock_create_ruleset,
        SYS_landlock_restrict_self,
        SYS_memfd_create,
        SYS_mmap,     // the loader of the service's program
        SYS_mprotect, // likewise
        SYS_pidfd_open,
        SYS_pidfd_send_signal,
        SYS_prctl,
        SYS_prlimit64,
        SYS_seccomp,
        SYS_set_tid_address,
        SYS_setpgid,
        SYS_setpriority,
        SYS_setsid,
        SYS_waitid,
    ],
    old_calls: old_calls![SYS_arch_prctl, SYS_fork, SYS_pipe, SYS_vfork],
};

/// What programs do that operators let jobs run: shells, touch, cp and their like.
pub(super) const PROGRAMS: Group = Group {
    name: "programs",
    purpose: "ordinary programs that an operator allows: owners, times, links and attributes of files",
    calls: calls![
        SYS_copy_file_range,
        SYS_fchownat,
        SYS_fgetxattr,
        SYS_flistxattr,
        SYS_fsetxattr,
        SYS_getitimer,
        SYS_getresgid,
        SYS_getresuid,
        SYS_getxattr,
        SYS_inotify_add_watch,
        SYS_inotify_init1,
        SYS_inotify_rm_watch,
        SYS_lgetxattr,
        SYS_listxattr,
        SYS_llistxattr,
        SYS_lsetxattr,
        SYS_mknodat,
        SYS_sched_get_priority_max,
        SYS_sched_get_priority_min,
        SYS_sendfile,
        SYS_setgroups,
        SYS_setregid,
        SYS_setresgid,
        SYS_setresuid,
        SYS_setreuid,
        SYS_setxattr,
        SYS_symlinkat,
        SYS_timer_create,
        SYS_timer_delete,
        SYS_timer_settime,
        SYS_truncate,
        SYS_utimensat,
    ],
    old_calls: old_calls![
        SYS_chown,
        SYS_creat,
        SYS_epoll_create,
        SYS_eventfd,
        SYS_futimesat,
        SYS_getdents,
        SYS_inotify_init,
        SYS_lchown,
        SYS_link,
        SYS_mknod,
        SYS_signalfd,
        SYS_symlink,
        SYS_utime,
        SYS_utimes,
    ],
};

/// What no service has an innocent reason to call: code that asks for it is not ours any more. The process is ended
/// before it can try anything else.
pub(super) const DANGEROUS: &[SystemCall] = &[
    // Another program in our place, with our descriptors.
    call!(SYS_execve),
    call!(SYS_execveat),
    // Other processes' memory, registers and descriptors.
    call!(SYS_pidfd_getfd),
    call!(SYS_process_madvise),
    call!(SYS_process_vm_readv),
    call!(SYS_process_vm_writev),
    call!(SYS_ptrace),
    // Code in the kernel, another kernel, or a kernel that stops.
    call!(SYS_bpf),
    call!(SYS_delete_module),
    call!(SYS_finit_module),
    call!(SYS_init_module),
    call!(SYS_kexec_load),
    call!(SYS_reboot),
    // What the kernel's exploits are made of.
    call!(SYS_add_key),
    call!(SYS_keyctl),
    call!(SYS_perf_event_open),
    call!(SYS_request_key),
    call!(SYS_userfaultfd),
    // Another view of the files, or another name space.
    call!(SYS_chroot),
    call!(SYS_fsconfig),
    call!(SYS_fsmount),
    call!(SYS_fsopen),
    call!(SYS_fspick),
    call!(SYS_mount),
    call!(SYS_mount_setattr),
    call!(SYS_move_mount),
    call!(SYS_open_by_handle_at),
    call!(SYS_open_tree),
    call!(SYS_pivot_root),
    call!(SYS_setns),
    call!(SYS_umount2),
    call!(SYS_unshare),
    // The machine's clock, swap, accounting, names.
    call!(SYS_acct),
    call!(SYS_adjtimex),
    call!(SYS_clock_adjtime),
    call!(SYS_clock_settime),
    call!(SYS_quotactl),
    call!(SYS_setdomainname),
    call!(SYS_sethostname),
    call!(SYS_settimeofday),
    call!(SYS_swapoff),
    call!(SYS_swapon),
    // Ports and tables of the processor.
    #[cfg(target_arch = "x86_64")]
    call!(SYS_ioperm),
    #[cfg(target_arch = "x86_64")]
    call!(SYS_iopl),
    #[cfg(target_arch = "x86_64")]
    call!(SYS_modify_ldt),
];
