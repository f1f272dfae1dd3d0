//! The step from root to a user.

use rustix::io::Errno;
use rustix::process::{Gid, Uid, getgroups, getuid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, capability_is_in_ambient_set, capability_is_in_bounding_set,
    configure_capability_in_ambient_set, remove_capability_from_bounding_set, set_capabilities, set_keep_capabilities,
    set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};
use thiserror::Error;

use super::account::{Account, AccountError};
use super::capability::{ALWAYS_KEPT, Capability, each, known_to_the_kernel, names};
use super::specification::UserSpecification;

/// What it takes to step down: the ids and the bounding set are changed with these.
const NEEDED: CapabilitySet = CapabilitySet::SETUID.union(CapabilitySet::SETGID).union(CapabilitySet::SETPCAP);

/// Why privileges were not dropped. After [`DropError::System`] and [`DropError::NotDropped`] they may be dropped in
/// part: the process has to end.
#[derive(Debug, Error)]
pub enum DropError {
    /// Someone else than root has nothing to drop.
    #[error("only root can use --user option")]
    NotRoot,
    /// User or group do not exist or do not fit.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Even root lacks what the step needs or what is to be kept: a container without it, for example.
    #[error("this process lacks {}, which --user needs; give it to the container, or start without --user", names(*.0))]
    MissingCapabilities(CapabilitySet),
    /// Other threads would keep their privileges. A fault of the program.
    #[error("privileges cannot be dropped by a process with {0} threads")]
    Threads(usize),
    /// A system call failed.
    #[error("dropping privileges: {operation} failed")]
    System {
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The kernel says that privileges are left, though every call succeeded.
    #[error("dropping privileges: {0} is still what it was")]
    NotDropped(&'static str),
}

/// What becomes of the kept capabilities when the process executes a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcrossExec {
    /// They are lost: right for a process that does its work itself.
    Lost,
    /// They are passed on, as ambient capabilities: right for a supervisor, whose services it executes.
    PassedOn,
}

/// Becomes `specification`'s user, with CAP_IPC_LOCK, CAP_NET_BIND_SERVICE and `keep` as the only capabilities:
/// real, effective and saved ids are the user's, there are no supplementary groups, and the inheritable, ambient and
/// bounding sets are empty, so that no program that is executed has any. To be called by root, before there are threads.
/// Applies to `root` too: root without its capabilities.
///
/// Matches what ovs-vswitchd's `--user` does.
///
/// # Errors
/// See [`DropError`].
pub fn drop_to(specification: &UserSpecification, keep: &[Capability]) -> Result<Account, DropError> {
    refuse_if_not_root()?;
    let account = specification.look_up()?;
    drop_to_account(&account, keep, AcrossExec::Lost)?;
    Ok(account)
}

/// As [`drop_to`], for an account that is looked up already; says what an executed program has.
///
/// # Errors
/// See [`DropError`].
pub fn drop_to_account(account: &Account, keep: &[Capability], across_exec: AcrossExec) -> Result<(), DropError> {
    refuse_if_not_root()?;
    let threads = crate::sandbox::thread_count();
    if threads > 1 {
        return Err(DropError::Threads(threads));
    }
    let kept = keep.iter().fold(ALWAYS_KEPT, |set, capability| set | capability.as_set());
    let present = capabilities(None).map_err(failed("capget"))?.permitted;
    let missing = kept.union(NEEDED).difference(present);
    if !missing.is_empty() {
        return Err(DropError::MissingCapabilities(missing));
    }
    let passed_on = match across_exec {
        AcrossExec::Lost => CapabilitySet::empty(),
        AcrossExec::PassedOn => kept,
    };
    // The inheritable set is filled while the bounding set still allows it.
    let sets = CapabilitySets { effective: present, permitted: present, inheritable: passed_on };
    set_capabilities(None, sets).map_err(failed("capset"))?;
    for capability in known_to_the_kernel() {
        remove_capability_from_bounding_set(capability).map_err(failed("prctl(PR_CAPBSET_DROP)"))?;
    }
    become_user(account)?;
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: passed_on };
    set_capabilities(None, sets).map_err(failed("capset"))?;
    // The kernel has taken out of the ambient set what is no longer inheritable.
    for capability in each(passed_on) {
        configure_capability_in_ambient_set(capability, true).map_err(failed("prctl(PR_CAP_AMBIENT_RAISE)"))?;
    }
    verify(account, sets)
}

/// Takes back what a supervisor has passed on to this process for whatever it executes itself.
pub(crate) fn pass_nothing_on() -> Result<(), DropError> {
    let found = capabilities(None).map_err(failed("capget"))?;
    // With the inheritable set the kernel empties the ambient one.
    let sets = CapabilitySets { inheritable: CapabilitySet::empty(), ..found };
    set_capabilities(None, sets).map_err(failed("capset"))
}

/// Changes the ids, groups first: only root may change them, and soon this is not root.
fn become_user(account: &Account) -> Result<(), DropError> {
    let Account { user, group, .. } = *account;
    set_keep_capabilities(true).map_err(failed("prctl(PR_SET_KEEPCAPS)"))?;
    set_thread_groups(&[]).map_err(failed("setgroups"))?;
    set_thread_res_gid(group, group, group).map_err(failed("setresgid"))?;
    set_thread_res_uid(user, user, user).map_err(failed("setresuid"))?;
    set_keep_capabilities(false).map_err(failed("prctl(PR_SET_KEEPCAPS)"))
}

fn verify(account: &Account, expected: CapabilitySets) -> Result<(), DropError> {
    let users = nix::unistd::getresuid().map_err(|errno| system("getresuid", errno.into()))?;
    let groups = nix::unistd::getresgid().map_err(|errno| system("getresgid", errno.into()))?;
    let user = account.user.as_raw();
    let group = account.group.as_raw();
    let found = capabilities(None).map_err(failed("capget"))?;
    let is_left = |test: fn(CapabilitySet) -> rustix::io::Result<bool>, expected: CapabilitySet| {
        known_to_the_kernel().any(|one| test(one) != Ok(expected.contains(one)))
    };
    let checks = [
        ("the user id", [users.real, users.effective, users.saved].iter().any(|id| id.as_raw() != user)),
        ("the group id", [groups.real, groups.effective, groups.saved].iter().any(|id| id.as_raw() != group)),
        ("the list of supplementary groups", getgroups().map_err(failed("getgroups"))? != Vec::<Gid>::new()),
        ("a set of capabilities", found != expected),
        ("the ambient set", is_left(capability_is_in_ambient_set, expected.inheritable)),
        ("the bounding set", is_left(capability_is_in_bounding_set, CapabilitySet::empty())),
    ];
    checks.iter().find(|(_, is_left)| *is_left).map_or(Ok(()), |(what, _)| Err(DropError::NotDropped(what)))
}

fn refuse_if_not_root() -> Result<(), DropError> {
    let is_root = getuid() == Uid::ROOT && rustix::process::geteuid() == Uid::ROOT;
    if is_root { Ok(()) } else { Err(DropError::NotRoot) }
}

fn failed(operation: &'static str) -> impl Fn(Errno) -> DropError {
    move |errno| system(operation, errno.into())
}

fn system(operation: &'static str, source: std::io::Error) -> DropError {
    DropError::System { operation, source }
}
