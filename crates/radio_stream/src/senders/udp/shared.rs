//! What the thread of the udp sender shares with whoever controls it.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use super::target::{Slicing, Target};

/// Upper bounds of how late a packet was, in microseconds; above the last there is one more bucket.
pub(super) const LATENESS_BOUNDS_US: [u64; 6] = [100, 250, 500, 1000, 2000, 10_000];

/// Shared by the thread and the sender's handle.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) control: Mutex<Control>,
    /// What the thread last said of each slicing.
    pub(super) slicings: Mutex<Vec<SlicingState>>,
    /// Packets that went out.
    pub(super) packets: AtomicU64,
    /// Packets that the kernel did not take.
    pub(super) unsent: AtomicU64,
    /// Packets by how late they were sent.
    pub(super) lateness: [AtomicU64; LATENESS_BOUNDS_US.len() + 1],
    /// Passes, as a sign of life.
    pub(super) beats: AtomicU64,
}

/// What can be changed while it runs.
#[derive(Debug, Default)]
pub(super) struct Control {
    pub(super) on: bool,
    pub(super) targets: Vec<Target>,
}

/// How the current stream fares with one slicing.
#[derive(Debug)]
pub(super) struct SlicingState {
    pub(super) slicing: Slicing,
    /// Why it is not sent.
    pub(super) refusal: Option<String>,
}
