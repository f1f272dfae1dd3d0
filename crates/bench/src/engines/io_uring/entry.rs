//! A submission queue entry, field by field (`struct io_uring_sqe` in the kernel's `linux/io_uring.h`).
//!
//! The ring's library builds entries that are zeros first and fields after; what is left of the zeros goes over the stack, and
//! reading it back as a whole waits for the stores: some 4 ns an I/O. Here every field is given once, and the entry goes
//! from registers into the ring.
#![expect(unsafe_code, reason = "the library's entry is made from its fields")]

use ::io_uring::squeue;

/// The fields; those of operations that have no use for one are 0.
#[repr(C)]
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Fields {
    /// `CODE` of the operation.
    pub(super) code: u8,
    /// [`squeue::Flags`].
    pub(super) flags: u8,
    /// I/O priority.
    pub(super) priority: u16,
    /// A descriptor, or with `FIXED_FILE` a place in the table of files.
    pub(super) file: i32,
    /// Bytes from the start of the file.
    pub(super) offset: u64,
    /// Of the buffer or the vectors.
    pub(super) address: u64,
    /// Bytes, or vectors.
    pub(super) length: u32,
    /// Flags of the operation.
    pub(super) operation_flags: u32,
    /// Comes back with the completion.
    pub(super) user_data: u64,
    /// A place in the table of buffers.
    pub(super) buffer_index: u16,
    pub(super) personality: u16,
    pub(super) splice_file: u32,
    pub(super) more: [u64; 2],
}

impl Fields {
    /// The entry with these fields.
    #[inline(always)]
    pub(super) fn into_entry(self) -> squeue::Entry {
        // SAFETY: the library's entry is the kernel's structure, as these fields are: 64 bytes that may have any value, which
        // the compiler checks for size and the tests for each field.
        unsafe { std::mem::transmute::<Self, squeue::Entry>(self) }
    }
}

#[cfg(test)]
mod tests {
    use ::io_uring::{opcode, types::Fd};

    use super::*;

    fn bytes(entry: squeue::Entry) -> [u8; 64] {
        // SAFETY: an entry is 64 bytes without padding.
        unsafe { std::mem::transmute(entry) }
    }

    #[test]
    fn every_field_is_where_the_library_has_it() {
        let (file, offset, priority, rw_flags) = (0x0102_0304, 0x1112_1314_1516_1718, 0x2122, 0x3132_3334);
        let buffer = std::ptr::without_provenance_mut(0x4142_4344_4546_4748);
        let (length, buffer_index, user_data) = (0x5152_5354, 0x6162, 0x7172_7374_7576_7778);
        let flags = squeue::Flags::ASYNC | squeue::Flags::FIXED_FILE;
        let built = opcode::ReadFixed::new(Fd(file), buffer, length, buffer_index)
            .offset(offset)
            .ioprio(priority)
            .rw_flags(rw_flags)
            .build()
            .flags(flags)
            .personality(0x0809)
            .user_data(user_data);
        let fields = Fields {
            code: opcode::ReadFixed::CODE,
            flags: flags.bits(),
            priority,
            file,
            offset,
            address: buffer.addr() as u64,
            length,
            operation_flags: rw_flags.cast_unsigned(),
            user_data,
            buffer_index,
            personality: 0x0809,
            ..Fields::default()
        };
        assert_eq!(bytes(fields.into_entry()), bytes(built));
    }
}
