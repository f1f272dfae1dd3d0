//! Get Log Page: what has happened and what is supported. One file a page, one line in a table for each.
//!
//! A page is built whole and the part that is asked for is cut out of it; what is asked for beyond its end is zeros.
//! Reading any part of a page tells the controller that its event has been seen, unless the host says otherwise.
//!
//! Spec: NVMe Base 2.0 §5.16.

use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::base::log_page::{CommandEffects, GetLogPage, LogPageIdentifier, LogPageOffset};
use nvme::base::status::Status;

use super::{AdminCommand, AdminContext, AdminOutcome};
use crate::controller::ControllerState;
use crate::failure::{Failure, Location, check_data_length};

mod changed_namespaces;
mod command_effects;
mod discovery;
mod error_information;
mod firmware_slot;
mod smart_health;

pub(super) const COMMAND: AdminCommand =
    AdminCommand { opcode: AdminOpcode::GET_LOG_PAGE, effects: CommandEffects::SUPPORTED, execute };

/// Where the page, the number of dwords, the offset and its type stand.
const PAGE: Location = Location::DWORD10;
const LENGTH: Location = Location::byte(42);
const OFFSET: Location = Location::DWORD12;
const OFFSET_TYPE: Location = Location::byte(58).bit(7);

/// One log page.
#[derive(Debug)]
pub(crate) struct LogPage {
    identifier: LogPageIdentifier,
    build: fn(&AdminContext<'_>, &ControllerState, &GetLogPage) -> Result<Vec<u8>, Failure>,
    /// The host has read the page and does not retain the event that belongs to it.
    acknowledge: fn(&mut ControllerState),
}

/// The pages of an I/O controller.
pub(super) const IO_CONTROLLER: &[LogPage] = &[
    error_information::PAGE,
    smart_health::PAGE,
    firmware_slot::PAGE,
    changed_namespaces::PAGE,
    command_effects::PAGE,
];

/// The pages of a discovery controller.
pub(super) const DISCOVERY_CONTROLLER: &[LogPage] = &[error_information::PAGE, discovery::PAGE];

fn execute(context: &mut AdminContext<'_>, entry: &SubmissionQueueEntry) -> Result<AdminOutcome, Failure> {
    let request = GetLogPage::parse(entry);
    let pages = context.controller.command_set().log_pages;
    let page = pages.iter().find(|page| page.identifier == request.log_page);
    let page = page.ok_or(Failure::at(Status::INVALID_LOG_PAGE, PAGE))?;
    let LogPageOffset::Bytes(offset) = request.offset else {
        return Err(Failure::invalid_field(OFFSET_TYPE));
    };
    if !offset.is_multiple_of(4) {
        return Err(Failure::invalid_field(OFFSET));
    }
    let length =
        u32::try_from(request.length_bytes).ok().filter(|&bytes| bytes <= context.target.limits().transfer_bytes);
    let length = length.ok_or(Failure::invalid_field(LENGTH))?;
    check_data_length(entry, length)?;
    let mut state = context.controller.lock();
    let content = (page.build)(context, &state, &request)?;
    let start = usize::try_from(offset).ok().filter(|&start| start <= content.len());
    let start = start.ok_or(Failure::invalid_field(OFFSET))?;
    if !request.retain_async_event {
        (page.acknowledge)(&mut state);
    }
    Ok(AdminOutcome::Data(part(content, start, length as usize)))
}

/// So many bytes of the page from `start` on, with zeros behind its end.
fn part(mut content: Vec<u8>, start: usize, length: usize) -> Vec<u8> {
    content.drain(..start);
    content.resize(length, 0);
    content
}

/// There is no event that belongs to the page.
fn no_event(_state: &mut ControllerState) {}
