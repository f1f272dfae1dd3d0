//! Between the results of the load generator and the messages of the protocol.
//!
//! - [`from_wire`]: what came over the wire, as results.
//! - [`to_wire`]: results as messages.

pub mod from_wire;
pub mod to_wire;

#[cfg(test)]
mod tests;
