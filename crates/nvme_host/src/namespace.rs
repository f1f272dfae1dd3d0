//! What a namespace is: its blocks and its names.

use nvme::base::identify::{
    Identify, IdentifyDataStructure, IdentifyNamespace, NamespaceIdentifier, NamespaceList, namespace_identifiers,
};
use nvme::nvm::{NvmOpcode, ReadWrite};

use nvme::base::command::SubmissionQueueEntry;

use crate::controller::Controller;
use crate::error::CommandError;

/// A namespace as its controller describes it.
#[derive(Debug, Clone)]
pub struct Namespace {
    /// Namespace identifier (NSID).
    pub id: u32,
    /// Bytes of a logical block.
    pub block_size_bytes: u32,
    /// Number of logical blocks.
    pub block_count: u64,
    /// UUID, when it has one.
    pub uuid: Option<[u8; 16]>,
    /// The Identify Namespace structure.
    pub identity: Box<IdentifyNamespace>,
}

/// Why a namespace cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NamespaceError {
    /// A command failed.
    #[error("cannot identify namespace {id}")]
    Identify {
        /// Namespace that was asked for; 0 is the list of all.
        id: u32,
        /// The command's fate.
        #[source]
        source: CommandError,
    },
    /// The controller has no such namespace.
    #[error("there is no namespace {id}")]
    NotActive {
        /// Namespace that was asked for.
        id: u32,
    },
    /// The namespace has a format that this host does not read.
    #[error("namespace {id} has a format that cannot be used: {reason}")]
    Format {
        /// Namespace that was asked for.
        id: u32,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Namespace {
    /// Identifiers of the namespaces that the controller has, in ascending order.
    ///
    /// # Errors
    /// [`NamespaceError::Identify`].
    pub fn list(controller: &Controller) -> Result<Vec<u32>, NamespaceError> {
        let mut ids = Vec::new();
        loop {
            let after = ids.last().copied().unwrap_or(0);
            let page: NamespaceList = controller
                .identify(IdentifyDataStructure::ACTIVE_NAMESPACE_LIST, after)
                .map_err(|source| NamespaceError::Identify { id: 0, source })?;
            // Ascending, or a list that never ends would be read for ever.
            ids.extend(page.iter().scan(after, |last, id| {
                let ascending = id > *last;
                *last = id;
                ascending.then_some(id)
            }));
            let progressed = ids.last().is_some_and(|&last| last > after);
            if !page.is_full() || !progressed || ids.last().is_some_and(|&last| last >= NamespaceList::LAST_BEGINNING) {
                return Ok(ids);
            }
        }
    }

    /// Asks the controller about a namespace.
    ///
    /// # Errors
    /// [`NamespaceError`].
    pub fn identify(controller: &Controller, id: u32) -> Result<Self, NamespaceError> {
        let failed = |source| match source {
            CommandError::Status { status, .. }
                if status.same_code(nvme::base::status::Status::INVALID_NAMESPACE_OR_FORMAT) =>
            {
                NamespaceError::NotActive { id }
            }
            source => NamespaceError::Identify { id, source },
        };
        let identity: IdentifyNamespace = controller.identify(IdentifyDataStructure::NAMESPACE, id).map_err(failed)?;
        if !identity.is_active() {
            return Err(NamespaceError::NotActive { id });
        }
        let format = identity
            .lba_format()
            .ok_or(NamespaceError::Format { id, reason: "its LBA format is not one of its list" })?;
        if format.metadata_bytes.get() != 0 {
            return Err(NamespaceError::Format { id, reason: "its blocks have metadata" });
        }
        let block_size_bytes = format
            .block_size_bytes()
            .ok_or(NamespaceError::Format { id, reason: "its block size is not from 512 bytes to 2 GiB" })?;
        Ok(Self {
            id,
            block_size_bytes,
            block_count: identity.block_count.get(),
            uuid: uuid(controller, id),
            identity: Box::new(identity),
        })
    }

    /// Size in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u128 {
        u128::from(self.block_count) * u128::from(self.block_size_bytes)
    }

    /// Read of `block_count` blocks.
    ///
    /// # Panics
    /// When `block_count` is not in `1..=65536`.
    #[inline]
    #[must_use]
    pub fn read_command(&self, first_block: u64, block_count: u32) -> SubmissionQueueEntry {
        ReadWrite { first_block, block_count, ..ReadWrite::default() }.command(NvmOpcode::READ, self.id)
    }

    /// Write of `block_count` blocks, with `force_unit_access` onto non-volatile media before it completes.
    ///
    /// # Panics
    /// When `block_count` is not in `1..=65536`.
    #[inline]
    #[must_use]
    pub fn write_command(&self, first_block: u64, block_count: u32, force_unit_access: bool) -> SubmissionQueueEntry {
        ReadWrite { first_block, block_count, force_unit_access, ..ReadWrite::default() }
            .command(NvmOpcode::WRITE, self.id)
    }

    /// Flush of everything that was written before.
    #[must_use]
    pub fn flush_command(&self) -> SubmissionQueueEntry {
        SubmissionQueueEntry::new(NvmOpcode::FLUSH.0, self.id)
    }
}

/// The UUID of a namespace. One without, and a controller that does not tell, are the same here.
fn uuid(controller: &Controller, id: u32) -> Option<[u8; 16]> {
    let descriptors =
        controller.identify_bytes(&Identify::new(IdentifyDataStructure::NAMESPACE_DESCRIPTORS, id)).ok()?;
    namespace_identifiers(&descriptors).find_map(|identifier| match identifier {
        Ok(NamespaceIdentifier::Uuid(uuid)) => Some(uuid),
        _ => None,
    })
}
