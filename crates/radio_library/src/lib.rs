//! The audio file selector: what there is to play, what is known about it, and what is played next.
//!
//! - [`song`]: one audio file as everything else sees it.
//! - [`change`]: what happens in the library, for those who follow it.
//! - [`mood`]: which songs may be played, and which rather than others.
//! - [`score`]: how much a song's turn it is, from its statistics.
//! - [`choice`]: what is played next.

pub mod change;
pub mod choice;
#[cfg(test)]
mod invented;
pub mod mood;
pub mod score;
pub mod song;
