//! Which core the calling thread may run on.

use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Binds the calling thread to one core.
///
/// # Errors
/// `EINVAL` when the core does not exist or the process may not use it; the thread then stays where it was.
pub fn pin_to_core(core: usize) -> io::Result<()> {
    if core >= CpuSet::MAX_CPU {
        return Err(rustix::io::Errno::INVAL.into());
    }
    let mut set = CpuSet::new();
    set.set(core);
    Ok(sched_setaffinity(None, &set)?)
}

/// The cores that the calling thread may run on, in ascending order.
///
/// # Errors
/// What `sched_getaffinity` reports.
pub fn usable_cores() -> io::Result<Vec<usize>> {
    let set = sched_getaffinity(None)?;
    Ok((0..CpuSet::MAX_CPU).filter(|&core| set.is_set(core)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_thread_may_use_that_core_only() {
        let core = *usable_cores().unwrap().last().unwrap();
        std::thread::spawn(move || {
            pin_to_core(core).unwrap();
            assert_eq!(usable_cores().unwrap(), [core]);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_core_that_does_not_exist_is_refused() {
        assert!(pin_to_core(CpuSet::MAX_CPU - 1).is_err());
        assert!(pin_to_core(usize::MAX).is_err());
    }
}
