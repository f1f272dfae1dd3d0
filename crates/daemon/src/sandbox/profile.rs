//! What a kind of service may ask of the kernel: named groups of system calls, and profiles made of them.
//!
//! A profile is one entry of [`PROFILES`], a group one constant of [`system_calls`](super::system_calls). To add a
//! system call, put it into the group whose purpose it serves; `strace -f` of the service says which are missing, and so
//! does the kernel's log (`type=1326`), since every refusal is logged.

use super::system_calls::{
    DIRECTORY_WATCHING, EVENTS, FILES, IO_URING, LOAD, MEMORY, NETWORK_SERVER, PROCESS, PROCESSES, SIGNALS, SOCKETS,
    THREADS,
};

/// What a kind of service may ask of the kernel. Everything else is refused.
#[derive(Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: &'static str,
    /// The system calls, by purpose.
    pub groups: &'static [&'static Group],
}

/// System calls that serve one purpose.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: &'static str,
    /// What for.
    pub purpose: &'static str,
    /// The system calls that every architecture has.
    pub calls: &'static [SystemCall],
    /// Those that only old architectures have, for the same purpose; empty on others.
    pub old_calls: &'static [SystemCall],
}

/// A system call in a group.
#[derive(Debug, PartialEq, Eq)]
pub struct SystemCall {
    /// The constant's name, `SYS_read`.
    pub(super) symbol: &'static str,
    pub(super) number: libc::c_long,
    pub(super) permission: Permission,
}

/// When a system call is allowed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Permission {
    /// Always.
    Always,
    /// If one of these holds.
    If(&'static [Condition]),
    /// Never, and the kernel answers ENOSYS as if it were older, so that the C library takes the older call.
    NotImplemented,
}

/// A condition on an argument. Arguments count from 0; their lower 32 bits are looked at, where all of these have theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// It is this number.
    Is {
        /// The argument.
        argument: u8,
        /// The number.
        value: u64,
    },
    /// Of the bits in the mask, it has these.
    Bits {
        /// The argument.
        argument: u8,
        /// The bits that are looked at.
        mask: u32,
        /// Those of them that are set.
        value: u32,
    },
    /// It is a null pointer.
    IsNull {
        /// The argument.
        argument: u8,
    },
    /// It is this process.
    IsOwnProcess {
        /// The argument.
        argument: u8,
    },
}

impl SystemCall {
    /// Its name, as strace writes it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.symbol.strip_prefix("SYS_").unwrap_or(self.symbol)
    }

    /// Whether only some uses of it are allowed.
    #[must_use]
    pub fn is_conditional(&self) -> bool {
        self.permission != Permission::Always
    }
}

impl Group {
    /// Every system call of the group on this architecture.
    pub fn system_calls(&self) -> impl Iterator<Item = &'static SystemCall> {
        self.calls.iter().chain(self.old_calls)
    }
}

impl Profile {
    /// The profile of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        PROFILES.iter().copied().find(|profile| profile.name == name)
    }

    /// Every system call that the profile allows.
    pub fn system_calls(&self) -> impl Iterator<Item = &'static SystemCall> {
        self.groups.iter().flat_map(|group| group.system_calls())
    }

    /// Whether a system call is allowed without conditions.
    pub(super) fn allows(&self, number: libc::c_long) -> bool {
        self.system_calls().any(|call| call.number == number && call.permission == Permission::Always)
    }
}

/// A target: threads that serve connections out of memory, files and disks.
///
/// Made from `strace -f` of `tidegate target` with memory, files (both back ends) and null devices under
/// `tidegate nvme perf`, `discover`, `identify` and `flush`, and from what its code can call besides: Deallocate and
/// Write Zeroes (`fallocate`), the control socket, log files and their rotation.
pub const TARGET: Profile = Profile {
    name: "target",
    groups: &[&PROCESS, &MEMORY, &THREADS, &SIGNALS, &EVENTS, &FILES, &IO_URING, &SOCKETS, &NETWORK_SERVER],
};

/// A service that opens no network connection and listens nowhere but on its control socket.
pub const LOCAL: Profile =
    Profile { name: "local", groups: &[&PROCESS, &MEMORY, &THREADS, &SIGNALS, &EVENTS, &FILES, &IO_URING, &SOCKETS] };

/// The listener of a load generator, and its sessions where jobs may run programs: it executes this program for each session,
/// which confines itself further. What can be executed is Landlock's matter.
pub const BENCH: Profile = Profile {
    name: "bench",
    groups: &[
        &PROCESS,
        &MEMORY,
        &THREADS,
        &SIGNALS,
        &EVENTS,
        &FILES,
        &IO_URING,
        &SOCKETS,
        &NETWORK_SERVER,
        &LOAD,
        &PROCESSES,
    ],
};

/// A session of a load generator: jobs with every engine, and no program. It uses the connection that it was given; sockets of
/// its own are for the engine that is a host of NVMe/TCP.
pub const BENCH_SESSION: Profile = Profile {
    name: "bench session",
    groups: &[&PROCESS, &MEMORY, &THREADS, &SIGNALS, &EVENTS, &FILES, &IO_URING, &SOCKETS, &NETWORK_SERVER, &LOAD],
};

/// A supervisor. Its filter is its services' too, for filters outlive exec and only add up: it has to allow what any of
/// them needs, and what it takes to execute, watch and confine them.
pub const SUPERVISOR: Profile = Profile {
    name: "supervisor",
    groups: &[
        &PROCESS,
        &MEMORY,
        &THREADS,
        &SIGNALS,
        &EVENTS,
        &FILES,
        &IO_URING,
        &SOCKETS,
        &NETWORK_SERVER,
        &DIRECTORY_WATCHING,
        &LOAD,
        &PROCESSES,
    ],
};

/// The stream side of a radio, which starts its library side again when that has ended. Its filter is the library side's too, so
/// it allows what either of them needs; Landlock lets it execute this program and no other.
pub const RADIO: Profile = Profile {
    name: "radio",
    groups: &[
        &PROCESS,
        &MEMORY,
        &THREADS,
        &SIGNALS,
        &EVENTS,
        &FILES,
        &SOCKETS,
        &NETWORK_SERVER,
        &DIRECTORY_WATCHING,
        &PROCESSES,
    ],
};

/// The library side of a radio: a database, directories of music, and the fronts that commands come through.
pub const RADIO_LIBRARY: Profile = Profile {
    name: "radio library",
    groups: &[&PROCESS, &MEMORY, &THREADS, &SIGNALS, &EVENTS, &FILES, &SOCKETS, &NETWORK_SERVER, &DIRECTORY_WATCHING],
};

/// Every profile.
pub const PROFILES: &[&Profile] = &[&TARGET, &LOCAL, &BENCH, &BENCH_SESSION, &RADIO, &RADIO_LIBRARY, &SUPERVISOR];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::system_calls::DANGEROUS;
    use super::*;

    #[test]
    fn names_are_there_once() {
        let names: BTreeSet<_> = PROFILES.iter().map(|profile| profile.name).collect();
        assert_eq!(names.len(), PROFILES.len());
        for profile in PROFILES {
            let groups: BTreeSet<_> = profile.groups.iter().map(|group| group.name).collect();
            assert_eq!(groups.len(), profile.groups.len(), "{}", profile.name);
            for group in profile.groups {
                let calls: BTreeSet<_> = group.system_calls().map(SystemCall::name).collect();
                assert_eq!(calls.len(), group.system_calls().count(), "{}: a call stands twice", group.name);
                assert!(group.system_calls().all(|call| call.symbol.starts_with("SYS_")));
            }
        }
        assert_eq!(Profile::named("target"), Some(&TARGET));
        assert_eq!(Profile::named("x"), None);
    }

    #[test]
    fn a_crash_can_be_reported_from_inside() {
        let needed = ["getpid", "gettid", "rt_sigaction", "rt_sigprocmask", "sigaltstack", "sendto", "write", "tgkill"];
        let alarm = if cfg!(target_arch = "x86_64") { "alarm" } else { "setitimer" };
        for profile in PROFILES {
            let missing: Vec<_> = needed
                .into_iter()
                .chain([alarm, "exit_group"])
                .filter(|name| profile.system_calls().all(|call| call.name() != *name))
                .collect();
            assert_eq!(missing, [""; 0], "{}", profile.name);
        }
    }

    #[test]
    fn no_service_may_execute_or_do_what_is_dangerous() {
        for profile in [&TARGET, &LOCAL, &BENCH_SESSION, &RADIO_LIBRARY] {
            for call in DANGEROUS {
                assert!(profile.system_calls().all(|allowed| allowed.number != call.number), "{}", call.symbol);
            }
        }
        for profile in [&SUPERVISOR, &BENCH, &RADIO] {
            let dangerous: Vec<_> =
                DANGEROUS.iter().filter(|call| profile.allows(call.number)).map(SystemCall::name).collect();
            assert_eq!(dangerous, ["execve", "execveat"], "{}", profile.name);
        }
    }
}
