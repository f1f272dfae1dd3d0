//! Changed Namespace List.

use nvme::base::log_page::{ChangedNamespaceList, LogPageIdentifier};
use nvme_host::Controller;

use super::super::Failure;
use super::{Page, structure};
use crate::document::Document;

pub(super) const PAGE: Page =
    Page { name: "changed-ns", about: "namespaces that changed since the page was last read", read };

fn read(controller: &Controller) -> Result<Document, Failure> {
    let page: ChangedNamespaceList = structure(controller, LogPageIdentifier::CHANGED_NAMESPACE_LIST)?;
    let rows = page.iter().map(|id| Document::new().with("namespace", id));
    Ok(Document::new().with("too_many_to_list", page.is_too_many()).with_table("changed_namespaces", rows.collect()))
}
