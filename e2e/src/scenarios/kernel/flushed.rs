//! The target is killed again and again while four writers flush each of their blocks: the host resumes every time, and no
//! block whose flush was acknowledged is missing, neither to the host nor in the file.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::{Failure, Verdict};
use e2e::kernel::{Guest, NEEDS, SCRIPT_LIMIT, Script};
use e2e::process::Stream;
use e2e::scenario::Scenario;

use super::FILE_BYTES;

pub(super) const SCENARIO: Scenario = Scenario { name: "kernel/flushed_survives_kill", needs: NEEDS, run };

/// As `flushed.sh` has it.
const UNIT_BYTES: u64 = 16_384;
const BLOCKS: u64 = 60;

/// The target is killed when a writer has flushed so many blocks.
const KILL_AFTER: &[u64] = &[8, 24, 40];

fn run(context: &Context) -> Verdict {
    let path = context.scratch().sparse_file("disk.img", FILE_BYTES)?;
    let device = path.display().to_string();
    let mut target = context.target(&[&device])?;
    let address = target.address.to_string();
    let guest = Script::new("flushed", 2)
        .variable("OUTAGES", &KILL_AFTER.len().to_string())
        .variable("BLOCKS", &BLOCKS.to_string())
        .start(context, target.address.port())?;
    for &count in KILL_AFTER {
        let reached = |line: &str| flushed(line).filter(|&(_, number)| number >= count).map(|_| ());
        guest.process.wait_for("a flushed block", SCRIPT_LIMIT, reached)?;
        target.process.kill();
        // Nothing of the target is left but the file.
        compare(&guest, &path)?;
        target = context.target_at(&address, &[&device])?;
    }
    guest.passes()
}

/// `FLUSHED writer number`.
fn flushed(line: &str) -> Option<(u64, u64)> {
    let (writer, number) = line.strip_prefix("FLUSHED ")?.split_once(' ')?;
    Some((writer.parse().ok()?, number.parse().ok()?))
}

/// Every block that was said to be flushed is in the file.
fn compare(guest: &Guest, path: &Path) -> Result<(), Failure> {
    let file = File::open(path)?;
    for (writer, number) in guest.process.transcript().text(Stream::Output).lines().filter_map(flushed) {
        let mut found = [0; 64];
        file.read_exact_at(&mut found, (writer * BLOCKS + number) * UNIT_BYTES)?;
        let expected = format!("writer {writer} block {number}\nwriter");
        ensure!(
            found.starts_with(expected.as_bytes()),
            "block {number} of writer {writer} was flushed and is not in the file"
        );
    }
    Ok(())
}
