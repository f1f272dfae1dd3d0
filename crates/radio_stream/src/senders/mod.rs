//! The senders: how the stream reaches listeners. One folder each, and one line in [`TABLE`].
//!
//! A sender works on a thread of its own and is handed each [`Piece`] at its time; handing over never waits. What it is told at run
//! time (`sender http deny 10.0.0.0/8`) is carried out by [`Sender::command`].

pub mod access;
pub mod http;
pub mod udp;

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use control::Inspect;
use thiserror::Error;

use crate::link::SenderStatus;
use crate::piece::Piece;

/// A sender that is at work.
pub trait Sender: Send {
    /// What it is.
    fn kind(&self) -> &'static Kind;

    /// Takes a piece of the stream. Never waits.
    fn piece(&mut self, piece: &Piece);

    /// Starts or stops sending.
    fn switch(&mut self, on: bool);

    /// Carries out a command of its own; `arguments` begins with its name. None: it has no such command.
    ///
    /// # Errors
    /// One line that says what was wrong and what would be accepted.
    fn command(&mut self, arguments: &[String]) -> Option<Result<String, String>>;

    /// Takes its part of the changes.
    fn change(&mut self, changes: &mut SenderChanges);

    /// What it does, in a few words.
    fn status(&self) -> SenderStatus;

    /// What it does, in lines for people.
    fn report(&self) -> String;

    /// Its part of the state tree.
    fn state(&self) -> Arc<dyn Inspect>;

    /// Asks its thread for a sign of life.
    fn ask(&self);

    /// Signs of life so far.
    fn beats(&self) -> u64;

    /// Ends it: listeners are closed.
    fn stop(self: Box<Self>);
}

/// A kind of sender.
#[derive(Debug)]
pub struct Kind {
    /// What it is called in commands.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Its own commands: words and what they do.
    pub commands: &'static [(&'static str, &'static str)],
    /// Starts one if the settings have one.
    start: fn(&mut SenderSettings) -> Started,
}

/// A sender, if the settings have one.
type Started = Result<Option<Box<dyn Sender>>, StartError>;

/// Every kind of sender.
pub const TABLE: &[&Kind] = &[&http::KIND, &udp::KIND];

/// Commands that each sender has.
const COMMON_COMMANDS: &[(&str, &str)] = &[
    ("on", "sends"),
    ("off", "stops sending; listeners are closed"),
    ("status", "says what it does, and to whom"),
    ("help", "lists these"),
];

/// What senders there are to be, and how they are set.
#[derive(Debug, Default)]
pub struct SenderSettings {
    /// The http sender.
    pub http: Option<http::HttpSettings>,
    /// The udp sender.
    pub udp: Option<udp::UdpSettings>,
}

/// What is to be otherwise while the senders work; none: it stays as it is.
#[derive(Debug, Default)]
pub struct SenderChanges {
    /// The http sender.
    pub http: Option<http::HttpChanges>,
    /// The udp sender.
    pub udp: Option<udp::UdpChanges>,
}

/// Why a sender did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// An address could not be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the kernel said.
        source: io::Error,
    },
    /// The kernel has no threads or descriptors left.
    #[error("cannot start the {sender} sender")]
    Thread {
        /// Which.
        sender: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
}

/// All senders of a station.
pub struct Senders(Vec<Box<dyn Sender>>);

impl Senders {
    /// Starts all that the settings have.
    ///
    /// # Errors
    /// [`StartError`]; those that were started are stopped.
    pub fn start(mut settings: SenderSettings) -> Result<Self, StartError> {
        let mut senders = Self(Vec::new());
        for kind in TABLE {
            match (kind.start)(&mut settings) {
                Ok(sender) => senders.0.extend(sender),
                Err(error) => {
                    senders.stop();
                    return Err(error);
                }
            }
        }
        Ok(senders)
    }

    /// Sets them otherwise.
    pub fn change(&mut self, mut changes: SenderChanges) {
        for sender in &mut self.0 {
            sender.change(&mut changes);
        }
    }

    /// Hands a piece to each.
    pub fn piece(&mut self, piece: &Piece) {
        for sender in &mut self.0 {
            sender.piece(piece);
        }
    }

    /// Carries out a command: the words after `sender`.
    ///
    /// # Errors
    /// What was wrong, and what would be accepted.
    pub fn command(&mut self, arguments: &[String]) -> Result<String, String> {
        let Some((name, arguments)) = arguments.split_first() else {
            return Ok(self.0.iter().fold(String::new(), |list, sender| {
                let status = sender.status();
                let state = if status.on { "on" } else { "off" };
                list + &format!("{:6} {state:4} {} listening; {}\n", status.name, status.listeners, status.detail)
            }));
        };
        let Some(sender) = self.0.iter_mut().find(|sender| sender.kind().name == name) else {
            let names: Vec<&str> = self.0.iter().map(|sender| sender.kind().name).collect();
            return Err(format!("there is no sender \"{name}\"; there is {}", names.join(", ")));
        };
        match arguments.first().map(String::as_str) {
            None | Some("status") => Ok(sender.report()),
            Some(word @ ("on" | "off")) => {
                sender.switch(word == "on");
                Ok(String::new())
            }
            Some("help") => Ok(help(sender.kind())),
            Some(word) => sender.command(arguments).unwrap_or_else(|| {
                let known = COMMON_COMMANDS.iter().chain(sender.kind().commands).map(|(usage, _)| *usage);
                Err(format!(
                    "sender {name} has no command \"{word}\"; it has: {}",
                    known.collect::<Vec<_>>().join(", ")
                ))
            }),
        }
    }

    /// What each does.
    #[must_use]
    pub fn statuses(&self) -> Vec<SenderStatus> {
        self.0.iter().map(|sender| sender.status()).collect()
    }

    /// Each sender's part of the state tree, by its name.
    #[must_use]
    pub fn states(&self) -> Vec<(&'static str, Arc<dyn Inspect>)> {
        self.0.iter().map(|sender| (sender.kind().name, sender.state())).collect()
    }

    /// Asks every thread for a sign of life.
    pub fn ask(&self) {
        self.0.iter().for_each(|sender| sender.ask());
    }

    /// Signs of life so far, by sender.
    #[must_use]
    pub fn beats(&self) -> Vec<(&'static str, u64)> {
        self.0.iter().map(|sender| (sender.kind().name, sender.beats())).collect()
    }

    /// Ends them all.
    pub fn stop(self) {
        self.0.into_iter().for_each(|sender| sender.stop());
    }
}

/// A sender's commands.
fn help(kind: &Kind) -> String {
    let mut text = format!("{}: {}\n", kind.name, kind.summary);
    for (usage, effect) in kind.commands.iter().chain(COMMON_COMMANDS) {
        let _ = writeln!(text, "  sender {} {usage:<24} {effect}", kind.name);
    }
    text
}

/// The one argument of a command.
fn one_argument<'a>(arguments: &'a [String], usage: &str) -> Result<&'a str, String> {
    match arguments {
        [_, argument] => Ok(argument),
        [command, ..] => Err(format!("{command} takes one argument: {usage}")),
        [] => Err(usage.to_owned()),
    }
}

/// The arguments of a command that takes one or more.
fn some_arguments<'a>(arguments: &'a [String], usage: &str) -> Result<&'a [String], String> {
    match arguments {
        [_, given @ ..] if !given.is_empty() => Ok(given),
        [command, ..] => Err(format!("{command} takes one argument or more: {usage}")),
        [] => Err(usage.to_owned()),
    }
}
