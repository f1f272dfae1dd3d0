//! Threads and processes, where they run, and how jobs wait for each other.

use super::JobOptions;
use super::cpu_list::CpuList;
use super::kind::{ValueError, choice, custom, deprecated, flag, number, text, unsupported, word};
use super::number::{KbBase, whole};
use super::option::{Order, Section, option};

/// How the CPUs allowed are given to the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CpusAllowedPolicy {
    /// Each job may use all of them.
    #[default]
    Shared,
    /// Each job gets one.
    Split,
}

/// Whom the end of a job ends with `exitall`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExitWhat {
    /// The jobs of its group.
    #[default]
    Group,
    /// The jobs up to the next `stonewall`.
    Stonewall,
    /// All jobs.
    All,
}

/// Which memory nodes the buffers of a job are on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumaMemoryPolicy {
    /// As the system has it.
    Default,
    /// This node, if it has room.
    Prefer(u32),
    /// These nodes (`0-1,3`, `all`), no others.
    Bind(String),
    /// These nodes (`0-1,3`, `all`), page by page.
    Interleave(String),
    /// The node that the job runs on.
    Local,
}

/// Values of the options of this group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Threads {
    /// Jobs are threads of one process.
    pub thread: bool,
    /// The job starts when the job of this name has ended.
    pub wait_for: Option<String>,
    /// Priority of the process, -20 to 19.
    pub nice: i32,
    /// Priority of its I/O in the class, 0 to 7.
    pub prio: Option<u32>,
    /// Class of the priority of its I/O, 0 to 3.
    pub prioclass: Option<u32>,
    /// Hint beside the priority of its I/O, 0 to [`PRIORITY_HINT_MAX`].
    pub priohint: u32,
    /// What the system calls the job's thread.
    pub comm: Option<String>,
    /// The CPUs that the job may run on; `cpumask` sets it as well.
    pub cpus_allowed: Option<CpuList>,
    /// How the CPUs allowed are given to the jobs.
    pub cpus_allowed_policy: CpusAllowedPolicy,
    /// The memory nodes whose CPUs the job may run on (`0-1,3`, `all`).
    pub numa_cpu_nodes: Option<String>,
    /// Which memory nodes its buffers are on.
    pub numa_mem_policy: Option<NumaMemoryPolicy>,
    /// Jobs of one number share what they do by their weights.
    pub flow_id: i32,
    /// The weight.
    pub flow: u32,
    /// Microseconds that a job sleeps that is ahead of its weight.
    pub flow_sleep: u32,
    /// The job starts when those before it have ended.
    pub stonewall: bool,
    /// Its end ends others.
    pub exitall: bool,
    /// Whom its end ends.
    pub exit_what: ExitWhat,
    /// A command for the shell, before the job.
    pub exec_prerun: Option<String>,
    /// A command for the shell, after the job.
    pub exec_postrun: Option<String>,
    /// The user that the job runs as.
    pub uid: Option<u32>,
    /// The group that the job runs as.
    pub gid: Option<u32>,
}

/// Largest hint of a priority: the kernel has ten bits for it.
pub const PRIORITY_HINT_MAX: u32 = 1023;

const CGROUPS: &str = "cgroups come later; start the program in one";

pub(super) const SECTION: Section = Section {
    title: "Threads, processes and job synchronization",
    options: &[
        option("thread", &flag(|options| &mut options.threads.thread), "Make jobs threads of one process"),
        option("wait_for", &text(|options| &mut options.threads.wait_for), "Start when the job of this name has ended"),
        option("nice", &number(|options| &mut options.threads.nice).within(-20, 19), "Priority of the process")
            .default("0"),
        option(
            "prio",
            &number(|options| &mut options.threads.prio).within(0, 7),
            "Priority of I/O in its class, 0 first",
        ),
        option(
            "prioclass",
            &number(|options| &mut options.threads.prioclass).within(0, 3),
            "Class of the priority of I/O: 1 real time, 2 best effort, 3 idle",
        ),
        option(
            "priohint",
            &number(|options| &mut options.threads.priohint).within(0, PRIORITY_HINT_MAX as i128),
            "Hint beside the priority of I/O, for devices that know such hints (a limit of duration: 1 to 7)",
        ),
        option(
            "comm",
            &text(|options| &mut options.threads.comm),
            "What the system calls the thread of the job, at most 15 bytes of it",
        ),
        option(
            "cpus_allowed",
            &custom("numbers and ranges of CPUs, as 0-3,8", cpus_allowed),
            "CPUs that the job may run on",
        ),
        option(
            "cpus_allowed_policy",
            &choice(
                |options| &mut options.threads.cpus_allowed_policy,
                &[
                    word("shared", CpusAllowedPolicy::Shared, "each job may use all of them"),
                    word("split", CpusAllowedPolicy::Split, "each job gets one"),
                ],
            ),
            "How the CPUs are given to the jobs",
        )
        .below("cpus_allowed")
        .order(Order::Early),
        option(
            "cpumask",
            &custom("a number whose bits are CPUs, the lowest CPU 0", cpu_mask),
            "CPUs that the job may run on, as bits",
        ),
        option(
            "numa_cpu_nodes",
            &custom("numbers and ranges of nodes, as 0-1,3, or all", |options, text| {
                check_nodes(text)?;
                options.threads.numa_cpu_nodes = Some(text.to_owned());
                Ok(())
            }),
            "Memory nodes whose CPUs the job may run on",
        ),
        option(
            "numa_mem_policy",
            &custom("default, local, prefer:NODE, bind:NODES or interleave[:NODES]", memory_policy),
            "Which memory nodes the buffers are on",
        ),
        option("flow_id", &number(|options| &mut options.threads.flow_id), "Jobs of one number share by their weights")
            .default("0"),
        option("flow", &number(|options| &mut options.threads.flow).within(0, 1000), "Weight of the job in its flow")
            .default("0")
            .below("flow_id"),
        option(
            "flow_sleep",
            &number(|options| &mut options.threads.flow_sleep),
            "Microseconds to sleep when the job is ahead of its weight",
        )
        .default("0")
        .below("flow_id"),
        option("flow_watermark", &deprecated(), "Without effect"),
        option("stonewall", &flag(|options| &mut options.threads.stonewall), "Start when the jobs before have ended")
            .aliases(&["wait_for_previous"]),
        option("exitall", &flag(|options| &mut options.threads.exitall), "End other jobs when this one ends"),
        option(
            "exit_what",
            &choice(
                |options| &mut options.threads.exit_what,
                &[
                    word("group", ExitWhat::Group, "the jobs of its group"),
                    word("stonewall", ExitWhat::Stonewall, "the jobs up to the next stonewall"),
                    word("all", ExitWhat::All, "all jobs"),
                ],
            ),
            "Which jobs exitall ends",
        )
        .default("group"),
        option(
            "exec_prerun",
            &text(|options| &mut options.threads.exec_prerun),
            "Have the shell run this before the job",
        ),
        option(
            "exec_postrun",
            &text(|options| &mut options.threads.exec_postrun),
            "Have the shell run this after the job",
        ),
        option("uid", &number(|options| &mut options.threads.uid), "User that the job runs as"),
        option("gid", &number(|options| &mut options.threads.gid), "Group that the job runs as"),
        option("cgroup", &unsupported(CGROUPS), "Control group of the job"),
        option("cgroup_weight", &unsupported(CGROUPS), "Weight of the control group"),
        option("cgroup_nodelete", &unsupported(CGROUPS), "Leave the control group at the end"),
        option("gpu_dev_id", &unsupported("there is no engine for GPUs"), "GPU of the job"),
    ],
};

fn cpus_allowed(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    options.threads.cpus_allowed = Some(CpuList::parse(text)?);
    Ok(())
}

fn cpu_mask(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    let mask = whole(text, KbBase::Binary).and_then(|mask| u32::try_from(mask).ok()).filter(|mask| *mask != 0);
    let mask = mask.ok_or_else(|| ValueError::malformed(text, "a number of 32 bits, not 0"))?;
    options.threads.cpus_allowed = Some(CpuList::from_mask(mask));
    Ok(())
}

/// Numbers and ranges with commas, with `!` all but these and `+` relative to the process, or `all`: what libnuma reads.
fn check_nodes(text: &str) -> Result<(), ValueError> {
    let list = text.strip_prefix(['!', '+']).unwrap_or(text);
    if list == "all" || list == "same" {
        return Ok(());
    }
    CpuList::parse(list)
        .map(|_| ())
        .map_err(|_| ValueError::malformed(text, "numbers and ranges of nodes, as 0-1,3, or all"))
}

fn memory_policy(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    let (name, nodes) = match text.split_once(':') {
        Some((name, nodes)) => (name, Some(nodes)),
        None => (text, None),
    };
    let policy = match (name, nodes) {
        ("default", None) => NumaMemoryPolicy::Default,
        ("local", None) => NumaMemoryPolicy::Local,
        ("default" | "local", Some(_)) => return Err(ValueError::Rule("default and local take no nodes")),
        ("prefer", Some(node)) => {
            let node = node.parse().map_err(|_| ValueError::malformed(node, "one node"))?;
            NumaMemoryPolicy::Prefer(node)
        }
        ("prefer", None) => return Err(ValueError::Rule("prefer needs one node")),
        ("bind", None) => return Err(ValueError::Rule("bind needs nodes")),
        ("bind", Some(nodes)) => {
            check_nodes(nodes)?;
            NumaMemoryPolicy::Bind(nodes.to_owned())
        }
        ("interleave", nodes) => {
            let nodes = nodes.unwrap_or("all");
            check_nodes(nodes)?;
            NumaMemoryPolicy::Interleave(nodes.to_owned())
        }
        _ => return Err(ValueError::malformed(text, "default, local, prefer:NODE, bind:NODES or interleave[:NODES]")),
    };
    options.threads.numa_mem_policy = Some(policy);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::find;

    fn set(name: &str, value: &str) -> Result<Threads, ValueError> {
        let mut options = JobOptions::default();
        options.set(find(name).unwrap(), Some(value))?;
        Ok(options.threads)
    }

    #[test]
    fn memory_policies_have_the_nodes_that_they_need() {
        let policy = |text| set("numa_mem_policy", text).map(|threads| threads.numa_mem_policy.unwrap());
        assert_eq!(policy("default"), Ok(NumaMemoryPolicy::Default));
        assert_eq!(policy("local"), Ok(NumaMemoryPolicy::Local));
        assert_eq!(policy("prefer:1"), Ok(NumaMemoryPolicy::Prefer(1)));
        assert_eq!(policy("bind:0-1,3"), Ok(NumaMemoryPolicy::Bind("0-1,3".to_owned())));
        assert_eq!(policy("interleave"), Ok(NumaMemoryPolicy::Interleave("all".to_owned())));
        assert_eq!(policy("interleave:!0"), Ok(NumaMemoryPolicy::Interleave("!0".to_owned())));
        for text in ["prefer", "prefer:0-1", "bind", "bind:x", "local:0", "default:0", "interleave:", "other"] {
            assert!(policy(text).is_err(), "{text}");
        }
    }

    #[test]
    fn cpus_are_a_list_or_a_mask() {
        let cpus = |name, text| set(name, text).map(|threads| threads.cpus_allowed.unwrap().as_slice().to_vec());
        assert_eq!(cpus("cpus_allowed", "0,2-3"), Ok(vec![0, 2, 3]));
        assert_eq!(cpus("cpumask", "0x5"), Ok(vec![0, 2]));
        assert!(cpus("cpumask", "0").is_err() && cpus("cpumask", "0x100000000").is_err());
        assert!(set("numa_cpu_nodes", "x").is_err());
        assert_eq!(set("numa_cpu_nodes", "0-1").unwrap().numa_cpu_nodes.as_deref(), Some("0-1"));
    }
}
