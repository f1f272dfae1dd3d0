//! Decides and tells while workers run their jobs.

use std::io::IsTerminal;

use bench::command_line::{Eta, GeneralOptions};
use bench::output::status_line::{ShowStatus, StatusLine};
use bench::run::Trigger;
use bench_remote::front_end::conversation::Event;
use bench_remote::front_end::drive::Director;
use bench_remote::front_end::fleet::{Fleet, News};
use bench_remote::front_end::introduction;
use bench_remote::front_end::log_file::Histograms;
use bench_wire::message::{Tag, TextOutput};
use reactor::clock::Duration;

use super::super::interruption::Interruption;
use super::super::voice::Voice;
use super::live_view::LiveView;
use super::storage::Storage;
use super::worker_text::WorkerText;
use crate::message;

/// The front end of a run.
pub(super) struct FrontEnd<'r> {
    voice: &'r Voice,
    signals: &'r Interruption,
    storage: Storage,
    text: WorkerText,
    /// Lines of workers belong to the output.
    is_normal: bool,
    has_told_signal: bool,
    shows_progress: bool,
    interval_ms: u64,
    next_ms: u64,
    line: StatusLine,
    /// The line of the progress stands on the screen.
    is_shown: bool,
    trigger: Trigger,
    /// What workers run when it is pulled.
    trigger_remote: String,
    /// The whole screen, with `--tui`.
    view: Option<LiveView>,
    /// Somebody has asked for the end on it.
    was_ended: bool,
}

impl<'r> FrontEnd<'r> {
    pub(super) fn new(general: &GeneralOptions, voice: &'r Voice, signals: &'r Interruption, storage: Storage) -> Self {
        let show = match general.eta {
            Eta::Automatic => ShowStatus::Auto,
            Eta::Always => ShowStatus::Always,
            Eta::Never => ShowStatus::Never,
        };
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let is_normal = general.output_formats.normal;
        let interval_ms = milliseconds(general.eta_interval);
        Self {
            voice,
            signals,
            storage,
            text: WorkerText::default(),
            is_normal,
            has_told_signal: false,
            shows_progress: show.shows(std::io::stdout().is_terminal(), is_normal || general.output.is_some()),
            interval_ms,
            next_ms: interval_ms,
            line: StatusLine::new(general.eta_newline.map_or(0, milliseconds)),
            is_shown: false,
            trigger: Trigger::new(general.trigger_file.clone(), general.trigger_timeout, general.trigger.clone()),
            trigger_remote: general.trigger_remote.clone().unwrap_or_default(),
            view: None,
            was_ended: false,
        }
    }

    /// Takes the whole screen for the progress.
    ///
    /// # Errors
    /// When standard output is no terminal.
    pub(super) fn take_screen(&mut self) -> std::io::Result<()> {
        if !std::io::stdout().is_terminal() {
            return Err(std::io::Error::other("standard output is no terminal"));
        }
        self.signals.screen.remember()?;
        self.view = Some(LiveView::begin()?);
        Ok(())
    }

    /// What is run here after a trigger was pulled.
    pub(super) const fn trigger(&mut self) -> &mut Trigger {
        &mut self.trigger
    }

    /// Whether the run was ended on the screen.
    pub(super) const fn was_ended(&self) -> bool {
        self.was_ended
    }

    /// What follows stands on a line of its own.
    pub(super) fn end(&mut self) {
        let said = self.view.take().map(LiveView::end);
        self.signals.screen.forget();
        for (is_error, line) in said.into_iter().flatten() {
            if is_error {
                message::verbatim_error(&line);
            } else {
                self.voice.write_normal(&format!("{line}\n"));
            }
        }
        self.end_line();
    }

    /// Says something that belongs to the normal output, on lines of its own.
    fn write_normal(&mut self, text: &str) {
        match &mut self.view {
            Some(view) if self.is_normal => view.say(false, text),
            Some(_) => {}
            None => {
                self.end_line();
                self.voice.write_normal(text);
            }
        }
    }

    /// Says something that goes to standard error.
    fn complain(&mut self, line: &str) {
        match &mut self.view {
            Some(view) => view.say(true, line),
            None => {
                self.end_line();
                message::verbatim_error(line);
            }
        }
    }

    /// The line of the progress is over.
    fn end_line(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            message::text("\n");
        }
    }

    fn said(&mut self, fleet: &Fleet, worker: usize, text: &TextOutput) {
        for line in self.text.take(worker, text.level, text.text()) {
            self.tell(fleet, worker, text.level, &line);
        }
    }

    /// A line of a worker. It belongs to the normal output; without that, and when it is an error, it goes where it is in nobody's way.
    fn tell(&mut self, fleet: &Fleet, worker: usize, level: u32, line: &str) {
        let line = format!("<{}> {line}", fleet.workers()[worker].name());
        if level == TextOutput::ERROR || !self.is_normal {
            self.complain(&line);
        } else {
            self.write_normal(&format!("{line}\n"));
        }
    }

    fn tell_rest(&mut self, fleet: &Fleet, worker: usize) {
        for (level, line) in self.text.rest(worker) {
            self.tell(fleet, worker, level, &line);
        }
    }

    /// Says something about a worker.
    fn note(&mut self, fleet: &Fleet, worker: usize, text: impl std::fmt::Display) {
        let at = &fleet.workers()[worker];
        let place = if at.port == 0 { at.host.clone() } else { format!("{},{}", at.host, at.port) };
        self.complain(&format!("tidegate: worker {place}: {text}"));
    }

    /// Shows the progress on the whole screen. A screen that cannot be drawn on is given back, and the run goes on.
    fn show(&mut self, fleet: &mut Fleet) {
        let Some(view) = &mut self.view else { return };
        match view.show(fleet) {
            Ok(false) => {}
            // The second time, nobody waits for workers any more.
            Ok(true) if self.was_ended => fleet.abandon(),
            Ok(true) => {
                self.was_ended = true;
                fleet.stop();
            }
            Err(_) => self.end(),
        }
    }

    fn answer(&mut self, fleet: &mut Fleet, worker: usize, tag: Tag, path: &str) {
        let file = self.storage.read(worker, path);
        if file.as_ref().is_err_and(|error| Storage::is_refusal(*error)) {
            let refusal =
                format_args!("it wants the file {path:?}, which no job of this run loads as its state; refused");
            self.note(fleet, worker, refusal);
        }
        fleet.conversation(worker).answer(tag, file);
    }
}

impl Director for FrontEnd<'_> {
    fn news(&mut self, fleet: &mut Fleet, worker: usize, news: News) {
        match news {
            News::Said(Event::Introduced(probe)) if self.is_normal => {
                self.write_normal(&introduction::line(&probe));
            }
            News::Said(Event::Text(text)) => self.said(fleet, worker, &text),
            News::Said(Event::Log(log)) => {
                let at = &fleet.workers()[worker];
                let (version, histograms) = (at.conversation().version(), Histograms::of(&at.program));
                match self.storage.save_log(worker, &log, version, histograms) {
                    Ok(0) => {}
                    Ok(missing) => self.note(
                        fleet,
                        worker,
                        format_args!(
                            "{missing} samples are missing at the end of its log {}: it has not sent them",
                            log.header.name
                        ),
                    ),
                    Err(failure) => fleet.complain(worker, failure),
                }
            }
            News::Said(Event::FileWanted(tag, path)) => self.answer(fleet, worker, tag, &path),
            News::Said(Event::VerifyStates(states)) => {
                let version = fleet.workers()[worker].conversation().version();
                if let Err(error) = self.storage.save_states(worker, &states, version) {
                    self.note(fleet, worker, error);
                }
            }
            News::Said(Event::Over) => self.tell_rest(fleet, worker),
            News::Failed(failure) => {
                self.tell_rest(fleet, worker);
                self.note(fleet, worker, message::chain(&failure));
            }
            News::Said(_) => {}
        }
    }

    fn ssh_said(&mut self, fleet: &Fleet, worker: usize, line: &str) {
        self.complain(&format!("<{}> ssh: {line}", fleet.workers()[worker].name()));
    }

    fn tick(&mut self, fleet: &mut Fleet, now_ms: u64) {
        if let Some(signal) = self.signals.number()
            && !std::mem::replace(&mut self.has_told_signal, true)
        {
            self.write_normal(&format!("\nfio: terminating on signal {signal}\n"));
            fleet.stop();
        }
        if self.trigger.is_pulled(now_ms) {
            fleet.trigger(&self.trigger_remote);
        }
        self.show(fleet);
        if self.view.is_some() || !self.shows_progress || now_ms < self.next_ms {
            return;
        }
        self.next_ms = now_ms + self.interval_ms;
        if let Some(status) = fleet.progress() {
            self.is_shown = true;
            message::text(&self.line.render(&status, now_ms));
        }
    }
}
