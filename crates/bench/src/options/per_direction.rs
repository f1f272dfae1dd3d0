//! A value for each direction of I/O.

use std::ops::{Index, IndexMut};

use crate::direction::Direction;

/// One value for reads, one for writes, one for trims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerDirection<T>(pub [T; 3]);

impl<T: Copy> PerDirection<T> {
    /// The same for every direction.
    #[must_use]
    pub const fn all(value: T) -> Self {
        Self([value; 3])
    }
}

impl<T> Index<Direction> for PerDirection<T> {
    type Output = T;

    fn index(&self, direction: Direction) -> &T {
        &self.0[direction.index()]
    }
}

impl<T> IndexMut<Direction> for PerDirection<T> {
    fn index_mut(&mut self, direction: Direction) -> &mut T {
        &mut self.0[direction.index()]
    }
}
