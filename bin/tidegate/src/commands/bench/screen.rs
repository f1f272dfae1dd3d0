//! The terminal while the whole screen is taken: how it was, for a signal that ends the process.
//!
//! Whoever takes the screen gives it back himself; this is for an end that does not come back to him. All that is done then may be
//! done in a handler of signals: two system calls and a poll between them, over values that were stored before.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::BorrowedFd;
use rustix::stdio::{stdin, stdout};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcsetattr};

/// The cursor, then the screen that was there before.
const GIVE_BACK: &[u8] = b"\x1b[?25h\x1b[?1049l";

/// How the terminal was before the screen was taken.
#[derive(Default)]
pub(super) struct Screen {
    before: OnceLock<Termios>,
    is_taken: AtomicBool,
}

impl Screen {
    /// Remembers how the terminal is: the screen is about to be taken.
    ///
    /// # Errors
    /// When there is no terminal.
    pub(super) fn remember(&self) -> std::io::Result<()> {
        let before = tcgetattr(terminal())?;
        self.before.get_or_init(|| before);
        self.is_taken.store(true, Ordering::Release);
        Ok(())
    }

    /// The screen was given back.
    pub(super) fn forget(&self) {
        self.is_taken.store(false, Ordering::Release);
    }

    /// Gives the screen back if it is taken. Whatever fails: the process ends. A terminal that takes no more bytes does not hold it up.
    pub(super) fn give_back_in_handler(&self) {
        if !self.is_taken.swap(false, Ordering::Acquire) {
            return;
        }
        if let Some(before) = self.before.get() {
            let _ = tcsetattr(terminal(), OptionalActions::Now, before);
        }
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        if poll(&mut [PollFd::new(&stdout(), PollFlags::OUT)], Some(&at_once)) == Ok(1) {
            let _ = rustix::io::write(stdout(), GIVE_BACK);
        }
    }
}

/// The one whose settings are changed while the screen is taken.
fn terminal() -> BorrowedFd<'static> {
    if isatty(stdin()) { stdin() } else { stdout() }
}
