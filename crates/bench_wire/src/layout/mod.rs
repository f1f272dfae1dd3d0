//! Structures as they are on the wire, each with the size and the offset of every field asserted at compile time.
//!
//! A structure is a table: field, type, offset, and the field of the neutral value that it carries. Reading and writing both come
//! from the table, so that they cannot differ. Structures that are the same in all versions are beside the values that they carry
//! (`message/`); those that differ have one module for each distinct layout here, named after the first version that has it.

pub(crate) mod field;
pub(crate) mod job_statistics;
pub(crate) mod log;
pub(crate) mod verify_state;
