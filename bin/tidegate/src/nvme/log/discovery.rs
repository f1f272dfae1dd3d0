//! The discovery log page of any controller that has one.

use nvme_host::{Controller, read_discovery_log};

use super::super::{Failure, discover};
use super::Page;
use crate::document::Document;

pub(super) const PAGE: Page = Page { name: "discovery", about: "subsystems and where they are reached", read };

fn read(controller: &Controller) -> Result<Document, Failure> {
    let found = read_discovery_log(controller)?;
    Ok(discover::page(found.generation, &found.entries))
}
