//! What real processes cannot do any more once they have given up rights.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends the test")]

mod privileges;
mod sandbox;
mod steps;
