//! The jobs of a worker as messages, and which files here they name.
//!
//! A worker is somebody else's program. It may name a file of the front end in two ways: a log has the name of its file, and a job that
//! loads a verify state asks for that file. fio follows both anywhere. Here a log goes where a job of this run says that its logs go,
//! or else into the current directory; and only a verify state that a job of this run has asked for is sent.

use std::collections::BTreeSet;
use std::path::Path;

use bench::command_line::{OrderedFile, WorkerOrder};
use bench::job_file::{self, JobError, System};
use bench_wire::message::{CommandLine, FrontEndKind, FrontEndMessage, JobFile, WorkersJobFile};

/// fio's name of itself on a command line that it sends.
const PROGRAM: &[u8] = b"fio";
/// How the name of a verify state ends.
const VERIFY_STATE: &str = "-verify.state";

/// The messages that give a worker its jobs, and what they allow it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WorkerJobs {
    /// JOBLINE, then JOB and LOAD_FILE.
    pub messages: Vec<FrontEndMessage>,
    /// The files that it may name.
    pub files: PermittedFiles,
    /// Logs are to come compressed. Only histograms need that: fio sends them no other way, and of every other log it loses the end
    /// when it compresses.
    pub compresses_logs: bool,
}

/// Which files of the front end a worker may name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PermittedFiles {
    /// Where jobs say that their logs go.
    log_directories: BTreeSet<String>,
    /// Jobs that load a verify state.
    verified_jobs: BTreeSet<String>,
}

impl WorkerJobs {
    /// Reads the job files of an order.
    ///
    /// # Errors
    /// A file that cannot be read, or that is not of the form.
    pub fn read(order: &WorkerOrder, system: &mut dyn System) -> Result<Self, JobError> {
        let mut jobs = Self::default();
        if !order.words.is_empty() {
            let words = order.words.iter().map(|word| word.clone().into_bytes());
            let arguments = std::iter::once(PROGRAM.to_vec()).chain(words).collect();
            jobs.files.read(order.words.iter().filter_map(|word| word.strip_prefix("--")).map(as_line));
            let line = CommandLine { front_end: FrontEndKind::COMMAND_LINE, arguments };
            jobs.messages.push(FrontEndMessage::JobLine(line));
        }
        let has_histograms = |mut lines: std::str::Lines<'_>| lines.any(|line| line.starts_with("write_hist_log"));
        jobs.compresses_logs = order.words.iter().any(|word| word.starts_with("--write_hist_log"));
        for file in &order.files {
            jobs.messages.push(match file {
                OrderedFile::Local(name) => {
                    let path = Path::new(if name.is_empty() { job_file::STANDARD_INPUT } else { name });
                    let text = job_file::self_contained(path, system)?;
                    jobs.files.read(text.lines().map(as_line));
                    jobs.compresses_logs |= has_histograms(text.lines());
                    let mut bytes = text.into_bytes();
                    // fio's worker looks for the end of the text.
                    bytes.push(0);
                    FrontEndMessage::Job(JobFile { front_end: FrontEndKind::COMMAND_LINE, bytes })
                }
                OrderedFile::Workers(path) => {
                    // Nobody knows what is in it.
                    jobs.compresses_logs = true;
                    let path = path.clone().into_bytes();
                    FrontEndMessage::LoadFile(WorkersJobFile { front_end: FrontEndKind::COMMAND_LINE, path })
                }
            });
        }
        Ok(jobs)
    }
}

/// A line of a job file.
enum Line<'a> {
    Section(&'a str),
    Option(&'a str, &'a str),
}

fn as_line(text: &str) -> Line<'_> {
    if let Some(name) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return Line::Section(name);
    }
    match text.split_once('=').map_or((text, ""), |(name, value)| (name.trim(), value.trim())) {
        ("name", name) => Line::Section(name),
        (name, value) => Line::Option(name, value),
    }
}

impl PermittedFiles {
    fn read<'a>(&mut self, lines: impl Iterator<Item = Line<'a>>) {
        let (mut section, mut all_load) = ("", false);
        for line in lines {
            match line {
                Line::Section(name) => {
                    section = name;
                    if all_load && !job_file::is_global(name) {
                        self.verified_jobs.insert(name.to_owned());
                    }
                }
                Line::Option("verify_state_load", value) if value != "0" && value != "false" => {
                    if section.is_empty() || job_file::is_global(section) {
                        all_load = true;
                    } else {
                        self.verified_jobs.insert(section.to_owned());
                    }
                }
                Line::Option(name, value) if name.starts_with("write_") && name.ends_with("_log") => {
                    self.log_directories.insert(split_directory(value).0.to_owned());
                }
                Line::Option(..) => {}
            }
        }
    }

    /// Where the log with this name, as the worker sends it, belongs: the name, or only the last part of it when no job has named its
    /// directory. `None` when there is no last part.
    #[must_use]
    pub fn log_path(&self, name: &str) -> Option<String> {
        let (directory, file) = split_directory(name);
        if file.is_empty() || file == "." || file == ".." {
            return None;
        }
        let is_known = self.log_directories.contains(directory);
        Some(if is_known { name.to_owned() } else { file.to_owned() })
    }

    /// Whether a worker that is called `worker` may have this file: `WORKER-JOB-NUMBER-verify.state` of a job that loads its state.
    #[must_use]
    pub fn may_read(&self, worker: &str, path: &str) -> bool {
        // Parity: fio has no dots in these names.
        let worker = worker.replace('.', "_");
        let job_and_number =
            || path.strip_prefix(&worker)?.strip_prefix('-')?.strip_suffix(VERIFY_STATE)?.rsplit_once('-');
        job_and_number().is_some_and(|(job, number)| {
            self.verified_jobs.contains(job)
                && !job.contains('/')
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    }
}

/// The directory with its slash, and the file.
fn split_directory(path: &str) -> (&str, &str) {
    path.rfind('/').map_or(("", path), |slash| path.split_at(slash + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permitted(text: &str) -> PermittedFiles {
        let mut files = PermittedFiles::default();
        files.read(text.lines().map(as_line));
        files
    }

    #[test]
    fn logs_go_where_a_job_says_and_nowhere_else() {
        let files = permitted("[a]\nwrite_bw_log=/srv/logs/a\nwrite_iops_log=here\n");
        assert_eq!(files.log_path("/srv/logs/a_bw.1.log").as_deref(), Some("/srv/logs/a_bw.1.log"));
        assert_eq!(files.log_path("here_iops.1.log").as_deref(), Some("here_iops.1.log"));
        for (sent, kept) in [
            ("/etc/cron.d/evil", Some("evil")),
            ("../../.bashrc", Some(".bashrc")),
            ("/srv/logs/../x", Some("x")),
            ("/srv/logs/deep/x", Some("x")),
            ("/srv/logs/", None),
            ("..", None),
            ("/srv/logs/..", None),
            ("", None),
        ] {
            assert_eq!(files.log_path(sent).as_deref(), kept, "{sent}");
        }
    }

    #[test]
    fn verify_states_are_sent_when_a_job_loads_them() {
        let files = permitted("[global]\nrw=write\n[a-b]\nverify_state_load=1\n[c]\nverify_state_load=0\n");
        assert!(files.may_read("127.0.0.1", "127_0_0_1-a-b-0-verify.state"));
        for refused in [
            "127_0_0_1-c-0-verify.state",
            "127_0_0_2-a-b-0-verify.state",
            "127_0_0_1-a-b-x-verify.state",
            "127_0_0_1-a-b--verify.state",
            "127_0_0_1-a-b-0-verify.state/../../etc/passwd",
            "../127_0_0_1-a-b-0-verify.state",
            "/etc/passwd",
        ] {
            assert!(!files.may_read("127.0.0.1", refused), "{refused}");
        }
        let all = permitted("[global]\nverify_state_load\n[a]\n[../b]\n[c]\n");
        assert!(all.may_read("h", "h-a-0-verify.state") && all.may_read("h", "h-c-11-verify.state"));
        assert!(
            !all.may_read("h", "h-../b-0-verify.state")
                && !PermittedFiles::default().may_read("h", "h-a-0-verify.state")
        );
        let words = ["name=w", "verify_state_load=1"];
        let mut of_words = PermittedFiles::default();
        of_words.read(words.into_iter().map(as_line));
        assert!(of_words.may_read("h", "h-w-0-verify.state"));
    }
}
