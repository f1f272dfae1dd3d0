//! Makes an [`Offsets`] of settings: options that depend on each other are brought together as fio does it, and each file
//! gets what its random order needs.

use super::file::Skewed;
use super::layout::Layout;
use super::plain::Plain;
use super::random_map::RandomMap;
use super::settings::{
    BlockSize, Distribution, Limits, MapPolicy, Mix, Order, RandomGenerator, Settings, StridedZones, Zone,
};
use super::sprandom::{SpRandomBlocks, SpRandomError};
use super::{Directions, FileChoice, FileState, Lengths, Offsets, Passes, Phase, Positions, RandomBlocks, Sequencer};
use crate::direction::Direction;
use crate::random::Width;
use crate::random::lfsr::{Lfsr, LfsrError};
use crate::random::normal::Normal;
use crate::random::pareto::Pareto;
use crate::random::seeds::{Purpose, Seeds};
use crate::random::zipf::{Placement, Zipf};

/// Why settings cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A block of nothing, or a smallest one above the largest.
    #[error("the {direction} block sizes from {minimum} to {maximum} bytes are no range: set bs= to at least 1 byte")]
    BlockSize {
        /// Of which I/Os.
        direction: &'static str,
        /// Smallest.
        minimum: u64,
        /// Largest.
        maximum: u64,
    },
    /// No memory for the random map.
    #[error(
        "no memory for the random map of {name} ({blocks} blocks): set norandommap, softrandommap or \
         random_generator=lfsr"
    )]
    MapMemory {
        /// The file.
        name: String,
        /// Its blocks.
        blocks: u64,
    },
    /// The shift register cannot work.
    #[error(transparent)]
    Lfsr(#[from] LfsrError),
    /// Accesses of zones do not add up.
    #[error("the accesses of the {direction} zones add up to {percent} %: random_distribution= wants 100 %")]
    ZoneAccess {
        /// Of which I/Os.
        direction: &'static str,
        /// The sum.
        percent: u64,
    },
    /// Zones are larger than the file.
    #[error(
        "the {direction} zones are larger than {name}: random_distribution= wants at most 100 % or the file's size"
    )]
    ZonesBeyondFile {
        /// Of which I/Os.
        direction: &'static str,
        /// The file.
        name: String,
    },
    /// A sequence has a block that the file does not have.
    #[error("random_distribution=sequence: there is no block {block}; {name} has {blocks}, from 0")]
    SequenceBeyondFile {
        /// The block.
        block: u32,
        /// The file.
        name: String,
        /// Its blocks.
        blocks: u64,
    },
    /// A disk cannot be prepared.
    #[error(transparent)]
    SpRandom(#[from] SpRandomError),
    /// A window of nothing.
    #[error("zonesize=0: set the bytes of a zone")]
    ZoneSize,
}

impl Offsets {
    /// The generator of a job.
    ///
    /// Cost: the random maps (one bit a block), and for `zipf` one power for each block up to ten million of each file.
    ///
    /// # Errors
    /// [`SettingsError`]: which setting cannot work with these files.
    pub fn new(settings: &Settings, layout: &Layout, seeds: Seeds) -> Result<Self, SettingsError> {
        check_block_sizes(&settings.block_sizes)?;
        let settings = &writes_all_of_a_disk(settings, layout)?;
        let mut positions = positions(settings, layout.files.len())?;
        let map = map_policy(settings, &positions);
        let mut width = match settings.generator {
            RandomGenerator::Tausworthe64 => Width::Bits64,
            RandomGenerator::Tausworthe | RandomGenerator::Lfsr => Width::Bits32,
        };
        let lengths = Direction::ALL.map(|direction| {
            let purpose = length_purpose(direction, settings.mix, settings.limits.verify);
            let size = &settings.block_sizes[direction.index()];
            Lengths::new(size, settings.unaligned, seeds.generator(purpose, width))
        });
        let blocks = RandomBlocks::new(settings, positions.alignment, &seeds, seeds.generator(Purpose::Block, width));
        let mut choice = FileChoice::new(settings.file_service, settings.open_files, layout.files.len());
        choice.seed(&seeds, width, layout.files.len());
        let files = files(settings, layout, &seeds, &positions, map)?;
        if positions.is_random && exceeds_32_bits(settings, &files) {
            // The draws that were seeded stay; those of the next pass are wide.
            width = Width::Bits64;
        }
        positions.starts_over = settings.starts_over();
        let directions =
            Directions::new(settings.mix, settings.read_percent, settings.sync_every, seeds.taus88(Purpose::Mix));
        let mut offsets = Self {
            plain: None,
            mix: settings.mix,
            verify: settings.limits.verify,
            width,
            files,
            choice,
            directions,
            blocks,
            lengths,
            order_draws: std::array::from_fn(|_| seeds.taus88(Purpose::SequentialRead)),
            passes: Passes::new(settings, map, positions.is_random, layout.size),
            phase: Phase::BeforeFirst,
            until_change: 1,
            ignores_map: false,
            zone_bytes: 0,
            forgets_done: forgets_done(settings.limits),
            started_over: None,
            positions,
            seeds,
        };
        offsets.plain = Plain::of(&offsets);
        Ok(offsets)
    }
}

/// With `sprandom`, as much is written as the disk has with what it hides.
fn writes_all_of_a_disk(settings: &Settings, layout: &Layout) -> Result<Settings, SettingsError> {
    let mut settings = settings.clone();
    match (settings.sprandom, layout.files.as_slice()) {
        (None, _) => {}
        (Some(sprandom), [range]) => {
            settings.limits.io_size = sprandom.physical_bytes(range.length.min(range.size), block_of_writes(&settings));
        }
        (Some(_), files) => return Err(SpRandomError::Files(files.len()).into()),
    }
    Ok(settings)
}

fn block_of_writes(settings: &Settings) -> u64 {
    settings.block_sizes[Direction::Write.index()].minimum
}

/// Whose stream the lengths of a direction are drawn from. Reads that verify have to find the lengths of the writes, and
/// writes those of the trims before them.
pub(super) fn length_purpose(direction: Direction, mix: Mix, verify: bool) -> Purpose {
    match direction {
        Direction::Read => Purpose::ReadBlockSize,
        Direction::Write if verify => Purpose::ReadBlockSize,
        Direction::Write => Purpose::WriteBlockSize,
        Direction::Trim if mix == Mix::TrimWrite => length_purpose(Direction::Write, mix, verify),
        Direction::Trim => Purpose::TrimBlockSize,
    }
}

/// Without this fio counts files of the pass before as done, and the next pass has none.
fn forgets_done(limits: Limits) -> bool {
    limits.time_based || limits.loops > 1 || limits.do_verify
}

fn check_block_sizes(sizes: &[BlockSize; 3]) -> Result<(), SettingsError> {
    for (direction, size) in Direction::ALL.into_iter().zip(sizes) {
        let (minimum, maximum) = (size.minimum, size.maximum);
        if minimum == 0 || minimum > maximum {
            return Err(SettingsError::BlockSize { direction: direction.name(), minimum, maximum });
        }
    }
    Ok(())
}

/// The position options; those that need the files' end are completed by the caller.
fn positions(settings: &Settings, files: usize) -> Result<Positions, SettingsError> {
    let (is_random, change_every, stride_bytes) = match settings.order {
        Order::Sequential { stride_bytes } => (false, 1, stride_bytes),
        Order::Random { change_every } => (true, change_every, 0),
    };
    let open_files = if settings.open_files == 0 { files } else { settings.open_files.min(files) };
    let strided = match settings.strided {
        Some(StridedZones { size: 0, .. }) => return Err(SettingsError::ZoneSize),
        // A window over several open files at once is no window.
        Some(_) if open_files > 1 => None,
        Some(zones) => Some(StridedZones { range: if zones.range == 0 { zones.size } else { zones.range }, ..zones }),
        None => None,
    };
    let alignment = Direction::ALL.map(|direction| match settings.alignment[direction.index()] {
        bytes if is_random && bytes > 0 => bytes,
        _ => settings.block_sizes[direction.index()].minimum,
    });
    Ok(Positions {
        is_random,
        change_every,
        stride_bytes,
        sequencer: if is_random { settings.sequencer } else { Sequencer::Sequential },
        random_percent: settings.random_percent,
        alignment,
        strided,
        size_by_order: settings.size_by_order,
        trims_then_writes: is_random && settings.mix == Mix::TrimWrite,
        wraps: settings.limits.time_based && files == 1,
        starts_over: false,
    })
}

/// Skewed distributions and alignments of their own leave no use for a map.
fn map_policy(settings: &Settings, positions: &Positions) -> MapPolicy {
    let own_alignment =
        positions.alignment.iter().zip(&settings.block_sizes).any(|(bytes, size)| *bytes != size.minimum);
    if own_alignment || settings.distribution != Distribution::Uniform { MapPolicy::None } else { settings.map }
}

/// The files with their maps, registers and distributions.
fn files(
    settings: &Settings,
    layout: &Layout,
    seeds: &Seeds,
    positions: &Positions,
    map: MapPolicy,
) -> Result<Vec<FileState>, SettingsError> {
    let mut files = Vec::with_capacity(layout.files.len());
    for range in &layout.files {
        let mut file = FileState::new(range);
        let usable = positions.strided.map_or(file.usable(), |zones| zones.range);
        for direction in Direction::ALL {
            let (index, minimum) = (direction.index(), settings.block_sizes[direction.index()].minimum);
            let alignment = positions.alignment[index];
            // Blocks that start closer than their alignment leave the last ones out.
            file.drawn_from[index] = usable.saturating_sub(minimum.saturating_sub(alignment)) / alignment;
        }
        if positions.is_random {
            check_zones(settings, &range.name, &file, positions.alignment)?;
            check_sequence(settings, &range.name, &file)?;
            equip(settings, &range.name, &mut file, seeds, usable, map)?;
        }
        files.push(file);
    }
    Ok(files)
}

/// Gives a file what its random order needs.
fn equip(
    settings: &Settings,
    name: &str,
    file: &mut FileState,
    seeds: &Seeds,
    usable: u64,
    map: MapPolicy,
) -> Result<(), SettingsError> {
    file.skewed = skewed(settings, name, file.usable(), seeds);
    if file.skewed.is_some() {
        return Ok(());
    }
    let blocks = usable / settings.smallest_block();
    if settings.generator == RandomGenerator::Lfsr {
        // Parity: a file without a block has a register, which is never asked.
        file.lfsr = Some(Lfsr::new(blocks.max(1), seeds.seed(Purpose::Block), 0)?);
        if let Some(sprandom) = &settings.sprandom {
            let draws = seeds.generator(Purpose::Preconditioning, Width::Bits32);
            let order = SpRandomBlocks::new(sprandom, file.usable(), block_of_writes(settings), draws)?;
            file.sprandom = Some(Box::new(order));
        }
        return Ok(());
    }
    if map != MapPolicy::None {
        match RandomMap::new(blocks) {
            Ok(map) => file.map = Some(map),
            Err(_) if map == MapPolicy::Soft => {}
            Err(_) => return Err(SettingsError::MapMemory { name: name.to_owned(), blocks }),
        }
    }
    Ok(())
}

/// The skewed distribution over a file's blocks; those of trims do not count for its unit.
fn skewed(settings: &Settings, name: &str, usable: u64, seeds: &Seeds) -> Option<Skewed> {
    let [read, write, _] = &settings.block_sizes;
    let count = usable.div_ceil(read.minimum.min(write.minimum));
    let seed = seeds.seed_of_file(name);
    let placement = |center| Placement { center, spread: true };
    match settings.distribution {
        Distribution::Zipf { theta, center } => Some(Skewed::Zipf(Zipf::new(count, theta, placement(center), seed))),
        Distribution::Pareto { h, center } => Some(Skewed::Pareto(Pareto::new(count, h, placement(center), seed))),
        Distribution::Normal { deviation, center } => {
            Some(Skewed::Normal(Normal::new(count, deviation, placement(center), seed)))
        }
        Distribution::Uniform
        | Distribution::Zoned(_)
        | Distribution::ZonedAbsolute(_)
        | Distribution::Sequence { .. } => None,
    }
}

/// Zones that the mix uses fit the file and share out all accesses.
fn check_zones(settings: &Settings, name: &str, file: &FileState, alignment: [u64; 3]) -> Result<(), SettingsError> {
    let (zones, is_absolute) = match &settings.distribution {
        Distribution::Zoned(zones) => (zones, false),
        Distribution::ZonedAbsolute(zones) => (zones, true),
        _ => return Ok(()),
    };
    for direction in Direction::ALL.into_iter().filter(|direction| settings.mix.has(*direction)) {
        let index = direction.index();
        if zones[index].is_empty() {
            continue;
        }
        let percent = sum(&zones[index], |zone| u64::from(zone.access_percent));
        if percent != 100 {
            return Err(SettingsError::ZoneAccess { direction: direction.name(), percent });
        }
        let size = sum(&zones[index], |zone| zone.size);
        let fits = if is_absolute { size / alignment[index] <= file.drawn_from[index] } else { size <= 100 };
        if !fits {
            return Err(SettingsError::ZonesBeyondFile { direction: direction.name(), name: name.to_owned() });
        }
    }
    Ok(())
}

/// A sequence has only blocks that the file has.
fn check_sequence(settings: &Settings, name: &str, file: &FileState) -> Result<(), SettingsError> {
    let Distribution::Sequence { blocks, .. } = &settings.distribution else {
        return Ok(());
    };
    let used = Direction::ALL.into_iter().filter(|direction| settings.mix.has(*direction));
    let least = used.map(|direction| file.drawn_from[direction.index()]).min().unwrap_or(0);
    match blocks.iter().find(|block| u64::from(**block) >= least) {
        Some(&block) => Err(SettingsError::SequenceBeyondFile { block, name: name.to_owned(), blocks: least }),
        None => Ok(()),
    }
}

fn sum(zones: &[Zone], part: impl Fn(&Zone) -> u64) -> u64 {
    zones.iter().map(part).fold(0, u64::saturating_add)
}

/// Whether 32-bit numbers cannot reach every block, and the user did not insist on them.
fn exceeds_32_bits(settings: &Settings, files: &[FileState]) -> bool {
    let uniform = !matches!(
        settings.distribution,
        Distribution::Zipf { .. } | Distribution::Pareto { .. } | Distribution::Normal { .. }
    );
    let blocks = |file: &FileState| file.usable() / settings.smallest_block();
    settings.generator == RandomGenerator::Tausworthe
        && !settings.generator_is_set
        && uniform
        && files.iter().any(|file| blocks(file) > u64::from(u32::MAX))
}
