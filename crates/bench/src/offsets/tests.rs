//! Properties that hold for every job, and what is refused. That the offsets are fio's is tested in
//! `tests/offsets_of_fio`.

use super::layout::{Amount, Extent, File, Layout, LayoutError, Target};
use super::settings::{
    BlockSize, Distribution, FileService, MapPolicy, Mix, Order, RandomGenerator, Settings, SpRandom, SplitSize,
    StridedZones, Zone,
};
use super::{Io, Offsets, SettingsError, Step};
use crate::direction::Direction;
use crate::random::lfsr::LfsrError;
use crate::random::seeds::{Purpose, SeedSettings, Seeds};
use crate::random::taus258::Taus258;
use crate::random::{Generator, Width};

const RANDOM: Order = Order::Random { change_every: 1 };
const SEQUENTIAL: Order = Order::Sequential { stride_bytes: 0 };
const BLOCK: u64 = 4096;

fn seeds(randseed: Option<u64>) -> Seeds {
    Seeds::derive(&SeedSettings {
        randseed,
        randrepeat: randseed.is_none(),
        allrandrepeat: false,
        job_number: 1,
        is_clone: false,
        entropy: [0; Purpose::COUNT],
        random: true,
    })
}

fn files(count: usize) -> Vec<File> {
    (0..count).map(|number| File { name: format!("job.0.{number}"), target: Target::Imaginary }).collect()
}

fn lay_out(settings: &Settings, extent: &Extent, files: &[File]) -> Result<Layout, LayoutError> {
    Layout::new(extent, settings, files, &mut Generator::new(1, Width::Bits32))
}

fn offsets(settings: &Settings, bytes: u64, count: usize, randseed: Option<u64>) -> Offsets {
    let layout = lay_out(settings, &Extent::of_size(bytes), &files(count)).unwrap();
    Offsets::new(settings, &layout, seeds(randseed)).unwrap()
}

fn ios(offsets: &mut Offsets, count: usize) -> Vec<Io> {
    let mut ios = Vec::new();
    while ios.len() < count {
        match offsets.next_step() {
            Step::Io(io) => ios.push(io),
            Step::Sync { .. } | Step::PassEnded => {}
            Step::End => break,
        }
    }
    ios
}

/// A seed from `SEED=`, or one that is new each time, shown when the test fails.
#[expect(clippy::print_stderr, reason = "the test runner keeps it and shows it with a failure")]
fn random() -> Taus258 {
    let seed = std::env::var("SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    eprintln!("SEED={seed}");
    Taus258::new(seed)
}

#[test]
fn with_a_map_or_a_register_each_block_comes_once_a_pass() {
    let mut random = random();
    for round in 0..200 {
        let mut settings = Settings::new(Mix::ReadWrite, RANDOM, 512 << (random.next_number() % 5));
        settings.generator = [RandomGenerator::Tausworthe, RandomGenerator::Tausworthe64, RandomGenerator::Lfsr]
            [usize::try_from(random.next_number() % 3).unwrap()];
        settings.file_service = [FileService::Random { count: 2 }, FileService::RoundRobin { count: 1 }][round % 2];
        settings.limits.loops = 2;
        let block = settings.smallest_block();
        let (files, blocks) = (random.next_number() % 3 + 1, random.next_number() % 700 + 8);
        let layout =
            lay_out(&settings, &Extent::of_size(files * blocks * block), &self::files(usize::try_from(files).unwrap()));
        let mut offsets = match Offsets::new(&settings, &layout.unwrap(), seeds(Some(random.next_number()))) {
            Err(SettingsError::Lfsr(LfsrError::DeadSeed { .. })) => continue,
            offsets => offsets.unwrap(),
        };
        for _ in 0..2 {
            let mut seen = std::collections::BTreeSet::new();
            for io in ios(&mut offsets, usize::try_from(files * blocks).unwrap()) {
                assert_eq!((io.length, io.offset % block), (block, 0));
                assert!(seen.insert((io.file, io.offset)), "{io:?} twice: {settings:?}");
            }
            assert_eq!(seen.len() as u64, files * blocks, "{settings:?}");
        }
        assert_eq!(ios(&mut offsets, 1), []);
    }
}

fn any_settings(random: &mut Taus258) -> Settings {
    let mut below = |count: u64| random.next_number() % count;
    let mix = [Mix::Read, Mix::Write, Mix::Trim, Mix::ReadWrite, Mix::TrimWrite][usize::try_from(below(5)).unwrap()];
    let order = match below(4) {
        0 => Order::Sequential { stride_bytes: (below(9) * 2048).cast_signed() - 8192 },
        _ => Order::Random { change_every: u32::try_from(below(5)).unwrap() },
    };
    let mut settings = Settings::new(mix, order, 512 << below(4));
    let block = settings.smallest_block();
    if below(2) == 0 {
        let size = match below(2) {
            0 => BlockSize::range(block, block * (below(6) + 1)),
            _ => BlockSize::split(vec![
                SplitSize { bytes: block * (below(4) + 1), percent: 30 },
                SplitSize { bytes: block * (below(9) + 1), percent: 70 },
            ]),
        };
        settings.block_sizes = std::array::from_fn(|_| size.clone());
    }
    settings.map = [MapPolicy::Required, MapPolicy::None, MapPolicy::Soft][usize::try_from(below(3)).unwrap()];
    settings.random_percent = std::array::from_fn(|_| u32::try_from(below(101)).unwrap());
    settings.read_percent = u32::try_from(below(101)).unwrap();
    settings.distribution = match below(8) {
        0 => Distribution::Zipf { theta: 1.1, center: None },
        1 => Distribution::Pareto { h: 0.3, center: Some(0.5) },
        2 => Distribution::Normal { deviation: 40.0, center: None },
        _ => Distribution::Uniform,
    };
    settings.strided = (below(6) == 0).then(|| StridedZones { size: block * 9, range: block * 13, skip: block });
    settings.file_service = match below(5) {
        0 => FileService::Zipf { theta: 1.1, center: None },
        1 => FileService::Normal { deviation: 30.0, center: Some(0.2) },
        2 => FileService::Sequential,
        _ => FileService::Random { count: 3 },
    };
    settings.open_files = usize::try_from(below(3)).unwrap();
    settings.limits.time_based = below(2) == 0;
    settings.limits.engine_is_synchronous = below(2) == 0;
    settings
}

#[test]
fn whatever_the_settings_ios_stay_in_range() {
    let mut random = random();
    for _ in 0..400 {
        let settings = any_settings(&mut random);
        let count = usize::try_from(random.next_number() % 3 + 1).unwrap();
        let first = settings.smallest_block() * (random.next_number() % 4);
        let bytes = settings.largest_block() * count as u64 * (random.next_number() % 60 + 4);
        let extent = Extent { offset: Amount::Bytes(first), ..Extent::of_size(bytes) };
        let layout = lay_out(&settings, &extent, &files(count)).unwrap();
        let mut offsets = Offsets::new(&settings, &layout, seeds(Some(random.next_number()))).unwrap();
        for io in ios(&mut offsets, 2000) {
            let range = &layout.files[io.file];
            assert!(settings.mix.has(io.direction), "{io:?} {settings:?}");
            assert!(
                io.length > 0 && io.offset >= range.first && io.offset + io.length <= range.size,
                "{io:?} {settings:?}"
            );
            let size = &settings.block_sizes[io.direction.index()];
            assert!(io.length <= size.maximum && io.length % size.minimum == 0, "{io:?} {settings:?}");
            assert_eq!((io.offset - range.first) % 512, 0, "{io:?} {settings:?}");
        }
    }
}

#[test]
fn a_file_without_a_block_does_not_keep_a_job_from_the_others() {
    for generator in [RandomGenerator::Tausworthe, RandomGenerator::Lfsr] {
        let settings = Settings { generator, ..Settings::new(Mix::Read, RANDOM, BLOCK) };
        let mut layout = lay_out(&settings, &Extent::of_size(64 * BLOCK), &files(2)).unwrap();
        layout.files[1].length = 0;
        let mut offsets = Offsets::new(&settings, &layout, seeds(None)).unwrap();
        let ios = ios(&mut offsets, 100);
        assert_eq!(ios.len(), 32, "{generator:?}");
        assert!(ios.iter().all(|io| io.file == 0));
    }
}

/// Settings that are plain but for what is drawn to be otherwise, which is one thing at most.
fn nearly_plain_settings(random: &mut Taus258) -> Settings {
    let mut below = |count: u64| random.next_number() % count;
    let mix = [Mix::Read, Mix::Write, Mix::Trim][usize::try_from(below(3)).unwrap()];
    let order = [RANDOM, Order::Sequential { stride_bytes: 0 }][usize::try_from(below(2)).unwrap()];
    let mut settings = Settings::new(mix, order, 512 << below(4));
    settings.map = [MapPolicy::Required, MapPolicy::None][usize::try_from(below(2)).unwrap()];
    settings.generator =
        [RandomGenerator::Tausworthe, RandomGenerator::Tausworthe64][usize::try_from(below(2)).unwrap()];
    settings.limits.time_based = below(2) == 0;
    settings.limits.engine_is_synchronous = below(2) == 0;
    settings.limits.loops = u32::try_from(below(3)).unwrap();
    let block = settings.smallest_block();
    match below(13) {
        0 => settings.order = Order::Random { change_every: u32::try_from(below(4)).unwrap() },
        1 => settings.random_percent = [60; 3],
        2 => settings.strided = Some(StridedZones { size: block * 9, range: block * 13, skip: block }),
        3 => settings.distribution = Distribution::Zipf { theta: 1.1, center: None },
        4 => settings.block_sizes = std::array::from_fn(|_| BlockSize::range(block, block * 3)),
        5 => settings.sync_every.fsync = 3,
        6 => settings.limits.number_ios = below(90),
        7 => settings.limits.io_size = block * below(90),
        8 => settings.generator = RandomGenerator::Lfsr,
        9 => settings.alignment = [block / 2; 3],
        10 => settings.order = Order::Sequential { stride_bytes: i64::try_from(block).unwrap() },
        _ => {}
    }
    if below(3) == 0 {
        // The map has blocks of the smallest size, of which the last may not fit.
        settings.block_sizes = [2, 1, 3].map(|times| BlockSize::fixed(block * times));
        settings.size_by_order = below(2) == 0;
    }
    settings
}

#[test]
fn the_short_way_gives_what_the_long_way_gives() {
    let mut random = random();
    let (mut short, mut steps) = (0, 0);
    for _ in 0..600 {
        let settings = nearly_plain_settings(&mut random);
        let count = 1 + usize::from(random.next_number().is_multiple_of(8));
        let first = settings.smallest_block() * (random.next_number() % 4);
        let bytes = settings.largest_block() * count as u64 * (random.next_number() % 60 + 4);
        let extent = Extent { offset: Amount::Bytes(first), ..Extent::of_size(bytes) };
        let mut layout = lay_out(&settings, &extent, &files(count)).unwrap();
        if random.next_number().is_multiple_of(4) {
            // Offsets that are shares of a file that grew: later passes start elsewhere.
            layout.files[0].start = settings.smallest_block() * (random.next_number() % 6);
        }
        let Ok(mut offsets) = Offsets::new(&settings, &layout, seeds(Some(random.next_number()))) else {
            continue;
        };
        let mut general = offsets.clone();
        for _ in 0..400 {
            steps += 1;
            let before = format!("{offsets:?}");
            let step = match offsets.next_plain() {
                Some(io) => {
                    short += 1;
                    Step::Io(io)
                }
                None => {
                    assert_eq!(format!("{offsets:?}"), before, "nothing changes when it gives nothing: {settings:?}");
                    offsets.next_step_with(Some)
                }
            };
            assert_eq!(step, general.next_step_with(Some), "{settings:?}");
            if step == Step::End {
                break;
            }
        }
    }
    assert!(short > steps / 10, "{short} of {steps} steps were plain");
}

#[test]
fn zones_get_their_share() {
    let zone = |access_percent, size| Zone { access_percent, size };
    let mut settings = Settings::new(Mix::Read, RANDOM, BLOCK);
    settings.distribution = Distribution::Zoned([vec![zone(60, 10), zone(30, 20), zone(10, 70)], vec![], vec![]]);
    settings.limits.time_based = true;
    let mut offsets = offsets(&settings, 1000 * BLOCK, 1, None);
    let mut counts = [0; 3];
    for io in ios(&mut offsets, 20_000) {
        match io.offset / BLOCK {
            0..100 => counts[0] += 1,
            100..300 => counts[1] += 1,
            _ => counts[2] += 1,
        }
    }
    assert!((11_700..12_300).contains(&counts[0]) && (5700..6300).contains(&counts[1]), "{counts:?}");
}

#[test]
fn the_mix_has_its_share_of_reads() {
    let mut settings = Settings::new(Mix::ReadWrite, RANDOM, BLOCK);
    settings.read_percent = 70;
    let mut offsets = offsets(&settings, 20_000 * BLOCK, 1, None);
    let reads = ios(&mut offsets, 20_000).iter().filter(|io| io.direction == Direction::Read).count();
    assert!((13_600..14_400).contains(&reads), "{reads}");
}

#[test]
fn blocks_are_drawn_evenly() {
    let settings = Settings { map: MapPolicy::None, ..Settings::new(Mix::Read, RANDOM, BLOCK) };
    let mut counts = [0_u32; 16];
    for io in ios(&mut offsets(&settings, 16_000 * BLOCK, 1, None), 16_000) {
        counts[usize::try_from(io.offset / (1000 * BLOCK)).unwrap()] += 1;
    }
    assert!(counts.iter().all(|count| (880..1120).contains(count)), "{counts:?}");
}

#[test]
fn the_caller_may_redirect_and_end() {
    let settings = Settings::new(Mix::ReadWrite, SEQUENTIAL, BLOCK);
    let mut offsets = offsets(&settings, 100 * BLOCK, 1, None);
    for _ in 0..10 {
        let step = offsets.next_step_with(|_| Some(Direction::Write));
        assert!(matches!(step, Step::Io(Io { direction: Direction::Write, .. })), "{step:?}");
    }
    assert_eq!(offsets.next_step_with(|_| None), Step::End);
    assert_eq!(offsets.next_step(), Step::End);
}

#[test]
fn a_pass_is_announced_before_the_next_one() {
    let mut settings = Settings::new(Mix::Write, SEQUENTIAL, BLOCK);
    settings.limits.loops = 2;
    settings.limits.engine_is_synchronous = false;
    let mut offsets = offsets(&settings, 2 * BLOCK, 1, None);
    let io = |offset| Step::Io(Io { file: 0, direction: Direction::Write, offset, length: BLOCK });
    let expected = [io(0), io(BLOCK), Step::PassEnded, io(0), io(BLOCK), Step::PassEnded, Step::End, Step::End];
    assert_eq!(std::array::from_fn(|_| offsets.next_step()), expected);
}

#[test]
fn failed_ios_do_not_count_for_the_number_of_ios() {
    let mut settings = Settings::new(Mix::Read, SEQUENTIAL, BLOCK);
    settings.limits.number_ios = 6;
    let mut offsets = offsets(&settings, 100 * BLOCK, 1, None);
    for io in ios(&mut offsets, 2) {
        offsets.discount(io.length);
    }
    assert_eq!(ios(&mut offsets, 100).len(), 6);
}

#[test]
fn verifying_reads_count_for_the_number_of_ios() {
    let mut settings = Settings::new(Mix::Write, SEQUENTIAL, BLOCK);
    settings.limits.number_ios = 6;
    let mut offsets = offsets(&settings, 100 * BLOCK, 1, None);
    assert_eq!(ios(&mut offsets, 2).len(), 2);
    offsets.count_verification(BLOCK);
    assert_eq!(ios(&mut offsets, 100).len(), 3);
}

#[test]
fn what_fio_would_try_for_ever_ends() {
    // The only entry that fits the rest of the file has no share.
    let entry = |bytes, percent| SplitSize { bytes, percent };
    let mut settings = Settings::new(Mix::Read, SEQUENTIAL, BLOCK);
    let size = BlockSize::split(vec![entry(BLOCK, 0), entry(4 * BLOCK, 100)]);
    settings.block_sizes = std::array::from_fn(|_| size.clone());
    assert_eq!(ios(&mut offsets(&settings, 6 * BLOCK, 1, None), 10).len(), 1);
    // Files that are chosen again and again and have no room.
    let mut settings = Settings::new(Mix::Read, SEQUENTIAL, 3 * BLOCK);
    settings.file_service = FileService::Zipf { theta: 1.1, center: None };
    settings.limits.time_based = true;
    let extent = Extent { file_size: (BLOCK, BLOCK), ..Extent::of_size(3 * BLOCK) };
    let layout = lay_out(&settings, &extent, &files(3)).unwrap();
    let layout = Layout {
        files: layout.files.into_iter().map(|file| super::layout::FileRange { size: BLOCK, ..file }).collect(),
        ..layout
    };
    let mut offsets = Offsets::new(&settings, &layout, seeds(None)).unwrap();
    assert_eq!(ios(&mut offsets, 1), []);
}

#[test]
fn options_that_do_not_fit_the_files_are_refused() {
    let settings = Settings::new(Mix::Read, SEQUENTIAL, BLOCK);
    let new = |extent: Extent, files: &[File]| lay_out(&settings, &extent, files).unwrap_err();
    let regular = |bytes| [File { name: "data".to_owned(), target: Target::Regular(bytes) }];
    let half = Extent { offset: Amount::Bytes(9000), ..Extent::of_size(0) };
    assert_eq!(new(Extent::of_size(BLOCK), &[]), LayoutError::NoFiles);
    assert_eq!(new(Extent::of_size(0), &regular(0)), LayoutError::NoSize);
    assert_eq!(new(Extent::of_size(100), &regular(0)), LayoutError::LessThanABlock { size: 100, block: BLOCK });
    let beyond = LayoutError::OffsetBeyondFile { name: "data".to_owned(), offset: 9000, size: 8000 };
    assert_eq!(new(half, &regular(8000)), beyond);
    // A file that is made has room for the offset, or nothing behind it.
    let made = |offset| Extent { file_size: (8000, 8000), offset: Amount::Bytes(offset), ..Extent::of_size(0) };
    assert_eq!(
        new(made(8001), &regular(0)),
        LayoutError::OffsetBeyondFile { name: "data".to_owned(), offset: 8001, size: 8000 }
    );
    assert_eq!(new(made(8000), &regular(0)), LayoutError::LessThanABlock { size: 0, block: BLOCK });
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let good = Settings::new(Mix::Read, RANDOM, BLOCK);
    let layout = lay_out(&good, &Extent::of_size(100 * BLOCK), &files(1)).unwrap();
    let refused = |change: &dyn Fn(&mut Settings)| {
        let mut settings = good.clone();
        change(&mut settings);
        Offsets::new(&settings, &layout, seeds(None)).unwrap_err()
    };
    let zones =
        |access_percent, size| Distribution::Zoned(std::array::from_fn(|_| vec![Zone { access_percent, size }]));
    assert_eq!(
        refused(&|settings| settings.block_sizes[1] = BlockSize::range(8, 4)),
        SettingsError::BlockSize { direction: "write", minimum: 8, maximum: 4 }
    );
    assert_eq!(
        refused(&|settings| settings.distribution = zones(90, 100)),
        SettingsError::ZoneAccess { direction: "read", percent: 90 }
    );
    assert_eq!(
        refused(&|settings| settings.distribution = zones(100, 101)),
        SettingsError::ZonesBeyondFile { direction: "read", name: "job.0.0".to_owned() }
    );
    let no_size = StridedZones { size: 0, range: BLOCK, skip: 0 };
    assert_eq!(refused(&|settings| settings.strided = Some(no_size)), SettingsError::ZoneSize);
}

#[test]
fn a_map_without_memory_is_an_error_or_left_out() {
    let mut settings = Settings::new(Mix::Read, RANDOM, 1);
    let layout = lay_out(&settings, &Extent::of_size(u64::MAX - 1), &files(1)).unwrap();
    let error = Offsets::new(&settings, &layout, seeds(None)).unwrap_err();
    assert_eq!(error, SettingsError::MapMemory { name: "job.0.0".to_owned(), blocks: u64::MAX - 1 });
    settings.map = MapPolicy::Soft;
    assert_eq!(ios(&mut Offsets::new(&settings, &layout, seeds(None)).unwrap(), 5).len(), 5);
}

/// The blocks that a job of that many reads, by the distribution.
fn blocks_of(distribution: Distribution, change: impl FnOnce(&mut Settings)) -> Vec<u64> {
    let mut settings = Settings::new(Mix::Read, RANDOM, BLOCK);
    settings.distribution = distribution;
    change(&mut settings);
    let mut offsets = offsets(&settings, 12 * BLOCK, 1, None);
    ios(&mut offsets, 30).iter().map(|io| io.offset / BLOCK).collect()
}

fn sequence(strides: bool) -> Distribution {
    Distribution::Sequence { blocks: vec![2, 0, 1], strides }
}

#[test]
fn a_sequence_repeats_or_strides() {
    // As fio's HEAD has them.
    assert_eq!(blocks_of(sequence(false), |_| ()), [2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1]);
    let whole = [2, 0, 1, 5, 3, 4, 8, 6, 7, 11, 9, 10];
    assert_eq!(blocks_of(sequence(true), |_| ()), whole);
    assert_eq!(blocks_of(sequence(false), |settings| settings.limits.io_size = 4 * BLOCK), [2, 0, 1, 2]);
    // There is no fio to compare with: it ends where the file does.
    let twice = [whole, whole].concat();
    assert_eq!(blocks_of(sequence(true), |settings| settings.limits.loops = 2), twice);
    assert_eq!(blocks_of(sequence(true), |settings| settings.limits.time_based = true)[..24], twice);
}

#[test]
fn a_sequence_is_of_its_direction_and_of_all_files() {
    let mut settings = Settings::new(Mix::ReadWrite, RANDOM, BLOCK);
    settings.distribution = sequence(false);
    let mut job = offsets(&settings, 12 * BLOCK, 2, None);
    let ios = ios(&mut job, 12);
    for direction in [Direction::Read, Direction::Write] {
        let own = ios.iter().filter(|io| io.direction == direction);
        for (index, io) in own.enumerate() {
            assert_eq!(io.offset / BLOCK, [2, 0, 1][index % 3], "{direction:?} {index}");
        }
    }
}

#[test]
fn a_sequence_stays_within_the_file() {
    let mut settings = Settings::new(Mix::Read, RANDOM, BLOCK);
    settings.distribution = Distribution::Sequence { blocks: vec![2, 12, 1], strides: false };
    let layout = lay_out(&settings, &Extent::of_size(12 * BLOCK), &files(1)).unwrap();
    let refused = Offsets::new(&settings, &layout, seeds(None)).unwrap_err();
    assert_eq!(refused.to_string(), "random_distribution=sequence: there is no block 12; job.0.0 has 12, from 0");
}

#[test]
fn a_disk_is_prepared_in_one_pass_whatever_the_limits() {
    for limits in [(1, false), (3, false), (1, true)] {
        let mut settings = Settings::new(Mix::Write, RANDOM, BLOCK);
        settings.generator = RandomGenerator::Lfsr;
        settings.map = MapPolicy::None;
        settings.sprandom = Some(SpRandom { regions: 20, over_provisioning: 0.25, cache_bytes: 0 });
        (settings.limits.loops, settings.limits.time_based) = limits;
        let count = 4000;
        let mut job = offsets(&settings, count * BLOCK, 1, None);
        let written = ios(&mut job, 20_000);
        let distinct: std::collections::HashSet<_> = written.iter().map(|io| io.offset).collect();
        // As in fio, the job ends at so many bytes, whatever chance has left of the last region.
        assert!((count * 99 / 100..=count).contains(&(distinct.len() as u64)), "{limits:?}: {}", distinct.len());
        // A quarter more than the disk says it has, as far as the shares allow.
        assert!((4500..=5100).contains(&written.len()), "{limits:?}: {}", written.len());
    }
    let mut settings = Settings::new(Mix::Write, RANDOM, BLOCK);
    settings.sprandom = Some(SpRandom { regions: 20, over_provisioning: 0.25, cache_bytes: 0 });
    let layout = lay_out(&settings, &Extent::of_size(12 * BLOCK), &files(2)).unwrap();
    let refused = Offsets::new(&settings, &layout, seeds(None)).unwrap_err();
    assert_eq!(refused.to_string(), "sprandom is for a job with one file; there are 2");
}

#[test]
fn a_file_that_starts_over_is_told_with_the_first_step_of_the_round() {
    let started_over = |order: Order, file_count: usize, change: fn(&mut Settings)| {
        let mut settings = Settings::new(Mix::Read, order, BLOCK);
        change(&mut settings);
        let mut job = offsets(&settings, 4 * BLOCK, file_count, None);
        let told = |job: &mut Offsets| match job.next_step() {
            Step::Io(_) => Some(job.take_started_over()),
            _ => None,
        };
        let steps: Vec<_> = (0..20).filter_map(|_| told(&mut job)).collect();
        (0..steps.len()).filter(|&step| steps[step].is_some()).collect::<Vec<_>>()
    };
    for order in [RANDOM, SEQUENTIAL] {
        assert_eq!(started_over(order, 1, |settings| settings.limits.time_based = true), [4, 8, 12, 16], "{order:?}");
        assert!(
            started_over(order, 1, |settings| settings.limits.loops = 3).is_empty(),
            "{order:?}: files are opened anew"
        );
    }
    let zipf = |settings: &mut Settings| settings.file_service = FileService::Zipf { theta: 1.2, center: None };
    assert!(!started_over(RANDOM, 2, zipf).is_empty(), "the file of two that is chosen more often");
}
