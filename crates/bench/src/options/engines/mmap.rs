//! Options of `mmap`.

use crate::options::kind::number;
use crate::options::option::{JobOption, option};

/// Values of these options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MmapOptions {
    /// The map is advised to be in huge pages, if not 0.
    pub thp: u32,
}

pub(super) const OPTIONS: &[JobOption] =
    &[option("thp", &number(|options| &mut options.mmap.thp), "Advise the kernel to use huge pages")];
