//! What a supervisor shows of itself: the state tree, the table of services, the title of the process.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use control::{Inspect, Node};
use reactor::clock::{self, Instant};

use super::managed::Managed;
use crate::process_end::ProcessEnd;
use crate::supervision::{ServiceIndex, ServiceState, Supervision};

/// One service, as it is at the moment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct View {
    pub(super) name: String,
    pub(super) state: ServiceState,
    pub(super) process: Option<i32>,
    started: Option<Instant>,
    crashes: u32,
    last_crash: Option<(i32, ProcessEnd)>,
    status: Option<String>,
    sockets: Vec<(String, String)>,
}

/// The views of all services, for the control thread.
#[derive(Debug, Clone, Default)]
pub(super) struct Board(Arc<Mutex<Vec<View>>>);

impl Board {
    /// Whether this is what it shows.
    pub(super) fn is_at(&self, views: &[View]) -> bool {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) == views
    }

    pub(super) fn update(&self, views: Vec<View>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = views;
    }

    pub(super) fn views(&self) -> Vec<View> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Inspect for Board {
    fn inspect(&self, node: &mut Node<'_>) {
        let now = clock::now();
        for view in self.views() {
            node.child(view.name.clone(), |node| view.inspect(node, now));
        }
    }
}

impl View {
    fn inspect(&self, node: &mut Node<'_>, now: Instant) {
        node.value("state", state_name(self.state));
        if let ServiceState::Throttled(until) = self.state {
            node.value("starts_in_s", until.saturating_duration_since(now).as_secs_f64());
        }
        if let (Some(process), Some(started)) = (self.process, self.started) {
            node.value("process", process);
            node.value("uptime_s", now.saturating_duration_since(started).as_secs());
        }
        if let Some(status) = &self.status {
            node.value("status", status.as_str());
        }
        node.value("crashes", self.crashes);
        if let Some((process, end)) = self.last_crash {
            node.value("last_crash", format!("pid {process} died, {end}"));
        }
        node.child("sockets", |node| {
            for (kind, address) in &self.sockets {
                node.value(kind.as_str(), address.as_str());
            }
        });
    }
}

/// The word for a state.
pub(super) fn state_name(state: ServiceState) -> &'static str {
    match state {
        ServiceState::Starting => "starting",
        ServiceState::Ready => "ready",
        ServiceState::Throttled(_) => "throttled",
        ServiceState::Stopping => "stopping",
        ServiceState::Stopped => "stopped",
        ServiceState::Ended => "ended",
        ServiceState::GaveUp => "gave up",
    }
}

/// All services that are in the configuration.
pub(super) fn of_all(supervision: &Supervision, services: &[Managed]) -> Vec<View> {
    let present = services.iter().enumerate().filter(|(_, managed)| !managed.removed);
    let view = |(index, managed): (usize, &Managed)| View {
        name: managed.definition.name.clone(),
        state: supervision.state(ServiceIndex(index)),
        process: managed.process_id().map(|process| process.as_raw_pid()),
        started: managed.started(),
        crashes: supervision.crashes(ServiceIndex(index)),
        last_crash: managed.last_crash,
        status: managed.status.clone(),
        sockets: managed
            .sockets
            .iter()
            .map(|socket| {
                let address = socket.listener.local_addr().map_or_else(|_| "-".to_owned(), |found| found.to_string());
                (socket.kind.clone(), address)
            })
            .collect(),
    };
    present.map(view).collect()
}

/// The title of the supervisor's process.
pub(super) fn title(views: &[View], has_many: bool) -> String {
    let mut title = match views {
        [only] if !has_many => match only.process {
            Some(process) => format!("tidegate: monitoring pid {process}"),
            None => "tidegate: monitoring".to_owned(),
        },
        _ => format!("tidegate: supervising {} services", views.len()),
    };
    let ill: Vec<&View> = views.iter().filter(|view| view.state != ServiceState::Ready).collect();
    let crashes: u32 = views.iter().map(|view| view.crashes).sum();
    let last_crash = views.iter().filter_map(|view| view.last_crash).next_back();
    match (ill.as_slice(), crashes, last_crash) {
        (_, 1.., Some((process, end))) => {
            let _ = write!(title, " ({crashes} crashes: pid {process} died, {end})");
        }
        ([], ..) => title.push_str(" (healthy)"),
        (ill, ..) => {
            let names: Vec<_> = ill.iter().map(|view| format!("{} {}", view.name, state_name(view.state))).collect();
            let _ = write!(title, " ({})", names.join(", "));
        }
    }
    title
}

/// The table of `service/list`.
pub(super) fn table(views: &[View]) -> String {
    let mut text = format!("{:<20} {:<10} {:>8} {:>9} {:>8}\n", "service", "state", "process", "uptime", "crashes");
    let now = clock::now();
    for view in views {
        let process = view.process.map_or_else(|| "-".to_owned(), |process| process.to_string());
        let uptime = view.started.map_or_else(
            || "-".to_owned(),
            |started| format!("{} s", now.saturating_duration_since(started).as_secs()),
        );
        let _ = writeln!(
            text,
            "{:<20} {:<10} {process:>8} {uptime:>9} {:>8}",
            view.name,
            state_name(view.state),
            view.crashes
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(state: ServiceState) -> View {
        View {
            name: "target".into(),
            state,
            process: Some(7),
            started: None,
            crashes: 0,
            last_crash: None,
            status: None,
            sockets: Vec::new(),
        }
    }

    #[test]
    fn c02_the_title_tells_how_it_goes() {
        let healthy = view(ServiceState::Ready);
        assert_eq!(title(std::slice::from_ref(&healthy), false), "tidegate: monitoring pid 7 (healthy)");
        let end = ProcessEnd::Killed { signal: libc::SIGSEGV, core_dumped: true };
        let crashed = View { crashes: 2, last_crash: Some((6, end)), ..healthy.clone() };
        let expected = "tidegate: monitoring pid 7 (2 crashes: pid 6 died, killed (Segmentation fault), core dumped)";
        assert_eq!(title(&[crashed], false), expected);
        let starting = View { name: "radio".into(), process: None, ..view(ServiceState::Starting) };
        assert_eq!(title(&[healthy, starting], true), "tidegate: supervising 2 services (radio starting)");
    }
}
