//! Defect 17: a service that has used up its file descriptors can still be asked, and does not spin. A test program of
//! its own, since it uses up the descriptors of its process.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use control::server::{ControlSocket, Server, Statistics};
use control::{Answer, Command, CommandTable, Node, Service};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use rustix::process::{Resource, getrlimit, setrlimit};

const VERSION: &[u8] = br#"{"id":1,"method":"version","params":[]}"#;
const BLOCK: &[u8] = br#"{"id":1,"method":"block","params":[]}"#;

#[test]
fn defect_17_out_of_descriptors_the_service_still_answers() {
    // Sockets made while there are descriptors, to be connected when there are none.
    let unconnected = || {
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None);
        let stream = UnixStream::from(socket.unwrap());
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    };
    let connect = |stream: &UnixStream, path: &Path| {
        rustix::net::connect(stream, &SocketAddrUnix::new(path).unwrap()).unwrap();
    };
    let ask_version = |mut stream: &UnixStream| {
        stream.write_all(VERSION).unwrap();
        let expected = br#"{"id":1,"result":"demo (Tidegate) 1\n","error":null}"#;
        let mut answer = vec![0; expected.len()];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, expected);
    };
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, rustix::process::Rlimit { current: Some(100), maximum: limit.maximum }).unwrap();
    let path = std::env::temp_dir().join(format!("tidegate-descriptors-{}.ctl", std::process::id()));
    let (block, blocked) = mpsc::channel();
    let mut table = CommandTable::new(Service {
        name: "demo".into(),
        version: "1".into(),
        logging: control::log::Logging::with_console("demo", Box::new(std::io::sink())),
        state: Arc::new(|_: &mut Node<'_>| {}),
        exit: Box::new(|| {}),
    });
    table.add(Command::deferred("block", "", 0..=0, move |_, pending| block.send(pending).unwrap()));
    let server = Server::start(ControlSocket::bind(&path).unwrap(), table, Statistics::default()).unwrap();
    let [first, second, mut third, fourth] = [(); 4].map(|()| unconnected());
    let mut hoard = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        hoard.push(file);
    }

    connect(&first, &path);
    ask_version(&first);
    connect(&second, &path);
    ask_version(&second);
    let mut end = Vec::new();
    (&first).read_to_end(&mut end).unwrap();
    assert_eq!(end, b"", "the first was idle and made room for the second");
    drop(first);
    hoard.extend(File::open("/dev/null"));

    connect(&third, &path);
    third.write_all(BLOCK).unwrap();
    let pending = blocked.recv().unwrap();
    connect(&fourth, &path);
    hoard.clear();
    ask_version(&fourth);
    pending.complete(Ok(Answer::empty()));
    let expected = br#"{"id":1,"result":"","error":null}"#;
    let mut answer = vec![0; expected.len()];
    third.read_exact(&mut answer).unwrap();
    assert_eq!(answer, expected);
    server.stop();
    assert!(!path.exists());
}
