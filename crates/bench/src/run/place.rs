//! Where and as whom a job's thread runs: processors, priorities, user.
//!
//! All of it is of the one thread: on Linux, user and group are too, below the C library. That is why no job needs a
//! process of its own.
#![expect(unsafe_code, reason = "system calls that concern the calling thread and no memory")]

use std::ffi::CString;
use std::fs;
use std::io;
use std::num::NonZeroU64;

use rustix::thread::{CpuSet, gettid, sched_setaffinity, set_current_timer_slack};

use crate::options::JobOptions;
use crate::options::cpu_list::CpuList;
use crate::options::threads::{CpusAllowedPolicy, NumaMemoryPolicy};

use super::ended::JobFailure;

/// `IOPRIO_WHO_PROCESS`.
const IO_PRIORITY_OF_THREAD: libc::c_int = 1;
/// Memory nodes that a mask has room for, as the kernel's largest.
const NODES_MAX: usize = 1024;
/// Class of I/O priority where only a level is given: best effort.
const BEST_EFFORT: u32 = 2;

/// The value of `ioprio_set`: class, hint and level.
pub(super) fn io_priority(options: &JobOptions) -> Option<u16> {
    let threads = &options.threads;
    if threads.prio.is_none() && threads.prioclass.is_none() && threads.priohint == 0 {
        return None;
    }
    let class = threads.prioclass.unwrap_or(BEST_EFFORT);
    u16::try_from(class << 13 | threads.priohint << 3 | threads.prio.unwrap_or(0)).ok()
}

/// Puts the calling thread where the job wants it. `number` is the job's in the run, from 0: jobs that split processors take turns, also
/// those that are no clones of each other.
pub(super) fn take_place(options: &JobOptions, number: u32) -> Result<(), JobFailure> {
    let threads = &options.threads;
    // Pauses and I/Os that are due are some tens of microseconds late otherwise. Where it is not allowed, they are.
    let _ = set_current_timer_slack(NonZeroU64::new(1));
    if let Some(name) = &threads.comm {
        name_thread(name).map_err(|source| failure(format!("comm={name}"), source))?;
    }
    if let Some(cores) = &threads.cpus_allowed {
        let cores = cores.as_slice();
        let own = [cores[number as usize % cores.len()]];
        let chosen = if threads.cpus_allowed_policy == CpusAllowedPolicy::Split { &own } else { cores };
        allow(chosen).map_err(|source| nowhere(format!("cpus_allowed={}", listed(chosen)), PROCESSORS, source))?;
    }
    if let Some(nodes) = &threads.numa_cpu_nodes {
        let cores =
            cores_of_nodes(nodes).map_err(|source| nowhere(format!("numa_cpu_nodes={nodes}"), NODES, source))?;
        allow(&cores).map_err(|source| failure(format!("numa_cpu_nodes={nodes}"), source))?;
    }
    if let Some(policy) = &threads.numa_mem_policy {
        place_memory(policy).map_err(|source| nowhere("numa_mem_policy".to_owned(), NODES, source))?;
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

/// Names the calling thread, as tools list it. Of a longer name the kernel keeps the first 15 bytes.
fn name_thread(name: &str) -> io::Result<()> {
    let name = CString::new(name)?;
    Ok(rustix::thread::set_name(&name)?)
}

pub(super) fn allow(cores: &[usize]) -> io::Result<()> {
    let mut set = CpuSet::new();
    for &core in cores.iter().filter(|&&core| core < CpuSet::MAX_CPU) {
        set.set(core);
    }
    Ok(sched_setaffinity(None, &set)?)
}

/// Modes of `set_mempolicy`: the system's, one node first, these nodes only, these in turn, the thread's own.
const MODES: [libc::c_int; 5] = [0, 1, 2, 3, 4];

/// Says where memory comes from that the calling thread touches first: that of the job's buffers.
fn place_memory(policy: &NumaMemoryPolicy) -> io::Result<()> {
    let [default, preferred, bind, interleave, local] = MODES;
    let (mode, nodes) = match policy {
        NumaMemoryPolicy::Default => (default, Vec::new()),
        NumaMemoryPolicy::Local => (local, Vec::new()),
        NumaMemoryPolicy::Prefer(node) => (preferred, vec![*node as usize]),
        NumaMemoryPolicy::Bind(nodes) => (bind, numbers_of_nodes(nodes)?),
        NumaMemoryPolicy::Interleave(nodes) => (interleave, numbers_of_nodes(nodes)?),
    };
    let mut mask = [0_u64; NODES_MAX / 64];
    for node in nodes {
        let word = mask.get_mut(node / 64).ok_or(io::ErrorKind::InvalidInput)?;
        *word |= 1 << (node % 64);
    }
    // Modes without nodes take no mask at all.
    let (mask, nodes_max) =
        if mask.iter().all(|&word| word == 0) { (std::ptr::null(), 0) } else { (mask.as_ptr(), NODES_MAX) };
    // SAFETY: the mask has as many bits as are told, and the kernel only reads them.
    let result = unsafe { libc::syscall(libc::SYS_set_mempolicy, mode, mask, nodes_max) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The numbers of memory nodes as libnuma reads them: `0-1,3` or `all`; `!0` all but that one; `+0` the first of those that there are.
pub(super) fn numbers_of_nodes(nodes: &str) -> io::Result<Vec<usize>> {
    let wrong = |_| io::Error::from(io::ErrorKind::InvalidInput);
    let (sign, list) = match nodes.strip_prefix(['!', '+']) {
        Some(list) => (nodes.chars().next(), list),
        None => (None, nodes),
    };
    let online = CpuList::parse(&NODES.online()?).map_err(wrong)?;
    let list = if list == "all" || list == "same" { online.clone() } else { CpuList::parse(list).map_err(wrong)? };
    let (online, list) = (online.as_slice(), list.as_slice());
    Ok(match sign {
        Some('!') => online.iter().filter(|node| !list.contains(node)).copied().collect(),
        Some(_) => list.iter().filter_map(|&place| online.get(place)).copied().collect(),
        None => list.to_vec(),
    })
}

/// The cores of memory nodes.
fn cores_of_nodes(nodes: &str) -> io::Result<Vec<usize>> {
    let wrong = || io::Error::from(io::ErrorKind::InvalidInput);
    let mut cores = Vec::new();
    for node in numbers_of_nodes(nodes)? {
        let text = fs::read_to_string(format!("/sys/devices/system/node/node{node}/cpulist"))?;
        cores.extend_from_slice(CpuList::parse(text.trim()).map_err(|_| wrong())?.as_slice());
    }
    Ok(cores)
}

fn check(result: i64, what: impl FnOnce() -> String) -> Result<(), JobFailure> {
    if result < 0 { Err(failure(what(), io::Error::last_os_error())) } else { Ok(()) }
}

/// A failure that is the job's fault if it asks for a processor or memory node that is not there.
fn nowhere(what: String, kind: Numbered, source: io::Error) -> JobFailure {
    let is_absent = matches!(source.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound);
    match kind.online() {
        Ok(online) if is_absent => JobFailure::Option(format!("{what}: {}", kind.not_here(&online))),
        _ => failure(what, source),
    }
}

/// What the system has several of, by number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbered(&'static str);

pub(super) const PROCESSORS: Numbered = Numbered("cpu");
pub(super) const NODES: Numbered = Numbered("node");

impl Numbered {
    /// The reason if none of these is there. Nothing where the system does not say what there is.
    pub(super) fn without(self, wanted: &[usize]) -> Option<String> {
        let online = self.online().ok()?;
        let there = CpuList::parse(&online).ok()?;
        let is_there = wanted.iter().any(|number| there.as_slice().contains(number));
        (!is_there).then(|| self.not_here(&online))
    }

    /// The list of those that there are.
    fn online(self) -> io::Result<String> {
        Ok(fs::read_to_string(format!("/sys/devices/system/{}/online", self.0))?.trim().to_owned())
    }

    fn not_here(self, online: &str) -> String {
        format!("not on this machine; of its {}s there are {online}", self.0)
    }
}

/// Numbers as they stand in a job file.
pub(super) fn listed(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
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
        options.threads.comm = Some("a-name-of-more-than-15".to_owned());
        std::thread::spawn(move || {
            take_place(&options, 5).unwrap();
            assert_eq!(reactor::affinity::usable_cores().unwrap(), [0]);
            assert_eq!(rustix::thread::current_timer_slack().unwrap(), 1, "it wakes when it is time");
            assert_eq!(rustix::thread::name().unwrap().to_bytes(), b"a-name-of-more-");
            // SAFETY: no memory is passed.
            assert_eq!(unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }, 3);
        })
        .join()
        .unwrap();
        let mut options = JobOptions::default();
        options.threads.cpus_allowed = Some(CpuList::parse("1023").unwrap());
        let error = take_place(&options, 0).unwrap_err().to_string();
        assert!(error.starts_with("cpus_allowed=1023: not on this machine; of its cpus there are 0"), "{error}");
        options.threads.cpus_allowed = None;
        options.threads.numa_cpu_nodes = Some("900".to_owned());
        let error = take_place(&options, 0).unwrap_err().to_string();
        assert!(error.starts_with("numa_cpu_nodes=900: not on this machine; of its nodes there are 0"), "{error}");
    }

    #[test]
    fn memory_comes_from_the_nodes_that_are_named() {
        let policies = [
            NumaMemoryPolicy::Default,
            NumaMemoryPolicy::Local,
            NumaMemoryPolicy::Prefer(0),
            NumaMemoryPolicy::Bind("0".to_owned()),
            NumaMemoryPolicy::Interleave("all".to_owned()),
        ];
        std::thread::spawn(move || {
            for (policy, expected) in policies.iter().zip([(0, 0), (4, 0), (1, 1), (2, 1), (3, 1)]) {
                place_memory(policy).unwrap();
                let (mut mode, mut mask) = (0 as libc::c_int, [0_u64; NODES_MAX / 64]);
                // SAFETY: the kernel writes one number and as many bits as are told.
                let result =
                    unsafe { libc::syscall(libc::SYS_get_mempolicy, &raw mut mode, &raw mut mask, NODES_MAX, 0, 0) };
                assert_eq!((result, mode, mask[0] & 1), (0, expected.0, expected.1), "{policy:?}");
            }
            let absent = place_memory(&NumaMemoryPolicy::Bind("900".to_owned()));
            assert_eq!(absent.unwrap_err().raw_os_error(), Some(libc::EINVAL));
        })
        .join()
        .unwrap();
    }

    #[test]
    fn nodes_are_those_that_are_named_all_but_them_or_counted_among_those_there_are() {
        let online = numbers_of_nodes("all").unwrap();
        assert_eq!(numbers_of_nodes("900,2-3").unwrap(), [2, 3, 900]);
        assert_eq!(numbers_of_nodes("!900").unwrap(), online);
        assert!(numbers_of_nodes("!all").unwrap().is_empty());
        assert_eq!(numbers_of_nodes("+0,900").unwrap(), online[..1]);
        assert_eq!(numbers_of_nodes("!x").unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn priorities_are_classes_hints_and_levels() {
        let mut options = JobOptions::default();
        assert_eq!(io_priority(&options), None);
        options.threads.prio = Some(4);
        assert_eq!(io_priority(&options), Some(2 << 13 | 4));
        options.threads.prioclass = Some(3);
        assert_eq!(io_priority(&options), Some(3 << 13 | 4));
        options.threads.priohint = 5;
        assert_eq!(io_priority(&options), Some(3 << 13 | 5 << 3 | 4));
    }
}
