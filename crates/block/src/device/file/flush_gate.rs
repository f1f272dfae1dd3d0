//! One sync at a time for a file, shared by all who wait for one, on all threads.
//!
//! The kernel tells of data that it could not write back once per open description, to whichever sync asks first. Two
//! syncs at once could thus leave one with the error and the other with a success that is not true. So syncs of a file
//! take turns; a flush that arrives while one is running waits for the *next*, which then serves all who came meanwhile
//! (and saves most of the syncs when many hosts flush). And since the error is told once, the gate remembers it.
//!
//! Cost: a lock per flush, held for a few instructions.

use std::sync::{Mutex, MutexGuard, PoisonError};

use reactor::event_descriptor::EventDescriptor;
use rustix::io::Errno;

/// The number of a sync, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SyncNumber(u64);

#[derive(Debug, Default)]
pub(crate) struct FlushGate {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The newest sync that was begun, and the newest that has ended: the same, or one apart.
    begun: u64,
    ended: u64,
    lost: Option<Errno>,
    /// Who wants to hear of the end of the one that is running.
    waiting: Vec<EventDescriptor>,
}

/// What a flush has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Run a sync now, and report its [`end`](FlushGate::end).
    Run,
    /// Wait for the event, then ask again for this one.
    Wait(SyncNumber),
    /// A sync that began after the flush has ended: this is the flush's result.
    Over(Result<(), Errno>),
}

impl FlushGate {
    /// A flush arrives. `event` is signalled when there is reason to ask again.
    pub(crate) fn arrive(&self, event: &EventDescriptor) -> Turn {
        let mut state = self.lock();
        let needed = SyncNumber(state.begun + 1);
        state.turn(needed, event)
    }

    /// A flush that was told to wait asks again.
    pub(crate) fn ask_again(&self, needed: SyncNumber, event: &EventDescriptor) -> Turn {
        self.lock().turn(needed, event)
    }

    /// The sync that is running has ended. Returns the result for the flush that ran it.
    pub(crate) fn end(&self, result: Result<(), Errno>) -> Result<(), Errno> {
        let mut state = self.lock();
        state.ended = state.begun;
        if let Err(error) = result {
            state.lost.get_or_insert(error);
        }
        for event in state.waiting.drain(..) {
            event.signal();
        }
        state.result()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn turn(&mut self, needed: SyncNumber, event: &EventDescriptor) -> Turn {
        if self.ended >= needed.0 {
            return Turn::Over(self.result());
        }
        if self.begun == self.ended {
            self.begun += 1;
            return Turn::Run;
        }
        if !self.waiting.iter().any(|other| other.is_same(event)) {
            self.waiting.push(event.clone());
        }
        Turn::Wait(needed)
    }

    fn result(&self) -> Result<(), Errno> {
        self.lost.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> EventDescriptor {
        EventDescriptor::new().unwrap()
    }

    fn is_signalled(event: &EventDescriptor) -> bool {
        rustix::io::read(event, &mut [0; 8]).is_ok()
    }

    #[test]
    fn a_flush_alone_runs_its_sync() {
        let gate = FlushGate::default();
        for _ in 0..3 {
            assert_eq!(gate.arrive(&event()), Turn::Run);
            assert_eq!(gate.end(Ok(())), Ok(()));
        }
    }

    #[test]
    fn those_who_arrive_during_a_sync_share_the_next() {
        let gate = FlushGate::default();
        let (near, far) = (event(), event());
        assert_eq!(gate.arrive(&near), Turn::Run);
        let Turn::Wait(needed) = gate.arrive(&near) else { panic!("a sync is running") };
        assert_eq!(gate.arrive(&far), Turn::Wait(needed));
        assert!(!is_signalled(&near) && !is_signalled(&far));
        assert_eq!(gate.end(Ok(())), Ok(()));
        assert!(is_signalled(&near) && is_signalled(&far));
        // The sync that ended began before these flushes, so it does not count for them.
        assert_eq!(gate.ask_again(needed, &far), Turn::Run);
        assert_eq!(gate.ask_again(needed, &near), Turn::Wait(needed));
        assert_eq!(gate.end(Ok(())), Ok(()));
        assert!(is_signalled(&near));
        assert_eq!(gate.ask_again(needed, &near), Turn::Over(Ok(())));
    }

    #[test]
    fn a_loss_is_told_to_all_who_flush_then_and_later() {
        let gate = FlushGate::default();
        let event = event();
        assert_eq!(gate.arrive(&event), Turn::Run);
        let Turn::Wait(needed) = gate.arrive(&event) else { panic!("a sync is running") };
        assert_eq!(gate.end(Err(Errno::IO)), Err(Errno::IO));
        assert_eq!(gate.ask_again(needed, &event), Turn::Run);
        assert_eq!(gate.end(Ok(())), Err(Errno::IO), "the kernel has forgotten, the gate has not");
        assert_eq!(gate.arrive(&event), Turn::Run);
        assert_eq!(gate.end(Err(Errno::NOSPC)), Err(Errno::IO), "the first loss is the one to tell");
    }
}
