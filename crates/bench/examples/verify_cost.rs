//! What filling and checking a block costs: `cargo run --release -p bench --example verify_cost`.
//!
//! One line a method with the rates in GB/s (10^9 bytes) for blocks of 4 KiB and 64 KiB on one core, data in the cache, then the
//! fills of write buffers.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::Duration;

use bench::buffers::{Pattern, fill_compressible, fill_random};
use bench::verify::{Expected, METHODS, Method, Proof, Verifier, VerifySettings, WriteIdentity};
use reactor::clock;

/// How often and how long each figure is measured.
const SPANS: usize = 100;
const SPAN: Duration = Duration::from_millis(2);

const BLOCKS: [usize; 2] = [4 << 10, 64 << 10];

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{:<14}{:>10}{:>10}{:>10}{:>10}", "GB/s", "fill 4k", "check 4k", "fill 64k", "check 64k")?;
    for method in METHODS.iter().filter(|method| !matches!(method.proof, Proof::Nothing)) {
        write!(out, "{:<14}", method.name())?;
        for length in BLOCKS {
            let verifier = verifier(method, length);
            let mut block = vec![0; length];
            let write = WriteIdentity { offset: 0, seed: 0x5eed, seconds: 1, nanoseconds: 2, thread: 1, number: 3 };
            let fill = rate(length, || verifier.fill(black_box(&mut block), black_box(&write)));
            let expected = Expected { offset: 0, seed: Some(0x5eed), number: Some(3) };
            let check = rate(length, || {
                let failures = verifier.check(black_box(&mut block), black_box(&expected), false);
                assert!(failures.is_empty(), "{failures:?}");
            });
            write!(out, "{fill:>10.2}{check:>10.2}")?;
        }
        writeln!(out)?;
    }
    writeln!(out, "\n{:<24}{:>10}{:>10}", "GB/s", "4k", "64k")?;
    let pattern = Pattern::from_bytes(b"tidegate").expect("a pattern");
    let fills: [(&str, Fill<'_>); 3] = [
        ("random", &|block| fill_random(block, 0x5eed)),
        ("half compressible", &|block| fill_compressible(block, 0x5eed, 50, None)),
        ("pattern", &|block| pattern.fill(block, 0)),
    ];
    for (name, fill) in fills {
        write!(out, "{name:<24}")?;
        for length in BLOCKS {
            let mut block = vec![0; length];
            write!(out, "{:>10.2}", rate(length, || fill(black_box(&mut block))))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Fills a block.
type Fill<'a> = &'a dyn Fn(&mut [u8]);

fn verifier(method: &'static Method, length: usize) -> Verifier {
    let needs_pattern = matches!(method.proof, Proof::BarePattern | Proof::HeaderAndPattern);
    Verifier::new(VerifySettings {
        method,
        interval: length,
        header_offset: 0,
        unaligned_blocks: false,
        smallest_block: length,
        pattern: needs_pattern.then(|| Pattern::from_bytes(b"tidegate").expect("a pattern")),
        pattern_interval: 0,
        compress_percentage: 0,
        buffer_pattern: None,
    })
    .expect("settings")
}

/// The rate of `work` on `length` bytes, in GB/s: the best of the spans, as other programs want the processor, too.
#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn rate(length: usize, mut work: impl FnMut()) -> f64 {
    let mut best = 0_f64;
    for _ in 0..SPANS {
        let start = clock::now();
        let mut bytes = 0;
        let elapsed = loop {
            for _ in 0..4 {
                work();
            }
            bytes += 4 * length;
            let elapsed = clock::now().duration_since(start);
            if elapsed >= SPAN {
                break elapsed;
            }
        };
        best = best.max(bytes as f64 / elapsed.as_secs_f64() / 1e9);
    }
    best
}
