//! The layer `seccomp`: which system calls can be made.
//!
//! Three filters, since a filter has one answer for what it names and one for the rest; of several answers the kernel
//! takes the hardest:
//! 1. *dangerous* calls end the process: `ptrace`, `bpf`, `mount`, `execve` and their like. No code of ours makes them
//!    (a supervisor's `execve` apart), so whoever does is an intruder, and an intruder that is told "no" tries the next
//!    thing.
//! 2. `clone3` is not there. Its flags cannot be looked at, so threads are made with `clone`, whose flags can.
//! 3. What the profile does not name fails with EPERM. Not the end of the process: a library that is newer than this
//!    list, and tries a new call before an old one, has to go on. The kernel logs each such refusal, if its log takes
//!    "errno" (`/proc/sys/kernel/seccomp/actions_logged`).
//!
//! Cost: a call that is allowed without conditions is answered by a bitmap (since Linux 5.11), so its place in the list
//! does not matter; what remains is the kernel's longer way into a call, some 0.1 µs (measured with getppid). One with
//! conditions, like mprotect, runs the filters: some 0.4 µs. No call of a data path has conditions.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

use super::profile::{Condition, Permission, Profile};
use super::report::{Enforcement, Reason};
use super::system_calls::DANGEROUS;
use super::{Rules, SandboxError};

/// The conditions on each system call, by number; one of them has to hold, and there are none where it always may be made.
type Calls = BTreeMap<i64, Vec<SeccompRule>>;

pub(super) fn apply(rules: &Rules) -> Result<Enforcement, SandboxError> {
    let programs = programs(rules.profile).map_err(|error| SandboxError::Filter(Box::new(error)))?;
    for (program, log) in &programs {
        match install(program, *log) {
            Ok(()) => {}
            // ENOSYS before Linux 3.17, EINVAL where it is not built in.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL)) => {
                return Ok(Enforcement::Off(Reason::NotInKernel));
            }
            Err(error) => return Err(SandboxError::Seccomp(error)),
        }
    }
    Ok(Enforcement::On)
}

/// Whether the kernel's log tells what a filter refuses, besides the ends of processes, of which it always tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Log {
    Refusals,
    Nothing,
}

/// The filters in the order of their installation: the last one forbids to install more. That threads are made in the
/// older way is no news.
fn programs(profile: &Profile) -> Result<Vec<(BpfProgram, Log)>, seccompiler::BackendError> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let errno = |number: i32| SeccompAction::Errno(number.cast_unsigned());
    let filters = [
        (dangerous(profile), SeccompAction::Allow, SeccompAction::KillProcess, Log::Refusals),
        (not_implemented(profile), SeccompAction::Allow, errno(libc::ENOSYS), Log::Nothing),
        (allowed(profile)?, errno(libc::EPERM), SeccompAction::Allow, Log::Refusals),
    ];
    let compile = |(calls, otherwise, action, log)| {
        let program = SeccompFilter::new(calls, otherwise, action, architecture)?.try_into()?;
        Ok((program, log))
    };
    filters.into_iter().filter(|(calls, ..)| !calls.is_empty()).map(compile).collect()
}

fn dangerous(profile: &Profile) -> Calls {
    let forbidden = DANGEROUS.iter().filter(|call| !profile.allows(call.number));
    forbidden.map(|call| (call.number, Vec::new())).collect()
}

fn not_implemented(profile: &Profile) -> Calls {
    let hidden = profile
        .system_calls()
        .filter(|call| call.permission == Permission::NotImplemented && !profile.allows(call.number));
    hidden.map(|call| (call.number, Vec::new())).collect()
}

/// A system call that stands in several groups may be made if one of them lets it.
fn allowed(profile: &Profile) -> Result<Calls, seccompiler::BackendError> {
    let mut calls = Calls::new();
    for call in profile.system_calls() {
        let conditions = match &call.permission {
            Permission::If(conditions) if !profile.allows(call.number) => *conditions,
            Permission::Always | Permission::If(_) | Permission::NotImplemented => &[],
        };
        let rules = conditions.iter().map(|condition| SeccompRule::new(vec![compile(*condition)?]));
        calls.entry(call.number).or_default().extend(rules.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(calls)
}

fn compile(condition: Condition) -> Result<SeccompCondition, seccompiler::BackendError> {
    let (half, whole) = (SeccompCmpArgLen::Dword, SeccompCmpArgLen::Qword);
    let (argument, length, operator, value) = match condition {
        Condition::Is { argument, value } => (argument, half, SeccompCmpOp::Eq, value),
        Condition::Bits { argument, mask, value } => {
            (argument, half, SeccompCmpOp::MaskedEq(mask.into()), value.into())
        }
        Condition::IsNull { argument } => (argument, whole, SeccompCmpOp::Eq, 0),
        Condition::IsOwnProcess { argument } => (argument, half, SeccompCmpOp::Eq, std::process::id().into()),
    };
    SeccompCondition::new(argument, length, operator, value)
}

/// Puts a filter over every thread of the process.
fn install(program: &BpfProgram, log: Log) -> std::io::Result<()> {
    let length = u16::try_from(program.len()).map_err(std::io::Error::other)?;
    let filter = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut().cast() };
    let flags = match log {
        Log::Refusals => libc::SECCOMP_FILTER_FLAG_TSYNC | libc::SECCOMP_FILTER_FLAG_LOG,
        Log::Nothing => libc::SECCOMP_FILTER_FLAG_TSYNC,
    };
    #[expect(
        unsafe_code,
        reason = "no library of ours installs filters without setting no_new_privs, which is a layer of its own"
    )]
    // SAFETY: `filter` is what this operation takes, and points to `length` instructions that live until after the call.
    // The crate's instruction has the layout of the kernel's `sock_filter` (`repr(C)`, the same four fields). The kernel
    // copies the program and writes nothing.
    let result =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, std::ptr::from_ref(&filter)) };
    match result {
        0 => Ok(()),
        -1 => Err(std::io::Error::last_os_error()),
        thread => Err(std::io::Error::other(format!("thread {thread} has a filter of its own"))),
    }
}
