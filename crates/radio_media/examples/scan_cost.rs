//! What it costs to inspect files that are in the page cache: `cargo run --release -p radio_media --example scan_cost -- FILE…`.
//!
//! Each file is inspected again and again, without tags and with them. The figures in the documentation of the crate come from here.

use std::fs::File;
use std::io::Write;
use std::time::Instant;

use radio_media::{Inspector, Wanted};

const ROUNDS: u32 = 2000;

#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut output = std::io::stdout().lock();
    for path in std::env::args().skip(1) {
        write!(output, "{path}")?;
        for (name, wanted) in
            [("frames", Wanted { tags: false, pictures: false }), ("with tags", Wanted::STREAM), ("all", Wanted::ALL)]
        {
            let mut inspector = Inspector::new(wanted);
            let file = File::open(&path)?;
            let rounds = u32::try_from(u64::from(ROUNDS) * 20_000 / file.metadata()?.len().max(20_000))?.max(5);
            let begin = Instant::now();
            for _ in 0..rounds {
                inspector.inspect(&file)?;
            }
            let microseconds = begin.elapsed().as_secs_f64() * 1e6 / f64::from(rounds);
            write!(output, "  {name} {microseconds:.1} us")?;
        }
        writeln!(output)?;
    }
    Ok(())
}
