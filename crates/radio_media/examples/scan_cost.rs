//! What it costs to inspect files that are in the page cache: `cargo run --release -p radio_media --example scan_cost -- FILE…`.
//!
//! Each file is inspected again and again, without tags and with them. The figures are processor time, so that other work on the
//! machine does not count, and the best of several batches. Those in the documentation of the crate come from here.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use radio_media::{Inspector, Wanted};
use rustix::time::{ClockId, clock_gettime};

const BATCHES: u32 = 10;
/// Bytes that a batch inspects, about.
const BATCH_BYTES: u64 = 4 << 20;

/// Time that this thread has spent on a processor.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut output = std::io::stdout().lock();
    for path in std::env::args().skip(1) {
        let length = std::fs::metadata(&path)?.len();
        write!(output, "{path}, {length} bytes:")?;
        for (name, wanted) in
            [("frames", Wanted { tags: false, pictures: false }), ("tags", Wanted::STREAM), ("pictures", Wanted::ALL)]
        {
            let mut inspector = Inspector::new(wanted);
            let rounds = u32::try_from(BATCH_BYTES / length.max(1))?.clamp(1, 500);
            let mut best = Duration::MAX;
            for _ in 0..BATCHES {
                let begin = processor_time();
                for _ in 0..rounds {
                    inspector.inspect(&File::open(&path)?)?;
                }
                best = best.min(processor_time() - begin);
            }
            let microseconds = best.as_secs_f64() * 1e6 / f64::from(rounds);
            write!(output, "  {name} {microseconds:.1} us")?;
        }
        writeln!(output)?;
    }
    Ok(())
}
