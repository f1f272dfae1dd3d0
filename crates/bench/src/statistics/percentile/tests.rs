//! The same choices as fio's, whose arithmetic x86's long double decides.

use super::super::histogram::bucket_of;
use super::*;

fn histogram(values: impl IntoIterator<Item = u64>) -> Histogram {
    let mut histogram = Histogram::new();
    values.into_iter().for_each(|value| histogram.record(value));
    histogram
}

/// Made by a C program with gcc 12 on x86-64: for each percentile and each number of samples the smallest count for which
/// `count >= (long double) samples * 0.01L * percentile`, in that order.
#[test]
fn shares_are_those_of_long_double() {
    const PERCENTILES: [f64; 20] = [
        1.0, 5.0, 10.0, 20.0, 29.0, 30.0, 33.3, 50.0, 57.0, 58.0, 66.67, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99,
        99.999, 100.0,
    ];
    const SAMPLES: [u64; 23] = [
        1,
        2,
        3,
        7,
        10,
        50,
        100,
        200,
        300,
        700,
        999,
        1000,
        1001,
        2000,
        10_000,
        12_345,
        100_000,
        1_000_000,
        16_286,
        16_482,
        123_456_789,
        10_000_000_000,
        1_234_567_890_123,
    ];
    #[rustfmt::skip]
    const SMALLEST: [[u64; 23]; 20] = [
        [1, 1, 1, 1, 1, 1, 1, 2, 3, 7, 10, 10, 11, 20, 100, 124, 1000, 10_000, 163, 165, 1_234_568, 100_000_000, 12_345_678_902],
        [1, 1, 1, 1, 1, 3, 5, 10, 15, 35, 50, 50, 51, 100, 500, 618, 5000, 50_000, 815, 825, 6_172_840, 500_000_000, 61_728_394_507],
        [1, 1, 1, 1, 1, 5, 10, 20, 30, 70, 100, 100, 101, 200, 1000, 1235, 10_000, 100_000, 1629, 1649, 12_345_679, 1_000_000_000, 123_456_789_013],
        [1, 1, 1, 2, 2, 10, 20, 40, 60, 140, 200, 200, 201, 400, 2000, 2469, 20_000, 200_000, 3258, 3297, 24_691_358, 2_000_000_000, 246_913_578_025],
        [1, 1, 1, 3, 3, 15, 29, 58, 87, 203, 290, 290, 291, 580, 2900, 3581, 29_000, 290_000, 4723, 4780, 35_802_469, 2_900_000_000, 358_024_688_136],
        [1, 1, 1, 3, 3, 15, 30, 60, 90, 210, 300, 300, 301, 600, 3000, 3704, 30_000, 300_000, 4886, 4945, 37_037_037, 3_000_000_000, 370_370_367_037],
        [1, 1, 1, 3, 4, 17, 34, 67, 100, 234, 333, 333, 334, 666, 3330, 4111, 33_300, 333_000, 5424, 5489, 41_111_111, 3_330_000_000, 411_111_107_411],
        [1, 1, 2, 4, 5, 25, 50, 100, 150, 350, 500, 500, 501, 1000, 5000, 6173, 50_000, 500_000, 8143, 8241, 61_728_395, 5_000_000_000, 617_283_945_062],
        [1, 2, 2, 4, 6, 29, 57, 114, 171, 399, 570, 570, 571, 1140, 5700, 7037, 57_000, 570_000, 9284, 9395, 70_370_370, 5_700_000_000, 703_703_697_371],
        [1, 2, 2, 5, 6, 29, 58, 116, 174, 406, 580, 580, 581, 1160, 5800, 7161, 58_000, 580_000, 9446, 9560, 71_604_938, 5_800_000_000, 716_049_376_272],
        [1, 2, 3, 5, 7, 34, 67, 134, 201, 467, 667, 667, 668, 1334, 6668, 8231, 66_671, 666_701, 10_858, 10_989, 82_308_642, 6_667_000_001, 823_086_412_346],
        [1, 2, 3, 7, 9, 45, 90, 180, 270, 630, 900, 900, 901, 1800, 9000, 11_111, 90_000, 900_000, 14_658, 14_834, 111_111_111, 9_000_000_000, 1_111_111_101_111],
        [1, 2, 3, 7, 10, 48, 95, 190, 285, 665, 950, 950, 951, 1900, 9500, 11_728, 95_000, 950_000, 15_472, 15_658, 117_283_950, 9_500_000_000, 1_172_839_495_617],
        [1, 2, 3, 7, 10, 50, 99, 198, 297, 693, 990, 990, 991, 1980, 9900, 12_222, 99_000, 990_000, 16_124, 16_318, 122_222_222, 9_900_000_000, 1_222_222_211_222],
        [1, 2, 3, 7, 10, 50, 100, 199, 299, 697, 995, 995, 996, 1990, 9950, 12_284, 99_500, 995_000, 16_205, 16_400, 122_839_506, 9_950_000_000, 1_228_395_050_673],
        [1, 2, 3, 7, 10, 50, 100, 200, 300, 700, 999, 1000, 1000, 1999, 9991, 12_333, 99_901, 999_001, 16_270, 16_466, 123_333_333, 9_990_000_001, 1_233_333_322_233],
        [1, 2, 3, 7, 10, 50, 100, 200, 300, 700, 999, 1000, 1001, 2000, 9996, 12_339, 99_951, 999_501, 16_278, 16_474, 123_395_061, 9_995_000_001, 1_233_950_606_178],
        [1, 2, 3, 7, 10, 50, 100, 200, 300, 700, 999, 1000, 1001, 2000, 9999, 12_344, 99_990, 999_900, 16_285, 16_481, 123_444_444, 9_999_000_000, 1_234_444_433_334],
        [1, 2, 3, 7, 10, 50, 100, 200, 300, 700, 999, 1000, 1001, 2000, 10_000, 12_345, 99_999, 999_990, 16_286, 16_482, 123_455_555, 9_999_900_000, 1_234_555_544_445],
        [1, 2, 3, 7, 10, 50, 100, 200, 300, 700, 999, 1000, 1001, 2000, 10_000, 12_345, 100_000, 1_000_000, 16_286, 16_482, 123_456_789, 10_000_000_000, 1_234_567_890_123],
    ];
    for (percentile, counts) in PERCENTILES.iter().zip(SMALLEST) {
        for (samples, smallest) in SAMPLES.iter().zip(counts) {
            let share = Extended::share(*percentile, *samples);
            assert!(share.at_most(smallest), "{percentile} % of {samples}: {smallest}");
            assert!(smallest == 0 || !share.at_most(smallest - 1), "{percentile} % of {samples}: {smallest}");
        }
    }
}

#[test]
fn a_percentile_is_the_bucket_that_reaches_its_share() {
    let list = PercentileList::new(&[99.9, 50.0, 100.0, 1.0]);
    assert_eq!(list.as_slice(), [1.0, 50.0, 99.9, 100.0]);
    let hundred = histogram(1..=100);
    assert_eq!(list.values(Some(&hundred), 100), [1, 50, 100, 100]);
    // 99.9 % of 1000 is a little above 999 in long double: the last sample is needed.
    let thousand = histogram(std::iter::repeat_n(5, 999).chain([90]));
    assert_eq!(list.values(Some(&thousand), 1000), [5, 5, 90, 90]);
}

#[test]
fn one_sample_and_none() {
    let list = PercentileList::default();
    assert_eq!(list.values(Some(&histogram([70_000])), 1), vec![value_of(bucket_of(70_000)); 17]);
    assert_eq!(list.values(Some(&Histogram::new()), 0), vec![0; 17]);
    assert_eq!(list.values(None, 0), vec![0; 17]);
}

#[test]
fn more_samples_than_counts_end_at_the_largest() {
    let list = PercentileList::new(&[50.0, 100.0]);
    assert_eq!(list.values(Some(&histogram([1, 2, 3])), 5), [3, 3]);
}

#[test]
fn a_list_ends_where_it_is_no_longer_one() {
    assert_eq!(PercentileList::new(&[20.0, 0.0, 30.0]).as_slice(), [20.0]);
    assert_eq!(PercentileList::new(&[20.0, f64::NAN]).as_slice(), [20.0]);
    assert_eq!(PercentileList::new(&[1.5; 30]).as_slice().len(), PERCENTILES_MAX);
}

/// Half a unit goes to the even significand, as the processor rounds.
#[test]
fn ties_go_to_even() {
    let lowest = 1_u128 << 64;
    let rounded = |value: u128| Extended::rounded(value, 0).significand;
    assert_eq!(rounded(lowest | 1), 1 << 63, "a tie, down");
    assert_eq!(rounded(lowest | 3), (1 << 63) + 2, "a tie, up");
    assert_eq!(rounded(lowest << 1 | 3), (1 << 63) + 1, "more than half");
    let carried = Extended::rounded(u128::from(u64::MAX) << 1 | 1, 0);
    assert_eq!(carried, Extended { significand: 1 << 63, exponent: 2 });
}
