//! Get Features.
//!
//! Spec: NVMe Base 2.0 §5.15.

use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::base::feature::{FeatureCapabilities, FeatureSelect, GetFeatures};
use nvme::base::log_page::CommandEffects;

use super::features::{self, Feature, FeatureValues, Value};
use super::{AdminCommand, AdminContext, AdminOutcome};
use crate::failure::{Failure, Location, check_data_length};

pub(super) const COMMAND: AdminCommand =
    AdminCommand { opcode: AdminOpcode::GET_FEATURES, effects: CommandEffects::SUPPORTED, execute };

fn execute(context: &mut AdminContext<'_>, entry: &SubmissionQueueEntry) -> Result<AdminOutcome, Failure> {
    let request = GetFeatures::parse(entry);
    let feature = features::find(context, request.feature)?;
    if request.select == FeatureSelect::SUPPORTED_CAPABILITIES {
        return Ok(AdminOutcome::Done(capabilities(feature).bits().into()));
    }
    let is_current = match request.select {
        FeatureSelect::CURRENT => true,
        FeatureSelect::DEFAULT | FeatureSelect::SAVED => false,
        _ => return Err(Failure::invalid_field(Location::byte(41))),
    };
    match &feature.value {
        Value::Dword { current, .. } if is_current => {
            Ok(AdminOutcome::Done(current(context, &context.controller.lock()).into()))
        }
        Value::Dword { default, .. } => {
            Ok(AdminOutcome::Done(default(&FeatureValues::new(context.target.limits())).into()))
        }
        Value::Data(read) => {
            let data = read(context, request.dword11)?;
            check_data_length(entry, u32::try_from(data.len()).unwrap_or(u32::MAX))?;
            Ok(AdminOutcome::Data(data))
        }
    }
}

fn capabilities(feature: &Feature) -> FeatureCapabilities {
    if feature.set.is_some() { FeatureCapabilities::CHANGEABLE } else { FeatureCapabilities::EMPTY }
}
