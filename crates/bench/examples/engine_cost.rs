//! `cargo run --release -p bench --example engine_cost`: what an engine costs an I/O, without anything around it.
//!
//! Reads 4 KiB at random offsets of a file in the page cache (64 MiB in the temporary folder) and prints nanoseconds an I/O:
//! the best of a few runs, which is the one that was disturbed least.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use bench::engines::memory::{IoMemory, MemorySettings};
use bench::engines::{
    Completion, Engine, EngineOptions, Io, IoUringOptions, LibaioOptions, OpenedFile, Operation, Place, Queued, Setup,
    Visitor, Wanted, start,
};
use reactor::clock;

const FILE_BYTES: u64 = 64 << 20;
const BLOCK_BYTES: u32 = 4096;
const RUNS: u32 = 5;

/// What is measured.
struct Case {
    name: &'static str,
    engine: &'static str,
    depth: u32,
    count: u32,
    options: EngineOptions,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::temp_dir().join(format!("engine-cost-{}", std::process::id()));
    let mut file = File::create(&path)?;
    for _ in 0..FILE_BYTES >> 20 {
        file.write_all(&[0x5a; 1 << 20])?;
    }
    let file = File::open(&path)?;
    std::fs::remove_file(&path)?;
    for case in cases() {
        let mut best = f64::INFINITY;
        for _ in 0..RUNS {
            best = best.min(start(case.engine, Measure { case: &case, file: &file, path: &path })?);
        }
        writeln!(std::io::stdout(), "{:<44} {best:8.1} ns an I/O", case.name)?;
    }
    Ok(())
}

fn cases() -> Vec<Case> {
    let case = |name, engine, depth, count| Case { name, engine, depth, count, options: EngineOptions::default() };
    let io_uring = IoUringOptions { fixed_buffers: true, register_files: true, ..IoUringOptions::default() };
    let libaio = LibaioOptions { userspace_reap: true, ..LibaioOptions::default() };
    vec![
        case("null, depth 1", "null", 1, 20_000_000),
        case("null, depth 32", "null", 32, 20_000_000),
        case("psync", "psync", 1, 500_000),
        case("pvsync2", "pvsync2", 1, 500_000),
        case("mmap", "mmap", 1, 500_000),
        case("io_uring, depth 1", "io_uring", 1, 500_000),
        case("io_uring, depth 32", "io_uring", 32, 500_000),
        Case {
            options: EngineOptions { io_uring, ..EngineOptions::default() },
            ..case("io_uring, depth 32, fixedbufs, registerfiles", "io_uring", 32, 500_000)
        },
        case("libaio, depth 1", "libaio", 1, 500_000),
        case("libaio, depth 32", "libaio", 32, 500_000),
        Case {
            options: EngineOptions { libaio, ..EngineOptions::default() },
            ..case("libaio, depth 32, userspace_reap", "libaio", 32, 500_000)
        },
    ]
}

struct Measure<'m> {
    case: &'m Case,
    file: &'m File,
    path: &'m PathBuf,
}

impl Visitor for Measure<'_> {
    type Output = f64;

    fn visit<E: Engine>(self) -> f64 {
        let depth = self.case.depth;
        let memory = IoMemory::new(&MemorySettings::default(), depth, BLOCK_BYTES).expect("memory");
        let setup = Setup {
            depth,
            file_count: 1,
            length_bytes_max: BLOCK_BYTES,
            memory: &memory,
            reads: true,
            writes: false,
            direct: false,
            advised_random: Some(true),
            job_name: "engine_cost",
            runtime_seconds: 0,
            options: &self.case.options,
        };
        let mut engine = E::new(&setup).expect("the engine starts");
        let descriptor = self.file.as_raw_fd();
        let opened = OpenedFile { index: 0, descriptor, path: self.path, offset: 0, length_bytes: FILE_BYTES };
        engine.open_file(&opened).expect("the engine takes the file");
        let began = clock::now();
        let count = drive(&mut engine, &memory, descriptor, self.case);
        began.elapsed().as_secs_f64() * 1e9 / f64::from(count)
    }
}

/// Fills the queue, commits, reaps all of it, and begins again.
fn drive<E: Engine>(engine: &mut E, memory: &IoMemory, descriptor: i32, case: &Case) -> u32 {
    let mut completions: Vec<Completion> = Vec::with_capacity(case.depth as usize);
    let mut random = 1_u64;
    let mut done = 0;
    while done < case.count {
        let mut accepted = 0;
        for slot in 0..case.depth {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let offset = (random >> 33) % (FILE_BYTES / u64::from(BLOCK_BYTES)) * u64::from(BLOCK_BYTES);
            let place = Place { file: 0, descriptor, offset, length_bytes: BLOCK_BYTES };
            // SAFETY: file and buffers outlive the engine, and each slot is reaped before it is used again.
            #[expect(unsafe_code, reason = "the example vouches for its buffers")]
            let mut io = unsafe { Io::new(Operation::Read, place, memory.buffer(slot)) };
            match engine.queue(slot, &mut io) {
                Queued::Done(outcome) => {
                    assert_eq!(outcome.bytes(), BLOCK_BYTES);
                    done += 1;
                }
                Queued::Accepted => accepted += 1,
                Queued::Busy => unreachable!("reads of one file need no more than a slot"),
            }
        }
        if accepted > 0 {
            engine.commit().expect("commit");
            let wanted = Wanted { at_least: accepted, at_most: accepted, timeout: None };
            engine.reap(wanted, &mut completions).expect("reap");
            assert!(completions.iter().all(|completion| completion.outcome.bytes() == BLOCK_BYTES));
            done += accepted;
            completions.clear();
        }
    }
    done
}
