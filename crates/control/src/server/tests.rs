//! A running server, with clients that behave and clients that do not.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};

use serde_json::{Value, json};

use super::*;
use crate::client::{Client, ClientError};
use crate::command::{Command, PendingAnswer, Service};
use crate::limits::{CONNECTIONS_MAX, REQUEST_BYTES_MAX};
use crate::log::Logging;
use crate::testing::{Directory, PATIENCE};
use crate::{Answer, Format};

struct TestService {
    server: Option<Server>,
    directory: Directory,
    /// One for each `exit`.
    exits: Receiver<()>,
    /// Lets go of the control thread, which `hold` keeps.
    release: mpsc::Sender<()>,
    /// One for each `hold`.
    held: Receiver<()>,
    /// One for each `block`.
    blocked: Receiver<PendingAnswer>,
}

impl TestService {
    fn start() -> Self {
        let directory = Directory::new();
        let statistics = Statistics::default();
        let (exit, exits) = mpsc::channel();
        let (block, blocked) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let (hold, held) = mpsc::channel();
        let shown = statistics.clone();
        let mut table = CommandTable::new(Service {
            name: "demo".into(),
            version: "1".into(),
            logging: Logging::with_console("demo", Box::new(io::sink())),
            state: Arc::new(move |node: &mut Node<'_>| node.child("control", |node| shown.inspect(node))),
            exit: Box::new(move || exit.send(()).unwrap()),
        });
        let echo = |call: &crate::Call<'_>| Ok(Answer::Text(call.arguments().concat()));
        table.add(Command::new("echo", "ARG", 1..=1, echo));
        table.add(Command::deferred("block", "", 0..=0, move |_, pending| block.send(pending).unwrap()));
        table.add(Command::new("hold", "", 0..=0, move |_| {
            hold.send(()).unwrap();
            released.recv().unwrap();
            Ok(Answer::empty())
        }));
        let socket = ControlSocket::bind(&directory.join("demo.1.ctl")).unwrap();
        let server = Some(Server::start(socket, table, statistics).unwrap());
        Self { server, directory, exits, release, held, blocked }
    }

    fn path(&self) -> PathBuf {
        self.directory.join("demo.1.ctl")
    }

    fn client(&self) -> Client {
        Client::connect(&self.path(), Some(PATIENCE)).unwrap()
    }

    fn stream(&self) -> UnixStream {
        let stream = UnixStream::connect(self.path()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn statistic(&self, name: &str) -> Value {
        let mut client = self.client();
        client.set_format(Format::Json).unwrap().unwrap();
        client.call("show", &[format!("control/{name}")]).unwrap().unwrap()
    }
}

fn request(id: u32, method: &str, parameters: &[&str]) -> String {
    json!({"id": id, "method": method, "params": parameters}).to_string()
}

/// What the server says until it closes the connection.
fn read_all(mut stream: &UnixStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn e07_pipelined_requests_and_a_half_close_are_answered() {
    let service = TestService::start();
    let mut stream = service.stream();
    for byte in (request(1, "echo", &["a"]) + " " + &request(2, "nope", &[]) + &request(3, "version", &[])).bytes() {
        stream.write_all(&[byte]).unwrap();
    }
    stream.shutdown(Shutdown::Write).unwrap();
    let expected = "{\"id\":1,\"result\":\"a\\n\",\"error\":null}{\"id\":2,\"error\":\"\\\"nope\\\" is not a valid command \
                    (use \\\"list-commands\\\" to see a list of valid commands)\\n\"}\
                    {\"id\":3,\"result\":\"demo (Tidegate) 1\\n\",\"error\":null}";
    assert_eq!(read_all(&stream), expected);
}

#[test]
fn e07_a_broken_request_closes_its_connection_without_an_answer() {
    let service = TestService::start();
    let mut bystander = service.client();
    let deep = format!("{{\"id\":{}", "[".repeat(2000));
    let broken = ["[]", "{]", "x", r#"{"id":1,"method":"version"}"#, r#"{"id":1,"result":"a","error":null}"#, &deep];
    for text in broken {
        let mut stream = service.stream();
        // The server may close before all of it is written.
        let _ = stream.write_all((request(1, "echo", &["before"]) + text).as_bytes());
        assert_eq!(read_all_despite_reset(&stream), r#"{"id":1,"result":"before\n","error":null}"#, "{text}");
        assert_eq!(bystander.call("echo", &["x".into()]).unwrap(), Ok(json!("x\n")));
    }
    assert_eq!(service.statistic("protocol_errors"), json!(broken.len()));
}

/// As [`read_all`]; the kernel may end the connection by a reset when the server has left bytes unread.
fn read_all_despite_reset(mut stream: &UnixStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn defect_16_a_request_of_100_mib_is_cut_off_and_nobody_else_notices() {
    let service = TestService::start();
    let mut bystander = service.client();
    let mut stream = service.stream();
    stream.write_all(br#"{"id":1,"method":"echo","params":[""#).unwrap();
    let piece = vec![b'x'; 1 << 16];
    let written = (0..100 << 4).take_while(|_| stream.write_all(&piece).is_ok()).count() * piece.len();
    assert!(written < 2 * REQUEST_BYTES_MAX, "{written} bytes were taken");
    assert_eq!(bystander.call("echo", &["x".into()]).unwrap(), Ok(json!("x\n")));
}

#[test]
fn e09_a_command_that_answers_later_holds_up_its_own_connection_only() {
    let service = TestService::start();
    let mut waiting = service.stream();
    waiting.write_all((request(1, "block", &[]) + &request(2, "echo", &["behind"])).as_bytes()).unwrap();
    let pending = service.blocked.recv().unwrap();
    assert_eq!(service.client().call("echo", &["x".into()]).unwrap(), Ok(json!("x\n")));
    waiting.shutdown(Shutdown::Write).unwrap();
    pending.complete(Ok(Answer::Text("done".into())));
    let expected = "{\"id\":1,\"result\":\"done\\n\",\"error\":null}{\"id\":2,\"result\":\"behind\\n\",\"error\":null}";
    assert_eq!(read_all(&waiting), expected);

    let gone = service.stream();
    (&gone).write_all(request(1, "block", &[]).as_bytes()).unwrap();
    let pending = service.blocked.recv().unwrap();
    drop(gone);
    pending.complete(Ok(Answer::empty()));
    assert_eq!(service.client().call("echo", &["x".into()]).unwrap(), Ok(json!("x\n")));
}

#[test]
fn e09_300_idle_connections_do_no_harm() {
    let service = TestService::start();
    let idle: Vec<_> = (0..300).map(|_| service.stream()).collect();
    assert_eq!(service.client().call("echo", &["x".into()]).unwrap(), Ok(json!("x\n")));
    for mut stream in idle {
        stream.write_all(request(1, "echo", &["y"]).as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_all(&stream), r#"{"id":1,"result":"y\n","error":null}"#);
    }
}

#[test]
fn defect_17_one_connection_too_many_closes_the_idlest() {
    let needed = 2 * CONNECTIONS_MAX as u64 + 500;
    let mut limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        limit.current = Some(needed);
        rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).unwrap();
    }
    let service = TestService::start();
    let mut clients: Vec<_> = (0..CONNECTIONS_MAX).map(|_| service.client()).collect();
    for client in &mut clients {
        client.call("version", &[]).unwrap().unwrap();
    }
    clients[0].call("version", &[]).unwrap().unwrap();
    let mut late = service.client();
    late.call("version", &[]).unwrap().unwrap();
    assert!(matches!(clients[1].call("version", &[]), Err(ClientError::Closed)), "the idlest made room");
    for index in [0, 2, CONNECTIONS_MAX - 1] {
        clients[index].call("version", &[]).unwrap().unwrap();
    }
}

#[test]
fn e12_exit_is_answered_with_what_follows_and_leaves_nothing_behind() {
    let mut service = TestService::start();
    let mut stream = service.stream();
    stream.write_all((request(1, "exit", &[]) + &request(2, "echo", &["after"])).as_bytes()).unwrap();
    service.exits.recv().unwrap();
    service.server.take().unwrap().stop();
    let expected = "{\"id\":1,\"result\":\"\",\"error\":null}{\"id\":2,\"result\":\"after\\n\",\"error\":null}";
    assert_eq!(read_all(&stream), expected);
    assert_eq!(service.directory.names(), Vec::<String>::new());
}

#[test]
fn e12_what_arrived_before_the_end_is_answered() {
    let mut service = TestService::start();
    let mut late = service.stream();
    late.write_all(request(1, "version", &[]).as_bytes()).unwrap();
    let answer = "{\"id\":1,\"result\":\"demo (Tidegate) 1\\n\",\"error\":null}";
    late.read_exact(&mut vec![0; answer.len()]).unwrap();
    service.stream().write_all(request(1, "hold", &[]).as_bytes()).unwrap();
    service.held.recv().unwrap();
    late.write_all(request(2, "echo", &["late"]).as_bytes()).unwrap();
    let server = service.server.take().unwrap();
    server.stop.store(true, Ordering::Release);
    service.release.send(()).unwrap();
    server.stop();
    assert_eq!(read_all(&late), r#"{"id":2,"result":"late\n","error":null}"#);
}

#[test]
fn e12_a_server_ends_although_a_command_hangs_and_a_client_stays() {
    let mut service = TestService::start();
    let mut waiting = service.stream();
    waiting.write_all(request(1, "block", &[]).as_bytes()).unwrap();
    let pending = service.blocked.recv().unwrap();
    service.server.take().unwrap().stop();
    pending.complete(Ok(Answer::empty()));
    assert_eq!(read_all_despite_reset(&waiting), "");
}

/// A server in the loop of this thread, and its client in another.
fn attended(
    statistics: &Statistics,
    client: impl FnOnce(PathBuf) + Send + 'static,
) -> (AttendedServer, Receiver<PendingAnswer>, Directory) {
    let directory = Directory::new();
    let mut table = CommandTable::new(Service {
        name: "demo".into(),
        version: "1".into(),
        logging: Logging::with_console("demo", Box::new(io::sink())),
        state: Arc::new(|_: &mut Node<'_>| {}),
        exit: Box::new(|| {}),
    });
    let (block, blocked) = mpsc::channel();
    table.add(Command::deferred("block", "", 0..=0, move |_, pending| block.send(pending).unwrap()));
    let socket = ControlSocket::bind(&directory.join("demo.1.ctl")).unwrap();
    let path = socket.path().to_owned();
    let server = AttendedServer::new(socket, table, statistics.clone()).unwrap();
    std::thread::spawn(move || client(path));
    (server, blocked, directory)
}

/// One round of a foreign loop.
fn round(server: &mut AttendedServer) {
    let descriptor = server.descriptor();
    let left = server.next_deadline().map(|at| at.saturating_duration_since(clock::now()).try_into().unwrap());
    let mut descriptors = [rustix::event::PollFd::new(&descriptor, rustix::event::PollFlags::IN)];
    rustix::event::poll(&mut descriptors, left.as_ref()).unwrap();
    server.turn(clock::now()).unwrap();
}

#[test]
fn e09_a_foreign_loop_serves_and_answers_what_was_deferred() {
    let (answer, answered) = mpsc::channel();
    let (mut server, blocked, _directory) = attended(&Statistics::default(), move |path| {
        let mut client = Client::connect(&path, Some(PATIENCE)).unwrap();
        let version = client.call("version", &[]).unwrap();
        answer.send((version, client.call("block", &[]).unwrap())).unwrap();
    });
    let mut kept = None;
    let answers = loop {
        round(&mut server);
        if let Ok(pending) = blocked.try_recv() {
            kept = Some(pending);
        }
        // Once the loop has nothing to do, and so nothing but the answer itself can make it turn.
        if server.next_deadline().is_none_or(|at| at > clock::now())
            && let Some(pending) = kept.take()
        {
            std::thread::spawn(move || pending.complete(Ok(Answer::Text("late".into()))));
        }
        if let Ok(answers) = answered.try_recv() {
            break answers;
        }
    };
    assert_eq!(answers, (Ok(json!("demo (Tidegate) 1\n")), Ok(json!("late\n"))));
}

#[test]
fn a_drained_server_lets_nobody_new_in_and_can_go_on() {
    let statistics = Statistics::default();
    let (mut server, _blocked, directory) = attended(&statistics, |_| {});
    let mut first = UnixStream::connect(directory.join("demo.1.ctl")).unwrap();
    let accepted = || statistics.0.accepted.load(Ordering::Relaxed);
    while accepted() == 0 {
        round(&mut server);
    }
    first.write_all(request(1, "version", &[]).as_bytes()).unwrap();
    let mut late = UnixStream::connect(directory.join("demo.1.ctl")).unwrap();
    late.write_all(request(2, "version", &[]).as_bytes()).unwrap();
    late.shutdown(Shutdown::Write).unwrap();
    server.drain().unwrap();
    assert_eq!(accepted(), 1);
    let answer = r#"{"id":1,"result":"demo (Tidegate) 1\n","error":null}"#;
    let mut bytes = vec![0; answer.len()];
    first.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, answer.as_bytes());

    late.set_nonblocking(true).unwrap();
    let mut text = String::new();
    while late.read_to_string(&mut text).is_err() {
        round(&mut server);
    }
    assert_eq!(text, answer.replace("\"id\":1", "\"id\":2"));
}

#[test]
fn e14_the_format_is_the_connection_s_own() {
    let service = TestService::start();
    let (mut json, mut text) = (service.client(), service.client());
    let plain = |reply: &str| Ok(json!({"reply-format": "plain", "reply": reply}));
    assert_eq!(json.set_format(Format::Json).unwrap(), plain(""));
    assert_eq!(json.call("echo", &["a".into()]).unwrap(), plain("a"));
    assert_eq!(json.call("list-commands", &[]).unwrap().unwrap()["echo"], json!("ARG"));
    assert_eq!(json.call("nope", &[]).unwrap().unwrap_err().lines().count(), 1);
    assert_eq!(text.call("echo", &["a".into()]).unwrap(), Ok(json!("a\n")));
    let refused = text.call("set-options", &["--format".into(), "xml".into()]).unwrap();
    assert_eq!(refused, Err("option format has invalid value xml\n".into()));
}

#[test]
fn a_client_does_not_wait_longer_than_it_was_told() {
    let service = TestService::start();
    let mut client = Client::connect(&service.path(), Some(clock::Duration::from_millis(20))).unwrap();
    assert!(matches!(client.call("block", &[]), Err(ClientError::TimedOut)));
    let error = Client::connect(&service.directory.join("none"), None).unwrap_err();
    assert!(matches!(&error, ClientError::Connect { path, .. } if path.ends_with("none")), "{error}");
}
