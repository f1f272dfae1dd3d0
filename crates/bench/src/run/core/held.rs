//! What may not begin yet: I/Os that are not due, that are ahead of other jobs, or that overlap one under way.

use reactor::clock::Duration;

use super::super::ended::Ended;
use super::super::flow::Flow;
use super::next::Next;
use super::{Core, index, length};
use crate::engines::Engine;
use crate::offsets::Io as Chosen;

impl<E: Engine> Core<'_, E> {
    /// Whether rates, weights and overlaps let the I/O begin. If not, it is kept.
    pub(super) fn may_begin(&mut self, io: Chosen) -> bool {
        let parts = &mut self.parts;
        if parts.pace.is_limited() {
            let due_ns = parts.pace.due_ns(io.direction);
            if parts.clock.now() < due_ns {
                return self.hold(Next::Io(io), due_ns);
            }
            self.due_ns = due_ns;
        }
        if parts.flow.as_ref().is_some_and(Flow::is_ahead) {
            let until = parts.clock.now() + parts.flow_sleep_ns;
            return self.hold(Next::Io(io), until);
        }
        if self.overlaps(index(io.file), io.offset, length(io.length)) {
            return self.hold(Next::Io(io), 0);
        }
        // Counted once, however often it was held.
        let parts = &mut self.parts;
        if parts.pace.is_limited() {
            parts.pace.issued(io.direction, io.length);
        }
        if let Some(flow) = &mut parts.flow {
            flow.issue();
        }
        true
    }

    /// Whether what is to begin has to wait for another I/O to the same place.
    pub(super) fn overlaps(&self, file: u32, offset: u64, length_bytes: u32) -> bool {
        self.parts.depth.serialize_overlap && self.slots.overlaps(file, offset, length_bytes)
    }

    /// Keeps what may not begin yet. `until_ns` is 0 where another I/O has to end first.
    pub(super) fn hold(&mut self, next: Next, until_ns: u64) -> bool {
        self.held = Some(next);
        self.held_until_ns = until_ns;
        false
    }

    /// The next I/O may not begin yet: takes what is over in the meantime, or sleeps.
    pub(super) fn wait_for_held(&mut self) -> Result<(), Ended> {
        self.commit()?;
        let now = self.parts.clock.now();
        let until = self.held_until_ns.min(self.parts.timing.end_ns());
        if self.held_until_ns == 0 {
            // Ends with an I/O, or when other threads have checked the block.
            self.reap(1, u32::MAX, None)?;
        } else if self.under_way > 0 {
            let asked_ns = self.waking.in_good_time(until.saturating_sub(now));
            let under_way = self.under_way;
            self.reap(u32::from(asked_ns > 0), u32::MAX, Some(Duration::from_nanos(asked_ns)))?;
            if asked_ns > 0 && self.under_way == under_way {
                self.waking.woke(self.now_ns.saturating_sub(now + asked_ns));
            }
        } else if until > now {
            self.publish();
            self.waking.rest_until(&self.parts.clock, until, self.parts.shared);
        }
        self.now_ns = self.parts.clock.now();
        Ok(())
    }
}
