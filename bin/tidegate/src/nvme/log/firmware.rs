//! Firmware Slot Information.

use nvme::base::log_page::{FirmwareSlotInformation, LogPageIdentifier};
use nvme_host::Controller;

use super::super::Failure;
use super::{Page, structure};
use crate::document::Document;

pub(super) const PAGE: Page = Page { name: "firmware", about: "firmware slots and which one is active", read };

fn read(controller: &Controller) -> Result<Document, Failure> {
    let page: FirmwareSlotInformation = structure(controller, LogPageIdentifier::FIRMWARE_SLOT_INFORMATION)?;
    let slots = (1_u8..).zip(&page.revisions).filter(|(_, revision)| !revision.trimmed().is_empty());
    let rows = slots.map(|(slot, revision)| Document::new().with("slot", slot).with("revision", revision.to_string()));
    Ok(Document::new()
        .with("active_slot", page.active_slot())
        .with("next_slot", page.next_slot())
        .with_table("slots", rows.collect()))
}
