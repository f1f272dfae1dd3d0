//! Runs the fixture that does steps in a process of its own.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory of its own for each test, removed at the end.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tidegate-steps-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn open_to_everyone(&self) {
        fs::set_permissions(&self.0, fs::Permissions::from_mode(0o1777)).unwrap();
    }

    /// A file with a byte in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        let path = self.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "x").unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What the fixture said and how it ended.
pub(crate) struct Ended {
    text: String,
    pub(crate) status: ExitStatus,
}

impl Ended {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn lines(&self) -> Vec<&str> {
        self.text.lines().collect()
    }

    /// What a step said.
    pub(crate) fn outcome(&self, step: &str) -> &str {
        let prefix = format!("{step}: ");
        match self.text.lines().find_map(|line| line.strip_prefix(&prefix)) {
            Some(outcome) => outcome,
            None => panic!("no step {step} in:\n{}", self.text),
        }
    }
}

/// A fixture that waits; killed when the test ends.
pub(crate) struct Steps {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Steps {
    /// Does the steps until `wait`.
    pub(crate) fn start(steps: &[&str]) -> Self {
        Self::spawn(steps).until_ready()
    }

    /// Does the steps, of which the last executes cat(1), and waits until that runs.
    pub(crate) fn start_cat(steps: &[&str]) -> Self {
        let mut started = Self::spawn(steps);
        started.child.stdin.as_mut().unwrap().write_all(b"ready\n").unwrap();
        started.until_ready()
    }

    fn until_ready(mut self) -> Self {
        let mut text = String::new();
        while !text.ends_with("ready\n") {
            assert_ne!(self.output.read_line(&mut text).unwrap(), 0, "ended early:\n{text}");
        }
        self
    }

    fn spawn(steps: &[&str]) -> Self {
        let mut child = command(steps).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets it go on to its end.
    pub(crate) fn end(mut self) -> Ended {
        drop(self.child.stdin.take());
        let mut text = String::new();
        self.output.read_to_string(&mut text).unwrap();
        Ended { text, status: self.child.wait().unwrap() }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(steps: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daemon_privileges_fixture"));
    command.args(steps).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// Does the steps.
pub(crate) fn run(steps: &[&str]) -> Ended {
    let mut command = command(steps);
    let output = command.stdin(Stdio::null()).output().unwrap();
    Ended { text: String::from_utf8(output.stdout).unwrap(), status: output.status }
}

/// A word about a test that cannot do its work here.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
