//! A linear feedback shift register: visits each number below a count once, in an order that looks random, with a few
//! words of memory whatever the count.
//!
//! The register has as many bits as the count needs; numbers at or above the count are skipped, so at most every second
//! step on average is lost. The feedback is XNOR: zero is a normal state and all ones is the state that never changes.
//!
//! Parity: `random_generator=lfsr` of fio 3.33, `spin` included (fio runs its jobs with a spin of 0).

/// Largest spin: extra steps between two numbers.
pub const SPIN_MAX: u32 = 15;

/// Bit positions (from 1) that feed back, for registers of 3 bits and more: those of a maximal period.
const TAPS: [&[u32]; 61] = [
    &[3, 2],
    &[4, 3],
    &[5, 3],
    &[6, 5],
    &[7, 6],
    &[8, 6, 5, 4],
    &[9, 5],
    &[10, 7],
    &[11, 9],
    &[12, 6, 4, 1],
    &[13, 4, 3, 1],
    &[14, 5, 3, 1],
    &[15, 14],
    &[16, 15, 13, 4],
    &[17, 14],
    &[18, 11],
    &[19, 6, 2, 1],
    &[20, 17],
    &[21, 19],
    &[22, 21],
    &[23, 18],
    &[24, 23, 22, 17],
    &[25, 22],
    &[26, 6, 2, 1],
    &[27, 5, 2, 1],
    &[28, 25],
    &[29, 27],
    &[30, 6, 4, 1],
    &[31, 28],
    &[32, 31, 29, 1],
    &[33, 20],
    &[34, 27, 2, 1],
    &[35, 33],
    &[36, 25],
    &[37, 5, 4, 3, 2, 1],
    &[38, 6, 5, 1],
    &[39, 35],
    &[40, 38, 21, 19],
    &[41, 38],
    &[42, 41, 20, 19],
    &[43, 42, 38, 37],
    &[44, 43, 18, 17],
    &[45, 44, 42, 41],
    &[46, 45, 26, 25],
    &[47, 42],
    &[48, 47, 21, 20],
    &[49, 40],
    &[50, 49, 24, 23],
    &[51, 50, 36, 35],
    &[52, 49],
    &[53, 52, 38, 37],
    &[54, 53, 18, 17],
    &[55, 31],
    &[56, 55, 35, 34],
    &[57, 50],
    &[58, 39],
    &[59, 58, 38, 37],
    &[60, 59],
    &[61, 60, 46, 45],
    &[62, 61, 6, 5],
    &[63, 62],
];

/// Why there is no register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LfsrError {
    /// The count needs more bits than the longest register has.
    #[error("{count} blocks are too many for random_generator=lfsr: fewer than 2^63 are possible")]
    TooMany {
        /// Numbers asked for.
        count: u64,
    },
    /// Nothing to visit.
    #[error("random_generator=lfsr needs at least one block")]
    Empty,
    /// The seed is the state that never changes.
    #[error(
        "random_generator=lfsr over {count} blocks cannot start from this job's seed ({seed:#x}): set randseed or size"
    )]
    DeadSeed {
        /// The seed of the block offsets.
        seed: u64,
        /// Numbers asked for.
        count: u64,
    },
    /// More than [`SPIN_MAX`].
    #[error("a spin of {spin} is too much: at most {SPIN_MAX}")]
    Spin {
        /// Extra steps asked for.
        spin: u32,
    },
}

/// The register.
#[derive(Debug, Clone)]
pub struct Lfsr {
    feedback: u64,
    top_bit: u64,
    value: u64,
    count: u64,
    given: u64,
    spin: u32,
    /// Numbers after which one extra step leaves a short cycle; 0: there is no short cycle.
    cycle: u64,
    /// Numbers until that extra step; 0: never.
    cycle_left: u64,
}

impl Lfsr {
    /// A register over `count` numbers that starts from `seed` and takes `spin` extra steps between two.
    ///
    /// # Errors
    /// [`LfsrError`]: the count, the seed or the spin cannot work.
    pub fn new(count: u64, seed: u64, spin: u32) -> Result<Self, LfsrError> {
        if count == 0 {
            return Err(LfsrError::Empty);
        }
        if spin > SPIN_MAX {
            return Err(LfsrError::Spin { spin });
        }
        let bits = (u64::BITS - count.leading_zeros()).max(3);
        let taps = TAPS.get((bits - 3) as usize).ok_or(LfsrError::TooMany { count })?;
        let feedback = taps.iter().fold(0, |mask, tap| mask | 1 << (tap - 1));
        let top_bit = 1 << (bits - 1);
        let cycle = short_cycle((top_bit << 1) - 1, u64::from(spin));
        // One more the first time, because the seed itself is never given.
        let mut register = Self { feedback, top_bit, value: 0, count, given: 0, spin, cycle, cycle_left: cycle + 1 };
        register.restart(seed);
        if register.value == register.mask() {
            return Err(LfsrError::DeadSeed { seed, count });
        }
        Ok(register)
    }

    /// Starts over from `seed`. The place in the short cycle stays.
    pub fn restart(&mut self, seed: u64) {
        self.given = 0;
        self.value = seed & self.mask();
    }

    /// The next number; `None` when each was given.
    #[inline]
    pub fn next_number(&mut self) -> Option<u64> {
        if self.given >= self.count {
            return None;
        }
        self.given += 1;
        loop {
            let mut steps = self.spin + 1;
            if self.cycle_left > 0 {
                self.cycle_left -= 1;
                if self.cycle_left == 0 {
                    steps += 1;
                    self.cycle_left = self.cycle;
                }
            }
            for _ in 0..steps {
                self.step();
            }
            if self.value < self.count {
                return Some(self.value);
            }
            if self.value == self.mask() {
                // A restart from the dead seed: the register would never leave it.
                return None;
            }
        }
    }

    fn mask(&self) -> u64 {
        (self.top_bit << 1) - 1
    }

    #[inline]
    fn step(&mut self) {
        let shifted = (self.value >> 1) | self.top_bit;
        // Where a zero leaves the register the taps flip, without a branch on a random bit.
        let flip = (self.value & 1).wrapping_sub(1) & self.feedback;
        self.value = shifted ^ flip;
    }
}

/// After how many numbers a register of this period would repeat itself when each number takes `spin + 1` steps;
/// 0: not before all were given.
fn short_cycle(period: u64, spin: u64) -> u64 {
    let quotient = period / (spin + 1);
    let remainder = period % (spin + 1);
    (1..=spin)
        .find(|turns| (remainder * turns).is_multiple_of(spin + 1))
        .map_or(0, |turns| quotient * turns + remainder * turns / (spin + 1))
}
