//! Readiness for one thread: poll, spin for a moment, then block.
//!
//! Waking a sleeping core costs more than most requests (some 40 µs against 8 µs on the machine of
//! docs/measurements), so after the last activity the loop asks again and again for [`IdlePolicy::spin`] before it
//! blocks. A loop with nothing to do for longer than that uses no processor time at all.
//!
//! Cost of a turn: one `epoll_wait` while there is work, and one clock reading.

use std::io;
use std::sync::Arc;

use mio::{Events, Poll, Registry, Token, Waker};

use crate::clock::{self, Duration, Instant};

/// The token of events that come from [`RemoteWaker::wake`]; no other source may use it.
pub const WAKER_TOKEN: Token = Token(usize::MAX);

/// Most events that one turn returns. What is left over comes with the next turn.
const EVENTS_PER_TURN: usize = 1024;

/// How long an idle loop keeps asking before it sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdlePolicy {
    /// Time after the last activity during which the loop polls without blocking. Zero: block at once.
    pub spin: Duration,
}

impl IdlePolicy {
    /// 50 µs: about what a wake-up costs, so an idle loop never spends more on spinning than a wake-up would cost.
    pub const DEFAULT: Self = Self { spin: Duration::from_micros(50) };
}

impl Default for IdlePolicy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Wakes an [`EventLoop`] from another thread. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RemoteWaker(Arc<Waker>);

impl RemoteWaker {
    /// Makes the loop's current or next turn return.
    pub fn wake(&self) {
        // The only failure is an exhausted eventfd counter, and then the loop has a wake-up pending already.
        let _ = self.0.wake();
    }
}

/// The event loop of one thread.
#[derive(Debug)]
pub struct EventLoop {
    poll: Poll,
    events: Events,
    waker: RemoteWaker,
    policy: IdlePolicy,
    now: Instant,
    last_activity: Instant,
    sleeps: u64,
}

impl EventLoop {
    /// A loop with nothing registered but its own waker.
    ///
    /// # Errors
    /// When the kernel grants no epoll instance or event descriptor (usually: too many open files).
    pub fn new(policy: IdlePolicy) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = RemoteWaker(Arc::new(Waker::new(poll.registry(), WAKER_TOKEN)?));
        let now = clock::now();
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS_PER_TURN),
            waker,
            policy,
            now,
            last_activity: now,
            sleeps: 0,
        })
    }

    /// Where sources of readiness are registered. Readiness is edge-triggered: a source that was not drained is not
    /// reported again, its owner has to remember it and pass `worked` to the next [`turn`](Self::turn).
    #[must_use]
    pub fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// A handle for other threads.
    #[must_use]
    pub fn waker(&self) -> RemoteWaker {
        self.waker.clone()
    }

    /// The time at which the latest turn returned.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// How often the loop has found nothing to do for the time of its policy, and has blocked.
    #[must_use]
    pub fn sleeps(&self) -> u64 {
        self.sleeps
    }

    /// Waits for events. With `more_to_do` it only looks and never waits; otherwise it spins, then blocks until an
    /// event or `deadline`, whichever is first (`None`: no limit). An event or `more_to_do` counts as activity and
    /// starts the spinning time anew.
    ///
    /// # Errors
    /// What `epoll_wait` reports, but for interruption by a signal, which ends the turn without events.
    pub fn turn(&mut self, more_to_do: bool, deadline: Option<Instant>) -> io::Result<&Events> {
        self.look(Some(Duration::ZERO))?;
        if more_to_do || !self.events.is_empty() {
            self.last_activity = self.now;
            return Ok(&self.events);
        }
        let spin_until = self.last_activity + self.policy.spin;
        while self.now < spin_until {
            if deadline.is_some_and(|deadline| deadline <= self.now) {
                return Ok(&self.events);
            }
            std::hint::spin_loop();
            self.look(Some(Duration::ZERO))?;
            if !self.events.is_empty() {
                self.last_activity = self.now;
                return Ok(&self.events);
            }
        }
        self.sleeps += 1;
        self.look(deadline.map(|deadline| deadline.saturating_duration_since(self.now)))?;
        if !self.events.is_empty() {
            self.last_activity = self.now;
        }
        Ok(&self.events)
    }

    fn look(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let result = self.poll.poll(&mut self.events, timeout);
        self.now = clock::now();
        match result {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
            Err(_) => {
                self.events.clear();
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use mio::Interest;
    use mio::net::UnixStream;

    use super::*;

    fn event_loop(spin_us: u64) -> EventLoop {
        EventLoop::new(IdlePolicy { spin: Duration::from_micros(spin_us) }).unwrap()
    }

    #[test]
    fn readiness_is_reported_once_with_its_token() {
        for spin_us in [0, 50] {
            let mut event_loop = event_loop(spin_us);
            let (mut near, mut far) = UnixStream::pair().unwrap();
            event_loop.registry().register(&mut near, Token(7), Interest::READABLE).unwrap();
            far.write_all(b"x").unwrap();
            let tokens: Vec<_> = event_loop.turn(false, None).unwrap().iter().map(mio::event::Event::token).collect();
            assert_eq!(tokens, [Token(7)]);
            assert!(event_loop.turn(true, None).unwrap().is_empty(), "edge-triggered: not reported again");
        }
    }

    #[test]
    fn a_blocked_loop_is_woken_from_another_thread() {
        let mut event_loop = event_loop(0);
        let waker = event_loop.waker();
        let thread = std::thread::spawn(move || waker.wake());
        let tokens: Vec<_> = event_loop.turn(false, None).unwrap().iter().map(mio::event::Event::token).collect();
        assert_eq!(tokens, [WAKER_TOKEN]);
        thread.join().unwrap();
    }

    #[test]
    fn a_turn_ends_at_its_deadline_and_not_before() {
        for spin_us in [0, 50, 1_000_000] {
            let mut event_loop = event_loop(spin_us);
            let deadline = event_loop.now() + Duration::from_millis(3);
            assert!(event_loop.turn(false, Some(deadline)).unwrap().is_empty());
            // epoll counts in milliseconds and rounds up.
            assert!(event_loop.now() >= deadline);
            assert_eq!(event_loop.sleeps(), u64::from(spin_us < 1_000_000), "it spins to the deadline instead");
        }
    }

    #[test]
    fn more_to_do_never_waits() {
        let mut event_loop = event_loop(0);
        assert!(event_loop.turn(true, None).unwrap().is_empty());
        assert_eq!(event_loop.sleeps(), 0);
    }
}
