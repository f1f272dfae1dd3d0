//! A device that reads as zeros and forgets what is written, to measure everything but a device.

use std::sync::Arc;

use reactor::mapping::Mapping;

use crate::open::{DeviceKind, OpenProblem};
use crate::specification::{OPTION_BLOCK_SIZE, OPTION_READ_ONLY, Specification, describe_size};
use crate::zeros::zeros;
use crate::{Access, BlockDevice, ByteRange, DeviceQueue, Geometry, Identity, Operation, Request, Submission, Window};

/// How it is opened.
pub(crate) const KIND: DeviceKind = DeviceKind {
    name: "null",
    argument: "SIZE",
    summary: "reads as zeros and forgets what is written",
    options: &[OPTION_BLOCK_SIZE, OPTION_READ_ONLY],
    open,
};

/// The device.
#[derive(Debug)]
pub struct NullDevice {
    geometry: Geometry,
    identity: Identity,
    read_only: bool,
    zeros: &'static Mapping,
}

fn open(specification: &Specification) -> Result<Arc<dyn BlockDevice>, OpenProblem> {
    Ok(Arc::new(NullDevice {
        geometry: specification.geometry_of_argument()?,
        identity: Identity::new(KIND.name, &specification.ordinal().to_le_bytes()),
        read_only: specification.read_only,
        zeros: zeros().map_err(OpenProblem::Memory)?,
    }))
}

impl BlockDevice for NullDevice {
    fn description(&self) -> String {
        format!("null, {}", describe_size(self.geometry.size_bytes()))
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

    /// For reading only: written data would need a place that no other core writes to, and buffers are just that.
    fn lend(&self, access: Access, range: ByteRange) -> Option<Window> {
        let length_bytes = usize::try_from(range.len()).ok().filter(|&length| length <= self.zeros.len())?;
        (access == Access::Read).then(|| Window::new(self.zeros, 0, length_bytes, access))
    }

    fn start(&self, _queue: &mut DeviceQueue, mut request: Request<ByteRange>) -> Submission {
        if let Operation::Read(_) = request.operation {
            request.data_mut().fill(0);
        }
        request.complete(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use crate::conformance::{Retention, check};
    use crate::{Access, Backend, BlockRange, open};

    #[test]
    fn conforms() {
        check(&|options| open(&format!("null:4M{options}"), 0).unwrap(), Retention::Forgets, &[Backend::Threads]);
    }

    #[test]
    fn lends_zeros_up_to_what_it_has_of_them_and_nothing_to_write_to() {
        let device = open("null:4M", 0).unwrap();
        let window = |access, block_count| device.window(access, BlockRange { first_block: 5, block_count });
        assert_eq!(window(Access::Read, 2048).unwrap().len(), 1 << 20);
        assert!(window(Access::Read, 2049).is_none());
        assert!(window(Access::Write, 1).is_none());
    }
}
