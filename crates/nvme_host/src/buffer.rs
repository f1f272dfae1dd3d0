//! Memory that moves with a command: in with the request, back with its completion.

use std::ops::{Deref, DerefMut};

/// A buffer of fixed capacity whose first bytes are a command's data.
///
/// It is moved into a queue and comes back with the completion, so no one can look at it while the network writes to
/// it, and no I/O allocates. Dereferences to the command's data, not to the whole capacity.
#[derive(Debug, Clone, Default)]
pub struct DataBuffer {
    memory: Box<[u8]>,
    length: u32,
}

impl DataBuffer {
    /// A zeroed buffer for commands of up to `capacity_bytes` bytes, all of them in use.
    #[must_use]
    pub fn zeroed(capacity_bytes: u32) -> Self {
        Self { memory: vec![0; capacity_bytes as usize].into_boxed_slice(), length: capacity_bytes }
    }

    /// Number of bytes that a command can use.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        // Made from a u32 or checked against it by `from`.
        u32::try_from(self.memory.len()).unwrap_or(u32::MAX)
    }

    /// Sets how many bytes from the front the next command uses. What they hold does not change.
    ///
    /// # Panics
    /// When `length_bytes` is beyond the capacity.
    pub fn set_length(&mut self, length_bytes: u32) {
        assert!(length_bytes <= self.capacity(), "{length_bytes} bytes in a buffer of {}", self.capacity());
        self.length = length_bytes;
    }

    /// Number of bytes that the next command uses.
    #[must_use]
    pub fn length(&self) -> u32 {
        self.length
    }
}

/// # Panics
/// When there are 4 GiB or more: no command moves that much.
impl From<Vec<u8>> for DataBuffer {
    fn from(bytes: Vec<u8>) -> Self {
        let Ok(length) = u32::try_from(bytes.len()) else {
            panic!("{} bytes in one command", bytes.len());
        };
        Self { memory: bytes.into_boxed_slice(), length }
    }
}

impl Deref for DataBuffer {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.memory[..self.length as usize]
    }
}

impl DerefMut for DataBuffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[..self.length as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_uses_the_front_of_the_capacity() {
        let mut buffer = DataBuffer::zeroed(8);
        buffer.copy_from_slice(b"abcdefgh");
        buffer.set_length(3);
        assert_eq!(&*buffer, b"abc");
        buffer.set_length(8);
        assert_eq!(&*buffer, b"abcdefgh");
    }

    #[test]
    #[should_panic(expected = "9 bytes in a buffer of 8")]
    fn no_command_uses_more_than_the_capacity() {
        DataBuffer::zeroed(8).set_length(9);
    }
}
