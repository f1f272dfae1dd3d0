//! Who a service is, and what it may do: `--user`, and the step down from root to that user.
//!
//! [`UserSpecification`] is what a user types, [`Account`] what the user database makes of it, and [`drop_to`] the step.
//! Behaviour and words are Open vSwitch's (`--user` of ovs-vswitchd), which in addition accepts no numeric ids; here
//! they are accepted, since containers often have no user database.
//!
//! The step is taken once, by a process that has one thread, since Linux keeps credentials by thread. It ends with a
//! look at what the kernel says: a step that was not taken as a whole is an error, and the caller must end.
//!
//! It does not set `no_new_privs`: that is a layer of the [`sandbox`](crate::sandbox). Afterwards the process is not
//! dumpable until it executes a program: it leaves no core dump, and others of the same user cannot trace it.

mod account;
mod capability;
mod drop;
mod specification;

pub use account::{Account, AccountError};
pub use capability::{Capability, CapabilitySet};
pub(crate) use drop::pass_nothing_on;
pub use drop::{AcrossExec, DropError, drop_to, drop_to_account};
pub use specification::{SpecificationError, UserSpecification};
