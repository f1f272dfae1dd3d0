//! The open destinations and how their lines look.

use std::io::{self, Write};

use super::file::LogFile;
use super::pattern::{Pattern, Surroundings};
use super::record::Record;
use super::syslog::Syslog;
use super::{DESTINATIONS, Destination, Facility, Level};

const CONSOLE_PATTERN: &str = "%D{%Y-%m-%dT%H:%M:%SZ}|%05N|%c%T|%p|%m";
const SYSLOG_PATTERN: &str = "tidegate|%05N|%c%T|%p|%m";
const FILE_PATTERN: &str = "%D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m";

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
    syslog: Syslog,
    file: Option<LogFile>,
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
            syslog: Syslog::none(),
            file: None,
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
                let line = self.patterns[destination as usize].render(record, surroundings) + "\n";
                self.console.write_all(line.as_bytes())
            }
            Destination::Syslog if self.syslog.takes_fields() => {
                self.syslog.send_fields(record, &self.application, priority)
            }
            Destination::Syslog => self.syslog.send_lines(&self.syslog_line.render(record, surroundings)),
            Destination::File => match self.file.as_ref().filter(|file| file.file().is_some()) {
                Some(file) => file.write_line(&self.patterns[destination as usize].render(record, surroundings)),
                None => Ok(()),
            },
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

    pub(super) fn file(&mut self) -> &mut Option<LogFile> {
        &mut self.file
    }

    pub(super) fn lost(&self, destination: Destination) -> u64 {
        self.lost[destination as usize]
    }
}
