//! `--tui`: the progress of all workers on the whole screen: the sum, a line for each worker, and what was said last.
//!
//! What is said while it is shown is kept, and told when the screen is given back.

use std::io;

use bench::output::number::{Prefix, Unit, format_number};
use bench::output::status_line::{Remaining, Status};
use bench::statistics::BandwidthUnit;
use bench_remote::front_end::Stage;
use bench_remote::front_end::fleet::{Fleet, State, Worker};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Gauge, Paragraph, Row, Table};
use ratatui::{DefaultTerminal, Frame};
use reactor::clock::Duration;

/// Most lines that are kept for the end; what is said before those is lost.
const LINES_MAX: usize = 10_000;
/// Lines at the foot of the screen.
const FOOT_LINES: u16 = 6;
const COLUMNS: [&str; 6] = ["worker", "state", "jobs", "bandwidth", "IOPS", "time left"];

/// The screen while it is ours.
pub(super) struct LiveView {
    terminal: DefaultTerminal,
    said: Said,
}

/// What was said: whether it is an error, and the line.
#[derive(Default)]
struct Said(std::collections::VecDeque<(bool, String)>);

impl Said {
    fn add(&mut self, is_error: bool, text: &str) {
        for line in text.lines() {
            if self.0.len() == LINES_MAX {
                self.0.pop_front();
            }
            self.0.push_back((is_error, line.to_owned()));
        }
    }
}

impl LiveView {
    /// Takes the screen.
    ///
    /// # Errors
    /// When there is no terminal to take.
    pub(super) fn begin() -> io::Result<Self> {
        Ok(Self { terminal: ratatui::try_init()?, said: Said::default() })
    }

    /// Keeps what is said.
    pub(super) fn say(&mut self, is_error: bool, text: &str) {
        self.said.add(is_error, text);
    }

    /// Gives the screen back; returns what was said.
    pub(super) fn end(self) -> impl Iterator<Item = (bool, String)> {
        ratatui::restore();
        self.said.0.into_iter()
    }

    /// Shows how everything is. Whether somebody has pressed `q` or Ctrl-C.
    ///
    /// # Errors
    /// Those of the terminal.
    pub(super) fn show(&mut self, fleet: &Fleet) -> io::Result<bool> {
        self.terminal.draw(|frame| draw(frame, fleet, &self.said))?;
        let mut wants_end = false;
        while event::poll(Duration::ZERO)? {
            if let Event::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
            {
                let is_interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                wants_end |= is_interrupt || key.code == KeyCode::Char('q');
            }
        }
        Ok(wants_end)
    }
}

fn draw(frame: &mut Frame<'_>, fleet: &Fleet, said: &Said) {
    let parts = Layout::vertical([Constraint::Length(3), Constraint::Min(3), Constraint::Length(FOOT_LINES + 2)]);
    let [head, body, foot] = parts.areas(frame.area());
    let sum = fleet.progress();
    let done = fleet.workers().iter().filter(|worker| !worker.is_talking()).count();
    let title = format!(" {} workers, {done} done — q ends the jobs ", fleet.workers().len());
    let gauge = Gauge::default().block(Block::new().borders(Borders::ALL).title(title));
    let label = sum.as_ref().map_or_else(|| "waiting for all workers".to_owned(), described);
    frame.render_widget(gauge.ratio(sum.as_ref().map_or(0.0, share)).label(label), head);
    // Workers that are done make room for those that are not.
    let room = usize::from(body.height.saturating_sub(1));
    let mut order: Vec<&Worker> = fleet.workers().iter().collect();
    if order.len() > room {
        order.sort_by_key(|worker| (worker.state == State::Done, worker.state != State::Failed));
    }
    let widths = [
        // Whole addresses and one direction's numbers, from 70 columns on.
        Constraint::Fill(16),
        Constraint::Length(10),
        Constraint::Length(8),
        Constraint::Fill(13),
        Constraint::Fill(8),
        Constraint::Length(10),
    ];
    let heading = Row::new(COLUMNS).style(Style::new().add_modifier(Modifier::BOLD));
    frame.render_widget(Table::new(order.into_iter().take(room).map(row), widths).header(heading), body);
    let last = said.0.iter().rev().take(usize::from(FOOT_LINES)).rev();
    let lines: Vec<Line<'_>> = last
        .map(|(is_error, line)| Line::styled(line.as_str(), if *is_error { Color::Red } else { Color::Reset }))
        .collect();
    frame.render_widget(Paragraph::new(lines).block(Block::new().borders(Borders::ALL).title(" messages ")), foot);
}

fn row(worker: &Worker) -> Row<'static> {
    let (state, color) = match worker.state {
        State::Talking(Stage::Asking) => ("connecting", Color::Yellow),
        State::Talking(Stage::Ready) => ("ready", Color::Yellow),
        State::Talking(Stage::Running) => ("running", Color::Green),
        State::Done => ("done", Color::Reset),
        State::Failed => ("failed", Color::Red),
    };
    let place = if worker.port == 0 { worker.host.clone() } else { format!("{},{}", worker.host, worker.port) };
    let name = if worker.host_name.is_empty() { place } else { format!("{place} ({})", worker.host_name) };
    let progress = worker.progress.as_ref().filter(|_| worker.is_talking());
    let shown = |text: fn(&Status) -> String| progress.map(text).unwrap_or_default();
    Row::new([
        name,
        state.to_owned(),
        shown(|status| status.run_states.clone()),
        shown(|status| each(&status.rate, |rate| bandwidth(status, rate))),
        shown(|status| each(&status.iops, |iops| format_number(iops, 4, 1, Prefix::Decimal, Unit::None))),
        shown(|status| time_left(status.remaining)),
    ])
    .style(Style::new().fg(color))
}

/// A text for each direction in which anything is done.
fn each(values: &[u64; 3], text: impl Fn(u64) -> String) -> String {
    let done = ["r", "w", "t"].into_iter().zip(values).filter(|(_, value)| **value != 0);
    done.map(|(letter, value)| format!("{letter} {}", text(*value))).collect::<Vec<_>>().join("  ")
}

fn bandwidth(status: &Status, kibibytes: u64) -> String {
    let unit = match status.unit {
        BandwidthUnit::Bytes => Unit::BytesPerSecond,
        BandwidthUnit::Bits => Unit::BitsPerSecond,
    };
    format_number(kibibytes, 4, 1024, status.prefix, unit)
}

fn time_left(remaining: Remaining) -> String {
    match remaining {
        Remaining::Seconds(seconds) => format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60),
        Remaining::Unknown | Remaining::Unmeasurable => String::new(),
    }
}

fn described(status: &Status) -> String {
    let rates = each(&status.rate, |rate| bandwidth(status, rate));
    let iops = each(&status.iops, |iops| format_number(iops, 4, 1, Prefix::Decimal, Unit::None));
    format!("{} jobs   {rates}   {iops} IOPS   {}", status.running, time_left(status.remaining))
}

/// How much of the time is over, 0 to 1.
fn share(status: &Status) -> f64 {
    let Remaining::Seconds(remaining) = status.remaining else { return 0.0 };
    let all = status.elapsed_seconds.saturating_add(remaining);
    if all == 0 { 0.0 } else { (status.elapsed_seconds as f64 / all as f64).clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use bench_remote::conversion::from_wire;
    use bench_remote::front_end::Failure;
    use bench_remote::front_end::conversation::Conversation;
    use bench_remote::front_end::jobs::WorkerJobs;
    use bench_wire::message::{Eta, FrontEndMessage};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    fn fleet(workers: u16) -> Fleet {
        let mut fleet = Fleet::default();
        for number in 0..workers {
            let jobs = WorkerJobs { messages: vec![FrontEndMessage::Job(Default::default())], ..Default::default() };
            fleet.add(&format!("10.0.0.{number}"), 8765, Conversation::new("a", &jobs, 0));
        }
        fleet
    }

    fn screen(fleet: &Fleet, said: &Said) -> String {
        let mut terminal = Terminal::new(TestBackend::new(100, 16)).unwrap();
        terminal.draw(|frame| draw(frame, fleet, said)).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn every_worker_has_a_line_and_those_that_failed_come_first_when_there_are_too_many() {
        let mut few = fleet(2);
        few.lost(1, Failure::VersionRefused, 0);
        let mut said = Said::default();
        said.add(true, "worker 10.0.0.1,8765: gone\n");
        let text = screen(&few, &said);
        for shown in
            ["2 workers, 1 done", "10.0.0.0,8765", "connecting", "failed", "worker 10.0.0.1,8765: gone", "waiting"]
        {
            assert!(text.contains(shown), "{shown}: {text}");
        }
        let mut many = fleet(50);
        many.lost(49, Failure::VersionRefused, 0);
        let text = screen(&many, &Said::default());
        assert!(text.contains("10.0.0.49,8765") && text.contains("10.0.0.0,8765") && !text.contains("10.0.0.30,8765"));
    }

    #[test]
    fn figures_are_shown_by_direction() {
        let eta =
            Eta { running: 2, rate: [2048, 0, 0], iops: [512, 0, 0], elapsed_s: 1, remaining_s: 3, ..Eta::default() };
        let status = from_wire::status(&Eta { is_binary: true, unit_base: 4, significant_figures: 4, ..eta });
        assert_eq!(described(&status), "2 jobs   r 2048KiB/s   r 512 IOPS   0:00:03");
        assert_eq!(share(&status), 0.25);
        assert_eq!(share(&Status { remaining: Remaining::Unknown, ..status }), 0.0);
    }

    #[test]
    fn what_is_said_is_kept_within_limits() {
        let mut said = Said::default();
        (0..=LINES_MAX).for_each(|number| said.add(false, &format!("{number}\n")));
        assert_eq!((said.0.len(), said.0[0].1.as_str()), (LINES_MAX, "1"));
    }
}
