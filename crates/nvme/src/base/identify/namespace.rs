//! Identify Namespace: size, block format and features of a namespace of the NVM command set.
//!
//! Spec: NVM Command Set 1.0 §4.1.5.1, Figure 97.

use zerocopy::little_endian::{U16, U32, U64, U128};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Identify Namespace, 4096 bytes. All zero is a namespace that is not active.
///
/// Spec: NVM Command Set 1.0 Figure 97.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct IdentifyNamespace {
    /// Size in logical blocks (NSZE).
    pub block_count: U64,
    /// Blocks that may be allocated at a time (NCAP).
    pub capacity_blocks: U64,
    /// Blocks allocated at present (NUSE).
    pub utilization_blocks: U64,
    /// Features (NSFEAT).
    pub features: NamespaceFeatures,
    /// LBA formats supported, less one (NLBAF).
    pub lba_formats_0based: u8,
    /// The format in use (FLBAS).
    pub formatted_lba_size: FormattedLbaSize,
    /// Metadata capabilities (MC): bit 0 at the end of each block, bit 1 as a buffer of its own.
    pub metadata_capabilities: u8,
    /// Protection information that the namespace can have (DPC).
    pub protection_capabilities: u8,
    /// Protection information that it has (DPS).
    pub protection_settings: u8,
    /// Sharing between controllers (NMIC).
    pub sharing: NamespaceSharing,
    /// Reservation capabilities (RESCAP).
    pub reservation_capabilities: u8,
    /// Format progress (FPI).
    pub format_progress: u8,
    /// What a deallocated block reads as, and what may deallocate (DLFEAT).
    pub deallocate_features: DeallocateFeatures,
    /// Blocks that a write is atomic for, less one (NAWUN).
    pub atomic_write_blocks_0based: U16,
    /// Blocks that a write is atomic for when power fails, less one (NAWUPF).
    pub atomic_write_blocks_power_fail_0based: U16,
    /// Blocks that Compare and Write is atomic for, less one (NACWU).
    pub atomic_compare_and_write_blocks_0based: U16,
    /// Atomic boundary in blocks, less one; 0 is none (NABSN).
    pub atomic_boundary_blocks_0based: U16,
    /// First block that an atomic boundary is at (NABO).
    pub atomic_boundary_offset_blocks: U16,
    /// Atomic boundary for power failure in blocks, less one; 0 is none (NABSPF).
    pub atomic_boundary_blocks_power_fail_0based: U16,
    /// Blocks that I/O should not cross a multiple of; 0 is not reported (NOIOB).
    pub optimal_io_boundary_blocks: U16,
    /// Size in bytes of the storage that backs it (NVMCAP).
    pub storage_bytes: U128,
    /// Preferred granularity of writes in blocks, less one (NPWG).
    pub preferred_write_granularity_0based: U16,
    /// Preferred alignment of writes in blocks, less one (NPWA).
    pub preferred_write_alignment_0based: U16,
    /// Preferred granularity of Deallocate in blocks, less one (NPDG).
    pub preferred_deallocate_granularity_0based: U16,
    /// Preferred alignment of Deallocate in blocks, less one (NPDA).
    pub preferred_deallocate_alignment_0based: U16,
    /// Optimal size of writes in blocks, less one (NOWS).
    pub optimal_write_blocks_0based: U16,
    /// Most blocks of one source range of Copy (MSSRL).
    pub copy_source_range_blocks: U16,
    /// Most blocks of a Copy (MCL).
    pub copy_blocks: U32,
    /// Most source ranges of a Copy, less one (MSRC).
    pub copy_source_ranges_0based: u8,
    /// Reserved.
    pub reserved81: u8,
    /// Formats that each attribute has a field for (NULBAF).
    pub unique_attribute_lba_formats: u8,
    /// Reserved.
    pub reserved83: [u8; 9],
    /// ANA group (ANAGRPID); 0 is none.
    pub ana_group_id: U32,
    /// Reserved.
    pub reserved96: [u8; 3],
    /// Attributes (NSATTR): bit 0, write protected at present.
    pub attributes: u8,
    /// NVM set (NVMSETID); 0 is none.
    pub nvm_set_id: U16,
    /// Endurance group (ENDGID); 0 is none.
    pub endurance_group_id: U16,
    /// Globally unique identifier (NGUID), most significant byte first; zero is none.
    pub nguid: [u8; 16],
    /// IEEE extended unique identifier (EUI64), most significant byte first; zero is none.
    pub eui64: [u8; 8],
    /// LBA formats (LBAF0 to LBAF63).
    pub lba_formats: [LbaFormat; 64],
    /// Vendor specific.
    pub vendor_specific: [u8; 3712],
}

assert_layout!(
    IdentifyNamespace, 4096,
    block_count @ 0, capacity_blocks @ 8, utilization_blocks @ 16, features @ 24, lba_formats_0based @ 25,
    formatted_lba_size @ 26, metadata_capabilities @ 27, protection_capabilities @ 28, protection_settings @ 29, sharing @ 30,
    reservation_capabilities @ 31, format_progress @ 32, deallocate_features @ 33, atomic_write_blocks_0based @ 34,
    atomic_write_blocks_power_fail_0based @ 36, atomic_compare_and_write_blocks_0based @ 38,
    atomic_boundary_blocks_0based @ 40, atomic_boundary_offset_blocks @ 42, atomic_boundary_blocks_power_fail_0based @ 44,
    optimal_io_boundary_blocks @ 46, storage_bytes @ 48, preferred_write_granularity_0based @ 64,
    preferred_write_alignment_0based @ 66, preferred_deallocate_granularity_0based @ 68,
    preferred_deallocate_alignment_0based @ 70, optimal_write_blocks_0based @ 72, copy_source_range_blocks @ 74,
    copy_blocks @ 76, copy_source_ranges_0based @ 80, reserved81 @ 81, unique_attribute_lba_formats @ 82, reserved83 @ 83,
    ana_group_id @ 92, reserved96 @ 96, attributes @ 99, nvm_set_id @ 100, endurance_group_id @ 102, nguid @ 104, eui64 @ 120,
    lba_formats @ 128, vendor_specific @ 384,
);

impl IdentifyNamespace {
    /// Whether the namespace is active: one that is not reports zero for everything.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.block_count.get() != 0
    }

    /// The LBA format in use; `None` when the namespace does not report as many formats.
    #[must_use]
    pub fn lba_format(&self) -> Option<&LbaFormat> {
        let index = self.formatted_lba_size.format_index();
        if index > self.lba_formats_0based {
            return None;
        }
        self.lba_formats.get(usize::from(index))
    }
}

/// One LBA format, 4 bytes.
///
/// Spec: NVM Command Set 1.0 Figure 98.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct LbaFormat {
    /// Metadata per block in bytes (MS).
    pub metadata_bytes: U16,
    /// Data per block, 2 to the power of value bytes (LBADS): 9 at least, 0 is a format that is not available.
    pub data_size_log2: u8,
    /// Relative performance in bits 1:0 (RP): 0 best, 3 degraded.
    pub relative_performance: u8,
}

assert_layout!(LbaFormat, 4, metadata_bytes @ 0, data_size_log2 @ 2, relative_performance @ 3);

impl LbaFormat {
    /// Blocks of this size without metadata; `None` unless the size is a power of two from 512 on.
    #[must_use]
    pub const fn new(block_size_bytes: u32) -> Option<Self> {
        if !block_size_bytes.is_power_of_two() || block_size_bytes < 512 {
            return None;
        }
        let [data_size_log2, ..] = block_size_bytes.trailing_zeros().to_le_bytes();
        Some(Self { metadata_bytes: U16::ZERO, data_size_log2, relative_performance: 0 })
    }

    /// Data per block in bytes; `None` for a format that is not available, and for sizes below 512 and beyond 32 bits.
    #[must_use]
    pub const fn block_size_bytes(&self) -> Option<u32> {
        match self.data_size_log2 {
            exponent @ 9..=31 => Some(1 << exponent),
            _ => None,
        }
    }
}

/// Which LBA format is in use (FLBAS).
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct FormattedLbaSize(pub u8);

impl FormattedLbaSize {
    bit_fields! { u8;
        /// Low four bits of the index.
        format_index_low, with_format_index_low: 0, 4;
        /// 1: metadata follow the data of each block; 0: they have a buffer of their own.
        metadata_at_end_of_data, with_metadata_at_end_of_data: 4, 1;
        /// High two bits of the index; used only when there are more than 16 formats.
        format_index_high, with_format_index_high: 5, 2;
    }

    /// Index of the format, `0..=63`.
    #[must_use]
    pub const fn format_index(self) -> u8 {
        self.format_index_high() << 4 | self.format_index_low()
    }
}

flag_set! {
    /// Features of a namespace (NSFEAT).
    pub struct NamespaceFeatures(u8) {
        THIN_PROVISIONING = 0, "thin provisioning";
        ATOMICITY = 1, "atomicity of its own";
        DEALLOCATED_BLOCK_ERROR = 2, "error on reading deallocated blocks";
        IDENTIFIERS_NEVER_REUSED = 3, "identifiers never used again";
        PREFERRED_SIZES = 4, "preferred granularities and alignments";
    }
}

flag_set! {
    /// Sharing of a namespace (NMIC).
    pub struct NamespaceSharing(u8) {
        SHARED = 0, "may be attached to several controllers";
    }
}

/// What a deallocated block reads as, and what may deallocate (DLFEAT).
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct DeallocateFeatures(pub u8);

impl DeallocateFeatures {
    /// Value of [`Self::read_behaviour`]: not reported.
    pub const READS_NOT_REPORTED: u8 = 0b000;
    /// Value of [`Self::read_behaviour`]: every byte reads as 00h.
    pub const READS_ZEROES: u8 = 0b001;
    /// Value of [`Self::read_behaviour`]: every byte reads as FFh.
    pub const READS_ONES: u8 = 0b010;

    bit_fields! { u8;
        /// What a deallocated block reads as, a `READS_*` value.
        read_behaviour, with_read_behaviour: 0, 3;
        /// 1: Write Zeroes may deallocate.
        write_zeroes_deallocates, with_write_zeroes_deallocates: 3, 1;
        /// 1: the guard of a deallocated block is the CRC of what it reads as.
        guard_is_crc, with_guard_is_crc: 4, 1;
    }
}
