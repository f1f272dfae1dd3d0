//! Which files and devices are used, and how they come to be.

use super::JobOptions;
use super::kind::{ValueError, boolean, choice, custom, number, text, unsupported, word};
use super::limits::{FILES_MAX, TEXT_BYTES_MAX};
use super::number::fraction;
use super::option::{Order, Section, option};

/// How the next file is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum FileService {
    /// Any, each as likely.
    Random,
    /// One after the other, `file_service_count` blocks each.
    #[default]
    RoundRobin,
    /// The next one when this one is done.
    Sequential,
    /// Some more often, by Zipf's law.
    Zipf,
    /// Some more often, by Pareto's law.
    Pareto,
    /// Some more often, by the normal distribution.
    Normal,
}

/// Which jobs may do I/O on a file at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LockFile {
    /// All.
    #[default]
    None,
    /// One.
    Exclusive,
    /// Those that read, or one that writes.
    ReadWrite,
}

/// What `zonesize`, `zonerange` and `zoneskip` mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZoneMode {
    /// Nothing.
    #[default]
    None,
    /// I/O stays in a window of `zonerange` until `zonesize` was done in it; the next one is `zoneskip` behind it.
    Strided,
}

/// Values of the options of this group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TargetFile {
    /// Directories of the files: the jobs of `numjobs` take them in turn.
    pub directory: Vec<String>,
    /// The files. Those of a job come after those of global sections; the first of the directories known by then is before
    /// each.
    pub filename: Vec<String>,
    /// How files are called that `filename` does not name.
    pub filename_format: Option<String>,
    /// Files of remote workers have their address in the name.
    pub unique_filename: bool,
    /// All files in this directory and below are used.
    pub opendir: Option<String>,
    /// Which jobs may do I/O on a file at the same time.
    pub lockfile: LockFile,
    /// How many files there are.
    pub nrfiles: u32,
    /// How many of them are open at a time; 0 is all.
    pub openfiles: u32,
    /// How the next file is chosen.
    pub file_service_type: FileService,
    /// How many blocks go to a file before the next one is chosen (`file_service_type=roundrobin:8`).
    pub file_service_count: u32,
    /// The parameter of a distribution (`file_service_type=zipf:1.2`).
    pub file_service_parameter: f64,
    /// Where in the files the distribution has its centre, 0 to 1 (`zipf:1.2:0.5`); none is where chance puts it.
    pub file_service_center: Option<f64>,
    /// The scheduler of the disk below.
    pub ioscheduler: Option<String>,
    /// Jobs make their files one after the other.
    pub create_serialize: bool,
    /// A file is synced once it is made.
    pub create_fsync: bool,
    /// A file is made when it is opened for I/O.
    pub create_on_open: bool,
    /// Nothing happens but making files.
    pub create_only: bool,
    /// Files that do not exist are made.
    pub allow_file_create: bool,
    /// A mounted device may be written.
    pub allow_mounted_write: bool,
    /// Files are read once before anything is measured.
    pub pre_read: bool,
    /// Files that were made are removed at the end.
    pub unlink: bool,
    /// Files that were made are removed after each loop.
    pub unlink_each_loop: bool,
    /// What the next three mean.
    pub zonemode: ZoneMode,
    /// Bytes of a window; 0 is `zonesize`.
    pub zonerange: u64,
    /// Bytes before the window moves on.
    pub zonesize: u64,
    /// Bytes between two windows.
    pub zoneskip: u64,
}

const ZONES: &str = "zoned devices come later";

pub(super) const SECTION: Section = Section {
    title: "Target file and device",
    options: &[
        option(
            "directory",
            &custom("directories with colons between, \\: for a colon in a name", directory),
            "Directories of the files",
        ),
        option(
            "filename",
            &custom("names with colons between, \\: for a colon in a name", filename),
            "The files or devices, added to those of global sections",
        )
        .order(Order::Late),
        option(
            "filename_format",
            &text(|options| &mut options.target_file.filename_format),
            "How files are called that filename does not name: $jobname, $jobnum, $filenum, $clientuid are replaced",
        )
        .default("$jobname.$jobnum.$filenum")
        .order(Order::Late),
        option(
            "unique_filename",
            &boolean(|options| &mut options.target_file.unique_filename, false),
            "Put the address of a remote worker into the names of its files",
        )
        .default("1"),
        option(
            "opendir",
            &text(|options| &mut options.target_file.opendir),
            "Use all files in this directory and below",
        ),
        option(
            "lockfile",
            &choice(
                |options| &mut options.target_file.lockfile,
                &[
                    word("none", LockFile::None, "jobs do not wait for each other"),
                    word("exclusive", LockFile::Exclusive, "one I/O of all jobs on a file at a time"),
                    word("readwrite", LockFile::ReadWrite, "several reads, or one write"),
                ],
            ),
            "Lock a file while an engine is given an I/O on it",
        )
        .default("none")
        .below("filename")
        .order(Order::Early),
        option("nrfiles", &number(|options| &mut options.target_file.nrfiles), "Spread the work over this many files")
            .aliases(&["nr_files"])
            .default("1"),
        option("openfiles", &number(|options| &mut options.target_file.openfiles), "Files open at a time; 0 is all"),
        option(
            "file_service_type",
            &choice(
                |options| &mut options.target_file.file_service_type,
                &[
                    word("random", FileService::Random, "any, each as likely; :N keeps it for N blocks"),
                    word("roundrobin", FileService::RoundRobin, "one after the other; :N keeps it for N blocks"),
                    word("sequential", FileService::Sequential, "the next when this one is done"),
                    word("zipf", FileService::Zipf, "by Zipf's law, :THETA[:CENTER]"),
                    word("pareto", FileService::Pareto, "by Pareto's law, :POWER[:CENTER]"),
                    word("normal", FileService::Normal, "by the normal distribution, :DEVIATION[:CENTER]"),
                    word("gauss", FileService::Normal, "the same as normal"),
                ],
            )
            .postfix(file_service),
            "How the next file is chosen",
        )
        .default("roundrobin")
        .below("nrfiles"),
        option(
            "ioscheduler",
            &text(|options| &mut options.target_file.ioscheduler),
            "Set the scheduler of the disk that the files are on",
        ),
        option(
            "create_serialize",
            &boolean(|options| &mut options.target_file.create_serialize, false),
            "Make the files of one job after those of another",
        )
        .default("1"),
        option(
            "create_fsync",
            &boolean(|options| &mut options.target_file.create_fsync, false),
            "Sync a file once it is made",
        )
        .default("1"),
        option(
            "create_on_open",
            &boolean(|options| &mut options.target_file.create_on_open, false),
            "Make a file only when it is opened for I/O",
        )
        .default("0"),
        option(
            "create_only",
            &boolean(|options| &mut options.target_file.create_only, false),
            "Make the files, then end",
        )
        .default("0"),
        option(
            "allow_file_create",
            &boolean(|options| &mut options.target_file.allow_file_create, false),
            "Make files that do not exist",
        )
        .default("1"),
        option(
            "allow_mounted_write",
            &boolean(|options| &mut options.target_file.allow_mounted_write, false),
            "Write to a device even if it is mounted",
        )
        .default("0"),
        option(
            "pre_read",
            &boolean(|options| &mut options.target_file.pre_read, false),
            "Read the files once before the start",
        )
        .default("0"),
        option(
            "unlink",
            &boolean(|options| &mut options.target_file.unlink, false),
            "Remove the files that were made, at the end",
        )
        .default("0"),
        option(
            "unlink_each_loop",
            &boolean(|options| &mut options.target_file.unlink_each_loop, false),
            "Remove the files that were made, after each loop",
        )
        .default("0"),
        option("zonemode", &custom("none or strided", zone_mode), "How zonesize, zonerange and zoneskip are meant")
            .default("none"),
        option(
            "zonesize",
            &number(|options| &mut options.target_file.zonesize),
            "Move on to the next window after so much I/O",
        )
        .default("0"),
        option(
            "zonerange",
            &number(|options| &mut options.target_file.zonerange),
            "How large a window is, if not zonesize",
        )
        .default("0"),
        option("zonecapacity", &unsupported(ZONES), "How much of a zone can be used"),
        option(
            "zoneskip",
            &number(|options| &mut options.target_file.zoneskip),
            "How far behind a window the next one is",
        )
        .default("0"),
        option("read_beyond_wp", &unsupported(ZONES), "Read behind the write pointer of a zone"),
        option("max_open_zones", &unsupported(ZONES), "Most zones open at a time"),
        option("job_max_open_zones", &unsupported(ZONES), "Most zones that one job has open at a time"),
        option("ignore_zone_limits", &unsupported(ZONES), "Do not ask the device how many zones can be open"),
        option("zone_reset_threshold", &unsupported(ZONES), "How full a device is before zones are reset"),
        option("zone_reset_frequency", &unsupported(ZONES), "How often zones are reset"),
        option("recover_zbd_write_error", &unsupported(ZONES), "Go on after a write to a zone failed"),
        option("write_zone_remainders", &unsupported(ZONES), "Write what is left of a zone"),
        option("filetype", &unsupported("the file-operation engines come later"), "What file-operation engines make"),
    ],
};

fn zone_mode(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    options.target_file.zonemode = match text {
        "none" => ZoneMode::None,
        "strided" => ZoneMode::Strided,
        "zbd" => return Err(ValueError::Unsupported(ZONES)),
        _ => return Err(ValueError::malformed(text, "none or strided")),
    };
    Ok(())
}

fn directory(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    options.target_file.directory = names(text)?;
    Ok(())
}

/// Names count as they are read: `nrfiles` is their number, unless it is set afterwards.
fn filename(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    let group = &mut options.target_file;
    if group.filename.is_empty() {
        group.nrfiles = 0;
    }
    let names = if is_nvme_tcp_target(text) { vec![text.to_owned()] } else { names(text)? };
    for name in names {
        if group.filename.len() == FILES_MAX {
            return Err(ValueError::TooMany { limit: FILES_MAX, what: "files" });
        }
        group.filename.push(match group.directory.first() {
            Some(directory) => format!("{directory}/{name}"),
            None => name,
        });
        group.nrfiles += 1;
    }
    Ok(())
}

/// Whether the text is the address of one NVMe/TCP namespace, whose colons all belong to it: `tcp:ADDRESS:PORT/NQN/NAMESPACE`. No
/// list of files looks like that.
fn is_nvme_tcp_target(text: &str) -> bool {
    text.starts_with("tcp:") && text.contains("/nqn.") && !text.contains('\\') && text.len() <= TEXT_BYTES_MAX
}

/// Names with colons between; a colon after a backslash belongs to the name.
fn names(text: &str) -> Result<Vec<String>, ValueError> {
    let mut names = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_escaped = letter == '\\' && letters.peek() == Some(&':');
        match (letter, names.last_mut()) {
            (':', Some(name)) if !name.is_empty() => names.push(String::new()),
            // A colon where a name starts separates nothing.
            (':', _) => {}
            (_, Some(name)) => name.push(if is_escaped { letters.next().unwrap_or(letter) } else { letter }),
            (_, None) => {}
        }
    }
    names.retain(|name| !name.is_empty());
    if names.iter().any(|name| name.len() > TEXT_BYTES_MAX) {
        return Err(ValueError::TooLong { limit: TEXT_BYTES_MAX });
    }
    if names.is_empty() { Err(ValueError::malformed(text, "a name")) } else { Ok(names) }
}

fn file_service(options: &mut JobOptions, postfix: Option<&str>) -> Result<(), ValueError> {
    let group = &mut options.target_file;
    group.file_service_count = 1;
    group.file_service_center = None;
    let kind = group.file_service_type;
    if matches!(kind, FileService::Random | FileService::RoundRobin | FileService::Sequential) {
        if let Some(text) = postfix {
            let count = text.trim().parse().map_err(|_| ValueError::malformed(text, "a number of blocks"))?;
            group.file_service_count = count;
        }
        return Ok(());
    }
    let law = match kind {
        FileService::Zipf => Law::Zipf,
        FileService::Pareto => Law::Pareto,
        _ => Law::Normal,
    };
    (group.file_service_parameter, group.file_service_center) = law.parameters(postfix)?;
    Ok(())
}

/// A distribution with a parameter and a centre: of offsets or of files.
#[derive(Debug, Clone, Copy)]
pub(super) enum Law {
    Zipf,
    Pareto,
    Normal,
}

impl Law {
    /// Reads `PARAMETER[:CENTER]`.
    pub(super) fn parameters(self, postfix: Option<&str>) -> Result<(f64, Option<f64>), ValueError> {
        let default = match self {
            Self::Zipf => 1.1,
            Self::Pareto => 0.2,
            Self::Normal => 0.0,
        };
        let Some(text) = postfix else { return Ok((default, None)) };
        let (parameter, center) = match text.split_once(':') {
            Some((parameter, center)) => (parameter, Some(center)),
            None => (text, None),
        };
        let read = |text: &str| fraction(text.trim()).ok_or_else(|| ValueError::malformed(text, "a number"));
        let parameter = read(parameter)?;
        let center = center.map(read).transpose()?;
        if center.is_some_and(|center| !(0.0..=1.0).contains(&center)) {
            return Err(ValueError::Rule("the centre of a distribution is from 0 to 1"));
        }
        match self {
            Self::Zipf if (parameter - 1.0).abs() < f64::EPSILON => Err(ValueError::Rule("the theta of zipf is not 1")),
            Self::Pareto if parameter <= 0.0 || parameter >= 1.0 => {
                Err(ValueError::Rule("the power of pareto is above 0 and below 1"))
            }
            Self::Normal if !(0.0..100.0).contains(&parameter) => {
                Err(ValueError::Rule("the deviation of normal is from 0 to below 100"))
            }
            _ => Ok((parameter, center)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::find;

    fn set(options: &mut JobOptions, name: &str, value: &str) {
        options.set(find(name).unwrap(), Some(value)).unwrap();
    }

    #[test]
    fn colons_separate_names_unless_a_backslash_is_before_them() {
        for (text, expected) in [
            ("a:b", &["a", "b"][..]),
            ("a\\:b:c", &["a:b", "c"]),
            ("::a::b:", &["a", "b"]),
            ("\\a", &["\\a"]),
            ("a\\", &["a\\"]),
        ] {
            assert_eq!(names(text).unwrap(), expected, "{text}");
        }
        assert!(names(":").is_err());
    }

    #[test]
    fn the_colons_of_an_nvme_tcp_target_are_its_own() {
        let read = |text: &str| {
            let mut options = JobOptions::default();
            filename(&mut options, text).unwrap();
            options.target_file.filename
        };
        let target = "tcp:127.0.0.1:4420/nqn.2026-11.io.tidegate:demo/1";
        assert_eq!(read(target), [target]);
        assert_eq!(read(&target.replace(':', "\\:")), [target]);
        assert_eq!(read("tcp:udp"), ["tcp", "udp"], "a list of files");
    }

    #[test]
    fn names_add_up_and_count_as_files() {
        // fio 3.33 --debug=file says `add file` for each of these.
        let mut options = JobOptions::default();
        set(&mut options, "filename", "/dev/a");
        assert_eq!(options.target_file.nrfiles, 1);
        set(&mut options, "directory", "/x:/y");
        set(&mut options, "nrfiles", "4");
        set(&mut options, "filename", "b:c");
        assert_eq!(options.target_file.filename, ["/dev/a", "/x/b", "/x/c"]);
        assert_eq!(options.target_file.directory, ["/x", "/y"]);
        assert_eq!(options.target_file.nrfiles, 6, "resolving limits it to the files that there are");
    }

    #[test]
    fn distributions_have_their_parameters() {
        let mut options = JobOptions::default();
        set(&mut options, "file_service_type", "zipf:1.5:0.25");
        let group = &options.target_file;
        assert_eq!((group.file_service_type, group.file_service_parameter), (FileService::Zipf, 1.5));
        assert_eq!(group.file_service_center, Some(0.25));
        set(&mut options, "file_service_type", "roundrobin:8");
        assert_eq!((options.target_file.file_service_count, options.target_file.file_service_center), (8, None));
        for text in ["zipf:1", "pareto:1", "pareto:0", "normal:100", "zipf:2:1.5", "random:x"] {
            assert!(options.set(find("file_service_type").unwrap(), Some(text)).is_err(), "{text}");
        }
    }
}
