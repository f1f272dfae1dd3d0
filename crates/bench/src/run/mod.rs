//! x
pub mod clock; mod convert;
