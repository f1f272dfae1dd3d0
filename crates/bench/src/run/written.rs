//! What was written since it was last made durable, for `sync_file_range`.

/// The range of each file that its writes lie in: from the first byte to the end of the last one.
#[derive(Debug)]
pub(super) struct Written {
    ranges: Box<[Option<(u64, u64)>]>,
}

impl Written {
    /// Nothing was written to so many files.
    pub(super) fn new(files: usize) -> Self {
        Self { ranges: vec![None; files].into_boxed_slice() }
    }

    /// So many bytes were written to a file.
    pub(super) fn add(&mut self, file: u32, offset: u64, length_bytes: u32) {
        let end = offset.saturating_add(u64::from(length_bytes));
        let range = &mut self.ranges[file as usize];
        *range = Some(range.map_or((offset, end), |(first, last)| (first.min(offset), last.max(end))));
    }

    /// Where the writes to a file begin, and how many bytes they span. Of more than fit into an I/O the span is 0, which
    /// stands for everything up to the end of the file. From now on nothing was written to it.
    pub(super) fn take(&mut self, file: usize) -> Option<(u64, u32)> {
        let (first, end) = self.ranges[file].take()?;
        Some((first, u32::try_from(end - first).unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_lie_in_the_range_that_is_taken_once() {
        let mut written = Written::new(2);
        assert_eq!(written.take(0), None);
        written.add(0, 8192, 4096);
        written.add(0, 4096, 512);
        written.add(1, 0, 1);
        assert_eq!(written.take(0), Some((4096, 8192)));
        assert_eq!((written.take(0), written.take(1)), (None, Some((0, 1))));
        written.add(0, 512, 512);
        written.add(0, 1 << 40, 512);
        assert_eq!(written.take(0), Some((512, 0)));
    }
}
