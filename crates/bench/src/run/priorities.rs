//! Which I/Os have a priority of their own (`cmdprio_percentage`, `cmdprio_bssplit`), drawn as fio draws them.
//!
//! Cost: a random number for each I/O of a direction that has such a share; nothing for jobs without.

use crate::direction::Direction;
use crate::options::JobOptions;
use crate::options::engines::command_priority::{CommandPriority, IoPriority};
use crate::random::Generator;

use super::ended::JobFailure;
use super::place;

/// Class of a priority where none is given: real time.
const REAL_TIME: u32 = 1;

/// A part of the I/Os of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share {
    percent: u64,
    priority: u16,
}

/// The I/Os of one size; `None`: of any.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OfSize {
    bytes: Option<u64>,
    shares: Vec<Share>,
}

/// The priorities of a job's I/Os.
#[derive(Debug)]
pub(super) struct Priorities {
    /// By direction; trims have none.
    sizes: [Vec<OfSize>; 3],
    draws: Generator,
    /// The job's own priority, then every other one.
    known: Vec<u16>,
}

/// Class and level as the kernel has them in one number.
fn value(priority: IoPriority) -> u16 {
    u16::try_from(priority.class << 13 | priority.hint << 3 | priority.level).unwrap_or(0)
}

/// The options of the engine that has them, if any is set.
fn chosen(options: &JobOptions) -> Option<&CommandPriority> {
    match options.engine.ioengine.as_str() {
        "io_uring" => Some(&options.io_uring.priority),
        "libaio" => Some(&options.libaio.priority),
        _ => None,
    }
}

impl Priorities {
    /// What the options say; `None`: every I/O has the job's priority. `draws` chooses the others.
    ///
    /// # Errors
    /// Shares by size and of all at once, or more than 100 per cent of a size.
    pub(super) fn new(options: &JobOptions, draws: Generator) -> Result<Option<Self>, JobFailure> {
        let Some(chosen) = chosen(options) else {
            return Ok(None);
        };
        let (percentages, splits) = (&chosen.cmdprio_percentage, &chosen.cmdprio_bssplit);
        let by_size = splits.0.iter().any(|list| !list.is_empty());
        let of_all = percentages.0.iter().any(|&percent| percent > 0);
        if by_size && of_all {
            return Err(refused("cmdprio_percentage and cmdprio_bssplit exclude each other"));
        }
        if !by_size && !of_all {
            return Ok(None);
        }
        let mut sizes = [const { Vec::new() }; 3];
        let shape = super::convert::Shape::of(options);
        for direction in [Direction::Read, Direction::Write].into_iter().filter(|&direction| shape.has(direction)) {
            let class = match chosen.cmdprio_class[direction] {
                0 => REAL_TIME,
                class => class,
            };
            let usual =
                value(IoPriority { class, level: chosen.cmdprio[direction], hint: chosen.cmdprio_hint[direction] });
            let list = &mut sizes[direction.index()];
            let percent = u64::from(percentages[direction]);
            if percent > 0 {
                list.push(OfSize { bytes: None, shares: vec![Share { percent, priority: usual }] });
            }
            for split in &splits[direction] {
                let share = Share { percent: split.percent.into(), priority: split.priority.map_or(usual, value) };
                match list.last_mut().filter(|last| last.bytes == Some(split.size)) {
                    Some(last) => last.shares.push(share),
                    None => list.push(OfSize { bytes: Some(split.size), shares: vec![share] }),
                }
            }
            if let Some(size) =
                list.iter().find(|size| size.shares.iter().map(|share| share.percent).sum::<u64>() > 100)
            {
                let bytes = size.bytes.unwrap_or(0);
                return Err(refused(&format!("cmdprio_bssplit: more than 100 per cent of blocks of {bytes} bytes")));
            }
        }
        let own = place::io_priority(options).unwrap_or(0);
        let mut known = vec![own];
        for share in sizes.iter().flatten().flat_map(|size| &size.shares) {
            if !known.contains(&share.priority) {
                known.push(share.priority);
            }
        }
        Ok(Some(Self { sizes, draws, known }))
    }

    /// The priority of an I/O: 0 is the job's.
    pub(super) fn choose(&mut self, direction: Direction, length_bytes: u32) -> u16 {
        let fits = |size: &&OfSize| size.bytes.is_none_or(|bytes| bytes == u64::from(length_bytes));
        let Some(size) = self.sizes[direction.index()].iter().find(fits) else {
            return 0;
        };
        let drawn = self.draws.between(0, 99);
        let mut below = 0;
        let share = size.shares.iter().find(|share| {
            below += share.percent;
            drawn < below
        });
        share.map_or(0, |share| share.priority)
    }

    /// Every priority that there is, the job's first.
    pub(super) fn known(&self) -> &[u16] {
        &self.known
    }

    /// Which of them this is, if I/Os of the direction are told apart by it.
    pub(super) fn place(&self, direction: Direction, priority: u16) -> Option<usize> {
        if self.sizes[direction.index()].is_empty() {
            return None;
        }
        Some(self.known.iter().position(|&known| known == priority).unwrap_or(0))
    }
}

fn refused(why: &str) -> JobFailure {
    JobFailure::Option(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Width;

    fn priorities(words: &[(&str, &str)]) -> Result<Option<Priorities>, JobFailure> {
        let mut options = JobOptions::default();
        for (name, text) in [("ioengine", "libaio"), ("rw", "randrw")].iter().chain(words) {
            let option = crate::options::find(name);
            let option = option.or_else(|| crate::options::engines::find_option("libaio", name)).unwrap();
            options.set(option, Some(text)).unwrap();
        }
        Priorities::new(&options, Generator::new(1, Width::Bits32))
    }

    fn counts(priorities: &mut Priorities, direction: Direction, length_bytes: u32) -> Vec<(u16, u32)> {
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..10_000 {
            *counts.entry(priorities.choose(direction, length_bytes)).or_default() += 1;
        }
        counts.into_iter().collect()
    }

    #[test]
    fn so_many_per_cent_have_it() {
        let mut all =
            priorities(&[("cmdprio_percentage", "20,0"), ("cmdprio_class", "2"), ("cmdprio", "4")]).unwrap().unwrap();
        assert_eq!(all.known(), [0, 2 << 13 | 4]);
        let [(0, without), (16_388, with)] = counts(&mut all, Direction::Read, 4096)[..] else {
            panic!("two priorities")
        };
        assert!((1800..2200).contains(&with) && with + without == 10_000, "{with}");
        assert_eq!(counts(&mut all, Direction::Write, 4096), [(0, 10_000)]);
        let hinted = [("cmdprio_percentage", "20"), ("cmdprio_class", "2"), ("cmdprio", "4"), ("cmdprio_hint", "5,6")];
        let hinted = priorities(&hinted).unwrap().unwrap();
        assert_eq!(hinted.known(), [0, 2 << 13 | 5 << 3 | 4, 2 << 13 | 6 << 3 | 4]);
        assert_eq!((all.place(Direction::Read, 16_388), all.place(Direction::Write, 0)), (Some(1), None));
        assert!(priorities(&[("cmdprio_class", "2")]).unwrap().is_none());
    }

    #[test]
    fn sizes_have_shares_of_their_own() {
        let mut sizes = priorities(&[("cmdprio_bssplit", "4k/30/2/1:4k/70/3/0:8k/100")]).unwrap().unwrap();
        assert_eq!(sizes.known(), [0, 2 << 13 | 1, 3 << 13, 1 << 13]);
        let [(16_385, best), (24_576, idle)] = counts(&mut sizes, Direction::Read, 4096)[..] else {
            panic!("two priorities")
        };
        assert!((2800..3200).contains(&best) && best + idle == 10_000, "{best}");
        assert_eq!(counts(&mut sizes, Direction::Write, 8192), [(1 << 13, 10_000)]);
        assert_eq!(counts(&mut sizes, Direction::Write, 1024), [(0, 10_000)]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let told = |words: &[(&str, &str)]| priorities(words).unwrap_err().to_string();
        assert!(told(&[("cmdprio_bssplit", "4k/1"), ("cmdprio_percentage", "1")]).contains("exclude each other"));
        assert!(told(&[("cmdprio_bssplit", "4k/60:4k/50")]).contains("more than 100 per cent of blocks of 4096 bytes"));
    }
}
