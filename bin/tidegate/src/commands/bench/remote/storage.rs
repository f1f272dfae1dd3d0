//! Files that workers send and want: logs, and states of verification.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use bench::command_line::GeneralOptions;
use bench_remote::front_end::Failure;
use bench_remote::front_end::jobs::PermittedFiles;
use bench_remote::front_end::link::Route;
use bench_remote::front_end::log_file::{self, Histograms, LogError};
use bench_remote::front_end::verify_states;
use bench_wire::log::Log;
use bench_wire::message::VerifyStates;
use bench_wire::{ProtocolVersion, limits};

/// What a worker is told of a file that it may not have: EACCES.
const REFUSED: u32 = 13;
/// What a worker is told of a file that cannot be read for a reason that has no number: EIO.
const UNREADABLE: u32 = 5;

/// Files of a run.
pub(super) struct Storage {
    /// What each worker may name.
    permitted: Vec<PermittedFiles>,
    /// What each worker's logs end with.
    endings: Vec<String>,
    /// The name by which each worker is called.
    hosts: Vec<String>,
    /// Where states of verification are.
    directory: PathBuf,
}

impl Storage {
    pub(super) fn new(general: &GeneralOptions, routes: &[Route]) -> Self {
        let shown: Vec<_> = routes.iter().map(Route::shown).collect();
        let mut times: HashMap<&str, usize> = HashMap::new();
        for (host, _) in &shown {
            *times.entry(host).or_default() += 1;
        }
        let ending = |(host, port): &(String, u16)| {
            let ending = if times[host.as_str()] > 1 { format!("{host},{port}") } else { host.clone() };
            ending.replace('/', "_")
        };
        Self {
            permitted: Vec::new(),
            endings: shown.iter().map(ending).collect(),
            hosts: shown.iter().map(|(host, _)| host.clone()).collect(),
            directory: general.aux_path.clone().unwrap_or_default(),
        }
    }

    /// Notes what the next worker may name.
    pub(super) fn permit(&mut self, files: PermittedFiles) {
        self.permitted.push(files);
    }

    /// Writes a log of a worker; returns how many samples it has kept to itself. What could be read of a log that is wrong is there.
    pub(super) fn save_log(
        &self,
        worker: usize,
        log: &Log,
        version: ProtocolVersion,
        histograms: Histograms,
    ) -> Result<u64, Failure> {
        let name = log.header.name.to_text();
        let Some(path) = self.permitted[worker].log_path(&name) else {
            let source = std::io::Error::other("this is no name of a file");
            return Err(Failure::Log { path: name.into_owned(), source });
        };
        let path = format!("{path}.{}", self.endings[worker]);
        match log_file::save(log, version, histograms, &path) {
            Ok(missing) => Ok(missing),
            Err(LogError::File(source)) => Err(Failure::Log { path, source }),
            Err(LogError::Worker(fault)) => Err(Failure::Protocol(fault)),
        }
    }

    /// Writes how far a worker's jobs were; says what is wrong.
    pub(super) fn save_states(
        &self,
        worker: usize,
        states: &VerifyStates,
        version: ProtocolVersion,
    ) -> Result<(), String> {
        let files = verify_states::files(states, &self.hosts[worker], version).map_err(|error| error.to_string())?;
        files.iter().try_for_each(|file| {
            let path = self.directory.join(&file.name);
            std::fs::write(&path, &file.bytes).map_err(|error| format!("cannot write {}: {error}", path.display()))
        })
    }

    /// A file that a worker wants, or the errno of why not.
    pub(super) fn read(&self, worker: usize, path: &str) -> Result<Vec<u8>, u32> {
        if !self.permitted[worker].may_read(&self.hosts[worker], path) {
            return Err(REFUSED);
        }
        let number = |error: std::io::Error| {
            error.raw_os_error().and_then(|number| u32::try_from(number).ok()).unwrap_or(UNREADABLE)
        };
        let limit = limits::VERIFY_STATE_BYTES_MAX as u64;
        let mut bytes = Vec::new();
        // It has no slash but those of the worker's name, where that is a socket's path: a name is no path, as it was saved.
        let file = File::open(self.directory.join(path.replace('/', "."))).map_err(number)?;
        file.take(limit).read_to_end(&mut bytes).map_err(number)?;
        Ok(bytes)
    }

    /// Whether a file was refused, not missed.
    pub(super) const fn is_refusal(error: u32) -> bool {
        error == REFUSED
    }
}

#[cfg(test)]
mod tests {
    use bench_remote::address::WorkerAddress;
    use bench_wire::FixedText;
    use bench_wire::message::VerifyState;

    use super::*;

    #[test]
    fn a_worker_gets_the_state_that_it_left_whatever_it_is_called() {
        let directory = std::env::temp_dir().join(format!("tidegate-storage-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let general = GeneralOptions { aux_path: Some(directory.clone()), ..GeneralOptions::default() };
        let unix = |path: &str| Route::Address(WorkerAddress::Unix(path.into()));
        let mut storage = Storage::new(&general, &[unix("/run/a.socket"), unix("b")]);
        let workers = ["/run/a.socket", "b"];
        workers.iter().for_each(|_| storage.permit(PermittedFiles::of("[job]\nverify_state_load=1\n")));
        for (index, worker) in workers.iter().enumerate() {
            let name = format!("{worker}-job-0-verify.state");
            assert!(storage.read(index, &name).is_err(), "nothing was left");
            let state = VerifyState { name: FixedText::new("job"), depth: 1, files: 1, ..VerifyState::default() };
            let version = ProtocolVersion::OLDEST;
            storage.save_states(index, &VerifyStates::of(&[state], version), version).unwrap();
            assert!(storage.read(index, &name).is_ok(), "{name}");
            assert_eq!(storage.read(1 - index, &name), Err(REFUSED), "it is of another worker");
        }
        std::fs::remove_dir_all(directory).unwrap();
    }
}
