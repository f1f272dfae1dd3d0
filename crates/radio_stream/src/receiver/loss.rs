//! Loss after repair against theory. A group of n slices is lost when more than n−k of them are; with independent losses of
//! probability p that is a sum of binomial terms, and with bursts (Gilbert's model: a good and a bad state, everything is lost in the
//! bad one) a sum over the two-state chain.

use super::tests::packets;
use super::*;
use crate::testing::Random;

/// A channel that loses a packet in its bad state.
#[derive(Debug, Clone, Copy)]
struct Channel {
    /// Probability that a good state becomes bad with the next packet.
    to_bad: f64,
    /// Probability that a bad state becomes good.
    to_good: f64,
}

impl Channel {
    /// Losses that do not depend on each other.
    fn independent(loss: f64) -> Self {
        Self { to_bad: loss, to_good: 1.0 - loss }
    }

    /// Losses in bursts of `length` packets on average.
    fn bursts(loss: f64, length: f64) -> Self {
        Self { to_bad: loss / (length * (1.0 - loss)), to_good: 1.0 / length }
    }

    fn loss(self) -> f64 {
        self.to_bad / (self.to_bad + self.to_good)
    }

    /// The probability that more than `n - k` of `n` packets in a row are lost: by the distribution of losses in each state.
    fn group_loss(self, k: usize, n: usize) -> f64 {
        // by_state[bad][lost]: after some packets, the last of which had this state.
        let mut by_state = [vec![0.0; n + 1], vec![0.0; n + 1]];
        by_state[0][0] = 1.0 - self.loss();
        by_state[1][1] = self.loss();
        for _ in 1..n {
            let mut after = [vec![0.0; n + 1], vec![0.0; n + 1]];
            for lost in 0..=n {
                let (good, bad) = (by_state[0][lost], by_state[1][lost]);
                after[0][lost] += good * (1.0 - self.to_bad) + bad * self.to_good;
                if lost < n {
                    after[1][lost + 1] += good * self.to_bad + bad * (1.0 - self.to_good);
                }
            }
            by_state = after;
        }
        (n - k + 1..=n).map(|lost| by_state[0][lost] + by_state[1][lost]).sum()
    }
}

fn fraction(random: &mut Random) -> f64 {
    f64::from(u32::try_from(random.next() >> 32).unwrap()) / f64::from(u32::MAX)
}

/// The share of groups that are lost when `groups` groups go through the channel and a receiver.
fn measured(channel: Channel, k: usize, n: usize, groups: u32, random: &mut Random) -> f64 {
    let code = Code::new(k, n).unwrap();
    let header = |group, is_header| PacketHeader {
        stream: 1,
        group,
        is_header,
        is_last: false,
        code,
        slice: 0,
        group_bytes: 0,
        start_ms: 0,
        duration_ms: 100,
    };
    let mut receiver = Receiver::new();
    let stream = StreamHeader { media_type: "audio/mpeg".into(), title: String::new(), bytes: Vec::new() };
    packets(&header(0, true), &stream.encode()).iter().for_each(|packet| receiver.receive(packet).unwrap());
    let mut bad = fraction(random) < channel.loss();
    let mut data = 0;
    for group in 0..groups {
        for packet in packets(&header(group, false), &group.to_be_bytes()) {
            if !bad {
                receiver.receive(&packet).unwrap();
            }
            let change = if bad { channel.to_good } else { channel.to_bad };
            bad ^= fraction(random) < change;
        }
        while let Some(delivery) = receiver.next_delivery() {
            if let Delivery::Data(bytes) = delivery {
                assert_eq!(bytes.len(), 4);
                data += 1;
            }
        }
    }
    receiver.finish();
    data += std::iter::from_fn(|| receiver.next_delivery())
        .filter(|delivery| matches!(delivery, Delivery::Data(_)))
        .count();
    1.0 - f64::from(u32::try_from(data).unwrap()) / f64::from(groups)
}

#[test]
fn loss_after_repair_is_what_theory_says() {
    let mut random = Random::seeded();
    let groups = 1500;
    for percent in [1.0, 2.0, 5.0, 10.0, 20.0] {
        for (k, n) in [(3, 4), (8, 12), (16, 20)] {
            for channel in [Channel::independent(percent / 100.0), Channel::bursts(percent / 100.0, 3.0)] {
                let expected = channel.group_loss(k, n);
                let found = measured(channel, k, n, groups, &mut random);
                // Six standard deviations of groups that are lost independently of each other. Bursts go on from one group into the
                // next, which makes the sum stray a little further: one seed in 100,000 goes beyond this.
                let deviation = (expected * (1.0 - expected) / f64::from(groups)).sqrt();
                let tolerance = 6.0 * deviation + 3.0 / f64::from(groups);
                assert!((expected - found).abs() <= tolerance, "{k}:{n} {channel:?}: {found}, theory {expected}");
            }
        }
    }
}

#[test]
fn theory_agrees_with_the_binomial_formula() {
    // 3 of 4 with p = 0.1: 1 - 0.9^4 - 4 * 0.1 * 0.9^3.
    let expected = 1.0 - 0.9_f64.powi(4) - 4.0 * 0.1 * 0.9_f64.powi(3);
    assert!((Channel::independent(0.1).group_loss(3, 4) - expected).abs() < 1e-12);
}
