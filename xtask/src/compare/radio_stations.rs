//! The stations of `compare radio-stream`: Icecast and `tidegate radio serve`, each with one 128 kbit/s mp3 stream on a free port.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reactor::clock::{self, Duration};

use super::machine;
use crate::task::TaskError;

/// How long a station may take to be heard.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often Icecast is started until it stays.
const STARTS_MAX: u32 = 3;
/// What Icecast's source and its configuration agree on.
const PASSWORD: &str = "measure";
/// Starts a program with as many descriptors as it may have (listeners are descriptors), on the core that `$1` names.
const ON_CORE: &str = "ulimit -n $(ulimit -Hn) && core=$1 && shift && exec taskset --cpu-list \"$core\" \"$@\"";
/// The same on any core.
const ANYWHERE: &str = "ulimit -n $(ulimit -Hn) && shift && exec \"$@\"";

/// A shell that becomes the program which is given to it as arguments.
fn launcher(core: Option<usize>) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", if core.is_some() { ON_CORE } else { ANYWHERE }, "sh"]);
    command.arg(core.unwrap_or_default().to_string());
    command
}

/// A station that can be listened to.
pub(super) struct Station {
    /// Its processes, and what feeds it (which is not counted).
    children: Vec<Child>,
    pub(super) port: u16,
    pub(super) path: &'static str,
}

impl Drop for Station {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Station {
    /// The station's own processes.
    fn processes(&self) -> Vec<u32> {
        let Some(first) = self.children.first().map(Child::id) else { return Vec::new() };
        let children = std::fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap_or_default();
        // Threads other than the first start processes, too.
        let threads = std::fs::read_dir(format!("/proc/{first}/task")).into_iter().flatten().flatten();
        let of_threads = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
        let mut processes: Vec<u32> = std::iter::once(children)
            .chain(of_threads)
            .flat_map(|text| text.split_whitespace().filter_map(|number| number.parse().ok()).collect::<Vec<u32>>())
            .chain([first])
            .collect();
        processes.sort_unstable();
        processes.dedup();
        processes
    }

    /// Processor time of its processes so far.
    pub(super) fn processor_time(&self) -> Result<Duration, TaskError> {
        let mut total = Duration::ZERO;
        for process in self.processes() {
            total += machine::processor_time(process)?;
        }
        Ok(total)
    }

    /// Resident memory of its processes: of the one that listeners are connected to, and of the others.
    pub(super) fn resident_bytes(&self) -> (u64, u64) {
        // The kernel counts exactly here; VmRSS is rounded by as much as hundreds of listeners have.
        let of = |process: u32| {
            let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
            let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).unwrap_or_default();
            line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or_default() * 1024
        };
        let first = self.children.first().map(Child::id);
        let others = self.processes().into_iter().filter(|process| Some(*process) != first).map(of).sum();
        (first.map_or(0, of), others)
    }

    /// Waits until it is heard.
    fn wait_until_heard(&self) -> Result<(), TaskError> {
        let limit = clock::now() + PATIENCE;
        let url = format!("http://127.0.0.1:{}{}", self.port, self.path);
        while clock::now() < limit {
            let mut command = Command::new("curl");
            command.args([
                "--silent",
                "--fail",
                "--max-time",
                "3",
                "--output",
                "/dev/null",
                "--write-out",
                "%{size_download}",
                &url,
            ]);
            let heard = command.output()?;
            if String::from_utf8_lossy(&heard.stdout).trim().parse::<u64>().is_ok_and(|bytes| bytes > 10_000) {
                return Ok(());
            }
        }
        Err(TaskError::new(format_args!("nothing is heard at {url}")))
    }
}

/// A port that is free now. Below those that the kernel takes for connections: one to a port up there may meet itself.
fn free_port() -> Result<u16, TaskError> {
    let first = 20_000 + u16::try_from(std::process::id() % 10_000)?;
    let free = (first..first + 2000).find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.ok_or_else(|| TaskError::new("no port is free"))
}

/// Icecast with a source that plays `folder/music/song.mp3`.
pub(super) fn icecast(folder: &Path, core: Option<usize>) -> Result<Station, TaskError> {
    let mut started = start_icecast(folder, core);
    // Now and then it ends while it starts, and a comparison of many minutes is not to end with it.
    for _ in 1..STARTS_MAX {
        if started.is_err() {
            started = start_icecast(folder, core);
        }
    }
    started
}

fn start_icecast(folder: &Path, core: Option<usize>) -> Result<Station, TaskError> {
    let port = free_port()?;
    let configuration = folder.join("icecast.xml");
    let logs = folder.join("icecast-logs");
    std::fs::create_dir_all(&logs)?;
    // As root it serves as somebody else, who has to be able to write there.
    std::os::unix::fs::chown(&logs, Some(65_534), Some(65_534))
        .or_else(|error| if rustix::process::geteuid().is_root() { Err(error) } else { Ok(()) })?;
    std::fs::write(&configuration, icecast_configuration(port, &logs))?;
    let mut command = launcher(core);
    command.args(["icecast2", "-c"]).arg(&configuration);
    let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut station = Station { children: vec![server], port, path: "/stream.mp3" };
    // A connection that is closed at once, while it starts, may end it; so it is asked for a whole page.
    let limit = clock::now() + PATIENCE;
    let page = format!("http://127.0.0.1:{port}/status-json.xsl");
    while !Command::new("curl")
        .args([
            "--silent",
            "--fail",
            "--output",
            "/dev/null",
            "--max-time",
            "3",
            "--retry",
            "20",
            "--retry-connrefused",
            "--retry-delay",
            "1",
            &page,
        ])
        .status()?
        .success()
    {
        if clock::now() > limit || station.children[0].try_wait()?.is_some() {
            return Err(TaskError::new("icecast2 does not serve"));
        }
    }
    let target = format!("icecast://source:{PASSWORD}@127.0.0.1:{port}/stream.mp3");
    let mut feed = Command::new("ffmpeg");
    feed.args(["-nostdin", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i"])
        .arg(folder.join("music").join("song.mp3"));
    feed.args(["-c", "copy", "-content_type", "audio/mpeg", "-f", "mp3", &target]);
    station.children.push(feed.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
    station.wait_until_heard()?;
    Ok(station)
}

fn icecast_configuration(port: u16, logs: &Path) -> String {
    let logs = logs.display();
    format!(
        "<icecast><limits><clients>20000</clients><sources>2</sources><queue-size>524288</queue-size>\
         <burst-size>65536</burst-size></limits>\
         <authentication><source-password>{PASSWORD}</source-password><admin-user>admin</admin-user>\
         <admin-password>{PASSWORD}</admin-password></authentication><hostname>localhost</hostname>\
         <listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address></listen-socket>\
         <paths><basedir>/usr/share/icecast2</basedir><logdir>{logs}</logdir><webroot>/usr/share/icecast2/web</webroot>\
         <adminroot>/usr/share/icecast2/admin</adminroot></paths>\
         <logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog><loglevel>1</loglevel></logging>\
         <security><chroot>0</chroot><changeowner><user>nobody</user><group>nogroup</group></changeowner></security></icecast>\n"
    )
}

/// `tidegate radio serve` that plays what is in `folder/music`.
pub(super) fn tidegate(binary: &Path, folder: &Path, core: Option<usize>) -> Result<Station, TaskError> {
    let port = free_port()?;
    let mut command = launcher(core);
    command.arg(binary);
    command.args([
        "radio",
        "serve",
        "--autoplay",
        "--ssh",
        "none",
        "--mpd",
        "none",
        "--http",
        &format!("127.0.0.1:{port}"),
    ]);
    command.arg("--library").arg(folder.join("music")).arg("--state").arg(folder.join("state"));
    command.env("TIDEGATE_RUNDIR", folder.join("run"));
    let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let station = Station { children: vec![server], port, path: "/" };
    station.wait_until_heard()?;
    Ok(station)
}
