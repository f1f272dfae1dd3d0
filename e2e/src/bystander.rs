//! A well-behaved host that works while others misbehave, and must not notice.

use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use reactor::clock::{self, Duration};

use crate::context::Target;
use crate::ensure;
use crate::failure::{Failure, Verdict};
use crate::wire::{ANSWER_LIMIT, BLOCK_BYTES, Peer};

/// Blocks of namespace 1 that each writes and reads again. Its controller's identifier tells which, so that several can be
/// at work.
const BLOCKS: u64 = 64;

/// A host on a thread of its own: writes a block, reads it, compares, again and again.
#[derive(Debug)]
pub struct Bystander {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    rounds: u64,
    /// No more rounds: asked for, or because one failed.
    over: bool,
    problem: Option<String>,
}

impl Bystander {
    /// Connects to the target and begins.
    ///
    /// # Errors
    /// When the target does not take it.
    pub fn start(target: &Target) -> Result<Self, Failure> {
        Self::start_at(target.address, &target.nqn)
    }

    /// As [`start`](Self::start), with the subsystem that has this name at this address.
    ///
    /// # Errors
    /// When the target does not take it.
    pub fn start_at(address: SocketAddr, nqn: &str) -> Result<Self, Failure> {
        let (admin, controller_id) = Peer::admin_queue_at(address, nqn)?;
        let io = Peer::io_queue_at(address, nqn, controller_id)?;
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let result = work(&of_thread, io, u64::from(controller_id) * BLOCKS).map_err(|failure| failure.to_string());
            // The controller lives as long as its Admin queue.
            drop(admin);
            let mut state = of_thread.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.over = true;
            state.problem = result.err();
            drop(state);
            of_thread.changed.notify_all();
        });
        let bystander = Self { shared, thread: Some(thread) };
        bystander.progress()?;
        Ok(bystander)
    }

    /// Waits until two more rounds are done, so that at least one began after this was called.
    ///
    /// # Errors
    /// When that takes long, or a round failed.
    pub fn progress(&self) -> Verdict {
        let until = clock::now() + ANSWER_LIMIT;
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = state.rounds + 2;
        while state.rounds < wanted {
            let left = until.saturating_duration_since(clock::now());
            ensure!(!state.over, "the host beside it failed: {}", state.problem.as_deref().unwrap_or("it was ended"));
            ensure!(left > Duration::ZERO, "the host beside it does not get on");
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// Ends it.
    ///
    /// # Errors
    /// When one of its rounds failed.
    pub fn finish(mut self) -> Verdict {
        self.end()
    }

    fn end(&mut self) -> Verdict {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).over = true;
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            return Err(Failure::new("the host beside it panicked"));
        }
        match self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).problem.take() {
            None => Ok(()),
            Some(problem) => Err(Failure::new(problem).during("the host beside it")),
        }
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        // Whoever wants to know calls `finish`.
        let _ = self.end();
    }
}

fn work(shared: &Shared, mut queue: Peer, first_block: u64) -> Verdict {
    let mut back = [0; BLOCK_BYTES];
    for round in 0.. {
        let [low, high, ..] = u64::to_le_bytes(round);
        let data: Vec<u8> = (0..BLOCK_BYTES).map(|at| if at % 2 == 0 { low } else { high }).collect();
        let status = queue.write(first_block + round % BLOCKS, &data)?;
        ensure!(status.is_success(), "write in round {round}: {status}");
        let status = queue.read(first_block + round % BLOCKS, &mut back)?;
        ensure!(status.is_success(), "read in round {round}: {status}");
        ensure!(back[..] == data[..], "round {round} read something else than it wrote");
        let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.rounds += 1;
        if state.over {
            return Ok(());
        }
        drop(state);
        shared.changed.notify_all();
    }
    Ok(())
}
