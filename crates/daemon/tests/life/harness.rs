//! A run directory for each test, the processes that serve in it, and waiting for what they do.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use control::client::Client;
use reactor::clock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, OFlags, fcntl_setfl, memfd_create};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// What no step takes as long as; a test that waits for so long has failed.
const LIMIT: Duration = Duration::from_secs(30);

/// Between two looks at something that cannot be waited for otherwise.
const PAUSE: Duration = Duration::from_millis(3);

/// A run directory. At the end its processes are killed and it is removed.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tidegate-life-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// A path in the directory, as an option wants it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn option(&self, option: &str, name: &str) -> String {
        format!("{option}={}", self.file(name).display())
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The command that runs the demo here.
    pub(crate) fn demo(&self, arguments: &[&str]) -> Command {
        self.command(env!("CARGO_BIN_EXE_daemon_demo"), arguments)
    }

    /// Another program that runs the demo here.
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir("/").env("TIDEGATE_RUNDIR", &self.0);
        for variable in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]
        {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        stop_ignoring(&mut command);
        command
    }

    /// Runs the demo until the process that was started ends.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        run(&mut self.demo(arguments))
    }

    /// Starts the demo, which has to be ready when the call ends. Returns the process that is supervisor or service.
    pub(crate) fn detach(&self, arguments: &[&str]) -> i32 {
        let ended = self.run(&[&["--detach", "--pidfile"], arguments].concat());
        assert_eq!(ended.code(), Some(0), "{ended:?}");
        self.pid("demo")
    }

    /// Starts the demo in the foreground; it is ready when the call ends.
    pub(crate) fn start(&self, arguments: &[&str]) -> Foreground {
        Foreground::start(&mut self.demo(&[&["--pidfile"], arguments].concat()))
    }

    /// The content of a pidfile, which has to be there.
    pub(crate) fn pid(&self, name: &str) -> i32 {
        let text = fs::read_to_string(self.file(&format!("{name}.pid"))).unwrap();
        text.strip_suffix('\n').unwrap().parse().unwrap()
    }

    /// The process that a pidfile names, once it is another one than `old` and ready.
    pub(crate) fn successor(&self, name: &str, old: i32) -> i32 {
        wait_for("another process", || {
            let text = fs::read_to_string(self.file(&format!("{name}.pid"))).ok()?;
            let process = text.trim().parse().ok().filter(|&process| process != old)?;
            self.call_process(name, process, "version", &[]).ok()?;
            Some(process)
        })
    }

    /// The answer to a command, from the process that the pidfile names.
    pub(crate) fn call(&self, name: &str, command: &str, arguments: &[&str]) -> Result<String, String> {
        self.call_process(name, self.pid(name), command, arguments)
    }

    pub(crate) fn call_process(
        &self,
        name: &str,
        process: i32,
        command: &str,
        arguments: &[&str],
    ) -> Result<String, String> {
        call(&self.file(&format!("{name}.{process}.ctl")), command, arguments)
    }

    /// Makes a process die of a signal of its own; it cannot answer any more.
    pub(crate) fn raise(&self, name: &str, signal: i32) {
        let _ = self.call(name, "raise", &[&signal.to_string()]);
    }

    /// A fifo: opening it for reading, as `--open` does, takes until [`Place::open_fifo`].
    pub(crate) fn fifo(&self, name: &str) -> PathBuf {
        let path = self.file(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    /// Lets whoever opens the fifo go on.
    pub(crate) fn open_fifo(&self, name: &str) {
        drop(fs::OpenOptions::new().write(true).open(self.file(name)).unwrap());
    }

    /// Waits for a pidfile with content. Its process need not be ready.
    pub(crate) fn wait_for_pidfile(&self, name: &str) -> i32 {
        let path = self.file(&format!("{name}.pid"));
        wait_for("a pidfile", || fs::read_to_string(&path).ok()?.strip_suffix('\n')?.parse().ok())
    }

    /// Waits until a file has a text in it.
    pub(crate) fn wait_for_text(&self, name: &str, text: &str) -> String {
        wait_for(text, || fs::read_to_string(self.file(name)).ok().filter(|content| content.contains(text)))
    }

    /// All processes of this place, by the run directory in their environment.
    fn processes(&self) -> Vec<i32> {
        let mark = format!("TIDEGATE_RUNDIR={}", self.0.display());
        let all = fs::read_dir("/proc").unwrap();
        let numbers = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
        let ours = |process: &i32| {
            let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
            environment.split(|&byte| byte == 0).any(|variable| {
                // This directory or one below, and not the one of the place after the ninth.
                variable.strip_prefix(mark.as_bytes()).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
            })
        };
        numbers.filter(ours).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A supervisor may be starting a process at this very moment.
        loop {
            let left = self.processes();
            if left.is_empty() {
                break;
            }
            left.into_iter().for_each(|process| kill(process, Signal::KILL));
            std::thread::sleep(PAUSE);
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A shell that runs the tests in the background has made them ignore these.
#[expect(unsafe_code, reason = "dispositions of the child only")]
fn stop_ignoring(command: &mut Command) {
    let reset = || {
        for signal in [libc::SIGINT, libc::SIGQUIT] {
            // SAFETY: the default disposition runs no code of ours.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        Ok(())
    };
    // SAFETY: between fork and exec this makes system calls only.
    unsafe { command.pre_exec(reset) };
}

/// How a process ended and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    pub(crate) fn signal(&self) -> Option<i32> {
        std::os::unix::process::ExitStatusExt::signal(&self.status)
    }
}

/// Runs a command to the end of the process that it starts.
pub(crate) fn run(command: &mut Command) -> Ended {
    Started::by(command).end()
}

/// A process whose output is kept, so that whoever inherited it need not end.
pub(crate) struct Started {
    child: Child,
    stdout: File,
    stderr: File,
}

impl Started {
    pub(crate) fn by(command: &mut Command) -> Self {
        let memory = || File::from(memfd_create("output", MemfdFlags::CLOEXEC).unwrap());
        let (stdout, stderr) = (memory(), memory());
        command.stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap());
        Self { child: command.spawn().unwrap(), stdout, stderr }
    }

    pub(crate) fn end(mut self) -> Ended {
        wait_for_end(pid_of(&self.child));
        let text = |mut file: File| {
            file.rewind().unwrap();
            std::io::read_to_string(file).unwrap()
        };
        Ended { status: self.child.wait().unwrap(), stdout: text(self.stdout), stderr: text(self.stderr) }
    }

    pub(crate) fn end_by(self, signal: Signal) -> Ended {
        kill(pid_of(&self.child), signal);
        self.end()
    }
}

fn pid_of(child: &Child) -> i32 {
    i32::try_from(child.id()).unwrap()
}

/// All that comes through a pipe. Its other ends have to be closed by then.
pub(crate) fn read_to_end(mut pipe: impl Read + AsFd) -> String {
    fcntl_setfl(&pipe, OFlags::NONBLOCK).unwrap();
    let mut bytes = Vec::new();
    wait_for("the end of a pipe", || pipe.read_to_end(&mut bytes).ok());
    String::from_utf8(bytes).unwrap()
}

/// What is in a pipe at the moment.
fn rest_of(pipe: &mut (impl Read + AsFd)) -> String {
    fcntl_setfl(&*pipe, OFlags::NONBLOCK).unwrap();
    let mut bytes = Vec::new();
    // Ends with an error where somebody still holds the other end.
    let _ = pipe.read_to_end(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

/// A process that was started by the test and serves.
pub(crate) struct Foreground {
    child: Child,
    output: BufReader<ChildStdout>,
    /// The lines before `ready`.
    pub(crate) announced: Vec<String>,
}

impl Foreground {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::wait_until_ready(command.spawn().unwrap())
    }

    fn wait_until_ready(mut child: Child) -> Self {
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut announced = Vec::new();
        loop {
            let mut line = String::new();
            if output.read_line(&mut line).unwrap() == 0 {
                let mut said = String::new();
                let _ = child.stderr.take().map(|mut errors| errors.read_to_string(&mut said));
                panic!("not ready: {:?} {said}", child.wait());
            }
            if line.trim_end() == "ready" {
                return Self { child, output, announced };
            }
            announced.push(line.trim_end().to_owned());
        }
    }

    pub(crate) fn pid(&self) -> i32 {
        pid_of(&self.child)
    }

    /// Where the demo answers.
    pub(crate) fn address(&self) -> SocketAddr {
        let line = self.announced.iter().find_map(|line| line.strip_prefix("demo "));
        line.unwrap().parse().unwrap()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        wait_for_end(self.pid());
        let stderr = self.child.stderr.take().map(|mut errors| rest_of(&mut errors)).unwrap_or_default();
        let stdout = String::from_utf8(self.output.buffer().to_vec()).unwrap() + &rest_of(self.output.get_mut());
        Ended { status: self.child.wait().unwrap(), stdout, stderr }
    }

    /// Waits for its end, after a signal.
    pub(crate) fn end_by(self, signal: Signal) -> Ended {
        kill(self.pid(), signal);
        self.end()
    }
}

/// The answer of whoever serves that socket.
pub(crate) fn call(socket: &Path, command: &str, arguments: &[&str]) -> Result<String, String> {
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    let mut client = Client::connect(socket, Some(LIMIT)).map_err(|error| error.to_string())?;
    let answer = client.call(command, &arguments).map_err(|error| error.to_string())?;
    let text = answer.map(|value| value.as_str().unwrap().trim_end().to_owned());
    text.map_err(|error| error.trim_end().to_owned())
}

/// Which process answers at an address.
pub(crate) fn who_answers(address: SocketAddr) -> std::io::Result<i32> {
    let mut text = String::new();
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.read_to_string(&mut text)?;
    text.trim().parse().map_err(std::io::Error::other)
}

pub(crate) fn kill(process: i32, signal: Signal) {
    let _ = kill_process(Pid::from_raw(process).unwrap(), signal);
}

/// Waits for what comes about without anybody saying so.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = clock::now() + LIMIT;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(clock::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(PAUSE);
    }
}

/// Waits for the end of a process that need not be a child of this one.
pub(crate) fn wait_for_end(process: i32) {
    let Ok(descriptor) = pidfd_open(Pid::from_raw(process).unwrap(), PidfdFlags::empty()) else { return };
    let limit = Timespec::try_from(LIMIT).unwrap();
    let ended = poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&limit));
    assert_eq!(ended, Ok(1), "process {process} does not end");
}

/// Whether there is such a process; not one that only waits to be buried.
pub(crate) fn exists(process: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"));
    stat.is_ok_and(|stat| !stat[stat.rfind(')').unwrap()..].starts_with(") Z"))
}

pub(crate) fn proc_file(process: i32, name: &str) -> String {
    String::from_utf8(fs::read(format!("/proc/{process}/{name}")).unwrap()).unwrap()
}

/// A field of `/proc/PID/stat`, by its number in proc(5), from 3 on.
pub(crate) fn stat_field(process: i32, number: usize) -> i64 {
    let stat = proc_file(process, "stat");
    let fields = &stat[stat.rfind(')').unwrap() + 1..];
    fields.split_whitespace().nth(number - 3).unwrap().parse().unwrap()
}

pub(crate) fn parent(process: i32) -> i32 {
    i32::try_from(stat_field(process, 4)).unwrap()
}

/// Whether the process runs, that is, neither stopped nor a zombie.
pub(crate) fn state(process: i32) -> String {
    let stat = proc_file(process, "stat");
    stat[stat.rfind(')').unwrap() + 1..].split_whitespace().next().unwrap().to_owned()
}

pub(crate) fn title(process: i32) -> String {
    proc_file(process, "cmdline").trim_end_matches('\0').replace('\0', " ")
}

/// What a process has open: number and target.
pub(crate) fn descriptors(process: i32) -> Vec<(i32, PathBuf)> {
    let listed = fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let descriptor = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.ok()?;
        Some((entry.file_name().to_str()?.parse().ok()?, fs::read_link(entry.path()).ok()?))
    };
    listed.filter_map(descriptor).collect()
}

/// Whether this process may do all that some tests need; says so when a test is left out.
pub(crate) fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        note("skipped: needs root");
    }
    root
}

/// A line for the person who runs the tests.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
