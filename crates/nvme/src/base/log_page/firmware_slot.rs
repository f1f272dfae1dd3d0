//! Firmware Slot Information: which firmware is in which slot.
//!
//! Spec: NVMe Base 2.0 §5.16.1.4.

use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::base::text::PaddedText;

/// Firmware Slot Information, 512 bytes.
///
/// Spec: NVMe Base 2.0 §5.16.1.4.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct FirmwareSlotInformation {
    /// Active firmware (AFI): [`Self::active_slot`] in bits 2:0, [`Self::next_slot`] in bits 6:4.
    pub active_firmware: u8,
    /// Reserved.
    pub reserved1: [u8; 7],
    /// Firmware revisions of slots 1 to 7 (FRS1 to FRS7); all zero where there is none.
    pub revisions: [PaddedText<8>; 7],
    /// Reserved.
    pub reserved64: [u8; 448],
}

assert_layout!(FirmwareSlotInformation, 512, active_firmware @ 0, reserved1 @ 1, revisions @ 8, reserved64 @ 64);

impl FirmwareSlotInformation {
    /// A controller with one slot, which is active.
    #[must_use]
    pub fn single(revision: PaddedText<8>) -> Self {
        let mut page = Self::new_zeroed();
        page.active_firmware = 1;
        let [first, ..] = &mut page.revisions;
        *first = revision;
        page
    }

    /// Slot that the active firmware came from, `1..=7`.
    #[must_use]
    pub const fn active_slot(&self) -> u8 {
        self.active_firmware & 0b111
    }

    /// Slot that is active after the next reset; 0 is not reported.
    #[must_use]
    pub const fn next_slot(&self) -> u8 {
        self.active_firmware >> 4 & 0b111
    }
}

#[cfg(test)]
mod tests {
    use zerocopy::IntoBytes;

    use super::{FirmwareSlotInformation, PaddedText};

    #[test]
    fn bytes() {
        let mut page = FirmwareSlotInformation::single(PaddedText::new("0.1.0").unwrap());
        let (used, unused) = page.as_bytes().split_at(16);
        assert_eq!(used, b"\x01\0\0\0\0\0\0\x000.1.0   ");
        assert!(unused.iter().all(|&byte| byte == 0));
        page.active_firmware = 0xad;
        assert_eq!((page.active_slot(), page.next_slot()), (5, 2));
    }
}
