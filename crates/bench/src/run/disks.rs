//! How busy the disks below the files were (`disk_util`).

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::statistics::{DiskCounters, DiskUtilization};

use super::ended::JobFailure;

/// The disks of a run, by their folder in `/sys`.
#[derive(Debug, Default)]
pub(super) struct Disks(BTreeMap<PathBuf, DiskUtilization>);

impl Disks {
    /// Watches the disk that a file is on, or the device that it is. Files that are on none are passed over.
    pub(super) fn watch(&mut self, path: &Path, now_ms: u64) {
        let Some(folder) = folder_of(path) else {
            return;
        };
        if !self.0.contains_key(&folder)
            && let Some(disk) = first_look(&folder, now_ms)
        {
            self.0.insert(folder, disk);
        }
    }

    /// Looks at all of them.
    pub(super) fn look(&mut self, now_ms: u64) {
        for (folder, disk) in &mut self.0 {
            look_again(folder, disk, now_ms);
        }
    }

    /// What was seen.
    pub(super) fn into_results(self) -> Vec<DiskUtilization> {
        self.0.into_values().collect()
    }
}

/// Sets the scheduler of the disk that a file is on (`ioscheduler`). A file that is on none has nothing to set.
///
/// # Errors
/// [`JobFailure::Option`] for a scheduler that the disk cannot have; otherwise what the kernel says.
pub(super) fn set_scheduler(path: &Path, name: &str) -> Result<(), JobFailure> {
    let Some(folder) = folder_of(path) else {
        return Ok(());
    };
    // Written first: the kernel loads a scheduler that is a module, and lists it only then.
    let setting = folder.join("queue/scheduler");
    fs::write(&setting, name).map_err(|source| {
        let what = format!("ioscheduler={name} for the disk of {}", path.display());
        match fs::read_to_string(setting) {
            Ok(list) if source.kind() == io::ErrorKind::InvalidInput => {
                JobFailure::Option(format!("{what}: it has none of that name; there are {}", schedulers(&list)))
            }
            _ => JobFailure::System { what, source },
        }
    })
}

/// What `/sys` lists, without the brackets of the one in use: `[none] mq-deadline`.
fn schedulers(list: &str) -> String {
    list.split_whitespace().map(|name| name.trim_matches(['[', ']'])).collect::<Vec<_>>().join(", ")
}

fn look_again(folder: &Path, disk: &mut DiskUtilization, now_ms: u64) {
    if let Some(counters) = counters(folder) {
        disk.look(counters, now_ms);
    }
    for member in &mut disk.members {
        let folder = Path::new("/sys/block").join(&member.name);
        look_again(&folder, member, now_ms);
    }
}

fn first_look(folder: &Path, now_ms: u64) -> Option<DiskUtilization> {
    let name = folder.file_name()?.to_string_lossy().into_owned();
    let mut disk = DiskUtilization::new(&name, counters(folder)?, now_ms);
    for member in fs::read_dir(folder.join("slaves")).into_iter().flatten().flatten() {
        let folder = fs::canonicalize(member.path()).ok().and_then(whole_disk);
        disk.members.extend(folder.and_then(|folder| first_look(&folder, now_ms)));
    }
    Some(disk)
}

fn counters(folder: &Path) -> Option<DiskCounters> {
    DiskCounters::parse(&fs::read_to_string(folder.join("stat")).ok()?)
}

/// The folder in `/sys` of the disk that the path is on. A file that is not there yet is where its folder is.
fn folder_of(path: &Path) -> Option<PathBuf> {
    let parent = || path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let metadata = fs::metadata(path).or_else(|_| fs::metadata(parent())).ok()?;
    let is_device = metadata.mode() & libc::S_IFMT == libc::S_IFBLK;
    let device = if is_device { metadata.rdev() } else { metadata.dev() };
    let number = format!("/sys/dev/block/{}:{}", libc::major(device), libc::minor(device));
    whole_disk(fs::canonicalize(number).ok()?)
}

/// The disk of a partition; a disk itself.
fn whole_disk(folder: PathBuf) -> Option<PathBuf> {
    if folder.join("partition").exists() { folder.parent().map(Path::to_owned) } else { Some(folder) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_no_disk_is_passed_over() {
        let mut disks = Disks::default();
        disks.watch(Path::new("/proc/self/status"), 0);
        disks.watch(Path::new("/dev/null"), 0);
        disks.look(10);
        assert!(disks.into_results().is_empty());
    }

    #[test]
    fn a_disk_is_watched_once() {
        let Some(disk) = fs::read_dir("/sys/block").unwrap().flatten().find(|disk| counters(&disk.path()).is_some())
        else {
            return;
        };
        let device = Path::new("/dev").join(disk.file_name());
        let mut disks = Disks::default();
        disks.watch(&device, 0);
        disks.watch(&device, 5);
        disks.look(100);
        let results = disks.into_results();
        assert_eq!((results.len(), results[0].elapsed_ms), (1, 100));
        assert_eq!(results[0].name, disk.file_name().to_string_lossy());
    }
}
