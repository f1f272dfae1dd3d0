//! An NVMe/TCP target: subsystems, controllers, queues, and the thread-per-core data path.

mod admin;
mod controller;
mod fabrics;
mod failure;
pub mod limits;
mod namespace;
mod nvm;
pub mod queue;
pub mod statistics;
pub mod subsystem;

pub use controller::{ControllerKind, ControllerSummary};
pub use limits::Limits;
pub use namespace::{Namespace, NamespaceIndex, NamespaceSettings};
pub use subsystem::{Listener, ListenerKind, SettingsError, Target, TargetSettings};
