//! Where bytes come from: files, memory, and a window that slides over them.

use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use crate::error::MediaError;
use crate::limits::WINDOW_BYTES;

/// Bytes that can be read from any place, by several readers at once.
pub trait ReadAt {
    /// How many bytes there are. A file that grows later is read up to here.
    ///
    /// # Errors
    /// What the system says.
    fn length(&self) -> io::Result<u64>;

    /// Reads up to `buffer.len()` bytes from `offset` on; zero at the end.
    ///
    /// # Errors
    /// What the system says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

impl ReadAt for std::fs::File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }
}

impl ReadAt for [u8] {
    fn length(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

impl ReadAt for Vec<u8> {
    fn length(&self) -> io::Result<u64> {
        self.as_slice().length()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(offset, buffer)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn length(&self) -> io::Result<u64> {
        (**self).length()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buffer)
    }
}

/// Fills `buffer` from `offset` on, as far as there are bytes, and says how far.
///
/// # Errors
/// What the source says; interrupted calls are made again.
pub fn read_full(source: &dyn ReadAt, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read_at(offset + filled as u64, &mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A window that slides over a source: what is asked for is read ahead, and not again while it is inside.
pub(crate) struct Window<'a> {
    source: &'a dyn ReadAt,
    length: u64,
    buffer: &'a mut Vec<u8>,
    /// Where in the source the window is.
    inside: Range<u64>,
}

impl<'a> Window<'a> {
    /// A window that keeps its bytes in `buffer`, which is grown once and used again for the next file.
    pub(crate) fn new(source: &'a dyn ReadAt, buffer: &'a mut Vec<u8>) -> Result<Self, MediaError> {
        let length = source.length().map_err(|source| MediaError::Read { offset: 0, source })?;
        Ok(Self { source, length, buffer, inside: 0..0 })
    }

    pub(crate) const fn length(&self) -> u64 {
        self.length
    }

    /// All of the source, when it is in the window.
    pub(crate) fn whole(&self) -> Option<&[u8]> {
        (self.inside == (0..self.length)).then(|| self.slice(0, self.length))
    }

    /// Up to `count` bytes from `offset` on; fewer only at the end.
    pub(crate) fn at_most(&mut self, offset: u64, count: usize) -> Result<&[u8], MediaError> {
        let end = self.length.min(offset.saturating_add(count as u64));
        if offset >= end {
            return Ok(&[]);
        }
        if offset < self.inside.start || end > self.inside.end {
            self.slide(offset, count)?;
        }
        let end = end.min(self.inside.end);
        Ok(self.slice(offset, end))
    }

    /// `count` bytes from `offset` on.
    pub(crate) fn exactly(&mut self, offset: u64, count: usize, expected: &'static str) -> Result<&[u8], MediaError> {
        let length = self.length;
        let bytes = self.at_most(offset, count)?;
        if bytes.len() < count {
            return Err(MediaError::Truncated { offset, expected, length });
        }
        Ok(bytes)
    }

    /// A copy of `count` bytes from `offset` on, without moving the window there.
    pub(crate) fn copy(&mut self, offset: u64, count: usize, expected: &'static str) -> Result<Vec<u8>, MediaError> {
        if count <= WINDOW_BYTES {
            return self.exactly(offset, count, expected).map(<[u8]>::to_vec);
        }
        let length = self.length;
        if length.saturating_sub(offset) < count as u64 {
            return Err(MediaError::Truncated { offset, expected, length });
        }
        let mut bytes = vec![0; count];
        match read_full(self.source, offset, &mut bytes) {
            Ok(filled) if filled == count => Ok(bytes),
            Ok(_) => Err(MediaError::Truncated { offset, expected, length }),
            Err(source) => Err(MediaError::Read { offset, source }),
        }
    }

    /// The next `N` bytes from `offset` on.
    pub(crate) fn array<const N: usize>(&mut self, offset: u64, expected: &'static str) -> Result<[u8; N], MediaError> {
        let bytes = self.exactly(offset, N, expected)?;
        Ok(std::array::from_fn(|index| bytes[index]))
    }

    /// What lies between two places that are inside.
    fn slice(&self, start: u64, end: u64) -> &[u8] {
        let index = |place: u64| usize::try_from(place - self.inside.start).unwrap_or(usize::MAX);
        &self.buffer[index(start)..index(end)]
    }

    /// Moves the window to `offset`, with `count` bytes in it at least.
    fn slide(&mut self, offset: u64, count: usize) -> Result<(), MediaError> {
        let wanted = count.max(WINDOW_BYTES);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        self.inside = 0..0;
        let wanted = usize::try_from(self.length - offset).map_or(wanted, |rest| wanted.min(rest));
        let filled = read_full(self.source, offset, &mut self.buffer[..wanted])
            .map_err(|source| MediaError::Read { offset, source })?;
        self.inside = offset..offset + filled as u64;
        if filled < wanted {
            // The file was cut while it was read: it ends here from now on.
            self.length = self.inside.end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A source that counts calls and gives out a few bytes at a time.
    struct Counting<'a>(&'a [u8], Cell<usize>, usize);

    impl ReadAt for Counting<'_> {
        fn length(&self) -> io::Result<u64> {
            self.0.length()
        }

        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
            self.1.set(self.1.get() + 1);
            let count = buffer.len().min(self.2);
            self.0.read_at(offset, &mut buffer[..count])
        }
    }

    #[test]
    fn a_small_file_is_read_with_one_call() {
        let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        let source = Counting(&bytes, Cell::new(0), usize::MAX);
        let mut buffer = Vec::new();
        let mut window = Window::new(&source, &mut buffer).unwrap();
        for offset in [0_usize, 9_000, 17, 9_999] {
            assert_eq!(window.exactly(offset as u64, 1, "a byte").unwrap(), &bytes[offset..=offset]);
        }
        assert_eq!(window.whole().unwrap(), bytes);
        assert_eq!(window.at_most(9_990, 100).unwrap(), &bytes[9_990..]);
        assert_eq!(window.at_most(10_000, 1).unwrap(), b"");
        assert!(matches!(
            window.exactly(9_990, 11, "x"),
            Err(MediaError::Truncated { offset: 9_990, expected: "x", length: 10_000 })
        ));
        assert_eq!(source.1.get(), 1);
    }

    #[test]
    fn a_large_file_slides_through_and_short_reads_are_continued() {
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * WINDOW_BYTES + 5).collect();
        let source = Counting(&bytes, Cell::new(0), 50_000);
        let mut buffer = Vec::new();
        let mut window = Window::new(&source, &mut buffer).unwrap();
        let mut seen = Vec::new();
        while seen.len() < bytes.len() {
            let piece = window.at_most(seen.len() as u64, 1000).unwrap();
            seen.extend_from_slice(piece);
        }
        assert!(seen == bytes);
        assert!(window.whole().is_none());
        assert_eq!(
            window.exactly(0, 2 * WINDOW_BYTES, "much").unwrap().len(),
            2 * WINDOW_BYTES,
            "it grows when it must"
        );
    }

    #[test]
    fn a_file_that_shrinks_while_it_is_read_ends_there() {
        struct Shrunk;
        impl ReadAt for Shrunk {
            fn length(&self) -> io::Result<u64> {
                Ok(100)
            }
            fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
                [7_u8; 40].read_at(offset, buffer)
            }
        }
        let mut buffer = Vec::new();
        let mut window = Window::new(&Shrunk, &mut buffer).unwrap();
        assert_eq!(window.at_most(0, 100).unwrap(), [7; 40]);
        assert_eq!(window.length(), 40);
        assert_eq!(window.at_most(50, 10).unwrap(), b"");
    }
}
