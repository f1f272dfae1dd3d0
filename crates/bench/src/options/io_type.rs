//! What kind of I/O: the directions, how offsets are chosen, and what is synced when.

use super::JobOptions;
use super::kind::{
    Share, ValueError, boolean, choice, custom, deprecated, flag, number, numbers, removed, share, unsupported, word,
};
use super::limits::SEQUENCE_ENTRIES_MAX;
use super::number::{KbBase, whole, whole_u64};
use super::option::{Section, option};
use super::per_direction::PerDirection;
use super::split::{ZoneEntry, zones};
use super::target_file::Law;

/// The directions of a job and whether its offsets are random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Workload {
    /// Reads in sequence.
    #[default]
    Read,
    /// Writes in sequence.
    Write,
    /// Trims in sequence.
    Trim,
    /// Reads at random offsets.
    RandomRead,
    /// Writes at random offsets.
    RandomWrite,
    /// Trims at random offsets.
    RandomTrim,
    /// Reads and writes in sequence.
    ReadWrite,
    /// Reads and writes at random offsets.
    RandomReadWrite,
    /// Each block trimmed, then written, in sequence.
    TrimWrite,
    /// Each block trimmed, then written, at random offsets.
    RandomTrimWrite,
}

impl Workload {
    /// Whether it reads.
    #[must_use]
    pub const fn reads(self) -> bool {
        matches!(self, Self::Read | Self::RandomRead | Self::ReadWrite | Self::RandomReadWrite)
    }

    /// Whether it writes.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(
            self,
            Self::Write
                | Self::RandomWrite
                | Self::ReadWrite
                | Self::RandomReadWrite
                | Self::TrimWrite
                | Self::RandomTrimWrite
        )
    }

    /// Whether it trims.
    #[must_use]
    pub const fn trims(self) -> bool {
        matches!(self, Self::Trim | Self::RandomTrim | Self::TrimWrite | Self::RandomTrimWrite)
    }

    /// Whether its offsets are random.
    #[must_use]
    pub const fn is_random(self) -> bool {
        matches!(
            self,
            Self::RandomRead | Self::RandomWrite | Self::RandomTrim | Self::RandomReadWrite | Self::RandomTrimWrite
        )
    }

    /// What results call it: the one name of those that stand for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Trim => "trim",
            Self::RandomRead => "randread",
            Self::RandomWrite => "randwrite",
            Self::RandomTrim => "randtrim",
            Self::ReadWrite => "rw",
            Self::RandomReadWrite => "randrw",
            Self::TrimWrite => "trimwrite",
            Self::RandomTrimWrite => "randtrimwrite",
        }
    }
}

/// How offsets go on within the blocks that `rw=…:N` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RwSequencer {
    /// In sequence, from a random offset.
    #[default]
    Sequential,
    /// The same offset again.
    Identical,
}

/// Whether results tell reads, writes and trims apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnifiedReporting {
    /// Each direction by itself.
    #[default]
    None,
    /// All together.
    Mixed,
    /// Each by itself, and all together.
    Both,
}

/// How space is reserved when a file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fallocate {
    /// Not at all.
    #[default]
    None,
    /// By `fallocate`, if the file system can.
    Native,
    /// By `posix_fallocate`.
    Posix,
    /// By `fallocate`, without changing the size.
    Keep,
    /// By extending the file with `ftruncate`.
    Truncate,
}

/// What the kernel is told of the offsets to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FadviseHint {
    /// Nothing.
    None,
    /// What the workload is.
    #[default]
    Workload,
    /// That they are random.
    Random,
    /// That they are sequential.
    Sequential,
}

/// How long written data is expected to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteHint {
    /// Nothing is said.
    #[default]
    NotSet,
    /// Nothing is known.
    None,
    /// Short.
    Short,
    /// Medium.
    Medium,
    /// Long.
    Long,
    /// Extremely long.
    Extreme,
}

/// Whether each write is synchronous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sync {
    /// It is not.
    #[default]
    None,
    /// `O_SYNC`.
    Sync,
    /// `O_DSYNC`.
    DataSync,
}

/// What `sync_file_range` does, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncFileRange {
    /// `SYNC_FILE_RANGE_WAIT_BEFORE`.
    pub wait_before: bool,
    /// `SYNC_FILE_RANGE_WRITE`.
    pub write: bool,
    /// `SYNC_FILE_RANGE_WAIT_AFTER`.
    pub wait_after: bool,
    /// After how many writes; 0 is never.
    pub blocks: u32,
}

/// How random offsets are distributed.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum RandomDistribution {
    /// Each as likely.
    #[default]
    Random,
    /// By Zipf's law.
    Zipf {
        /// Its exponent, not 1.
        theta: f64,
        /// Where the likeliest offset is, 0 to 1; none is where chance puts it.
        center: Option<f64>,
    },
    /// By Pareto's law.
    Pareto {
        /// Its power, above 0 and below 1.
        power: f64,
        /// Where the likeliest offset is, 0 to 1; none is where chance puts it.
        center: Option<f64>,
    },
    /// By the normal distribution.
    Normal {
        /// Standard deviation in per cent of the range.
        deviation: f64,
        /// Where the likeliest offset is, 0 to 1; none is where chance puts it.
        center: Option<f64>,
    },
    /// By shares of accesses for shares of the range.
    Zoned(PerDirection<Vec<ZoneEntry>>),
    /// By shares of accesses for sizes.
    ZonedAbsolute(PerDirection<Vec<ZoneEntry>>),
    /// These blocks, one after the other, over and over.
    Sequence(Vec<u32>),
}

/// What draws random offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RandomGenerator {
    /// Combined Tausworthe, 32 bits.
    #[default]
    Tausworthe,
    /// Linear feedback shift register: each offset once, without a map.
    Lfsr,
    /// Combined Tausworthe, 64 bits.
    Tausworthe64,
}

/// Values of the options of this group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IoType {
    /// The directions, and whether offsets are random.
    pub rw: Workload,
    /// `rw=rand…:N`: a new random offset only every N blocks.
    pub rw_sequence_count: u32,
    /// `rw=…:SIZE` without `rand`: so many bytes are skipped after each block; may be negative.
    pub rw_sequence_add: i64,
    /// How offsets go on within `rw_sequence_count` blocks.
    pub rw_sequencer: RwSequencer,
    /// The page cache is gone round.
    pub direct: bool,
    /// Writes are atomic.
    pub atomic: bool,
    /// Whether each write is synchronous.
    pub sync: Sync,
    /// Whether results tell directions apart.
    pub unified_rw_reporting: UnifiedReporting,
    /// The seed is the same in every run.
    pub randrepeat: bool,
    /// The same for everything that is random, not only offsets.
    pub allrandrepeat: bool,
    /// The seed.
    pub randseed: u64,
    /// How space is reserved when a file is laid out.
    pub fallocate: Fallocate,
    /// What the kernel is told of the offsets to come.
    pub fadvise_hint: FadviseHint,
    /// How long written data is expected to live.
    pub write_hint: WriteHint,
    /// I/O starts here.
    pub offset: Share,
    /// A start in per cent is rounded up to a multiple of this; 0 is the block size.
    pub offset_align: u32,
    /// The start of each further job of `numjobs` is so much further.
    pub offset_increment: Share,
    /// The job ends after this many blocks; 0 is no limit.
    pub number_ios: u64,
    /// A sync after so many writes; 0 is never.
    pub fsync: u32,
    /// A data sync after so many writes; 0 is never.
    pub fdatasync: u32,
    /// What `sync_file_range` does, and when.
    pub sync_file_range: SyncFileRange,
    /// A file is filled before it is written.
    pub overwrite: bool,
    /// A sync at the end of the job.
    pub end_fsync: bool,
    /// A sync of the whole file systems at the end of the job.
    pub end_syncfs: bool,
    /// A sync when a file is closed.
    pub fsync_on_close: bool,
    /// Reads in per cent of reads and writes; `rwmixwrite` sets it as well.
    pub rwmixread: u32,
    /// How random offsets are distributed.
    pub random_distribution: RandomDistribution,
    /// With `random_distribution=sequence`: each turn of the sequence starts behind the blocks of the one before.
    pub random_sequence_stride: bool,
    /// How many of the blocks have a random offset, in per cent.
    pub percentage_random: PerDirection<u32>,
    /// A block may come twice, others never.
    pub norandommap: bool,
    /// As `norandommap`, if there is no memory for the map.
    pub softrandommap: bool,
    /// What draws random offsets.
    pub random_generator: RandomGenerator,
}

pub(super) const SECTION: Section = Section {
    title: "I/O type",
    options: &[
        option(
            "rw",
            &choice(
                |options| &mut options.io_type.rw,
                &[
                    word("read", Workload::Read, "reads in sequence"),
                    word("write", Workload::Write, "writes in sequence"),
                    word("trim", Workload::Trim, "trims in sequence"),
                    word("randread", Workload::RandomRead, "reads at random offsets"),
                    word("randwrite", Workload::RandomWrite, "writes at random offsets"),
                    word("randtrim", Workload::RandomTrim, "trims at random offsets"),
                    word("rw", Workload::ReadWrite, "reads and writes in sequence"),
                    word("readwrite", Workload::ReadWrite, "the same as rw"),
                    word("randrw", Workload::RandomReadWrite, "reads and writes at random offsets"),
                    word("trimwrite", Workload::TrimWrite, "trims each block, then writes it"),
                    word("randtrimwrite", Workload::RandomTrimWrite, "trims each block, then writes it, at random offsets"),
                ],
            )
            .postfix(rw_postfix),
            "Directions and order; :N makes every Nth offset random, or skips N bytes in sequence",
        )
        .aliases(&["readwrite"])
        .default("read"),
        option(
            "rw_sequencer",
            &choice(
                |options| &mut options.io_type.rw_sequencer,
                &[
                    word("sequential", RwSequencer::Sequential, "in sequence"),
                    word("identical", RwSequencer::Identical, "the same offset again"),
                ],
            ),
            "How offsets go on within the N blocks of rw=…:N",
        )
        .default("sequential"),
        option("direct", &boolean(|options| &mut options.io_type.direct, false), "Go round the page cache (O_DIRECT)")
            .default("0"),
        option("buffered", &boolean(|options| &mut options.io_type.direct, true), "Use the page cache: the opposite of direct")
            .default("1"),
        option("atomic", &boolean(|options| &mut options.io_type.atomic, false), "Atomic writes; implies direct").default("0"),
        option(
            "sync",
            &choice(
                |options| &mut options.io_type.sync,
                &[
                    word("none", Sync::None, "writes are not synchronous"),
                    word("0", Sync::None, "the same as none"),
                    word("sync", Sync::Sync, "O_SYNC"),
                    word("1", Sync::Sync, "the same as sync"),
                    word("dsync", Sync::DataSync, "O_DSYNC"),
                ],
            ),
            "Whether each write is synchronous",
        )
        .default("none"),
        option(
            "unified_rw_reporting",
            &choice(
                |options| &mut options.io_type.unified_rw_reporting,
                &[
                    word("none", UnifiedReporting::None, "each direction by itself"),
                    word("mixed", UnifiedReporting::Mixed, "all together"),
                    word("both", UnifiedReporting::Both, "each by itself and all together"),
                    word("0", UnifiedReporting::None, "the same as none"),
                    word("1", UnifiedReporting::Mixed, "the same as mixed"),
                    word("2", UnifiedReporting::Both, "the same as both"),
                ],
            ),
            "Whether results tell reads, writes and trims apart",
        )
        .default("none"),
        option("randrepeat", &boolean(|options| &mut options.io_type.randrepeat, false), "The same random offsets in every run")
            .default("1")
            .below("rw"),
        option(
            "allrandrepeat",
            &boolean(|options| &mut options.io_type.allrandrepeat, false),
            "The same in every run for everything that is random",
        )
        .default("0"),
        option("randseed", &number(|options| &mut options.io_type.randseed), "Seed of the random generators")
            .default("0x89")
            .below("rw"),
        option(
            "fallocate",
            &choice(
                |options| &mut options.io_type.fallocate,
                &[
                    word("none", Fallocate::None, "not at all"),
                    word("native", Fallocate::Native, "fallocate(2), if the file system can"),
                    word("posix", Fallocate::Posix, "posix_fallocate(3)"),
                    word("keep", Fallocate::Keep, "fallocate(2) that keeps the size"),
                    word("truncate", Fallocate::Truncate, "ftruncate(2) to the size"),
                    word("0", Fallocate::None, "the same as none"),
                    word("1", Fallocate::Posix, "the same as posix"),
                ],
            ),
            "How space is reserved when a file is laid out",
        )
        .default("native"),
        option(
            "fadvise_hint",
            &choice(
                |options| &mut options.io_type.fadvise_hint,
                &[
                    word("0", FadviseHint::None, "say nothing"),
                    word("1", FadviseHint::Workload, "say what the workload is"),
                    word("random", FadviseHint::Random, "say that offsets are random"),
                    word("sequential", FadviseHint::Sequential, "say that offsets are sequential"),
                ],
            ),
            "What the kernel is told of the offsets to come",
        )
        .default("1"),
        option(
            "write_hint",
            &choice(
                |options| &mut options.io_type.write_hint,
                &[
                    word("none", WriteHint::None, "nothing is known"),
                    word("short", WriteHint::Short, "short"),
                    word("medium", WriteHint::Medium, "medium"),
                    word("long", WriteHint::Long, "long"),
                    word("extreme", WriteHint::Extreme, "extremely long"),
                ],
            ),
            "How long written data is expected to live",
        ),
        option("offset", &share(|options| &mut options.io_type.offset), "Start I/O here, in bytes or per cent")
            .aliases(&["fileoffset"])
            .default("0"),
        option(
            "offset_align",
            &number(|options| &mut options.io_type.offset_align),
            "Round a start in per cent up to a multiple of this; 0 is the block size",
        )
        .default("0"),
        option(
            "offset_increment",
            &share(|options| &mut options.io_type.offset_increment),
            "Start each further job of numjobs so much further",
        )
        .default("0")
        .below("offset"),
        option("number_ios", &number(|options| &mut options.io_type.number_ios), "End the job after this many blocks")
            .default("0"),
        option("fsync", &number(|options| &mut options.io_type.fsync), "Sync after this many writes").default("0"),
        option("fdatasync", &number(|options| &mut options.io_type.fdatasync), "Sync the data after this many writes")
            .default("0"),
        option("write_barrier", &deprecated(), "Without effect: no engine makes a barrier of a write").default("0"),
        option(
            "sync_file_range",
            &custom("wait_before, write and wait_after with commas between, :N after them", sync_file_range),
            "Call sync_file_range(2) after N writes",
        ),
        option("overwrite", &boolean(|options| &mut options.io_type.overwrite, false), "Fill a file before it is written")
            .default("0"),
        option("end_fsync", &boolean(|options| &mut options.io_type.end_fsync, false), "Sync at the end of the job")
            .default("0"),
        option("fsync_on_close", &boolean(|options| &mut options.io_type.fsync_on_close, false), "Sync a file when it is closed")
            .default("0"),
        option("rwmixread", &custom("a number from 0 to 100", |options, text| mix(options, text, false)), "Reads in per cent of a mix")
            .default("50"),
        option("rwmixwrite", &custom("a number from 0 to 100", |options, text| mix(options, text, true)), "Writes in per cent of a mix")
            .default("50"),
        option("rwmixcycle", &removed("rwmixread alone says how reads and writes are mixed"), "Removed"),
        option(
            "random_distribution",
            &custom(
                "random, zipf:THETA[:CENTER], pareto:POWER[:CENTER], normal:DEVIATION[:CENTER], zoned:ACCESS/SIZE:…, zoned_abs:ACCESS/SIZE:… or sequence:BLOCK,BLOCK,…",
                random_distribution,
            ),
            "How random offsets are distributed",
        )
        .default("random"),
        option(
            "random_sequence_stride",
            &boolean(|options| &mut options.io_type.random_sequence_stride, false),
            "Move a sequence on by its length each time it is through",
        )
        .default("0")
        .below("random_distribution"),
        option(
            "percentage_random",
            &numbers(|options| &mut options.io_type.percentage_random).within(0, 100),
            "How many of the blocks of a random workload are at random offsets, in per cent",
        )
        .default("100,100,100"),
        option("percentage_sequential", &removed("use percentage_random"), "Removed"),
        option("norandommap", &flag(|options| &mut options.io_type.norandommap), "Let random blocks come twice, others never")
            .below("rw"),
        option(
            "softrandommap",
            &boolean(|options| &mut options.io_type.softrandommap, false),
            "As norandommap, if there is no memory for the map",
        )
        .default("0")
        .below("norandommap"),
        option(
            "random_generator",
            &choice(
                |options| &mut options.io_type.random_generator,
                &[
                    word("tausworthe", RandomGenerator::Tausworthe, "combined Tausworthe, 32 bits"),
                    word("lfsr", RandomGenerator::Lfsr, "shift register: each block once, without a map"),
                    word("tausworthe64", RandomGenerator::Tausworthe64, "combined Tausworthe, 64 bits"),
                ],
            ),
            "What draws random offsets",
        )
        .default("tausworthe"),
        option(
            "end_syncfs",
            &boolean(|options| &mut options.io_type.end_syncfs, false),
            "Sync the file systems of the files at the end of the job, each with one syncfs(2)",
        )
        .default("0"),
        option("num_range", &unsupported("trims of several ranges belong to io_uring_cmd"), "Ranges of one trim"),
        option("fdp", &unsupported(PLACEMENT), "Data placement of NVMe"),
        option("dataplacement", &unsupported(PLACEMENT), "What kind of data placement").aliases(&["data_placement"]),
        option("plid_select", &unsupported(PLACEMENT), "How the next placement is chosen").aliases(&["fdp_pli_select"]),
        option("plids", &unsupported(PLACEMENT), "The placements to use").aliases(&["fdp_pli"]),
        option("dp_scheme", &unsupported(PLACEMENT), "A file that says which offsets are placed where"),
    ],
};

const PLACEMENT: &str = "data placement belongs to io_uring_cmd";

fn rw_postfix(options: &mut JobOptions, postfix: Option<&str>) -> Result<(), ValueError> {
    let base = options.description.kb_base;
    let group = &mut options.io_type;
    group.rw_sequence_count = 1;
    group.rw_sequence_add = 0;
    let Some(text) = postfix else { return Ok(()) };
    let text = text.trim();
    if group.rw.is_random() {
        let count = whole_u64(text, KbBase::Binary).and_then(|count| u32::try_from(count).ok());
        let count = count.filter(|count| *count > 0);
        group.rw_sequence_count =
            count.ok_or_else(|| ValueError::malformed(text, "a number of blocks for each random offset"))?;
    } else {
        let add = whole(text, base).and_then(|add| i64::try_from(add).ok());
        group.rw_sequence_add = add.ok_or_else(|| ValueError::malformed(text, "a size to skip after each block"))?;
    }
    Ok(())
}

fn mix(options: &mut JobOptions, text: &str, of_writes: bool) -> Result<(), ValueError> {
    let percent = whole(text, options.description.kb_base).and_then(|percent| u32::try_from(percent).ok());
    let percent = percent.filter(|percent| *percent <= 100);
    let percent = percent.ok_or_else(|| ValueError::malformed(text, "a number from 0 to 100"))?;
    options.io_type.rwmixread = if of_writes { 100 - percent } else { percent };
    Ok(())
}

fn sync_file_range(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    let (words, count) = match text.split_once(':') {
        Some((words, count)) => (words, Some(count)),
        None => (text, None),
    };
    let mut range = SyncFileRange { blocks: 1, ..SyncFileRange::default() };
    for word in words.split(',').map(str::trim) {
        match word {
            "wait_before" => range.wait_before = true,
            "write" => range.write = true,
            "wait_after" => range.wait_after = true,
            _ => return Err(ValueError::malformed(word, "wait_before, write or wait_after")),
        }
    }
    if let Some(count) = count {
        range.blocks = count.trim().parse().map_err(|_| ValueError::malformed(count, "a number of writes"))?;
    }
    options.io_type.sync_file_range = range;
    Ok(())
}

fn random_distribution(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    const WORDS: [&str; 7] = ["random", "zipf", "pareto", "normal", "zoned", "zoned_abs", "sequence"];
    let (name, postfix) = match text.split_once(':') {
        Some((name, postfix)) => (name, Some(postfix)),
        None => (text, None),
    };
    let base = options.description.kb_base;
    options.io_type.random_distribution = match name {
        "random" => RandomDistribution::Random,
        "zipf" => {
            let (theta, center) = Law::Zipf.parameters(postfix)?;
            RandomDistribution::Zipf { theta, center }
        }
        "pareto" => {
            let (power, center) = Law::Pareto.parameters(postfix)?;
            RandomDistribution::Pareto { power, center }
        }
        "normal" => {
            let (deviation, center) = Law::Normal.parameters(postfix)?;
            RandomDistribution::Normal { deviation, center }
        }
        "zoned" => RandomDistribution::Zoned(zones(postfix.unwrap_or_default(), false, base)?),
        "zoned_abs" => RandomDistribution::ZonedAbsolute(zones(postfix.unwrap_or_default(), true, base)?),
        "sequence" => RandomDistribution::Sequence(sequence(postfix.unwrap_or_default())?),
        _ => {
            let nearest = super::kind::nearest(name, WORDS);
            return Err(ValueError::NoSuchWord { text: name.to_owned(), words: WORDS.to_vec(), nearest });
        }
    };
    Ok(())
}

/// The blocks of a sequence: whole numbers with commas between.
fn sequence(text: &str) -> Result<Vec<u32>, ValueError> {
    let blocks = text.split(',').take(SEQUENCE_ENTRIES_MAX + 1).map(|block| {
        let block = block.trim();
        let is_number = block.bytes().all(|digit| digit.is_ascii_digit());
        let number = is_number.then(|| block.parse().ok()).flatten();
        number.ok_or_else(|| ValueError::malformed(block, "the number of a block: sequence:2,0,1"))
    });
    let blocks = blocks.collect::<Result<Vec<_>, _>>()?;
    if blocks.len() > SEQUENCE_ENTRIES_MAX {
        return Err(ValueError::TooMany { limit: SEQUENCE_ENTRIES_MAX, what: "blocks" });
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::find;

    fn set(name: &str, value: &str) -> Result<IoType, ValueError> {
        let mut options = JobOptions::default();
        options.set(find(name).unwrap(), Some(value))?;
        Ok(options.io_type)
    }

    #[test]
    fn what_follows_rw_counts_blocks_or_bytes() {
        let sequence = |text| set("rw", text).map(|group| (group.rw_sequence_count, group.rw_sequence_add));
        assert_eq!(sequence("randread"), Ok((1, 0)));
        assert_eq!(sequence("randread:8"), Ok((8, 0)));
        assert_eq!(sequence("write:8k"), Ok((1, 8192)));
        assert_eq!(sequence("read:-4k"), Ok((1, -4096)));
        for text in ["randread:x", "randread:0", "write:x", "write:"] {
            assert!(sequence(text).is_err(), "{text}");
        }
    }

    #[test]
    fn distributions_have_their_parameters() {
        let distribution = |text| set("random_distribution", text).map(|group| group.random_distribution);
        assert_eq!(distribution("zipf"), Ok(RandomDistribution::Zipf { theta: 1.1, center: None }));
        assert_eq!(distribution("zipf:1.3:0.5"), Ok(RandomDistribution::Zipf { theta: 1.3, center: Some(0.5) }));
        assert_eq!(distribution("pareto"), Ok(RandomDistribution::Pareto { power: 0.2, center: None }));
        assert_eq!(distribution("normal:20"), Ok(RandomDistribution::Normal { deviation: 20.0, center: None }));
        assert!(matches!(distribution("zoned:60/10:40/90"), Ok(RandomDistribution::Zoned(_))));
        assert!(matches!(distribution("zoned_abs:60/1g:40/2g"), Ok(RandomDistribution::ZonedAbsolute(_))));
        for text in ["zipf:1", "pareto:2", "normal:-1", "zipf:1.1:2", "zoned", "zoned:50/50"] {
            assert!(distribution(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_sequence_is_a_list_of_blocks() {
        let read = |text: &str| match set("random_distribution", text)?.random_distribution {
            RandomDistribution::Sequence(blocks) => Ok(blocks),
            other => panic!("{other:?}"),
        };
        assert_eq!(read("sequence:2,0, 1"), Ok(vec![2, 0, 1]));
        let most = format!("sequence:{}", vec!["7"; SEQUENCE_ENTRIES_MAX].join(","));
        assert_eq!(read(&most).unwrap().len(), SEQUENCE_ENTRIES_MAX);
        let limit = ValueError::TooMany { limit: SEQUENCE_ENTRIES_MAX, what: "blocks" };
        assert_eq!(read(&format!("{most},7")), Err(limit));
        for text in ["sequence", "sequence:", "sequence:1,,2", "sequence:-1", "sequence:+1", "sequence:4294967296"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn mixes_and_sync_file_range() {
        assert_eq!(set("rwmixread", "70").unwrap().rwmixread, 70);
        assert_eq!(set("rwmixwrite", "70").unwrap().rwmixread, 30);
        assert!(set("rwmixread", "101").is_err());
        let range = SyncFileRange { write: true, wait_after: true, blocks: 8, ..SyncFileRange::default() };
        assert_eq!(set("sync_file_range", "write,wait_after:8").unwrap().sync_file_range, range);
        assert!(set("sync_file_range", "write,x").is_err() && set("sync_file_range", "write:x").is_err());
    }
}
