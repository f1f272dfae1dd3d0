//! Where and as whom a job's thread runs: processors, priorities, user.
//!
//! All of it is of the one thread: on Linux, user and group are too, below the C library. That is why no job needs a
//! process of its own.
#![expect(unsafe_code, reason = "system calls that concern the calling thread and no memory")]

use std::fs;
use std::io;

use rustix::thread::{CpuSet, gettid, sched_setaffinity};

use crate::options::JobOptions;
use crate::options::cpu_list::CpuList;
use crate::options::threads::CpusAllowedPolicy;

use super::ended::JobFailure;

/// `IOPRIO_WHO_PROCESS`.
const IO_PRIORITY_OF_THREAD: libc::c_int = 1;
/// Class of I/O priority where only a level is given: best effort.
const BEST_EFFORT: u32 = 2;

/// The value of `ioprio_set`: class and level.
pub(super) fn io_priority(options: &JobOptions) -> Option<u16> {
    let threads = &options.threads;
    if threads.prio.is_none() && threads.prioclass.is_none() {
        return None;
    }
    let class = threads.prioclass.unwrap_or(BEST_EFFORT);
    u16::try_from(class << 13 | threads.prio.unwrap_or(0)).ok()
}

/// Puts the calling thread where the job wants it. `clone_number` counts the job's clones.
pub(super) fn take_place(options: &JobOptions, clone_number: u32) -> Result<(), JobFailure> {
    let threads = &options.threads;
    if let Some(cores) = &threads.cpus_allowed {
        let cores = cores.as_slice();
        let own = [cores[clone_number as usize % cores.len()]];
        let chosen = if threads.cpus_allowed_policy == CpusAllowedPolicy::Split { &own } else { cores };
        allow(chosen).map_err(|source| failure(format!("cpus_allowed={chosen:?}"), source))?;
    }
    if let Some(nodes) = &threads.numa_cpu_nodes {
        let cores = cores_of_nodes(nodes).map_err(|source| failure(format!("numa_cpu_nodes={nodes}"), source))?;
        allow(&cores).map_err(|source| failure(format!("numa_cpu_nodes={nodes}"), source))?;
    }
    if threads.nice != 0 {
        let thread = gettid().as_raw_nonzero().get().cast_unsigned();
        // SAFETY: no memory is passed.
        let result = unsafe { libc::setpriority(libc::PRIO_PROCESS, thread, threads.nice) };
        check(i64::from(result), || format!("nice={}", threads.nice))?;
    }
    if let Some(priority) = io_priority(options) {
        // SAFETY: no memory is passed.
        let result =
            unsafe { libc::syscall(libc::SYS_ioprio_set, IO_PRIORITY_OF_THREAD, 0, libc::c_int::from(priority)) };
        check(result, || format!("prio and prioclass ({priority:#x})"))?;
    }
    // The group first: the user may not change it.
    if let Some(group) = threads.gid {
        // SAFETY: no memory is passed. The system call changes the calling thread only.
        let result = unsafe { libc::syscall(libc::SYS_setresgid, group, group, group) };
        check(result, || format!("gid={group}"))?;
    }
    if let Some(user) = threads.uid {
        // SAFETY: the same.
        let result = unsafe { libc::syscall(libc::SYS_setresuid, user, user, user) };
        check(result, || format!("uid={user}"))?;
    }
    Ok(())
}

pub(super) fn allow(cores: &[usize]) -> io::Result<()> {
    let mut set = CpuSet::new();
    for &core in cores.iter().filter(|&&core| core < CpuSet::MAX_CPU) {
        set.set(core);
    }
    Ok(sched_setaffinity(None, &set)?)
}

/// The cores of memory nodes: `0-1,3` or `all`.
fn cores_of_nodes(nodes: &str) -> io::Result<Vec<usize>> {
    let wrong = || io::Error::from(io::ErrorKind::InvalidInput);
    let online = fs::read_to_string("/sys/devices/system/node/online")?;
    let list = if nodes == "all" { online.trim() } else { nodes };
    let mut cores = Vec::new();
    for node in CpuList::parse(list).map_err(|_| wrong())?.as_slice() {
        let text = fs::read_to_string(format!("/sys/devices/system/node/node{node}/cpulist"))?;
        cores.extend_from_slice(CpuList::parse(text.trim()).map_err(|_| wrong())?.as_slice());
    }
    Ok(cores)
}

fn check(result: i64, what: impl FnOnce() -> String) -> Result<(), JobFailure> {
    if result < 0 { Err(failure(what(), io::Error::last_os_error())) } else { Ok(()) }
}

fn failure(what: String, source: io::Error) -> JobFailure {
    JobFailure::System { what, source }
}

/// What the calling thread used of the system so far.
pub(super) fn usage() -> crate::statistics::ResourceUsage {
    // SAFETY: all zeros is a valid `rusage`.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel fills the structure in.
    unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
    let count = |value: libc::c_long| u64::try_from(value).unwrap_or(0);
    let milliseconds = |time: libc::timeval| count(time.tv_sec) * 1000 + count(time.tv_usec) / 1000;
    crate::statistics::ResourceUsage {
        user_ms: milliseconds(usage.ru_utime),
        system_ms: milliseconds(usage.ru_stime),
        context_switches: count(usage.ru_nvcsw) + count(usage.ru_nivcsw),
        major_faults: count(usage.ru_majflt),
        minor_faults: count(usage.ru_minflt),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_goes_to_its_cores_and_is_nicer() {
        let mut options = JobOptions::default();
        options.threads.cpus_allowed = Some(CpuList::parse("0").unwrap());
        options.threads.cpus_allowed_policy = CpusAllowedPolicy::Split;
        options.threads.nice = 3;
        options.threads.prio = Some(4);
        std::thread::spawn(move || {
            take_place(&options, 5).unwrap();
            assert_eq!(reactor::affinity::usable_cores().unwrap(), [0]);
            // SAFETY: no memory is passed.
            assert_eq!(unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }, 3);
        })
        .join()
        .unwrap();
        let mut options = JobOptions::default();
        options.threads.cpus_allowed = Some(CpuList::parse("1023").unwrap());
        let error = take_place(&options, 0).unwrap_err().to_string();
        assert!(error.starts_with("cpus_allowed=[1023]: "), "{error}");
    }

    #[test]
    fn priorities_are_classes_and_levels() {
        let mut options = JobOptions::default();
        assert_eq!(io_priority(&options), None);
        options.threads.prio = Some(4);
        assert_eq!(io_priority(&options), Some(2 << 13 | 4));
        options.threads.prioclass = Some(3);
        assert_eq!(io_priority(&options), Some(3 << 13 | 4));
    }
}
