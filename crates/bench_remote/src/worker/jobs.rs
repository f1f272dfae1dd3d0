//! The jobs of a front end: what it has sent, read as one command line.
//!
//! A front end sends command lines, job files and names of job files of ours, in any order. They are read together each time one
//! comes, so that what a command line says of all jobs counts for the file that follows, as in fio.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use bench::command_line::{self, Outcome, Plan};
use bench::job_file::{Host, JobError, Problem, System};
use bench::run::{self, RunSettings, Subjects};
use bench_wire::message::{CommandLine, JobFile, WorkersJobFile};

use super::limits::JOB_TEXT_BYTES_MAX;
use super::permissions::{self, Files, Permissions, Refusal};

/// What files of front ends are called in errors.
const SENT_FILE: &str = "job file";

/// Why jobs are not taken. All are the front end's fault.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// They cannot be read, or contradict each other.
    #[error(transparent)]
    Wrong(#[from] JobError),
    /// They are not allowed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The texts are too long.
    #[error("all jobs together have more than {JOB_TEXT_BYTES_MAX} bytes of text, which is the limit")]
    TooLong,
    /// An argument that is no text.
    #[error("an argument of the command line is not UTF-8 text")]
    NotText,
    /// Something was asked instead of jobs being given (`--help`).
    #[error("{0}")]
    Answer(String),
    /// They are for other workers.
    #[error("a worker passes no jobs on: leave --client out")]
    PassedOn,
}

/// Jobs that can be run.
#[derive(Debug)]
pub struct ReadJobs {
    /// The jobs.
    pub plan: Plan,
    /// The options of all jobs, for the report.
    pub global_options: Vec<(String, String)>,
    /// What the whole run is told.
    pub settings: RunSettings,
    /// The jobs are only to be read (`--parse-only`).
    pub parse_only: bool,
    /// The front end shows the normal form of results, and with it texts for people.
    pub tells_people: bool,
}

/// What a front end has sent so far.
#[derive(Debug, Default)]
pub struct SentJobs {
    arguments: Vec<OsString>,
    files: Vec<SentFile>,
    bytes: usize,
}

#[derive(Debug)]
enum SentFile {
    /// Its text.
    Text { name: String, text: Vec<u8> },
    /// The name of one of ours.
    Own(String),
}

impl SentFile {
    fn name(&self) -> &str {
        match self {
            Self::Text { name, .. } | Self::Own(name) => name,
        }
    }
}

impl SentJobs {
    /// Takes a command line.
    ///
    /// # Errors
    /// [`JobsError::NotText`], [`JobsError::TooLong`].
    pub fn add_line(&mut self, line: &CommandLine) -> Result<(), JobsError> {
        // The first is the name of the program.
        for argument in line.arguments.iter().skip(1).filter(|argument| !argument.is_empty()) {
            self.count(argument.len())?;
            let text = String::from_utf8(argument.clone()).map_err(|_| JobsError::NotText)?;
            self.arguments.push(text.into());
        }
        Ok(())
    }

    /// Takes a job file.
    ///
    /// # Errors
    /// [`JobsError::TooLong`].
    pub fn add_file(&mut self, file: &JobFile) -> Result<(), JobsError> {
        let text = file.text().to_vec();
        self.count(text.len())?;
        let before = self.files.iter().filter(|file| matches!(file, SentFile::Text { .. })).count();
        let name = if before == 0 { SENT_FILE.to_owned() } else { format!("{SENT_FILE} {}", before + 1) };
        self.files.push(SentFile::Text { name, text });
        Ok(())
    }

    /// Takes the name of a job file of ours.
    ///
    /// # Errors
    /// [`JobsError::NotText`], [`JobsError::TooLong`], [`Refusal::LoadFile`].
    pub fn add_own_file(&mut self, file: &WorkersJobFile, permissions: &Permissions) -> Result<(), JobsError> {
        self.count(file.path.len())?;
        let name = String::from_utf8(file.path.clone()).map_err(|_| JobsError::NotText)?;
        if !permissions.load_files {
            return Err(Refusal::LoadFile { path: name.into() }.into());
        }
        self.files.push(SentFile::Own(name));
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), JobsError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > JOB_TEXT_BYTES_MAX { Err(JobsError::TooLong) } else { Ok(()) }
    }

    /// Reads all of it, and holds it against what is allowed. `None` while no job has been sent. `front_end` is the address of
    /// whoever sent them, for `unique_filename`.
    ///
    /// # Errors
    /// The first thing that is wrong or not allowed.
    pub fn read(&self, permissions: &Permissions, front_end: &str) -> Result<Option<ReadJobs>, JobsError> {
        let names = self.files.iter().map(|file| file.name().into());
        let arguments: Vec<OsString> = self.arguments.iter().cloned().chain(names).collect();
        let mut system = WorkerSystem { sent: &self.files, permissions };
        let invocation = match command_line::parse(arguments, &mut system) {
            Ok(Outcome::Run(invocation)) => invocation,
            Ok(Outcome::Answer(text)) => return Err(JobsError::Answer(text)),
            Ok(Outcome::Remote(_)) => return Err(JobsError::PassedOn),
            Err(error) if matches!(*error.problem, Problem::NoJobs) && self.files.is_empty() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut plan = invocation.plan()?;
        let settings = RunSettings {
            allow_exec: permissions.exec,
            read_only: invocation.general.readonly,
            aux_path: invocation.general.aux_path.clone(),
            // The same for every front end: a worker does as fio's does.
            refuses_small_devices: invocation.general.warnings_fatal,
            debug: Subjects::of(&invocation.general.debug).0,
            debug_job: invocation.general.debug_job,
            front_end: front_end.to_owned(),
        };
        permissions::check(permissions, &plan, &settings)?;
        if !invocation.general.parse_only {
            run::look_for(&invocation)?;
        }
        if matches!(&permissions.files, Files::Only { directories, .. } if directories.is_empty()) {
            // Jobs without files verify as well, and there is no place for the state that they would leave.
            plan.jobs.iter_mut().for_each(|job| job.resolved.options.verification.verify_state_save = false);
        }
        let globals = invocation.global_listed.iter();
        Ok(Some(ReadJobs {
            plan,
            global_options: globals
                .map(|option| (option.name.to_owned(), option.value.clone().unwrap_or_default()))
                .collect(),
            settings,
            parse_only: invocation.general.parse_only,
            tells_people: invocation.general.output_formats.normal,
        }))
    }
}

/// The files that job files of a front end can name: those that it has sent, and ours where that is allowed.
struct WorkerSystem<'w> {
    sent: &'w [SentFile],
    permissions: &'w Permissions,
}

impl WorkerSystem<'_> {
    fn may_read(&self, path: &Path) -> Result<(), Refusal> {
        let refuse = || Refusal::LoadFile { path: path.to_owned() };
        if !self.permissions.load_files || path == Path::new(bench::job_file::STANDARD_INPUT) {
            return Err(refuse());
        }
        let Files::Only { directories, .. } = &self.permissions.files else {
            return Ok(());
        };
        let from = permissions::working_directory(self.permissions).unwrap_or(Path::new("/"));
        let lead = |path: &Path| permissions::canonical(path, from);
        let place = lead(path).map_err(|_| refuse())?;
        let is_inside = |allowed: &PathBuf| lead(allowed).is_ok_and(|allowed| place.starts_with(allowed));
        let elsewhere =
            || Refusal::Path { job: "-".into(), option: "job file", path: path.to_owned(), key: "directories" };
        directories.iter().any(is_inside).then_some(()).ok_or_else(elsewhere)
    }
}

impl System for WorkerSystem<'_> {
    fn read(&mut self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let sent = self.sent.iter().find_map(|file| match file {
            SentFile::Text { name, text } if path == Path::new(name) => Some(text),
            _ => None,
        });
        match sent {
            Some(text) => Ok(text[..text.len().min(limit)].to_vec()),
            None => {
                self.may_read(path).map_err(|refusal| io::Error::new(io::ErrorKind::PermissionDenied, refusal))?;
                Host.read(path, limit)
            }
        }
    }

    /// What may not be read does not exist: nobody is told which files there are.
    fn exists(&self, path: &Path) -> bool {
        self.may_read(path).is_ok() && Host.exists(path)
    }

    fn variable(&self, name: &str) -> Option<String> {
        Host.variable(name)
    }

    fn page_size(&self) -> u64 {
        Host.page_size()
    }

    fn memory_mib(&self) -> u64 {
        Host.memory_mib()
    }

    fn cpus(&self) -> u64 {
        Host.cpus()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str) -> SentJobs {
        let mut jobs = SentJobs::default();
        jobs.add_file(&JobFile { bytes: text.as_bytes().to_vec(), ..JobFile::default() }).unwrap();
        jobs
    }

    fn below(directory: &Path) -> Permissions {
        let files = Files::Only { directories: vec![directory.to_owned()], devices: Vec::new() };
        Permissions { files, ..Permissions::least() }
    }

    fn refusal(text: &str, permissions: &Permissions) -> String {
        sent(text).read(permissions, "").map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn a_command_line_counts_for_the_file_that_follows() {
        let mut jobs = SentJobs::default();
        let words = ["fio", "--ioengine=null", "--size=1m", "--output-format=json"];
        let arguments = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        jobs.add_line(&CommandLine { arguments, ..CommandLine::default() }).unwrap();
        assert!(jobs.read(&Permissions::least(), "").unwrap().is_none(), "no job yet");
        jobs.add_file(&JobFile { bytes: b"[a]\nrw=write\n\0rest".to_vec(), ..JobFile::default() }).unwrap();
        let read = jobs.read(&Permissions::least(), "192.0.2.1").unwrap().unwrap();
        assert_eq!(read.plan.jobs[0].resolved.options.engine.ioengine, "null");
        assert_eq!((read.settings.front_end.as_str(), read.settings.allow_exec), ("192.0.2.1", false));
        assert_eq!(read.global_options[0], ("ioengine".to_owned(), "null".to_owned()));
    }

    #[test]
    fn what_is_not_allowed_is_refused_by_job_option_and_key() {
        let least = Permissions::least();
        for (text, expected) in [
            ("[a]\nioengine=null\nsize=1m\nexec_prerun=true", ["job a", "exec_prerun", "allow_exec"]),
            ("[a]\nioengine=null\nsize=1m\nexec_postrun=true", ["job a", "exec_postrun", "allow_exec"]),
            ("[a]\nioengine=exec\nprogram=/bin/true", ["job a", "ioengine=exec", "allow_exec"]),
            ("[a]\nioengine=nvme_tcp\nfilename=x\nsize=1m", ["job a", "ioengine=nvme_tcp", "engines"]),
            ("[a]\nioengine=psync\nsize=1m", ["job a", "psync", "directories"]),
            ("[a]\nioengine=psync\nsize=1m\nfilename=/etc/passwd", ["job a", "filename: /etc/passwd", "directories"]),
            ("[a]\nioengine=psync\nsize=1m\nfilename=/dev/zero", ["job a", "filename: /dev/zero", "devices"]),
            (
                "[a]\nioengine=null\nsize=1m\nbuffer_pattern='/etc/passwd'",
                ["buffer_pattern", "/etc/passwd", "directories"],
            ),
            ("[a]\nioengine=null\nsize=1m\nnumjobs=300", ["300 jobs", "256", "jobs_max"]),
            ("[a]\nioengine=null\nsize=1g\nbs=1g\niodepth=9", ["9663676416 bytes", "buffers", "buffer_bytes_max"]),
            ("[a]\ninclude /etc/hostname", ["/etc/hostname", "job files of the worker", "allow_load_file"]),
        ] {
            let said = refusal(text, &least);
            assert!(expected.iter().all(|part| said.contains(part)), "{text}: {said}");
        }
    }

    #[test]
    fn files_are_taken_below_the_directories_only() {
        let root = std::env::temp_dir().canonicalize().unwrap().join(format!("bench-jobs-{}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        let permissions = below(&root);
        let take = |text: &str| sent(text).read(&permissions, "").map(|read| read.is_some());
        assert!(take("[a]\nioengine=psync\nsize=1m").unwrap(), "its files are in the first directory");
        assert!(take(&format!("[a]\nioengine=psync\nsize=1m\ndirectory={}", root.display())).unwrap());
        for outside in
            ["filename=../x", "directory=/tmp", "filename_format=../../x", "opendir=/etc", "filename=a:/etc/b"]
        {
            let said = refusal(&format!("[a]\nioengine=psync\nsize=1m\n{outside}"), &permissions);
            assert!(said.contains("job a") && said.contains("directories"), "{outside}: {said}");
        }
        let said = refusal("[../../up]\nioengine=psync\nsize=1m", &permissions);
        assert!(said.contains("directories"), "a name is a path, too: {said}");
        let limits = permissions::SessionLimits { file_bytes: Some(1 << 20), ..Default::default() };
        let small = Permissions { limits, ..permissions.clone() };
        let said = refusal("[a]\nioengine=psync\nsize=2m", &small);
        assert!(said.contains("file_bytes_max"), "{said}");
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn job_files_of_the_worker_are_read_where_both_keys_allow_it() {
        let root = std::env::temp_dir().canonicalize().unwrap().join(format!("bench-own-{}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        std::fs::write(root.join("own.fio"), "[a]\nioengine=null\nsize=1m\n").unwrap();
        let own = |path: &str| WorkersJobFile { path: path.as_bytes().to_vec(), ..WorkersJobFile::default() };
        let mut jobs = SentJobs::default();
        let refused = jobs.add_own_file(&own("own.fio"), &below(&root)).unwrap_err();
        assert!(refused.to_string().contains("allow_load_file"), "{refused}");
        let permissions = Permissions { load_files: true, ..below(&root) };
        jobs.add_own_file(&own(root.join("own.fio").to_str().unwrap()), &permissions).unwrap();
        assert_eq!(jobs.read(&permissions, "").unwrap().unwrap().plan.jobs.len(), 1);
        jobs.add_own_file(&own("/etc/passwd"), &permissions).unwrap();
        let refused = jobs.read(&permissions, "").unwrap_err().to_string();
        assert!(refused.contains("/etc/passwd") && refused.contains("directories"), "{refused}");
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn nothing_is_passed_on_to_other_workers() {
        let mut jobs = SentJobs::default();
        let arguments = ["fio", "--client=192.0.2.1"].map(|word| word.as_bytes().to_vec()).to_vec();
        jobs.add_line(&CommandLine { arguments, ..CommandLine::default() }).unwrap();
        jobs.add_file(&JobFile { bytes: b"[a]\nioengine=null\nsize=1m\n".to_vec(), ..JobFile::default() }).unwrap();
        assert!(matches!(jobs.read(&Permissions::least(), ""), Err(JobsError::PassedOn)));
    }

    #[test]
    fn texts_end_somewhere() {
        let mut jobs = SentJobs::default();
        let half = JobFile { bytes: vec![b' '; JOB_TEXT_BYTES_MAX / 2 + 1], ..JobFile::default() };
        jobs.add_file(&half).unwrap();
        assert!(matches!(jobs.add_file(&half), Err(JobsError::TooLong)));
    }
}
