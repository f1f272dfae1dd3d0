//! Asking a discovery service which subsystems there are.

use nvme::base::log_page::{GetLogPage, LogPageIdentifier, LogPageOffset};
use nvme::discovery::{DiscoveryLog, DiscoveryLogEntry, DiscoveryLogError, DiscoveryLogHeader};

use crate::controller::Controller;
use crate::error::{CommandError, ConnectError};
use crate::options::ConnectOptions;

/// Most entries that are read. A service with more is no use to a person, and one that claims billions is no service.
pub const DISCOVERY_ENTRIES_MAXIMUM: u64 = 4096;
/// How often the page is read anew because it changed while it was read.
const ATTEMPTS: u32 = 10;
const HEADER_BYTES: u32 = 1024;
const ENTRY_BYTES: u64 = 1024;

/// What a discovery service says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    /// Counts the changes of the page.
    pub generation: u64,
    /// The ways to subsystems.
    pub entries: Vec<DiscoveryLogEntry>,
}

/// Why there is no discovery log page.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// No connection to the discovery service.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The page cannot be read.
    #[error("cannot read the discovery log page")]
    Read(#[from] CommandError),
    /// The page makes no sense.
    #[error("the discovery log page cannot be understood")]
    Malformed(#[from] DiscoveryLogError),
    /// More entries than are read.
    #[error("the discovery log page has {count} entries; up to {DISCOVERY_ENTRIES_MAXIMUM} are read")]
    TooManyEntries {
        /// What the page says.
        count: u64,
    },
    /// The page changed each time while it was read.
    #[error("the discovery log page changed {ATTEMPTS} times while it was read")]
    Unstable,
}

/// Connects to the discovery service of `options` and reads its page.
///
/// # Errors
/// [`DiscoverError`].
pub fn discover(options: ConnectOptions) -> Result<Discovered, DiscoverError> {
    read_discovery_log(&Controller::connect(options)?)
}

/// Reads the discovery log page of a controller.
///
/// # Errors
/// [`DiscoverError`].
pub fn read_discovery_log(controller: &Controller) -> Result<Discovered, DiscoverError> {
    for _ in 0..ATTEMPTS {
        let before = read_header(controller)?;
        let count = before.record_count.get();
        if count > DISCOVERY_ENTRIES_MAXIMUM {
            return Err(DiscoverError::TooManyEntries { count });
        }
        // Fits: bounded by the limit above.
        let entry_bytes = u32::try_from(count * ENTRY_BYTES).unwrap_or(u32::MAX);
        let mut page = page_bytes(controller, 0, HEADER_BYTES)?;
        page.extend(page_bytes(controller, u64::from(HEADER_BYTES), entry_bytes)?);
        let log = DiscoveryLog::parse(&page)?;
        // The entries belong together only if the page is the same after the last of them was read.
        let after = read_header(controller)?;
        if log.header == &before && after == before {
            return Ok(Discovered { generation: before.generation.get(), entries: log.entries.to_vec() });
        }
    }
    Err(DiscoverError::Unstable)
}

fn read_header(controller: &Controller) -> Result<DiscoveryLogHeader, DiscoverError> {
    let page = page_bytes(controller, 0, HEADER_BYTES)?;
    Ok(DiscoveryLog::parse(&page)?.header.clone())
}

fn page_bytes(controller: &Controller, offset: u64, length_bytes: u32) -> Result<Vec<u8>, CommandError> {
    let page = GetLogPage {
        offset: LogPageOffset::Bytes(offset),
        ..GetLogPage::new(LogPageIdentifier::DISCOVERY, u64::from(HEADER_BYTES))
    };
    controller.log_page(page, length_bytes)
}
