//! Options of `io_uring`.

use super::command_priority::{CommandPriority, priority_splits};
use crate::options::kind::{boolean, flag, number, numbers_read_write, unsupported};
use crate::options::option::{JobOption, option};
use crate::options::threads::PRIORITY_HINT_MAX;

/// Values of these options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IoUringOptions {
    /// A priority for some of the blocks.
    pub priority: CommandPriority,
    /// The device is asked for results instead of interrupting.
    pub hipri: bool,
    /// Buffers are registered.
    pub fixedbufs: bool,
    /// Files are registered.
    pub registerfiles: bool,
    /// A thread of the kernel submits.
    pub sqthread_poll: bool,
    /// The CPU of this thread.
    pub sqthread_poll_cpu: Option<u32>,
    /// Read and write instead of readv and writev: 1 always, 0 never, -1 if the kernel can.
    pub nonvectored: i32,
    /// Pages leave the cache after the I/O.
    pub uncached: u32,
    /// A block that would have to wait fails.
    pub nowait: bool,
    /// Every Nth block is done by a thread of the kernel; 0 is none.
    pub force_async: u32,
}

pub(super) const OPTIONS: &[JobOption] = &[
    option(
        "cmdprio_percentage",
        &numbers_read_write(|options| &mut options.io_uring.priority.cmdprio_percentage).within(0, 100),
        "Give so many per cent of the blocks a priority",
    ),
    option(
        "cmdprio_class",
        &numbers_read_write(|options| &mut options.io_uring.priority.cmdprio_class).within(1, 3),
        "Class of this priority: 1 real time, 2 best effort, 3 idle",
    ),
    option(
        "cmdprio",
        &numbers_read_write(|options| &mut options.io_uring.priority.cmdprio).within(0, 7),
        "Level of this priority in its class, 0 first",
    ),
    option(
        "cmdprio_hint",
        &numbers_read_write(|options| &mut options.io_uring.priority.cmdprio_hint).within(0, PRIORITY_HINT_MAX as i128),
        "Hint of this priority for the device",
    ),
    option(
        "cmdprio_bssplit",
        &priority_splits(|options| &mut options.io_uring.priority),
        "Give blocks a priority by their size",
    ),
    option(
        "hipri",
        &flag(|options| &mut options.io_uring.hipri),
        "Ask the device for results instead of waiting for interrupts",
    ),
    option("fixedbufs", &flag(|options| &mut options.io_uring.fixedbufs), "Register the buffers"),
    option("registerfiles", &flag(|options| &mut options.io_uring.registerfiles), "Register the files"),
    option("sqthread_poll", &flag(|options| &mut options.io_uring.sqthread_poll), "Have a thread of the kernel submit"),
    option(
        "sqthread_poll_cpu",
        &number(|options| &mut options.io_uring.sqthread_poll_cpu),
        "CPU of the thread of sqthread_poll",
    ),
    option(
        "nonvectored",
        &number(|options| &mut options.io_uring.nonvectored).within(-1, 1),
        "Read and write instead of readv and writev; -1 is if the kernel can",
    )
    .default("-1"),
    option("uncached", &number(|options| &mut options.io_uring.uncached), "Have pages leave the cache after the I/O"),
    option("nowait", &boolean(|options| &mut options.io_uring.nowait, false), "Fail where a block would have to wait"),
    option(
        "force_async",
        &number(|options| &mut options.io_uring.force_async),
        "Have a thread of the kernel do every Nth block",
    ),
    option("cmd_type", &unsupported("it belongs to io_uring_cmd, which comes later"), "Kind of pass-through commands"),
];
