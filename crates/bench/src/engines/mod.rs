//! What carries an I/O out: one trait, one file and one line in a table for each engine.
//!
//! ```text
//!   the I/O loop (run/) ── queue(slot, io) ─► Done          a system call an I/O (sync, psync, mmap, …)
//!                                       └──► Accepted ── commit ─► reap ─► completions   (io_uring, libaio, …)
//! ```
//!
//! The loop is generic over the engine: [`start`] finds the engine by its name and hands it to a [`Visitor`], which is
//! compiled once for each. An I/O therefore costs no dynamic dispatch, no allocation and no system call beyond the
//! engine's own. I/Os live in a fixed array of slots, as many as the job is deep; their buffers are one mapping
//! ([`memory`]).
//!
//! # The contract
//! - A slot that was accepted is completed exactly once, by [`Engine::reap`], in any order.
//! - An engine never retries on its own: short transfers, `EAGAIN` and errors are outcomes, and the loop decides. Only
//!   `EINTR` is retried where nothing was moved.
//! - Dropping an engine waits until nothing is under way, so that buffers may be unmapped afterwards.
//!
//! # Where to start
//! `null.rs` is the smallest, `psync.rs` the smallest that does something. `conformance.rs` is the suite that each runs.
//!
//! Parity: names, options and semantics of fio 3.33's engines; `nvme_tcp` is our own.

use std::path::Path;

use reactor::clock::Duration;

mod cpuio;
mod description;
mod error;
mod exec;
mod falloc;
mod file_call;
mod ftruncate;
mod io;
mod io_uring;
mod libaio;
pub mod memory;
mod mmap;
mod null;
mod nvme_tcp;
mod psync;
mod pvsync;
mod pvsync2;
mod setup;
mod splice;
mod sync;
mod vsync;

#[cfg(test)]
mod conformance;

use rustix::io::Errno;

pub use self::cpuio::{CpuMode, CpuOptions};
pub use self::description::{Description, Traits};
pub use self::error::EngineError;
pub use self::exec::ExecOptions;
pub use self::io::{Completion, Io, Operation, Outcome, Place, Queued};
pub use self::io_uring::IoUringOptions;
pub use self::libaio::LibaioOptions;
pub use self::mmap::MmapOptions;
pub use self::nvme_tcp::NvmeTcpOptions;
pub use self::pvsync2::Pvsync2Options;
pub use self::setup::{EngineOptions, OpenedFile, Setup};

/// One engine of one job thread.
pub trait Engine: Sized {
    /// Its name and nature.
    const DESCRIPTION: Description;

    /// An engine for the setup.
    ///
    /// # Errors
    /// When the kernel or the options do not allow it.
    fn new(setup: &Setup<'_>) -> Result<Self, EngineError>;

    /// Whether each I/O is over when it was queued, at this depth.
    #[must_use]
    fn completes_at_once(_depth: u32) -> bool {
        Self::DESCRIPTION.traits.synchronous
    }

    /// How large a target is that is no file; asked only of an engine that says so.
    ///
    /// # Errors
    /// When the target cannot be reached.
    fn target_bytes(_target: &Path, _options: &EngineOptions) -> Result<Option<u64>, EngineError> {
        Ok(None)
    }

    /// A file of the job was opened. Called before any I/O on it.
    ///
    /// # Errors
    /// When the engine cannot use it.
    fn open_file(&mut self, _file: &OpenedFile<'_>) -> Result<(), EngineError> {
        Ok(())
    }

    /// A file of the job is about to be closed. No I/O on it is under way.
    fn close_file(&mut self, _file: u32) {}

    /// The memory of a slot, if the engine has its own. Asked anew before each I/O, with none under way in the slot.
    #[inline]
    fn own_buffer(&mut self, _slot: u32) -> Option<std::ptr::NonNull<u8>> {
        None
    }

    /// Hands an I/O over. The slot is below the depth of the setup and free. With nothing under way there is room.
    fn queue(&mut self, slot: u32, io: &mut Io) -> Queued;

    /// Submits what was accepted. Part of it, or with an engine that sends and receives in one go all of it, may stay with the
    /// engine until the next reap.
    ///
    /// # Errors
    /// When the engine as a whole fails: nothing further can be done with it.
    #[inline]
    fn commit(&mut self) -> Result<(), Errno> {
        Ok(())
    }

    /// Whether not all was over when the latest commit returned: the device works while the job goes on. A commit of many
    /// then keeps it waiting for the last of them.
    #[inline]
    fn works_by_itself(&self) -> bool {
        false
    }

    /// Waits until `at_least` I/Os are over or the time is, and adds up to `at_most` to the list. Fewer come when fewer
    /// are under way, when the time is over, or when a signal came in.
    ///
    /// # Errors
    /// When the engine as a whole fails.
    #[inline]
    fn reap(&mut self, _wanted: Wanted, _completions: &mut Vec<Completion>) -> Result<(), Errno> {
        Ok(())
    }

    /// Whether the engine has nothing more to do, however much the job has left.
    #[inline]
    fn finished(&self) -> bool {
        false
    }

    /// How long the loop pauses after an I/O that took this long; for engines that do something else than I/O.
    #[inline]
    fn pause(&self, _worked: Duration) -> Duration {
        Duration::ZERO
    }

    /// What the normal output says of it when its job starts; for engines that do something else than I/O.
    fn announcement(&self, _job_name: &str) -> Option<String> {
        None
    }

    /// What was behind the latest failed I/O, beyond its error number; for the message to the user.
    fn explain(&mut self) -> Option<String> {
        None
    }
}

/// How many completions are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Wait for so many; 0: only look.
    pub at_least: u32,
    /// Take no more than so many.
    pub at_most: u32,
    /// Wait no longer than this; `None`: as long as it takes.
    pub timeout: Option<Duration>,
}

/// Something that is compiled once for each engine.
pub trait Visitor {
    /// What comes of it.
    type Output;

    /// Goes on with the engine of type `E`.
    fn visit<E: Engine>(self) -> Self::Output;
}

macro_rules! engines {
    ($($engine:ty),* $(,)?) => {
        /// Every engine, sorted by name.
        pub const TABLE: &[Description] = &[$(<$engine as Engine>::DESCRIPTION),*];

        /// Hands the engine of that name to the visitor.
        ///
        /// # Errors
        /// [`EngineError::Unknown`] when there is none.
        pub fn start<V: Visitor>(name: &str, visitor: V) -> Result<V::Output, EngineError> {
            $(if name == <$engine as Engine>::DESCRIPTION.name {
                return Ok(visitor.visit::<$engine>());
            })*
            Err(unknown(name))
        }
    };
}

engines! {
    cpuio::CpuEngine,
    exec::ExecEngine,
    falloc::FallocEngine,
    ftruncate::FtruncateEngine,
    io_uring::IoUringEngine,
    libaio::LibaioEngine,
    mmap::MmapEngine,
    null::NullEngine,
    nvme_tcp::NvmeTcpEngine,
    psync::PsyncEngine,
    pvsync::PvsyncEngine,
    pvsync2::Pvsync2Engine,
    splice::SpliceEngine,
    sync::SyncEngine,
    vsync::VsyncEngine,
}

/// The description of the engine of that name.
#[must_use]
pub fn describe(name: &str) -> Option<&'static Description> {
    TABLE.iter().find(|engine| engine.name == name)
}

/// Whether the engine of that name completes I/Os at once, at this depth.
///
/// # Errors
/// [`EngineError::Unknown`] when there is none.
pub fn complete_at_once(name: &str, depth: u32) -> Result<bool, EngineError> {
    struct AtOnce(u32);
    impl Visitor for AtOnce {
        type Output = bool;

        fn visit<E: Engine>(self) -> bool {
            E::completes_at_once(self.0)
        }
    }
    start(name, AtOnce(depth.max(1)))
}

fn unknown(name: &str) -> EngineError {
    let known = TABLE.iter().map(|engine| engine.name).collect::<Vec<_>>().join(" ");
    EngineError::Unknown { name: name.to_owned(), known }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_each_has_a_summary() {
        assert!(TABLE.is_sorted_by(|first, second| first.name < second.name));
        assert!(TABLE.iter().all(|engine| !engine.summary.is_empty()));
    }

    #[test]
    fn an_unknown_engine_is_told_what_there_is() {
        struct Nothing;
        impl Visitor for Nothing {
            type Output = &'static str;
            fn visit<E: Engine>(self) -> &'static str {
                E::DESCRIPTION.name
            }
        }
        assert_eq!(start("psync", Nothing).unwrap(), "psync");
        let error = start("psink", Nothing).unwrap_err().to_string();
        assert!(error.starts_with("there is no ioengine psink; there are: cpuio exec "), "{error}");
        assert_eq!(describe("null").map(|engine| engine.traits.uses_files), Some(false));
    }
}
