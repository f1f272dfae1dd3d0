//! Decides and tells while workers run their jobs.

use std::io::IsTerminal;

use bench::command_line::{Eta, GeneralOptions};
use bench::output::status_line::{ShowStatus, StatusLine};
use bench_remote::front_end::conversation::Event;
use bench_remote::front_end::drive::Director;
use bench_remote::front_end::fleet::{Fleet, News};
use bench_remote::front_end::introduction;
use bench_remote::front_end::log_file::Histograms;
use bench_wire::message::{Tag, TextOutput};
use reactor::clock::Duration;

use super::super::interruption::Interruption;
use super::super::voice::Voice;
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
        }
    }

    /// What follows stands on a line of its own.
    pub(super) fn end(&mut self) {
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
        self.end();
        let line = format!("<{}> {line}", fleet.workers()[worker].name());
        if level == TextOutput::ERROR || !self.is_normal {
            message::verbatim_error(&line);
        } else {
            self.voice.write_normal(&format!("{line}\n"));
        }
    }

    fn tell_rest(&mut self, fleet: &Fleet, worker: usize) {
        for (level, line) in self.text.rest(worker) {
            self.tell(fleet, worker, level, &line);
        }
    }

    /// Says something about a worker.
    fn note(&mut self, fleet: &Fleet, worker: usize, text: impl std::fmt::Display) {
        self.end();
        let at = &fleet.workers()[worker];
        let place = if at.port == 0 { at.host.clone() } else { format!("{},{}", at.host, at.port) };
        message::error(format_args!("worker {place}: {text}"));
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
                self.end();
                self.voice.write_normal(&introduction::line(&probe));
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
            News::Said(Event::Over) => self.tell_rest(fleet, worker),
            News::Failed(failure) => {
                self.tell_rest(fleet, worker);
                self.note(fleet, worker, message::chain(&failure));
            }
            News::Said(_) => {}
        }
    }

    fn ssh_said(&mut self, fleet: &Fleet, worker: usize, line: &str) {
        self.end();
        message::verbatim_error(&format!("<{}> ssh: {line}", fleet.workers()[worker].name()));
    }

    fn tick(&mut self, fleet: &mut Fleet, now_ms: u64) {
        if let Some(signal) = self.signals.number()
            && !std::mem::replace(&mut self.has_told_signal, true)
        {
            self.voice.write_normal(&format!("\nfio: terminating on signal {signal}\n"));
            fleet.stop();
        }
        if !self.shows_progress || now_ms < self.next_ms {
            return;
        }
        self.next_ms = now_ms + self.interval_ms;
        if let Some(status) = fleet.progress() {
            self.is_shown = true;
            message::text(&self.line.render(&status, now_ms));
        }
    }
}
