//! `[bench]`: a worker of fio's front ends.

use std::net::TcpListener;
use std::path::PathBuf;

use bench::engines;
use bench_remote::address::WorkerAddress;
use bench_remote::worker::permissions::{Files, Network, Permissions, SessionLimits};
use daemon::service::Service;
use daemon::{Failure, ListenAddress};
use serde::Deserialize;
use toml::Spanned;

use super::section::Section;
use super::service::ServiceSection;
use super::source::{ConfigurationError, Place};
use crate::commands::bench::serve::{BenchService, SESSIONS_MAX, ServiceSettings, bind};

/// `[bench]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BenchSection {
    /// The service's name.
    name: Option<Spanned<String>>,
    /// Where it is reached, in fio's forms. Default: 127.0.0.1, port 8765.
    listen: Option<Vec<Spanned<String>>>,
    /// Networks whose front ends are let in, besides this machine. Needed to listen beyond it.
    #[serde(default)]
    allow: Vec<Spanned<String>>,
    /// Where jobs may use files; names without a directory are in the first. Default: nowhere.
    #[serde(default)]
    directories: Vec<Spanned<PathBuf>>,
    /// Disks and single files that jobs may use.
    #[serde(default)]
    devices: Vec<Spanned<PathBuf>>,
    /// Engines that jobs may use. Default: all but `exec` and `nvme_tcp`.
    engines: Option<Vec<Spanned<String>>>,
    /// Jobs may run programs: `ioengine=exec`, `exec_prerun`, `exec_postrun`.
    #[serde(default)]
    allow_exec: bool,
    /// Front ends may run a command in the shell.
    #[serde(default)]
    allow_triggers: bool,
    /// Front ends may name job files of this machine, in `directories`.
    #[serde(default)]
    allow_load_file: bool,
    /// Front ends at once. Default 16.
    sessions_max: Option<usize>,
    /// Runs at once; others wait for their turn. Default: as many as sessions.
    runs_at_once: Option<usize>,
    /// Jobs of a session, `numjobs` counted. Default 256.
    jobs_max: Option<u32>,
    /// Bytes of the buffers of all jobs of a session. Default 1 GiB.
    buffer_bytes_max: Option<u64>,
    /// Bytes of memory of a session. Default 4 GiB.
    memory_bytes_max: Option<u64>,
    /// Bytes of a file. Default: no limit.
    file_bytes_max: Option<u64>,
    /// Bytes in the directories, with what is there already. Default: no limit.
    space_bytes_max: Option<u64>,
    /// Seconds of a run. Default: no limit.
    run_time_max_s: Option<u64>,
    /// How it is kept alive.
    #[serde(default)]
    service: ServiceSection,
}

impl Section for BenchSection {
    fn name(&self) -> Option<&Spanned<String>> {
        self.name.as_ref()
    }

    fn service_section(&self) -> &ServiceSection {
        &self.service
    }

    fn service(&self, place: &Place<'_>) -> Result<Box<dyn Service>, ConfigurationError> {
        self.check_numbers(place)?;
        let sessions_max = self.sessions_max.unwrap_or(SESSIONS_MAX);
        let off: Vec<&str> = self.service.sandbox_off.iter().map(|layer| layer.get_ref().as_str()).collect();
        let settings = ServiceSettings {
            listen: self.listen(place)?,
            allow: parse_all(&self.allow, place, "allow", str::parse::<Network>)?,
            permissions: self.permissions(place)?,
            sessions_max,
            runs_at_once: self.runs_at_once.unwrap_or(sessions_max),
            sandbox_off: off.join(","),
        };
        let service = BenchService::new(settings).map_err(|error| match self.listen.as_deref() {
            Some([first, ..]) => place.at(first, "listen", error),
            _ => place.at_section("listen", error),
        })?;
        Ok(Box::new(service))
    }

    fn bind(&self) -> fn(&ListenAddress) -> Result<TcpListener, Failure> {
        bind
    }
}

impl BenchSection {
    fn listen(&self, place: &Place<'_>) -> Result<Vec<WorkerAddress>, ConfigurationError> {
        match &self.listen {
            None => Ok(vec![WorkerAddress::default()]),
            Some(texts) => parse_all(texts, place, "listen", str::parse),
        }
    }

    fn check_numbers(&self, place: &Place<'_>) -> Result<(), ConfigurationError> {
        let numbers = [
            ("sessions_max", self.sessions_max.map(|number| number as u64)),
            ("runs_at_once", self.runs_at_once.map(|number| number as u64)),
            ("jobs_max", self.jobs_max.map(u64::from)),
            ("buffer_bytes_max", self.buffer_bytes_max),
            ("memory_bytes_max", self.memory_bytes_max),
            ("file_bytes_max", self.file_bytes_max),
            ("space_bytes_max", self.space_bytes_max),
            ("run_time_max_s", self.run_time_max_s),
        ];
        match numbers.into_iter().find(|(_, number)| *number == Some(0)) {
            Some((key, _)) => Err(place.at_section(key, "is 0; expected 1 or more, or leave it out")),
            None => Ok(()),
        }
    }

    fn permissions(&self, place: &Place<'_>) -> Result<Permissions, ConfigurationError> {
        let defaults = SessionLimits::default();
        let paths = |paths: &[Spanned<PathBuf>], key| -> Result<Vec<PathBuf>, ConfigurationError> {
            let absolute = |path: &Spanned<PathBuf>| {
                if path.get_ref().is_absolute() {
                    Ok(path.get_ref().clone())
                } else {
                    Err(place.at(path, key, format_args!("{} is no absolute path", path.get_ref().display())))
                }
            };
            paths.iter().map(absolute).collect()
        };
        let known = |engine: &str| match engines::describe(engine) {
            Some(_) => Ok(engine.to_owned()),
            None => {
                let names: Vec<&str> = engines::TABLE.iter().map(|engine| engine.name).collect();
                Err(format!("there is no engine {engine:?}; there are {}", names.join(", ")))
            }
        };
        Ok(Permissions {
            files: Files::Only {
                directories: paths(&self.directories, "directories")?,
                devices: paths(&self.devices, "devices")?,
            },
            engines: self.engines.as_ref().map(|names| parse_all(names, place, "engines", known)).transpose()?,
            exec: self.allow_exec,
            triggers: self.allow_triggers,
            load_files: self.allow_load_file,
            limits: SessionLimits {
                jobs: self.jobs_max.unwrap_or(defaults.jobs),
                buffer_bytes: self.buffer_bytes_max.unwrap_or(defaults.buffer_bytes),
                memory_bytes: self.memory_bytes_max.or(defaults.memory_bytes),
                file_bytes: self.file_bytes_max,
                space_bytes: self.space_bytes_max,
                run_time_s: self.run_time_max_s,
            },
        })
    }
}

/// Each text as a value; the first that is none is pointed at.
fn parse_all<T, E: std::fmt::Display>(
    texts: &[Spanned<String>],
    place: &Place<'_>,
    key: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, ConfigurationError> {
    texts.iter().map(|text| parse(text.get_ref()).map_err(|error| place.at(text, key, error))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{error, services};

    #[test]
    fn a_worker_needs_no_key_and_listens_on_this_machine() {
        let found = services("[bench]\n").unwrap();
        let addresses: Vec<String> = found[0].service.addresses().iter().map(ToString::to_string).collect();
        assert_eq!((found[0].name.as_str(), addresses), ("bench", vec!["bench 127.0.0.1:8765".to_owned()]));
        let both =
            services("[target]\ndevices = []\n[[bench]]\n[[bench]]\nname = \"b\"\nlisten = [\":9000\"]\n").unwrap();
        let names: Vec<&str> = both.iter().map(|service| service.name.as_str()).collect();
        assert_eq!(names, ["target", "bench", "b"]);
    }

    #[test]
    fn what_cannot_be_is_pointed_at_by_line_and_key() {
        for (text, expected) in [
            ("listen = [\"0.0.0.0\"]", "t.toml:2: bench.listen: 0.0.0.0:8765 is reached from other machines"),
            ("listen = [\"host,x\"]", "t.toml:2: bench.listen: "),
            ("listen = []", "t.toml:1: bench.listen: names no address"),
            ("allow = [\"10.0.0.0/8\", \"x\"]", "t.toml:2: bench.allow: \"x\" is no network"),
            ("directories = [\"scratch\"]", "t.toml:2: bench.directories: scratch is no absolute path"),
            ("engines = [\"null\", \"aio\"]", "t.toml:2: bench.engines: there is no engine \"aio\"; there are "),
            ("sessions_max = 0", "t.toml:1: bench.sessions_max: is 0"),
            ("allow_exce = true", "t.toml:2: "),
        ] {
            let said = error(&format!("[bench]\n{text}\n"));
            assert!(said.starts_with(expected), "{text}: {said}");
        }
    }
}
