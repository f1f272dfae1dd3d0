//! Options of `libaio`.

use super::command_priority::{CommandPriority, priority_splits};
use crate::options::kind::{boolean, flag, numbers_read_write};
use crate::options::option::{JobOption, option};
use crate::options::threads::PRIORITY_HINT_MAX;

/// Values of these options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LibaioOptions {
    /// A priority for some of the blocks.
    pub priority: CommandPriority,
    /// Results are taken from shared memory, without a system call.
    pub userspace_reap: bool,
    /// A block that would have to wait fails.
    pub nowait: bool,
}

pub(super) const OPTIONS: &[JobOption] = &[
    option(
        "cmdprio_percentage",
        &numbers_read_write(|options| &mut options.libaio.priority.cmdprio_percentage).within(0, 100),
        "Give so many per cent of the blocks a priority",
    ),
    option(
        "cmdprio_class",
        &numbers_read_write(|options| &mut options.libaio.priority.cmdprio_class).within(1, 3),
        "Class of this priority: 1 real time, 2 best effort, 3 idle",
    ),
    option(
        "cmdprio",
        &numbers_read_write(|options| &mut options.libaio.priority.cmdprio).within(0, 7),
        "Level of this priority in its class, 0 first",
    ),
    option(
        "cmdprio_hint",
        &numbers_read_write(|options| &mut options.libaio.priority.cmdprio_hint).within(0, PRIORITY_HINT_MAX as i128),
        "Hint of this priority for the device",
    ),
    option(
        "cmdprio_bssplit",
        &priority_splits(|options| &mut options.libaio.priority),
        "Give blocks a priority by their size",
    ),
    option(
        "userspace_reap",
        &flag(|options| &mut options.libaio.userspace_reap),
        "Take results from shared memory, without a system call",
    ),
    option("nowait", &boolean(|options| &mut options.libaio.nowait, false), "Fail where a block would have to wait"),
];
