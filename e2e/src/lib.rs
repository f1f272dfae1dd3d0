//! End-to-end tests: a small language for scenarios with real programs.
//!
//! A [`Scenario`](scenario::Scenario) gets a [`Context`](context::Context), starts programs with it, waits for what they
//! say, and returns a [`Verdict`](failure::Verdict). Nothing sleeps, no port is fixed, and whatever was started ends with
//! the scenario. [`wire`] is an NVMe/TCP peer that can misbehave. The scenarios themselves are in the program `e2e`
//! beside this library (`src/main.rs`), one behaviour a file.

pub mod binomial;
pub mod bystander;
pub mod context;
pub mod failure;
pub mod kernel;
pub mod needs;
pub mod process;
pub mod scenario;
pub mod scratch;
pub mod service;
pub mod terminal;
pub mod wire;
