//! What is wrong on a service's command line, in its run directory and on its control socket: one clear line and the right exit
//! status, or a closed connection; nothing is left behind, and the service stays.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use e2e::context::{Context, Finished};
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::scratch::SmallFilesystem;
use e2e::{ensure, ensure_eq};

use super::{SUBJECTS, Subject};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "daemon/bad_input", needs: &[Need::Root, Need::Program("mount")], run };

const TARGET: Subject = SUBJECTS[1];

fn run(context: &Context) -> Verdict {
    command_lines(context)?;
    run_directories(context)?;
    full_disks(context)?;
    strangers_sockets(context)?;
    requests(context)
}

/// Demands this exit status and one line with these words.
fn refused(finished: &Finished, status: i32, words: &[&str]) -> Verdict {
    ensure_eq!(finished.status, Some(status), "exit status ({}{})", finished.output, finished.error);
    ensure_eq!(finished.error.lines().count(), 1, "lines of: {}", finished.error);
    ensure!(finished.error.starts_with("tidegate: "), "the line does not begin with the program: {}", finished.error);
    for word in words {
        ensure!(finished.error.contains(word), "expected {word:?} in: {}", finished.error);
    }
    Ok(())
}

fn command_lines(context: &Context) -> Verdict {
    let mistakes: &[(&[&str], i32, &[&str])] = &[
        (&["--detatch"], 2, &["--detatch", "--detach"]),
        (&["--detach", "--detach"], 2, &["--detach", "multiple times"]),
        (&["--pidfile=a", "--pidfile=b"], 2, &["--pidfile", "multiple times"]),
        (&["--user=nobody-of-this-name"], 1, &["nobody-of-this-name", "not found"]),
        (&["--user=root:nogroup"], 1, &["root", "nogroup", "not in group"]),
        (&["--user=a:b:c"], 2, &["a:b:c"]),
        (&["--stop-timeout=-1"], 2, &["--stop-timeout", "-1"]),
        (&["--start-timeout=soon"], 2, &["--start-timeout", "soon", "seconds"]),
        (&["--give-up=0"], 2, &["--give-up", "0"]),
        (&["--notification-fd=1"], 2, &["--notification-fd", "1"]),
        (&["--notification-fd=77"], 2, &["77"]),
        (&["--no-sandbox=firewall"], 2, &["firewall", "landlock", "seccomp"]),
        (&["-vnosuchthing"], 2, &["nosuchthing", "no destination, level, or module"]),
        (&["-vfile:console"], 2, &["cannot specify multiple destinations"]),
        (&["--syslog-method=paper"], 2, &["paper"]),
        (&["--log-file=/nonexistent/log"], 1, &["/nonexistent/log"]),
        (&["--log-format=xml"], 2, &["xml", "json"]),
        (&["--pidfile=/nonexistent/x.pid"], 1, &["/nonexistent/x.pid", "No such file or directory"]),
    ];
    for &(words, status, expected) in mistakes {
        let finished = context.finish("tidegate", TARGET.command(context, words), PROMPTLY)?;
        refused(&finished, status, expected).map_err(|failure| failure.during(format_args!("{words:?}")))?;
        if context.run_directory().exists() {
            context.nothing_is_left().map_err(|failure| failure.during(format_args!("{words:?}")))?;
        }
    }
    Ok(())
}

/// Runs the target with this run directory.
fn in_directory(context: &Context, directory: &str, words: &[&str]) -> Result<Finished, Failure> {
    let mut command = TARGET.command(context, words);
    command.env("TIDEGATE_RUNDIR", directory);
    context.finish("tidegate", command, PROMPTLY)
}

fn run_directories(context: &Context) -> Verdict {
    let scratch = context.scratch().path();
    let path = |name: &str| scratch.join(name).display().to_string();
    std::fs::write(scratch.join("file"), "")?;
    std::fs::create_dir(scratch.join("real"))?;
    std::os::unix::fs::symlink("real", scratch.join("link"))?;
    std::fs::create_dir(scratch.join("theirs"))?;
    std::os::unix::fs::chown(scratch.join("theirs"), Some(65534), Some(65534))?;
    for (directory, status, words) in [
        (path("file"), 1, &["file", "not a directory"][..]),
        (path("link"), 1, &["link", "symbolic link"]),
        (path("theirs"), 1, &["theirs", "belongs to user 65534"]),
        (path("no/such/parent"), 1, &["no/such/parent"]),
    ] {
        let finished = in_directory(context, &directory, &["--pidfile"])?;
        refused(&finished, status, words).map_err(|failure| failure.during(&directory))?;
    }
    ensure_eq!(std::fs::read_dir(scratch.join("real"))?.count(), 0, "files behind the link");
    Ok(())
}

fn full_disks(context: &Context) -> Verdict {
    let small = SmallFilesystem::mount(context.scratch().path(), 16 << 10)?;
    let directory = small.path().join("run");
    std::fs::create_dir(&directory)?;
    let name = directory.display().to_string();
    // Nothing fits any more, though names do.
    small.fill("filler")?;
    for words in [&["--pidfile"][..], &["--pidfile", "--detach"], &["--pidfile", "--detach", "--monitor"]] {
        let finished = in_directory(context, &name, words)?;
        refused(&finished, 1, &["target.pid", "No space left on device"])
            .map_err(|failure| failure.during(format_args!("{words:?} on a full disk")))?;
        ensure_eq!(std::fs::read_dir(&directory)?.count(), 0, "files left by {words:?} on a full disk");
    }
    small.remount("ro")?;
    refused(&in_directory(context, &name, &["--pidfile"])?, 1, &["Read-only file system"])
}

/// A file where the control socket is to be is nobody's to delete.
fn strangers_sockets(context: &Context) -> Verdict {
    let path = context.scratch().path().join("precious");
    std::fs::write(&path, "data")?;
    let unixctl = format!("--unixctl={}", path.display());
    let finished = context.finish("tidegate", TARGET.command(context, &["--pidfile", &unixctl]), PROMPTLY)?;
    refused(&finished, 1, &["precious", "could not initialize control socket"])?;
    ensure_eq!(std::fs::read_to_string(&path)?, "data", "the file in the way");
    context.nothing_is_left()
}

fn requests(context: &Context) -> Verdict {
    let process = TARGET.start(context, &["--pidfile"])?;
    let pid = context.process_of("target")?;
    let socket = context.run_directory().join(format!("target.{pid}.ctl"));
    let nested = [b"[".repeat(1000), b"]".repeat(1000)].concat();
    let broken: [&[u8]; 9] = [
        b"}",
        b"GET / HTTP/1.0\r\n\r\n",
        b"[1,2]",
        b"{\"id\":null,\"method\":\"version\",\"params\":[]}",
        b"{\"id\":1,\"method\":\"version\"}",
        b"{\"id\":1,\"method\":\"version\",\"params\":[],\"jsonrpc\":\"2.0\"}",
        b"{\"id\":1,\"method\":\"version\",\"params\":\"x\"}",
        b"\xff\xfe\x00",
        &nested,
    ];
    for request in broken {
        ensure_eq!(
            answer(&socket, request)?,
            "",
            "the answer to {:?}",
            String::from_utf8_lossy(&request[..request.len().min(60)])
        );
    }
    // 100 MiB of one text: the connection is closed long before, and nothing of that size is kept.
    let before = process.resident_bytes()?;
    let mut client = UnixStream::connect(&socket)?;
    client.write_all(b"{\"id\":1,\"method\":\"")?;
    let piece = vec![b'x'; 1 << 20];
    let sent = (0..100).take_while(|_| client.write_all(&piece).is_ok()).count();
    ensure!(sent < 100, "100 MiB of a method's name were taken");
    let grown = process.resident_bytes()?.saturating_sub(before);
    ensure!(grown < 16 << 20, "{grown} bytes of memory for an endless request");
    let alive = answer(&socket, b"{\"id\":1,\"method\":\"version\",\"params\":[]}")?;
    ensure!(alive.contains("target (Tidegate)"), "the answer to a good request is {alive}");
    Ok(())
}

/// All that comes back before the connection is closed.
fn answer(socket: &std::path::Path, request: &[u8]) -> Result<String, Failure> {
    let mut client = UnixStream::connect(socket)?;
    client.set_read_timeout(Some(PROMPTLY))?;
    // It may have been closed in the middle.
    let _ = client.write_all(request).and_then(|()| client.shutdown(std::net::Shutdown::Write));
    let mut text = Vec::new();
    match client.read_to_end(&mut text) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Err(error.into()),
        _ => Ok(String::from_utf8_lossy(&text).into_owned()),
    }
}
