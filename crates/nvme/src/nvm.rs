//! The NVM command set: opcodes and the commands that move or affect logical blocks.
//!
//! Spec: NVM Command Set 1.0 §3.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::base::command::SubmissionQueueEntry;

open_enum! {
    /// Opcode of a command on an I/O queue.
    ///
    /// Spec: NVM Command Set 1.0 §3; NVMe Base 2.0 §7.
    pub struct NvmOpcode(u8) {
        FLUSH = 0x00, "Flush";
        WRITE = 0x01, "Write";
        READ = 0x02, "Read";
        WRITE_UNCORRECTABLE = 0x04, "Write Uncorrectable";
        COMPARE = 0x05, "Compare";
        WRITE_ZEROES = 0x08, "Write Zeroes";
        DATASET_MANAGEMENT = 0x09, "Dataset Management";
        VERIFY = 0x0c, "Verify";
        RESERVATION_REGISTER = 0x0d, "Reservation Register";
        RESERVATION_REPORT = 0x0e, "Reservation Report";
        RESERVATION_ACQUIRE = 0x11, "Reservation Acquire";
        RESERVATION_RELEASE = 0x15, "Reservation Release";
        COPY = 0x19, "Copy";
        FABRICS = 0x7f, "Fabrics Commands";
    }
}

const DWORD12_DEALLOCATE: u32 = 1 << 25;
const DWORD12_PROTECTION_SHIFT: u32 = 26;
const DWORD12_FORCE_UNIT_ACCESS: u32 = 1 << 30;
const DWORD12_LIMITED_RETRY: u32 = 1 << 31;

/// Most blocks that one command can address.
pub const MAXIMUM_BLOCK_COUNT: u32 = 1 << 16;

/// The parameters that Read, Write, Compare, Verify and Write Zeroes have in common.
///
/// Spec: NVM Command Set 1.0 §3.2.4 (Read), §3.2.6 (Write), §3.2.8 (Write Zeroes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadWrite {
    /// First logical block (SLBA).
    pub first_block: u64,
    /// Number of logical blocks, `1..=65536` (NLB, counted from one).
    pub block_count: u32,
    /// Force Unit Access (FUA): the data are on non-volatile media before the command completes.
    pub force_unit_access: bool,
    /// Limited Retry (LR): little effort for recovery.
    pub limited_retry: bool,
    /// Deallocate (DEAC): of Write Zeroes only, the blocks may be deallocated instead.
    pub deallocate: bool,
    /// Protection information field (PRINFO), `0..=15`: bit 3 action (PRACT), bits 2:0 checks (PRCHK).
    pub protection: u8,
}

impl ReadWrite {
    /// Reads the parameters of a command. Every 64 bytes have a meaning; what they ask for is the caller's to check.
    #[inline]
    #[must_use]
    pub const fn parse(entry: &SubmissionQueueEntry) -> Self {
        let dword12 = entry.dword12.get();
        let [_, _, _, high] = dword12.to_le_bytes();
        Self {
            first_block: ((entry.dword11.get() as u64) << 32) | entry.dword10.get() as u64,
            block_count: (dword12 & 0xffff) + 1,
            force_unit_access: dword12 & DWORD12_FORCE_UNIT_ACCESS != 0,
            limited_retry: dword12 & DWORD12_LIMITED_RETRY != 0,
            deallocate: dword12 & DWORD12_DEALLOCATE != 0,
            protection: (high >> 2) & 0xf,
        }
    }

    /// The command with these parameters, without command identifier and data pointer.
    ///
    /// # Panics
    /// When [`Self::block_count`] is not in `1..=65536` or [`Self::protection`] not in `0..=15`.
    #[inline]
    #[must_use]
    pub const fn command(&self, opcode: NvmOpcode, namespace_id: u32) -> SubmissionQueueEntry {
        assert!(self.block_count >= 1 && self.block_count <= MAXIMUM_BLOCK_COUNT, "block count is 1 to 65536");
        assert!(self.protection <= 0xf, "the protection information field has 4 bits");
        let [b0, b1, b2, b3, b4, b5, b6, b7] = self.first_block.to_le_bytes();
        let mut dword12 = (self.block_count - 1) | ((self.protection as u32) << DWORD12_PROTECTION_SHIFT);
        if self.force_unit_access {
            dword12 |= DWORD12_FORCE_UNIT_ACCESS;
        }
        if self.limited_retry {
            dword12 |= DWORD12_LIMITED_RETRY;
        }
        if self.deallocate {
            dword12 |= DWORD12_DEALLOCATE;
        }
        let mut entry = SubmissionQueueEntry::new(opcode.0, namespace_id);
        entry.dword10 = U32::from_bytes([b0, b1, b2, b3]);
        entry.dword11 = U32::from_bytes([b4, b5, b6, b7]);
        entry.dword12 = U32::new(dword12);
        entry
    }
}

/// The parameters of Dataset Management; its data are [`DatasetManagementRange`]s.
///
/// Spec: NVM Command Set 1.0 §3.2.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DatasetManagement {
    /// Number of ranges, `1..=256` (NR, counted from one).
    pub range_count: u16,
    /// Attribute Deallocate (AD): the host no longer needs what the ranges hold.
    pub deallocate: bool,
    /// Attribute Integral Dataset for Write (IDW).
    pub integral_for_write: bool,
    /// Attribute Integral Dataset for Read (IDR).
    pub integral_for_read: bool,
}

impl DatasetManagement {
    /// Reads the parameters of a command.
    #[inline]
    #[must_use]
    pub const fn parse(entry: &SubmissionQueueEntry) -> Self {
        let [ranges_0based, ..] = entry.dword10.to_bytes();
        let attributes = entry.dword11.get();
        Self {
            range_count: ranges_0based as u16 + 1,
            deallocate: attributes & 0b100 != 0,
            integral_for_write: attributes & 0b010 != 0,
            integral_for_read: attributes & 0b001 != 0,
        }
    }

    /// The command with these parameters, without command identifier and data pointer.
    ///
    /// # Panics
    /// When [`Self::range_count`] is not in `1..=256`.
    #[must_use]
    pub const fn command(&self, namespace_id: u32) -> SubmissionQueueEntry {
        assert!(self.range_count >= 1 && self.range_count <= 256, "range count is 1 to 256");
        let mut entry = SubmissionQueueEntry::new(NvmOpcode::DATASET_MANAGEMENT.0, namespace_id);
        entry.dword10 = U32::new(self.range_count as u32 - 1);
        entry.dword11 = U32::new(
            (self.deallocate as u32) << 2 | (self.integral_for_write as u32) << 1 | self.integral_for_read as u32,
        );
        entry
    }
}

/// One range of a Dataset Management command, 16 bytes.
///
/// Spec: NVM Command Set 1.0 §3.2.3.1.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct DatasetManagementRange {
    /// Hints on how the range is used.
    pub context_attributes: U32,
    /// Number of logical blocks; 0 is an empty range.
    pub block_count: U32,
    /// First logical block.
    pub first_block: U64,
}

assert_layout!(DatasetManagementRange, 16, context_attributes @ 0, block_count @ 4, first_block @ 8);

#[cfg(test)]
mod tests {
    use zerocopy::IntoBytes;

    use super::{DatasetManagement, DatasetManagementRange, NvmOpcode, ReadWrite, SubmissionQueueEntry};

    fn read_write() -> ReadWrite {
        ReadWrite {
            first_block: 0x0807_0605_0403_0201,
            block_count: 0x0a09 + 1,
            force_unit_access: true,
            limited_retry: false,
            deallocate: false,
            protection: 0,
        }
    }

    #[test]
    fn write_bytes() {
        let entry = read_write().command(NvmOpcode::WRITE, 0x0d0c_0b0a);
        let mut expected = [0; 64];
        expected[..2].copy_from_slice(&[0x01, 0x40]);
        expected[4..8].copy_from_slice(&[0x0a, 0x0b, 0x0c, 0x0d]);
        expected[40..52].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8, 0x09, 0x0a, 0x00, 0x40]);
        assert_eq!(entry.as_bytes(), expected);
        assert_eq!(ReadWrite::parse(&entry), read_write());
    }

    #[test]
    fn each_flag_has_its_bit() {
        let plain = ReadWrite { force_unit_access: false, block_count: 1, ..read_write() };
        for (parameters, dword12) in [
            (plain, 0),
            (ReadWrite { block_count: 65536, ..plain }, 0x0000_ffff),
            (ReadWrite { deallocate: true, ..plain }, 0x0200_0000),
            (ReadWrite { protection: 0xf, ..plain }, 0x3c00_0000),
            (ReadWrite { force_unit_access: true, ..plain }, 0x4000_0000),
            (ReadWrite { limited_retry: true, ..plain }, 0x8000_0000),
        ] {
            let mut entry = parameters.command(NvmOpcode::READ, 1);
            assert_eq!(entry.dword12.get(), dword12);
            entry.dword12 = (dword12 | 0x01ff_0000).into();
            assert_eq!(ReadWrite::parse(&entry), parameters, "reserved bits do not matter");
        }
    }

    fn panic_message(command: impl FnOnce() -> SubmissionQueueEntry + std::panic::UnwindSafe) -> &'static str {
        std::panic::catch_unwind(command).unwrap_err().downcast_ref().copied().unwrap_or_default()
    }

    #[test]
    fn counts_that_cannot_be_said() {
        for block_count in [0, 65537] {
            let parameters = ReadWrite { block_count, ..read_write() };
            assert_eq!(panic_message(move || parameters.command(NvmOpcode::READ, 1)), "block count is 1 to 65536");
        }
        for range_count in [0, 257] {
            let parameters = DatasetManagement { range_count, ..DatasetManagement::default() };
            assert_eq!(panic_message(move || parameters.command(1)), "range count is 1 to 256");
        }
    }

    #[test]
    fn dataset_management_bytes() {
        let parameters = DatasetManagement {
            range_count: 256,
            deallocate: true,
            integral_for_write: false,
            integral_for_read: true,
        };
        let mut entry = parameters.command(1);
        let mut expected = [0; 64];
        expected[..8].copy_from_slice(&[0x09, 0x40, 0, 0, 1, 0, 0, 0]);
        expected[40..48].copy_from_slice(&[255, 0, 0, 0, 0b101, 0, 0, 0]);
        assert_eq!(entry.as_bytes(), expected);
        entry.dword10 = 0xffff_ffff.into();
        entry.dword11 = 0xffff_fffd.into();
        assert_eq!(DatasetManagement::parse(&entry), parameters, "reserved bits do not matter");

        let range = DatasetManagementRange {
            context_attributes: 0x0403_0201.into(),
            block_count: 0x0807_0605.into(),
            first_block: 0x100f_0e0d_0c0b_0a09.into(),
        };
        assert!(range.as_bytes().iter().copied().eq(1..=16));
    }
}
