//! The suite that every device runs, on every backend: [`check`] takes a way to open the device with options, and whether
//! it keeps what is written.
//!
//! [`Rig`] drives a device the way a reactor does, and asserts what is always true: each request completes exactly once,
//! with its buffer.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use reactor::buffer_pool::{BufferPool, DEFAULT_CLASSES, IoBuffer, LARGEST_BUFFER_BYTES};

use crate::{
    Access, Backend, BlockDevice, BlockError, BlockRange, Completion, DeviceQueue, DeviceQueueOptions, Operation,
    Request, Slot, Submission,
};

/// Whether a device keeps what is written to it, or forgets it and reads as zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retention {
    Keeps,
    Forgets,
}

/// Fewer than the requests that the tests have under way, so that the backlog is used.
const ENTRIES: u32 = 16;

/// A device with a queue of its own.
pub(crate) struct Rig {
    pub(crate) device: Arc<dyn BlockDevice>,
    pub(crate) queue: DeviceQueue,
    pub(crate) pool: BufferPool,
    pending: HashMap<Slot, Operation>,
    next_slot: u64,
}

/// What came of a request: the data of a read, else nothing.
pub(crate) type Outcome = Result<Vec<u8>, BlockError>;

impl Rig {
    pub(crate) fn new(device: Arc<dyn BlockDevice>, backend: Backend) -> Self {
        let pool = BufferPool::new().unwrap();
        let queue = DeviceQueue::new(DeviceQueueOptions { entries: ENTRIES, backend }, &pool).unwrap();
        Self { device, queue, pool, pending: HashMap::new(), next_slot: 0 }
    }

    fn block_size(&self) -> usize {
        self.device.geometry().block_size_bytes as usize
    }

    /// Submits; `outcomes` gets the outcome now or in [`finish`](Self::finish). Returns the request's slot.
    pub(crate) fn submit(&mut self, operation: Operation, data: &[u8], outcomes: &mut HashMap<Slot, Outcome>) -> Slot {
        let slot = Slot(self.next_slot.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        self.next_slot += 1;
        let buffer = match operation {
            Operation::Read(range) => Some(self.buffer(&vec![0xee; self.length(range)])),
            Operation::Write { .. } => Some(self.buffer(data)),
            _ => None,
        };
        self.pending.insert(slot, operation);
        let device = Arc::clone(&self.device);
        match device.submit(&mut self.queue, Request { slot, operation, buffer }) {
            Submission::Complete(completion) => self.completed(completion, outcomes),
            Submission::Pending => {}
        }
        slot
    }

    fn length(&self, range: BlockRange) -> usize {
        usize::try_from(range.block_count).unwrap() * self.block_size()
    }

    fn buffer(&self, data: &[u8]) -> IoBuffer {
        let mut buffer = self.pool.allocate(data.len()).expect("the tests keep within the pool");
        buffer.as_mut_slice().copy_from_slice(data);
        buffer
    }

    fn completed(&mut self, completion: Completion, outcomes: &mut HashMap<Slot, Outcome>) {
        let operation = self.pending.remove(&completion.slot).expect("a request completes once");
        let has_data = matches!(operation, Operation::Read(_) | Operation::Write { .. });
        assert_eq!(completion.buffer.is_some(), has_data, "the buffer comes back");
        let data = match (operation, &completion.buffer) {
            (Operation::Read(_), Some(buffer)) => buffer.as_slice().to_vec(),
            _ => Vec::new(),
        };
        assert!(outcomes.insert(completion.slot, completion.result.map(|()| data)).is_none(), "once");
    }

    /// Waits for all that is under way.
    pub(crate) fn finish(&mut self, outcomes: &mut HashMap<Slot, Outcome>) {
        let mut completions = Vec::new();
        loop {
            self.queue.clear_event();
            self.queue.flush().unwrap();
            self.queue.poll(&mut completions);
            for completion in completions.drain(..) {
                self.completed(completion, outcomes);
            }
            assert_eq!(self.queue.in_flight(), self.pending.len(), "the queue knows what is under way");
            if self.pending.is_empty() {
                return;
            }
            self.queue.wait().unwrap();
        }
    }

    /// Submits one request and waits for it.
    pub(crate) fn run(&mut self, operation: Operation, data: &[u8]) -> Outcome {
        let mut outcomes = HashMap::new();
        let slot = self.submit(operation, data, &mut outcomes);
        self.finish(&mut outcomes);
        outcomes.remove(&slot).unwrap()
    }

    pub(crate) fn read(&mut self, first_block: u64, block_count: u64) -> Outcome {
        self.run(Operation::Read(BlockRange { first_block, block_count }), &[])
    }

    pub(crate) fn write(&mut self, first_block: u64, data: &[u8]) -> Outcome {
        let range = BlockRange { first_block, block_count: (data.len() / self.block_size()) as u64 };
        self.run(Operation::Write { range, force_unit_access: false }, data)
    }
}

/// The backends that there are here.
pub(crate) fn backends() -> Vec<Backend> {
    let pool = BufferPool::new().unwrap();
    match DeviceQueue::new(DeviceQueueOptions { entries: 1, backend: Backend::IoUring }, &pool) {
        Ok(_) => vec![Backend::IoUring, Backend::Threads],
        Err(error) => {
            skipped(&format!("no io_uring here ({error}): tested with threads only"));
            vec![Backend::Threads]
        }
    }
}

/// Says what a test did not do, and why.
#[expect(clippy::print_stderr, reason = "whoever runs the tests is to know")]
pub(crate) fn skipped(what: &str) {
    eprintln!("skipped: {what}");
}

/// Opens the device under test with these options (`",read_only"`), 4 MiB or more, anew or again.
pub(crate) type Opener<'a> = &'a dyn Fn(&str) -> Arc<dyn BlockDevice>;

/// Runs the suite. Backends matter to devices that use their queue; others are given one.
pub(crate) fn check(open: Opener<'_>, retention: Retention, backends: &[Backend]) {
    for &backend in backends {
        for options in ["", ",block_size=4096"] {
            let rig = || Rig::new(open(options), backend);
            ranges(&mut rig());
            sizes(&mut rig(), retention);
            zeroes(&mut rig(), retention);
            durability(&mut rig(), retention);
            many_at_once(&mut rig(), retention);
            overlapping(&mut rig(), retention);
            windows(&mut rig(), retention);
            other_threads(&rig(), backend, retention);
            dropped_under_way(rig());
            for _ in 0..4 {
                let seed =
                    std::env::var("SEED").map_or_else(|_| RandomState::new().hash_one(0), |seed| seed.parse().unwrap());
                like_a_model(&mut rig(), retention, seed);
            }
        }
        read_only(&mut Rig::new(open(",read_only"), backend));
        let identity = open("").identity();
        assert_eq!(open("").identity(), identity, "the identity is the same each time");
    }
}

fn pattern(length: usize, salt: u64) -> Vec<u8> {
    let mut numbers = Numbers(salt);
    let mut bytes: Vec<u8> =
        std::iter::repeat_with(|| numbers.next().to_le_bytes()).take(length.div_ceil(8)).flatten().collect();
    bytes.truncate(length);
    bytes
}

fn kept(data: &[u8], retention: Retention) -> Vec<u8> {
    match retention {
        Retention::Keeps => data.to_vec(),
        Retention::Forgets => vec![0; data.len()],
    }
}

/// Every operation refuses a range past the end, and takes one that ends at it.
fn ranges(rig: &mut Rig) {
    let block_count = rig.device.geometry().block_count;
    let operations = |range| {
        [
            Operation::Read(range),
            Operation::Write { range, force_unit_access: false },
            Operation::Deallocate(range),
            Operation::WriteZeroes { range, deallocate: true, force_unit_access: false },
        ]
    };
    for (first_block, count) in [(block_count, 1), (block_count - 1, 2), (u64::MAX, 1), (u64::MAX - 1, 3), (1 << 60, 1)]
    {
        let range = BlockRange { first_block, block_count: count };
        for operation in operations(range) {
            let data = vec![0; rig.length(range)];
            assert_eq!(rig.run(operation, &data), Err(BlockError::OutOfRange), "{operation:?}");
        }
        for access in [Access::Read, Access::Write] {
            assert!(rig.device.window(access, range).is_none(), "{access:?} {range:?}");
        }
    }
    for (first_block, count) in [(block_count - 1, 1), (block_count - 2, 2), (0, 1)] {
        let range = BlockRange { first_block, block_count: count };
        for operation in operations(range) {
            let data = vec![0; rig.length(range)];
            assert!(rig.run(operation, &data).is_ok(), "{operation:?}");
        }
    }
    let nothing = BlockRange { first_block: block_count, block_count: 0 };
    assert_eq!(rig.run(Operation::Deallocate(nothing), &[]), Ok(Vec::new()));
}

/// From a block to the largest buffer, what was written is read back, and its neighbours stay as they were.
fn sizes(rig: &mut Rig, retention: Retention) {
    let block_size = rig.block_size();
    let largest = LARGEST_BUFFER_BYTES / block_size;
    for block_count in [1, 2, 3, 7, 8, 9, 64, 255, largest - 1, largest] {
        let first_block = 5;
        let around = pattern((block_count + 2).min(largest) * block_size, 1);
        rig.write(first_block - 1, &around).unwrap();
        let data = pattern(block_count.min(largest - 2) * block_size, block_count as u64);
        rig.write(first_block, &data).unwrap();
        let mut expected = around.clone();
        expected[block_size..block_size + data.len()].copy_from_slice(&data);
        let read = rig.read(first_block - 1, (around.len() / block_size) as u64).unwrap();
        assert!(read == kept(&expected, retention), "{block_count} blocks");
    }
}

/// Zeroes are zeros, with and without deallocation and FUA, also where they do not fall on page bounds.
fn zeroes(rig: &mut Rig, retention: Retention) {
    let block_size = rig.block_size();
    let block_count = LARGEST_BUFFER_BYTES / block_size;
    let data = pattern(block_count * block_size, 2);
    for (first, count) in [(0, 1), (3, 1), (1, 9), (5, block_count - 7), (0, block_count)] {
        for (deallocate, force_unit_access) in [(false, false), (false, true), (true, false), (true, true)] {
            rig.write(0, &data).unwrap();
            let range = BlockRange { first_block: first as u64, block_count: count as u64 };
            rig.run(Operation::WriteZeroes { range, deallocate, force_unit_access }, &[]).unwrap();
            let mut expected = data.clone();
            expected[first * block_size..(first + count) * block_size].fill(0);
            assert!(rig.read(0, block_count as u64).unwrap() == kept(&expected, retention), "{range:?} {deallocate}");
        }
        rig.write(0, &data).unwrap();
        let range = BlockRange { first_block: first as u64, block_count: count as u64 };
        rig.run(Operation::Deallocate(range), &[]).unwrap();
        let read = rig.read(0, block_count as u64).unwrap();
        let deallocated = first * block_size..(first + count) * block_size;
        assert!(
            read[deallocated.clone()].iter().all(|&byte| byte == 0) || read == kept(&data, retention),
            "deallocated: zeros or as before"
        );
        let mut read_elsewhere = read;
        read_elsewhere[deallocated.clone()].copy_from_slice(&kept(&data, retention)[deallocated]);
        assert!(read_elsewhere == kept(&data, retention), "deallocation keeps to its range");
    }
}

/// Flush and FUA succeed on a sound device, alone and many at once among writes.
fn durability(rig: &mut Rig, retention: Retention) {
    let data = pattern(rig.block_size(), 3);
    let range = BlockRange { first_block: 9, block_count: 1 };
    rig.run(Operation::Write { range, force_unit_access: true }, &data).unwrap();
    rig.run(Operation::Flush, &[]).unwrap();
    assert!(rig.read(9, 1).unwrap() == kept(&data, retention));
    let mut outcomes = HashMap::new();
    for first_block in 0..20 {
        let range = BlockRange { first_block, block_count: 1 };
        rig.submit(Operation::Write { range, force_unit_access: first_block % 2 == 0 }, &data, &mut outcomes);
        rig.submit(Operation::Flush, &[], &mut outcomes);
    }
    rig.finish(&mut outcomes);
    assert_eq!(outcomes.len(), 40);
    assert!(outcomes.values().all(Result::is_ok));
}

/// Many more requests than the queue has entries complete once each, with their own data.
fn many_at_once(rig: &mut Rig, retention: Retention) {
    let block_size = rig.block_size();
    let mut outcomes = HashMap::new();
    for block in 0..300 {
        let range = BlockRange { first_block: block, block_count: 1 };
        rig.submit(Operation::Write { range, force_unit_access: false }, &pattern(block_size, block), &mut outcomes);
    }
    rig.finish(&mut outcomes);
    assert!(outcomes.len() == 300 && outcomes.values().all(Result::is_ok));
    outcomes.clear();
    let mut blocks = HashMap::new();
    for block in 0..300 {
        let range = BlockRange { first_block: block, block_count: 1 };
        blocks.insert(rig.submit(Operation::Read(range), &[], &mut outcomes), block);
    }
    rig.finish(&mut outcomes);
    assert_eq!(outcomes.len(), 300);
    for (slot, outcome) in outcomes {
        let expected = kept(&pattern(block_size, blocks[&slot]), retention);
        assert!(outcome.unwrap() == expected, "block {}", blocks[&slot]);
    }
}

/// Writes to the same blocks at once leave each byte as one of them wrote it, and nothing else is touched.
fn overlapping(rig: &mut Rig, retention: Retention) {
    let block_size = rig.block_size();
    rig.write(0, &vec![0xff; 40 * block_size]).unwrap();
    let mut outcomes = HashMap::new();
    for index in 0..8 {
        let range = BlockRange { first_block: 4 + u64::from(index) * 2, block_count: 16 };
        let data = vec![index; 16 * block_size];
        rig.submit(Operation::Write { range, force_unit_access: false }, &data, &mut outcomes);
    }
    rig.finish(&mut outcomes);
    assert!(outcomes.values().all(Result::is_ok));
    if retention == Retention::Forgets {
        return;
    }
    for (position, byte) in rig.read(0, 40).unwrap().into_iter().enumerate() {
        let block = position / block_size;
        let writers: Vec<u8> = (0..8)
            .filter(|&index| (4 + index * 2..20 + index * 2).contains(&block))
            .map(|index| u8::try_from(index).unwrap())
            .collect();
        let is_sound = if writers.is_empty() { byte == 0xff } else { writers.contains(&byte) };
        assert!(is_sound, "block {block} has {byte:#x}");
    }
}

/// Lent memory is the device's: what goes in through a window is read by a request, and the other way round.
fn windows(rig: &mut Rig, retention: Retention) {
    let data = pattern(3 * rig.block_size(), 4);
    let range = BlockRange { first_block: 11, block_count: 3 };
    if let Some(window) = rig.device.window(Access::Write, range) {
        assert_eq!(window.len(), data.len());
        window.write(0, &data);
        assert!(rig.read(11, 3).unwrap() == kept(&data, retention));
    }
    rig.write(11, &data).unwrap();
    if let Some(window) = rig.device.window(Access::Read, range) {
        let mut read = vec![0xee; window.len()];
        window.read(0, &mut read);
        assert!(read == kept(&data, retention));
    }
}

/// A read through another thread's queue sees a write that was completed through this one, and flushes may meet.
fn other_threads(rig: &Rig, backend: Backend, retention: Retention) {
    let block_size = rig.block_size();
    std::thread::scope(|scope| {
        for thread in 0..3u64 {
            let device = Arc::clone(&rig.device);
            scope.spawn(move || {
                let mut rig = Rig::new(device, backend);
                for round in 0..20 {
                    rig.write(100 + thread, &pattern(block_size, round)).unwrap();
                    rig.run(Operation::Flush, &[]).unwrap();
                }
            });
        }
    });
    let mut other = Rig::new(Arc::clone(&rig.device), backend);
    let expected = kept(&pattern(block_size, 19), retention);
    assert!(other.read(100, 3).unwrap() == expected.repeat(3));
}

/// A queue may be dropped with requests under way, and all buffers come back.
fn dropped_under_way(mut rig: Rig) {
    let data = pattern(rig.block_size(), 5);
    let mut outcomes = HashMap::new();
    for block in 0..40 {
        let range = BlockRange { first_block: block, block_count: 1 };
        rig.submit(Operation::Write { range, force_unit_access: true }, &data, &mut outcomes);
        rig.submit(Operation::Flush, &[], &mut outcomes);
    }
    let Rig { queue, pool, .. } = rig;
    drop(queue);
    let buffers: Vec<_> = std::iter::from_fn(|| pool.allocate(1)).collect();
    let all: u32 = DEFAULT_CLASSES.iter().map(|class| class.count).sum();
    assert_eq!(buffers.len(), all as usize);
}

/// A device that is read only takes no change, and reads and flushes all the same.
fn read_only(rig: &mut Rig) {
    let range = BlockRange { first_block: 0, block_count: 1 };
    assert!(rig.device.read_only());
    let data = vec![1; rig.block_size()];
    for operation in [
        Operation::Write { range, force_unit_access: false },
        Operation::Deallocate(range),
        Operation::WriteZeroes { range, deallocate: false, force_unit_access: false },
    ] {
        assert_eq!(rig.run(operation, &data), Err(BlockError::ReadOnly), "{operation:?}");
    }
    assert!(rig.device.window(Access::Write, range).is_none());
    rig.read(0, 1).unwrap();
    rig.run(Operation::Flush, &[]).unwrap();
    let past_the_end = BlockRange { first_block: rig.device.geometry().block_count, block_count: 1 };
    let write = Operation::Write { range: past_the_end, force_unit_access: false };
    assert_eq!(rig.run(write, &data), Err(BlockError::OutOfRange));
}

/// Random requests, several at once where they do not touch each other, do what they do to an array of bytes.
fn like_a_model(rig: &mut Rig, retention: Retention, seed: u64) {
    const BLOCKS: u64 = 256;
    let block_size = rig.block_size();
    let mut numbers = Numbers(seed);
    let zeros = Operation::WriteZeroes {
        range: BlockRange { first_block: 0, block_count: BLOCKS },
        deallocate: false,
        force_unit_access: false,
    };
    rig.run(zeros, &[]).unwrap();
    let mut model = vec![0; usize::try_from(BLOCKS).unwrap() * block_size];
    for round in 0..40 {
        let mut outcomes = HashMap::new();
        let mut reads = HashMap::new();
        let mut first_block = numbers.below(16);
        while first_block < BLOCKS {
            let block_count = 1 + numbers.below(20.min(BLOCKS - first_block));
            let range = BlockRange { first_block, block_count };
            let bytes = usize::try_from(first_block).unwrap() * block_size
                ..usize::try_from(first_block + block_count).unwrap() * block_size;
            first_block += block_count + numbers.below(20);
            let (flag, other_flag) = (numbers.below(2) == 0, numbers.below(8) == 0);
            match numbers.below(8) {
                0..3 => {
                    let data = pattern(bytes.len(), numbers.next());
                    model[bytes].copy_from_slice(&kept(&data, retention));
                    rig.submit(Operation::Write { range, force_unit_access: other_flag }, &data, &mut outcomes);
                }
                3..6 => {
                    reads.insert(rig.submit(Operation::Read(range), &[], &mut outcomes), bytes);
                }
                6 => {
                    model[bytes].fill(0);
                    let zeros = Operation::WriteZeroes { range, deallocate: flag, force_unit_access: other_flag };
                    rig.submit(zeros, &[], &mut outcomes);
                }
                _ => {
                    rig.submit(Operation::Flush, &[], &mut outcomes);
                }
            }
        }
        rig.finish(&mut outcomes);
        for (slot, outcome) in outcomes {
            let data = outcome.unwrap_or_else(|error| panic!("SEED={seed} round {round}: {error}"));
            if let Some(bytes) = reads.remove(&slot) {
                assert!(data == model[bytes.clone()], "SEED={seed} round {round}: wrong data in bytes {bytes:?}");
            }
        }
    }
}

/// Reproducible numbers (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
