//! The load generator from afar: a worker that every fio front end can drive, and a front end that drives every worker.
//!
//! - [`worker`]: runs the jobs of front ends.
//! - [`front_end`]: has the jobs and shows the results of many workers.
//! - [`address`]: where workers are reached, in fio's forms.
//! - [`conversion`]: between the results of the load generator and the messages of the protocol.

pub mod address;
pub mod conversion;
pub mod front_end;
pub mod worker;
