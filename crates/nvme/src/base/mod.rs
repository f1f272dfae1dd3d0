//! What every command set and transport shares: commands and completions, status, properties, Identify, log pages and features.
//!
//! Start at [`command`]. Spec: NVM Express Base 2.0.

pub mod async_event;
pub mod command;
pub mod feature;
pub mod identify;
pub mod log_page;
pub mod property;
pub mod status;
pub mod text;
