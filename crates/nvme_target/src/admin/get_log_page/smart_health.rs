//! SMART / Health Information: what hosts have done with the subsystem since the target was started.
//!
//! Controllers come and go with each connection, so the counts are those of all of them together. Software has no
//! temperature, no spare and no wear to report. Spec: NVMe Base 2.0 §5.16.1.3.

use nvme::base::command::BROADCAST_NAMESPACE;
use nvme::base::log_page::{CriticalWarnings, GetLogPage, LogPageIdentifier, SmartHealthInformation};
use zerocopy::little_endian::U128;
use zerocopy::{FromZeros, IntoBytes};

use super::{LogPage, no_event};
use crate::admin::AdminContext;
use crate::controller::ControllerState;
use crate::failure::{Failure, Location};

pub(super) const PAGE: LogPage =
    LogPage { identifier: LogPageIdentifier::SMART_HEALTH_INFORMATION, build, acknowledge: no_event };

const SPARE_PERCENT: u8 = 100;

fn build(context: &AdminContext<'_>, state: &ControllerState, request: &GetLogPage) -> Result<Vec<u8>, Failure> {
    // The page is of the controller; Identify Controller says that there is none for each namespace.
    if !matches!(request.namespace_id, 0 | BROADCAST_NAMESPACE) {
        return Err(Failure::invalid_field(Location::NAMESPACE_ID));
    }
    let totals = context.target.totals();
    let mut page = SmartHealthInformation::new_zeroed();
    page.critical_warnings = CriticalWarnings::EMPTY;
    page.available_spare_percent = SPARE_PERCENT;
    page.data_units_read = U128::new(SmartHealthInformation::data_units(totals.read_bytes.into()));
    page.data_units_written = U128::new(SmartHealthInformation::data_units(totals.written_bytes.into()));
    page.host_reads = U128::new(totals.read_commands.into());
    page.host_writes = U128::new(totals.write_commands.into());
    page.power_cycles = U128::new(1);
    page.media_errors = U128::new(totals.media_errors.into());
    page.error_log_entries = U128::new(state.errors.count().into());
    Ok(page.as_bytes().to_vec())
}
