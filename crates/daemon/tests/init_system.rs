//! What init systems and a service say to each other, with real processes and sockets.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends the test")]

use std::io::Read;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use daemon::channel::{Channel, Received};
use daemon::init_system::notify::NotifySocket;
use daemon::init_system::{Gone, Upstream};
use daemon::notification::{Notification, decode};

/// A name that no other test uses.
fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("tidegate-init-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A process with its own id in the variable, as an init system sets it between fork and exec.
fn fixture(pid_variable: &str, way: &str) -> Command {
    let mut command = Command::new("sh");
    let script = format!("export {pid_variable}=$$; exec \"$0\" \"$@\"");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_start_fixture"), way]).stdin(Stdio::null());
    for variable in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_FDNAMES"] {
        command.env_remove(variable);
    }
    command
}

/// Gives the child these descriptors as 3, 4, …
#[expect(unsafe_code, reason = "descriptors for the child only")]
fn pass(command: &mut Command, descriptors: Vec<RawFd>) {
    let place = move || {
        // Out of the way first, so that none is overwritten before its turn.
        let mut moved = [0; 8];
        for (moved, descriptor) in moved.iter_mut().zip(&descriptors) {
            // SAFETY: takes no pointers; the parent keeps the descriptor open.
            *moved = unsafe { libc::fcntl(*descriptor, libc::F_DUPFD_CLOEXEC, 100) };
        }
        for (number, moved) in (3..).zip(&moved[..descriptors.len()]) {
            // SAFETY: takes no pointers.
            if unsafe { libc::dup2(*moved, number) } < 0 {
                return Err(std::io::Error::last_os_error());
            }
        }
        Ok(())
    };
    // SAFETY: between fork and exec this makes system calls only.
    unsafe { command.pre_exec(place) };
}

fn receive(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 4096];
    let length = socket.recv(&mut bytes).unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn init_systemd_hears_of_readiness_at_a_path_and_at_an_abstract_name() {
    let path: PathBuf = std::env::temp_dir().join(name());
    let at_path = UnixDatagram::bind(&path).unwrap();
    let abstract_name = name();
    let address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
    let at_name = UnixDatagram::bind_addr(&address).unwrap();
    for (socket, address) in [(at_path, path.display().to_string()), (at_name, format!("@{abstract_name}"))] {
        let mut command = fixture("WATCHDOG_PID", "notify");
        let output = command.env("NOTIFY_SOCKET", address).env("WATCHDOG_USEC", "3000000").output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "watchdog Some(3s)\nleft [false, false, false]\n");
        let reloading = receive(&socket);
        let time = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
        let uptime_us = uptime.split(['.', ' ']).next().unwrap().parse::<u64>().unwrap() * 1_000_000;
        let time: u64 = time.parse().unwrap();
        assert!(time > 0 && time <= uptime_us + 1_000_000, "{time} us, up {uptime_us} us");
        assert_eq!(receive(&socket), "STATUS=serving\nREADY=1");
        assert!(receive(&socket).starts_with("READY=1\nMAINPID="));
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn init_nobody_at_the_address_is_told() {
    let output = fixture("X", "notify").env("NOTIFY_SOCKET", "@tidegate-nobody").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("NOTIFY_SOCKET=@tidegate-nobody: Connection refused"), "{output:?}");
}

#[test]
fn init_s6_gets_one_newline_and_the_end() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = fixture("X", "notify");
    command.arg("3").stdin(Stdio::piped());
    pass(&mut command, vec![writer.as_raw_fd()]);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    drop(writer);
    drop(command);
    let mut said = Vec::new();
    // Ends while the process still runs: its standard input is open.
    reader.read_to_end(&mut said).unwrap();
    assert_eq!(said, b"\n");
    assert!(child.try_wait().unwrap().is_none(), "it still runs");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn init_a_notification_descriptor_that_cannot_be_meant_is_refused() {
    for (number, expected) in [("1", "0 to 2 are standard input"), ("77", "descriptor 77 is not open")] {
        let output = fixture("X", "notify").arg(number).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(expected), "{output:?}");
    }
}

#[test]
fn init_listening_sockets_arrive_by_kind() {
    let io = TcpListener::bind("127.0.0.1:0").unwrap();
    let discovery = TcpListener::bind("[::1]:0").or_else(|_| TcpListener::bind("127.0.0.1:0")).unwrap();
    let (io_address, discovery_address) = (io.local_addr().unwrap(), discovery.local_addr().unwrap());
    // Both wait in the backlog: nobody was refused before the service was there.
    let mut peers = [io_address, discovery_address].map(|address| TcpStream::connect(address).unwrap());
    let mut command = fixture("LISTEN_PID", "listen");
    command.env("LISTEN_FDS", "2").env("LISTEN_FDNAMES", "io:discovery");
    pass(&mut command, vec![io.as_raw_fd(), discovery.as_raw_fd()]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), format!("io {io_address} true\ndiscovery {discovery_address} true\nleft false\n"));
    for (peer, kind) in peers.iter_mut().zip(["io", "discovery"]) {
        let mut said = String::new();
        peer.read_to_string(&mut said).unwrap();
        assert_eq!(said, kind);
    }
}

fn refused(descriptor: RawFd) -> Output {
    let mut command = fixture("LISTEN_PID", "listen");
    command.env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", "io");
    pass(&mut command, vec![descriptor]);
    command.output().unwrap()
}

#[test]
fn init_what_is_no_listening_tcp_socket_is_refused_by_its_name() {
    let directory = std::env::temp_dir().join(name());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connection = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let datagram = UdpSocket::bind("127.0.0.1:0").unwrap();
    let unix = UnixListener::bind(&directory).unwrap();
    let (pair, _other) = UnixStream::pair().unwrap();
    let file = std::fs::File::open("/dev/null").unwrap();
    for (descriptor, found) in [
        (datagram.as_raw_fd(), "a datagram socket (ListenDatagram=)"),
        (connection.as_raw_fd(), "a connection (Accept=yes)"),
        (unix.as_raw_fd(), "a Unix socket"),
        (pair.as_raw_fd(), "a Unix socket"),
        (file.as_raw_fd(), "no socket"),
    ] {
        let output = refused(descriptor);
        assert_eq!(output.status.code(), Some(1), "{found}");
        let expected = format!("socket \"io\" of LISTEN_FDS (descriptor 3) is {found}; expected a TCP socket");
        assert!(text(&output.stderr).contains(&expected), "{}", text(&output.stderr));
    }
    std::fs::remove_file(directory).unwrap();
}

#[test]
fn init_sockets_for_another_process_are_left_alone() {
    let output = fixture("X", "listen").env("LISTEN_FDS", "1").env("LISTEN_PID", "1").output().unwrap();
    assert_eq!(text(&output.stdout), "left false\n");
    let output = fixture("LISTEN_PID", "listen").env("LISTEN_FDS", "1").output().unwrap();
    assert!(text(&output.stderr).contains("socket \"unknown\" of LISTEN_FDS: descriptor 3 is not open"), "{output:?}");
}

#[test]
fn init_everyone_upstream_is_told_and_only_a_gone_supervisor_is_an_error() {
    let path: PathBuf = std::env::temp_dir().join(name());
    let systemd = UnixDatagram::bind(&path).unwrap();
    let (supervisor, service) = Channel::pair().unwrap();
    let socket = NotifySocket::connect(&path.display().to_string()).unwrap();
    let upstream = Upstream::new().with_channel(service).with_notify_socket(socket);
    upstream.notify(&[Notification::Ready]).unwrap();
    assert_eq!(receive(&systemd), "READY=1");
    let Received::Message(message, _) = supervisor.receive().unwrap() else { panic!("no message") };
    assert_eq!(decode(&message), [Notification::Ready]);

    drop(supervisor);
    // A process that another test is starting holds every descriptor of this one for a moment, between its fork and exec.
    let give_up_at = reactor::clock::now() + std::time::Duration::from_secs(30);
    while upstream.notify(&[Notification::Stopping]) != Err(Gone) {
        assert!(reactor::clock::now() < give_up_at, "nobody is told that the supervisor is gone");
        assert_eq!(receive(&systemd), "STOPPING=1");
    }
    assert_eq!(receive(&systemd), "STOPPING=1");
    drop(systemd);
    let (supervisor, service) = Channel::pair().unwrap();
    let mut upstream = upstream;
    upstream.replace_channel(Some(service));
    upstream.notify(&[Notification::Watchdog]).unwrap();
    assert!(matches!(supervisor.receive().unwrap(), Received::Message(..)));
    std::fs::remove_file(path).unwrap();
    assert_eq!(Upstream::new().notify(&[Notification::Ready]), Ok(()));
}
