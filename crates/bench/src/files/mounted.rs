//! Whether a block device is in use, so that writing to it would destroy what somebody needs.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What uses the device or a part of it: a mount point, a swap area, a device on top. `None`: nothing does.
pub(super) fn user_of(device: &Path) -> Option<String> {
    let number = device_number(device)?;
    let family = family(&number, Path::new("/sys/dev/block"));
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    if let Some(place) = mounted_at(&mounts, &family) {
        return Some(format!("mounted at {place}"));
    }
    let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default();
    let swap = swaps.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    for area in swap {
        if device_number(Path::new(area)).is_some_and(|number| family.contains(&number)) {
            return Some(format!("swap on {area}"));
        }
    }
    holder(&family, Path::new("/sys/dev/block")).map(|name| format!("part of {name}"))
}

/// `major:minor` of a block device.
fn device_number(path: &Path) -> Option<String> {
    let metadata = fs::metadata(path).ok()?;
    let is_block = metadata.mode() & libc::S_IFMT == libc::S_IFBLK;
    let number = metadata.rdev();
    is_block.then(|| format!("{}:{}", libc::major(number), libc::minor(number)))
}

/// The device and its partitions.
fn family(number: &str, devices: &Path) -> BTreeSet<String> {
    let folder = devices.join(number);
    let parts = fs::read_dir(&folder).into_iter().flatten().flatten().filter_map(|entry| {
        let part = entry.path();
        let is_partition = part.join("partition").exists();
        is_partition.then(|| fs::read_to_string(part.join("dev")).ok()).flatten()
    });
    parts.map(|text| text.trim().to_owned()).chain([number.to_owned()]).collect()
}

/// Where one of the devices is mounted (proc_pid_mountinfo(5): the third field is the device, the fifth the place, the
/// second after ` - ` the source).
fn mounted_at(mounts: &str, family: &BTreeSet<String>) -> Option<String> {
    mounts.lines().find_map(|line| {
        let mut fields = line.split(' ');
        let number = fields.nth(2)?;
        let place = fields.nth(1)?;
        let source = line.split_once(" - ").and_then(|(_, rest)| rest.split(' ').nth(1));
        // Some file systems (btrfs) have numbers of their own, but name their device.
        let by_source =
            || source.filter(|source| source.starts_with('/')).and_then(|path| device_number(path.as_ref()));
        let uses = family.contains(number) || by_source().is_some_and(|number| family.contains(&number));
        uses.then(|| place.to_owned())
    })
}

/// A device that is made of one of these (device mapper, md, bcache).
fn holder(family: &BTreeSet<String>, devices: &Path) -> Option<String> {
    family.iter().find_map(|number| {
        let holders = fs::read_dir(devices.join(number).join("holders")).ok()?;
        holders.flatten().next().map(|entry| entry.file_name().to_string_lossy().into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mounted_device_or_part_is_found() {
        let mounts = "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n\
                      30 22 0:25 / /run rw - tmpfs tmpfs rw\n";
        let family = |numbers: &[&str]| numbers.iter().map(|&number| number.to_owned()).collect();
        assert_eq!(mounted_at(mounts, &family(&["254:1"])), Some("/".to_owned()));
        assert_eq!(mounted_at(mounts, &family(&["254:0", "254:1"])), Some("/".to_owned()));
        assert_eq!(mounted_at(mounts, &family(&["254:0"])), None);
    }

    #[test]
    fn a_disk_has_its_partitions_in_the_family_and_holders_are_found() {
        let devices = std::env::temp_dir().join(format!("bench-mounted-{}", std::process::id()));
        let part = devices.join("8:0/sda1");
        fs::create_dir_all(&part).unwrap();
        fs::write(part.join("partition"), "1\n").unwrap();
        fs::write(part.join("dev"), "8:1\n").unwrap();
        fs::create_dir_all(devices.join("8:0/queue")).unwrap();
        fs::create_dir_all(devices.join("8:1/holders/dm-0")).unwrap();
        let family = family("8:0", &devices);
        assert_eq!(family.iter().map(String::as_str).collect::<Vec<_>>(), ["8:0", "8:1"]);
        assert_eq!(holder(&family, &devices), Some("dm-0".to_owned()));
        fs::remove_dir_all(&devices).unwrap();
    }

    #[test]
    fn what_is_no_block_device_is_used_by_nobody() {
        assert_eq!(user_of(Path::new("/dev/null")), None);
        assert_eq!(user_of(Path::new("/nonexistent")), None);
    }
}
