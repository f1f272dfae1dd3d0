//! Files and disks: the conformance suite, opening, and what happens when the system fails.
#![expect(unsafe_code, reason = "one test replaces a descriptor under a device")]

use std::collections::HashMap;
use std::error::Error;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::conformance::{Retention, Rig, backends, check, skipped};
use crate::{BlockRange, open};

/// A file that goes when the test ends.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn in_directory(directory: &Path, size_bytes: u64) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("block-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = directory.join(name);
        File::create_new(&path).unwrap().set_len(size_bytes).unwrap();
        Self(path)
    }

    fn new(size_bytes: u64) -> Self {
        Self::in_directory(&std::env::temp_dir(), size_bytes)
    }

    fn with(&self, options: &str) -> String {
        format!("{}{options}", self.0.display())
    }

    fn open(&self, options: &str) -> Arc<dyn BlockDevice> {
        open(&self.with(options), 0).unwrap()
    }

    fn problem(&self, options: &str) -> String {
        problem(&self.with(options))
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

const MEBIBYTE: u64 = 1 << 20;

#[test]
fn conforms_on_the_temporary_directory() {
    let file = TemporaryFile::new(4 * MEBIBYTE);
    check(&|options| file.open(options), Retention::Keeps, &backends());
}

#[test]
fn conforms_on_a_file_system_that_cannot_zero_ranges() {
    // tmpfs knows no FALLOC_FL_ZERO_RANGE.
    let directory = Path::new("/dev/shm");
    if !directory.is_dir() {
        return skipped("there is no /dev/shm");
    }
    let file = TemporaryFile::in_directory(directory, 4 * MEBIBYTE);
    check(&|options| file.open(options), Retention::Keeps, &backends());
}

#[test]
fn conforms_past_the_page_cache() {
    let file = TemporaryFile::new(4 * MEBIBYTE);
    match open(&file.with(",direct,block_size=4096"), 0) {
        Ok(device) => drop(device),
        Err(error) => return skipped(&format!("no direct I/O: {}", error.source().unwrap())),
    }
    let with_direct = |options: &str| {
        let block_size = if options.contains("block_size") { "" } else { ",block_size=4096" };
        file.open(&format!(",direct{block_size}{options}"))
    };
    check(&with_direct, Retention::Keeps, &backends());
}

/// Held while a program is started. Between fork and exec it has all descriptors of this process, and a disk that one of
/// them claims stays claimed for that moment.
static STARTING_PROGRAMS: Mutex<()> = Mutex::new(());

fn run_program(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

/// A loop device over a file, if this is root on a machine that has them.
struct LoopDisk {
    device: String,
    _file: TemporaryFile,
}

impl LoopDisk {
    fn new(size_bytes: u64) -> Option<Self> {
        let file = TemporaryFile::new(size_bytes);
        let device = run_program(Command::new("losetup").args(["--find", "--show"]).arg(&file.0))?;
        Some(Self { device, _file: file })
    }
}

impl Drop for LoopDisk {
    fn drop(&mut self) {
        let _ = run_program(Command::new("losetup").arg("--detach").arg(&self.device));
    }
}

#[test]
fn conforms_on_a_disk() {
    let _nobody_else_starts_programs = STARTING_PROGRAMS.lock().unwrap();
    let Some(disk) = LoopDisk::new(4 * MEBIBYTE) else {
        return skipped("no loop device (needs root, losetup and the kernel's loop driver)");
    };
    check(&|options| open(&format!("{}{options}", disk.device), 0).unwrap(), Retention::Keeps, &backends());
    let first = open(&disk.device, 0).unwrap();
    assert!(first.description().starts_with("disk /dev/loop"));
    let problem = problem(&disk.device);
    assert!(problem.ends_with("is in use: it is mounted, or another program has claimed it"), "{problem}");
}

/// Why a path with options cannot be opened as a file, found at once: nobody is about to let go of it.
fn problem(specification: &str) -> String {
    open_once(&Specification::parse(&KIND, specification, 0).unwrap()).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let odd = TemporaryFile::new(1000);
    assert_eq!(
        odd.problem(""),
        "its size of 1000 bytes is not a multiple of the block size of 512; the next multiple is 1024"
    );
    assert_eq!(TemporaryFile::new(0).problem(""), "its size is 0; expected at least one block");
    assert!(TemporaryFile::new(512).problem(",block_size=4096").contains("not a multiple of the block size of 4096"));
    for path in ["/dev/null", "/tmp"] {
        let problem = open(path, 0).unwrap_err().source().unwrap().to_string();
        assert_eq!(problem, format!("{path} is neither a regular file nor a block device"));
    }
    let missing = open("file:/nonexistent/disk.img", 0).unwrap_err().source().unwrap().to_string();
    assert!(missing.starts_with("/nonexistent/disk.img does not exist; create it first"), "{missing}");
    // The kernel refuses it to root as well: a running program is not written.
    let busy = std::env::current_exe().unwrap();
    let problem = open(&format!("file:{}", busy.display()), 0).unwrap_err();
    assert!(problem.source().unwrap().to_string().ends_with("for writing; read_only would only read it"), "{problem}");
}

#[test]
fn a_comma_in_a_path_is_doubled() {
    let directory = std::env::temp_dir().join(format!("block,test-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    let file = TemporaryFile::in_directory(&directory, 512);
    let opened = open(&file.with(",read_only").replacen("block,", "block,,", 1), 0);
    let one_comma = open(&file.with(""), 0).unwrap_err().source().unwrap().to_string();
    drop(file);
    std::fs::remove_dir(&directory).unwrap();
    assert!(opened.unwrap().read_only());
    assert!(one_comma.contains("(a comma in a path is written ,,)"), "{one_comma}");
}

#[test]
fn a_file_has_one_writer_or_any_number_of_readers() {
    let file = TemporaryFile::new(512);
    let writer = file.open("");
    for options in ["", ",read_only"] {
        assert!(file.problem(options).contains("is in use: another device"), "{}", file.problem(options));
    }
    drop(writer);
    let readers = [file.open(",read_only"), file.open(",read_only")];
    assert!(file.problem("").contains("is in use"));
    drop(readers);
    // A queue that has used the file keeps it open for a while; the lock ends with the device all the same.
    for backend in backends() {
        let mut rig = Rig::new(file.open(""), backend);
        rig.write(0, &[1; 512]).unwrap();
        rig.device = open("null:1M", 0).unwrap();
        rig.device = file.open("");
        assert_eq!(rig.read(0, 1).unwrap(), [1; 512]);
    }
}

#[test]
fn a_queue_lets_go_of_files_whose_devices_are_gone() {
    let file = TemporaryFile::new(512);
    let is_the_file = |entry: io::Result<std::fs::DirEntry>| {
        std::fs::read_link(entry.unwrap().path()).is_ok_and(|target| target == file.0)
    };
    for backend in backends() {
        let mut rig = Rig::new(open("null:1M", 0).unwrap(), backend);
        for byte in 0..20 {
            rig.device = open("null:1M", 0).unwrap();
            rig.device = file.open("");
            rig.write(0, &[byte; 512]).unwrap();
            assert_eq!(rig.read(0, 1).unwrap(), [byte; 512]);
            let descriptors =
                std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| is_the_file(entry).then_some(()));
            assert_eq!(descriptors.count(), 2, "data and sync of the one device that there is");
        }
    }
}

#[test]
fn what_was_cut_off_is_an_error_not_zeros() {
    for backend in backends() {
        let file = TemporaryFile::new(MEBIBYTE);
        let mut rig = Rig::new(file.open(""), backend);
        rig.write(0, &[7; 8192]).unwrap();
        let handle = OpenOptions::new().write(true).open(&file.0).unwrap();
        handle.set_len(4096 + 100).unwrap();
        assert_eq!(rig.read(0, 8).unwrap(), [7; 4096]);
        for (first_block, block_count) in [(8, 1), (0, 16), (100, 8)] {
            assert_eq!(rig.read(first_block, block_count), Err(BlockError::Truncated), "{first_block}");
        }
        handle.set_len(MEBIBYTE).unwrap();
        assert_eq!(rig.read(9, 1).unwrap(), [0; 512]);
    }
}

#[test]
fn a_read_that_comes_in_pieces_is_put_together() {
    // The kernel gives this file out in pieces of at most a page, whatever is asked for.
    let path = "/proc/kallsyms";
    let Some(expected) = std::fs::read(path).ok().filter(|content| content.len() > 128 * 1024) else {
        return skipped("no /proc/kallsyms");
    };
    for backend in backends() {
        let mut rig = Rig::new(device_over(File::open(path).unwrap(), File::open(path).unwrap()), backend);
        assert!(rig.read(3, 128).unwrap() == expected[3 * 512..131 * 512]);
    }
}

/// A device over descriptors that the test chose.
fn device_over(data: File, sync: File) -> Arc<FileDevice> {
    Arc::new(FileDevice {
        geometry: Geometry { block_size_bytes: 512, block_count: 2048 },
        identity: Identity::new(KIND.name, b"test"),
        read_only: false,
        is_disk: true,
        file: Arc::new(OpenFile::new(PathBuf::from("/test"), data, false, sync).unwrap()),
    })
}

#[test]
fn a_full_device_is_said_and_survived() {
    for backend in backends() {
        let full = || OpenOptions::new().read(true).write(true).open("/dev/full").unwrap();
        let mut rig = Rig::new(device_over(full(), full()), backend);
        assert_eq!(rig.write(0, &[1; 4096]), Err(BlockError::NoSpace(Errno::NOSPC)));
        assert_eq!(rig.read(0, 8).unwrap(), [0; 4096]);
        let mut outcomes = HashMap::new();
        for first_block in 0..100 {
            let range = BlockRange { first_block, block_count: 1 };
            rig.submit(Operation::Write { range, force_unit_access: false }, &[1; 512], &mut outcomes);
        }
        rig.finish(&mut outcomes);
        assert!(
            outcomes.len() == 100
                && outcomes.values().all(|outcome| *outcome == Err(BlockError::NoSpace(Errno::NOSPC)))
        );
    }
}

/// A tmpfs of 64 KiB, if this is root.
struct SmallFileSystem(PathBuf);

impl SmallFileSystem {
    fn new() -> Option<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("block-test-mount-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        let _one_at_a_time = STARTING_PROGRAMS.lock().unwrap();
        if run_program(Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "none"]).arg(&path)).is_some() {
            return Some(Self(path));
        }
        std::fs::remove_dir(&path).unwrap();
        None
    }
}

impl Drop for SmallFileSystem {
    fn drop(&mut self) {
        let _one_at_a_time = STARTING_PROGRAMS.lock();
        let _ = run_program(Command::new("umount").arg("--lazy").arg(&self.0));
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[test]
fn a_full_file_system_takes_writes_again_when_there_is_room() {
    for backend in backends() {
        let Some(file_system) = SmallFileSystem::new() else {
            return skipped("no small file system (needs root and tmpfs)");
        };
        let file = TemporaryFile::in_directory(&file_system.0, MEBIBYTE);
        let mut rig = Rig::new(file.open(""), backend);
        rig.write(0, &[1; 4096]).unwrap();
        assert_eq!(rig.write(8, &[2; 256 * 1024]), Err(BlockError::NoSpace(Errno::NOSPC)));
        assert_eq!(rig.read(0, 8).unwrap(), [1; 4096], "what was there before is there still");
        let all = BlockRange { first_block: 8, block_count: 2040 };
        rig.run(Operation::Deallocate(all), &[]).unwrap();
        rig.write(16, &[3; 32 * 1024]).unwrap();
        assert_eq!(rig.read(16, 64).unwrap(), [3; 32 * 1024]);
        rig.run(Operation::Flush, &[]).unwrap();
    }
}

#[test]
fn after_a_failed_flush_no_flush_succeeds_until_the_file_is_opened_anew() {
    for backend in backends() {
        let file = TemporaryFile::new(MEBIBYTE);
        let open_file = || OpenOptions::new().read(true).write(true).open(&file.0).unwrap();
        // The sync of a pipe fails.
        let (pipe, _other_end) = rustix::pipe::pipe().unwrap();
        let device = device_over(open_file(), pipe.into());
        let mut rig = Rig::new(Arc::clone(&device) as Arc<dyn BlockDevice>, backend);
        rig.write(0, &[1; 512]).unwrap();
        let mut outcomes = HashMap::new();
        for _ in 0..10 {
            rig.submit(Operation::Flush, &[], &mut outcomes);
        }
        rig.finish(&mut outcomes);
        let lost = Err(BlockError::WritesLost(Errno::INVAL));
        assert!(outcomes.len() == 10 && outcomes.values().all(|outcome| *outcome == lost), "{outcomes:?}");

        // From here on syncs succeed, as they do after the kernel has told of a loss.
        // SAFETY: both descriptors are open; the one that is replaced belongs to the device, which does not care.
        assert!(unsafe { libc::dup2(open_file().as_raw_fd(), device.file.sync.as_raw_fd()) } >= 0);
        assert_eq!(rig.run(Operation::Flush, &[]), lost);
        let mut other_queue = Rig::new(Arc::clone(&device) as Arc<dyn BlockDevice>, backend);
        assert_eq!(other_queue.run(Operation::Flush, &[]), lost);
        let range = BlockRange { first_block: 4, block_count: 4 };
        let zeroes = Operation::WriteZeroes { range, deallocate: true, force_unit_access: true };
        assert_eq!(rig.run(zeroes, &[]), lost, "its durability hangs on a flush");

        // A forced write answers for its own data alone, and everything else works.
        rig.run(Operation::Write { range, force_unit_access: true }, &[2; 2048]).unwrap();
        assert_eq!(rig.read(4, 4).unwrap(), [2; 2048]);
        drop((rig, other_queue, device));
        Rig::new(file.open(""), backend).run(Operation::Flush, &[]).unwrap();
    }
}
