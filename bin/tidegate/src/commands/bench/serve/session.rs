//! `bench --server=stdio`: the process of one session.
//!
//! Started by a listener, standard input is the connection and standard output the link to the listener, which says first what the
//! session may do; the sandbox follows before a byte of the front end is read. Started by a person or by ssh, they are the
//! connection, and the front end may do what the user may.

use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bench_remote::worker::link::Link;
use bench_remote::worker::permissions::{Permissions, working_directory};
use bench_remote::worker::shell::{self, SessionParts};
use control::log::LogOptions;
use daemon::Failure;
use daemon::sandbox::{self, Layers};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::super::COMPATIBLE;
use super::service::{LINK_VARIABLE, SERVICE_NAME, rules};
use crate::{log_options, message};

/// Serves the front end to the end of its session.
pub(super) fn run(allow_exec: bool) -> Result<ExitCode, Failure> {
    log_options::start(&LogOptions::default(), SERVICE_NAME)?;
    let identity = shell::identity(COMPATIBLE);
    let (input, output) = (stream(std::io::stdin().as_fd())?, stream(std::io::stdout().as_fd())?);
    let parts = if std::env::var_os(LINK_VARIABLE).is_some() {
        let mut link = Link::from_descriptor(output);
        let terms = shell::receive_terms(&mut link).map_err(Failure::running)?;
        confine(&terms.permissions, &terms.sandbox_off)?;
        let output = stream(input.as_fd())?;
        let (permissions, front_end) = (terms.permissions, terms.front_end);
        SessionParts { input, output, link: Some(link), permissions, front_end, identity }
    } else {
        let permissions = Permissions::of_own_user(allow_exec);
        SessionParts { input, output, link: None, permissions, front_end: String::new(), identity }
    };
    match shell::serve(parts) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Failure::running(error)),
    }
}

fn stream(stream: std::os::fd::BorrowedFd<'_>) -> Result<OwnedFd, Failure> {
    stream.try_clone_to_owned().map_err(|error| Failure::running(format_args!("standard streams: {error}")))
}

/// From here on the process can do no more than the front end may.
fn confine(permissions: &Permissions, sandbox_off: &str) -> Result<(), Failure> {
    if let Some(bytes) = permissions.limits.file_bytes {
        // A write beyond it is an error of the job, and not the end of the process.
        signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false)))
            .map_err(Failure::running)?;
        let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
        setrlimit(Resource::Fsize, limit).map_err(|error| Failure::running(format_args!("file size: {error}")))?;
    }
    if let Some(bytes) = permissions.limits.memory_bytes {
        let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
        setrlimit(Resource::Data, limit).map_err(|error| Failure::running(format_args!("memory: {error}")))?;
    }
    let directory = working_directory(permissions).unwrap_or(std::path::Path::new("/"));
    std::env::set_current_dir(directory)
        .map_err(|error| Failure::running(format_args!("{}: {error}", directory.display())))?;
    let layers = if sandbox_off.is_empty() { Ok(Layers::all()) } else { Layers::without(sandbox_off) };
    let layers = layers.map_err(Failure::running)?;
    let profile = if permissions.exec || permissions.triggers { &sandbox::BENCH } else { &sandbox::BENCH_SESSION };
    let applied = sandbox::apply(&rules(permissions, profile), &layers);
    applied.map(|_| ()).map_err(|error| Failure::running(message::chain(&error)))
}
