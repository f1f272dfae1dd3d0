//! How often something happens that happens with a known probability: what a count may be without anything being wrong.

/// The probability of each count from 0 to `trials`, when each trial succeeds with `probability`, independently of the others.
#[must_use]
pub fn distribution(trials: u32, probability: f64) -> Vec<f64> {
    let mut logarithm = f64::from(trials) * (1.0 - probability).ln();
    let step = probability.ln() - (1.0 - probability).ln();
    let mut all = Vec::new();
    for count in 0..=trials {
        all.push(if probability > 0.0 && probability < 1.0 { logarithm.exp() } else { 0.0 });
        logarithm += (f64::from(trials - count) / f64::from(count + 1)).ln() + step;
    }
    // Where nothing is left to chance the logarithms are infinite.
    if probability <= 0.0 {
        all[0] = 1.0;
    } else if probability >= 1.0
        && let Some(last) = all.last_mut()
    {
        *last = 1.0;
    }
    all
}

/// The counts that are to be expected of so many trials: one below it comes with at most half of `error`, and so does one above it.
#[must_use]
pub fn interval(trials: u32, probability: f64, error: f64) -> (u32, u32) {
    let all = distribution(trials, probability);
    let from_below = first_kept(all.iter().copied(), error / 2.0);
    (from_below, trials - first_kept(all.iter().rev().copied(), error / 2.0))
}

/// How many of these come together with at most the probability `error`.
fn first_kept(probabilities: impl Iterator<Item = f64>, error: f64) -> u32 {
    let mut sum = 0.0;
    let left_out = probabilities.take_while(|probability| {
        sum += probability;
        sum <= error
    });
    u32::try_from(left_out.count()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coin_that_is_thrown_four_times() {
        let expected = [1.0, 4.0, 6.0, 4.0, 1.0].map(|count| count / 16.0);
        for (found, expected) in distribution(4, 0.5).into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!(distribution(2, 0.0), [1.0, 0.0, 0.0]);
        assert_eq!(distribution(2, 1.0), [0.0, 0.0, 1.0]);
    }

    #[test]
    fn probabilities_add_up_for_many_trials() {
        for probability in [0.00003, 0.01, 0.2, 0.9] {
            let sum: f64 = distribution(5000, probability).iter().sum();
            assert!((sum - 1.0).abs() < 1e-9, "{probability}: {sum}");
        }
    }

    #[test]
    fn an_interval_leaves_out_what_comes_seldom_and_no_more() {
        for (trials, probability) in [(1000, 0.000_034), (1000, 0.148), (500, 0.5), (10, 0.0)] {
            let (low, high) = interval(trials, probability, 1e-6);
            let all = distribution(trials, probability);
            let outside = |low: u32, high: u32| -> (f64, f64) {
                let place = |count: u32| usize::try_from(count).unwrap();
                (all[..place(low)].iter().sum(), all[place(high) + 1..].iter().sum())
            };
            let (below, above) = outside(low, high);
            assert!(below <= 5e-7 && above <= 5e-7, "{trials} {probability}: {low} to {high}");
            assert!(outside(low + 1, high).0 > 5e-7, "{trials} {probability}: {low} is too low");
            assert!(high == 0 || outside(low, high - 1).1 > 5e-7, "{trials} {probability}: {high} is too high");
        }
    }
}
