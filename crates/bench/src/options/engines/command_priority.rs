//! A priority for some of the blocks: options that `io_uring` and `libaio` have in common.

use crate::options::kind::{Argument, Field, Kind, ValueError};
use crate::options::limits::SPLIT_ENTRIES_MAX;
use crate::options::number::{KbBase, whole_u64};
use crate::options::threads::PRIORITY_HINT_MAX;
use crate::options::{JobOptions, PerDirection};

/// A priority of an I/O, as the kernel counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IoPriority {
    /// 0 none, 1 real time, 2 best effort, 3 idle.
    pub class: u32,
    /// Level in the class, 0 to 7, 0 first.
    pub level: u32,
    /// Hint for the device, 0 to 1023.
    pub hint: u32,
}

/// A block size, how many of these blocks have a priority, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrioritySplit {
    /// Bytes of a block.
    pub size: u64,
    /// Blocks of this size that have the priority, in per cent, above 0.
    pub percent: u32,
    /// The priority; nothing is what `cmdprio_class` and `cmdprio` say.
    pub priority: Option<IoPriority>,
}

/// Values of these options. Trims have none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommandPriority {
    /// Blocks that have the priority, in per cent.
    pub cmdprio_percentage: PerDirection<u32>,
    /// Its class, 1 to 3.
    pub cmdprio_class: PerDirection<u32>,
    /// Its level in the class, 0 to 7.
    pub cmdprio: PerDirection<u32>,
    /// Its hint for the device, 0 to 1023.
    pub cmdprio_hint: PerDirection<u32>,
    /// Blocks that have a priority, by their size. Ordered by size.
    pub cmdprio_bssplit: PerDirection<Vec<PrioritySplit>>,
}

pub(in crate::options) struct Splits {
    field: Field<CommandPriority>,
}

/// `SIZE/PERCENT[/CLASS/LEVEL[/HINT]]:…`, for reads and writes.
pub(super) const fn priority_splits(field: Field<CommandPriority>) -> Splits {
    Splits { field }
}

const ACCEPTED: &str = "SIZE/PERCENT[/CLASS/LEVEL[/HINT]]:…, for reads and writes with a comma between";

impl Kind for Splits {
    fn accepted(&self) -> String {
        ACCEPTED.to_owned()
    }

    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        let text = text.ok_or_else(|| ValueError::Missing { accepted: self.accepted() })?.trim();
        let base = options.description.kb_base;
        let lists = text.split(',').map(|list| splits(list, base)).collect::<Result<Vec<_>, _>>()?;
        let split = &mut (self.field)(options).cmdprio_bssplit;
        match lists.as_slice() {
            [both] => *split = PerDirection([both.clone(), both.clone(), Vec::new()]),
            [reads, writes] => *split = PerDirection([reads.clone(), writes.clone(), Vec::new()]),
            _ => return Err(ValueError::TooMany { limit: 2, what: "lists" }),
        }
        Ok(())
    }

    fn argument(&self) -> Argument {
        Argument::Required
    }
}

fn splits(text: &str, base: KbBase) -> Result<Vec<PrioritySplit>, ValueError> {
    let entries = text.split(':').map(str::trim).take_while(|entry| !entry.is_empty());
    let mut splits = entries
        .take(SPLIT_ENTRIES_MAX + 1)
        .map(|entry| split(entry, base).ok_or_else(|| ValueError::malformed(entry, ACCEPTED)))
        .collect::<Result<Vec<_>, _>>()?;
    if splits.len() > SPLIT_ENTRIES_MAX {
        return Err(ValueError::TooMany { limit: SPLIT_ENTRIES_MAX, what: "entries" });
    }
    splits.retain(|split| split.percent > 0);
    splits.sort_by_key(|split| split.size);
    Ok(splits)
}

fn split(text: &str, base: KbBase) -> Option<PrioritySplit> {
    let parts: Vec<_> = text.split('/').map(str::trim).collect();
    let size = whole_u64(parts.first()?, base)?;
    let percent = match parts.get(1) {
        None | Some(&"") => 0,
        Some(text) => text.parse().ok().filter(|percent| *percent <= 100)?,
    };
    let priority = match parts.get(2..) {
        None | Some([]) => None,
        Some([class, level]) => Some(priority(class, level, "0")?),
        Some([class, level, hint]) => Some(priority(class, level, hint)?),
        Some(_) => return None,
    };
    Some(PrioritySplit { size, percent, priority })
}

fn priority(class: &str, level: &str, hint: &str) -> Option<IoPriority> {
    let read = |text: &str, maximum: u32| text.parse().ok().filter(|number| *number <= maximum);
    Some(IoPriority { class: read(class, 3)?, level: read(level, 7)?, hint: read(hint, PRIORITY_HINT_MAX)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_ordered_by_size_and_those_of_nothing_left_out() {
        let list = splits("64k/40/1/0:4k/60/2/7/3:8k/0:1k/5", KbBase::Binary).unwrap();
        let entry = |size, percent, priority| PrioritySplit { size, percent, priority };
        let best_effort = IoPriority { class: 2, level: 7, hint: 3 };
        let real_time = IoPriority { class: 1, level: 0, hint: 0 };
        let expected = [entry(1024, 5, None), entry(4096, 60, Some(best_effort)), entry(65_536, 40, Some(real_time))];
        assert_eq!(list, expected);
        for text in ["x/1", "4k/101", "4k/1/2", "4k/1/4/0", "4k/1/1/8", "4k/1/1/1/1024", "4k/1/1/1/1/1"] {
            assert!(splits(text, KbBase::Binary).is_err(), "{text}");
        }
    }
}
