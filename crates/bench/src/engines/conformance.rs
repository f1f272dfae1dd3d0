//! What every engine with data has to do: the suite, and the engines that run it.
#![expect(unsafe_code, reason = "tests vouch for the buffers and files of their I/Os")]

use std::fs::File;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use nvme_target::{Limits, NamespaceSettings, Placement, Service, ServiceOptions, SocketOptions, TargetSettings};
use reactor::IdlePolicy;
use reactor::clock::{self, Duration};
use rustix::io::Errno;

use super::memory::{IoMemory, MemorySettings};
use super::{
    Completion, Description, Engine, EngineOptions, Io, IoUringOptions, LibaioOptions, OpenedFile, Operation, Outcome,
    Place, Pvsync2Options, Queued, Setup, TABLE, Visitor, Wanted, start,
};

const BLOCK_BYTES: u32 = 4096;
const BLOCKS: u32 = 96;
const LENGTH_BYTES_MAX: u32 = 16 * BLOCK_BYTES;

/// A folder of a test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("bench-engines-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A file of `BLOCKS` blocks of zeros.
    fn file(&self, name: &str) -> Medium {
        let path = self.0.join(name);
        std::fs::write(&path, vec![0; (BLOCKS * BLOCK_BYTES) as usize]).unwrap();
        Medium::open(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What I/O goes to.
struct Medium {
    path: PathBuf,
    file: Option<File>,
}

impl Medium {
    fn open(path: PathBuf) -> Self {
        let file = File::options().read(true).write(true).open(&path).unwrap();
        Self { path, file: Some(file) }
    }

    fn descriptor(&self) -> i32 {
        self.file.as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }
}

/// An engine with one file and its buffers.
struct Rig<E> {
    // Ends before its buffers.
    engine: E,
    memory: IoMemory,
    medium: Medium,
    depth: u32,
}

/// One I/O of a test.
#[derive(Debug, Clone, Copy)]
struct Step {
    operation: Operation,
    block: u32,
    length_bytes: u32,
    /// What a write puts everywhere.
    fill: u8,
}

impl Step {
    fn new(operation: Operation, block: u32, fill: u8) -> Self {
        Self { operation, block, length_bytes: BLOCK_BYTES, fill }
    }
}

impl<E: Engine> Rig<E> {
    fn new(medium: Medium, depth: u32, options: &EngineOptions) -> Self {
        let memory = IoMemory::new(&MemorySettings::default(), depth, LENGTH_BYTES_MAX).unwrap();
        let setup = Setup {
            depth,
            file_count: 1,
            length_bytes_max: LENGTH_BYTES_MAX,
            memory: &memory,
            reads: true,
            writes: true,
            direct: false,
            advised_random: Some(true),
            job_name: "job",
            runtime_seconds: 0,
            options,
        };
        let mut engine = E::new(&setup).unwrap();
        let opened = OpenedFile {
            index: 0,
            descriptor: medium.descriptor(),
            path: &medium.path,
            offset: 0,
            length_bytes: u64::from(BLOCKS * BLOCK_BYTES),
        };
        engine.open_file(&opened).unwrap();
        Self { engine, memory, medium, depth }
    }

    fn buffer(&mut self, slot: u32) -> std::ptr::NonNull<u8> {
        self.engine.own_buffer(slot).unwrap_or_else(|| self.memory.buffer(slot))
    }

    /// The buffer's content; nothing is under way in the slot.
    fn content(&mut self, slot: u32, length_bytes: u32) -> &[u8] {
        let buffer = self.buffer(slot);
        // SAFETY: the buffer is valid for the longest I/O, and nothing is under way.
        unsafe { std::slice::from_raw_parts(buffer.as_ptr(), length_bytes as usize) }
    }

    fn queue(&mut self, slot: u32, step: Step) -> Queued {
        let buffer = self.buffer(slot);
        let fill = if step.operation == Operation::Write { step.fill } else { 0xee };
        // SAFETY: the buffer is valid for the longest I/O, and nothing is under way in it.
        unsafe { buffer.write_bytes(fill, step.length_bytes as usize) };
        let place = Place {
            file: 0,
            descriptor: self.medium.descriptor(),
            offset: u64::from(step.block) * u64::from(BLOCK_BYTES),
            length_bytes: step.length_bytes,
        };
        // SAFETY: buffers and file live as long as the rig, and each test waits for its I/Os.
        let mut io = unsafe { Io::new(step.operation, place, buffer) };
        self.engine.queue(slot, &mut io)
    }

    /// Waits once more where a signal, as of somebody who stops the program and lets it go on, has cut the wait short.
    fn reap(&mut self, at_least: u32, at_most: u32) -> Vec<Completion> {
        const SIGNALS_MAX: usize = 10;
        let mut found = Vec::new();
        for _ in 0..SIGNALS_MAX {
            let taken = u32::try_from(found.len()).unwrap();
            let wanted = Wanted { at_least: at_least - taken, at_most: at_most - taken, timeout: None };
            self.engine.reap(wanted, &mut found).unwrap();
            if found.len() >= at_least as usize {
                break;
            }
        }
        found
    }

    /// Carries out all steps, as many at a time as there are slots. `check` sees each outcome with its buffer.
    fn run(&mut self, steps: &[Step], mut check: impl FnMut(Step, Outcome, &[u8])) {
        let mut free: Vec<u32> = (0..self.depth).rev().collect();
        let mut busy: Vec<Option<Step>> = vec![None; self.depth as usize];
        let mut waiting = steps.iter().copied().peekable();
        let mut done = 0;
        while done < steps.len() {
            let mut over = Vec::new();
            while let (Some(&slot), Some(&step)) = (free.last(), waiting.peek()) {
                match self.queue(slot, step) {
                    Queued::Busy => break,
                    Queued::Accepted => {}
                    Queued::Done(outcome) => over.push(Completion { slot, outcome }),
                }
                free.pop();
                waiting.next();
                busy[slot as usize] = Some(step);
            }
            self.engine.commit().unwrap();
            if over.is_empty() {
                over = self.reap(1, self.depth);
                assert!(!over.is_empty(), "a reap that waits brings something");
            }
            for completion in over {
                let step = busy[completion.slot as usize].take().expect("a slot is completed once");
                check(step, completion.outcome, self.content(completion.slot, step.length_bytes));
                free.push(completion.slot);
                done += 1;
            }
        }
        assert!(busy.iter().all(Option::is_none));
    }

    /// One step, alone.
    fn one(&mut self, step: Step) -> Outcome {
        let mut result = None;
        self.run(&[step], |_, outcome, _| result = Some(outcome));
        result.unwrap()
    }

    fn expect_content(&mut self, block: u32, expected: u8) {
        self.run(&[Step::new(Operation::Read, block, 0)], |_, outcome, bytes| {
            assert_eq!(outcome, Outcome::moved(BLOCK_BYTES as usize));
            assert!(bytes.iter().all(|&byte| byte == expected), "block {block} is {expected:#x}, not {:#x}", bytes[0]);
        });
    }
}

fn fill_of(block: u32, round: u32) -> u8 {
    let [low, ..] = (block * 7 + round * 31 + 1).to_le_bytes();
    low
}

/// A fixed order that is none.
fn shuffled(count: u32, round: u32) -> Vec<u32> {
    // 37 has no divisor in common with a number of blocks of 96.
    (0..count).map(|index| (index * 37 + round) % count).collect()
}

/// What is written is read, in any order, at any depth.
fn keeps_what_is_written<E: Engine>(rig: &mut Rig<E>) {
    let round = rig.depth;
    for order in [(0..BLOCKS).collect(), shuffled(BLOCKS, round)] {
        let writes: Vec<_> =
            order.iter().map(|&block| Step::new(Operation::Write, block, fill_of(block, round))).collect();
        rig.run(&writes, |step, outcome, _| assert_eq!(outcome, Outcome::moved(BLOCK_BYTES as usize), "{step:?}"));
        let reads: Vec<_> = order.iter().map(|&block| Step::new(Operation::Read, block, 0)).collect();
        rig.run(&reads, |step, outcome, bytes| {
            assert_eq!(outcome, Outcome::moved(BLOCK_BYTES as usize), "{step:?}");
            assert!(bytes.iter().all(|&byte| byte == fill_of(step.block, round)), "{step:?}");
        });
    }
    let long = Step { length_bytes: LENGTH_BYTES_MAX, ..Step::new(Operation::Write, 3, 0x5a) };
    assert_eq!(rig.one(long), Outcome::moved(LENGTH_BYTES_MAX as usize));
    rig.expect_content(2, fill_of(2, round));
    rig.expect_content(3, 0x5a);
    rig.expect_content(18, 0x5a);
    rig.expect_content(19, fill_of(19, round));
}

/// Reads and writes of different blocks together.
fn mixes<E: Engine>(rig: &mut Rig<E>) {
    let fill: Vec<_> = (0..BLOCKS).map(|block| Step::new(Operation::Write, block, fill_of(block, 0))).collect();
    rig.run(&fill, |_, _, _| {});
    for round in 1..4 {
        let steps: Vec<_> = shuffled(BLOCKS, round)
            .into_iter()
            .map(|block| match block % 2 {
                0 => Step::new(Operation::Write, block, fill_of(block, round)),
                _ => Step::new(Operation::Read, block, 0),
            })
            .collect();
        rig.run(&steps, |step, outcome, bytes| {
            assert_eq!(outcome, Outcome::moved(BLOCK_BYTES as usize), "{step:?}");
            let expected = if step.operation == Operation::Read { fill_of(step.block, 0) } else { step.fill };
            assert!(bytes.iter().all(|&byte| byte == expected), "{step:?} in round {round}");
        });
    }
}

/// Operations without data succeed between others.
fn synchronises<E: Engine>(rig: &mut Rig<E>) {
    let flags = libc::SYNC_FILE_RANGE_WRITE | libc::SYNC_FILE_RANGE_WAIT_AFTER;
    for operation in [Operation::Sync, Operation::DataSync, Operation::SyncRange(flags)] {
        let steps = [Step::new(Operation::Write, 1, 9), Step::new(operation, 1, 0), Step::new(Operation::Write, 2, 9)];
        rig.run(&steps, |step, outcome, _| assert_eq!(outcome.error(), None, "{step:?}"));
    }
    rig.expect_content(1, 9);
}

/// A trimmed range reads as zeros, its neighbours as before.
fn trims<E: Engine>(rig: &mut Rig<E>) {
    if !E::DESCRIPTION.traits.trims {
        return;
    }
    for block in 4..8 {
        assert_eq!(rig.one(Step::new(Operation::Write, block, 0x77)).error(), None);
    }
    let trim = Step { length_bytes: 2 * BLOCK_BYTES, ..Step::new(Operation::Trim, 5, 0) };
    assert_eq!(rig.one(trim), Outcome::moved(2 * BLOCK_BYTES as usize));
    for (block, expected) in [(4, 0x77), (5, 0), (6, 0), (7, 0x77)] {
        rig.expect_content(block, expected);
    }
}

/// A reap brings no more than asked for, waits for as many as asked for, and never brings one twice.
fn reaps_as_asked<E: Engine>(rig: &mut Rig<E>) {
    let mut accepted = Vec::new();
    for slot in 0..rig.depth {
        match rig.queue(slot, Step::new(Operation::Read, slot, 0)) {
            Queued::Accepted => accepted.push(slot),
            // A synchronous engine: there is nothing to reap.
            Queued::Done(outcome) => assert_eq!(outcome.bytes(), BLOCK_BYTES),
            Queued::Busy => break,
        }
    }
    assert_eq!(accepted.is_empty(), E::DESCRIPTION.traits.synchronous);
    rig.engine.commit().unwrap();
    let total = u32::try_from(accepted.len()).unwrap();
    let mut slots = Vec::new();
    let first = rig.reap(0, 1);
    assert!(first.len() <= 1);
    slots.extend(first);
    while u32::try_from(slots.len()).unwrap() < total.min(3) {
        let one = rig.reap(1, 1);
        assert_eq!(one.len(), 1, "waits for one");
        slots.extend(one);
    }
    let rest = total - u32::try_from(slots.len()).unwrap();
    let all = rig.reap(rest, rig.depth);
    assert_eq!(all.len(), rest as usize, "waits for all");
    slots.extend(all);
    assert!(rig.reap(5, 5).is_empty(), "nothing is under way, so there is nothing to wait for");
    let mut slots: Vec<_> = slots.iter().map(|completion| completion.slot).collect();
    slots.sort_unstable();
    assert_eq!(slots, accepted);
}

/// Completions are found by looking, without waiting, however many there were before; with files all of them by the first
/// look, unless the engine says that the device works by itself.
fn finds_by_looking<E: Engine>(rig: &mut Rig<E>) {
    // More than the rings of the kernel have places, so that they wrap.
    for round in 0..64 {
        let mut waiting = 0;
        for slot in 0..rig.depth {
            match rig.queue(slot, Step::new(Operation::Read, (slot * 3 + round) % BLOCKS, 0)) {
                Queued::Accepted => waiting += 1,
                Queued::Done(_) => {}
                Queued::Busy => break,
            }
        }
        rig.engine.commit().unwrap();
        let all_over = E::DESCRIPTION.traits.uses_files && !rig.engine.works_by_itself();
        while waiting > 0 {
            let found = rig.reap(0, rig.depth);
            assert!(found.iter().all(|completion| completion.outcome.bytes() == BLOCK_BYTES));
            waiting -= found.len();
            assert!(waiting == 0 || !all_over, "{waiting} were not over yet");
        }
    }
}

/// With nothing under way there is room, each time: nobody could wait for it.
fn has_room_when_all_is_over<E: Engine>(rig: &mut Rig<E>) {
    for round in 0..2000 {
        let is_done = match rig.queue(0, Step::new(Operation::Read, round % BLOCKS, 0)) {
            Queued::Done(_) => true,
            Queued::Accepted => false,
            Queued::Busy => panic!("busy with nothing, in round {round}"),
        };
        rig.engine.commit().unwrap();
        // Looks instead of waiting: no later moment is sooner.
        while !is_done && rig.reap(0, 1).is_empty() {}
    }
}

/// A reap with a time gives up when it is over.
fn reaps_with_a_time<E: Engine>(rig: &mut Rig<E>) {
    if matches!(rig.queue(0, Step::new(Operation::Read, 0, 0)), Queued::Done(_)) {
        return;
    }
    rig.engine.commit().unwrap();
    let before = clock::now();
    let wanted = Wanted { at_least: 2, at_most: 2, timeout: Some(Duration::from_millis(5)) };
    let mut completions = Vec::new();
    while completions.is_empty() {
        rig.engine.reap(wanted, &mut completions).unwrap();
    }
    assert_eq!(completions.len(), 1);
    assert!(before.elapsed() < Duration::from_secs(60), "it does not wait for what is not under way");
}

/// An engine that goes away with I/O under way leaves nothing behind that writes to its memory.
fn ends_with_ios_under_way<E: Engine>(mut rig: Rig<E>) {
    for slot in 0..rig.depth {
        if matches!(rig.queue(slot, Step::new(Operation::Read, slot, 0)), Queued::Busy) {
            break;
        }
    }
    rig.engine.commit().unwrap();
    drop(rig.engine);
    for slot in 0..rig.depth {
        // SAFETY: nothing is under way any more.
        unsafe { rig.memory.buffer(slot).write_bytes(0x11, BLOCK_BYTES as usize) };
    }
    std::thread::yield_now();
    for slot in 0..rig.depth {
        // SAFETY: the same.
        let bytes = unsafe { std::slice::from_raw_parts(rig.memory.buffer(slot).as_ptr(), BLOCK_BYTES as usize) };
        assert!(bytes.iter().all(|&byte| byte == 0x11), "slot {slot}");
    }
}

fn check<E: Engine>(medium: impl Fn() -> Medium, options: &EngineOptions) {
    for depth in [1, 2, 7, 32, 64] {
        let mut rig = Rig::<E>::new(medium(), depth, options);
        keeps_what_is_written(&mut rig);
        mixes(&mut rig);
        synchronises(&mut rig);
        trims(&mut rig);
        has_room_when_all_is_over(&mut rig);
        if depth > 1 {
            reaps_as_asked(&mut rig);
            reaps_with_a_time(&mut rig);
            finds_by_looking(&mut rig);
        }
        ends_with_ios_under_way(rig);
    }
}

/// Files are cut short, and file systems full: the error arrives with the I/O.
fn reports_errors<E: Engine>(folder: &Folder, options: &EngineOptions) {
    let mapped = E::DESCRIPTION.name == "mmap";
    let mut rig = Rig::<E>::new(folder.file("cut"), 4, options);
    rig.expect_content(10, 0);
    let half = u64::from(BLOCKS / 2 * BLOCK_BYTES);
    rig.medium.file.as_ref().unwrap().set_len(half + 100).unwrap();
    let outcome = rig.one(Step::new(Operation::Read, BLOCKS / 2 + 1, 0));
    assert_eq!(outcome, if mapped { Outcome::failed(Errno::IO) } else { Outcome::moved(0) }, "beyond the end");
    let outcome = rig.one(Step::new(Operation::Read, BLOCKS / 2, 0));
    // The rest of the last page of a file is there, as zeros, in a mapping.
    assert_eq!(outcome, Outcome::moved(if mapped { BLOCK_BYTES as usize } else { 100 }), "across the end");
    if !mapped {
        // Adjacent, so that an engine may do both in one call.
        let both = [BLOCKS / 2, BLOCKS / 2 + 1].map(|block| Step::new(Operation::Read, block, 0));
        let mut moved = Vec::new();
        rig.run(&both, |step, outcome, _| moved.push((step.block, outcome)));
        moved.sort_by_key(|(block, _)| *block);
        assert_eq!(moved, [(BLOCKS / 2, Outcome::moved(100)), (BLOCKS / 2 + 1, Outcome::moved(0))]);
    }
    rig.expect_content(10, 0);
    if !mapped {
        rig.medium.file = Some(File::open(&rig.medium.path).unwrap());
        assert_eq!(rig.one(Step::new(Operation::Write, 0, 1)), Outcome::failed(Errno::BADF));
        rig.expect_content(0, 0);
        let full = Medium::open("/dev/full".into());
        let mut rig = Rig::<E>::new(full, 4, options);
        // The device is none for native asynchronous I/O, nor for splice(2).
        let expected = if matches!(E::DESCRIPTION.name, "libaio" | "splice") { Errno::INVAL } else { Errno::NOSPC };
        assert_eq!(rig.one(Step::new(Operation::Write, 0, 1)), Outcome::failed(expected));
    }
}

/// A tmpfs of 256 KiB, for those who may mount.
struct SmallFileSystem(Folder);

impl SmallFileSystem {
    fn mount() -> Option<Self> {
        let folder = Folder::new();
        let options = Some(c"size=256k");
        let flags = rustix::mount::MountFlags::empty();
        match rustix::mount::mount("none", &folder.0, "tmpfs", flags, options) {
            Ok(()) => Some(Self(folder)),
            Err(error) => {
                assert_ne!(rustix::process::geteuid().as_raw(), 0, "root may mount: {error}");
                None
            }
        }
    }
}

impl Drop for SmallFileSystem {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(&self.0.0, rustix::mount::UnmountFlags::DETACH);
    }
}

/// A file system that is full says so at some write, and what was written before stays.
fn reports_a_full_file_system<E: Engine>(options: &EngineOptions) {
    let Some(small) = SmallFileSystem::mount() else {
        return;
    };
    let path = small.0.0.join("file");
    File::create(&path).unwrap().set_len(u64::from(BLOCKS * BLOCK_BYTES)).unwrap();
    let mut rig = Rig::<E>::new(Medium::open(path), 4, options);
    let mut failures = Vec::new();
    let steps: Vec<_> = (0..BLOCKS).map(|block| Step::new(Operation::Write, block, 3)).collect();
    rig.run(&steps, |step, outcome, _| {
        if let Some(error) = outcome.error() {
            failures.push((step.block, error));
        }
    });
    let expected = if E::DESCRIPTION.name == "mmap" { Errno::IO } else { Errno::NOSPC };
    assert!(failures.len() >= BLOCKS as usize - 64, "{failures:?}");
    assert!(failures.iter().all(|&(block, error)| error == expected && block > 0), "{failures:?}");
    rig.expect_content(0, 3);
    drop(rig);
}

/// The whole suite on files.
struct OnFiles<'o>(&'o EngineOptions);

impl Visitor for OnFiles<'_> {
    type Output = ();

    fn visit<E: Engine>(self) {
        let folder = Folder::new();
        check::<E>(|| folder.file("file"), self.0);
        reports_errors::<E>(&folder, self.0);
        reports_a_full_file_system::<E>(self.0);
    }
}

fn with_data_on_files() -> impl Iterator<Item = &'static Description> {
    TABLE.iter().filter(|engine| engine.traits.keeps_data && engine.traits.uses_files)
}

#[test]
fn engines_on_files_conform() {
    let names: Vec<_> = with_data_on_files().map(|engine| engine.name).collect();
    assert_eq!(names, ["io_uring", "libaio", "mmap", "psync", "pvsync", "pvsync2", "splice", "sync", "vsync"]);
    for name in names {
        start(name, OnFiles(&EngineOptions::default())).unwrap();
    }
}

#[test]
fn io_uring_conforms_with_each_of_its_options() {
    let plain = IoUringOptions::default();
    for io_uring in [
        IoUringOptions { fixed_buffers: true, ..plain },
        IoUringOptions { register_files: true, ..plain },
        IoUringOptions { fixed_buffers: true, register_files: true, force_async: 3, ..plain },
        IoUringOptions { non_vectored: false, ..plain },
        IoUringOptions { poll_thread: true, poll_thread_core: Some(0), ..plain },
        IoUringOptions { force_async: 1, ..plain },
    ] {
        let options = EngineOptions { io_uring, ..EngineOptions::default() };
        let folder = Folder::new();
        let name = "io_uring";
        start(name, CheckOnly(&options, &folder)).unwrap();
    }
}

#[test]
fn libaio_conforms_when_it_reaps_in_user_space() {
    let libaio = LibaioOptions { userspace_reap: true, no_wait: false };
    let options = EngineOptions { libaio, ..EngineOptions::default() };
    start("libaio", CheckOnly(&options, &Folder::new())).unwrap();
}

/// The part of the suite in which files are as opened.
struct CheckOnly<'o>(&'o EngineOptions, &'o Folder);

impl Visitor for CheckOnly<'_> {
    type Output = ();

    fn visit<E: Engine>(self) {
        check::<E>(|| self.1.file("file"), self.0);
    }
}

/// Reads what is not in the cache without waiting.
struct ReadsWithoutWaiting<'o>(&'o EngineOptions, &'o Path);

impl Visitor for ReadsWithoutWaiting<'_> {
    type Output = Outcome;

    fn visit<E: Engine>(self) -> Outcome {
        let mut rig = Rig::<E>::new(Medium::open(self.1.to_owned()), 1, self.0);
        let file = rig.medium.file.as_ref().unwrap();
        file.sync_all().unwrap();
        rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
        rig.one(Step::new(Operation::Read, 5, 0))
    }
}

#[test]
fn nowait_is_an_outcome_like_any_other() {
    let options = EngineOptions {
        libaio: LibaioOptions { no_wait: true, userspace_reap: false },
        io_uring: IoUringOptions { no_wait: true, ..IoUringOptions::default() },
        pvsync2: Pvsync2Options { no_wait: true, ..Pvsync2Options::default() },
        ..EngineOptions::default()
    };
    let folder = Folder::new();
    let medium = folder.file("file");
    for name in ["pvsync2", "io_uring", "libaio"] {
        let outcome = start(name, ReadsWithoutWaiting(&options, &medium.path)).unwrap();
        // On tmpfs the data are always there; where they are not, the file system says so or has no such flag.
        let possible = [None, Some(Errno::AGAIN), Some(Errno::OPNOTSUPP)];
        assert!(possible.contains(&outcome.error()), "{name}: {outcome:?}");
    }
}

/// A target with one namespace of memory on a free port.
fn target() -> (Service, SocketAddr) {
    let device = block::open("memory:4M", 0).unwrap();
    let settings = TargetSettings {
        subsystem_nqn: nvme::fabrics::Nqn::parse(NQN).unwrap(),
        serial_number: None,
        namespaces: vec![NamespaceSettings { namespace_id: 1, device, uuid: None }],
        limits: Limits::default(),
        listeners: Vec::new(),
    };
    let options = ServiceOptions {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        discovery: Vec::new(),
        placement: Placement::Floating(1),
        idle: IdlePolicy::DEFAULT,
        socket: SocketOptions::default(),
        backend: block::Backend::Auto,
    };
    let service = Service::start(settings, &options).unwrap();
    let address = service.listeners()[0].address;
    (service, address)
}

const NQN: &str = "nqn.2026-11.io.example:bench";

/// The suite on a namespace.
struct OnTarget<'o>(&'o EngineOptions, PathBuf);

impl Visitor for OnTarget<'_> {
    type Output = ();

    fn visit<E: Engine>(self) {
        assert_eq!(E::target_bytes(&self.1, self.0).unwrap(), Some(4 << 20));
        check::<E>(|| Medium { path: self.1.clone(), file: None }, self.0);
        let mut rig = Rig::<E>::new(Medium { path: self.1.clone(), file: None }, 2, self.0);
        let beyond = rig.one(Step::new(Operation::Read, 1024, 0));
        assert_eq!(beyond.error(), Some(Errno::RANGE));
        assert_eq!(rig.engine.explain().unwrap(), "the controller answered: LBA Out of Range (SCT 0, SC 80h, M, DNR)");
        let odd = Step { length_bytes: 100, ..Step::new(Operation::Write, 0, 0) };
        assert_eq!(rig.one(odd), Outcome::failed(Errno::INVAL));
        rig.expect_content(0, fill_of(0, 3));
    }
}

#[test]
fn nvme_tcp_conforms_with_and_without_digests() {
    let (service, address) = target();
    let path = PathBuf::from(format!("tcp:{address}/{NQN}/1"));
    for digests in [false, true] {
        let mut options = EngineOptions::default();
        options.nvme_tcp.header_digest = digests;
        options.nvme_tcp.data_digest = digests;
        start("nvme_tcp", OnTarget(&options, path.clone())).unwrap();
    }
    service.stop();
}

#[test]
fn programs_are_not_run_unless_allowed_and_end_with_the_engine() {
    struct Runs<'o>(&'o EngineOptions);
    impl Visitor for Runs<'_> {
        type Output = Result<bool, String>;
        fn visit<E: Engine>(self) -> Self::Output {
            let memory = IoMemory::new(&MemorySettings::default(), 1, BLOCK_BYTES).unwrap();
            let setup = Setup {
                depth: 1,
                file_count: 1,
                length_bytes_max: BLOCK_BYTES,
                memory: &memory,
                reads: true,
                writes: false,
                direct: false,
                advised_random: None,
                job_name: "job",
                runtime_seconds: 7,
                options: self.0,
            };
            let mut engine = E::new(&setup).map_err(|error| error.to_string())?;
            let place = Place { file: 0, descriptor: -1, offset: 0, length_bytes: BLOCK_BYTES };
            // SAFETY: the engine does no I/O, and the buffer lives longer than it.
            let mut io = unsafe { Io::new(Operation::Read, place, memory.buffer(0)) };
            let started = engine.queue(0, &mut io);
            assert_eq!(started, Queued::Done(Outcome::complete(&io)));
            while !engine.finished() {
                engine.queue(0, &mut io);
            }
            Ok(engine.finished())
        }
    }
    let folder = Folder::new();
    let made = folder.0.join("job-7");
    let mut options = EngineOptions::default();
    options.exec.program = Some("touch".to_owned());
    options.exec.arguments = Some(format!("{}/%n-%r", folder.0.display()));
    options.exec.redirects_output = false;
    let refused = start("exec", Runs(&options)).unwrap().unwrap_err();
    assert!(refused.contains("--allow-exec"), "{refused}");
    options.exec.allowed = true;
    assert_eq!(start("exec", Runs(&options)).unwrap(), Ok(true));
    assert!(made.exists());
}
