//! The commands: a file each in this folder, and a line each in [`TABLE`]. ssh, the shell, the control socket and the tests find
//! them here.
//!
//! A command is a function that runs on a thread of its own, reads its input, writes to two outputs and may wait: see [`Call`]. What it
//! takes is a clap command, from which its help, the messages about wrong usage and the completion of options are made.
//!
//! Exit status: 0 done; 1 it failed; 2 wrong usage, or no such command; 3 the user lacks a right. Nothing is printed on
//! standard output by a command that failed before it began; what went wrong is one line on standard error.
//!
//! Cost: a thread of the runtime's pool for each command that runs, so a `stat` that follows holds one, asleep.

mod add;
mod addatt;
mod blobs;
mod check;
mod cpsi;
mod ff;
mod help;
mod hup;
mod init;
mod jmp;
mod ll;
mod ls;
mod lsatt;
mod mvatt;
mod next;
mod nomore;
mod pause;
mod play;
mod rm;
mod rmatt;
mod search;
mod select;
mod sender;
mod setatt;
mod si;
mod stat;
mod stop;
mod tasks;
mod term;
mod touch;
mod translate;
mod version;
mod why;

use std::io::{self, Read, Write};
use std::sync::Arc;

use clap::ArgMatches;
use radio_library::pattern::{Pattern, Slashes};
use radio_stream::link::{Answer, Request};
use tokio::sync::watch;

use blobs::{Images, Lyrics, Moods, Playlists};

use crate::context::Context;
use crate::rights::Rights;
use crate::sessions::{Task, count};
use crate::users::User;

/// A command.
#[derive(Debug)]
pub struct CommandEntry {
    /// Its name.
    pub name: &'static str,
    /// What a user needs; each of them.
    pub rights: Rights,
    /// What it does (`about`), in detail (`after_help`), and what it takes.
    pub arguments: fn() -> clap::Command,
    /// Whether it reads standard input.
    pub reads_input: bool,
    /// Does it.
    pub run: fn(&mut Call<'_>) -> Result<(), CommandError>,
    /// Words that an argument may be, for completion.
    pub words: fn(&Context) -> Vec<String>,
}

/// Every command, in the order of `help`.
pub const TABLE: &[CommandEntry] = &[
    add::ENTRY,
    addatt::ENTRY,
    blobs::add::<Images>(),
    blobs::add::<Lyrics>(),
    blobs::add::<Moods>(),
    blobs::add::<Playlists>(),
    blobs::cat::<Images>(),
    blobs::cat::<Lyrics>(),
    blobs::cat::<Moods>(),
    blobs::cat::<Playlists>(),
    check::ENTRY,
    cpsi::ENTRY,
    ff::ENTRY,
    help::ENTRY,
    hup::ENTRY,
    init::ENTRY,
    jmp::ENTRY,
    ll::ENTRY,
    ls::ENTRY,
    lsatt::ENTRY,
    blobs::ls::<Images>(),
    blobs::ls::<Lyrics>(),
    blobs::ls::<Moods>(),
    blobs::ls::<Playlists>(),
    mvatt::ENTRY,
    blobs::mv::<Images>(),
    blobs::mv::<Lyrics>(),
    blobs::mv::<Moods>(),
    blobs::mv::<Playlists>(),
    next::ENTRY,
    nomore::ENTRY,
    pause::ENTRY,
    play::ENTRY,
    rm::ENTRY,
    rmatt::ENTRY,
    blobs::rm::<Images>(),
    blobs::rm::<Lyrics>(),
    blobs::rm::<Moods>(),
    blobs::rm::<Playlists>(),
    search::ENTRY,
    select::ENTRY,
    sender::ENTRY,
    setatt::ENTRY,
    si::ENTRY,
    stat::ENTRY,
    stop::ENTRY,
    tasks::ENTRY,
    term::ENTRY,
    touch::ENTRY,
    translate::ENTRY,
    version::ENTRY,
    why::ENTRY,
];

/// No words to complete an argument with.
fn no_words(_: &Context) -> Vec<String> {
    Vec::new()
}

/// A pattern of paths or names, in which `*` stands for slashes as well.
fn pattern(text: &str) -> Result<Pattern, CommandError> {
    Pattern::new(text, Slashes::Ordinary).map_err(CommandError::usage)
}

/// How wide help and errors are wrapped.
const HELP_COLUMNS: usize = 100;

/// Why a command did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It was given something that it does not take; what, and what it takes.
    #[error("{0}")]
    Usage(String),
    /// It could not be done.
    #[error("{0}")]
    Failed(String),
    /// The user may not.
    #[error("{user} lacks the right {lacking} for {name}")]
    Forbidden {
        /// The command.
        name: &'static str,
        /// The user.
        user: Arc<str>,
        /// The rights that are missing.
        lacking: Rights,
    },
    /// Whoever gave the command has gone, or broke it off.
    #[error("interrupted")]
    Interrupted,
}

impl CommandError {
    /// It could not be done, because of that.
    pub fn failed(reason: impl std::fmt::Display) -> Self {
        Self::Failed(reason.to_string())
    }

    /// It could not be done, because of that and of what that came from.
    pub fn caused(error: impl std::error::Error) -> Self {
        let causes = std::iter::successors(error.source(), |error| error.source());
        Self::Failed(causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}")))
    }

    /// Wrong usage.
    pub fn usage(reason: impl std::fmt::Display) -> Self {
        Self::Usage(reason.to_string())
    }

    fn status(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Forbidden { .. } => 3,
            // As shells have it for what SIGINT ended.
            Self::Interrupted => 130,
        }
    }
}

impl From<io::Error> for CommandError {
    /// For the two outputs and the input: their only error is that nobody is there any more.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::Interrupted => Self::Interrupted,
            _ => Self::failed(error),
        }
    }
}

/// Where a command reads and writes.
pub struct Streams<'a> {
    /// Standard input.
    pub input: &'a mut dyn Read,
    /// Standard output. The front writes it out when the command ends, waits, or has written much.
    pub output: &'a mut dyn Write,
    /// Standard error.
    pub error: &'a mut dyn Write,
    /// Becomes true when whoever gave the command has gone or wants it to end.
    pub interrupted: watch::Receiver<bool>,
}

impl std::fmt::Debug for Streams<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Streams").finish_non_exhaustive()
    }
}

/// A command being run.
#[derive(Debug)]
pub struct Call<'a> {
    /// What it works on.
    pub context: &'a Context,
    /// Who gave it.
    pub user: &'a User,
    /// Whether it may go on for as long as somebody listens.
    pub follows: bool,
    /// What it was given.
    pub matches: ArgMatches,
    /// Where it reads and writes.
    pub streams: Streams<'a>,
}

impl Call<'_> {
    /// Whether a flag was given.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.matches.get_flag(name)
    }

    /// The value of an option or argument.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.matches.get_one::<String>(name).map(String::as_str)
    }

    /// All values of an option or argument.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<String> {
        self.matches.get_many::<String>(name).into_iter().flatten().cloned().collect()
    }

    /// The patterns of paths or names that an argument is.
    ///
    /// # Errors
    /// When one is no pattern.
    pub fn patterns(&self, name: &str) -> Result<Vec<Pattern>, CommandError> {
        self.values(name).iter().map(|text| pattern(text)).collect()
    }

    /// Waits until what is watched changes, however long that takes. What was written is written out before.
    ///
    /// # Errors
    /// When nobody is there any more, or wants it to end.
    pub fn wait_for_change<T>(&mut self, watched: &mut watch::Receiver<T>) -> Result<(), CommandError> {
        self.streams.output.flush()?;
        let interrupted = &mut self.streams.interrupted;
        tokio::runtime::Handle::current().block_on(async {
            tokio::select! {
                _ = interrupted.wait_for(|interrupted| *interrupted) => Err(CommandError::Interrupted),
                changed = watched.changed() => changed.map_err(|_| CommandError::Interrupted),
            }
        })
    }

    /// Asks the station for something.
    ///
    /// # Errors
    /// When it refuses, or is gone.
    pub fn ask(&self, request: Request) -> Result<Answer, CommandError> {
        self.context.station.ask(request).map_err(CommandError::caused)
    }

    /// A line on standard output.
    ///
    /// # Errors
    /// When nobody is there to read it.
    pub fn line(&mut self, text: impl std::fmt::Display) -> Result<(), CommandError> {
        Ok(writeln!(self.streams.output, "{text}")?)
    }

    /// A line on standard error: something to know that is no reason to fail.
    ///
    /// # Errors
    /// When nobody is there to read it.
    pub fn note(&mut self, text: impl std::fmt::Display) -> Result<(), CommandError> {
        Ok(writeln!(self.streams.error, "{text}")?)
    }

    /// Standard input to its end.
    ///
    /// # Errors
    /// When it is longer than `limit` bytes, or whoever sends it has gone.
    pub fn read_input(&mut self, limit: u64) -> Result<Vec<u8>, CommandError> {
        let mut bytes = Vec::new();
        let read = (&mut self.streams.input).take(limit + 1).read_to_end(&mut bytes)?;
        if read as u64 > limit {
            return Err(CommandError::failed(format_args!("standard input is longer than {limit} bytes")));
        }
        Ok(bytes)
    }
}

/// The command of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static CommandEntry> {
    TABLE.iter().find(|entry| entry.name == name)
}

impl CommandEntry {
    /// Its clap command, with what all have in common.
    #[must_use]
    pub fn command(&self) -> clap::Command {
        (self.arguments)()
            .name(self.name)
            .no_binary_name(true)
            .disable_version_flag(true)
            .color(clap::ColorChoice::Never)
            .term_width(HELP_COLUMNS)
            .bin_name(self.name)
    }

    /// Its whole help, with the rights it needs.
    #[must_use]
    pub fn help(&self) -> String {
        format!("{}\nRights: {}\n", self.command().render_long_help().to_string().trim_end(), self.rights)
    }
}

/// What commands on the control socket have for a front. Their input is at its end, and they do not follow anything.
pub(crate) const CONTROL_FRONT: &str = "ctl";

/// Who gives a command, and how it came.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Who.
    pub user: User,
    /// `ssh`, `mpd` or `ctl`.
    pub front: &'static str,
    /// From where; empty for the control socket.
    pub peer: String,
}

/// Runs the command that these words are, to its end, and says what went wrong. Returns the exit status. Blocks.
pub fn run(context: &Context, origin: &Origin, words: &[String], streams: Streams<'_>) -> u8 {
    let counters = context.sessions.counters();
    count(&counters.commands);
    let task = context.sessions.begin(Task {
        number: 0,
        front: origin.front,
        user: Arc::clone(&origin.user.name),
        peer: origin.peer.clone(),
        command: words.join(" "),
        since: reactor::clock::now(),
    });
    let status = run_words(context, origin, words, streams);
    drop(task);
    if status != 0 {
        count(&counters.failed_commands);
    }
    tracing::debug!(user = %origin.user.name, front = origin.front, ?words, status, "command");
    status
}

fn run_words(context: &Context, origin: &Origin, words: &[String], streams: Streams<'_>) -> u8 {
    let Streams { input, output, error, interrupted } = streams;
    let user = &origin.user;
    let name = words.first().map_or("", String::as_str);
    let result = (|| {
        let entry = find(name).ok_or_else(|| CommandError::Usage(no_such_command(name)))?;
        let lacking = user.rights.lacking(entry.rights);
        if lacking != Rights::NONE {
            return Err(CommandError::Forbidden { name: entry.name, user: Arc::clone(&user.name), lacking });
        }
        let matches = match entry.command().try_get_matches_from(&words[1..]) {
            Ok(matches) => matches,
            Err(problem) if !problem.use_stderr() => {
                write!(output, "{}", entry.help())?;
                return Ok(());
            }
            Err(problem) => {
                let problem = one_line(&problem);
                return Err(CommandError::usage(format_args!("{name}: {problem} (help {name} says what it takes)")));
            }
        };
        let streams = Streams { input, output: &mut *output, error: &mut *error, interrupted };
        let follows = origin.front != CONTROL_FRONT;
        (entry.run)(&mut Call { context, user, follows, matches, streams })
    })();
    // Whoever would read it may be gone.
    let _ = output.flush();
    match result {
        Ok(()) => 0,
        Err(problem) => {
            let _ = match &problem {
                CommandError::Interrupted => Ok(()),
                CommandError::Failed(text) => writeln!(error, "{name}: {text}"),
                other => writeln!(error, "{other}"),
            };
            let _ = error.flush();
            problem.status()
        }
    }
}

fn no_such_command(name: &str) -> String {
    let nearest = TABLE
        .iter()
        .map(|entry| (strsim::damerau_levenshtein(entry.name, name), entry.name))
        .filter(|(distance, _)| *distance <= 2)
        .min();
    match nearest {
        Some((_, meant)) => format!("there is no command {name:?}; did you mean {meant}? (help lists all)"),
        None => format!("there is no command {name:?}; help lists all"),
    }
}

/// clap's error without its usage: what is wrong, and what would be accepted.
fn one_line(problem: &clap::Error) -> String {
    let text = problem.render().to_string();
    let is_said =
        |line: &&str| !line.is_empty() && !line.starts_with("For more information") && !line.starts_with("Usage:");
    let mut one = String::new();
    for line in text.lines().map(str::trim).filter(is_said) {
        one.push_str(if one.is_empty() {
            ""
        } else if one.ends_with(':') {
            " "
        } else {
            "; "
        });
        one.push_str(line.strip_prefix("error: ").unwrap_or(line));
    }
    one
}

#[cfg(test)]
mod tests;
