use clap::{Arg, ArgMatches};
use control::log::Logging;
use daemon::Failure;
use crate::configuration::{ConfigurationError, Loaded, ServiceSection};
#[derive(Clone, Default)]
pub(crate) struct LogChoice(Vec<String>);
impl LogChoice {
    pub(crate) fn merged(self, _: LogChoice) -> LogChoice { self }
    pub(crate) fn levels_as_arguments(&self) -> Vec<std::ffi::OsString> { Vec::new() }
}
pub(crate) fn arguments() -> Vec<Arg> { vec![Arg::new("verbose").short('v').action(clap::ArgAction::Count)] }
pub(crate) fn from_matches(_: &ArgMatches) -> LogChoice { LogChoice::default() }
pub(crate) fn from_section(_: &Loaded, _: &ServiceSection, _: &str) -> Result<LogChoice, ConfigurationError> { Ok(LogChoice::default()) }
pub(crate) fn start(_: &LogChoice, name: &str) -> Result<Logging, Failure> { let l = Logging::new(name); l.apply("console:warn").unwrap(); l.install().unwrap(); Ok(l) }
