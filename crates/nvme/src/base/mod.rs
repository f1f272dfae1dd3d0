//! What every command set and transport shares: commands and completions, status, properties, Identify, log pages and features.
//!
//! Start at [`command`]. Spec: NVM Express Base 2.0.

pub mod command;
pub mod property;
pub mod status;
