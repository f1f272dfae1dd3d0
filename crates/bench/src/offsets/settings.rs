//! What decides which I/O is next, as plain values. The names in quotes are fio's options.

use crate::direction::Direction;
use crate::random::floor;

/// Read, write, both, or trim: the direction part of `rw=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// `read`, `randread`.
    Read,
    /// `write`, `randwrite`.
    Write,
    /// `trim`, `randtrim`.
    Trim,
    /// `rw`, `readwrite`, `randrw`: by [`Settings::read_percent`].
    ReadWrite,
    /// `trimwrite`, `randtrimwrite`: each block is trimmed, then written.
    TrimWrite,
}

impl Mix {
    /// Whether the mix has I/Os of this direction.
    #[must_use]
    pub const fn has(self, direction: Direction) -> bool {
        match direction {
            Direction::Read => matches!(self, Self::Read | Self::ReadWrite),
            Direction::Write => matches!(self, Self::Write | Self::ReadWrite | Self::TrimWrite),
            Direction::Trim => matches!(self, Self::Trim | Self::TrimWrite),
        }
    }
}

/// `rw_sequencer`: where the I/Os between two random ones go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequencer {
    /// `sequential`: after the one before.
    Sequential,
    /// `identical`: to the same offset.
    Identical,
}

/// The order of offsets: the other part of `rw=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// One after the other.
    Sequential {
        /// Bytes added to the position before each I/O but the first: `rw=read:8k` leaves holes, `rw=read:-8k` with 4 KiB
        /// blocks goes backwards. 0: none.
        stride_bytes: i64,
    },
    /// At random.
    Random {
        /// A new random offset for each so many I/Os (`rw=randread:8`); 1 is the default, 0 means never.
        change_every: u32,
    },
}

/// A size and its share, of `bssplit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitSize {
    /// Length of an I/O.
    pub bytes: u64,
    /// Percent of the I/Os, 0 to 100.
    pub percent: u32,
}

/// The lengths of I/Os of one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockSize {
    /// The smallest; also what a random offset is a multiple of unless `blockalign` says otherwise. Not 0.
    pub minimum: u64,
    /// The largest.
    pub maximum: u64,
    /// `bssplit`, in order of rising percentage with equal ones in the order of the option; empty: none. The smallest and
    /// the largest of these are then the minimum and the maximum.
    pub split: Vec<SplitSize>,
}

impl BlockSize {
    /// Always the same length.
    #[must_use]
    pub const fn fixed(bytes: u64) -> Self {
        Self::range(bytes, bytes)
    }

    /// `bsrange`.
    #[must_use]
    pub const fn range(minimum: u64, maximum: u64) -> Self {
        Self { minimum, maximum, split: Vec::new() }
    }

    /// `bssplit`, entries in the option's order, missing percentages already shared out.
    #[must_use]
    pub fn split(mut entries: Vec<SplitSize>) -> Self {
        let minimum = entries.iter().map(|entry| entry.bytes).min().unwrap_or_default();
        let maximum = entries.iter().map(|entry| entry.bytes).max().unwrap_or_default();
        entries.sort_by_key(|entry| entry.percent);
        Self { minimum, maximum, split: entries }
    }
}

/// `random_generator`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RandomGenerator {
    /// 32 bits; becomes [`Self::Tausworthe64`] for the second pass over a file of 2³² blocks or more.
    Tausworthe,
    /// 64 bits.
    Tausworthe64,
    /// A shift register: each block once without a map.
    Lfsr,
}

/// A part of the accesses and the part of the file that they go to, of `zoned` and `zoned_abs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone {
    /// Percent of the accesses; those of all zones of a direction add up to 100.
    pub access_percent: u32,
    /// The zone's size: percent of the file for `zoned`, bytes for `zoned_abs`.
    pub size: u64,
}

/// `random_distribution`.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Each block as likely as the other; the only one that keeps a random map.
    Uniform,
    /// `zipf:theta[:center]`.
    Zipf {
        /// Exponent, not 1.
        theta: f64,
        /// Where the most popular block is, 0 to 1.
        center: Option<f64>,
    },
    /// `pareto:h[:center]`.
    Pareto {
        /// Power, above 0 and below 1.
        h: f64,
        /// Where the most popular block is, 0 to 1.
        center: Option<f64>,
    },
    /// `normal:deviation[:center]`.
    Normal {
        /// In percent of the blocks, 0 to 100.
        deviation: f64,
        /// Where the middle is, 0 to 1.
        center: Option<f64>,
    },
    /// `zoned:access/size:…`, sizes in percent; one list for each direction, empty for uniform.
    Zoned([Vec<Zone>; 3]),
    /// `zoned_abs:access/size:…`, sizes in bytes.
    ZonedAbsolute([Vec<Zone>; 3]),
    /// `sequence:block,block,…`.
    Sequence {
        /// Blocks, at least one.
        blocks: Vec<u32>,
        /// `random_sequence_stride`: each turn starts behind the blocks of the one before.
        strides: bool,
    },
}

/// `sprandom` with its options: what a solid-state disk is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpRandom {
    /// `spr_num_regions`, at least 1.
    pub regions: u32,
    /// `spr_op`, above 0 and below 1.
    pub over_provisioning: f64,
    /// `spr_cs`; 0: no cache.
    pub cache_bytes: u64,
}

impl SpRandom {
    /// Bytes of the disk with what it hides: how much is written in all.
    #[must_use]
    pub fn physical_bytes(&self, bytes: u64, block: u64) -> u64 {
        let hidden = floor((bytes as f64 * self.over_provisioning).ceil());
        let physical = bytes.saturating_add(hidden);
        physical - physical % block.max(1)
    }
}

/// `norandommap` and `softrandommap`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapPolicy {
    /// Each block once; no memory for the map is an error.
    Required,
    /// Each block once; without memory for the map, blocks may repeat.
    Soft,
    /// Blocks may repeat.
    None,
}

/// `file_service_type`: how the next file is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FileService {
    /// Any file, as likely as the other.
    Random {
        /// I/Os before the next choice.
        count: u32,
    },
    /// In turn.
    RoundRobin {
        /// I/Os before the next file.
        count: u32,
    },
    /// One file to its end, then the next.
    Sequential,
    /// Some files more than others, by Zipf's law.
    Zipf {
        /// Exponent, not 1.
        theta: f64,
        /// Where the most popular file is, 0 to 1.
        center: Option<f64>,
    },
    /// Some files more than others, by Pareto's law.
    Pareto {
        /// Power, above 0 and below 1.
        h: f64,
        /// Where the most popular file is, 0 to 1.
        center: Option<f64>,
    },
    /// Files in the middle more than others.
    Normal {
        /// In percent of the files, 0 to 100.
        deviation: f64,
        /// Where the middle is, 0 to 1.
        center: Option<f64>,
    },
}

impl FileService {
    /// Whether a file that came to its end is started over instead of being left.
    #[must_use]
    pub const fn starts_over(self) -> bool {
        matches!(self, Self::Zipf { .. } | Self::Pareto { .. } | Self::Normal { .. })
    }
}

/// `zonemode=strided`: I/O stays in a window that moves on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StridedZones {
    /// `zonesize`: bytes before the window moves on. Not 0.
    pub size: u64,
    /// `zonerange`: bytes of the window; 0: the size.
    pub range: u64,
    /// `zoneskip`: bytes between two windows.
    pub skip: u64,
}

/// `fsync`, `fdatasync` and `sync_file_range`: after how many writes; 0: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncEvery {
    /// Writes before an `fsync`.
    pub fsync: u64,
    /// Writes before an `fdatasync`.
    pub fdatasync: u64,
    /// Writes before a `sync_file_range`.
    pub range: u64,
}

/// When a job ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `io_size` in bytes; 0: the size.
    pub io_size: u64,
    /// `number_ios`; 0: any number.
    pub number_ios: u64,
    /// `loops`, at least 1.
    pub loops: u32,
    /// `time_based`: over and over until the caller stops.
    pub time_based: bool,
    /// Whether the engine finishes each I/O before it takes the next. fio counts the bytes of a pass only for engines
    /// that do not, so `loops=2` over random offsets without a map is one long pass with such an engine and two passes
    /// with another.
    pub engine_is_synchronous: bool,
    /// `verify` is on.
    pub verify: bool,
    /// `verify_backlog` is on.
    pub verify_backlog: bool,
    /// `do_verify`, on by default.
    pub do_verify: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            io_size: 0,
            number_ios: 0,
            loops: 1,
            time_based: false,
            engine_is_synchronous: true,
            verify: false,
            verify_backlog: false,
            do_verify: true,
        }
    }
}

/// Everything but the files.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Directions.
    pub mix: Mix,
    /// Sequential or random.
    pub order: Order,
    /// Between two random offsets.
    pub sequencer: Sequencer,
    /// `bs`, `bsrange`, `bssplit` by direction. With [`Self::size_by_order`] those of reads are for sequential I/Os and
    /// those of writes for random ones.
    pub block_sizes: [BlockSize; 3],
    /// `bs_is_seq_rand`.
    pub size_by_order: bool,
    /// `bs_unaligned`: lengths need not be multiples of the smallest.
    pub unaligned: bool,
    /// `blockalign` by direction; 0: the smallest length. Only for random orders; ends the use of a map.
    pub alignment: [u64; 3],
    /// `percentage_random` by direction.
    pub random_percent: [u32; 3],
    /// `rwmixread`: percent of reads, 0 to 100.
    pub read_percent: u32,
    /// Which blocks may come again.
    pub map: MapPolicy,
    /// `random_generator`.
    pub generator: RandomGenerator,
    /// `random_generator` was set by the user: it is then kept whatever the size.
    pub generator_is_set: bool,
    /// `random_distribution`.
    pub distribution: Distribution,
    /// `sprandom`: writes are those that prepare a disk. With a register ([`RandomGenerator::Lfsr`]) only.
    pub sprandom: Option<SpRandom>,
    /// `zonemode=strided`.
    pub strided: Option<StridedZones>,
    /// `file_service_type`.
    pub file_service: FileService,
    /// `openfiles`; 0: all.
    pub open_files: usize,
    /// Syncs among the writes.
    pub sync_every: SyncEvery,
    /// When to end.
    pub limits: Limits,
}

impl Settings {
    /// Whether a file that came to its end is started over in the same pass, with what was written to it still under way.
    #[must_use]
    pub const fn starts_over(&self) -> bool {
        self.limits.time_based || self.file_service.starts_over()
    }

    /// Whether a pass comes to its end before the job's time does.
    ///
    /// Parity: fio 3.33 counts what a pass of a `time_based` job has moved when I/Os are queued, which those never are that are over
    /// at once.
    #[must_use]
    pub const fn passes_end(&self) -> bool {
        !(self.limits.time_based && self.limits.engine_is_synchronous)
    }

    /// Whether no block is written twice in a pass, so that the last write of each is its only one. A job that is `time_based`
    /// counts each time that it [starts over](Self::starts_over) as a pass.
    ///
    /// Parity: fio 3.33 takes it for so with file services that start over, too, and finds what was written last wrong.
    #[must_use]
    pub fn writes_once(&self) -> bool {
        let write = Direction::Write.index();
        match self.order {
            // What jumps, or goes on behind the end, comes by again.
            Order::Sequential { stride_bytes } => {
                stride_bytes == 0 && self.strided.is_none() && !self.limits.time_based
            }
            // Blocks of several sizes may overlap even where each is drawn once, and what lies between two that are drawn
            // does not look at the map.
            Order::Random { change_every } => {
                let size = &self.block_sizes[write];
                let draws_all = change_every == 1 && self.random_percent[write] == 100;
                let fixed =
                    self.block_sizes.iter().all(|other| (other.minimum, other.maximum) == (size.minimum, size.minimum));
                let maps = self.map != MapPolicy::None && !self.file_service.starts_over();
                draws_all && fixed && maps && self.distribution == Distribution::Uniform
            }
        }
    }

    /// Blocks of one length in one order, everything else as fio has it by default.
    #[must_use]
    pub fn new(mix: Mix, order: Order, block_bytes: u64) -> Self {
        Self {
            mix,
            order,
            sequencer: Sequencer::Sequential,
            block_sizes: std::array::from_fn(|_| BlockSize::fixed(block_bytes)),
            size_by_order: false,
            unaligned: false,
            alignment: [0; 3],
            random_percent: [100; 3],
            read_percent: 50,
            map: MapPolicy::Required,
            generator: RandomGenerator::Tausworthe,
            generator_is_set: false,
            distribution: Distribution::Uniform,
            sprandom: None,
            strided: None,
            file_service: FileService::RoundRobin { count: 1 },
            open_files: 0,
            sync_every: SyncEvery::default(),
            limits: Limits::default(),
        }
    }

    /// The smallest block of all directions, also of those that the mix does not have: fio's unit of maps and sizes.
    #[must_use]
    pub fn smallest_block(&self) -> u64 {
        self.block_sizes.iter().map(|size| size.minimum).min().unwrap_or_default()
    }

    /// The largest block of all directions.
    #[must_use]
    pub fn largest_block(&self) -> u64 {
        self.block_sizes.iter().map(|size| size.maximum).max().unwrap_or_default()
    }
}
