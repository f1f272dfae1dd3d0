//! The formula against its definition, and its ends.

use super::*;

fn scale(histories: &[(u64, u64)], now_s: u64) -> Scale {
    let mut totals = Totals::default();
    histories.iter().for_each(|(plays, last)| totals.add(history(*plays, *last)));
    totals.scale(now_s)
}

fn history(plays: u64, last_played_s: u64) -> History {
    History { plays, last_played_s }
}

/// The formula in the module's documentation before it is simplified: weighed normalised deviations.
fn by_definition(histories: &[(u64, u64)], now_s: u64, song: (u64, u64)) -> f64 {
    let count = histories.len() as f64;
    let mean = |of: &dyn Fn(&(u64, u64)) -> f64| histories.iter().map(of).sum::<f64>() / count;
    let plays = |song: &(u64, u64)| song.0 as f64;
    let time = |song: &(u64, u64)| song.1 as f64;
    let (plays_mean, time_mean) = (mean(&plays), mean(&time));
    let plays_deviation = mean(&|song| (plays(song) - plays_mean).powi(2)).sqrt();
    let time_deviation = mean(&|song| (time(song) - time_mean).powi(2)).sqrt();
    let rarely = |plays: f64| (plays_mean - plays) / plays_deviation;
    let long_ago = |time: f64| (time_mean - time) / time_deviation;
    let (plays_weight, time_weight) = (-long_ago(now_s as f64), rarely(0.0));
    let weights = plays_weight + time_weight;
    200.0 * (plays_weight * rarely(plays(&song)) + time_weight * long_ago(time(&song))) / weights
}

const HISTORIES: &[(u64, u64)] = &[(0, 0), (3, 1000), (1, 2500), (9, 2900), (2, 1700)];

#[test]
fn scores_are_the_weighed_normalised_deviations() {
    let scale = scale(HISTORIES, 3000);
    for song in HISTORIES {
        let score = scale.score(0, history(song.0, song.1)).total as f64;
        let expected = by_definition(HISTORIES, 3000, *song);
        assert!((score - expected).abs() < 1.5, "{song:?}: {score}, expected {expected}");
    }
}

#[test]
fn never_played_yet_played_just_now_is_the_average() {
    let score = scale(HISTORIES, 3000).score(0, history(0, 3000));
    assert_eq!(score.total, 0);
    assert!(score.plays > 0 && score.age < 0, "{score:?}");
}

#[test]
fn scores_of_all_songs_cancel() {
    let scale = scale(HISTORIES, 3000);
    let sum: i128 = HISTORIES.iter().map(|song| scale.rank(0, history(song.0, song.1))).sum();
    assert_eq!(sum, 0);
}

#[test]
fn parts_and_mood_add_up() {
    let score = scale(HISTORIES, 3000).score(250, history(3, 1000));
    assert_eq!(score.mood, 250);
    assert!((score.total - (score.mood + score.plays + score.age)).abs() <= 1, "{score:?}");
}

#[test]
fn without_any_plays_age_decides() {
    let scale = scale(&[(0, 100), (0, 50)], 200);
    assert!(scale.rank(0, history(0, 50)) > scale.rank(0, history(0, 100)));
}

#[test]
fn where_all_were_played_just_now_the_counts_decide() {
    let scale = scale(&[(1, 200), (5, 200)], 200);
    assert!(scale.rank(0, history(1, 200)) > scale.rank(0, history(5, 200)));
}

#[test]
fn songs_that_do_not_differ_have_no_score() {
    let scale = scale(&[(4, 7), (4, 7)], 9);
    assert_eq!(scale.score(0, history(4, 7)).total, 0);
    assert_eq!(Totals::default().scale(9).score(3, history(0, 0)).mood, 3);
}

#[test]
fn removing_takes_back_what_adding_did() {
    let mut totals = Totals::default();
    totals.add(history(3, 17));
    let before = totals;
    totals.add(history(5, 99));
    totals.remove(history(5, 99));
    assert_eq!(totals, before);
}

/// The most that the limits allow, in every place at once.
#[test]
fn nothing_overflows_at_the_limits() {
    let songs = u128::try_from(RANKED_SONGS_MAX).unwrap();
    let (plays, time) = (u128::from(PLAYS_COUNTED_MAX), u128::from(TIME_COUNTED_MAX_S));
    let half = songs / 2;
    let totals = Totals {
        songs,
        plays: half * plays,
        plays_squared: half * plays * plays,
        times: half * time,
        times_squared: half * time * time,
    };
    let scale = totals.scale(TIME_COUNTED_MAX_S);
    let most = i32::try_from(crate::mood::LINES_MAX).unwrap() * crate::mood::SCORE_MAX;
    let best = scale.rank(most, history(0, 0));
    let worst = scale.rank(-most, history(PLAYS_COUNTED_MAX, TIME_COUNTED_MAX_S));
    assert!(best > 0 && worst < 0);
    assert_eq!(scale.score(most, history(0, 0)).mood, i64::from(most));
}
