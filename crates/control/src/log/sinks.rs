//! The open destinations and how their lines look.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};

use super::file::LogFile;
use super::pattern::{Pattern, Surroundings};
use super::record::Record;
use super::syslog::Syslog;
use super::{DESTINATIONS, Destination, Facility, Level};

const CONSOLE_PATTERN: &str = "%D{%Y-%m-%dT%H:%M:%SZ}|%05N|%c%T|%p|%m";
const SYSLOG_PATTERN: &str = "tidegate|%05N|%c%T|%p|%m";
const FILE_PATTERN: &str = "%D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m";

/// In the place of a descriptor when no file is open.
const NO_DESCRIPTOR: RawFd = -1;

/// All destinations of the program.
pub(super) struct Sinks {
    application: String,
    host: String,
    /// In the order of [`DESTINATIONS`]; syslog's without its prefix.
    patterns: [Pattern; DESTINATIONS.len()],
    /// Syslog's pattern with the prefix of its method.
    syslog_line: Pattern,
    facility: Option<Facility>,
    console: Box<dyn Write + Send>,
    /// journald, when the console is a stream to it: its own protocol keeps levels and fields.
    console_journal: Option<Syslog>,
    syslog: Syslog,
    file: Option<LogFile>,
    /// The descriptor of the open log file, or -1. Never freed: a crash handler may look at it to the very end.
    file_descriptor: &'static AtomicI32,
    /// Lines that could not be written.
    lost: [u64; DESTINATIONS.len()],
}

impl Sinks {
    pub(super) fn new(application: String, console: Box<dyn Write + Send>) -> Self {
        Self {
            application,
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            patterns: [CONSOLE_PATTERN, SYSLOG_PATTERN, FILE_PATTERN].map(Pattern::parse),
            syslog_line: Pattern::parse(SYSLOG_PATTERN),
            facility: None,
            console,
            console_journal: None,
            syslog: Syslog::none(),
            file: None,
            file_descriptor: Box::leak(Box::new(AtomicI32::new(NO_DESCRIPTOR))),
            lost: [0; DESTINATIONS.len()],
        }
    }

    /// Writes a record wherever its level is wanted. What cannot be written is counted: there is nobody to tell.
    pub(super) fn write(&mut self, record: &Record<'_>, levels: &[Level; DESTINATIONS.len()]) {
        for destination in DESTINATIONS {
            if record.level > levels[destination as usize] {
                continue;
            }
            if self.write_to(destination, record).is_err() {
                self.lost[destination as usize] += 1;
            }
        }
    }

    fn write_to(&mut self, destination: Destination, record: &Record<'_>) -> io::Result<()> {
        let facility = self.facility.unwrap_or(match destination {
            Destination::Syslog => Facility::DAEMON,
            Destination::Console | Destination::File => Facility::LOCAL0,
        });
        let priority = facility.priority(record.level.syslog_severity());
        let surroundings = Surroundings { application: &self.application, host: &self.host, priority };
        match destination {
            Destination::Console => {
                let journal = self.console_journal.as_ref();
                if journal.is_some_and(|journal| journal.send_fields(record, &self.application, priority).is_ok()) {
                    return Ok(());
                }
                let line = self.patterns[destination as usize].render(record, surroundings) + "\n";
                self.console.write_all(line.as_bytes())
            }
            Destination::Syslog if self.syslog.takes_fields() => {
                self.syslog.send_fields(record, &self.application, priority)
            }
            Destination::Syslog => self.syslog.send_lines(&self.syslog_line.render(record, surroundings)),
            Destination::File => {
                let Some(file) = &mut self.file else { return Ok(()) };
                file.wake()?;
                tell_descriptor(self.file_descriptor, file.file());
                if file.file().is_none() {
                    return Ok(());
                }
                file.write_line(&self.patterns[destination as usize].render(record, surroundings))
            }
        }
    }

    pub(super) fn pattern(&self, destination: Destination) -> &Pattern {
        &self.patterns[destination as usize]
    }

    pub(super) fn set_pattern(&mut self, destination: Option<Destination>, pattern: &Pattern) {
        for each in DESTINATIONS.into_iter().filter(|each| destination.is_none_or(|destination| destination == *each)) {
            self.patterns[each as usize] = pattern.clone();
        }
        self.update_syslog_line();
    }

    pub(super) fn set_facility(&mut self, facility: Facility) {
        self.facility = Some(facility);
    }

    pub(super) fn set_syslog(&mut self, syslog: Syslog) {
        self.syslog = syslog;
        self.update_syslog_line();
    }

    fn update_syslog_line(&mut self) {
        let text = format!("{}{}", self.syslog.prefix(), self.patterns[Destination::Syslog as usize]);
        self.syslog_line = Pattern::parse(&text);
    }

    pub(super) fn syslog_prefix(&self) -> &'static str {
        self.syslog.prefix()
    }

    pub(super) fn set_console_journal(&mut self, journal: Syslog) {
        self.console_journal = Some(journal);
    }

    /// The log file, if one was ever asked for.
    pub(super) fn file(&self) -> Option<&LogFile> {
        self.file.as_ref()
    }

    /// Logs to this file from now on.
    pub(super) fn set_file(&mut self, file: LogFile) {
        tell_descriptor(self.file_descriptor, file.file());
        self.file = Some(file);
    }

    /// Goes on with this file, or with none, under the same name.
    pub(super) fn replace_open_file(&mut self, file: Option<File>) {
        if let Some(log_file) = &mut self.file {
            // The new one is told before the old one is closed: whoever writes to it meanwhile must not find the number
            // given to something else.
            tell_descriptor(self.file_descriptor, file.as_ref());
            log_file.replace(file);
        }
    }

    pub(super) fn rest_file(&mut self) {
        if let Some(file) = &mut self.file {
            tell_descriptor(self.file_descriptor, None);
            file.rest();
        }
    }

    pub(super) fn file_descriptor(&self) -> &'static AtomicI32 {
        self.file_descriptor
    }

    pub(super) fn lost(&self, destination: Destination) -> u64 {
        self.lost[destination as usize]
    }
}

fn tell_descriptor(told: &AtomicI32, file: Option<&File>) {
    told.store(file.map_or(NO_DESCRIPTOR, AsRawFd::as_raw_fd), Ordering::Release);
}
