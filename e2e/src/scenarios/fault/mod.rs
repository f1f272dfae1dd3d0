//! Trouble under a file namespace: the host gets the status that says what is wrong, the log says it once with the path, and
//! the service stays up and works again when the trouble is over.

mod full_disk;
mod io_error;
mod truncated_file;

use std::path::Path;

use e2e::context::Target;
use e2e::ensure_eq;
use e2e::failure::Verdict;
use e2e::process::{PROMPTLY, Stream};
use e2e::scenario::Scenario;

/// Every scenario of the group.
pub(crate) const TABLE: &[Scenario] = &[full_disk::SCENARIO, truncated_file::SCENARIO, io_error::SCENARIO];

/// Demands exactly one error in the log that names this file, and waits for it: the log comes another way than the answer.
fn logged_once(target: &Target, path: &Path) -> Verdict {
    let path = path.display().to_string();
    let names_it = |line: &str| line.contains("|ERR|") && line.contains(&path);
    target.process.wait_for("an error that names the file", PROMPTLY, |line| names_it(line).then_some(()))?;
    let log = target.process.transcript().text(Stream::Error);
    ensure_eq!(log.lines().filter(|line| names_it(line)).count(), 1, "errors in the log that name {path}");
    Ok(())
}
