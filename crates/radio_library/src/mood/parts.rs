//! Conditions that are written in one order and asked in another: what costs least is asked first, and often decides.
//!
//! Asking a condition has no effect but its answer, so the order changes nothing else.

use super::syntax::Condition;

/// The parts of an and, or of an or.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    written: Vec<Condition>,
    cheapest_first: Vec<usize>,
}

impl Parts {
    pub(crate) fn new(written: Vec<Condition>) -> Self {
        let mut cheapest_first: Vec<usize> = (0..written.len()).collect();
        // Stable: those of equal cost stay as they are written.
        cheapest_first.sort_by_key(|part| written[*part].cost());
        Self { written, cheapest_first }
    }

    /// In the order in which they are written.
    pub(crate) fn written(&self) -> &[Condition] {
        &self.written
    }

    pub(crate) fn written_mut(&mut self) -> &mut [Condition] {
        &mut self.written
    }

    /// In the order in which they are asked.
    pub(crate) fn cheapest_first(&self) -> impl Iterator<Item = &Condition> {
        self.cheapest_first.iter().map(|part| &self.written[*part])
    }
}
