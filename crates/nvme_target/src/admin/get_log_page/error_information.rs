//! Error Information: the commands that failed, newest first.
//!
//! Spec: NVMe Base 2.0 §5.16.1.2.

use nvme::base::log_page::{ErrorInformationEntry, GetLogPage, LogPageIdentifier};
use zerocopy::IntoBytes;

use super::{LogPage, no_event};
use crate::admin::AdminContext;
use crate::controller::ControllerState;
use crate::failure::Failure;
use crate::limits::ERROR_LOG_ENTRIES;

pub(super) const PAGE: LogPage =
    LogPage { identifier: LogPageIdentifier::ERROR_INFORMATION, build, acknowledge: no_event };

fn build(_context: &AdminContext<'_>, state: &ControllerState, _request: &GetLogPage) -> Result<Vec<u8>, Failure> {
    let mut page: Vec<u8> = state.errors.iter().flat_map(IntoBytes::as_bytes).copied().collect();
    page.resize(usize::from(ERROR_LOG_ENTRIES) * size_of::<ErrorInformationEntry>(), 0);
    Ok(page)
}
