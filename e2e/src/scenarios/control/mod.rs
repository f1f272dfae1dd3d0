//! The control socket: a service with the commands of Open vSwitch's own tests, driven by the real `ovs-appctl` and by
//! `tidegate ctl`.
//!
//! The service runs in this process, the clients are programs of their own.

mod commands;
mod completion;
mod json;
mod levels;
mod rotation;
mod strangers;
mod targets;
mod trouble;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, mpsc};

use control::log::Logging;
use control::server::{ControlSocket, Server, Statistics, socket_path};
use control::{Answer, CommandTable, Node, PendingAnswer, Service};
use e2e::context::{Context, Finished};
use e2e::failure::Failure;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use rustix::fs::FlockOperation;

/// Every scenario of the group.
pub(crate) const TABLE: &[Scenario] = &[
    commands::SCENARIO,
    targets::SCENARIO,
    completion::SCENARIO,
    json::SCENARIO,
    levels::SCENARIO,
    rotation::SCENARIO,
    strangers::SCENARIO,
    trouble::SCENARIO,
];

/// A service named `demo` in the scenario's run directory, with a pidfile.
struct Demo<'c> {
    context: &'c Context,
    run_directory: PathBuf,
    logging: Logging,
    server: Option<Server>,
    exits: mpsc::Receiver<()>,
    /// Locked as long as the service runs.
    _pidfile: File,
    /// Answers that are still owed to `block`.
    _blocked: Arc<Mutex<Vec<PendingAnswer>>>,
}

impl<'c> Demo<'c> {
    fn start(context: &'c Context) -> Result<Self, Failure> {
        let run_directory = context.scratch().path().join("run");
        std::fs::create_dir_all(&run_directory)?;
        let mut pidfile = File::create(run_directory.join("demo.pid"))?;
        writeln!(pidfile, "{}", std::process::id())?;
        rustix::fs::fcntl_lock(&pidfile, FlockOperation::NonBlockingLockExclusive)?;

        let logging = Logging::with_console("demo", Box::new(std::io::sink()));
        let (exit, exits) = mpsc::channel();
        let statistics = Statistics::default();
        let shown = statistics.clone();
        let mut table = CommandTable::new(Service {
            name: "demo".into(),
            version: "7".into(),
            logging: logging.clone(),
            state: Arc::new(move |node: &mut Node<'_>| {
                node.child("control", |node| control::Inspect::inspect(&shown, node));
                node.child("memory", |node| node.value("sessions", 2));
            }),
            exit: Box::new(move || {
                // Nobody waits for it when the scenario has ended already.
                let _ = exit.send(());
            }),
        });
        let first = |call: &control::Call<'_>| call.argument(0).unwrap_or_default().to_owned();
        table.add(control::Command::new("echo", "ARG", 1..=1, move |call| Ok(Answer::Text(first(call)))));
        table.add(control::Command::new("echo_error", "ARG", 1..=1, move |call| Err(first(call))));
        let blocked = Arc::new(Mutex::new(Vec::new()));
        let waiting = Arc::clone(&blocked);
        table.add(control::Command::deferred("block", "", 0..=0, move |_, pending| {
            waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(pending);
        }));
        let path = socket_path(&run_directory, "demo", std::process::id(), None)
            .ok_or_else(|| Failure::new("no path for the socket"))?;
        let server = Some(Server::start(ControlSocket::bind(&path)?, table, statistics)?);
        Ok(Self { context, run_directory, logging, server, exits, _pidfile: pidfile, _blocked: blocked })
    }

    fn socket(&self) -> PathBuf {
        self.run_directory.join(format!("demo.{}.ctl", std::process::id()))
    }

    /// `ovs-appctl ARGUMENTS`, looking into our run directory.
    fn appctl(&self, arguments: &[&str]) -> Result<Finished, Failure> {
        let mut command = Command::new("ovs-appctl");
        command.args(arguments).env("OVS_RUNDIR", &self.run_directory);
        self.context.finish("ovs-appctl", command, PROMPTLY)
    }

    /// `ovs-appctl -t demo ARGUMENTS`, which has to succeed; what it printed.
    fn ask(&self, arguments: &[&str]) -> Result<String, Failure> {
        let finished = self.appctl(&[&["-t", "demo"], arguments].concat())?;
        if finished.status == Some(0) {
            return Ok(finished.output);
        }
        Err(Failure::new(format!("ovs-appctl {arguments:?}: status {:?}: {}", finished.status, finished.error)))
    }
}
