//! Files carry the bytes that fio gives them: those that jobs write, and those that are laid out for jobs that read. What tools make of
//! the same data (compression, deduplication) can be compared only so.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bench::run::{Observer, RunView};

mod own_run;

use own_run::run_line;

const FIO: &str = "/usr/bin/fio";

/// What a job writes or finds. Not among them is what has the time in it: buffers that are scrambled, and headers of a verify.
const JOBS: [&str; 24] = [
    "--rw=write --refill_buffers",
    "--rw=write --scramble_buffers=0",
    "--rw=write --zero_buffers",
    "--rw=write --buffer_pattern=0xdeadbeef",
    "--rw=write --buffer_compress_percentage=50",
    "--rw=write --buffer_compress_percentage=50 --buffer_compress_chunk=0",
    "--rw=write --buffer_compress_percentage=80 --refill_buffers --bs=64k",
    "--rw=write --buffer_compress_percentage=50 --buffer_pattern=0x55",
    "--rw=write --bssplit=4k/50:16k/50 --buffer_compress_percentage=50",
    "--rw=write --dedupe_percentage=50",
    "--rw=write --dedupe_percentage=50 --dedupe_mode=working_set --dedupe_working_set_percentage=10",
    "--rw=write --dedupe_percentage=30 --buffer_compress_percentage=60",
    "--rw=randwrite --dedupe_percentage=50",
    "--rw=write --verify=pattern --verify_pattern=0xff%o\"abcd\"-12",
    "--rw=read",
    "--rw=read --bs=12k",
    "--rw=randread --bsrange=4k-16k --buffer_compress_percentage=50 --buffer_compress_chunk=0",
    "--rw=read --bs=4k,16k",
    "--rw=read --zero_buffers",
    "--rw=read --buffer_pattern=0xab",
    "--rw=read --buffer_compress_percentage=70 --buffer_compress_chunk=0",
    "--rw=read --dedupe_percentage=50",
    "--rw=randrw --refill_buffers",
    "--rw=randrw --dedupe_percentage=40 --buffer_compress_percentage=20",
];

struct Unwatched;

impl Observer for Unwatched {
    fn tick(&mut self, _now_ms: u64, _run: &mut dyn RunView) {}
}

/// A job on a file, which is all that it leaves.
fn line(job: &str, path: &Path) -> String {
    format!("--name=a --bs=4k --size=1m --thread --verify_state_save=0 {job} --filename={}", path.display())
}

fn file_of_fio(job: &str, folder: &Path) -> Vec<u8> {
    let path = folder.join("fio");
    let output = Command::new(FIO).args(line(job, &path).split_whitespace()).current_dir(folder).output().expect("fio");
    assert!(output.status.success(), "{job}: {}", String::from_utf8_lossy(&output.stderr));
    taken(&path)
}

fn own_file(job: &str, folder: &Path) -> Vec<u8> {
    let path = folder.join("own");
    run_line(&line(job, &path), &mut Unwatched);
    taken(&path)
}

/// What is in a file, which is removed.
fn taken(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).expect("a file");
    fs::remove_file(path).expect("a file");
    bytes
}

/// Where two files begin to differ.
fn difference(own: &[u8], fio: &[u8]) -> Option<String> {
    if own.len() != fio.len() {
        return Some(format!("{} bytes, {} of fio", own.len(), fio.len()));
    }
    let at = own.iter().zip(fio).position(|(own, fio)| own != fio)?;
    Some(format!("differs from byte {at} on, in block {}", at / 4096))
}

#[test]
fn files_carry_the_bytes_of_fio() {
    assert!(Path::new(FIO).exists(), "there is no {FIO} to compare with");
    let folder: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("content-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let compare = |job: &&str| {
        let (own, fio) = (own_file(job, &folder), file_of_fio(job, &folder));
        difference(&own, &fio).map(|difference| format!("{job}: {difference}"))
    };
    let differences: Vec<_> = JOBS.iter().filter_map(compare).collect();
    fs::remove_dir_all(&folder).expect("a folder");
    assert!(differences.is_empty(), "{differences:#?}");
}
