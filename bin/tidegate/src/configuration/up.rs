//! `[up]`: the supervisor itself.

use serde::Deserialize;

/// `[up]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpSection {
    /// What services do when their supervisor has died: end (`stop`, the default), or go on until the next takes them over.
    #[serde(default)]
    pub(crate) orphans: daemon::Orphans,
}
