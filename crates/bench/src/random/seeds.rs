//! Which seed each purpose of a job gets, as fio 3.33 derives them from `randrepeat`, `allrandrepeat` and `randseed`.
//!
//! A job's number in the run (from 1, clones counted) is part of each seed, so jobs differ and a run repeats.

use super::taus88::Taus88;
use super::{Generator, Width, hash, low_half};

/// What random numbers are drawn for. Each has a stream of its own, so that one more draw here moves nothing there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Lengths of reads.
    ReadBlockSize,
    /// Lengths of writes; those of reads when writes are verified.
    WriteBlockSize,
    /// Lengths of trims; those of writes for `trimwrite`.
    TrimBlockSize,
    /// Seeds in verify headers.
    Verify,
    /// Read or write (`rwmixread`).
    Mix,
    /// The next file (`file_service_type`).
    File,
    /// The next block.
    Block,
    /// Sizes of files (`filesize=` ranges).
    FileSize,
    /// Which writes to trim (`trim_percentage`).
    Trim,
    /// Contents of buffers.
    Buffer,
    /// Random or sequential (`percentage_random`); reads, writes and trims all start from this one.
    SequentialRead,
    /// Kept for its place in the derivation.
    SequentialWrite,
    /// Kept for its place in the derivation.
    SequentialTrim,
    /// `startdelay=` ranges.
    StartDelay,
    /// Whether a buffer repeats another (`dedupe_percentage`).
    Dedupe,
    /// Pauses between reads (`rate_process=poisson`).
    ReadPoisson,
    /// The zone of `random_distribution=zoned`.
    Zone,
    /// Pauses between writes.
    WritePoisson,
    /// Pauses between trims.
    TrimPoisson,
    /// Which commands get a priority (`cmdprio_percentage`).
    Priority,
    /// Which page of the working set a buffer repeats (`dedupe_mode=working_set`).
    DedupeWorkingSet,
    /// Kept for its place in the derivation.
    DataPlacement,
    /// Which blocks are written again (`sprandom`).
    Preconditioning,
}

impl Purpose {
    /// How many there are.
    pub const COUNT: usize = Self::Preconditioning as usize + 1;

    /// Whether `random_generator=tausworthe64` changes it; the others always draw 32 bits.
    const fn follows_width(self) -> bool {
        !matches!(
            self,
            Self::Mix
                | Self::SequentialRead
                | Self::SequentialWrite
                | Self::SequentialTrim
                | Self::Dedupe
                | Self::ReadPoisson
                | Self::WritePoisson
                | Self::TrimPoisson
                | Self::Zone
                | Self::Priority
                | Self::Preconditioning
        )
    }
}

/// `randseed` when it is not set.
pub const DEFAULT_RANDSEED: u64 = 0x89;
const REPEATABLE_FACTOR: u64 = 0xB189_9BED;
const SPREAD_FACTOR: u64 = 0x9E37_0001;

/// The options that seeds come from.
#[derive(Debug, Clone)]
pub struct SeedSettings {
    /// `randseed`. When set, later passes go on with the numbers of the first one; and the block offsets of a job that is
    /// no clone still come from its number, as long as `randrepeat` is on (fio 3.33 looks at `randseed` too late).
    pub randseed: Option<u64>,
    /// `randrepeat`: the same offsets in each run; fio's default is on.
    pub randrepeat: bool,
    /// `allrandrepeat`: the same of everything in each run, from the job's number alone.
    pub allrandrepeat: bool,
    /// The job's number in the run, from 1, each clone counted. fio makes clones from the highest clone number down: with
    /// `numjobs=3` the jobs 1, 2 and 3 are the clones 0, 2 and 1 (their file names and `offset_increment` say so).
    pub job_number: u32,
    /// The job is one that `numjobs` added, not the first of these.
    pub is_clone: bool,
    /// Numbers from the system's source of randomness, used when neither option makes the run repeatable.
    pub entropy: [u64; Purpose::COUNT],
    /// The pattern is a random one: the block seed is then the repeatable one.
    pub random: bool,
}

/// The seeds of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeds {
    values: [u64; Purpose::COUNT],
    repeatable: bool,
    job_number: u32,
}

impl Seeds {
    /// The seeds that the options give.
    #[must_use]
    pub fn derive(settings: &SeedSettings) -> Self {
        let repeatable = settings.randrepeat && settings.randseed.is_none();
        let number = u64::from(settings.job_number);
        let mut values = settings.entropy;
        if repeatable || settings.randseed.is_some() {
            let mut seed = settings.randseed.unwrap_or(DEFAULT_RANDSEED);
            for _ in 0..4 {
                seed = seed.wrapping_mul(SPREAD_FACTOR);
            }
            for (value, place) in values.iter_mut().zip(0..) {
                *value = seed.wrapping_mul(number).wrapping_add(place);
                seed = seed.wrapping_mul(SPREAD_FACTOR);
            }
        }
        let from_number = REPEATABLE_FACTOR.wrapping_mul(number);
        if settings.allrandrepeat {
            for (value, place) in values.iter_mut().zip(0..) {
                *value = from_number.wrapping_add(place);
            }
        }
        if settings.random && (repeatable || (settings.randrepeat && !settings.is_clone)) {
            values[Purpose::Block as usize] = from_number;
        }
        Self { values, repeatable, job_number: settings.job_number }
    }

    /// `randrepeat` is in force: each pass over the files starts from these seeds again.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.repeatable
    }

    /// The seed of a purpose.
    #[must_use]
    pub fn seed(&self, purpose: Purpose) -> u64 {
        self.values[purpose as usize]
    }

    /// The seed of a skewed distribution over a file's blocks: repeatable runs take it from the file's name.
    #[must_use]
    pub fn seed_of_file(&self, name: &str) -> u32 {
        if self.repeatable {
            hash::of_name(name.as_bytes()).wrapping_mul(self.job_number)
        } else {
            low_half(self.seed(Purpose::Block))
        }
    }

    /// The generator of a purpose; `width` is that of `random_generator`, which some purposes ignore.
    #[must_use]
    pub fn generator(&self, purpose: Purpose, width: Width) -> Generator {
        let width = if purpose.follows_width() { width } else { Width::Bits32 };
        Generator::new(self.seed(purpose), width)
    }

    /// The generator of a purpose that always draws 32 bits.
    #[must_use]
    pub fn taus88(&self, purpose: Purpose) -> Taus88 {
        Taus88::new(low_half(self.seed(purpose)))
    }
}
