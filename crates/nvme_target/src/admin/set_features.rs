//! Set Features.
//!
//! Spec: NVMe Base 2.0 §5.27.

use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::base::feature::SetFeatures;
use nvme::base::log_page::CommandEffects;
use nvme::base::status::Status;

use super::{AdminCommand, AdminContext, AdminOutcome, features};
use crate::failure::{Failure, Location};

pub(super) const COMMAND: AdminCommand =
    AdminCommand { opcode: AdminOpcode::SET_FEATURES, effects: CommandEffects::SUPPORTED, execute };

fn execute(context: &mut AdminContext<'_>, entry: &SubmissionQueueEntry) -> Result<AdminOutcome, Failure> {
    let request = SetFeatures::parse(entry);
    let feature = features::find(context, request.feature)?;
    if request.save {
        return Err(Failure::at(Status::FEATURE_NOT_SAVEABLE, Location::byte(43).bit(7)));
    }
    let set = feature.set.ok_or(Failure::at(Status::FEATURE_NOT_CHANGEABLE, Location::DWORD10))?;
    Ok(AdminOutcome::Done(set(context, request.dword11)?.into()))
}
