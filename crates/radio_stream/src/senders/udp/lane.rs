//! When each packet goes to each target: evenly, over the time that the group is heard.
//!
//! With n packets and t targets there are n·t sendings in a group. They are put at equal distances, packet by packet and within a
//! packet target by target: each target gets its packets evenly spaced, and the network gets an even load.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use super::group::Group;

/// A group on its way.
#[derive(Debug)]
struct Scheduled {
    packets: Vec<Vec<u8>>,
    targets: Arc<[SocketAddr]>,
    start_ns: u64,
    duration_ns: u64,
    /// Sendings that were made.
    sent: u64,
}

impl Scheduled {
    fn count(&self) -> u64 {
        self.packets.len() as u64 * self.targets.len() as u64
    }

    fn due(&self, sending: u64) -> u64 {
        let offset = u128::from(self.duration_ns) * u128::from(sending) / u128::from(self.count().max(1));
        self.start_ns.saturating_add(u64::try_from(offset).unwrap_or(u64::MAX))
    }
}

/// Groups one after the other.
#[derive(Debug, Default)]
pub(super) struct Lane {
    groups: VecDeque<Scheduled>,
    /// When the last group that was put here ends.
    free_ns: u64,
}

impl Lane {
    /// Sends a group over its time, from now on or when the one before is through.
    pub(super) fn push(&mut self, now_ns: u64, group: Group, duration_ns: u64, targets: &Arc<[SocketAddr]>) {
        if targets.is_empty() {
            return;
        }
        let start_ns = now_ns.max(self.free_ns);
        self.free_ns = start_ns.saturating_add(duration_ns);
        let targets = Arc::clone(targets);
        self.groups.push_back(Scheduled { packets: group.packets, targets, start_ns, duration_ns, sent: 0 });
    }

    /// When the next packet is due.
    pub(super) fn next_due(&self) -> Option<u64> {
        self.groups.front().map(|group| group.due(group.sent))
    }

    /// Collects what is due, at most `limit` sendings, and says when each was due.
    pub(super) fn take_due<'a>(&'a mut self, now_ns: u64, limit: usize, due: &mut Vec<(&'a [u8], SocketAddr, u64)>) {
        let Some(group) = self.groups.front_mut() else { return };
        let targets = group.targets.len() as u64;
        let first = group.sent;
        while group.sent < group.count() && group.due(group.sent) <= now_ns && group.sent - first < limit as u64 {
            group.sent += 1;
        }
        let end = group.sent;
        let group = &*group;
        due.extend((first..end).map(|sending| {
            let packet = usize::try_from(sending / targets).unwrap_or(usize::MAX);
            let target = usize::try_from(sending % targets).unwrap_or(usize::MAX);
            (group.packets[packet].as_slice(), group.targets[target], group.due(sending))
        }));
    }

    /// Drops groups that are through.
    pub(super) fn tidy(&mut self) {
        while self.groups.front().is_some_and(|group| group.sent >= group.count()) {
            self.groups.pop_front();
        }
    }

    /// How much later than now a group would begin, in nanoseconds.
    pub(super) fn behind(&self, now_ns: u64) -> u64 {
        self.free_ns.saturating_sub(now_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_spread_evenly_over_the_time_of_the_group_and_over_the_targets() {
        let mut lane = Lane::default();
        let targets: Arc<[SocketAddr]> = (1..=3).map(|port| SocketAddr::from(([127, 0, 0, 1], port))).collect();
        for number in [0, 100] {
            let packets = (0..4).map(|packet| vec![number + packet]).collect();
            lane.push(1000, Group { packets, duration_ns: 0 }, 1200, &targets);
        }
        let mut sent = Vec::new();
        while let Some(at) = lane.next_due() {
            let mut due = Vec::new();
            lane.take_due(at, 100, &mut due);
            sent.extend(due.iter().map(|(packet, target, _)| (at, packet[0], target.port())));
            lane.tidy();
        }
        let expected: Vec<(u64, u8, u16)> = (0..24_u64)
            .map(|sending| {
                let (group, within) = (sending / 12, u16::try_from(sending % 12).unwrap());
                let packet = u8::try_from(group * 100).unwrap() + u8::try_from(within / 3).unwrap();
                (1000 + sending * 100, packet, 1 + within % 3)
            })
            .collect();
        assert_eq!(sent, expected);
    }

    #[test]
    fn a_late_call_sends_all_that_is_due_and_the_limit_holds() {
        let mut lane = Lane::default();
        let targets: Arc<[SocketAddr]> = Arc::from([SocketAddr::from(([127, 0, 0, 1], 1))]);
        lane.push(0, Group { packets: vec![vec![1]; 10], duration_ns: 0 }, 1000, &targets);
        for (now, limit, count) in [(450, 3, 3), (450, 100, 2), (450, 100, 0), (5000, 100, 5)] {
            let mut due = Vec::new();
            lane.take_due(now, limit, &mut due);
            assert_eq!(due.len(), count);
        }
        lane.tidy();
        assert_eq!(lane.next_due(), None);
    }
}
