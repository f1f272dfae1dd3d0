//! What the figures belong to: processor, kernel, settings. Nothing that names the machine or its owner.

use std::fs;
use std::io;

use reactor::affinity;
use reactor::clock::Duration;

use crate::task::TaskError;

/// The line that says where a measurement was made.
pub(super) fn description() -> Result<String, TaskError> {
    let cpu_info = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu_info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("an unnamed processor");
    let model = model.trim_start_matches([' ', '\t', ':']);
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    // The release of a vendor's build may name more than the version.
    let version: String =
        release.chars().take_while(|character| character.is_ascii_digit() || *character == '.').collect();
    let cores = affinity::usable_cores()?.len();
    Ok(format!("{cores} cores of {model}, Linux {}", version.trim_end_matches('.')))
}

/// Two different cores: one for each side.
pub(super) fn two_cores() -> Result<(usize, usize), TaskError> {
    match affinity::usable_cores()?[..] {
        [first, .., last] => Ok((first, last)),
        _ => Err(TaskError::new("a comparison needs two cores that this process may use")),
    }
}

/// Processor time that the threads of a process have used so far.
pub(super) fn processor_time(process: u32) -> io::Result<Duration> {
    let mut total_ns = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // The first number of three; a thread that ended meanwhile counts for nothing.
        let text = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        total_ns += text.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(total_ns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_of_this_process_grows() {
        let before = processor_time(std::process::id()).unwrap();
        let mut number = 1_u64;
        while processor_time(std::process::id()).unwrap() == before {
            number = std::hint::black_box(number.wrapping_mul(3));
        }
    }

    #[test]
    fn the_description_names_processor_and_kernel() {
        let text = description().unwrap();
        assert!(text.contains("cores of") && text.contains("Linux ") && !text.contains('\n'), "{text}");
    }
}
