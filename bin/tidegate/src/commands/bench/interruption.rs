//! Signals that a run of the load generator takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

use super::screen::Screen;

/// The first Ctrl-C or SIGTERM ends the jobs, which are then reported; the second ends the process, and leaves the terminal as it
/// was. SIGUSR1 asks for the results so far.
pub(super) struct Interruption {
    pub(super) stop: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
    /// SIGUSR1 came in: results so far are wanted.
    pub(super) wants_report: Arc<AtomicBool>,
    /// What a second signal gives back.
    pub(super) screen: Arc<Screen>,
}

impl Interruption {
    pub(super) fn catch() -> std::io::Result<Self> {
        let caught =
            Self { stop: Arc::default(), signal: Arc::default(), wants_report: Arc::default(), screen: Arc::default() };
        signal_hook::flag::register(SIGUSR1, Arc::clone(&caught.wants_report))?;
        for (signal, number) in [(SIGINT, 2), (SIGTERM, 15)] {
            // In this order: what a signal does is done in the order of registration, and the second line ends the process.
            caught.register_screen(signal)?;
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&caught.stop))?;
            signal_hook::flag::register_usize(signal, Arc::clone(&caught.signal), number)?;
            signal_hook::flag::register(signal, Arc::clone(&caught.stop))?;
        }
        Ok(caught)
    }

    #[expect(unsafe_code, reason = "a handler of signals that does more than set a flag")]
    fn register_screen(&self, signal: i32) -> std::io::Result<()> {
        let (stop, screen) = (Arc::clone(&self.stop), Arc::clone(&self.screen));
        let give_back = move || {
            if stop.load(Ordering::SeqCst) {
                screen.give_back_in_handler();
            }
        };
        // SAFETY: the handler loads atomics and makes system calls; it takes no lock, allocates nothing and does not panic.
        unsafe { signal_hook::low_level::register(signal, give_back) }.map(drop)
    }

    /// The signal that came in, if one did.
    pub(super) fn number(&self) -> Option<usize> {
        self.stop.load(Ordering::Relaxed).then(|| self.signal.load(Ordering::Relaxed))
    }
}
