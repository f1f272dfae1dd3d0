//! What the choice of the next I/O costs: `cargo run --release -p bench --example offsets_cost [ios of a round]`.
//!
//! Each line is one kind of job over one file of 1 GiB in blocks of 4 KiB, started over as often as it takes: the fastest
//! of several rounds, for machines that have other work too. The figures in the documentation of `bench::offsets` come
//! from here.

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use bench::offsets::layout::{Extent, File, Layout, Target};
use bench::offsets::settings::{BlockSize, Distribution, MapPolicy, Mix, Order, RandomGenerator, Settings, SplitSize};
use bench::offsets::{Offsets, Step};
use bench::random::Width;
use bench::random::seeds::{Purpose, SeedSettings, Seeds};

const FILE_BYTES: u64 = 1 << 30;
const BLOCK_BYTES: u64 = 4096;
const ROUNDS: u32 = 200;
const RANDOM: Order = Order::Random { change_every: 1 };

fn main() -> std::io::Result<()> {
    let ios = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000_u64);
    let mut output = std::io::stdout().lock();
    for (name, settings) in jobs() {
        writeln!(output, "{name}: {:.1} ns per I/O", measure(settings, ios))?;
    }
    Ok(())
}

fn jobs() -> Vec<(&'static str, Settings)> {
    let sequential = Settings::new(Mix::Read, Order::Sequential { stride_bytes: 0 }, BLOCK_BYTES);
    let mapped = Settings::new(Mix::Read, RANDOM, BLOCK_BYTES);
    let free = Settings { map: MapPolicy::None, ..mapped.clone() };
    let with = |change: fn(&mut Settings)| {
        let mut settings = free.clone();
        change(&mut settings);
        settings
    };
    vec![
        ("sequential", sequential),
        ("random, norandommap", free.clone()),
        ("random, norandommap, tausworthe64", with(|job| job.generator = RandomGenerator::Tausworthe64)),
        ("random, map", mapped),
        ("random, lfsr", with(|job| job.generator = RandomGenerator::Lfsr)),
        ("random, 70 % reads", with(|job| (job.mix, job.read_percent) = (Mix::ReadWrite, 70))),
        ("random, half sequential", with(|job| job.random_percent = [50; 3])),
        (
            "random, 4k to 64k",
            with(|job| job.block_sizes = std::array::from_fn(|_| BlockSize::range(BLOCK_BYTES, 65536))),
        ),
        ("random, 4k and 16k", with(|job| job.block_sizes = std::array::from_fn(|_| two_sizes()))),
        ("random, zipf 1.2", with(|job| job.distribution = Distribution::Zipf { theta: 1.2, center: None })),
        ("random, pareto 0.2", with(|job| job.distribution = Distribution::Pareto { h: 0.2, center: None })),
        ("random, normal 20", with(|job| job.distribution = Distribution::Normal { deviation: 20.0, center: None })),
    ]
}

fn two_sizes() -> BlockSize {
    let entry = |bytes, percent| SplitSize { bytes, percent };
    BlockSize::split(vec![entry(BLOCK_BYTES, 70), entry(4 * BLOCK_BYTES, 30)])
}

#[expect(clippy::disallowed_methods, reason = "a program that measures itself reads the clock")]
fn measure(mut settings: Settings, ios: u64) -> f64 {
    settings.limits.time_based = true;
    let is_random = matches!(settings.order, Order::Random { .. });
    let seeds = Seeds::derive(&SeedSettings {
        randseed: None,
        randrepeat: true,
        allrandrepeat: false,
        job_number: 1,
        is_clone: false,
        entropy: [0; Purpose::COUNT],
        random: is_random,
    });
    let file = File { name: "job.0.0".to_owned(), target: Target::Imaginary };
    let mut file_sizes = seeds.generator(Purpose::FileSize, Width::Bits32);
    let layout = Layout::new(&Extent::of_size(FILE_BYTES), &settings, &[file], &mut file_sizes)
        .unwrap_or_else(|error| panic!("{error}"));
    let mut offsets = Offsets::new(&settings, &layout, seeds).unwrap_or_else(|error| panic!("{error}"));
    let rounds = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        let mut done = 0;
        while done < ios {
            if let Step::Io(io) = black_box(offsets.next_step()) {
                done += u64::from(io.length > 0);
            }
        }
        start.elapsed().as_secs_f64() * 1e9 / ios as f64
    });
    rounds.fold(f64::INFINITY, f64::min)
}
