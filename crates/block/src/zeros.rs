//! Zeros to lend and to write from.

use std::io;
use std::sync::OnceLock;

use reactor::mapping::Mapping;

/// Length of the memory that [`zeros`] gives.
pub(crate) const ZEROS_BYTES: usize = 1024 * 1024;

/// Memory that holds nothing but zeros, cannot be written, and stays for the life of the process. Every page of it is
/// the kernel's one page of zeros, so it takes no memory and stays in the cache.
///
/// # Errors
/// When the kernel has no addresses left.
pub(crate) fn zeros() -> io::Result<&'static Mapping> {
    static ZEROS: OnceLock<Mapping> = OnceLock::new();
    if let Some(mapping) = ZEROS.get() {
        return Ok(mapping);
    }
    let mapping = Mapping::zeros(ZEROS_BYTES)?;
    Ok(ZEROS.get_or_init(|| mapping))
}
