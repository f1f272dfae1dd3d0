//! What could come next on the command line of `ctl`, for the completion scripts: names of running services, and what the
//! named service says of itself over its socket.
//!
//! A service that does not answer at once costs the user the limit below and gets no candidates.

use control::Format;
use control::client::{Client, RunDirectories, Target};
use reactor::clock::Duration;
use serde_json::Value;

use super::ctl;

/// Longest wait for a service's answer: who presses the tab key waits for nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// A word, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) word: String,
    pub(super) description: String,
}

/// What the last word of a command line stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted<'w> {
    Target,
    Format,
    /// Something that only the user knows.
    Anything,
    Option,
    Command,
    Argument {
        command: &'w str,
        /// How many arguments stand before it.
        earlier: usize,
    },
}

/// A command line of `ctl`, as far as it was typed.
#[derive(Debug, PartialEq, Eq)]
struct Typed<'w> {
    wanted: Wanted<'w>,
    /// What the last word begins with, if that is an option with its value: `--target=`.
    option: &'w str,
    /// The rest of the last word, or all of it.
    beginning: &'w str,
    target: Option<&'w str>,
}

/// An option of `ctl` with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Valued {
    Target,
    Timeout,
    Format,
}

impl Valued {
    fn of(word: &str) -> Option<Self> {
        match word {
            "-t" | "--target" => Some(Self::Target),
            "-T" | "--timeout" => Some(Self::Timeout),
            "-f" | "--format" => Some(Self::Format),
            _ => None,
        }
    }

    /// Takes `--target=x`, `-tx` and the like apart: the option with what joins it to its value, and the value.
    fn attached(word: &str) -> Option<(Self, &str, &str)> {
        if word.starts_with("--") {
            let (name, value) = word.split_once('=')?;
            return Some((Self::of(name)?, &word[..=name.len()], value));
        }
        let short = word.get(..2)?;
        (word.len() > 2).then_some((Self::of(short)?, short, &word[2..]))
    }

    fn wanted(self) -> Wanted<'static> {
        match self {
            Self::Target => Wanted::Target,
            Self::Format => Wanted::Format,
            Self::Timeout => Wanted::Anything,
        }
    }
}

/// Reads the words behind `ctl`; the last is the one to be completed. Bash makes a word of its own of each `=`.
fn read<'w>(words: &[&'w str]) -> Typed<'w> {
    let (&last, earlier) = words.split_last().unwrap_or((&"", &[]));
    let beginning = if last == "=" { "" } else { last };
    let (mut target, mut awaited) = (None, None);
    for (index, &word) in earlier.iter().enumerate() {
        if word == "=" {
            continue;
        }
        if let Some(option) = awaited.take() {
            if option == Valued::Target {
                target = Some(word);
            }
        } else if let Some((option, _, value)) = Valued::attached(word) {
            if option == Valued::Target {
                target = Some(value);
            }
        } else if let Some(option) = Valued::of(word) {
            awaited = Some(option);
        } else if !word.starts_with('-') {
            let wanted = Wanted::Argument { command: word, earlier: earlier.len() - index - 1 };
            return Typed { wanted, option: "", beginning, target };
        }
    }
    if let Some(option) = awaited {
        return Typed { wanted: option.wanted(), option: "", beginning, target };
    }
    if let Some((option, joint, value)) = Valued::attached(last) {
        return Typed { wanted: option.wanted(), option: joint, beginning: value, target };
    }
    let wanted = if beginning.starts_with('-') { Wanted::Option } else { Wanted::Command };
    Typed { wanted, option: "", beginning, target }
}

/// The words that the last of `words` could become.
pub(super) fn candidates(words: &[&str], directories: &RunDirectories) -> Vec<Candidate> {
    let typed = read(words);
    let service = || Service::find(typed.target, directories);
    let all = match typed.wanted {
        Wanted::Target => targets(directories),
        Wanted::Format => ["text", "json"].map(|word| candidate(word, "")).into(),
        Wanted::Anything => Vec::new(),
        Wanted::Option => options(),
        Wanted::Command => service().map_or_else(Vec::new, |mut service| service.commands()),
        Wanted::Argument { command, earlier } => {
            service().map_or_else(Vec::new, |mut service| service.arguments(command, earlier, typed.beginning))
        }
    };
    let fitting = all.into_iter().filter(|candidate| candidate.word.starts_with(typed.beginning));
    let mut fitting: Vec<_> = fitting.filter(|candidate| is_harmless(&candidate.word)).collect();
    for candidate in &mut fitting {
        candidate.word.insert_str(0, typed.option);
    }
    fitting
}

fn candidate(word: impl Into<String>, description: impl Into<String>) -> Candidate {
    Candidate { word: word.into(), description: description.into() }
}

/// Whether a shell takes a word as it is. Names come from files and sockets, and are not put on a command line otherwise.
fn is_harmless(word: &str) -> bool {
    word.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./:@+,=%".contains(letter))
}

/// The names of running services, and the process ids of those that share a name.
fn targets(directories: &RunDirectories) -> Vec<Candidate> {
    let services = directories.services();
    let mut found: Vec<Candidate> = Vec::new();
    for service in &services {
        let namesakes = services.iter().filter(|other| other.name == service.name).count();
        match service.process {
            Some(process) if namesakes > 1 => found.push(candidate(process.to_string(), &service.name)),
            Some(process) => found.push(candidate(&service.name, format!("process {process}"))),
            None => found.push(candidate(&service.name, "")),
        }
    }
    found
}

fn options() -> Vec<Candidate> {
    let command = (ctl::ENTRY.arguments)();
    let options = command.get_arguments().filter_map(|argument| {
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        Some(candidate(format!("--{}", argument.get_long()?), help))
    });
    options.collect()
}

/// A service that can be asked.
struct Service(Client);

impl Service {
    fn find(target: Option<&str>, directories: &RunDirectories) -> Option<Self> {
        let target = target.map(|text| text.parse::<Target>().unwrap_or_else(|never| match never {}));
        let socket = directories.find(target.as_ref()).ok()?;
        let mut client = Client::connect(&socket, Some(PATIENCE)).ok()?;
        client.set_format(Format::Json).ok()?.ok()?;
        Some(Self(client))
    }

    fn ask(&mut self, command: &str, arguments: &[String]) -> Option<Value> {
        self.0.call(command, arguments).ok()?.ok()
    }

    fn commands(&mut self) -> Vec<Candidate> {
        let Some(Value::Object(commands)) = self.ask("list-commands", &[]) else {
            return Vec::new();
        };
        commands.into_iter().map(|(name, usage)| candidate(name, usage.as_str().unwrap_or_default())).collect()
    }

    /// Arguments of the commands that every service has.
    fn arguments(&mut self, command: &str, earlier: usize, beginning: &str) -> Vec<Candidate> {
        match (command, earlier) {
            ("show", 0) => self.children(beginning.rsplit_once('/').map_or("", |(parent, _)| parent)),
            ("coverage/read-counter", 0) => {
                let counters = self.children("counters");
                let name = |counter: Candidate| candidate(counter.word.replacen("counters/", "", 1), "");
                counters.into_iter().map(name).collect()
            }
            ("vlog/set", _) => {
                let words = ["any", "console", "syslog", "file", "off", "emer", "err", "warn", "info", "dbg", "trace"];
                self.modules().into_iter().chain(words.map(|word| candidate(word, ""))).collect()
            }
            ("vlog/enable-rate-limit" | "vlog/disable-rate-limit", _) => self.modules(),
            _ => Vec::new(),
        }
    }

    /// The paths right below a path of the state; one that has children ends in a slash.
    fn children(&mut self, parent: &str) -> Vec<Candidate> {
        let path: Vec<String> = (!parent.is_empty()).then(|| parent.to_owned()).into_iter().collect();
        let Some(Value::Object(children)) = self.ask("show", &path) else {
            return Vec::new();
        };
        let before = if parent.is_empty() { String::new() } else { format!("{parent}/") };
        let child = |(name, value): (String, Value)| match value {
            Value::Object(_) => candidate(format!("{before}{name}/"), ""),
            value => candidate(format!("{before}{name}"), value.to_string()),
        };
        children.into_iter().map(child).collect()
    }

    /// The modules in the table of `vlog/list`.
    fn modules(&mut self) -> Vec<Candidate> {
        let answer = self.ask("vlog/list", &[]).unwrap_or_default();
        let table = answer["reply"].as_str().unwrap_or_default();
        table
            .lines()
            .skip(2)
            .filter_map(|line| line.split_whitespace().next())
            .map(|name| candidate(name, ""))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_is_understood_from_those_before_it() {
        let show = |earlier| Wanted::Argument { command: "show", earlier };
        for (line, wanted, target, option, beginning) in [
            (&[""][..], Wanted::Command, None, "", ""),
            (&["-"], Wanted::Option, None, "", "-"),
            (&["-t", "ta"], Wanted::Target, None, "", "ta"),
            (&["-tta"], Wanted::Target, None, "-t", "ta"),
            (&["--target=ta"], Wanted::Target, None, "--target=", "ta"),
            (&["--target", "=", "ta"], Wanted::Target, None, "", "ta"),
            (&["--target", "="], Wanted::Target, None, "", ""),
            (&["-t", "target", "--pretty", "-f", "j"], Wanted::Format, Some("target"), "", "j"),
            (&["-T", ""], Wanted::Anything, None, "", ""),
            (&["-T5", "--target=a", "ve"], Wanted::Command, Some("a"), "", "ve"),
            (&["-ta", "show", "x/"], show(0), Some("a"), "", "x/"),
            (&["show", "x", "-t"], show(1), None, "", "-t"),
        ] {
            assert_eq!(read(line), Typed { wanted, option, beginning, target }, "{line:?}");
        }
    }

    #[test]
    fn what_a_shell_would_read_as_more_than_a_word_is_left_out() {
        for word in ["a b", "$(reboot)", "a;b", "`x`", "a\nb", "a'b", "*"] {
            assert!(!is_harmless(word), "{word}");
        }
        assert!(is_harmless("nvme_target.connection") && is_harmless("target/controllers/1/"));
    }

    #[test]
    fn every_option_of_ctl_is_offered() {
        let offered = options();
        for name in ["--target", "--timeout", "--format", "--pretty", "--list"] {
            assert!(offered.iter().any(|candidate| candidate.word == name), "{name}");
        }
    }
}
