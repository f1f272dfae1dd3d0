//! Property Get and Property Set.
//!
//! Spec: NVMe Base 2.0 §6.5 (Property Get), §6.6 (Property Set).

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{FabricsCommandType, entry_view};
use crate::base::command::{AdminOpcode, SglDescriptor, SubmissionQueueEntry};
use crate::base::property::PropertyOffset;

open_enum! {
    /// Size of the property that a command reads or writes, bits 2:0 of its attributes.
    ///
    /// Spec: NVMe Base 2.0 §6.5.
    pub struct PropertySize(u8) {
        FOUR_BYTES = 0, "4 bytes";
        EIGHT_BYTES = 1, "8 bytes";
    }
}

/// Property Get, 64 bytes; the value comes back in the completion's result.
///
/// Spec: NVMe Base 2.0 §6.5.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct PropertyGet {
    /// 7Fh.
    pub opcode: u8,
    /// Flags as in [`SubmissionQueueEntry::flags`].
    pub flags: u8,
    /// Command identifier.
    pub command_id: U16,
    /// [`FabricsCommandType::PROPERTY_GET`].
    pub command_type: u8,
    /// Reserved.
    pub reserved5: [u8; 19],
    /// Unused: the command has no data.
    pub data_pointer: SglDescriptor,
    /// Attributes (ATTRIB): [`PropertySize`] in bits 2:0, the rest reserved.
    pub attributes: u8,
    /// Reserved.
    pub reserved41: [u8; 3],
    /// Offset (OFST): a [`PropertyOffset`].
    pub offset: U32,
    /// Reserved.
    pub reserved48: [u8; 16],
}

assert_layout!(
    PropertyGet, 64,
    opcode @ 0, flags @ 1, command_id @ 2, command_type @ 4, reserved5 @ 5, data_pointer @ 24, attributes @ 40, reserved41 @ 41,
    offset @ 44, reserved48 @ 48,
);
entry_view!(PropertyGet);

impl PropertyGet {
    /// Reads the property at `offset`.
    #[must_use]
    pub const fn new(offset: PropertyOffset, size: PropertySize) -> Self {
        let entry = SubmissionQueueEntry::new(AdminOpcode::FABRICS.0, FabricsCommandType::PROPERTY_GET.0 as u32);
        let mut command = *Self::from_entry(&entry);
        command.attributes = size.0;
        command.offset = U32::new(offset.0);
        command
    }

    /// Size of the property that is asked for.
    #[must_use]
    pub const fn size(&self) -> PropertySize {
        PropertySize(self.attributes & 0b111)
    }

    /// The property that is asked for.
    #[must_use]
    pub const fn property(&self) -> PropertyOffset {
        PropertyOffset(self.offset.get())
    }
}

/// Property Set, 64 bytes.
///
/// Spec: NVMe Base 2.0 §6.6.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct PropertySet {
    /// 7Fh.
    pub opcode: u8,
    /// Flags as in [`SubmissionQueueEntry::flags`].
    pub flags: u8,
    /// Command identifier.
    pub command_id: U16,
    /// [`FabricsCommandType::PROPERTY_SET`].
    pub command_type: u8,
    /// Reserved.
    pub reserved5: [u8; 19],
    /// Unused: the command has no data.
    pub data_pointer: SglDescriptor,
    /// Attributes (ATTRIB): [`PropertySize`] in bits 2:0, the rest reserved.
    pub attributes: u8,
    /// Reserved.
    pub reserved41: [u8; 3],
    /// Offset (OFST): a [`PropertyOffset`].
    pub offset: U32,
    /// Value; of a 4-byte property the low half.
    pub value: U64,
    /// Reserved.
    pub reserved56: [u8; 8],
}

assert_layout!(
    PropertySet, 64,
    opcode @ 0, flags @ 1, command_id @ 2, command_type @ 4, reserved5 @ 5, data_pointer @ 24, attributes @ 40, reserved41 @ 41,
    offset @ 44, value @ 48, reserved56 @ 56,
);
entry_view!(PropertySet);

impl PropertySet {
    /// Writes `value` to the property at `offset`.
    #[must_use]
    pub const fn new(offset: PropertyOffset, size: PropertySize, value: u64) -> Self {
        let entry = SubmissionQueueEntry::new(AdminOpcode::FABRICS.0, FabricsCommandType::PROPERTY_SET.0 as u32);
        let mut command = *Self::from_entry(&entry);
        command.attributes = size.0;
        command.offset = U32::new(offset.0);
        command.value = U64::new(value);
        command
    }

    /// Size of the property that is written.
    #[must_use]
    pub const fn size(&self) -> PropertySize {
        PropertySize(self.attributes & 0b111)
    }

    /// The property that is written.
    #[must_use]
    pub const fn property(&self) -> PropertyOffset {
        PropertyOffset(self.offset.get())
    }

    /// The low half of the value: all there is of a 4-byte property.
    #[must_use]
    pub const fn value_4_bytes(&self) -> u32 {
        let [a, b, c, d, ..] = self.value.to_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

#[cfg(test)]
mod tests {
    use zerocopy::IntoBytes;

    use super::{PropertyGet, PropertyOffset, PropertySet, PropertySize};

    #[test]
    fn property_get_bytes() {
        let mut get = PropertyGet::new(PropertyOffset(0x0403_0201), PropertySize::EIGHT_BYTES);
        let mut expected = [0; 64];
        expected[..8].copy_from_slice(&[0x7f, 0x40, 0, 0, 0x04, 0, 0, 0]);
        expected[40..48].copy_from_slice(&[1, 0, 0, 0, 1, 2, 3, 4]);
        assert_eq!(get.as_bytes(), expected);
        assert_eq!((get.property(), get.size()), (PropertyOffset(0x0403_0201), PropertySize::EIGHT_BYTES));
        get.attributes = 0xfa;
        assert_eq!(get.size(), PropertySize(2), "reserved bits do not matter");
    }

    #[test]
    fn property_set_bytes() {
        let mut set =
            PropertySet::new(PropertyOffset::CONTROLLER_CONFIGURATION, PropertySize::FOUR_BYTES, 0x0807_0605_0403_0201);
        let mut expected = [0; 64];
        expected[..8].copy_from_slice(&[0x7f, 0x40, 0, 0, 0x00, 0, 0, 0]);
        expected[40..56].copy_from_slice(&[0, 0, 0, 0, 0x14, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(set.as_bytes(), expected);
        assert_eq!(set.property(), PropertyOffset::CONTROLLER_CONFIGURATION);
        assert_eq!(set.value_4_bytes(), 0x0403_0201);
        set.attributes = 0xf9;
        assert_eq!(set.size(), PropertySize::EIGHT_BYTES, "reserved bits do not matter");
        assert_eq!(PropertySet::from_entry(set.as_entry()), &set);
    }
}
