//! A file that may not grow further (`RLIMIT_FSIZE`). The limit is the process's, so this test has a process of its own.
#![expect(unsafe_code, reason = "limits and signals")]

use std::fs::File;

use block::{Backend, BlockError, BlockRange, DeviceQueue, DeviceQueueOptions, Operation, Request, Slot, Submission};
use reactor::buffer_pool::BufferPool;

const LIMIT_BYTES: u64 = 64 * 1024;

fn limit_file_size() {
    // Whoever serves files has to do this too: the signal's default is to end the process.
    // SAFETY: ignoring a signal installs no handler.
    let previous = unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    assert_ne!(previous, libc::SIG_ERR);
    let limit = libc::rlimit { rlim_cur: LIMIT_BYTES, rlim_max: LIMIT_BYTES };
    // SAFETY: the structure is initialised and outlives the call.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) }, 0);
}

fn run(
    queue: &mut DeviceQueue,
    pool: &BufferPool,
    device: &dyn block::BlockDevice,
    operation: Operation,
) -> Result<(), BlockError> {
    let buffer = pool.allocate(4096);
    let mut completions = Vec::new();
    if let Submission::Complete(completion) = device.submit(queue, Request { slot: Slot(1), operation, buffer }) {
        return completion.result;
    }
    loop {
        queue.clear_event();
        queue.flush().expect("the system takes requests");
        queue.poll(&mut completions);
        if let Some(completion) = completions.pop() {
            return completion.result;
        }
        queue.wait().expect("the event can be waited for");
    }
}

#[test]
fn a_write_beyond_the_limit_is_no_space_and_others_go_on() {
    let path = std::env::temp_dir().join(format!("block-test-limit-{}", std::process::id()));
    File::create_new(&path).unwrap().set_len(1 << 20).unwrap();
    limit_file_size();
    for backend in [Backend::Auto, Backend::Threads] {
        let device = block::open(&path.display().to_string(), 0).unwrap();
        let pool = BufferPool::new().unwrap();
        let mut queue = DeviceQueue::new(DeviceQueueOptions { entries: 8, backend }, &pool).unwrap();
        let mut write = |byte: u64| {
            let range = BlockRange { first_block: byte / 512, block_count: 8 };
            run(&mut queue, &pool, &*device, Operation::Write { range, force_unit_access: false })
        };
        assert_eq!(write(LIMIT_BYTES - 4096), Ok(()));
        assert!(matches!(write(LIMIT_BYTES), Err(BlockError::NoSpace(_))), "{backend:?}");
        assert!(matches!(write(LIMIT_BYTES - 2048), Err(BlockError::NoSpace(_))), "a part of it fits");
        assert_eq!(write(0), Ok(()));
    }
    std::fs::remove_file(path).unwrap();
}
