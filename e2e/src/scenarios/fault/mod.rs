//! Trouble under a file namespace: the host gets the status that says what is wrong, the log says it once with the path, and
//! the service stays up and works again when the trouble is over.

mod full_disk;
mod io_error;
mod truncated_file;

use std::path::Path;

use e2e::context::Target;
use e2e::ensure_eq;
use e2e::failure::Verdict;
use e2e::process::Stream;
use e2e::scenario::Scenario;

/// Every scenario of the group.
pub(crate) const TABLE: &[Scenario] = &[full_disk::SCENARIO, truncated_file::SCENARIO, io_error::SCENARIO];

/// Demands so many errors in the log that name this file.
fn logged(target: &Target, path: &Path, times: usize) -> Verdict {
    let log = target.process.transcript().text(Stream::Error);
    let path = path.display().to_string();
    let lines = log.lines().filter(|line| line.contains("ERROR") && line.contains(&path)).count();
    ensure_eq!(lines, times, "errors in the log that name {path}");
    Ok(())
}
