//! What a write carries: the same bytes as fio's for the same seeds.
//!
//! - [`fill_random`], [`fill_compressible`]: bytes out of one seed, all random or in part compressible.
//! - [`Pattern`]: bytes given by the user (`buffer_pattern`, `verify_pattern`), with the block's offset pasted in.
//! - [`SeedSource`]: which seed is next: always a new one, or now and then an earlier one (`dedupe_percentage`).
//! - [`scramble`]: a few words changed in a buffer that is written again and again.
//! - [`WriteBuffers`]: the options together: fills the buffer of a write that verify does not fill.
//!
//! What it is not: it keeps no generator. Random numbers come in as closures, so that they can be the job's own streams
//! (`bench::random`), copied where fio copies a stream's state.
//!
//! Cost: no allocation and no system call in a fill. `cargo run --release -p bench --example verify_cost` has the figures; a random
//! fill is four independent multiplications for 32 bytes.
//!
//! Parity: fio 3.33 as Debian builds it (four seed lanes).

mod content;
mod dedupe;
mod pattern;
mod random_fill;
mod scramble;
#[cfg(test)]
mod testing;

pub use content::{ContentSettings, Refill, WriteBuffers};
pub use dedupe::{Dedupe, DedupeMode, SeedSource, WorkingSet, working_set_blocks};
pub use pattern::{PATTERN_FORMATS_MAXIMUM, PATTERN_MAXIMUM, Pattern, PatternDifference, PatternError, PatternProblem};
pub use random_fill::{fill_compressible, fill_random, next_seed};
pub use scramble::scramble;
