//! What jobs name of this machine and is not there: folders, processors, memory nodes.
//!
//! It is looked for before anything runs, as fio does for folders, so that a slip in one job does not cost the time of the others. What
//! is gone later, or is not for this process, is told by the job that misses it.

use std::io::ErrorKind;
use std::path::Path;

use crate::command_line::{Invocation, Job};
use crate::job_file::{JobError, Problem};
use crate::options::JobOptions;
use crate::options::cpu_list::CpuList;
use crate::options::threads::{CpusAllowedPolicy, NumaMemoryPolicy};

use super::place::{NODES, PROCESSORS, numbers_of_nodes};

/// Looks for one thing: the reason if it is not there. The number is that of the job's first clone in the run, from 0.
type Look = fn(&JobOptions, u32) -> Option<String>;

/// All that is looked for, each with the options that name it.
const LOOKS: [(&[&str], Look); 6] = [
    (&["directory"], |options, _| options.target_file.directory.iter().find_map(|path| no_folder(path))),
    (&["opendir"], |options, _| options.target_file.opendir.as_deref().and_then(no_folder)),
    (&["cpus_allowed", "cpumask"], processors),
    (&["verify_async_cpus"], |options, _| options.verification.verify_async_cpus.as_ref().and_then(no_processor)),
    (&["numa_cpu_nodes"], |options, _| options.threads.numa_cpu_nodes.as_deref().and_then(no_node)),
    (&["numa_mem_policy"], |options, _| memory_nodes(options)),
];

/// Looks for everything that the jobs name.
///
/// # Errors
/// [`Problem::Absent`], with the place of the first option that names something that is not there.
pub fn look_for(invocation: &Invocation) -> Result<(), JobError> {
    let mut number = 0_u32;
    for job in &invocation.jobs {
        for (options, look) in LOOKS {
            if let Some(reason) = look(&job.options, number) {
                let option = given(invocation, job, options);
                return Err(JobError::new(invocation.place_of(job, options), Problem::Absent { option, reason }));
            }
        }
        number = number.saturating_add(job.options.description.numjobs.max(1));
    }
    Ok(())
}

/// The option as it was given.
fn given(invocation: &Invocation, job: &Job, options: &[&str]) -> String {
    invocation.given(job, options).map_or_else(
        || options[0].to_owned(),
        |listed| format!("{}={}", listed.name, listed.value.as_deref().unwrap_or_default()),
    )
}

fn no_folder(path: &str) -> Option<String> {
    match std::fs::metadata(Path::new(path)) {
        Ok(metadata) if metadata.is_dir() => None,
        Ok(_) => Some(format!("{path} is not a directory")),
        Err(error) if error.kind() == ErrorKind::NotFound => Some(format!("there is no directory {path}")),
        Err(error) => Some(format!("the directory {path} cannot be used: {error}")),
    }
}

/// With `cpus_allowed_policy=split` each clone has one of them; otherwise one that is there is enough, as for the kernel.
fn processors(options: &JobOptions, number: u32) -> Option<String> {
    let threads = &options.threads;
    let allowed = threads.cpus_allowed.as_ref()?;
    if threads.cpus_allowed_policy == CpusAllowedPolicy::Shared {
        return no_processor(allowed);
    }
    let used = allowed.as_slice().iter().cycle().skip(number as usize % allowed.as_slice().len());
    let clones = options.description.numjobs.max(1) as usize;
    used.take(clones.min(allowed.as_slice().len())).find_map(|&processor| PROCESSORS.without(&[processor]))
}

fn no_processor(wanted: &CpuList) -> Option<String> {
    PROCESSORS.without(wanted.as_slice())
}

fn memory_nodes(options: &JobOptions) -> Option<String> {
    match options.threads.numa_mem_policy.as_ref()? {
        NumaMemoryPolicy::Default | NumaMemoryPolicy::Local => None,
        NumaMemoryPolicy::Prefer(node) => NODES.without(&[*node as usize]),
        NumaMemoryPolicy::Bind(nodes) | NumaMemoryPolicy::Interleave(nodes) => no_node(nodes),
    }
}

/// Every node that is named has to be there, and one has to be left.
fn no_node(nodes: &str) -> Option<String> {
    let wanted = numbers_of_nodes(nodes).ok()?;
    if wanted.is_empty() {
        return NODES.without(&[]);
    }
    wanted.iter().find_map(|&node| NODES.without(&[node]))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::command_line::{Outcome, parse};
    use crate::job_file::Host;

    fn look(jobs: &str) -> Result<(), String> {
        let line = format!("--ioengine=null --size=4k {jobs}");
        let Outcome::Run(invocation) = parse(line.split(' ').map(OsString::from).collect(), &mut Host).unwrap() else {
            panic!("jobs are to be run");
        };
        look_for(&invocation).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_there_is_told_with_its_option() {
        let file = std::env::current_exe().unwrap().display().to_string();
        for (options, told) in [
            ("--directory=/:/no/such", "directory=/:/no/such: there is no directory /no/such".to_owned()),
            (&format!("--directory={file}"), format!("directory={file}: {file} is not a directory")),
            (&format!("--opendir={file}/x"), format!("opendir={file}/x: the directory {file}/x cannot be used: ")),
            ("--cpus_allowed=8190-8191", "cpus_allowed=8190-8191: not on this machine; of its cpus there are 0".into()),
            (
                "--cpus_allowed=0,8191 --cpus_allowed_policy=split",
                "cpus_allowed=0,8191: not on this machine; of its cpus there are 0".into(),
            ),
            ("--verify_async_cpus=8191", "verify_async_cpus=8191: not on this machine; of its cpus there are 0".into()),
            ("--numa_cpu_nodes=0,900", "numa_cpu_nodes=0,900: not on this machine; of its nodes there are 0".into()),
            ("--numa_cpu_nodes=!all", "numa_cpu_nodes=!all: not on this machine; of its nodes there are 0".into()),
            ("--numa_mem_policy=bind:900", "numa_mem_policy=bind:900: not on this machine; of its nodes".into()),
            ("--numa_mem_policy=prefer:900", "numa_mem_policy=prefer:900: not on this machine; of its nodes".into()),
        ] {
            let error = look(&format!("--name=a --name=b {options}")).unwrap_err();
            assert!(error.starts_with(&format!("command line: [b]: {told}")), "{error}");
        }
    }

    #[test]
    fn what_is_there_is_no_matter() {
        for options in [
            "--directory=/ --opendir=/sys/devices/system/cpu/cpu0/topology",
            "--cpus_allowed=0,8191",
            "--cpus_allowed=0,8191 --cpus_allowed_policy=split",
            "--numa_cpu_nodes=all --numa_mem_policy=local",
            "--numa_cpu_nodes=!900 --numa_mem_policy=interleave",
        ] {
            assert_eq!(look(&format!("--name=a {options}")), Ok(()), "{options}");
        }
    }
}
