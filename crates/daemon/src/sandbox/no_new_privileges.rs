//! The layer `no-new-privileges`: set-user-id programs and file capabilities give nothing any more.
//!
//! Every kernel since Linux 3.5 has it, and it is what allows a process that is not root to use the other two layers.

use super::SandboxError;
use super::report::Enforcement;

pub(super) fn apply() -> Result<Enforcement, SandboxError> {
    rustix::thread::set_no_new_privs(true).map_err(|errno| SandboxError::NoNewPrivileges(errno.into()))?;
    Ok(Enforcement::On)
}
