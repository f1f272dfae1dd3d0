//! fio and the program under test beside each other: the same jobs in a folder each, and what came of them.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::context::Finished;
use e2e::failure::Failure;
use e2e::process::{Process, Stream};
use reactor::clock::Duration;
use serde_json::Value;

use super::bins;
use super::case::{Case, Checks, Part};
use super::difference::differences;
use super::text;

/// How long one case may take.
const LIMIT: Duration = Duration::from_secs(60);
/// Where the report goes, in the program's folder.
const REPORT: &str = "report.out";

/// The two programs with a folder each.
pub(super) struct Pair {
    binary: PathBuf,
    fio: PathBuf,
    ours: PathBuf,
    /// The program under test under the name fio.
    as_fio: PathBuf,
}

/// What a program left behind.
struct Outcome {
    finished: Finished,
    report: String,
}

impl Pair {
    /// Two folders below `root`.
    pub(super) fn new(binary: &Path, root: &Path) -> Result<Self, Failure> {
        let pair = Self {
            binary: binary.to_owned(),
            fio: root.join("fio"),
            ours: root.join("ours"),
            as_fio: root.join("bin/fio"),
        };
        for folder in [&pair.fio, &pair.ours, &root.join("bin")] {
            std::fs::create_dir_all(folder)?;
        }
        symlink(binary, &pair.as_fio)?;
        Ok(pair)
    }

    /// Runs a case with both, and says in what they differ.
    pub(super) fn differences(&self, case: &Case) -> Result<Vec<String>, Failure> {
        let mut found = self.run(case, &case.first, &self.fio, &self.ours)?;
        if let Some(crossed) = &case.crossed {
            let later = self.run(case, crossed, &self.ours, &self.fio)?;
            found.extend(later.into_iter().map(|line| format!("in the other's folder: {line}")));
        }
        Ok(found)
    }

    fn run(&self, case: &Case, part: &Part, fio: &Path, ours: &Path) -> Result<Vec<String>, Failure> {
        let words = part.command_line(&self.as_fio.with_file_name(format!("{}.fio", case.name)))?;
        let of_fio = start(Command::new("fio"), fio, &words)?;
        // Half of the cases go through the subcommand, half through the name.
        let command = if case.name.len().is_multiple_of(2) {
            let mut command = Command::new(&self.binary);
            command.arg("bench");
            command
        } else {
            Command::new(&self.as_fio)
        };
        let of_ours = start(command, ours, &words)?;
        let (of_fio, of_ours) = (end(of_fio, fio)?, end(of_ours, ours)?);
        let mut found = compare_status(&of_fio, &of_ours);
        if case.checks.refused {
            found.extend(compare_refusals(case, &of_fio, &of_ours));
            return Ok(found);
        }
        if part.reports_json() && !case.checks.status_only {
            found.extend(compare_reports(&of_fio.report, &of_ours.report, case.checks));
        }
        if case.checks.text {
            found.extend(text::differences(&of_fio.report, &of_ours.report));
        }
        found.extend(compare_files(fio, ours, case.checks)?);
        Ok(found)
    }
}

fn start(mut command: Command, folder: &Path, words: &[String]) -> Result<Process, Failure> {
    if !words.iter().any(|word| word.starts_with("--output-format")) {
        command.arg("--output-format=json");
    }
    command.arg(format!("--output={REPORT}")).args(words).current_dir(folder);
    let name = format!("{} in {}", command.get_program().display(), folder.display());
    Process::start(&name, command)
}

fn end(mut process: Process, folder: &Path) -> Result<Outcome, Failure> {
    let status = process.wait(LIMIT)?;
    let text = |stream| process.transcript().text(stream);
    let finished = Finished { status: status.code(), output: text(Stream::Output), error: text(Stream::Error) };
    let path = folder.join(REPORT);
    let report = std::fs::read_to_string(&path).unwrap_or_default();
    let _ = std::fs::remove_file(path);
    Ok(Outcome { finished, report })
}

fn compare_status(fio: &Outcome, ours: &Outcome) -> Vec<String> {
    let (fio, ours) = (&fio.finished, &ours.finished);
    if fio.status == ours.status {
        return Vec::new();
    }
    vec![format!(
        "exit status: fio has {:?}, we have {:?}; fio said {:?}, we said {:?}",
        fio.status, ours.status, fio.error, ours.error
    )]
}

fn compare_refusals(case: &Case, fio: &Outcome, ours: &Outcome) -> Vec<String> {
    let error = &ours.finished.error;
    let mut found = Vec::new();
    if fio.finished.status == Some(0) {
        found.push("fio does not refuse this".to_owned());
    }
    if error.lines().count() != 1 || !error.contains(&case.refusal) {
        found.push(format!("expected one line with {:?}, we said {error:?}", case.refusal));
    }
    found
}

/// The documents in a report: fio puts notes before them.
fn documents(report: &str) -> Result<Value, String> {
    let Some(begin) = report.find("{\n") else {
        return Err(format!("no JSON in {report:?}"));
    };
    let mut documents = serde_json::Deserializer::from_str(&report[begin..]).into_iter::<Value>();
    documents.next().unwrap_or(Ok(Value::Null)).map_err(|error| format!("{error} in {report:?}"))
}

fn compare_reports(fio: &str, ours: &str, checks: Checks) -> Vec<String> {
    match (documents(fio), documents(ours)) {
        (Ok(fio), Ok(ours)) => {
            let flaws =
                |who: &'static str, report| bins::flaws(report).into_iter().map(move |flaw| format!("{who}: {flaw}"));
            let mut found = differences(&fio, &ours, checks.counts);
            found.extend(flaws("fio's report", &fio).chain(flaws("our report", &ours)));
            found
        }
        (Err(error), _) => vec![format!("fio's report: {error}")],
        (_, Err(error)) => vec![format!("our report: {error}")],
    }
}

fn compare_files(fio: &Path, ours: &Path, checks: Checks) -> Result<Vec<String>, Failure> {
    let (fio, ours) = (files(fio)?, files(ours)?);
    let mut found = Vec::new();
    for name in fio.keys().filter(|name| !ours.contains_key(*name)) {
        found.push(format!("fio leaves {name}, we do not"));
    }
    for (name, bytes) in &ours {
        let Some(of_fio) = fio.get(name) else {
            found.push(format!("we leave {name}, fio does not"));
            continue;
        };
        let is_log = Path::new(name).extension().is_some_and(|extension| extension == "log");
        let lines = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte == b'\n').count();
        if is_log && checks.lines && lines(of_fio) != lines(bytes) {
            found.push(format!("{name}: fio has {} lines, we have {}", lines(of_fio), lines(bytes)));
        }
        if !is_log && of_fio.len() != bytes.len() {
            found.push(format!("{name}: fio has {} bytes, we have {}", of_fio.len(), bytes.len()));
        } else if !is_log && checks.content && of_fio != bytes {
            let at = of_fio.iter().zip(bytes).take_while(|(fio, ours)| fio == ours).count();
            found.push(format!("{name}: other bytes from {at} on"));
        }
    }
    Ok(found)
}

fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() {
            files.insert(name, std::fs::read(entry.path())?);
        }
    }
    Ok(files)
}
