//! The layer `landlock`: which files can be opened, which TCP ports bound and connected to, whom signals reach.
//!
//! What the kernel does not know yet is left out, and the report says what that is. What a descriptor was opened for
//! before stays possible: disks, logs and sockets are opened first.
//!
//! Beyond what the service asks for it may read: `/proc` (its own memory map for backtraces, its own status; Landlock
//! keeps it from looking into other processes, and a rule for `/proc/self` alone would be lost when the kernel forgets
//! that directory's inode), the processor and memory tables of `/sys`, its own program (for backtraces), the time
//! zone and random bytes; and write to `/dev/null`.
//!
//! Not covered: UDP and Unix sockets with a path, as by the kernel up to Linux 7.0; what is done through descriptors
//! that are open.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, NetPort, PathBeneath, PathFd,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope,
};

use super::report::{Enforcement, Reason};
use super::{Rules, SandboxError};

/// The version of the kernel's interface whose rights are used, if the kernel has it: that of Linux 6.12. The versions
/// 7 and 8 added no rights; the right of version 9 would cut a service off from its log and its service manager.
const NEWEST: ABI = ABI::V6;

/// What each version brought.
const FEATURES: [(ABI, &str); 6] = [
    (ABI::V1, "opening, making and removing files"),
    (ABI::V2, "moving files between directories"),
    (ABI::V3, "cutting files short"),
    (ABI::V4, "binding and connecting to TCP ports"),
    (ABI::V5, "controlling devices (ioctl)"),
    (ABI::V6, "signals to and abstract sockets of other processes"),
];

/// What every service may read, where it exists, besides its own program. See the module's head. Libraries that look for
/// `getrandom` with the loader read random bytes from files in a static program.
pub(super) const ALWAYS_READ: &[&str] = &[
    "/proc",
    "/sys/devices/system",
    "/sys/fs/cgroup",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/dev/null",
    "/dev/random",
    "/dev/urandom",
];

/// What every service may write to.
pub(super) const ALWAYS_WRITTEN: &[&str] = &["/dev/null"];

/// The rights to look.
const READ: BitFlags<AccessFs> = landlock::make_bitflags!(AccessFs::{ReadFile | ReadDir});

/// The rights to change: everything but executing, making device files, and symbolic links, which nothing of ours makes.
const WRITE: BitFlags<AccessFs> = landlock::make_bitflags!(AccessFs::{
    ReadFile | ReadDir | WriteFile | Truncate | MakeReg | MakeDir | MakeSock | MakeFifo | RemoveFile | RemoveDir | Refer
});

/// The rights that only a directory has.
const OF_DIRECTORIES: BitFlags<AccessFs> = landlock::make_bitflags!(AccessFs::{
    ReadDir | MakeReg | MakeDir | MakeSock | MakeFifo | RemoveFile | RemoveDir | Refer
});

pub(super) fn apply(rules: &Rules) -> Result<Enforcement, SandboxError> {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(NEWEST)))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(NEWEST)))
        .and_then(Ruleset::create)
        .map_err(failed)?
        // The other layer does it, or has been told not to.
        .no_new_privs(false);
    let ruleset = add_own_paths(ruleset)?;
    let ruleset = add_paths(ruleset, &rules.read, READ)?;
    let ruleset = add_paths(ruleset, &rules.write, WRITE)?;
    let ruleset = add_paths(ruleset, &rules.execute, READ | AccessFs::Execute)?;
    let ruleset = add_ports(ruleset, &rules.bind_ports, AccessNet::BindTcp)?;
    let ruleset = add_ports(ruleset, &rules.connect_ports, AccessNet::ConnectTcp)?;
    Ok(enforcement(&ruleset.restrict_self().map_err(failed)?))
}

fn failed(source: impl Into<landlock::RulesetError>) -> SandboxError {
    SandboxError::Landlock(Box::new(source.into()))
}

/// What every service may use; nothing of it has to exist.
fn add_own_paths(ruleset: RulesetCreated) -> Result<RulesetCreated, SandboxError> {
    let program = std::env::current_exe().ok();
    let read = ALWAYS_READ.iter().map(PathBuf::from).chain(program).map(|path| (path, READ));
    let written = ALWAYS_WRITTEN.iter().map(|path| (PathBuf::from(path), WRITE));
    let existing = read.chain(written).filter(|(path, _)| path.exists());
    existing.into_iter().try_fold(ruleset, |ruleset, (path, access)| add_path(ruleset, &path, access))
}

fn add_paths(
    ruleset: RulesetCreated,
    paths: &[PathBuf],
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, SandboxError> {
    paths.iter().try_fold(ruleset, |ruleset, path| add_path(ruleset, path, access))
}

fn add_path(ruleset: RulesetCreated, path: &Path, access: BitFlags<AccessFs>) -> Result<RulesetCreated, SandboxError> {
    let unusable = |source| SandboxError::Path { path: path.to_owned(), source };
    let descriptor = PathFd::new(path).map_err(|error| {
        let landlock::PathFdError::OpenCall { source, .. } = error else {
            return unusable(std::io::Error::other(error));
        };
        unusable(source)
    })?;
    let found = rustix::fs::fstat(&descriptor).map_err(|errno| unusable(errno.into()))?;
    let access = match rustix::fs::FileType::from_raw_mode(found.st_mode) {
        rustix::fs::FileType::Directory => access,
        // A disk that can be read can be asked for its size.
        rustix::fs::FileType::BlockDevice => (access & !OF_DIRECTORIES) | AccessFs::IoctlDev,
        _ => access & !OF_DIRECTORIES,
    };
    ruleset.add_rule(PathBeneath::new(descriptor, access)).map_err(failed)
}

fn add_ports(ruleset: RulesetCreated, ports: &[u16], access: AccessNet) -> Result<RulesetCreated, SandboxError> {
    ports.iter().try_fold(ruleset, |ruleset, port| ruleset.add_rule(NetPort::new(*port, access)).map_err(failed))
}

fn enforcement(status: &RestrictionStatus) -> Enforcement {
    let LandlockStatus::Available { effective_abi, .. } = status.landlock else {
        let is_built_in = status.landlock == LandlockStatus::NotEnabled;
        return Enforcement::Off(if is_built_in { Reason::NotEnabled } else { Reason::NotInKernel });
    };
    match status.ruleset {
        RulesetStatus::FullyEnforced => Enforcement::On,
        RulesetStatus::PartiallyEnforced | RulesetStatus::NotEnforced => {
            let missing = FEATURES.iter().filter(|(since, _)| *since > effective_abi);
            Enforcement::Partly(missing.map(|(_, what)| *what).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_up_to_the_newest_has_its_feature() {
        assert!(FEATURES.is_sorted());
        assert_eq!(FEATURES.last().map(|(abi, _)| *abi), Some(NEWEST));
        assert!(AccessFs::from_all(NEWEST).contains(READ | WRITE), "what is granted is also handled");
        assert!(!AccessFs::from_file(NEWEST).intersects(OF_DIRECTORIES));
    }
}
