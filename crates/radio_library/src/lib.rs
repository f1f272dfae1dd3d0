//! The audio file selector: what there is to play, what is known about it, and what is played next.
//!
//! - [`song`]: one audio file as everything else sees it.
//! - [`change`]: what happens in the library, for those who follow it.

pub mod change;
pub mod song;
