//! Jobs that run here: words and results of the crate `bench` find their way to standard output and files.

use std::io::IsTerminal;
use std::sync::atomic::Ordering;

use bench::command_line::{Eta, GeneralOptions, Invocation, Plan};
use bench::output::announcement::starting_line;
use bench::output::status_line::{Remaining, ShowStatus, StatusLine};
use bench::output::terse::TerseVersion;
use bench::output::{CpuIdleness, FormatChoice, Progress as OverallProgress, Report, ReportWriter};
use bench::run::{self, Idleness, Observer, RunOutcome, RunSettings, RunView, Subjects, TotalBandwidth, Trigger};
use reactor::clock::{self, SystemTime};

use super::interruption::Interruption;
use super::voice::{Voice, formats};
use super::{COMPATIBLE, Name};
use crate::{Outcome, message};

/// How long a run will still take when there is no saying. Parity: fio.
const NOBODY_KNOWS: u64 = 0x7fff_ffff;

/// Exit status of a run that a signal has ended. Parity: fio.
const STOPPED: u8 = 128;

/// Runs the jobs of an invocation and tells the results.
pub(super) fn run(invocation: &Invocation, name: Name) -> Outcome {
    let plan = match invocation.plan() {
        Ok(plan) => plan,
        Err(error) => return message::failure(message::chain(&error)),
    };
    for (place, warning) in &plan.warnings {
        message::error(format_args!("{place}: note: {warning}"));
    }
    // Whoever only reads jobs may do that on another machine.
    if invocation.general.parse_only {
        return Outcome::Success;
    }
    match run::look_for(invocation) {
        Ok(()) => measure(invocation, &plan, name),
        Err(error) => message::failure(message::chain(&error)),
    }
}

fn measure(invocation: &Invocation, plan: &Plan, name: Name) -> Outcome {
    let general = &invocation.general;
    let formats = formats(general);
    let voice = match Voice::new(general, formats.normal) {
        Ok(voice) => voice,
        Err(error) => return message::failure(error),
    };
    let signals = match Interruption::catch() {
        Ok(signals) => signals,
        Err(error) => return message::failure(format_args!("cannot catch signals: {error}")),
    };
    let (debug, silent) = Subjects::of(&general.debug);
    if !silent.is_empty() {
        let (silent, told) = (silent.join(","), Subjects::names());
        message::error(format_args!("--debug={silent}: nothing is told of that here, but of {told}"));
    }
    let members = run::members(&plan.jobs).len();
    if let Some(number) = general.debug_job.filter(|&number| number as usize >= members) {
        let last = members - 1;
        message::error(format_args!("--debug=job:{number}: the last job has number {last}; all of them are told of"));
    }
    announce(plan, &voice);
    let settings = RunSettings {
        allow_exec: general.allow_exec,
        read_only: general.readonly,
        aux_path: general.aux_path.clone(),
        refuses_small_devices: general.warnings_fatal || name == Name::Bench,
        debug,
        debug_job: general.debug_job,
        front_end: String::new(),
    };
    let reporter = Reporter::new(invocation, &voice, formats);
    let mut progress = Progress::new(general, formats.normal || general.output.is_some(), &signals, reporter);
    progress.bandwidth = general.bandwidth_log.then(|| TotalBandwidth::new(&plan.jobs));
    let idleness = general.idle_profile.map(Idleness::begin);
    let outcome = run::run(&plan.jobs, &settings, &voice, &mut progress, &signals.stop);
    let failed = outcome.has_failed;
    progress.tell_signal();
    // What it says stands before the results, as with fio.
    let triggered = progress.trigger.finish();
    if let Some(Err((path, error))) = progress.bandwidth.as_mut().map(|log| log.write(outcome.elapsed_ms)) {
        return message::failure(format_args!("--bandwidth-log: cannot write {}: {error}", path.display()));
    }
    let mut reporter = progress.end();
    reporter.idleness = idleness.map(|idleness| idleness.end());
    if let Err(error) = reporter.write(outcome, true) {
        return message::failure(format_args!("cannot write the results: {error}"));
    }
    if let Err(error) = triggered {
        return message::failure(format_args!("--trigger: {error}"));
    }
    match (signals.number(), failed) {
        (Some(_), _) => Outcome::Ended(std::process::ExitCode::from(STOPPED)),
        (None, true) => Outcome::Failure,
        (None, false) => Outcome::Success,
    }
}

/// What the normal output says before anything runs.
fn announce(plan: &Plan, voice: &Voice) {
    let members = run::members(&plan.jobs);
    let mut text = String::new();
    let (mut threads, mut processes) = (0, 0);
    for member in &members {
        let job = &plan.jobs[member.job];
        if member.clone_number == 0 {
            text.push_str(&run::announce(job, &member.name, member.group));
        }
        let count = if job.resolved.options.threads.thread { &mut threads } else { &mut processes };
        *count += 1;
    }
    voice.write_normal(&format!("{text}{COMPATIBLE}\n{}", starting_line(threads, processes)));
}

/// Writes results, those so far and the last ones.
struct Reporter<'r> {
    invocation: &'r Invocation,
    voice: &'r Voice,
    writer: ReportWriter,
    idleness: Option<CpuIdleness>,
}

impl<'r> Reporter<'r> {
    fn new(invocation: &'r Invocation, voice: &'r Voice, formats: FormatChoice) -> Self {
        let version = TerseVersion::new(u64::from(invocation.general.terse_version)).unwrap_or_default();
        Self { invocation, voice, writer: ReportWriter::new(formats, version), idleness: None }
    }

    fn write(&mut self, outcome: RunOutcome, last: bool) -> std::io::Result<()> {
        let now = clock::wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let listed = self.invocation.global_listed.iter();
        let report = Report {
            version: COMPATIBLE.to_owned(),
            timestamp_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            time: run::local_time(now.as_secs()),
            progress: Some(OverallProgress {
                elapsed_seconds: outcome.elapsed_ms.div_ceil(1000),
                remaining_seconds: match outcome.remaining {
                    Remaining::Seconds(seconds) => seconds,
                    Remaining::Unknown | Remaining::Unmeasurable => NOBODY_KNOWS,
                },
            }),
            global_options: listed
                .map(|option| (option.name.to_owned(), option.value.clone().unwrap_or_default()))
                .collect(),
            disks: outcome.disks,
            idleness: self.idleness.clone(),
            ..Report::of_jobs(outcome.results)
        };
        self.voice.with_output(|output| {
            self.writer.write(&report, last, output)?;
            output.flush()
        })
    }
}

/// The line that shows how far the run is, and the word that a signal came in.
struct Progress<'v> {
    reporter: Reporter<'v>,
    signals: &'v Interruption,
    told_signal: bool,
    /// Results so far are told this often.
    report_every_ms: Option<u64>,
    next_report_ms: u64,
    asked: bool,
    shows: bool,
    interval_ms: u64,
    next_ms: u64,
    line: StatusLine,
    shown: bool,
    trigger: Trigger,
    bandwidth: Option<TotalBandwidth>,
}

impl<'v> Progress<'v> {
    fn new(general: &GeneralOptions, normal: bool, signals: &'v Interruption, reporter: Reporter<'v>) -> Self {
        let show = match general.eta {
            Eta::Automatic => ShowStatus::Auto,
            Eta::Always => ShowStatus::Always,
            Eta::Never => ShowStatus::Never,
        };
        let milliseconds = |time: clock::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let interval_ms = milliseconds(general.eta_interval);
        let report_every_ms = general.status_interval.map(milliseconds);
        Self {
            reporter,
            signals,
            told_signal: false,
            report_every_ms,
            next_report_ms: report_every_ms.unwrap_or(u64::MAX),
            asked: false,
            shows: show.shows(std::io::stdout().is_terminal(), normal),
            interval_ms,
            next_ms: interval_ms,
            line: StatusLine::new(general.eta_newline.map_or(0, milliseconds)),
            shown: false,
            trigger: Trigger::new(general.trigger_file.clone(), general.trigger_timeout, general.trigger.clone()),
            bandwidth: None,
        }
    }

    fn tell_signal(&mut self) {
        if let Some(signal) = self.signals.number()
            && !std::mem::replace(&mut self.told_signal, true)
        {
            self.reporter.voice.write_normal(&format!("\nfio: terminating on signal {signal}\n"));
        }
    }

    /// Ends the program when nothing is left but jobs that hang in the kernel: what is known is reported first. The process
    /// stays until the kernel lets go of their I/O; nothing but a report can be had before.
    fn give_up_if_stuck(&mut self, run: &mut dyn RunView) {
        let stuck = run.stuck();
        if stuck.is_empty() {
            return;
        }
        stuck.iter().for_each(|line| message::verbatim_error(line));
        let written = self.reporter.write(run.give_up(), true);
        if let Err(error) = written {
            message::error(format_args!("cannot write the results: {error}"));
        }
        let status = if self.signals.number().is_some() { STOPPED } else { 1 };
        std::process::exit(i32::from(status));
    }

    /// What follows stands on a line of its own: the results begin one where they go to standard output.
    fn end(self) -> Reporter<'v> {
        if self.shown && self.reporter.invocation.general.output.is_some() {
            message::text("\n");
        }
        self.reporter
    }

    /// Asks for the results so far when they are due, and tells them a look later. A write that fails is told with the last
    /// results, which fail then, too.
    fn report(&mut self, now_ms: u64, run: &mut dyn RunView) {
        if std::mem::take(&mut self.asked) {
            let _ = self.reporter.write(run.interim(), false);
        }
        if now_ms >= self.next_report_ms || self.signals.wants_report.swap(false, Ordering::Relaxed) {
            self.next_report_ms = now_ms.saturating_add(self.report_every_ms.unwrap_or(u64::MAX));
            self.asked = true;
            run.ask();
        }
    }
}

impl Observer for Progress<'_> {
    fn tick(&mut self, now_ms: u64, run: &mut dyn RunView) {
        self.report(now_ms, run);
        if let Some(bandwidth) = &mut self.bandwidth {
            bandwidth.look(now_ms, run.bytes());
        }
        for job in self.trigger.look(now_ms, run) {
            message::verbatim_error(&format!(
                "{job}: its I/O hangs, so that the state of its verification is not saved; the trigger's command runs without it"
            ));
        }
        self.tell_signal();
        self.give_up_if_stuck(run);
        if self.shows && now_ms >= self.next_ms {
            self.next_ms = now_ms + self.interval_ms;
            self.shown = true;
            message::text(&self.line.render(&run.status(), now_ms));
        }
    }
}
