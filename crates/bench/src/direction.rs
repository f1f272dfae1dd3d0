//! Which way data goes.

/// What an I/O does with the data. The order is that of fio's results: read, write, trim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the device.
    Read,
    /// To the device.
    Write,
    /// The device may forget it.
    Trim,
}

impl Direction {
    /// Every direction, in the order of results.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Trim];

    /// Its place in [`Direction::ALL`], for arrays with an entry for each.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// `read`, `write` or `trim`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Trim => "trim",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_the_place_in_all() {
        for (index, direction) in Direction::ALL.into_iter().enumerate() {
            assert_eq!(direction.index(), index);
        }
    }
}
