//! What a service says: levels for each module and destination that can be changed while it runs.
//!
//! ```text
//! tracing's macros ─► LoggingLayer ─► rate limit ─► Record ─► console | syslog | file   (each with its own Pattern)
//!                          ▲
//!                 levels: vlog/set, -v
//! ```
//!
//! A module is named by the first two parts of a `tracing` target, with a dot between them (`nvme_target.connection`).
//! Two fields have a meaning here: `per_minute = N` limits how often that one statement is logged, and `fatal = true`
//! makes an error an emergency. All other fields, also those of the spans around, follow the message as `name=value`.
//!
//! ```
//! use control::log::Logging;
//!
//! let logging = Logging::new("target");
//! logging.apply("console:warn")?;
//! logging.install()?;
//! tracing::warn!(per_minute = 5, peer = "10.0.0.7", "connection refused");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Cost: a message that nobody wants is two relaxed loads. One that is wanted takes a lock, a few allocations and a system
//! call for each destination; data paths say such things with `per_minute`.

mod calendar;
mod facility;
mod file;
mod layer;
mod level;
mod modules;
mod options;
mod pattern;
mod rate_limit;
mod record;
mod sinks;
mod specification;
mod syslog;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub use facility::Facility;
pub use layer::LoggingLayer;
pub use level::Level;
pub use options::{LogEnvironment, LogFileOption, LogFormat, LogOptions, LogOptionsError};
pub use pattern::Pattern;
use reactor::clock::{self, Instant};
use serde_json::Value;
pub use specification::{Setting, SpecificationError};
pub use syslog::{SyslogMethod, UnsupportedSyslogMethod};
use thiserror::Error;
use tracing::subscriber::SetGlobalDefaultError;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

use self::file::{LogFile, Reopening};
use self::layer::Site;
use self::modules::{Module, Modules};
use self::rate_limit::{Dropped, Limiter};
use self::record::Record;
use self::sinks::Sinks;
use self::syslog::Syslog;
use crate::{Inspect, Node};

/// The module that speaks about logging itself.
const OWN_MODULE: &str = "vlog";

/// Where messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// Standard error.
    Console,
    /// The system's log.
    Syslog,
    /// The log file, if one was asked for.
    File,
}

/// Every destination, in the order of `vlog/list`.
pub const DESTINATIONS: [Destination; 3] = [Destination::Console, Destination::Syslog, Destination::File];

impl Destination {
    /// The destination of that name; case does not matter.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        DESTINATIONS.into_iter().find(|destination| destination.name().eq_ignore_ascii_case(name))
    }

    /// `console`, `syslog` or `file`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Syslog => "syslog",
            Self::File => "file",
        }
    }
}

/// Why the log file cannot be reopened. The old one stays in use.
#[derive(Debug, Error)]
pub enum ReopenError {
    /// None was ever asked for.
    #[error("Logging to file not configured")]
    NotConfigured,
    /// It cannot be opened by its name.
    #[error("cannot open log file {}: {reason}", .path.display())]
    Open {
        /// Its name.
        path: PathBuf,
        /// Why not.
        reason: io::Error,
    },
}

/// A word that names no module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("unknown module")]
pub struct UnknownModule;

/// The log of this process. A cheap handle; all clones are the same log.
#[derive(Clone)]
pub struct Logging(Arc<Shared>);

struct Shared {
    modules: RwLock<Modules>,
    sinks: Mutex<Sinks>,
    limiter: Mutex<Limiter<Site>>,
    serial: AtomicU64,
    started: Instant,
    subprogram: RwLock<String>,
}

impl Logging {
    /// A log of a program of that name, to standard error only, at level INFO.
    #[must_use]
    pub fn new(application: impl Into<String>) -> Self {
        Self::with_console(application, Box::new(io::stderr()))
    }

    /// As [`new`](Self::new), with something else in the place of standard error.
    #[must_use]
    pub fn with_console(application: impl Into<String>, console: Box<dyn Write + Send>) -> Self {
        let mut modules = Modules::new();
        modules.discover(OWN_MODULE);
        Self(Arc::new(Shared {
            modules: RwLock::new(modules),
            sinks: Mutex::new(Sinks::new(application.into(), console)),
            limiter: Mutex::new(Limiter::new()),
            serial: AtomicU64::new(0),
            started: clock::now(),
            subprogram: RwLock::new(String::new()),
        }))
    }

    /// The layer that feeds this log.
    #[must_use]
    pub fn layer(&self) -> LoggingLayer {
        LoggingLayer::new(self.clone())
    }

    /// Makes this the log of all threads.
    ///
    /// # Errors
    /// When the process has one already.
    pub fn install(&self) -> Result<(), SetGlobalDefaultError> {
        tracing::subscriber::set_global_default(Registry::default().with(self.layer()))
    }

    /// Makes modules known that `vlog/list` is to show and `vlog/set` to take from the start. Others become known when
    /// the program first comes by a statement of theirs, whether it is logged or not.
    pub fn declare(&self, modules: &[&str]) {
        let mut known = self.modules_mut();
        modules.iter().for_each(|name| known.discover(&name.to_lowercase()));
    }

    /// What `-v SPEC` and `vlog/set SPEC` do.
    ///
    /// # Errors
    /// When the specification is wrong; nothing has changed then.
    pub fn apply(&self, specification: &str) -> Result<(), SpecificationError> {
        self.apply_all(&[specification])
    }

    /// Several specifications in order, all or none.
    ///
    /// # Errors
    /// When one of them is wrong; nothing has changed then.
    pub fn apply_all(&self, specifications: &[impl AsRef<str>]) -> Result<(), SpecificationError> {
        let settings = specifications.iter().map(|text| self.parse(text.as_ref())).collect::<Result<Vec<_>, _>>()?;
        for setting in settings {
            match setting {
                Setting::Level { module, destination, level } => {
                    self.modules_mut().set_level(module.as_deref(), destination, level);
                }
                Setting::Pattern { destination, pattern } => self.sinks().set_pattern(destination, &pattern),
                Setting::Facility(facility) => self.sinks().set_facility(facility),
            }
        }
        tracing::callsite::rebuild_interest_cache();
        Ok(())
    }

    /// Says what would be wrong with a specification, without applying it.
    ///
    /// # Errors
    /// When it is wrong.
    pub fn check(&self, specification: &str) -> Result<(), SpecificationError> {
        self.parse(specification).map(drop)
    }

    fn parse(&self, specification: &str) -> Result<Setting, SpecificationError> {
        Setting::parse(specification, |word| self.modules().contains(word))
    }

    /// Logs to a file from now on, in the place of an earlier one. A relative name is resolved at once. The file is made
    /// with mode 0660 less the umask.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open_file(&self, path: &Path) -> io::Result<()> {
        let file = LogFile::open(path)?;
        let path = file.path().to_owned();
        self.sinks().set_file(file);
        self.say(Level::Information, &format!("opened log file {}", path.display()));
        Ok(())
    }

    /// What `vlog/reopen` and SIGHUP do: opens the log file by its name again, after it was rotated away.
    ///
    /// # Errors
    /// See [`ReopenError`].
    pub fn reopen(&self) -> Result<(), ReopenError> {
        let (path, file) = {
            let sinks = self.sinks();
            let file = sinks.file().ok_or(ReopenError::NotConfigured)?;
            let path = file.path().to_owned();
            match file.reopen() {
                Ok(Reopening::Unchanged) => return Ok(()),
                Ok(Reopening::Changed(new)) => (path, new),
                Err(reason) => return Err(ReopenError::Open { path, reason }),
            }
        };
        self.say(Level::Information, "closing log file");
        self.sinks().replace_open_file(Some(file));
        self.say(Level::Information, &format!("opened log file {}", path.display()));
        Ok(())
    }

    /// What `vlog/close` does: stops logging to the file until it is reopened.
    pub fn close(&self) {
        let open = self.sinks().file().is_some_and(|file| file.file().is_some());
        if open {
            self.say(Level::Information, "closing log file");
        }
        self.sinks().replace_open_file(None);
    }

    /// Closes the log file until there is a line for it, for a process that says little: it holds no file that was rotated
    /// away meanwhile.
    pub fn rest_file(&self) {
        self.sinks().rest_file();
    }

    /// The log file's name, if one was ever asked for.
    #[must_use]
    pub fn file_path(&self) -> Option<PathBuf> {
        self.sinks().file().map(|file| file.path().to_owned())
    }

    /// The descriptor of the open log file, -1 when there is none: for a crash handler, which may take no lock. Reopening
    /// tells the new one before it closes the old one. The cell stays the same for the life of the log.
    #[must_use]
    pub fn file_descriptor(&self) -> &'static AtomicI32 {
        self.sinks().file_descriptor()
    }

    /// Says nothing on the console from now on, since there is none any more. `vlog/set` can switch it on again.
    pub fn detach_console(&self) {
        self.modules_mut().set_level(None, Some(Destination::Console), Level::Off);
        tracing::callsite::rebuild_interest_cache();
    }

    /// Sends what the console is to show to journald in its own protocol, so that levels and fields are kept. What
    /// journald does not take goes to the console as a line.
    ///
    /// # Errors
    /// When no socket can be made.
    pub fn send_console_to_journal(&self, socket: &Path) -> io::Result<()> {
        let journal = Syslog::open(SyslogMethod::Journal(socket.to_owned()))?;
        self.sinks().set_console_journal(journal);
        Ok(())
    }

    /// Gives the log file, if it is open, to another user, before the process becomes that user.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn give_file_to(&self, user: u32, group: u32) -> io::Result<()> {
        let sinks = self.sinks();
        let Some(file) = sinks.file().and_then(LogFile::file) else {
            return Ok(());
        };
        let (user, group) = (rustix::fs::Uid::from_raw(user), rustix::fs::Gid::from_raw(group));
        Ok(rustix::fs::fchown(file.as_fd(), Some(user), Some(group))?)
    }

    /// Chooses the way to the system's log. A log begins with none.
    ///
    /// # Errors
    /// When no socket can be made.
    pub fn set_syslog(&self, method: SyslogMethod) -> io::Result<()> {
        let syslog = Syslog::open(method)?;
        self.sinks().set_syslog(syslog);
        Ok(())
    }

    /// Switches the rate limits of modules, of all without any.
    ///
    /// # Errors
    /// When a word names no module; nothing has changed then.
    pub fn set_rate_limited(&self, modules: &[impl AsRef<str>], rate_limited: bool) -> Result<(), UnknownModule> {
        let mut known = self.modules_mut();
        let is_any = |word: &str| word.eq_ignore_ascii_case("any");
        if modules.iter().any(|word| !is_any(word.as_ref()) && !known.contains(word.as_ref())) {
            return Err(UnknownModule);
        }
        if modules.is_empty() {
            known.set_rate_limited(None, rate_limited);
        }
        for word in modules {
            let name = word.as_ref().to_lowercase();
            known.set_rate_limited(Some(name.as_str()).filter(|name| !is_any(name)), rate_limited);
        }
        Ok(())
    }

    /// The name of this process's part in the program, such as `monitor`; it stands in parentheses behind the module.
    pub fn set_subprogram(&self, name: &str) {
        name.clone_into(&mut self.0.subprogram.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Tells of messages that a rate limit dropped more than a minute ago, if nothing has told of them since. To be
    /// called now and then.
    pub fn report_dropped(&self, now: Instant) {
        let overdue = self.0.limiter.lock().unwrap_or_else(PoisonError::into_inner).overdue(now);
        for (site, dropped) in overdue {
            self.write_dropped(&site, &dropped);
        }
    }

    /// The table of `vlog/list`.
    #[must_use]
    pub fn level_table(&self) -> String {
        let mut table =
            String::from("                 console    syslog    file\n                 -------    ------    ------\n");
        for (name, Module { levels: [console, syslog, file], rate_limited }) in self.modules().iter() {
            let note = if *rate_limited { "" } else { "    (rate limiting disabled)" };
            let written = writeln!(table, "{name:<16}  {console:>4}       {syslog:>4}       {file:>4}{note}");
            debug_assert!(written.is_ok(), "a string takes everything");
        }
        table
    }

    /// The table of `vlog/list-pattern`.
    #[must_use]
    pub fn pattern_table(&self) -> String {
        let sinks = self.sinks();
        let line = |name: &str, prefix: &str, destination| {
            let prefix = if prefix.is_empty() { "none" } else { prefix };
            format!("{name:<9}{prefix:<34}{}\n", sinks.pattern(destination))
        };
        [
            "         prefix                            format\n         ------                            ------\n",
            &line("SYSLOG", sinks.syslog_prefix(), Destination::Syslog),
            &line("CONSOLE", "", Destination::Console),
            &line("FILE", "", Destination::File),
        ]
        .concat()
    }

    /// A message of the log's own.
    pub(crate) fn say(&self, level: Level, text: &str) {
        self.write(level, OWN_MODULE, text, &[], None);
    }

    fn write(
        &self,
        level: Level,
        module: &str,
        message: &str,
        fields: &[(String, Value)],
        source: Option<(&str, u32)>,
    ) {
        let levels = self.modules().of(module).levels;
        if levels.iter().all(|wanted| level > *wanted) {
            return;
        }
        let process = self.0.subprogram.read().unwrap_or_else(PoisonError::into_inner);
        let thread = std::thread::current();
        let thread = thread.name().filter(|name| *name != "main").unwrap_or_default();
        let record = Record {
            level,
            module,
            message,
            fields,
            time: clock::wall(),
            elapsed: clock::now().saturating_duration_since(self.0.started),
            serial: self.0.serial.fetch_add(1, Ordering::Relaxed) + 1,
            subprogram: if thread.is_empty() { &process } else { thread },
            source,
        };
        self.sinks().write(&record, &levels);
    }

    fn discover(&self, module: &str) {
        self.modules_mut().discover(module);
    }

    fn most_verbose(&self, module: &str) -> Level {
        let levels = self.modules().of(module).levels;
        levels.into_iter().max().unwrap_or(Level::Off)
    }

    fn is_rate_limited(&self, module: &str) -> bool {
        self.modules().of(module).rate_limited
    }

    fn take(&self, site: &Site, per_minute: u32, now: Instant) -> Option<Option<Dropped>> {
        self.0.limiter.lock().unwrap_or_else(PoisonError::into_inner).take(site, per_minute, now)
    }

    fn modules(&self) -> RwLockReadGuard<'_, Modules> {
        self.0.modules.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn modules_mut(&self) -> RwLockWriteGuard<'_, Modules> {
        self.0.modules.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn sinks(&self) -> MutexGuard<'_, Sinks> {
        self.0.sinks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inspect for Logging {
    fn inspect(&self, node: &mut Node<'_>) {
        node.value("messages", self.0.serial.load(Ordering::Relaxed));
        let sinks = self.sinks();
        let file = sinks.file().map(|file| file.path().display().to_string());
        node.value("file", file.unwrap_or_else(|| "none".to_owned()));
        node.child("lost", |node| {
            for destination in DESTINATIONS {
                node.value(destination.name(), sinks.lost(destination));
            }
        });
    }
}

impl fmt::Debug for Logging {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Logging").finish_non_exhaustive()
    }
}
