//! What it costs to record an I/O: `cargo run --release -p bench --example statistics_cost`.
//!
//! Prints nanoseconds an I/O for each choice of latencies, the best of several rounds, the loop around it included; then what
//! the counts of 64 jobs take of the machine's memory.

use std::hint::black_box;
use std::time::Duration;

use bench::direction::Direction;
use bench::statistics::{Completion, LatencyChoice, Recorder, RecorderSettings};
use reactor::clock;

const IOS: u32 = 1_000_000;
const ROUNDS: u32 = 200;
const BATCH: u32 = 32;
const JOBS: u64 = 64;

const CLAT_ONLY: LatencyChoice = LatencyChoice { slat: false, clat: true, lat: false };

#[expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]
fn main() {
    let choices = [
        ("everything, three histograms", LatencyChoice::ALL, LatencyChoice::ALL),
        ("fio's defaults: three latencies, one histogram", LatencyChoice::ALL, CLAT_ONLY),
        ("completion latency only", CLAT_ONLY, CLAT_ONLY),
        ("gtod_reduce: counts only", LatencyChoice::NONE, LatencyChoice::NONE),
    ];
    let alone = best(|recorder, _, completion| {
        black_box((recorder, completion));
    });
    println!("{alone:5.2} ns  the loop alone");
    for (name, measured, percentiles) in choices {
        let settings = settings(measured, percentiles);
        let nanoseconds = best_of(&settings, |recorder, direction, completion| {
            // Everything has to be in memory after each I/O, as it is when other code runs between two.
            black_box(recorder).record_completion(direction, completion);
        });
        println!("{nanoseconds:5.2} ns  {name}");
    }
    let batch = (0..ROUNDS).map(|_| round_of_batches()).min().unwrap_or_default().as_secs_f64() * 1e9 / f64::from(IOS);
    println!("{batch:5.2} ns  fio's defaults, {BATCH} submitted and over together");
    let before = resident_kibibytes();
    let jobs: Vec<_> = (0..JOBS).map(|_| one_job()).collect();
    println!("{:5} KiB for {} jobs with fio's defaults", resident_kibibytes() - before, jobs.len());
}

fn settings(measured: LatencyChoice, percentiles: LatencyChoice) -> RecorderSettings {
    RecorderSettings { directions: [true; 3], measured, percentiles, priorities: Vec::new() }
}

fn best(record: impl Fn(&mut Recorder, Direction, Completion)) -> f64 {
    best_of(&settings(LatencyChoice::NONE, LatencyChoice::NONE), record)
}

fn best_of(settings: &RecorderSettings, record: impl Fn(&mut Recorder, Direction, Completion)) -> f64 {
    let best = (0..ROUNDS).map(|_| round(settings, IOS, &record)).min().unwrap_or_default();
    best.as_secs_f64() * 1e9 / f64::from(IOS)
}

/// Records I/Os with latencies as an SSD has them.
fn round(settings: &RecorderSettings, ios: u32, record: impl Fn(&mut Recorder, Direction, Completion)) -> Duration {
    let mut recorder = Recorder::new(settings);
    let start = clock::now();
    record_all(&mut recorder, ios, record);
    clock::now().duration_since(start)
}

/// The same of I/Os that come in batches.
fn round_of_batches() -> Duration {
    let mut recorder = Recorder::new(&settings(LatencyChoice::ALL, CLAT_ONLY));
    let start = clock::now();
    for batch in 0..IOS / BATCH {
        let clat_ns = 60_000 + u64::from(batch).wrapping_mul(2_654_435_761) % 40_000;
        for at in 0..BATCH {
            let slat_ns = 500 + u64::from(at);
            let completion = Completion { bytes: 4096, slat_ns, clat_ns, lat_ns: slat_ns + clat_ns };
            black_box(&mut recorder).record_together(
                Direction::Read,
                completion.bytes,
                completion.slat_ns,
                completion.clat_ns,
            );
        }
        recorder.end_together();
    }
    clock::now().duration_since(start)
}

fn record_all(recorder: &mut Recorder, ios: u32, record: impl Fn(&mut Recorder, Direction, Completion)) {
    let latencies: Vec<u64> = (0..1024_u64).map(|at| 60_000 + at.wrapping_mul(2_654_435_761) % 40_000).collect();
    for at in 0..ios {
        let clat_ns = latencies[(at % 1024) as usize];
        let slat_ns = 500 + u64::from(at & 255);
        let completion = Completion { bytes: 4096, slat_ns, clat_ns, lat_ns: slat_ns + clat_ns };
        let direction = if at & 3 == 0 { Direction::Write } else { Direction::Read };
        record(recorder, direction, completion);
    }
}

/// A job that reads and writes.
fn one_job() -> Recorder {
    let settings = RecorderSettings { directions: [true, true, false], ..settings(LatencyChoice::ALL, CLAT_ONLY) };
    let mut recorder = Recorder::new(&settings);
    record_all(&mut recorder, 100_000, Recorder::record_completion);
    recorder
}

/// What the process has in memory, from the kernel.
fn resident_kibibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
