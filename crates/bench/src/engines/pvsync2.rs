//! `preadv2` and `pwritev2`: like `pvsync`, with flags for each I/O.

use std::io::{IoSlice, IoSliceMut};

use rustix::io::{ReadWriteFlags, preadv2, pwritev2, retry_on_intr};

use super::{Description, Engine, EngineError, Io, Operation, Queued, Setup, Traits, file_call};

/// `RWF_DONTCACHE`: the data leave the page cache as soon as the I/O is over. Linux 6.14.
pub(super) const DONT_CACHE: u32 = 0x80;

/// The options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pvsync2Options {
    /// `hipri`: poll for the completion (`RWF_HIPRI`); only direct I/O on devices that can be polled.
    pub high_priority: bool,
    /// `hipri_percentage`: in so many of 100 I/Os. Default 100.
    pub high_priority_percent: u8,
    /// `nowait`: `EAGAIN` instead of waiting (`RWF_NOWAIT`).
    pub no_wait: bool,
    /// `uncached`: buffered data leave the cache at once (`RWF_DONTCACHE`).
    pub uncached: bool,
}

impl Default for Pvsync2Options {
    fn default() -> Self {
        Self { high_priority: false, high_priority_percent: 100, no_wait: false, uncached: false }
    }
}

/// The engine.
#[derive(Debug)]
pub(super) struct Pvsync2Engine {
    flags: ReadWriteFlags,
    high_priority_percent: u8,
    /// Of 100 I/Os this many of the percentage were used up: spreads polled I/Os evenly.
    share: u8,
}

impl Engine for Pvsync2Engine {
    const DESCRIPTION: Description =
        Description { name: "pvsync2", summary: "preadv2(2) and pwritev2(2)", traits: Traits::SYNCHRONOUS };

    fn new(setup: &Setup<'_>) -> Result<Self, EngineError> {
        let options = setup.options.pvsync2;
        let mut flags = ReadWriteFlags::empty();
        flags.set(ReadWriteFlags::NOWAIT, options.no_wait);
        if options.uncached {
            flags |= ReadWriteFlags::from_bits_retain(DONT_CACHE);
        }
        let high_priority_percent = if options.high_priority { options.high_priority_percent.min(100) } else { 0 };
        Ok(Self { flags, high_priority_percent, share: 0 })
    }

    #[inline]
    fn queue(&mut self, _slot: u32, io: &mut Io) -> Queued {
        let (offset, flags) = (io.offset(), self.flags());
        Queued::Done(match io.operation() {
            Operation::Read => retry_on_intr(|| {
                let (file, bytes) = io.read_parts();
                preadv2(file, &mut [IoSliceMut::new(bytes)], offset, flags)
            })
            .into(),
            Operation::Write => {
                retry_on_intr(|| pwritev2(io.borrowed(), &[IoSlice::new(io.bytes())], offset, flags)).into()
            }
            _ => file_call::without_data(io),
        })
    }
}

impl Pvsync2Engine {
    /// The flags of the next I/O.
    #[inline]
    fn flags(&mut self) -> ReadWriteFlags {
        self.share += self.high_priority_percent;
        if self.share < 100 {
            return self.flags;
        }
        self.share -= 100;
        self.flags | ReadWriteFlags::HIPRI
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polled_ios_are_spread_evenly() {
        for (percent, expected) in [(0, 0), (1, 10), (33, 330), (100, 1000)] {
            let mut engine = Pvsync2Engine { flags: ReadWriteFlags::NOWAIT, high_priority_percent: percent, share: 0 };
            let flags: Vec<_> = (0..1000).map(|_| engine.flags()).collect();
            assert!(flags.iter().all(|flags| flags.contains(ReadWriteFlags::NOWAIT)));
            let polled = flags.iter().filter(|flags| flags.contains(ReadWriteFlags::HIPRI)).count();
            assert_eq!(polled, expected, "{percent} %");
        }
    }
}
