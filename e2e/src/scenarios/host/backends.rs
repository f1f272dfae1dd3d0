//! `--file-backend` and the key `file_backend`: files are read and written by an io_uring or by threads, as was asked for, and the
//! bytes are the same.

use e2e::context::{Context, Target, ready};
use e2e::failure::{Failure, Verdict};
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;

use super::{nvme_json, nvme_well, pattern};

pub(super) const SCENARIO: Scenario = Scenario { name: "host/backends", needs: &[], run };

const BYTES: usize = 1 << 20;

fn run(context: &Context) -> Verdict {
    let disk = context.scratch().sparse_file("disk.img", 2 << 20)?;
    std::fs::write(context.scratch().path().join("in"), pattern(BYTES))?;
    let start = |backend| context.target(&["--file-backend", backend, &disk.display().to_string()]);
    let threads = start("threads")?;
    ensure!(!has_ring(&threads)?, "there is an io_uring where threads were asked for");
    copies(context, &threads, "0")?;
    ends(threads)?;
    let automatic = start("auto")?;
    // Where the kernel denies io_uring, the other two cannot be told apart.
    let kernel_allows = has_ring(&automatic)?;
    copies(context, &automatic, "7")?;
    ends(automatic)?;
    if kernel_allows {
        let ring = start("io-uring")?;
        ensure!(has_ring(&ring)?, "there is no io_uring where one was asked for");
        copies(context, &ring, "100")?;
        ends(ring)?;
    }
    let configuration =
        "[target]\ndevices = [\"disk.img\"]\nlisten = [\"127.0.0.1:0\"]\ndiscovery = []\nfile_backend = \"threads\"\n";
    std::fs::write(context.scratch().path().join("tidegate.toml"), configuration)?;
    let service = ["up", "-c", "tidegate.toml", "--service", "target"];
    let configured = ready(context.start("tidegate up --service target", context.tidegate(&service))?)?;
    ensure!(!has_ring(&configured)?, "there is an io_uring where the configuration asks for threads");
    ends(configured)
}

/// Whether a target has an io_uring.
fn has_ring(target: &Target) -> Result<bool, Failure> {
    let folder = format!("/proc/{}/fd", target.process.pid()?.as_raw_nonzero());
    let mut files = std::fs::read_dir(folder)?.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    Ok(files.any(|file| file.to_string_lossy().contains("[io_uring]")))
}

fn copies(context: &Context, target: &Target, first_block: &str) -> Verdict {
    let place = ["--first-block", first_block];
    let written = nvme_json(context, "write", target, &[&place[..], &["--input", "in"]].concat())?;
    ensure_eq!(written["bytes"], BYTES, "bytes written");
    let blocks = (BYTES / 512).to_string();
    nvme_well(context, "read", target, &[&place[..], &["--blocks", &blocks, "--output", "out"]].concat())?;
    ensure!(std::fs::read(context.scratch().path().join("out"))? == pattern(BYTES), "other bytes came back");
    Ok(())
}

/// Ends it, so that the file is free for the next one.
fn ends(mut target: Target) -> Verdict {
    target.process.signal(Signal::TERM)?;
    target.process.wait(e2e::process::PROMPTLY)?;
    Ok(())
}
