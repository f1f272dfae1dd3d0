//! Files that only one job at a time does I/O on (`lockfile`).
//!
//! A file is locked from the moment that the engine is given an I/O until it has taken it. With an engine that completes
//! each I/O at once that is the whole I/O. An engine that works in the background takes I/Os only, so that the lock orders
//! how they are begun and nothing else, in fio too.
//!
//! Jobs of one run share the lock of a file by its name, if they ask for locks. Processes do not.
//!
//! Cost: one lock and unlock an I/O of such a job, nothing for others.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use crate::engines::Operation;
use crate::options::target_file::LockFile;

/// The locks of all files of a run.
#[derive(Debug, Default)]
pub(super) struct RunLocks {
    locks: HashMap<PathBuf, Arc<RwLock<()>>>,
}

impl RunLocks {
    /// Those of a job with these files; `None` if it locks nothing.
    pub(super) fn of_job<'p>(&mut self, mode: LockFile, files: impl Iterator<Item = &'p Path>) -> Option<FileLocks> {
        let reads_alone = match mode {
            LockFile::None => return None,
            LockFile::Exclusive => true,
            LockFile::ReadWrite => false,
        };
        let files = files.map(|path| Arc::clone(self.locks.entry(path.to_owned()).or_default())).collect();
        Some(FileLocks { reads_alone, files })
    }
}

/// The locks of a job's files.
#[derive(Debug)]
pub(super) struct FileLocks {
    /// A read keeps other reads away, too.
    reads_alone: bool,
    files: Box<[Arc<RwLock<()>>]>,
}

impl FileLocks {
    /// Does something to a file while nobody else does what it may not bear.
    pub(super) fn during<T>(&self, file: u32, operation: &Operation, action: impl FnOnce() -> T) -> T {
        let lock = &self.files[file as usize];
        if matches!(operation, Operation::Read) && !self.reads_alone {
            let _shared = lock.read().unwrap_or_else(PoisonError::into_inner);
            action()
        } else {
            let _alone = lock.write().unwrap_or_else(PoisonError::into_inner);
            action()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    fn locks(modes: [LockFile; 2], names: [&str; 2]) -> [Option<FileLocks>; 2] {
        let mut run = RunLocks::default();
        [0, 1].map(|index| run.of_job(modes[index], [Path::new(names[index])].into_iter()))
    }

    /// Whether two operations on the same file of two jobs can be under way together: both meet inside, or one is alone.
    fn meet(mode: LockFile, operations: [Operation; 2]) -> bool {
        let [one, other] = locks([mode; 2], ["f"; 2]).map(Option::unwrap);
        one.during(0, &operations[0], || match operations[1] {
            Operation::Read if !other.reads_alone => other.files[0].try_read().is_ok(),
            _ => other.files[0].try_write().is_ok(),
        })
    }

    #[test]
    fn who_may_be_together() {
        let (read, write) = (Operation::Read, Operation::Write);
        assert!(meet(LockFile::ReadWrite, [read, read]));
        assert!(!meet(LockFile::ReadWrite, [read, write]) && !meet(LockFile::ReadWrite, [write, read]));
        assert!(!meet(LockFile::Exclusive, [read, read]) && !meet(LockFile::Exclusive, [write, write]));
    }

    #[test]
    fn other_files_and_jobs_without_locks_are_free() {
        let [one, other] = locks([LockFile::Exclusive; 2], ["f", "g"]).map(Option::unwrap);
        assert!(one.during(0, &Operation::Write, || other.files[0].try_write().is_ok()));
        assert!(locks([LockFile::None; 2], ["f"; 2])[0].is_none());
    }

    #[test]
    fn threads_wait_for_each_other() {
        let jobs = locks([LockFile::Exclusive; 2], ["f"; 2]).map(Option::unwrap);
        let (together, inside) = (Barrier::new(2), std::sync::Mutex::new(()));
        std::thread::scope(|scope| {
            for job in &jobs {
                scope.spawn(|| {
                    together.wait();
                    for _ in 0..10_000 {
                        job.during(0, &Operation::Read, || assert!(inside.try_lock().is_ok(), "two at a time"));
                    }
                });
            }
        });
    }
}
