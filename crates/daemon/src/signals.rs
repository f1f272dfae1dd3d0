//! Signals as something to poll: handlers only note what came, the main loop acts on it.
//!
//! A signal is caught only where its disposition was the default: one that was ignored when the process started (`nohup`,
//! `trap ''`) stays ignored.
//!
//! SIGXFSZ and SIGPIPE are ignored from then on: a file that has reached its limit (`ulimit -f`) and a reader that is gone are
//! errors of one write, not the end of the service.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

/// What every long-running process listens to.
const CAUGHT: [Signal; 5] = [Signal::TERM, Signal::INT, Signal::HUP, Signal::ALARM, Signal::CHILD];

/// The signals that have come and not been acted on.
#[derive(Debug)]
pub(crate) struct Signals(SignalDelivery<UnixStream, SignalOnly>);

impl Signals {
    /// Catches the signals from now on.
    pub(crate) fn catch() -> io::Result<Self> {
        ignore_failed_writes();
        let (read, write) = UnixStream::pair()?;
        let caught = CAUGHT.into_iter().filter(|&signal| has_default_disposition(signal)).map(Signal::as_raw);
        Ok(Self(SignalDelivery::with_pipe(read, write, SignalOnly, caught)?))
    }

    /// What came since the last call, each signal once.
    pub(crate) fn pending(&mut self) -> Vec<Signal> {
        self.0.pending().filter_map(Signal::from_named_raw).collect()
    }
}

impl AsFd for Signals {
    /// Readable when a signal came.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_read().as_fd()
    }
}

/// Makes errors of what would be signals: writes to a file at its limit, and to a pipe that nobody reads.
pub(crate) fn ignore_failed_writes() {
    for signal in [libc::SIGXFSZ, libc::SIGPIPE] {
        // SAFETY: to ignore a signal runs no code of ours; number and disposition are valid, so the call cannot fail.
        #[expect(unsafe_code, reason = "rustix changes no dispositions")]
        unsafe {
            libc::signal(signal, libc::SIG_IGN);
        }
    }
}

/// Whether nobody has decided about this signal: neither this process nor the one that started it.
pub(crate) fn has_default_disposition(signal: Signal) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: with a null new action the call only writes the present one to `action`, which has room for it.
    #[expect(unsafe_code, reason = "rustix has no way to ask for a disposition")]
    let result = unsafe { libc::sigaction(signal.as_raw(), std::ptr::null(), action.as_mut_ptr()) };
    // SAFETY: a sigaction is valid in whatever bytes it has, and these are zeroes or what the kernel wrote.
    #[expect(unsafe_code, reason = "see above")]
    let action = unsafe { action.assume_init() };
    result == 0 && action.sa_sigaction == libc::SIG_DFL
}

impl Signals {
    /// Lets every signal wait from now on, unless one has come that nobody has acted on: it would be forgotten with this program.
    /// To be called between fork and exec, or before an exec: it allocates nothing.
    pub(crate) fn hold_back(descriptor: RawFd) -> io::Result<()> {
        change_mask(true)?;
        // SAFETY: the caller's signals outlive the call, and with them their descriptor.
        #[expect(unsafe_code, reason = "a closure that runs before an exec borrows nothing")]
        let descriptor = unsafe { BorrowedFd::borrow_raw(descriptor) };
        let mut watched = [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)];
        if poll(&mut watched, Some(&Timespec::default()))? > 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(())
    }
}

/// Lets the waiting signals come.
pub(crate) fn unblock_all() {
    let _ = change_mask(false);
}

fn change_mask(full: bool) -> io::Result<()> {
    let fill = if full { libc::sigfillset } else { libc::sigemptyset };
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: either call writes a set of signals to `set`, which has room for it.
    #[expect(unsafe_code, reason = "rustix has no signal masks")]
    unsafe {
        fill(set.as_mut_ptr());
    }
    // SAFETY: `set` holds a set of signals; the old one is not asked for.
    #[expect(unsafe_code, reason = "rustix has no signal masks")]
    let result = unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut()) };
    if result == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(result)) }
}
