//! Error Information.

use nvme::base::log_page::{ErrorInformationEntry, GetLogPage, LogPageIdentifier, ParameterErrorLocation};
use nvme_host::Controller;
use serde_json::Value;
use zerocopy::FromBytes;

use super::super::Failure;
use super::Page;
use crate::document::Document;

pub(super) const PAGE: Page = Page { name: "error", about: "commands that failed, the latest first", read };

fn read(controller: &Controller) -> Result<Document, Failure> {
    const ENTRY_BYTES: u32 = 64;
    let length_bytes = (u32::from(controller.identity().error_log_entries_0based) + 1) * ENTRY_BYTES;
    let page = GetLogPage::new(LogPageIdentifier::ERROR_INFORMATION, u64::from(length_bytes));
    let bytes = controller.log_page(page, length_bytes)?;
    let entries = bytes.chunks_exact(ENTRY_BYTES as usize).filter_map(|bytes| {
        let entry = ErrorInformationEntry::read_from_bytes(bytes).ok()?;
        // An entry with count 0 has not been used yet.
        (entry.error_count.get() != 0).then(|| section(&entry))
    });
    Ok(Document::new().with_sections("errors", entries.collect()))
}

fn section(entry: &ErrorInformationEntry) -> Document {
    let location = entry.parameter_error_location();
    let (json, text) = if location == ParameterErrorLocation::NONE {
        (Value::Null, "-".to_owned())
    } else {
        (location.0.into(), format!("byte {}, bit {}", location.byte(), location.bit()))
    };
    Document::new()
        .with("error_count", entry.error_count.get())
        .with("queue_id", entry.queue_id.get())
        .with("command_id", entry.command_id.get())
        .with_text("opcode", entry.opcode, format_args!("{:02X}h", entry.opcode))
        .with_text("status", entry.status.get() >> 1, entry.status())
        .with_text("parameter_error_location", json, text)
        .with("first_block", entry.first_block.get())
        .with("namespace", entry.namespace_id.get())
}
