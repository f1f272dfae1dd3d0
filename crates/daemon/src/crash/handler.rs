//! The handler of fatal signals: collects addresses, writes them down, and lets the signal do its work.
//!
//! It runs in a process that can be in any state, in the middle of `malloc` for one. What it does until the report is
//! written is therefore restricted to:
//! * system calls: `gettid`, `getpid`, `sigaction`, `sigprocmask`, `alarm`, `send`, `write`, `tgkill`, `_exit`;
//! * loads and stores of atomics, and a static buffer that belongs to whoever has won [`WRITER`];
//! * `core::fmt` of integers and strings into that buffer, which neither allocates nor locks;
//! * the unwinder. It allocates nothing. It has to find the unwind tables: glibc from 2.35 on does so without locks
//!   (`_dl_find_object`), a static binary has one object; older C libraries take the loader's lock. [`install`] unwinds
//!   once, so that nothing in it is resolved or initialised for the first time here.
//!
//! Three things make up for what cannot be proven. A fault of the unwinder on a broken stack comes back here and the
//! report goes out with what there is. A deadlock ends with [`GUARD_SECONDS`]: the same report by another way, and the
//! same death. And of several threads that fault at once only the first reports; the others wait for the end.
//!
//! Only after the report is written, and only without a supervisor that would do it better, are names looked for, which
//! does allocate; the guard watches over that too.

use std::cell::UnsafeCell;
use std::io;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use libc::{c_int, c_void, siginfo_t};

use super::image::{self, Image};
use super::symbolise::{IDENTITY_LABEL, symbolise};
use super::text::Text;
use super::{INSTALLED, alternate_stack, panic, send, write};

/// The signals that a fault raises, with their names.
const FATAL: [(c_int, &str); 5] = [
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGABRT, "SIGABRT"),
];

/// What each line of a crash report begins with in a message; [`crate::notification`] reads it back.
const CRASH_LINE: &str = "X_TIDEGATE_CRASH=";

/// The most addresses in a report.
const ADDRESSES_LIMIT: usize = 64;

/// How long reporting may take, in seconds; then the process ends without the rest of it.
const GUARD_SECONDS: u32 = 5;

/// How far from the stack pointer a fault is called an overflow of the stack, in bytes: a function's frame is touched
/// page by page, so the first page that is missing is near.
const OVERFLOW_DISTANCE_BYTES: usize = 64 * 1024;

/// The signal that the process is dying of.
static SIGNAL: AtomicI32 = AtomicI32::new(0);
/// The thread that faulted first.
static REPORTER: AtomicI32 = AtomicI32::new(0);
/// The thread that has the right to write the report: usually the same.
static WRITER: AtomicI32 = AtomicI32::new(0);
/// What has been collected.
static ADDRESSES: [AtomicUsize; ADDRESSES_LIMIT] = [const { AtomicUsize::new(0) }; ADDRESSES_LIMIT];
static ADDRESS_COUNT: AtomicUsize = AtomicUsize::new(0);
/// The process that sent the signal; 0 when a fault raised it.
static SENDER: AtomicI32 = AtomicI32::new(0);
static FAULT_ADDRESS: AtomicUsize = AtomicUsize::new(0);
static STACK_POINTER: AtomicUsize = AtomicUsize::new(0);
/// The executable's device and inode; zeros when not known.
static IDENTITY: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

/// The buffer of the report.
struct Buffer(UnsafeCell<Text>);

// SAFETY: only `report` reaches into it, and there only the winner of `WRITER`, who wins once.
#[expect(unsafe_code, reason = "a buffer in static memory: the stack may be small and the heap broken")]
unsafe impl Sync for Buffer {}

static BUFFER: Buffer = Buffer(UnsafeCell::new(Text::new()));

/// Puts the handler in the place of default actions.
pub(super) fn install() -> io::Result<()> {
    if let Some((device, inode)) = image::identity() {
        IDENTITY[0].store(usize::try_from(device).unwrap_or(0), Ordering::Relaxed);
        IDENTITY[1].store(usize::try_from(inode).unwrap_or(0), Ordering::Relaxed);
    }
    collect(0);
    ADDRESS_COUNT.store(0, Ordering::Relaxed);
    for (signal, _) in FATAL {
        let present = set_action(signal, None)?;
        let replaceable = match present.sa_sigaction {
            libc::SIG_DFL => true,
            libc::SIG_IGN => false,
            // The standard library's, which it installs before `main` where it found the default.
            _ => matches!(signal, libc::SIGSEGV | libc::SIGBUS),
        };
        if replaceable {
            set_action(signal, Some(&action(on_fault as *const () as usize)))?;
        }
    }
    Ok(())
}

/// An action that runs a handler on the thread's alternate stack and keeps the signal deliverable meanwhile.
#[expect(unsafe_code, reason = "a C structure that is extended from release to release has no constructor")]
fn action(handler: libc::sighandler_t) -> libc::sigaction {
    // SAFETY: all zeros is a valid value: numbers, an empty set and an absent function.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
    action
}

/// Sets the action of a signal, if there is a new one, and returns the one before.
#[expect(unsafe_code, reason = "handlers that get the interrupted context have no safe interface")]
fn set_action(signal: c_int, new: Option<&libc::sigaction>) -> io::Result<libc::sigaction> {
    let mut old = action(libc::SIG_DFL);
    let new = new.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: both point to valid structures or nowhere; the handlers installed here keep to this module's rules.
    let result = unsafe { libc::sigaction(signal, new, &raw mut old) };
    if result == 0 { Ok(old) } else { Err(io::Error::last_os_error()) }
}

/// The handler. What a fault has interrupted never goes on: it returns to nothing but its own work.
#[expect(unsafe_code, reason = "the kernel passes pointers to a signal handler")]
extern "C" fn on_fault(signal: c_int, information: *mut siginfo_t, context: *mut c_void) {
    if signal == libc::SIGABRT && panic::has_panicked() {
        die(signal);
    }
    // SAFETY: with SA_SIGINFO the kernel passes a valid structure.
    let information = unsafe { &*information };
    let was_sent = information.si_code <= 0;
    let thread = this_thread();
    match REPORTER.compare_exchange(0, thread, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {}
        Err(reporter) if reporter == thread || WRITER.load(Ordering::Acquire) == thread => {
            // Somebody sends one more signal: no reason to stop in the middle of the report.
            if was_sent && signal != libc::SIGABRT {
                return;
            }
            report_and_die();
        }
        Err(_) => wait_for_the_end(),
    }
    arm_guard(signal, GUARD_SECONDS);
    if was_sent {
        // SAFETY: a process sent it, and then the structure holds who.
        SENDER.store(unsafe { information.si_pid() }, Ordering::Relaxed);
    } else {
        // SAFETY: a fault raised the signal, and then the structure holds the address.
        FAULT_ADDRESS.store(unsafe { information.si_addr() }.addr(), Ordering::Relaxed);
    }
    // SAFETY: with SA_SIGINFO this is the interrupted context, valid as long as the handler runs.
    let registers = unsafe { Registers::of(&*context.cast::<libc::ucontext_t>()) };
    STACK_POINTER.store(registers.stack_pointer, Ordering::Relaxed);
    collect(registers.program_counter);
    if let Some((file, report)) = report() {
        arm_guard(signal, GUARD_SECONDS);
        add_names(file, report);
    }
    die(signal);
}

/// Where the thread was when it was interrupted.
struct Registers {
    program_counter: usize,
    stack_pointer: usize,
}

impl Registers {
    #[cfg(target_arch = "x86_64")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "registers are as wide as addresses")]
    fn of(context: &libc::ucontext_t) -> Self {
        let register = |number: c_int| context.uc_mcontext.gregs[number as usize] as usize;
        Self { program_counter: register(libc::REG_RIP), stack_pointer: register(libc::REG_RSP) }
    }

    #[cfg(target_arch = "aarch64")]
    #[expect(clippy::cast_possible_truncation, reason = "registers are as wide as addresses")]
    fn of(context: &libc::ucontext_t) -> Self {
        Self { program_counter: context.uc_mcontext.pc as usize, stack_pointer: context.uc_mcontext.sp as usize }
    }

    /// Without them a report begins with the handler's own frames.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    fn of(_context: &libc::ucontext_t) -> Self {
        Self { program_counter: 0, stack_pointer: 0 }
    }
}

/// Collects the addresses from the interrupted instruction on, callees first; all when it is 0. The instruction itself
/// is there even if the unwinder does not get that far.
#[expect(unsafe_code, reason = "the variant without a lock")]
fn collect(program_counter: usize) {
    let push = |address: usize| {
        let count = ADDRESS_COUNT.load(Ordering::Relaxed);
        if let Some(slot) = ADDRESSES.get(count) {
            slot.store(address, Ordering::Relaxed);
            ADDRESS_COUNT.store(count + 1, Ordering::Release);
        }
        count + 1 < ADDRESSES_LIMIT
    };
    let mut found = program_counter == 0;
    if !found {
        push(program_counter);
    }
    // SAFETY: the lock that is left out protects the symbol cache, and only addresses are asked for here.
    unsafe {
        backtrace::trace_unsynchronized(|frame| {
            let address = frame.ip().addr();
            if found && address != 0 {
                return push(address);
            }
            found |= address == program_counter;
            true
        });
    }
}

/// For whoever comes here because the first attempt to report went wrong.
fn report_and_die() -> ! {
    report();
    die(SIGNAL.load(Ordering::Acquire))
}

/// Writes the report, unless it has been written: does not return while another thread does it. The file and the report
/// when no channel took it.
#[expect(unsafe_code, reason = "a buffer in static memory: the stack may be small and the heap broken")]
fn report() -> Option<(RawFd, &'static [u8])> {
    let thread = this_thread();
    match WRITER.compare_exchange(0, thread, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {}
        // A fault in the middle of writing: what is written is written.
        Err(writer) if writer == thread => return None,
        Err(_) => wait_for_the_end(),
    }
    // SAFETY: `WRITER` leaves 0 once in the life of the process, and only who has changed it comes here.
    let text = unsafe { &mut *BUFFER.0.get() };
    let installed = INSTALLED.get()?;
    compose(text, CRASH_LINE, &installed.images);
    let message = text.as_bytes().strip_suffix(b"\n").unwrap_or_default();
    if installed.sink.channel().is_some_and(|channel| send(channel, message)) {
        return None;
    }
    compose(text, "", &installed.images);
    let file = installed.sink.file();
    write(file, text.as_bytes());
    Some((file, text.as_bytes()))
}

/// Fills in the report, each line behind a prefix.
fn compose(text: &mut Text, prefix: &str, images: &[Image]) {
    text.clear();
    let signal = SIGNAL.load(Ordering::Acquire);
    let name = FATAL.iter().find(|(number, _)| *number == signal).map_or("signal", |(_, name)| name);
    text.line(prefix, format_args!("{name} detected, backtrace:"));
    let count = ADDRESS_COUNT.load(Ordering::Acquire).min(ADDRESSES_LIMIT);
    for address in ADDRESSES[..count].iter().map(|address| address.load(Ordering::Relaxed)) {
        match images.iter().find(|image| image.addresses.contains(&address)) {
            Some(Image { name, addresses }) => {
                text.line(prefix, format_args!("{address:#x} <{name}+{:#x}>", address - addresses.start));
            }
            None => text.line(prefix, format_args!("{address:#x}")),
        }
    }
    let sender = SENDER.load(Ordering::Relaxed);
    if sender != 0 && sender != this_process() {
        text.line(prefix, format_args!("sent by process {sender}"));
    } else if sender == 0 && (signal == libc::SIGSEGV || signal == libc::SIGBUS) {
        let address = FAULT_ADDRESS.load(Ordering::Relaxed);
        let overflow = STACK_POINTER.load(Ordering::Relaxed).abs_diff(address) < OVERFLOW_DISTANCE_BYTES;
        let reason = if overflow { ", the stack has overflowed" } else { "" };
        text.line(prefix, format_args!("fault address {address:#x}{reason}"));
    }
    let [device, inode] = [0, 1].map(|index: usize| IDENTITY[index].load(Ordering::Relaxed));
    text.line(prefix, format_args!("{IDENTITY_LABEL}{device}:{inode}"));
}

/// Adds what the supervisor would have found out, where there is none. Needs a stack that the standard library's is not.
fn add_names(file: RawFd, report: &[u8]) {
    if !alternate_stack::is_ours() {
        return;
    }
    if let Ok(report) = std::str::from_utf8(report) {
        write(file, b"with names:\n");
        write(file, symbolise(report).as_bytes());
    }
}

/// Makes sure that the process ends of this signal after so long at the latest.
pub(super) fn arm_guard(signal: c_int, seconds: u32) {
    SIGNAL.store(signal, Ordering::Release);
    // Nothing can be done about an error, and the guard is only needed when something else has gone wrong too.
    let _ = set_action(libc::SIGALRM, Some(&action(on_guard as *const () as usize)));
    unblock(libc::SIGALRM);
    set_alarm(seconds);
}

/// Time is up. This may be any thread, or the reporter itself in the middle of a lock.
extern "C" fn on_guard(_signal: c_int, _information: *mut siginfo_t, _context: *mut c_void) {
    if WRITER.load(Ordering::Acquire) != 0 || panic::has_panicked() {
        die(SIGNAL.load(Ordering::Acquire));
    }
    set_alarm(GUARD_SECONDS);
    report_and_die();
}

/// Ends the process as the signal would have ended it.
#[expect(unsafe_code, reason = "system calls that have no safe interface")]
fn die(signal: c_int) -> ! {
    let _ = set_action(signal, Some(&action(libc::SIG_DFL)));
    unblock(signal);
    // SAFETY: takes no pointers.
    unsafe { libc::raise(signal) };
    // Only process 1 of a PID namespace is still here: signals of its own cannot end it.
    // SAFETY: takes no pointers, and runs nothing of the process any more.
    unsafe { libc::_exit(128 + signal) }
}

#[expect(unsafe_code, reason = "system calls that have no safe interface")]
fn unblock(signal: c_int) {
    let mut set = action(libc::SIG_DFL).sa_mask;
    // SAFETY: the set is a valid, empty one.
    unsafe { libc::sigaddset(&raw mut set, signal) };
    // SAFETY: the set is valid, and the old mask is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, ptr::null_mut()) };
}

#[expect(unsafe_code, reason = "system calls that have no safe interface")]
fn set_alarm(seconds: u32) {
    // SAFETY: takes no pointers.
    unsafe { libc::alarm(seconds) };
}

/// Another thread ends the process; the guard does when that one cannot.
#[expect(unsafe_code, reason = "system calls that have no safe interface")]
fn wait_for_the_end() -> ! {
    loop {
        // SAFETY: takes no pointers.
        unsafe { libc::pause() };
    }
}

fn this_process() -> c_int {
    rustix::process::getpid().as_raw_nonzero().get()
}

fn this_thread() -> c_int {
    rustix::thread::gettid().as_raw_nonzero().get()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notification::{Notification, decode};

    #[test]
    fn c13_defect_02_a_report_for_the_channel_is_a_crash_and_nothing_else() {
        let images = [Image { name: "READY=1".to_owned(), addresses: 0..usize::MAX }];
        for slot in &ADDRESSES {
            slot.store(usize::MAX - 1, Ordering::Relaxed);
        }
        ADDRESS_COUNT.store(ADDRESSES_LIMIT, Ordering::Release);
        let mut text = Text::new();
        compose(&mut text, CRASH_LINE, &images);
        let heard = decode(text.as_bytes());
        let [Notification::Crash(report)] = heard.as_slice() else { panic!("{heard:?}") };
        assert_eq!(report.lines().count(), ADDRESSES_LIMIT + 2, "all fit: {report}");
        compose(&mut text, "", &images);
        assert_eq!(text.as_bytes(), format!("{report}\n").as_bytes());
    }
}
