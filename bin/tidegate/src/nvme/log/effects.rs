//! Commands Supported and Effects.

use nvme::base::command::AdminOpcode;
use nvme::base::log_page::{CommandEffects, CommandsSupportedAndEffects, LogPageIdentifier};
use nvme::nvm::NvmOpcode;
use nvme_host::Controller;

use super::super::Failure;
use super::{Page, structure};
use crate::document::Document;

pub(super) const PAGE: Page =
    Page { name: "effects", about: "commands that are supported, and what they affect", read };

fn read(controller: &Controller) -> Result<Document, Failure> {
    let page: CommandsSupportedAndEffects = structure(controller, LogPageIdentifier::COMMANDS_SUPPORTED_AND_EFFECTS)?;
    let admin =
        page.supported_admin().map(|(opcode, effects)| row("admin", opcode, AdminOpcode(opcode).name(), effects));
    let io = page.supported_io().map(|(opcode, effects)| row("io", opcode, NvmOpcode(opcode).name(), effects));
    Ok(Document::new().with_table("commands", admin.chain(io).collect()))
}

fn row(queue: &'static str, opcode: u8, name: Option<&'static str>, effects: CommandEffects) -> Document {
    Document::new()
        .with("queue", queue)
        .with_text("opcode", opcode, format_args!("{opcode:02X}h"))
        .with("command", name.unwrap_or("-"))
        .with("changes_blocks", effects.logical_block_content_change() == 1)
        .with("changes_namespaces", (effects.namespace_capability_change() | effects.namespace_inventory_change()) == 1)
        .with("changes_controller", effects.controller_capability_change() == 1)
}
