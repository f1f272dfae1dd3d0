//! The ssh front with a client that speaks the protocol. What OpenSSH makes of it is tested end to end.

use std::sync::Arc;
use std::time::Duration;

use russh::client::{self, AuthResult};
use russh::keys::{Algorithm, PrivateKey, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate};
use russh::{ChannelMsg, Disconnect};
use tokio::net::TcpListener;

use super::*;
use crate::rights::Rights;
use crate::testing::{Bench, stopped};
use crate::users::Users;

struct Client;

impl client::Handler for Client {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

fn key() -> PrivateKey {
    PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).unwrap()
}

/// A radio that is reached over ssh by `anna`, who has these rights.
struct Radio {
    bench: Bench,
    address: std::net::SocketAddr,
    key: Arc<PrivateKey>,
    /// Dropped, it ends the front.
    end: oneshot::Sender<Infallible>,
    front: tokio::task::JoinHandle<()>,
}

impl Radio {
    async fn start(rights: Rights) -> Self {
        let bench = Bench::new();
        let key = key();
        bench.set_users(users("anna", key.public_key(), rights));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = oneshot::channel();
        let front = tokio::spawn(serve(vec![listener].into(), self::key(), Arc::clone(&bench.context), ended));
        Self { bench, address, key: Arc::new(key), end, front }
    }

    async fn connect(&self) -> client::Handle<Client> {
        client::connect(Arc::default(), self.address, Client).await.unwrap()
    }

    async fn log_in(&self) -> client::Handle<Client> {
        let mut client = self.connect().await;
        let key = PrivateKeyWithHashAlg::new(Arc::clone(&self.key), None);
        assert!(client.authenticate_publickey("anna", key).await.unwrap().success());
        client
    }
}

fn users(name: &str, key: &PublicKey, rights: Rights) -> Users {
    let text = format!("user {name} {} {rights}\n", key.to_openssh().unwrap());
    Users::parse(std::path::Path::new("users"), &text).unwrap()
}

/// Everything that a channel says until it is closed: output, error, exit status.
async fn finish(channel: &mut russh::Channel<client::Msg>) -> (String, String, Option<u32>) {
    let (mut output, mut error, mut status) = (Vec::new(), Vec::new(), None);
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } => output.extend_from_slice(&data),
            ChannelMsg::ExtendedData { data, .. } => error.extend_from_slice(&data),
            ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
            _ => {}
        }
    }
    (String::from_utf8(output).unwrap(), String::from_utf8(error).unwrap(), status)
}

async fn run(client: &client::Handle<Client>, command: &str) -> (String, String, Option<u32>) {
    let mut channel = client.channel_open_session().await.unwrap();
    channel.exec(true, command).await.unwrap();
    finish(&mut channel).await
}

fn in_runtime(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let limit = Duration::from_secs(60);
    runtime.block_on(async { tokio::time::timeout(limit, test).await.expect("the test hangs") });
    runtime.shutdown_background();
}

#[test]
fn a_command_has_its_output_its_error_and_its_exit_status() {
    in_runtime(async {
        let radio = Radio::start(Rights::LIBRARY_READ | Rights::STREAM_READ).await;
        let client = radio.log_in().await;
        let version = format!("radio (Tidegate) {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(run(&client, "version").await, (version, String::new(), Some(0)));
        let lacking = "anna lacks the right VR,VW for next\n".replace("VR,", "");
        assert_eq!(run(&client, "next").await, (String::new(), lacking, Some(3)));
        assert_eq!(run(&client, "help 'x y").await, (String::new(), "missing closing quote\n".to_owned(), Some(2)));
        assert!(radio.bench.asked().is_empty());
    });
}

#[test]
fn standard_input_is_a_blob_and_a_client_that_breaks_off_leaves_none() {
    in_runtime(async {
        let radio = Radio::start(Rights::ALL).await;
        let client = radio.log_in().await;
        let blob = vec![7_u8; 3_000_000];
        let mut channel = client.channel_open_session().await.unwrap();
        channel.exec(true, "addimg cover").await.unwrap();
        channel.data(&blob[..]).await.unwrap();
        channel.eof().await.unwrap();
        assert_eq!(finish(&mut channel).await, (String::new(), String::new(), Some(0)));
        let stored = radio.bench.context.library.blob(radio_library::change::BlobKind::Image, "cover").unwrap();
        assert!(stored == blob, "{} bytes", stored.len());

        let channel = client.channel_open_session().await.unwrap();
        channel.exec(true, "addimg half").await.unwrap();
        channel.data(&b"half of it"[..]).await.unwrap();
        channel.close().await.unwrap();
        let own = |task: &crate::sessions::Task| task.command == "addimg half";
        while radio.bench.context.sessions.tasks().iter().any(own) {
            tokio::task::yield_now().await;
        }
        assert_eq!(run(&client, "lsimg").await.0, "cover\n");
    });
}

#[test]
fn nobody_comes_in_without_the_key_of_the_name() {
    in_runtime(async {
        let radio = Radio::start(Rights::ALL).await;
        let own = || PrivateKeyWithHashAlg::new(Arc::clone(&radio.key), None);
        let strange = || PrivateKeyWithHashAlg::new(Arc::new(key()), None);
        for (name, key) in [("bert", own()), ("anna", strange()), ("", own())] {
            let mut client = radio.connect().await;
            let result = client.authenticate_publickey(name, key).await.unwrap();
            assert!(matches!(result, AuthResult::Failure { .. }), "{name}");
        }
        let mut client = radio.connect().await;
        for word in ["", "secret", "anna"] {
            assert!(!client.authenticate_password("anna", word).await.unwrap().success());
        }
        assert!(!client.authenticate_none("anna").await.unwrap().success());
        let counters = radio.bench.context.sessions.counters();
        assert_eq!(counters.logins.load(Ordering::Relaxed), 0);
        assert!(counters.refused_logins.load(Ordering::Relaxed) >= 3);
    });
}

#[test]
fn a_session_ends_when_the_users_key_or_rights_change() {
    in_runtime(async {
        let radio = Radio::start(Rights::ALL).await;
        let client = radio.log_in().await;
        let mut follows = client.channel_open_session().await.unwrap();
        follows.exec(true, "stat").await.unwrap();
        radio.bench.set_users(users("anna", radio.key.public_key(), Rights::STREAM_READ));
        let (_, _, status) = finish(&mut follows).await;
        assert_eq!(status, None, "cut, not ended");
        let client = radio.log_in().await;
        assert_eq!(run(&client, "next").await.2, Some(3), "with the new rights");
        radio.bench.set_users(Users::default());
        assert!(client.channel_open_session().await.is_err() || run(&client, "version").await.2.is_none());
    });
}

#[test]
fn stat_follows_until_it_is_interrupted() {
    in_runtime(async {
        let radio = Radio::start(Rights::ALL).await;
        let client = radio.log_in().await;
        let mut channel = client.channel_open_session().await.unwrap();
        channel.exec(true, "stat").await.unwrap();
        let mut seen = String::new();
        let mut status = stopped();
        let mut told = false;
        while let Some(message) = channel.wait().await {
            match message {
                ChannelMsg::Data { data } => seen.push_str(std::str::from_utf8(&data).unwrap()),
                ChannelMsg::ExitStatus { exit_status } => assert_eq!(exit_status, 130),
                _ => {}
            }
            if seen.contains("status: stopped\n") && !told {
                told = true;
                status.playback = radio_stream::link::Playback::Playing;
                radio.bench.status.send_replace(Some(Arc::new(status.clone())));
            }
            if seen.contains("status: playing\n") {
                let _ = channel.signal(russh::Sig::INT).await;
            }
        }
        assert_eq!(seen.matches("status_flags").count(), 1, "only what changed is told again: {seen}");
    });
}

#[test]
fn the_shell_edits_completes_and_runs() {
    in_runtime(async {
        let radio = Radio::start(Rights::ALL).await;
        let client = radio.log_in().await;
        let mut channel = client.channel_open_session().await.unwrap();
        channel.request_pty(true, "xterm", 80, 24, 0, 0, &[]).await.unwrap();
        channel.request_shell(true).await.unwrap();
        // A completed name, a blob with its end, a wrong word, an interrupt and the end.
        let typed = "vers\t\rset\x15addmood all\rnum_played >= 0\r\x04lsmood\rnxt\rstat\r";
        channel.data(typed.as_bytes()).await.unwrap();
        let mut seen = String::new();
        let mut told = false;
        while let Some(message) = channel.wait().await {
            match message {
                ChannelMsg::Data { data } => seen.push_str(&String::from_utf8_lossy(&data)),
                ChannelMsg::ExitStatus { exit_status } => assert_eq!(exit_status, 130, "of the last command: {seen}"),
                _ => {}
            }
            if seen.contains("status: stopped") && !told {
                told = true;
                channel.data(&b"\x03\x1b[A\x15exit\r"[..]).await.unwrap();
            }
        }
        assert!(seen.contains("radio (Tidegate) "), "{seen}");
        assert!(seen.contains("\r\nall\r\n"), "{seen}");
        assert!(seen.contains("did you mean next?"), "{seen}");
        assert_eq!(radio.bench.context.histories.of("anna").last().map(String::as_str), Some("exit"));
    });
}

#[test]
fn a_script_without_a_terminal_runs_line_by_line() {
    in_runtime(async {
        let radio = Radio::start(Rights::ALL).await;
        let client = radio.log_in().await;
        let mut channel = client.channel_open_session().await.unwrap();
        channel.request_shell(true).await.unwrap();
        channel.data(&b"# a remark\naddatt rock\nlsatt\n\njmp 200"[..]).await.unwrap();
        channel.eof().await.unwrap();
        let (output, error, status) = finish(&mut channel).await;
        assert_eq!((output.as_str(), status), ("rock\n", Some(2)));
        assert_eq!(error, "jmp: \"200\": expected 0 to 100\n");
    });
}

#[test]
fn the_end_waits_for_those_who_are_there() {
    in_runtime(async {
        let radio = Radio::start(Rights::ALL).await;
        let client = radio.log_in().await;
        let mut channel = client.channel_open_session().await.unwrap();
        channel.exec(true, "addimg cover").await.unwrap();
        drop(radio.end);
        // From now on nobody else comes in.
        while client::connect(Arc::default(), radio.address, Client).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(!radio.front.is_finished());
        channel.data(&b"an image"[..]).await.unwrap();
        channel.eof().await.unwrap();
        assert_eq!(finish(&mut channel).await, (String::new(), String::new(), Some(0)));
        client.disconnect(Disconnect::ByApplication, "", "").await.unwrap();
        radio.front.await.unwrap();
    });
}

#[test]
fn channels_have_a_limit_and_nothing_else_is_to_be_had() {
    in_runtime(async {
        let radio = Radio::start(Rights::ALL).await;
        let client = radio.log_in().await;
        let mut open = Vec::new();
        for _ in 0..crate::limits::CHANNELS_PER_SESSION_MAXIMUM {
            open.push(client.channel_open_session().await.unwrap());
        }
        assert!(client.channel_open_session().await.is_err());
        drop(open);
        assert!(client.channel_open_direct_tcpip("127.0.0.1", 22, "127.0.0.1", 1).await.is_err());
        client.disconnect(Disconnect::ByApplication, "", "").await.unwrap();
    });
}
