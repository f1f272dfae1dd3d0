//! A worker on a free port, and fio as its front end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::context::{Context, Finished};
use e2e::failure::Failure;
use e2e::process::{PROMPTLY, Process, Stream};
use serde_json::Value;

/// A running `tidegate bench --server`.
pub(super) struct Worker {
    pub(super) process: Process,
    pub(super) address: SocketAddr,
    /// Where its jobs may use files.
    pub(super) files: PathBuf,
}

impl Worker {
    /// Starts one whose jobs may use a folder of the scenario.
    pub(super) fn start(context: &Context, arguments: &[&str]) -> Result<Self, Failure> {
        let files = context.scratch().path().join("files");
        std::fs::create_dir_all(&files)?;
        let directory = format!("--directory={}", files.display());
        let mut command = context.tidegate(&["bench", "--server=,0", "--pidfile", "-vconsole:info", &directory]);
        command.args(arguments);
        let process = context.start("tidegate bench --server", command)?;
        process.wait_for("ready", PROMPTLY, |line| (line == "ready").then_some(()))?;
        let address = |line: &str| line.strip_prefix("bench ").map(str::trim).and_then(|address| address.parse().ok());
        let address = process.wait_for("its address", PROMPTLY, address)?;
        Ok(Self { process, address, files })
    }

    /// `fio --client=…` in a folder of its own, with a job file.
    pub(super) fn fio(&self, context: &Context, name: &str, arguments: &[&str], job: &str) -> Result<Command, Failure> {
        let host = format!("--client={},{}", self.address.ip(), self.address.port());
        fio(context, name, &host, arguments, job)
    }

    /// The same, run to its end.
    pub(super) fn measured(
        &self,
        context: &Context,
        name: &str,
        arguments: &[&str],
        job: &str,
    ) -> Result<Finished, Failure> {
        let command = self.fio(context, name, arguments, job)?;
        context.finish(name, command, PROMPTLY)
    }
}

/// `fio CLIENT ARGUMENTS JOB` in a folder of its own.
pub(super) fn fio(
    context: &Context,
    name: &str,
    client: &str,
    arguments: &[&str],
    job: &str,
) -> Result<Command, Failure> {
    let folder = context.scratch().path().join(name);
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("job.fio");
    std::fs::write(&file, job)?;
    let mut command = Command::new("fio");
    command.current_dir(folder).arg(client).args(arguments).arg(file);
    Ok(command)
}

/// The JSON in what a front end says, which has other lines before it.
pub(super) fn json(finished: &Finished) -> Result<Value, Failure> {
    let begin = finished.output.find("{\n").unwrap_or(0);
    serde_json::from_str(&finished.output[begin..])
        .map_err(|error| Failure::new(format!("no JSON ({error}): {}", finished.output)))
}

/// What the worker knows of a session.
pub(super) fn session(context: &Context, number: u32) -> Result<Value, Failure> {
    let text = context.ctl("bench", &["-f", "json", "run/show", &number.to_string()])?;
    Ok(serde_json::from_str(&text)?)
}

/// The state of a session in words; empty when there is none.
pub(super) fn state(context: &Context, number: u32) -> Result<String, Failure> {
    let text = context.ctl("bench", &["-f", "json", "run/list"])?;
    let sessions: Value = serde_json::from_str(&text)?;
    let found = sessions.as_array().into_iter().flatten().find(|session| session["session"] == number);
    Ok(found.and_then(|session| session["state"].as_str()).unwrap_or_default().to_owned())
}

/// The names in a folder, sorted.
pub(super) fn entries(folder: &Path) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Both streams of a program that has ended.
pub(super) fn said(finished: &Finished) -> String {
    format!("{}{}", finished.output, finished.error)
}

/// Both streams of a program so far.
pub(super) fn said_so_far(process: &Process) -> String {
    let transcript = process.transcript();
    format!("{}{}", transcript.text(Stream::Output), transcript.text(Stream::Error))
}
