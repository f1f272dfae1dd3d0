//! Measures 4 KiB random reads and writes on a file, through a queue as a reactor has it: for each backend and depth, I/O
//! operations a second of one thread.
//!
//! ```text
//! cargo run --release -p block --example file_io -- PATH[,OPTION…] [SECONDS]
//! ```
//! The file is read once first, so that without `direct` the page cache is measured. It is written to with
//! meaningless data.
#![expect(clippy::print_stdout, reason = "prints what it measured")]

use std::error::Error;

use block::{
    Access, Backend, BlockDevice, BlockRange, Completion, DeviceQueue, DeviceQueueOptions, Operation, Request, Slot,
    Submission,
};
use reactor::buffer_pool::{BufferPool, IoBuffer};
use reactor::clock::{self, Duration};

const IO_BYTES: u32 = 4096;
const DEPTHS: [u64; 3] = [1, 32, 128];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let specification = arguments.next().ok_or("usage: file_io PATH[,OPTION…] [SECONDS]")?;
    let duration = Duration::from_secs(arguments.next().map_or(Ok(2), |seconds| seconds.parse())?);
    let device = block::open(&specification, 0)?;
    println!("{}, {IO_BYTES} bytes a request", device.description());
    for backend in [Backend::IoUring, Backend::Threads] {
        let pool = BufferPool::new()?;
        let mut queue = DeviceQueue::new(DeviceQueueOptions { entries: 1024, backend }, &pool)?;
        for access in [Access::Read, Access::Write] {
            for depth in DEPTHS {
                let mut run = Run { device: &*device, queue: &mut queue, access, state: 1 };
                let per_second = run.measure(&pool, depth, duration)?;
                println!("{backend:?} {access:?} depth {depth:3}: {per_second:9.0} a second");
            }
        }
    }
    Ok(())
}

struct Run<'a> {
    device: &'a dyn BlockDevice,
    queue: &'a mut DeviceQueue,
    access: Access,
    state: u64,
}

impl Run<'_> {
    fn measure(&mut self, pool: &BufferPool, depth: u64, duration: Duration) -> Result<f64, Box<dyn Error>> {
        let mut ready: Vec<Completion> = Vec::new();
        for slot in 0..depth {
            let buffer = pool.allocate(IO_BYTES as usize).ok_or("the pool has no buffer left")?;
            ready.push(Completion { slot: Slot(slot), result: Ok(()), buffer: Some(buffer) });
        }
        let (start, mut done, mut completions) = (clock::now(), 0u32, Vec::new());
        while clock::now() - start < duration || self.queue.in_flight() > 0 {
            let is_over = clock::now() - start >= duration;
            for completion in ready.drain(..) {
                completion.result?;
                done += 1;
                if let (false, Some(buffer)) = (is_over, completion.buffer) {
                    completions.extend(self.submit(completion.slot, buffer));
                }
            }
            self.queue.flush()?;
            self.queue.poll(&mut completions);
            if completions.is_empty() && self.queue.in_flight() > 0 {
                self.queue.wait()?;
            }
            self.queue.clear_event();
            self.queue.poll(&mut completions);
            std::mem::swap(&mut ready, &mut completions);
        }
        Ok(f64::from(done) / (clock::now() - start).as_secs_f64())
    }

    fn submit(&mut self, slot: Slot, buffer: IoBuffer) -> Option<Completion> {
        let geometry = self.device.geometry();
        let block_count = u64::from(IO_BYTES / geometry.block_size_bytes);
        // Knuth's linear congruential generator: good enough to leap about.
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let first_block = (self.state >> 20) % (geometry.block_count / block_count) * block_count;
        let range = BlockRange { first_block, block_count };
        let operation = match self.access {
            Access::Read => Operation::Read(range),
            Access::Write => Operation::Write { range, force_unit_access: false },
        };
        match self.device.submit(self.queue, Request { slot, operation, buffer: Some(buffer) }) {
            Submission::Complete(completion) => Some(completion),
            Submission::Pending => None,
        }
    }
}
