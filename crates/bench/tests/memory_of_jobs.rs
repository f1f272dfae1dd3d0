//! What a job costs in memory beside its stack, counted by the allocator: that many jobs fit into a small machine is kept by this.
#![expect(unsafe_code, reason = "an allocator that counts on the way to the system's")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};

use bench::run::{Observer, RunView};

mod own_run;

use own_run::run_line;

/// Bytes that are allocated at the moment.
static LIVE: AtomicIsize = AtomicIsize::new(0);

struct Counting;

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller vouches for the layout.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller vouches that it comes from `alloc`, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Looks at the memory once all jobs do I/O, and ends them.
struct Scale {
    live: Option<isize>,
}

impl Observer for Scale {
    fn tick(&mut self, _now_ms: u64, run: &mut dyn RunView) {
        // The jobs begin together, when the last one has made all that it needs.
        if self.live.is_none() && run.bytes().iter().any(|bytes| *bytes > 0) {
            self.live = Some(LIVE.load(Ordering::Relaxed));
            run.end();
        }
    }
}

/// What is allocated while so many jobs run, in bytes.
fn live_with(jobs: u32) -> isize {
    let line = format!(
        "--name=a --ioengine=null --rw=read --bs=4k --size=1g --rate_iops=1000 --time_based --runtime=60 --numjobs={jobs}"
    );
    let mut scale = Scale { live: None };
    run_line(&line, &mut scale);
    scale.live.expect("the jobs did I/O")
}

#[test]
fn a_job_that_reads_takes_some_kilobytes() {
    let (one, many) = (live_with(1), live_with(33));
    let each = (many - one) / 32;
    // The loop and its statistics are about half of it. A copy of the options, a histogram on the heap or a job's setup that outlives
    // its start would not fit.
    assert!((1024..=12 << 10).contains(&each), "{each} bytes a job: {one} with one, {many} with 33");
}
