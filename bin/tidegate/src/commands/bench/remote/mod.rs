//! `bench --client`: jobs are run by workers, and told here.
//!
//! - [`director`]: decides and tells while they run.
//! - [`live_view`]: their progress on the whole screen.
//! - [`worker_text`]: what workers say, line by line.
//! - [`storage`]: files that workers send and want.

mod director;
mod live_view;
mod storage;
mod worker_text;

use std::io;
use std::path::Path;

use bench::command_line::{RemoteInvocation, WorkerOrder};
use bench::job_file::{Host, STANDARD_INPUT, System};
use bench::output::terse::TerseVersion;
use bench::output::workers::{WorkerReport, WorkersReport};
use bench::output::{FormatChoice, Report};
use bench::run;
use bench_remote::front_end::conversation::Conversation;
use bench_remote::front_end::drive::drive;
use bench_remote::front_end::fleet::Fleet;
use bench_remote::front_end::jobs::WorkerJobs;
use bench_remote::front_end::link::Route;
use bench_remote::front_end::ssh::SshTarget;
use reactor::clock::{self, SystemTime};

use super::COMPATIBLE;
use super::interruption::Interruption;
use super::voice::{Voice, formats};
use crate::{Outcome, message};

use self::director::FrontEnd;
use self::storage::Storage;

/// Has the workers run their jobs, and tells the results.
pub(super) fn run(invocation: &RemoteInvocation) -> Outcome {
    let crew = match Crew::gather(invocation) {
        Ok(crew) => crew,
        Err(error) => return message::failure(error),
    };
    let formats = formats(&invocation.general);
    let voice = match Voice::new(&invocation.general, formats.normal) {
        Ok(voice) => voice,
        Err(error) => return message::failure(error),
    };
    let signals = match Interruption::catch() {
        Ok(signals) => signals,
        Err(error) => return message::failure(format_args!("cannot catch signals: {error}")),
    };
    measure(invocation, crew, formats, &voice, &signals)
}

fn measure(
    invocation: &RemoteInvocation,
    crew: Crew,
    formats: FormatChoice,
    voice: &Voice,
    signals: &Interruption,
) -> Outcome {
    let Crew { mut fleet, routes, storage } = crew;
    let mut director = FrontEnd::new(&invocation.general, voice, signals, storage);
    if invocation.general.tui
        && let Err(error) = director.take_screen()
    {
        return message::failure(format_args!("--tui: {error}"));
    }
    let driven = drive(&mut fleet, &routes, clock::now(), &mut director);
    director.end();
    if let Err(error) = driven {
        return message::failure(format_args!("cannot watch the connections: {error}"));
    }
    if !invocation.general.parse_only {
        let version = TerseVersion::new(u64::from(invocation.general.terse_version)).unwrap_or_default();
        let written = voice.with_output(|output| {
            report(&fleet).write(formats, version, output)?;
            output.flush()
        });
        if let Err(error) = written {
            return message::failure(format_args!("cannot write the results: {error}"));
        }
    }
    if let Err(error) = director.trigger().finish() {
        return message::failure(format_args!("--trigger: {error}"));
    }
    match (director.was_ended() || signals.number().is_some(), fleet.has_failures()) {
        (true, _) => Outcome::Ended(std::process::ExitCode::from(128)),
        (false, true) => Outcome::Failure,
        (false, false) => Outcome::Success,
    }
}

/// Everybody who is to work, and how they are reached.
struct Crew {
    fleet: Fleet,
    routes: Vec<Route>,
    storage: Storage,
}

impl Crew {
    fn gather(invocation: &RemoteInvocation) -> Result<Self, String> {
        let mut system = ReadOnce::default();
        let routes: Vec<Route> =
            invocation.workers.iter().map(|order| route(invocation, order)).collect::<Result<_, _>>()?;
        let mut crew = Self {
            fleet: if invocation.general.parse_only { Fleet::of_checkers() } else { Fleet::default() },
            storage: Storage::new(&invocation.general, &routes),
            routes,
        };
        for (order, route) in invocation.workers.iter().zip(&crew.routes) {
            let (host, port) = route.shown();
            let jobs = WorkerJobs::read(order, &mut system).map_err(|error| message::chain(&error))?;
            let conversation = Conversation::new(&host, &jobs, 0);
            let is_ours = matches!(route, Route::Ssh(..));
            let conversation = if is_ours { conversation.with_any_version() } else { conversation };
            crew.fleet.add(&host, port, conversation);
            crew.storage.permit(jobs.files);
        }
        Ok(crew)
    }
}

fn route(invocation: &RemoteInvocation, order: &WorkerOrder) -> Result<Route, String> {
    if let Some(target) = SshTarget::parse(&order.address) {
        let target = target.map_err(|error| format!("--client={error}"))?;
        return Ok(Route::Ssh(target, invocation.general.ssh_command.clone()));
    }
    order.address.parse().map(Route::Address).map_err(|error| format!("--client={error}"))
}

fn report(fleet: &Fleet) -> WorkersReport {
    let now = clock::wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let timestamp_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let time = run::local_time(now.as_secs());
    let mut global_options: Vec<(String, String)> = Vec::new();
    let mut workers = Vec::new();
    for worker in fleet.workers() {
        let results = worker.conversation().results();
        for (name, value) in &results.global_options {
            if !global_options.iter().any(|(known, _)| known == name) {
                global_options.push((name.clone(), value.clone()));
            }
        }
        if results.jobs.is_empty() {
            continue;
        }
        let report = Report {
            version: COMPATIBLE.to_owned(),
            timestamp_ms,
            time: time.clone(),
            jobs: results.jobs.clone(),
            groups: results.groups.clone(),
            disks: results.disks.clone(),
            ..Report::default()
        };
        let (host, port, name) = (worker.host.clone(), worker.port, worker.name().to_owned());
        workers.push(WorkerReport { host, port, name, report });
    }
    WorkersReport { version: COMPATIBLE.to_owned(), timestamp_ms, time, global_options, workers }
}

/// The system, with standard input for more than one worker.
#[derive(Default)]
struct ReadOnce {
    standard_input: Option<Vec<u8>>,
}

impl System for ReadOnce {
    fn read(&mut self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        if path != Path::new(STANDARD_INPUT) {
            return Host.read(path, limit);
        }
        if let Some(bytes) = &self.standard_input {
            return Ok(bytes.clone());
        }
        let bytes = Host.read(path, limit)?;
        self.standard_input = Some(bytes.clone());
        Ok(bytes)
    }

    fn exists(&self, path: &Path) -> bool {
        Host.exists(path)
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
