//! Commands Supported and Effects: made from the tables of commands.
//!
//! Spec: NVMe Base 2.0 §5.16.1.6.

use nvme::base::command::{AdminOpcode, CommandSetIdentifier};
use nvme::base::log_page::{CommandEffects, CommandsSupportedAndEffects, GetLogPage, LogPageIdentifier};
use nvme::base::status::Status;
use nvme::nvm::NvmOpcode;
use zerocopy::{FromZeros, IntoBytes};

use super::{LogPage, no_event};
use crate::admin::AdminContext;
use crate::controller::ControllerState;
use crate::failure::{Failure, Location};
use crate::nvm::COMMANDS;

pub(super) const PAGE: LogPage =
    LogPage { identifier: LogPageIdentifier::COMMANDS_SUPPORTED_AND_EFFECTS, build, acknowledge: no_event };

fn build(context: &AdminContext<'_>, _state: &ControllerState, request: &GetLogPage) -> Result<Vec<u8>, Failure> {
    if request.command_set != CommandSetIdentifier::NVM {
        return Err(Failure::at(Status::INVALID_COMMAND_SET, Location::byte(59)));
    }
    let mut page = CommandsSupportedAndEffects::new_zeroed();
    for command in context.controller.command_set().commands {
        page.set_admin(command.opcode, command.effects);
    }
    for command in COMMANDS {
        page.set_io(command.opcode, command.effects);
    }
    page.set_admin(AdminOpcode::FABRICS, CommandEffects::SUPPORTED);
    page.set_io(NvmOpcode::FABRICS, CommandEffects::SUPPORTED);
    Ok(page.as_bytes().to_vec())
}
