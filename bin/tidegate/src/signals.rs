//! Waiting for the end: Ctrl-C, SIGTERM or SIGHUP from a closed terminal.

use std::io;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The signals that end a service. Created before the service starts, so that none is missed.
pub(crate) struct Termination(Signals);

impl Termination {
    /// Catches the signals from now on.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub(crate) fn catch() -> io::Result<Self> {
        // A second signal while the first is being acted on must end the process at once: `conditional_default`
        // does the default action when the flag is set, and the flag is set by the first signal.
        let stopping = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register_conditional_default(signal, stopping.clone())?;
            signal_hook::flag::register(signal, stopping.clone())?;
        }
        Ok(Self(Signals::new([SIGINT, SIGTERM, SIGHUP])?))
    }

    /// Blocks until the first of them arrives.
    pub(crate) fn wait(&mut self) {
        let _ = self.0.forever().next();
    }
}
