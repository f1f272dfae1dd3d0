//! Identify I/O Command Set: which combinations of command sets a controller can enable together.
//!
//! Spec: NVMe Base 2.0 §5.17.2.21.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

flag_set! {
    /// Command sets that can be enabled together: one bit for each [`CommandSetIdentifier`](crate::base::command::CommandSetIdentifier).
    pub struct CommandSets(u64) {
        NVM = 0, "NVM Command Set";
        KEY_VALUE = 1, "Key Value Command Set";
        ZONED_NAMESPACE = 2, "Zoned Namespace Command Set";
    }
}

/// Identify I/O Command Set, 4096 bytes: the combinations, by the index that the I/O Command Set Profile feature selects. An empty one
/// ends the list.
///
/// Spec: NVMe Base 2.0 §5.17.2.21.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct IdentifyCommandSets {
    /// The combinations.
    pub combinations: [CommandSets; 512],
}

assert_layout!(IdentifyCommandSets, 4096, combinations @ 0);
