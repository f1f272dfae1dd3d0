//! The Linux kernel's own NVMe/TCP host, in a guest that `e2e/kernel_host` boots under emulation.

use std::path::{Path, PathBuf};
use std::process::Command;

use reactor::clock::Duration;

use crate::context::Context;
use crate::ensure;
use crate::failure::{Failure, Verdict};
use crate::needs::Need;
use crate::process::{Process, Stream};

/// What every scenario with a guest needs.
pub const NEEDS: &[Need] = &[
    Need::Program("python3"),
    Need::Program("qemu-system-x86_64"),
    Need::Program("busybox"),
    Need::Program("nvme"),
    Need::Program("fio"),
    Need::Program("mke2fs"),
    Need::Program("blkdiscard"),
    Need::Program("depmod"),
    Need::GuestKernel,
];

/// How long a script may take, boot and the first preparation of the image included. Emulation is slow, and a busy machine
/// makes it slower.
pub const SCRIPT_LIMIT: Duration = Duration::from_secs(600);

/// A script to be run in a guest.
#[derive(Debug)]
pub struct Script {
    command: Command,
    name: String,
}

/// A guest that is running a script.
#[derive(Debug)]
pub struct Guest {
    /// The program `kernel-host`; killing it cuts the guest's power.
    pub process: Process,
    name: String,
}

impl Script {
    /// The script of this name in `e2e/kernel_host/scripts`, with as many processors, and so at most as many I/O queues of a
    /// kind, as given.
    #[must_use]
    pub fn new(name: &str, processors: u32) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernel_host");
        let mut command = Command::new("python3");
        command.arg(folder.join("kernel-host")).args(["run", "--timeout"]).arg(SCRIPT_LIMIT.as_secs().to_string());
        command.arg("--cpus").arg(processors.to_string());
        Self { command, name: name.to_owned() }
    }

    /// Passes an option of `kernel-host run`.
    #[must_use]
    pub fn option(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(name).arg(value);
        self
    }

    /// Sets a variable for the script.
    #[must_use]
    pub fn variable(self, name: &str, value: &str) -> Self {
        self.option("--env", format!("{name}={value}"))
    }

    /// Boots the guest and starts the script, aimed at this port of this machine.
    ///
    /// # Errors
    /// When kernel-host cannot be executed.
    pub fn start(mut self, context: &Context, port: u16) -> Result<Guest, Failure> {
        let scripts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("kernel_host/scripts");
        self.command.args(["--port", &port.to_string(), "--"]).arg(scripts.join(format!("{}.sh", self.name)));
        let process = context.start(&format!("guest with {}.sh", self.name), self.command)?;
        Ok(Guest { process, name: self.name })
    }

    /// Runs the script to its end.
    ///
    /// # Errors
    /// When its verdict is not a pass.
    pub fn run(self, context: &Context, port: u16) -> Verdict {
        self.start(context, port)?.passes()
    }
}

impl Guest {
    /// Waits for the end of the script and demands that it passed.
    ///
    /// # Errors
    /// Its own verdict, if it is another.
    pub fn passes(mut self) -> Verdict {
        let status = self.process.wait(SCRIPT_LIMIT)?;
        let output = self.process.transcript().text(Stream::Output);
        let verdict =
            output.lines().rev().find(|line| ["PASS ", "FAIL ", "SKIP "].iter().any(|word| line.starts_with(word)));
        let verdict = verdict.unwrap_or("no verdict");
        ensure!(status.success() && verdict.starts_with("PASS "), "{}.sh: {verdict} ({status})", self.name);
        Ok(())
    }
}
