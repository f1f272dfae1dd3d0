//! Numbers of fio 3.33, and what distributions have to look like.

use super::lfsr::{Lfsr, LfsrError};
use super::normal::Normal;
use super::pareto::Pareto;
use super::seeds::{Purpose, SeedSettings, Seeds};
use super::taus88::Taus88;
use super::taus258::Taus258;
use super::zipf::{Placement, Zipf};
use super::{COUNT_MAX_32, Generator, ROUNDING_MAX, SCALE_32, Width, floor, hash, high_half, low_half, percent};

fn settings() -> SeedSettings {
    SeedSettings {
        randseed: None,
        randrepeat: true,
        allrandrepeat: false,
        job_number: 1,
        is_clone: false,
        entropy: [7; Purpose::COUNT],
        random: true,
    }
}

fn block_numbers(settings: &SeedSettings, width: Width, blocks: u64) -> [u64; 6] {
    let mut generator = Seeds::derive(settings).generator(Purpose::Block, width);
    std::array::from_fn(|_| generator.below(blocks))
}

/// `fio --ioengine=null --bs=1 --size=4g --norandommap --rw=randread --number_ios=6 --write_iolog=log --name=j`: with 2³²
/// blocks of one byte an offset is the number that was drawn.
#[test]
fn the_narrow_generator_gives_the_numbers_of_fio() {
    let expected = [259_043_585, 3_179_521_932, 3_621_444_214, 2_018_697_059, 1_726_199_243, 3_608_323_581];
    assert_eq!(block_numbers(&settings(), Width::Bits32, 1 << 32), expected);
}

/// The same with `--size=4503599627370496 --random_generator=tausworthe64`: the upper 52 bits.
#[test]
fn the_wide_generator_gives_the_numbers_of_fio() {
    let expected = [
        4_226_334_886_305_352,
        118_410_428_328_781,
        363_295_852_514_040,
        447_919_718_580_309,
        2_382_779_239_766_697,
        117_121_067_049_553,
    ];
    assert_eq!(block_numbers(&settings(), Width::Bits64, 1 << 52), expected);
}

/// The same with `--randseed=1 --numjobs=2`, the second job's numbers.
#[test]
fn a_clone_draws_from_randseed() {
    let expected = [
        2_957_835_651_296_527,
        1_496_230_347_599_713,
        3_313_592_715_669_996,
        3_759_752_057_233_140,
        1_982_150_163_096_763,
        2_573_998_249_748_070,
    ];
    let settings = SeedSettings { randseed: Some(1), job_number: 2, is_clone: true, ..settings() };
    assert_eq!(block_numbers(&settings, Width::Bits64, 1 << 52), expected);
}

#[test]
fn only_runs_that_need_not_repeat_use_entropy() {
    let seed = |settings: &SeedSettings| Seeds::derive(settings).seed(Purpose::Mix);
    let unrepeatable = SeedSettings { randrepeat: false, ..settings() };
    assert_eq!(seed(&unrepeatable), 7);
    assert_ne!(seed(&settings()), 7);
    assert_ne!(seed(&SeedSettings { randseed: Some(5), ..unrepeatable.clone() }), 7);
    assert_eq!(seed(&SeedSettings { allrandrepeat: true, ..unrepeatable.clone() }), 0xB189_9BED + 4);
    assert_eq!(Seeds::derive(&unrepeatable).seed(Purpose::Block), 7);
    assert!(!Seeds::derive(&unrepeatable).is_repeatable());
    assert!(Seeds::derive(&settings()).is_repeatable());
    assert!(!Seeds::derive(&SeedSettings { randseed: Some(5), ..settings() }).is_repeatable());
}

#[test]
fn a_narrow_range_beyond_31_bits_is_cut_as_fio_cuts_it() {
    let mut generator = Generator::new(3, Width::Bits32);
    let drawn: Vec<u64> = (0..100).map(|_| generator.between(10, 4_000_000_000)).collect();
    assert!(drawn.iter().all(|number| *number <= 10 + (1 << 31)));
    assert!(drawn.contains(&(10 + (1 << 31))));
    assert_eq!(generator.between(10, 10 + u64::from(u32::MAX)), 10);
}

#[test]
fn ranges_hold_both_ends() {
    for width in [Width::Bits32, Width::Bits64] {
        let mut generator = Generator::new(11, width);
        let mut seen = [0; 6];
        for _ in 0..6000 {
            let drawn = generator.between(5, 10);
            seen[usize::try_from(drawn - 5).unwrap()] += 1;
        }
        assert!(seen.iter().all(|count| (850..1150).contains(count)), "{seen:?}");
        assert!((0..1000).all(|_| generator.below(3) < 3));
        assert!((0..1000).map(|_| generator.unit()).all(|unit| unit > 0.0 && unit <= 1.0));
    }
    let mut generator = Taus88::new(1);
    let drawn: Vec<u32> = (0..2000).map(|_| percent(&mut generator)).collect();
    assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&1), Some(&100)));
}

#[test]
fn the_register_visits_each_number_once() {
    for count in (1..200).chain([255, 256, 257, 1000, 4095, 4096]) {
        for (seed, spin) in [(0, 0), (1, 0), (0x1234_5678, 0), (77, 1), (77, 2), (5, 4), (9, 14)] {
            let mut register = match Lfsr::new(count, seed, spin) {
                Ok(register) => register,
                Err(LfsrError::DeadSeed { .. }) => continue,
                Err(error) => panic!("{error}"),
            };
            let mut drawn: Vec<u64> = std::iter::from_fn(|| register.next_number()).collect();
            let first = drawn.clone();
            drawn.sort_unstable();
            assert_eq!(drawn, (0..count).collect::<Vec<u64>>(), "count {count} seed {seed} spin {spin}");
            if spin == 0 {
                register.restart(seed);
                let mut again: Vec<u64> = std::iter::from_fn(|| register.next_number()).collect();
                assert_eq!(again.len(), first.len());
                again.sort_unstable();
                assert_eq!(again, drawn);
            }
        }
    }
}

#[test]
fn a_register_that_cannot_work_is_refused() {
    assert_eq!(Lfsr::new(0, 1, 0).unwrap_err(), LfsrError::Empty);
    assert_eq!(Lfsr::new(1 << 63, 1, 0).unwrap_err(), LfsrError::TooMany { count: 1 << 63 });
    assert!(Lfsr::new((1 << 63) - 1, 1, 0).is_ok());
    assert_eq!(Lfsr::new(8, 15, 0).unwrap_err(), LfsrError::DeadSeed { seed: 15, count: 8 });
    assert_eq!(Lfsr::new(8, 1, 16).unwrap_err(), LfsrError::Spin { spin: 16 });
}

#[test]
fn a_restart_from_the_dead_seed_gives_nothing() {
    let mut register = Lfsr::new(8, 1, 0).unwrap();
    register.restart(15);
    assert_eq!(register.next_number(), None);
}

#[test]
fn names_hash_by_all_of_their_end() {
    assert_eq!(hash::of_name(b""), 0x61C8_8647);
    let hashes = ["j.0.0", "j.0.1", "j.1.0", "/dev/nvme0n1", "/dev/nvme1n1", "/dev/nvme10n1"]
        .map(|name| hash::of_name(name.as_bytes()));
    let distinct: std::collections::BTreeSet<u32> = hashes.into_iter().collect();
    assert_eq!(distinct.len(), hashes.len());
}

const SIDE_BY_SIDE: Placement = Placement { center: Some(0.0), spread: false };
const DRAWS: u32 = 200_000;

/// How often each of `count` items was drawn.
fn tally(count: usize, mut draw: impl FnMut() -> u64) -> Vec<u32> {
    let mut tally = vec![0; count];
    for _ in 0..DRAWS {
        tally[usize::try_from(draw()).unwrap()] += 1;
    }
    tally
}

#[test]
fn zipf_draws_by_its_law() {
    let theta = 1.2;
    let mut draws = Zipf::new(1000, theta, SIDE_BY_SIDE, 99);
    let tally = tally(1000, || draws.next_item());
    let total: f64 = (1..=1000).map(|rank| f64::from(rank).powf(-theta)).sum();
    for rank in [1_u32, 2] {
        let expected = f64::from(DRAWS) * f64::from(rank).powf(-theta) / total;
        let drawn = f64::from(tally[rank as usize - 1]);
        assert!((drawn / expected - 1.0).abs() < 0.02, "rank {rank}: {drawn} for {expected}");
    }
    // Later ranks follow an approximation; together they have what the first two leave.
    assert!(tally[2..].iter().sum::<u32>() > DRAWS / 3);
}

#[test]
fn pareto_gives_a_part_of_the_items_the_rest_of_the_draws() {
    let mut draws = Pareto::new(1000, 0.2, SIDE_BY_SIDE, 99);
    let tally = tally(1000, || draws.next_item());
    let popular = f64::from(tally[..200].iter().sum::<u32>()) / f64::from(DRAWS);
    assert!((popular - 0.8).abs() < 0.01, "{popular}");
}

#[test]
fn normal_gathers_in_the_middle() {
    let side_by_side = Placement { center: None, spread: false };
    for deviation in [0.0, 20.0] {
        let mut draws = Normal::new(1000, deviation, side_by_side, 99);
        let tally = tally(1000, || draws.next_item());
        let mean = tally.iter().zip(0..).map(|(count, item)| f64::from(*count) * f64::from(item)).sum::<f64>()
            / f64::from(DRAWS);
        assert!((mean - 500.0).abs() < 5.0, "{mean}");
        // Twelve draws of 0..1 have a standard deviation of 1/12 of the range.
        let within: u32 = tally[400..600].iter().sum();
        assert!(within > DRAWS * 6 / 10 && within < DRAWS * 8 / 10, "{within}");
    }
}

#[test]
fn a_center_moves_the_most_popular_item() {
    let quarter = Placement { center: Some(0.25), spread: false };
    let mut draws = Zipf::new(1000, 1.5, quarter, 99);
    let tally = tally(1000, || draws.next_item());
    let top = (0..1000).max_by_key(|item| tally[*item]).unwrap();
    assert_eq!(top, 250);
}

#[test]
fn tiny_ranges_end() {
    for count in 1..6 {
        for placement in [SIDE_BY_SIDE, Placement { center: None, spread: true }] {
            let mut zipf = Zipf::new(count, 1.2, placement, 3);
            let mut pareto = Pareto::new(count, 0.3, placement, 3);
            let mut normal = Normal::new(count, 60.0, placement, 3);
            for _ in 0..1000 {
                assert!(zipf.next_item() < count && pareto.next_item() < count && normal.next_item() < count);
            }
        }
    }
}

/// The odd number that `count` times gives 1, in 32 bits.
fn inverse(count: u32) -> u32 {
    // Each step doubles the bits that are right; an odd number is its own inverse in three.
    (0..4).fold(count, |inverse, _| inverse.wrapping_mul(2_u32.wrapping_sub(count.wrapping_mul(inverse))))
}

/// Whole numbers and doubles agree, above all where a double rounds up to the next one.
#[test]
fn scaling_without_a_double_is_what_a_double_gives() {
    let mut random = Taus258::new(11);
    let generator = Generator::new(1, Width::Bits32);
    let (mut at_the_edge, mut rounded_up) = (0, 0);
    for round in 0..200_000_u64 {
        let count = (random.next_number() >> (30 + round % 34)) | 1;
        // Products just below a multiple of 2^32, and any.
        let below = low_half(random.next_number()) & (2 * ROUNDING_MAX - 1) | 1;
        let edge = inverse(low_half(count)).wrapping_mul(below.wrapping_neg());
        let number = u64::from(if round % 2 == 0 { edge } else { low_half(random.next_number()) });
        let fraction = f64::from(low_half(number)) * SCALE_32;
        let expected = floor(count as f64 * fraction);
        assert_eq!(generator.scaled(number, count), expected, "{number} of {count}");
        let product = count.wrapping_mul(number);
        at_the_edge += u32::from(low_half(product) >= u32::MAX - ROUNDING_MAX);
        rounded_up += u32::from(count <= COUNT_MAX_32 && u64::from(high_half(product)) != expected);
    }
    assert!(at_the_edge > 10_000 && rounded_up > 100, "{at_the_edge} at the edge, {rounded_up} rounded up");
}
