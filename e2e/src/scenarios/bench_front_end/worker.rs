//! Workers for a front end, and front ends for workers.

use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;

use e2e::context::{Context, Finished};
use e2e::failure::Failure;
use e2e::process::{PROMPTLY, Process, Stream};
use reactor::clock::{self, Duration};
use serde_json::Value;

/// How long a run with workers may take: fio's lets its clients wait for up to a second at each step.
pub(super) const LIMIT: Duration = Duration::from_secs(120);

/// A worker that listens.
pub(super) struct Worker {
    pub(super) process: Process,
    /// What `--client` takes.
    pub(super) address: String,
}

/// Whose worker it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Fio,
    Ours,
}

impl Worker {
    /// A worker on a Unix socket, with a folder of its own to run in.
    pub(super) fn start(context: &Context, kind: Kind, name: &str) -> Result<Self, Failure> {
        let folder = folder(context, name)?;
        let socket = folder.join("s");
        let process = context.start(name, command(context, kind, &folder, &format!("sock:{}", socket.display())))?;
        let worker = Self { process, address: format!("sock:{}", socket.display()) };
        let until = clock::now() + PROMPTLY;
        while UnixStream::connect(&socket).is_err() {
            if clock::now() > until {
                return Err(Failure::new(format!("{name} does not listen")));
            }
            std::thread::yield_now();
        }
        Ok(worker)
    }

    /// A worker on a free port of 127.0.0.1.
    pub(super) fn start_tcp(context: &Context, kind: Kind, name: &str) -> Result<Self, Failure> {
        let folder = folder(context, name)?;
        // Nobody else is given the port again so soon; fio takes no 0.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = format!("127.0.0.1,{port}");
        let process = context.start(name, command(context, kind, &folder, &address))?;
        let until = clock::now() + PROMPTLY;
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if clock::now() > until {
                return Err(Failure::new(format!("{name} does not listen")));
            }
            std::thread::yield_now();
        }
        Ok(Self { process, address })
    }
}

fn folder(context: &Context, name: &str) -> Result<PathBuf, Failure> {
    let folder = context.scratch().path().join(name);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn command(context: &Context, kind: Kind, folder: &std::path::Path, address: &str) -> Command {
    let mut command = match kind {
        Kind::Fio => Command::new("fio"),
        // fio's runs them for whoever comes.
        Kind::Ours => context.tidegate(&["bench", "--allow-triggers"]),
    };
    command.arg(format!("--server={address}")).current_dir(folder);
    command
}

/// Runs a front end of ours, or fio's, to its end.
pub(super) fn front_end(context: &Context, kind: Kind, words: &[&str]) -> Result<Finished, Failure> {
    let mut process = start_front_end(context, kind, words)?;
    let status = process.wait(LIMIT)?;
    let text = |stream| process.transcript().text(stream);
    Ok(Finished { status: status.code(), output: text(Stream::Output), error: text(Stream::Error) })
}

/// Starts a front end.
pub(super) fn start_front_end(context: &Context, kind: Kind, words: &[&str]) -> Result<Process, Failure> {
    let (name, mut command) = match kind {
        Kind::Fio => ("fio --client", Command::new("fio")),
        Kind::Ours => ("tidegate bench --client", context.tidegate(&["bench"])),
    };
    command.args(words).current_dir(context.scratch().path());
    context.start(name, command)
}

/// Writes a job file; its path.
pub(super) fn job_file(context: &Context, name: &str, text: &str) -> Result<String, Failure> {
    let path = context.scratch().path().join(name);
    std::fs::write(&path, text)?;
    Ok(path.display().to_string())
}

/// The JSON in an output, which may have lines of text before and behind it.
pub(super) fn json(finished: &Finished) -> Result<Value, Failure> {
    let none = || Failure::new(format!("no JSON in {:?}; errors: {:?}", finished.output, finished.error));
    let start = if finished.output.starts_with("{\n") { Some(0) } else { finished.output.find("\n{\n") };
    let text = &finished.output[start.ok_or_else(none)?..];
    Ok(serde_json::Deserializer::from_str(text).into_iter().next().ok_or_else(none)??)
}

/// The results of a report.
pub(super) fn results(report: &Value) -> Result<&Vec<Value>, Failure> {
    report["client_stats"].as_array().ok_or_else(|| Failure::new(format!("no client_stats in {report}")))
}

/// Bytes that a result has read, written and trimmed.
pub(super) fn bytes(result: &Value) -> u64 {
    ["read", "write", "trim"].iter().filter_map(|direction| result[direction]["io_bytes"].as_u64()).sum()
}
