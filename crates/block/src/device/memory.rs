//! A disk of memory: private, anonymous, backed by pages only where it was written.
//!
//! It lends its memory, so data go between socket and device without a copy in between, and every request is completed
//! at once. Its content is gone when the process ends.

use std::ops::Range;
use std::sync::Arc;

use reactor::mapping::{Mapping, PAGE_BYTES};
use tracing::error;

use crate::open::{DeviceKind, OpenProblem};
use crate::specification::{OPTION_BLOCK_SIZE, OPTION_READ_ONLY, Specification, describe_size};
use crate::zeros::zeros;
use crate::{Access, BlockDevice, ByteRange, DeviceQueue, Geometry, Identity, Operation, Request, Submission, Window};

/// How it is opened.
pub(crate) const KIND: DeviceKind = DeviceKind {
    name: "memory",
    argument: "SIZE",
    summary: "memory, taken as it is written, lost when the process ends",
    options: &[OPTION_BLOCK_SIZE, OPTION_READ_ONLY],
    open,
};

/// The device.
#[derive(Debug)]
pub struct MemoryDevice {
    geometry: Geometry,
    identity: Identity,
    read_only: bool,
    /// Never unmapped, so that windows may outlive the device; its pages are given back when the device goes.
    memory: &'static Mapping,
    zeros: &'static Mapping,
}

fn open(specification: &Specification) -> Result<Arc<dyn BlockDevice>, OpenProblem> {
    Ok(Arc::new(MemoryDevice::new(specification)?))
}

impl MemoryDevice {
    fn new(specification: &Specification) -> Result<Self, OpenProblem> {
        let geometry = specification.geometry_of_argument()?;
        let length_bytes =
            usize::try_from(geometry.size_bytes()).ok().and_then(|size| size.checked_next_multiple_of(PAGE_BYTES));
        let length_bytes = length_bytes.ok_or(OpenProblem::Memory(std::io::ErrorKind::OutOfMemory.into()))?;
        let memory = Mapping::new(length_bytes).map_err(OpenProblem::Memory)?;
        Ok(Self {
            geometry,
            identity: Identity::new(KIND.name, &specification.ordinal().to_le_bytes()),
            read_only: specification.read_only,
            memory: Box::leak(Box::new(memory)),
            zeros: zeros().map_err(OpenProblem::Memory)?,
        })
    }

    fn window_at(&self, access: Access, addresses: Range<usize>) -> Window {
        Window::new(self.memory, addresses.start, addresses.len(), access)
    }

    /// Makes a range read as zeros, and gives back the pages that lie wholly within it.
    fn clear(&self, range: ByteRange) {
        let Range { start, end } = addresses(range);
        let (first_page, last_page) = (start.next_multiple_of(PAGE_BYTES), end / PAGE_BYTES * PAGE_BYTES);
        if first_page >= last_page {
            return self.fill_with_zeros(start, end);
        }
        self.fill_with_zeros(start, first_page);
        self.fill_with_zeros(last_page, end);
        if let Err(error) = self.memory.discard(first_page, last_page - first_page) {
            error!(%error, "memory device: the kernel takes no pages back");
            self.fill_with_zeros(first_page, last_page);
        }
    }

    fn fill_with_zeros(&self, mut start: usize, end: usize) {
        while start < end {
            let length = (end - start).min(self.zeros.len());
            let zeros = Window::new(self.zeros, 0, length, Access::Read);
            self.window_at(Access::Write, start..start + length).copy_from(&zeros);
            start += length;
        }
    }
}

/// Where a range of the device is in its mapping.
fn addresses(range: ByteRange) -> Range<usize> {
    let address = |offset: u64| usize::try_from(offset).expect("a device that was mapped has addresses that fit");
    address(range.offset())..address(range.offset() + range.len())
}

impl BlockDevice for MemoryDevice {
    fn description(&self) -> String {
        format!("memory, {}", describe_size(self.geometry.size_bytes()))
    }

    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn identity(&self) -> Identity {
        self.identity
    }

    fn read_only(&self) -> bool {
        self.read_only
    }

    fn volatile_write_cache(&self) -> bool {
        false
    }

    fn lend(&self, access: Access, range: ByteRange) -> Option<Window> {
        Some(self.window_at(access, addresses(range)))
    }

    fn start(&self, _queue: &mut DeviceQueue, mut request: Request<ByteRange>) -> Submission {
        match request.operation {
            Operation::Read(range) => self.window_at(Access::Read, addresses(range)).read(0, request.data_mut()),
            Operation::Write { range, .. } => {
                self.window_at(Access::Write, addresses(range)).write(0, request.data_mut())
            }
            Operation::Deallocate(range) | Operation::WriteZeroes { range, .. } => self.clear(range),
            Operation::Flush => {}
        }
        request.complete(Ok(()))
    }
}

impl Drop for MemoryDevice {
    fn drop(&mut self) {
        if let Err(error) = self.memory.discard(0, self.memory.len()) {
            error!(%error, "memory device: the kernel takes no pages back");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Retention, Rig, check};
    use crate::{Backend, BlockRange};

    const SIZE_BYTES: usize = 4 << 20;

    fn device() -> MemoryDevice {
        MemoryDevice::new(&Specification::parse(&KIND, "4M", 0).unwrap()).unwrap()
    }

    /// Pages of the mapping that have memory.
    #[expect(unsafe_code, reason = "asks the kernel about a mapping")]
    fn page_count(memory: &Mapping) -> usize {
        let mut pages = vec![0u8; memory.len() / PAGE_BYTES];
        // SAFETY: the range is that of the mapping, and there is a byte of answer for each of its pages.
        let result = unsafe { libc::mincore(memory.base().as_ptr().cast(), memory.len(), pages.as_mut_ptr()) };
        assert_eq!(result, 0);
        pages.into_iter().filter(|page| page & 1 == 1).count()
    }

    fn write_everywhere(device: &dyn BlockDevice) {
        let window = device.window(Access::Write, BlockRange { first_block: 0, block_count: 8192 }).unwrap();
        window.write(0, &vec![1; SIZE_BYTES]);
    }

    #[test]
    fn conforms() {
        check(
            &|options| crate::open(&format!("memory:4M{options}"), 0).unwrap(),
            Retention::Keeps,
            &[Backend::Threads],
        );
    }

    #[test]
    fn takes_memory_where_it_is_written_and_gives_it_back_where_it_is_deallocated() {
        let device = Arc::new(device());
        assert_eq!(page_count(device.memory), 0);
        write_everywhere(&*device);
        assert_eq!(page_count(device.memory), SIZE_BYTES / PAGE_BYTES);
        let mut rig = Rig::new(Arc::clone(&device) as Arc<dyn BlockDevice>, Backend::Threads);
        // Blocks 1 to 32: the pages that lie wholly within are 1, 2 and 3.
        rig.run(Operation::Deallocate(BlockRange { first_block: 1, block_count: 32 }), &[]).unwrap();
        assert_eq!(page_count(device.memory), SIZE_BYTES / PAGE_BYTES - 3);
    }

    #[test]
    fn gives_all_memory_back_when_it_goes_and_windows_stay_safe() {
        let device = device();
        write_everywhere(&device);
        let (memory, window) =
            (device.memory, device.window(Access::Write, BlockRange { first_block: 0, block_count: 1 }).unwrap());
        drop(device);
        assert_eq!(page_count(memory), 0);
        let mut bytes = [0xee; 512];
        window.read(0, &mut bytes);
        assert_eq!(bytes, [0; 512]);
        window.write(0, &bytes);
    }
}
