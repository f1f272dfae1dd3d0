//! The Identify structures that are specific to the NVM command set.
//!
//! Spec: NVM Command Set 1.0 §4.1.5.3 (Identify Namespace), §4.1.5.4 (Identify Controller).

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// I/O Command Set specific Identify Controller for the NVM command set, 4096 bytes. All zero reports no limits.
///
/// A Linux host takes the largest Write Zeroes and Deallocate from here.
///
/// Spec: NVM Command Set 1.0 §4.1.5.4.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct IdentifyControllerNvm {
    /// Largest Verify (VSL), 2 to the power of value units of the smallest memory page; 0 is no limit.
    pub verify_size_limit: u8,
    /// Largest Write Zeroes (WZSL), in the same way.
    pub write_zeroes_size_limit: u8,
    /// Largest Write Uncorrectable (WUSL), in the same way.
    pub write_uncorrectable_size_limit: u8,
    /// Most ranges of a Dataset Management (DMRL); 0 is no limit.
    pub dataset_management_ranges_limit: u8,
    /// Most blocks of one such range (DMRSL); 0 is no limit.
    pub dataset_management_range_size_limit: U32,
    /// Most blocks of all ranges of one command (DMSL); 0 is no limit.
    pub dataset_management_size_limit: U64,
    /// Reserved.
    pub reserved16: [u8; 4080],
}

assert_layout!(
    IdentifyControllerNvm, 4096,
    verify_size_limit @ 0, write_zeroes_size_limit @ 1, write_uncorrectable_size_limit @ 2,
    dataset_management_ranges_limit @ 3, dataset_management_range_size_limit @ 4, dataset_management_size_limit @ 8,
    reserved16 @ 16,
);

/// I/O Command Set specific Identify Namespace for the NVM command set, 4096 bytes. All zero is a namespace without protection
/// information beyond that of Identify Namespace.
///
/// Spec: NVM Command Set 1.0 §4.1.5.3.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct IdentifyNamespaceNvm {
    /// Mask for the storage tag (LBSTM).
    pub storage_tag_mask: U64,
    /// Protection information capabilities (PIC).
    pub protection_capabilities: u8,
    /// Reserved.
    pub reserved9: [u8; 3],
    /// Extended LBA formats (ELBAF0 to ELBAF63): storage tag size in bits 6:0, guard format in bits 8:7.
    pub extended_lba_formats: [U32; 64],
    /// Reserved.
    pub reserved268: [u8; 3828],
}

assert_layout!(
    IdentifyNamespaceNvm, 4096,
    storage_tag_mask @ 0, protection_capabilities @ 8, reserved9 @ 9, extended_lba_formats @ 12, reserved268 @ 268,
);
