//! The command line of a front end: which worker gets which jobs (`--client`).
//!
//! ```text
//! --client=a --client=b one.fio two.fio --bs=4k   three.fio
//!            a: three.fio   b: one.fio, two.fio   both: --bs=4k
//! ```
//!
//! Job files behind `--client=HOST` are for that worker; those that stand elsewhere are for the workers without. When there are none of
//! those, workers without have the files of the next one: `--client=a --client=b x.fio` runs x.fio on both (fio forgets a). What else is said to
//! workers counts for the `--client`s right before it, and before the first one for all. `--client=FILE` is a list of workers, and has
//! no job files of its own. Parity: fio; but there, options of jobs and what stands before the first `--client` do not reach workers.
//!
//! Options are passed on as they are: the worker has its own table.

use super::general::{Action, Effect, FrontEndOption, GeneralOption, GeneralOptions};
use super::words::{Known, Word, Words};
use super::{Outcome, Place, Problem};
use crate::job_file::{JobError, System};
use crate::options::ValueError;
use crate::options::limits::{FILE_BYTES_MAX, WORKERS_MAX};

/// A job file for a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderedFile {
    /// One that is here.
    Local(String),
    /// One that the worker has, by its path there.
    Workers(String),
}

/// What one worker is to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkerOrder {
    /// Its address as it was given.
    pub address: String,
    /// Words of the command line that are for it, in their order: `--name=value` or `--name`.
    pub words: Vec<String>,
    /// Its job files, in their order.
    pub files: Vec<OrderedFile>,
}

/// What a command line asks workers to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemoteInvocation {
    /// Options of the program.
    pub general: GeneralOptions,
    /// The workers, in their order.
    pub workers: Vec<WorkerOrder>,
}

/// Reads the command line of a front end; `None` when it names no worker.
pub(super) fn parse(arguments: &[String], system: &mut dyn System) -> Result<Option<Outcome>, JobError> {
    let mut reader = Reader::default();
    let read = reader.read(arguments, system);
    // What is wrong with a command line that has no worker is told by who reads those.
    if reader.invocation.workers.is_empty() && !reader.has_named_workers {
        return Ok(None);
    }
    if let Some(answer) = read? {
        return Ok(Some(answer));
    }
    reader.finish()?;
    Ok(Some(Outcome::Remote(Box::new(reader.invocation))))
}

#[derive(Default)]
struct Reader {
    invocation: RemoteInvocation,
    /// `--client` was given, if only to a list without workers, or what makes sense with it only.
    has_named_workers: bool,
    /// Words for all workers.
    common: Vec<String>,
    /// Where the workers begin that the next words are for.
    group: usize,
    /// There were words since the last `--client`: the next one begins a group.
    is_group_closed: bool,
    /// Job files that come now are for the last worker.
    takes_files: bool,
    /// Job files for the workers without.
    files: Vec<String>,
    engine: String,
}

impl Reader {
    fn read(&mut self, arguments: &[String], system: &mut dyn System) -> Result<Option<Outcome>, JobError> {
        let mut words = Words::new(arguments.to_vec());
        let engine = |reader: &Self| reader.engine.clone();
        while let Some(word) = words.next(&engine(self)).map_err(|problem| JobError::new(Place::default(), problem))? {
            match word {
                Word::File(name) => match self.invocation.workers.last_mut().filter(|_| self.takes_files) {
                    Some(worker) => worker.files.push(OrderedFile::Local(name)),
                    None => self.files.push(name),
                },
                Word::Option { known: Known::Job(option), value } => {
                    if option.name == "ioengine" {
                        self.engine = value.clone().unwrap_or_default();
                    }
                    self.say(option.name, value.as_deref());
                }
                Word::Option { known: Known::General(option), value } => {
                    if let Some(answer) = self.general(option, value, system)? {
                        return Ok(Some(answer));
                    }
                }
            }
        }
        Ok(None)
    }

    fn general(
        &mut self,
        option: &'static GeneralOption,
        value: Option<String>,
        system: &mut dyn System,
    ) -> Result<Option<Outcome>, JobError> {
        let refuse = |reason| JobError::new(Place::default(), Problem::GeneralValue { option: option.name, reason });
        let required = |value: Option<String>| {
            let missing = || refuse(ValueError::Missing { accepted: option.value.to_owned() });
            value.filter(|value| !value.is_empty()).ok_or_else(missing)
        };
        match option.front_end_option() {
            Some(FrontEndOption::Client) => self.client(&required(value)?, system)?,
            Some(FrontEndOption::RemoteConfig) => {
                let path = required(value)?;
                self.has_named_workers = true;
                let worker = self.invocation.workers.last_mut();
                let worker =
                    worker.ok_or_else(|| refuse(ValueError::Rule("it stands behind the --client that it is for")))?;
                worker.files.push(OrderedFile::Workers(path));
            }
            _ => {
                if option.is_only_local() {
                    return Err(refuse(ValueError::Rule("this is not for workers; leave --client out")));
                }
                match option.apply(&mut self.invocation.general, value.as_deref()).map_err(refuse)? {
                    Effect::Set | Effect::Asked => {}
                    Effect::Answer(text) => return Ok(Some(Outcome::Answer(text))),
                }
                if option.is_for_workers() {
                    self.say(option.name, value.as_deref());
                }
            }
        }
        self.takes_files &= matches!(option.front_end_option(), Some(FrontEndOption::Client));
        Ok(None)
    }

    /// A worker, or a list of workers.
    fn client(&mut self, name: &str, system: &mut dyn System) -> Result<(), JobError> {
        self.has_named_workers = true;
        if std::mem::take(&mut self.is_group_closed) {
            self.group = self.invocation.workers.len();
        }
        let path = std::path::Path::new(name);
        self.takes_files = !system.exists(path);
        if self.takes_files {
            return self.worker(name);
        }
        let place = Place::of_file(path);
        let unreadable = |reason| JobError::new(place.clone(), Problem::Unreadable { path: path.to_owned(), reason });
        let bytes = system.read(path, FILE_BYTES_MAX).map_err(unreadable)?;
        let list = String::from_utf8(bytes)
            .map_err(|_| JobError::new(place.clone(), Problem::NotText { path: path.to_owned() }))?;
        list.split_ascii_whitespace().try_for_each(|host| self.worker(host))
    }

    fn worker(&mut self, address: &str) -> Result<(), JobError> {
        if self.invocation.workers.len() == WORKERS_MAX {
            return Err(JobError::new(Place::default(), Problem::TooManyWorkers));
        }
        self.invocation.workers.push(WorkerOrder { address: address.to_owned(), ..WorkerOrder::default() });
        Ok(())
    }

    /// Words for the workers that stand before them.
    fn say(&mut self, name: &str, value: Option<&str>) {
        let word = value.map_or_else(|| format!("--{name}"), |value| format!("--{name}={value}"));
        self.takes_files = false;
        if self.invocation.workers.is_empty() {
            self.common.push(word);
            return;
        }
        self.is_group_closed = true;
        for worker in &mut self.invocation.workers[self.group..] {
            worker.words.push(word.clone());
        }
    }

    /// Gives each worker what is for all, and checks that each has jobs.
    fn finish(&mut self) -> Result<(), JobError> {
        if self.invocation.workers.is_empty() {
            return Err(JobError::new(Place::default(), Problem::NoWorkers));
        }
        let mut files: Vec<_> = self.files.iter().cloned().map(OrderedFile::Local).collect();
        for worker in self.invocation.workers.iter_mut().rev() {
            worker.words.splice(0..0, self.common.iter().cloned());
            if worker.files.is_empty() {
                worker.files.clone_from(&files);
            } else if self.files.is_empty() {
                files.clone_from(&worker.files);
            }
            let has_job = worker.words.iter().any(|word| word.starts_with("--name="));
            if worker.files.is_empty() && !has_job {
                return Err(JobError::new(Place::default(), Problem::NoJobsFor(worker.address.clone())));
            }
        }
        Ok(())
    }
}

impl GeneralOption {
    /// What it means for a front end; `None` for all others.
    const fn front_end_option(&self) -> Option<FrontEndOption> {
        match self.action {
            Action::FrontEnd(_, option) => Some(option),
            _ => None,
        }
    }

    /// Refuses what is for workers where there is none.
    pub(super) const fn check_alone(&self) -> Result<(), ValueError> {
        match self.front_end_option() {
            Some(_) => Err(ValueError::Rule("it is for the jobs of workers; name one with --client=HOST")),
            None => Ok(()),
        }
    }

    /// It changes how a worker reads or tells its jobs. Parity: fio's `FIO_CLIENT_FLAG`, without what only the front end shows.
    fn is_for_workers(&self) -> bool {
        const PASSED_ON: [&str; 9] = [
            "output-format",
            "minimal",
            "append-terse",
            "terse-version",
            "readonly",
            "section",
            "debug",
            "warnings-fatal",
            "alloc-size",
        ];
        PASSED_ON.contains(&self.name)
    }

    /// It makes no sense for jobs that run elsewhere.
    fn is_only_local(&self) -> bool {
        ["showcmd", "status-interval", "allow-exec", "server", "daemonize"].contains(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::ffi::OsString;
    use std::path::PathBuf;

    use super::super::parse;
    use super::super::tests::Files;
    use super::*;

    fn remote(words: &[&str]) -> RemoteInvocation {
        let list = "10.0.0.1\n 10.0.0.2,9000\n\n".to_owned();
        let mut files = Files(HashMap::from([(PathBuf::from("hosts"), list)]));
        match parse(words.iter().map(OsString::from).collect(), &mut files) {
            Ok(Outcome::Remote(invocation)) => *invocation,
            other => panic!("{words:?}: {other:?}"),
        }
    }

    fn refusal(words: &[&str]) -> String {
        let mut files = Files(HashMap::from([(PathBuf::from("empty"), "\n".to_owned())]));
        parse(words.iter().map(OsString::from).collect(), &mut files).unwrap_err().to_string()
    }

    fn orders(words: &[&str]) -> Vec<(String, String, String)> {
        let shown = |file: &OrderedFile| match file {
            OrderedFile::Local(name) => name.clone(),
            OrderedFile::Workers(name) => format!("remote {name}"),
        };
        let order = |worker: WorkerOrder| {
            let files = worker.files.iter().map(shown).collect::<Vec<_>>().join(" ");
            (worker.address, worker.words.join(" "), files)
        };
        remote(words).workers.into_iter().map(order).collect()
    }

    fn own(address: &str, words: &str, files: &str) -> (String, String, String) {
        (address.to_owned(), words.to_owned(), files.to_owned())
    }

    #[test]
    fn job_files_are_for_the_worker_before_them_or_for_all() {
        assert_eq!(orders(&["--client=a", "x.fio"]), [own("a", "", "x.fio")]);
        assert_eq!(
            orders(&["-C", "a", "--client", "b", "y", "z", "--eta=never", "w"]),
            [own("a", "", "w"), own("b", "", "y z")]
        );
        assert_eq!(orders(&["x", "--client=a", "--client=b"]), [own("a", "", "x"), own("b", "", "x")]);
        assert_eq!(orders(&["--client=a", "--client=b", "x"]), [own("a", "", "x"), own("b", "", "x")]);
        assert_eq!(
            orders(&["--client=a", "--remote-config=/etc/j.fio", "--client=b", "x"]),
            [own("a", "", "remote /etc/j.fio"), own("b", "", "x")]
        );
    }

    #[test]
    fn a_list_names_workers_and_has_no_files_of_its_own() {
        let expected = [own("10.0.0.1", "", "x.fio"), own("10.0.0.2,9000", "", "x.fio")];
        assert_eq!(orders(&["--client=hosts", "x.fio"]), expected);
    }

    #[test]
    fn words_are_for_the_workers_right_before_them() {
        let found = orders(&["--readonly", "--client=a", "--client=b", "--bs=4k", "--client=c", "--section=s", "x"]);
        let expected = [
            own("a", "--readonly --bs=4k", "x"),
            own("b", "--readonly --bs=4k", "x"),
            own("c", "--readonly --section=s", "x"),
        ];
        assert_eq!(found, expected);
        let found = orders(&[
            "--client=a",
            "--name=j",
            "--ioengine=nvme_tcp",
            "--output-format=json",
            "--eta=never",
            "--thread",
        ]);
        assert_eq!(found, [own("a", "--name=j --ioengine=nvme_tcp --output-format=json --thread", "")]);
    }

    #[test]
    fn what_the_front_end_does_itself_is_not_passed_on() {
        let invocation =
            remote(&["--client=a", "--output=o", "--tui", "--ssh-command=ssh -F f", "--trigger-remote=sync", "x"]);
        assert_eq!(invocation.workers[0].words, [""; 0]);
        let general = invocation.general;
        assert_eq!((general.output, general.tui), (Some("o".into()), true));
        assert_eq!(general.ssh_command.as_deref(), Some("ssh -F f"));
        assert_eq!(general.trigger_remote.as_deref(), Some("sync"));
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        assert_eq!(
            refusal(&["--client=a"]),
            "command line: there are no jobs for the worker a: name a job file, or --name and options"
        );
        assert_eq!(refusal(&["--client=empty", "x"]), "command line: there is no worker in the lists of --client");
        assert!(
            refusal(&["--client=a", "--showcmd", "x"]).starts_with("command line: --showcmd: this is not for workers")
        );
        assert!(refusal(&["--remote-config=x", "--client=a"]).contains("stands behind the --client"));
        assert!(refusal(&["--client=a", "--no-such"]).contains("no option no-such"));
        assert!(refusal(&["--tui", "--name=a"]).contains("--tui: it is for the jobs of workers"));
        assert!(refusal(&["--client="]).contains("--client"));
    }
}
