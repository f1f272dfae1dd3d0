//! What a session may do: one value, from the configuration or the command line, for whoever is connected.
//!
//! It is held against jobs that have been read and before anything of theirs is opened ([`check`]), so that a refusal names job,
//! option and the key that would allow it. The sandbox of the session enforces directories, devices and programs once more from
//! below: what a symbolic link does in between is stopped there.

mod check;
mod network;
mod place;
mod space;

use std::path::PathBuf;

use bench::engines;
use serde::{Deserialize, Serialize};

pub use check::{Refusal, check};
pub use network::{Network, NetworkError};
pub use place::{canonical, working_directory};
pub use space::check as check_space;

/// Engines that run programs or connect to other machines: not allowed unless they are named.
const ENGINES_THAT_REACH_OUT: &[&str] = &["exec", "nvme_tcp"];

/// Which files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Files {
    /// Whatever the user of the process may use: the front end is that user.
    Everything,
    /// These, by absolute paths.
    Only {
        /// Directories with all that is in them. Names without a directory are in the first.
        directories: Vec<PathBuf>,
        /// Block and character devices, and single files.
        devices: Vec<PathBuf>,
    },
}

/// Bounds of a session. Each has a key in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionLimits {
    /// Jobs, `numjobs` counted.
    pub jobs: u32,
    /// Bytes of the buffers of all jobs: depth times largest block.
    pub buffer_bytes: u64,
    /// Bytes of memory of the process: buffers, random maps, samples of logs. Beyond it the session ends. `None`: no bound.
    pub memory_bytes: Option<u64>,
    /// Bytes of one file. `None`: as much as there is room.
    pub file_bytes: Option<u64>,
    /// Bytes in the directories, those included that are there already. `None`: as much as there is room.
    pub space_bytes: Option<u64>,
    /// Seconds from RUN to the end. `None`: as long as it takes.
    pub run_time_s: Option<u64>,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            jobs: 256,
            buffer_bytes: 1 << 30,
            memory_bytes: Some(4 << 30),
            file_bytes: None,
            space_bytes: None,
            run_time_s: None,
        }
    }
}

/// What a session may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Which files.
    pub files: Files,
    /// Engines by name; `None`: all but those that run programs or connect to other machines.
    pub engines: Option<Vec<String>>,
    /// `exec_prerun`, `exec_postrun` and the engine `exec`.
    pub exec: bool,
    /// VTRIGGER: a command for the shell.
    pub triggers: bool,
    /// LOAD_FILE and `include`: job files of the worker's, which are read in the directories that are allowed.
    pub load_files: bool,
    /// Bounds.
    pub limits: SessionLimits,
}

impl Permissions {
    /// Nothing but I/O without files: engines that touch none, no program, no file.
    #[must_use]
    pub fn least() -> Self {
        Self {
            files: Files::Only { directories: Vec::new(), devices: Vec::new() },
            engines: None,
            exec: false,
            triggers: false,
            load_files: false,
            limits: SessionLimits::default(),
        }
    }

    /// What whoever started the process may do by itself: for a front end that did (over ssh). Programs are run only with
    /// `exec`, as when jobs run without a front end.
    #[must_use]
    pub fn of_own_user(exec: bool) -> Self {
        Self {
            files: Files::Everything,
            engines: Some(engines::TABLE.iter().map(|engine| engine.name.to_owned()).collect()),
            exec,
            triggers: exec,
            load_files: true,
            limits: SessionLimits {
                jobs: u32::MAX,
                buffer_bytes: u64::MAX,
                memory_bytes: None,
                file_bytes: None,
                space_bytes: None,
                run_time_s: None,
            },
        }
    }

    /// Whether an engine may be used, programs apart.
    #[must_use]
    pub fn allows_engine(&self, name: &str) -> bool {
        match &self.engines {
            Some(names) => names.iter().any(|known| known == name),
            None => name == "exec" && self.exec || !ENGINES_THAT_REACH_OUT.contains(&name),
        }
    }
}
