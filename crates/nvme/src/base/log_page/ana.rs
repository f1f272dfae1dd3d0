//! Asymmetric Namespace Access: which groups of namespaces are reached how well through this controller.
//!
//! The page is a header, then group descriptors, each followed by the identifiers of its namespaces as dwords.
//!
//! Spec: NVMe Base 2.0 §5.16.1.13.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Head of the Asymmetric Namespace Access log page, 16 bytes.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct AnaLogHeader {
    /// Changes of the page so far.
    pub change_count: U64,
    /// Group descriptors that follow.
    pub group_count: U16,
    /// Reserved.
    pub reserved10: [u8; 6],
}

assert_layout!(AnaLogHeader, 16, change_count @ 0, group_count @ 8, reserved10 @ 10);

/// One ANA group, 32 bytes; the identifiers of its namespaces follow unless the command asked for groups only.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct AnaGroupDescriptor {
    /// Group identifier.
    pub group_id: U32,
    /// Namespace identifiers that follow.
    pub namespace_count: U32,
    /// Change count of the page when this group changed last; 0 is not reported.
    pub change_count: U64,
    /// State of the group in bits 3:0.
    pub state: AnaState,
    /// Reserved.
    pub reserved17: [u8; 15],
}

assert_layout!(
    AnaGroupDescriptor, 32,
    group_id @ 0, namespace_count @ 4, change_count @ 8, state @ 16, reserved17 @ 17,
);

impl AnaGroupDescriptor {
    /// Bit of Get Log Page's log specific field: groups only, without their namespaces (RGO).
    pub const GROUPS_ONLY: u8 = 1 << 0;
}

open_enum! {
    /// Asymmetric namespace access state.
    ///
    /// Spec: NVMe Base 2.0 §8.1.3.
    #[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
    pub struct AnaState(u8) {
        OPTIMIZED = 0x1, "optimized";
        NON_OPTIMIZED = 0x2, "non-optimized";
        INACCESSIBLE = 0x3, "inaccessible";
        PERSISTENT_LOSS = 0x4, "persistent loss";
        CHANGE = 0xf, "change";
    }
}
