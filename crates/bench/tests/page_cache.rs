//! What the page cache holds of a job's file: neither what was just laid out nor, in a `time_based` job, the round before it makes
//! reads faster than they are.
#![expect(unsafe_code, reason = "asks the kernel which pages are in memory")]

use std::fs;
use std::os::fd::AsRawFd;
use std::path::Path;

use bench::run::{Observer, RunView};

mod own_run;

use own_run::run_line;

const PAGE: usize = 4096;
const PAGES: usize = 256;

/// Ends the run once so many pages have been read.
struct EndsAfter(usize);

impl Observer for EndsAfter {
    fn tick(&mut self, _now_ms: u64, run: &mut dyn RunView) {
        if run.bytes().iter().sum::<u64>() > (self.0 * PAGE) as u64 {
            run.end();
        }
    }
}

/// Looks once what the kernel knows of the mapping of the file with this name, and ends the run.
struct LooksAtMapping<'n> {
    name: &'n str,
    flags: Option<String>,
}

impl Observer for LooksAtMapping<'_> {
    fn tick(&mut self, _now_ms: u64, run: &mut dyn RunView) {
        if run.bytes().iter().sum::<u64>() == 0 || self.flags.is_some() {
            return;
        }
        let maps = fs::read_to_string("/proc/self/smaps").expect("the mappings");
        let mut lines = maps.lines().skip_while(|line| !line.ends_with(self.name));
        self.flags = lines.find_map(|line| line.strip_prefix("VmFlags:")).map(str::to_owned);
        run.end();
    }
}

/// Pages of the file that are in memory.
fn pages_in_memory(path: &Path) -> usize {
    let file = fs::File::open(path).expect("the file");
    let length = PAGES * PAGE;
    let mut pages = [0_u8; PAGES];
    // SAFETY: a new mapping, at a place that the kernel chooses, which nothing but `mincore` and `munmap` get.
    let mapped =
        unsafe { libc::mmap(std::ptr::null_mut(), length, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0) };
    assert_ne!(mapped, libc::MAP_FAILED);
    // SAFETY: the mapping is so long, and there is a byte for each of its pages.
    assert_eq!(unsafe { libc::mincore(mapped, length, pages.as_mut_ptr()) }, 0);
    // SAFETY: nobody refers to the mapping.
    assert_eq!(unsafe { libc::munmap(mapped, length) }, 0);
    pages.iter().filter(|&&page| page & 1 == 1).count()
}

/// Pages in memory soon after so many have been read, of a file that was not there before.
fn pages_after(read: usize, options: &str) -> usize {
    // Below the build, not in the folder for temporary files, which may be one that lives in memory.
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("page-cache-{}-{read}", std::process::id()));
    run_job(&path, options, &mut EndsAfter(read));
    let pages = pages_in_memory(&path);
    fs::remove_file(&path).expect("the file");
    pages
}

/// Runs a job on that file until the observer ends it.
fn run_job(path: &Path, options: &str, observer: &mut impl Observer) {
    let line = format!(
        "--name=a --filename={} --bs=4k --size=1m --time_based --runtime=60 --rate_iops=500 {options}",
        path.display()
    );
    run_line(&line, observer);
}

#[test]
fn what_was_just_laid_out_is_read_from_the_device() {
    for options in ["", "--invalidate=0"] {
        let pages = pages_after(1, &format!("--rw=randread {options}"));
        assert!(pages < PAGES, "{options}: all of it is in memory");
    }
    assert_eq!(pages_after(1, "--rw=randread --pre_read=1"), PAGES, "that is asked for");
}

#[test]
fn a_file_that_is_started_over_is_read_from_the_device_again() {
    for order in ["--rw=randread", "--rw=read --fadvise_hint=random", "--rw=randread --iodepth=4 --ioengine=io_uring"] {
        assert_eq!(pages_after(PAGES, &format!("{order} --invalidate=0")), PAGES, "{order}");
        let pages = pages_after(PAGES, order);
        assert!(pages < PAGES, "{order}: all of it is in memory");
    }
}

#[test]
fn the_kernel_is_told_of_the_order_that_was_asked_for() {
    // `rr` and `sr` are the kernel's names of MADV_RANDOM and MADV_SEQUENTIAL.
    for (options, order) in [
        ("--rw=randread", Some("rr")),
        ("--rw=read", Some("sr")),
        ("--rw=read --fadvise_hint=random", Some("rr")),
        ("--rw=randread --fadvise_hint=sequential", Some("sr")),
        ("--rw=read --fadvise_hint=0", None),
    ] {
        let name = format!("mapped-{}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&name);
        let mut looks = LooksAtMapping { name: &name, flags: None };
        run_job(&path, &format!("--ioengine=mmap {options}"), &mut looks);
        fs::remove_file(&path).expect("the file");
        let flags = looks.flags.expect("the file is mapped");
        let told = flags.split_whitespace().find(|flag| ["rr", "sr"].contains(flag));
        assert_eq!(told, order, "{options}: {flags}");
    }
}
