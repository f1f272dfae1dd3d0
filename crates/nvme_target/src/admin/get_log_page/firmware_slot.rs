//! Firmware Slot Information: one slot, this version of the software.
//!
//! Spec: NVMe Base 2.0 §5.16.1.4.

use nvme::base::log_page::{FirmwareSlotInformation, GetLogPage, LogPageIdentifier};
use zerocopy::IntoBytes;

use super::{LogPage, no_event};
use crate::admin::AdminContext;
use crate::admin::identify::FIRMWARE_REVISION;
use crate::controller::ControllerState;
use crate::failure::Failure;

pub(super) const PAGE: LogPage =
    LogPage { identifier: LogPageIdentifier::FIRMWARE_SLOT_INFORMATION, build, acknowledge: no_event };

fn build(_context: &AdminContext<'_>, _state: &ControllerState, _request: &GetLogPage) -> Result<Vec<u8>, Failure> {
    Ok(FirmwareSlotInformation::single(FIRMWARE_REVISION).as_bytes().to_vec())
}
