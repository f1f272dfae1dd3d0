//! What it costs to record an I/O: `cargo run --release -p bench --example statistics_cost`.
//!
//! Prints nanoseconds an I/O for each choice of latencies, the best of several rounds.

use std::hint::black_box;
use std::time::Duration;

use bench::direction::Direction;
use bench::statistics::{Completion, LatencyChoice, Recorder, RecorderSettings};
use reactor::clock;

const IOS: u32 = 20_000_000;
const ROUNDS: u32 = 7;

#[expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]
fn main() {
    let clat_only = LatencyChoice { slat: false, clat: true, lat: false };
    let choices = [
        ("everything, three histograms", LatencyChoice::ALL, LatencyChoice::ALL),
        ("fio's defaults: three latencies, one histogram", LatencyChoice::ALL, clat_only),
        ("completion latency only", clat_only, clat_only),
        ("gtod_reduce: counts only", LatencyChoice::NONE, LatencyChoice::NONE),
    ];
    for (name, measured, percentiles) in choices {
        let best = (0..ROUNDS).map(|_| round(measured, percentiles)).min().unwrap_or_default();
        println!("{:5.2} ns  {name}", best.as_secs_f64() * 1e9 / f64::from(IOS));
    }
}

/// Records I/Os with latencies as an SSD has them.
fn round(measured: LatencyChoice, percentiles: LatencyChoice) -> Duration {
    let directions = [true; 3];
    let mut recorder = Recorder::new(&RecorderSettings { directions, measured, percentiles, priorities: Vec::new() });
    let latencies: Vec<u64> = (0..1024_u64).map(|at| 60_000 + at.wrapping_mul(2_654_435_761) % 40_000).collect();
    let start = clock::now();
    for at in 0..IOS {
        let clat_ns = latencies[(at % 1024) as usize];
        let slat_ns = 500 + u64::from(at & 255);
        let completion = Completion { bytes: 4096, slat_ns, clat_ns, lat_ns: slat_ns + clat_ns };
        let direction = if at & 3 == 0 { Direction::Write } else { Direction::Read };
        // Everything has to be in memory after each I/O, as it is when other code runs between two.
        black_box(&mut recorder).record_completion(direction, completion);
    }
    clock::now().duration_since(start)
}
