//! How busy disks were: the kernel's counters, added up between looks.
//!
//! Reading `/sys/block/*/stat` is the caller's; here its text comes in. Parity: fio 3.33's disk statistics.

/// The counters of `/sys/block/<disk>/stat` (or what was added to them).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiskCounters {
    /// Reads and writes done.
    pub ios: [u64; 2],
    /// Reads and writes that were merged into others.
    pub merges: [u64; 2],
    /// Sectors of 512 bytes read and written.
    pub sectors: [u64; 2],
    /// Milliseconds that reads and writes took.
    pub ticks: [u64; 2],
    /// Milliseconds in which anything was under way.
    pub io_ticks: u64,
    /// Milliseconds of all I/Os that were under way.
    pub time_in_queue: u64,
}

impl DiskCounters {
    /// Reads the line of a `stat` file: at least eleven numbers. `None` when it is anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let line = text.lines().next()?;
        let mut numbers = line.split_ascii_whitespace().map(|number| number.parse::<u64>().ok());
        let mut next = || numbers.next().flatten();
        let mut direction = || Some([next()?, next()?, next()?, next()?]);
        let (read, write) = (direction()?, direction()?);
        let _under_way = next()?;
        Some(Self {
            ios: [read[0], write[0]],
            merges: [read[1], write[1]],
            sectors: [read[2], write[2]],
            ticks: [read[3], write[3]],
            io_ticks: next()?,
            time_in_queue: next()?,
        })
    }

    /// Adds what happened between two looks. A counter that went back (a driver was loaded anew) adds nothing.
    fn advance(&mut self, before: &Self, now: &Self) {
        let add = |sum: &mut u64, before: u64, now: u64| *sum += now.saturating_sub(before);
        for index in 0..2 {
            add(&mut self.ios[index], before.ios[index], now.ios[index]);
            add(&mut self.merges[index], before.merges[index], now.merges[index]);
            add(&mut self.sectors[index], before.sectors[index], now.sectors[index]);
            add(&mut self.ticks[index], before.ticks[index], now.ticks[index]);
        }
        add(&mut self.io_ticks, before.io_ticks, now.io_ticks);
        add(&mut self.time_in_queue, before.time_in_queue, now.time_in_queue);
    }
}

/// What the disks that a disk is made of did together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MemberSummary {
    /// How many there are; at least 1.
    pub count: u32,
    /// The sum of their counters.
    pub sums: DiskCounters,
    /// The highest utilization of them, in percent.
    pub busiest: f64,
}

/// How busy a disk was while jobs ran.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DiskUtilization {
    /// Its name in `/sys/block`.
    pub name: String,
    /// What was added to its counters.
    pub counters: DiskCounters,
    /// Milliseconds between the first look and the last.
    pub elapsed_ms: u64,
    /// The disks that it is made of (md, dm). They have entries of their own too.
    pub members: Vec<Self>,
    /// What is known of its members when they are not known themselves: results that were made elsewhere.
    pub summary: Option<MemberSummary>,
    /// What it read at the last look, and when (milliseconds).
    pub last: DiskCounters,
    /// When that was.
    pub last_ms: u64,
}

impl DiskUtilization {
    /// A disk that is looked at for the first time.
    #[must_use]
    pub fn new(name: &str, counters: DiskCounters, now_ms: u64) -> Self {
        Self { name: name.to_owned(), last: counters, last_ms: now_ms, ..Self::default() }
    }

    /// Looks again.
    pub fn look(&mut self, counters: DiskCounters, now_ms: u64) {
        self.counters.advance(&self.last, &counters);
        self.elapsed_ms += now_ms.saturating_sub(self.last_ms);
        self.last = counters;
        self.last_ms = now_ms;
    }

    /// The share of time in which anything was under way, in percent, at most 100.
    #[must_use]
    pub fn utilization(&self) -> f64 {
        if self.elapsed_ms == 0 {
            return 0.0;
        }
        (100.0 * self.counters.io_ticks as f64 / self.elapsed_ms as f64).min(100.0)
    }

    /// What its members did together. `None` without members.
    #[must_use]
    pub fn member_summary(&self) -> Option<MemberSummary> {
        if self.members.is_empty() {
            return self.summary;
        }
        let mut summary = MemberSummary::default();
        for member in &self.members {
            summary.count += 1;
            summary.sums.advance(&DiskCounters::default(), &member.counters);
            summary.busiest = summary.busiest.max(member.utilization());
        }
        Some(summary)
    }

    /// The averages of its members' counters, and the highest utilization of them. `None` without members.
    #[must_use]
    pub fn member_averages(&self) -> Option<(DiskCounters, f64)> {
        let MemberSummary { count, sums, busiest } = self.member_summary().filter(|summary| summary.count > 0)?;
        let average = |sum: u64| sum / u64::from(count);
        let counters = DiskCounters {
            ios: sums.ios.map(average),
            merges: sums.merges.map(average),
            sectors: sums.sectors.map(average),
            ticks: sums.ticks.map(average),
            io_ticks: average(sums.io_ticks),
            time_in_queue: average(sums.time_in_queue),
        };
        Some((counters, busiest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of Linux 6: discards and flushes follow the eleven numbers.
    const STAT: &str = "   12 3 400 5 60 7 800 9 2 1000 1100 13 14 15 16 17 18\n";

    #[test]
    fn a_stat_line_is_read_and_looks_add_up() {
        let counters = DiskCounters::parse(STAT).unwrap();
        assert_eq!((counters.ios, counters.merges), ([12, 60], [3, 7]));
        assert_eq!((counters.sectors, counters.ticks), ([400, 800], [5, 9]));
        assert_eq!((counters.io_ticks, counters.time_in_queue), (1000, 1100));
        let mut disk = DiskUtilization::new("vda", counters, 50);
        assert_eq!(disk.utilization(), 0.0);
        disk.look(DiskCounters { ios: [22, 60], io_ticks: 1025, ..counters }, 100);
        assert_eq!((disk.counters.ios, disk.elapsed_ms, disk.utilization()), ([10, 0], 50, 50.0));
        disk.look(DiskCounters::default(), 110);
        assert_eq!(disk.counters.ios, [10, 0]);
    }

    #[test]
    fn other_text_is_none() {
        for text in ["", "\n", "1 2 3", "a b c d e f g h i j k", "1 2 3 4 5 6 7 8 9 10", "1 2 3 4 5 6 7 8 9 10 -1"] {
            assert_eq!(DiskCounters::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn members_are_averaged_and_the_busiest_counts() {
        let member = |ios, io_ticks| DiskUtilization {
            counters: DiskCounters { ios: [ios, 0], io_ticks, ..DiskCounters::default() },
            elapsed_ms: 100,
            ..DiskUtilization::default()
        };
        let disk = DiskUtilization { members: vec![member(10, 20), member(21, 300)], ..member(1, 1) };
        let (counters, busiest) = disk.member_averages().unwrap();
        assert_eq!((counters.ios, busiest), ([15, 0], 100.0));
        let summary = disk.member_summary();
        assert_eq!(summary.map(|summary| (summary.count, summary.sums.ios)), Some((2, [31, 0])));
        let elsewhere = DiskUtilization { summary, ..member(1, 1) };
        assert_eq!(elsewhere.member_averages(), disk.member_averages());
        assert_eq!(member(1, 1).member_averages(), None);
    }
}
