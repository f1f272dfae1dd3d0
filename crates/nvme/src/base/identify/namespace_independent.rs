//! I/O Command Set Independent Identify Namespace: what holds for a namespace of any command set.
//!
//! Spec: NVMe Base 2.0 §5.17.2.8.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::namespace::NamespaceSharing;

/// I/O Command Set Independent Identify Namespace, 4096 bytes. A Linux host asks for it first and takes a namespace that is not
/// [`NamespaceStatus::READY`] for one to wait for.
///
/// Spec: NVMe Base 2.0 §5.17.2.8.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct IdentifyNamespaceIndependent {
    /// Common features (NSFEAT): bit 3, identifiers are never used again.
    pub features: u8,
    /// Sharing between controllers (NMIC).
    pub sharing: NamespaceSharing,
    /// Reservation capabilities (RESCAP).
    pub reservation_capabilities: u8,
    /// Format progress (FPI).
    pub format_progress: u8,
    /// ANA group (ANAGRPID); 0 is none.
    pub ana_group_id: U32,
    /// Attributes (NSATTR): bit 0, write protected at present.
    pub attributes: u8,
    /// Reserved.
    pub reserved9: u8,
    /// NVM set (NVMSETID); 0 is none.
    pub nvm_set_id: U16,
    /// Endurance group (ENDGID); 0 is none.
    pub endurance_group_id: U16,
    /// Status (NSTAT).
    pub status: NamespaceStatus,
    /// Reserved.
    pub reserved15: [u8; 4081],
}

assert_layout!(
    IdentifyNamespaceIndependent, 4096,
    features @ 0, sharing @ 1, reservation_capabilities @ 2, format_progress @ 3, ana_group_id @ 4, attributes @ 8,
    reserved9 @ 9, nvm_set_id @ 10, endurance_group_id @ 12, status @ 14, reserved15 @ 15,
);

flag_set! {
    /// Status of a namespace (NSTAT).
    pub struct NamespaceStatus(u8) {
        READY = 0, "ready";
    }
}
