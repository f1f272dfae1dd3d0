//! How much the directories of jobs may hold (`space_bytes_max`).
//!
//! What they hold already counts: else a front end that comes again and again with other names would fill the disk. So it is looked at
//! when jobs are read, and again when they begin. Runs that begin beside each other each see what was there before; one at a time
//! (`runs_at_once`), they see all.
//!
//! Cost: a look at every file below the directories, at most [`SPACE_ENTRIES_MAX`]; nothing without the limit.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use bench::command_line::Plan;
use bench::files::FileKind;
use bench::run::{self, RunSettings};

use super::super::limits::SPACE_ENTRIES_MAX;
use super::place::{canonical, working_directory};
use super::{Files, Permissions, Refusal};

/// Bytes of a block in `st_blocks`.
const BLOCK_BYTES: u64 = 512;

/// Holds the files of all jobs, and what is in the directories beside them, against the limit.
///
/// # Errors
/// [`Refusal::Space`], [`Refusal::TooManyFiles`].
pub fn check(permissions: &Permissions, plan: &Plan, settings: &RunSettings) -> Result<(), Refusal> {
    let (Some(limit), Files::Only { directories, .. }) = (permissions.limits.space_bytes, &permissions.files) else {
        return Ok(());
    };
    let from = working_directory(permissions).unwrap_or(Path::new("/"));
    let planned = planned(plan, settings, from);
    let there = held(directories, &planned, from)?;
    let bytes = planned.values().fold(0, |sum: u64, bytes| sum.saturating_add(*bytes));
    if bytes.saturating_add(there) > limit { Err(Refusal::Space { bytes, there, limit }) } else { Ok(()) }
}

/// The files of all jobs, each as large as the job makes it that makes it largest.
fn planned(plan: &Plan, settings: &RunSettings, from: &Path) -> HashMap<PathBuf, u64> {
    let mut sizes = HashMap::new();
    for member in run::members(&plan.jobs) {
        let job = &plan.jobs[member.job];
        let appends = job.resolved.options.io_size.file_append;
        let Some(files) = run::planned_files(job, &member, settings).filter(|files| files.settings().uses_files) else {
            continue;
        };
        for file in files.files().iter().filter(|file| file.kind() == FileKind::Regular) {
            let Ok(place) = canonical(file.path(), from) else { continue };
            let extent = file.extent();
            let largest = extent.file_bytes;
            sizes
                .entry(place)
                .and_modify(|bytes: &mut u64| {
                    // Each that appends begins where the one before has ended.
                    let appended = if appends { bytes.saturating_add(extent.length_bytes) } else { 0 };
                    *bytes = appended.max(largest).max(*bytes);
                })
                .or_insert(largest);
        }
    }
    sizes
}

/// What is on the disk below the directories, but for these files. Links are not followed.
fn held(directories: &[PathBuf], planned: &HashMap<PathBuf, u64>, from: &Path) -> Result<u64, Refusal> {
    let mut waiting: Vec<PathBuf> = directories.iter().filter_map(|path| canonical(path, from).ok()).collect();
    waiting.sort();
    // One that is in another is found there.
    waiting.dedup_by(|inner, outer| inner.starts_with(outer));
    let (mut bytes, mut entries) = (0_u64, 0);
    while let Some(directory) = waiting.pop() {
        // What may not be listed is not written to either.
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            entries += 1;
            if entries > SPACE_ENTRIES_MAX {
                return Err(Refusal::TooManyFiles);
            }
            let Ok(found) = entry.metadata() else { continue };
            if found.is_dir() {
                waiting.push(entry.path());
            } else if !planned.contains_key(&entry.path()) {
                bytes = bytes.saturating_add(found.blocks().saturating_mul(BLOCK_BYTES));
            }
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use bench::command_line::{self, Outcome};
    use bench::job_file::Host;

    use super::super::SessionLimits;
    use super::*;

    /// A directory of this test.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let root = std::env::temp_dir().canonicalize().unwrap();
            let path = root.join(format!("bench-space-{name}-{}", std::process::id()));
            fs::create_dir_all(path.join("deep")).unwrap();
            Self(path)
        }

        fn check(&self, words: &[&str], limit: u64) -> Result<(), Refusal> {
            let directory = format!("--directory={}", self.0.display());
            let first = ["--ioengine=psync", directory.as_str()];
            let words = first.iter().chain(words);
            let Outcome::Run(invocation) = command_line::parse(words.map(Into::into).collect(), &mut Host).unwrap()
            else {
                panic!("jobs")
            };
            let plan = invocation.plan().unwrap();
            let files = Files::Only { directories: vec![self.0.clone(), self.0.join("deep")], devices: Vec::new() };
            let limits = SessionLimits { space_bytes: Some(limit), ..SessionLimits::default() };
            check(&Permissions { files, limits, ..Permissions::least() }, &plan, &RunSettings::default())
        }

        /// What the jobs are counted as.
        fn bytes(&self, words: &[&str]) -> u64 {
            match self.check(words, 1) {
                Err(Refusal::Space { bytes, .. }) => bytes,
                other => panic!("{words:?}: {other:?}"),
            }
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn files_are_counted_once_and_as_large_as_they_get() {
        let scratch = Scratch::new("planned");
        let size = 1 << 20;
        for (words, expected) in [
            (&["--name=a", "--size=1m"][..], size),
            (&["--name=a", "--size=1m", "--rw=randwrite", "--io_size=100m", "--loops=3"], size),
            (&["--name=a", "--size=1m", "--numjobs=4"], 4 * size),
            (&["--name=a", "--size=1m", "--numjobs=4", "--filename=f"], size),
            (&["--name=a", "--size=1m", "--offset=3m", "--rw=write"], 4 * size),
            (&["--name=a", "--size=1m", "--numjobs=3", "--offset_increment=2m", "--filename=f"], 5 * size),
            (&["--name=a", "--size=4m", "--nrfiles=4"], 4 * size),
            (&["--name=a", "--filesize=2m", "--nrfiles=2", "--rw=write"], 4 * size),
            (&["--name=a", "--size=1m", "--filename=f", "--name=b", "--size=3m", "--filename=f"], 3 * size),
            (&["--name=b", "--size=3m", "--filename=f", "--name=a", "--size=1m", "--filename=f"], 3 * size),
            (&["--name=a", "--size=1m", "--numjobs=3", "--filename=f", "--file_append=1", "--rw=write"], 3 * size),
        ] {
            assert_eq!(scratch.bytes(words), expected, "{words:?}");
        }
        let all = scratch.bytes(&["--name=a", "--fill_device=1", "--rw=write"]);
        assert!(all > 100 * size, "{all}: everything that is free");
        assert_eq!(scratch.check(&["--name=a", "--size=1m"], size), Ok(()));
        assert_eq!(scratch.check(&["--name=n", "--size=1t", "--ioengine=null"], 1), Ok(()), "no file");
    }

    #[test]
    fn what_others_have_left_counts_and_ones_own_does_not_twice() {
        let scratch = Scratch::new("held");
        fs::write(scratch.0.join("left"), vec![1; 1 << 20]).unwrap();
        fs::write(scratch.0.join("deep/left"), vec![1; 1 << 20]).unwrap();
        fs::write(scratch.0.join("own"), vec![1; 1 << 20]).unwrap();
        let job = ["--name=a", "--filename=own", "--size=2m", "--rw=write"];
        match scratch.check(&job, 4 << 20) {
            Ok(()) => {}
            // A file system may keep more than the bytes of a file.
            Err(Refusal::Space { bytes, there, .. }) => {
                assert_eq!(bytes, 2 << 20);
                assert!((2 << 20..3 << 20).contains(&there), "{there}");
            }
            Err(other) => panic!("{other}"),
        }
        let error = scratch.check(&job, 3 << 20).unwrap_err();
        assert!(matches!(error, Refusal::Space { bytes: 0x20_0000, .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("at most 3145728 are allowed") && text.contains("space_bytes_max"), "{text}");
    }
}
