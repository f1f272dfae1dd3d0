//! What a service says when it dies of an error of its own: a panic, or one of the signals that a fault raises.
//!
//! ```text
//!   panic ──► hook ─────────────────────────► names at once ──┐
//!   fault ──► handler ──► addresses, relative to the binary ──┴─► channel, else log file, else standard error
//!                                                   │
//!   supervisor ◄── Notification::Crash ◄── channel ─┘   symbolise(report): addresses → functions and lines
//! ```
//! Start reading at [`install`]. The module `handler` argues why what it does is allowed in a signal handler; [`symbolise()`] is
//! run by whoever survives, with all the time and memory that a dying process does not have.
//!
//! The process then ends as it would have without all this: of the same signal, with a core dump where those are
//! enabled. A report is one message with a key of its own, so it cannot be taken for readiness.
//!
//! Costs nothing while nothing goes wrong: [`install`] reads `/proc/self/maps` once, each covered thread maps
//! 320 KiB of address space, of which nothing is touched.

mod alternate_stack;
mod handler;
mod image;
mod panic;
mod symbolise;
mod text;

use std::io;
use std::os::fd::RawFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

use image::Image;

pub use alternate_stack::cover_this_thread;
pub use symbolise::symbolise;

/// What a descriptor of a [`CrashSink`] is while there is none.
pub const NO_DESCRIPTOR: RawFd = -1;

/// Where reports go. The descriptors may change at any time: a log file is reopened, another supervisor adopts. Whoever
/// closes one sets it to another or to [`NO_DESCRIPTOR`] first.
#[derive(Debug, Clone, Copy)]
pub struct CrashSink {
    /// The service's end of its [`Channel`](crate::channel::Channel) to the supervisor.
    pub channel: &'static AtomicI32,
    /// The log file, opened for appending. Used when nobody took the report from the channel; standard error is when
    /// there is no log file either.
    pub log: &'static AtomicI32,
}

/// All that the handler needs, found while allocating was still allowed.
#[derive(Debug)]
struct Installed {
    sink: CrashSink,
    images: Vec<Image>,
}

/// Written once, and read by the handler: reading it is one atomic load.
static INSTALLED: OnceLock<Installed> = OnceLock::new();

/// Prepares this process for its end: a panic of any thread is reported and aborts the process, in every build; so are
/// SEGV, BUS, ILL, FPE and ABRT reported where nobody had them ignored (`trap ''`, a handler of another library).
///
/// Called once, early, by the main thread; later calls change nothing. The standard library's own handler, which only
/// tells of stack overflows, is replaced. Threads that are started later call [`cover_this_thread`]; without that, the
/// standard library's small stack has to do, which is enough for the raw report.
///
/// # Errors
/// When the kernel refuses the handlers or the memory for their stack.
pub fn install(sink: CrashSink) -> io::Result<()> {
    if INSTALLED.set(Installed { sink, images: image::images() }).is_err() {
        return Ok(());
    }
    cover_this_thread()?;
    panic::install();
    handler::install()
}

impl CrashSink {
    /// The descriptor of the channel, if there is one.
    fn channel(&self) -> Option<RawFd> {
        Some(self.channel.load(Ordering::Acquire)).filter(|&descriptor| descriptor >= 0)
    }

    /// The log file, or standard error.
    fn file(&self) -> RawFd {
        let log = self.log.load(Ordering::Acquire);
        if log >= 0 { log } else { libc::STDERR_FILENO }
    }
}

/// Sends one message through a channel; whether it was taken. Safe in a signal handler: one system call.
#[expect(unsafe_code, reason = "a descriptor that is only known by its number, in a signal handler")]
fn send(channel: RawFd, message: &[u8]) -> bool {
    let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
    // SAFETY: the kernel reads `message.len()` bytes of a live slice; a number that is no socket gives an error.
    let sent = unsafe { libc::send(channel, message.as_ptr().cast(), message.len(), flags) };
    usize::try_from(sent) == Ok(message.len())
}

/// Writes all bytes to a file, as far as it takes them. Safe in a signal handler: system calls only.
#[expect(unsafe_code, reason = "a descriptor that is only known by its number, in a signal handler")]
fn write(file: RawFd, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: the kernel reads `bytes.len()` bytes of a live slice; a number that is no file gives an error.
        let written = unsafe { libc::write(file, bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(written) {
            Ok(0) => return,
            Ok(written) => bytes = &bytes[written.min(bytes.len())..],
            Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
