//! What the kernel enforces, for people: `sandbox/show` and a part of the service's state.

use std::path::PathBuf;
use std::sync::Arc;

use control::{Answer, Command, Format, Inspect, Node, State};
use serde_json::Value;

use super::landlock::{ALWAYS_READ, ALWAYS_WRITTEN};
use super::layers::Layer;
use super::{Profile, Rules};

/// Why a layer is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Somebody wanted it so.
    SwitchedOff,
    /// This kernel cannot do it.
    NotInKernel,
    /// This kernel could, but was booted without it.
    NotEnabled,
}

impl Reason {
    fn text(self) -> &'static str {
        match self {
            Self::SwitchedOff => "switched off by --no-sandbox",
            Self::NotInKernel => "this kernel does not have it",
            Self::NotEnabled => "this kernel was booted without it (lsm= lacks it)",
        }
    }
}

/// How much of a layer the kernel enforces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enforcement {
    /// All of it.
    On,
    /// All but these.
    Partly(Vec<&'static str>),
    /// Nothing.
    Off(Reason),
}

/// What the kernel enforces on this process, and by which rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub(super) layers: Vec<(Layer, Enforcement)>,
    pub(super) rules: Rules,
}

impl Report {
    /// How much of a layer is enforced.
    #[must_use]
    pub fn enforcement(&self, layer: Layer) -> &Enforcement {
        let found = self.layers.iter().find(|(known, _)| *known == layer);
        found.map_or(&Enforcement::Off(Reason::SwitchedOff), |(_, enforcement)| enforcement)
    }

    /// One line for each layer that is not wholly on though it was wanted: what a log should warn of.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (layer, enforcement) in &self.layers {
            match enforcement {
                Enforcement::On | Enforcement::Off(Reason::SwitchedOff) => {}
                Enforcement::Partly(missing) => {
                    lines.push(format!("sandbox: {layer} is partly on: not limited are {}", missing.join("; ")));
                }
                Enforcement::Off(reason) => lines.push(format!("sandbox: {layer} is off: {}", reason.text())),
            }
        }
        lines
    }
}

impl Inspect for Report {
    fn inspect(&self, node: &mut Node<'_>) {
        for (layer, enforcement) in &self.layers {
            node.child(layer.name(), |node| {
                inspect_enforcement(enforcement, node);
                match layer {
                    _ if matches!(enforcement, Enforcement::Off(_)) => {}
                    Layer::NoNewPrivileges => {}
                    Layer::Landlock => inspect_rules(&self.rules, node),
                    Layer::Seccomp => inspect_profile(self.rules.profile, node),
                }
            });
        }
    }
}

fn inspect_enforcement(enforcement: &Enforcement, node: &mut Node<'_>) {
    match enforcement {
        Enforcement::On => node.value("state", "on"),
        Enforcement::Partly(missing) => {
            node.value("state", "partly on");
            node.value("not_limited", missing.join("; "));
        }
        Enforcement::Off(reason) => {
            node.value("state", "off");
            node.value("why", reason.text());
        }
    }
}

fn inspect_rules(rules: &Rules, node: &mut Node<'_>) {
    let paths = |paths: &[PathBuf]| -> Value { paths.iter().map(|path| path.display().to_string()).collect() };
    node.value("read", paths(&rules.read));
    node.value("write", paths(&rules.write));
    node.value("execute", paths(&rules.execute));
    node.value("read_by_every_service", ALWAYS_READ);
    node.value("written_by_every_service", ALWAYS_WRITTEN);
    node.value("bind_ports", rules.bind_ports.clone());
    node.value("connect_ports", rules.connect_ports.clone());
}

fn inspect_profile(profile: &Profile, node: &mut Node<'_>) {
    node.value("profile", profile.name);
    node.value("other_calls", "fail with EPERM; those that only an intruder makes end the process");
    node.child("system_calls", |node| {
        for group in profile.groups {
            // A call of which only some uses are allowed has a question mark.
            let names = group.system_calls().map(|call| {
                let mark = if call.is_conditional() { "?" } else { "" };
                format!("{}{mark}", call.name())
            });
            let names: Vec<_> = names.collect();
            node.value(group.name, names.join(" "));
        }
    });
}

/// The control command `sandbox/show`: what the kernel enforces on this service.
#[must_use]
pub fn command(report: Arc<Report>) -> Command {
    Command::new("sandbox/show", "", 0..=0, move |call| {
        let state = State::of(&*report, "").map_err(|error| error.to_string())?;
        match call.format() {
            Format::Text => Ok(Answer::Text(state.to_string())),
            Format::Json => serde_json::to_value(&state).map(Answer::Json).map_err(|error| error.to_string()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::profile::TARGET;
    use super::*;

    fn report() -> Report {
        let layers = vec![
            (Layer::NoNewPrivileges, Enforcement::Off(Reason::SwitchedOff)),
            (Layer::Landlock, Enforcement::Partly(vec!["a", "b"])),
            (Layer::Seccomp, Enforcement::On),
        ];
        let mut rules = Rules::new(&TARGET);
        rules.read = vec!["/srv/a b".into()];
        rules.bind_ports = vec![4420];
        Report { layers, rules }
    }

    #[test]
    fn a_report_as_text_and_as_json() {
        let state = State::of(&report(), "").unwrap();
        let text = state.to_string();
        let head = "no-new-privileges:\n  state: off\n  why: switched off by --no-sandbox\nlandlock:\n  state: partly on\n  \
                    not_limited: a; b\n  read: [\"/srv/a b\"]\n  write: []\n  execute: []\n  \
                    read_by_every_service: [\"/proc\",\"/sys/devices/system\",\"/sys/fs/cgroup\",\"/etc/localtime\",\
                    \"/usr/share/zoneinfo\",\"/dev/null\",\"/dev/random\",\"/dev/urandom\"]\n  written_by_every_service: [\"/dev/null\"]\n  \
                    bind_ports: [4420]\n  connect_ports: []\nseccomp:\n  state: on\n  profile: target\n";
        assert!(text.starts_with(head), "{text}");
        assert!(text.contains("\n    threads: clone? clone3? futex"), "{text}");
        let value = serde_json::to_value(&state).unwrap();
        assert_eq!(value["landlock"]["bind_ports"][0], 4420);
        assert!(value["seccomp"]["system_calls"]["files"].as_str().unwrap().contains("pread64"));
    }

    #[test]
    fn what_is_missing_unasked_is_warned_of() {
        assert_eq!(report().warnings(), ["sandbox: landlock is partly on: not limited are a; b"]);
    }
}
