//! One client, from the greeting to its end.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::Server;
use super::changes::{Counts, Subsystem};
use super::client::Client;
use super::commands;
use super::input::{Batch, Input, Step};
use super::limits::SILENCE_MAX;
use super::refusal::Refusal;
use super::reply::Reply;

/// The version of the protocol that is spoken.
const GREETING: &[u8] = b"OK MPD 0.23.5\n";

/// Bytes read at a time.
const READ_BYTES: usize = 16 << 10;

pub(super) async fn run(server: Arc<Server>, client: Client, stream: TcpStream) {
    let (number, peer) = (client.number, client.peer.clone());
    let _ = stream.set_nodelay(true);
    let mut changes = server.changes.watch();
    let mut connection = Connection {
        server: Arc::clone(&server),
        client: Some(client),
        stream,
        input: Input::default(),
        waits_for: None,
    };
    tracing::debug!(%peer, "mpd: connected");
    // An error is a client that is gone.
    let _gone = connection.serve(&mut changes).await;
    server.channels.forget(number);
    tracing::debug!(%peer, "mpd: disconnected");
}

struct Connection {
    server: Arc<Server>,
    /// Away while a command runs.
    client: Option<Client>,
    stream: TcpStream,
    input: Input,
    /// What an idling client waits for.
    waits_for: Option<Vec<Subsystem>>,
}

impl Connection {
    async fn serve(&mut self, changes: &mut watch::Receiver<Counts>) -> std::io::Result<()> {
        self.stream.write_all(GREETING).await?;
        let mut buffer = vec![0; READ_BYTES];
        loop {
            while let Some(step) = self.input.next_step() {
                if !self.step(step).await? {
                    return Ok(());
                }
            }
            let now = *changes.borrow_and_update();
            self.tell(now).await?;
            if self.waits_for.is_some() {
                tokio::select! {
                    read = self.stream.read(&mut buffer) => match read? {
                        0 => return Ok(()),
                        length => self.input.receive(&buffer[..length]),
                    },
                    changed = changes.changed() => if changed.is_err() { return Ok(()) },
                }
                continue;
            }
            match tokio::time::timeout(SILENCE_MAX, self.stream.read(&mut buffer)).await {
                Ok(Ok(length)) if length > 0 => self.input.receive(&buffer[..length]),
                // The end, an error, or silence.
                _ => return Ok(()),
            }
        }
    }

    /// Takes a step; whether there may be another.
    async fn step(&mut self, step: Step) -> std::io::Result<bool> {
        match step {
            Step::Run(batch) => {
                let answer = self.run(batch).await;
                self.stream.write_all(&answer).await?;
            }
            Step::Refuse { refusal, command } => {
                self.stream.write_all(refusal.line(0, &command).as_bytes()).await?;
            }
            Step::Idle(names) => match subsystems(&names) {
                Ok(parts) => self.waits_for = Some(parts),
                Err(refusal) => {
                    self.input.idle_ended();
                    self.stream.write_all(refusal.line(0, "idle").as_bytes()).await?;
                }
            },
            Step::Interrupt => {
                self.waits_for = None;
                self.stream.write_all(b"OK\n").await?;
            }
            Step::Close => return Ok(false),
        }
        Ok(true)
    }

    async fn run(&mut self, batch: Batch) -> Vec<u8> {
        let (server, Some(mut client)) = (Arc::clone(&self.server), self.client.take()) else { return Vec::new() };
        let ran = tokio::task::spawn_blocking(move || {
            let mut reply = Reply::default();
            commands::run(&server, &mut client, &batch, &mut reply);
            (client, reply.take())
        });
        // The command's own panic is this connection's end.
        let Ok((client, answer)) = ran.await else { return Vec::new() };
        self.client = Some(client);
        answer
    }

    /// Tells an idling client what has changed, if something has.
    async fn tell(&mut self, now: Counts) -> std::io::Result<()> {
        let (Some(parts), Some(client)) = (&self.waits_for, &mut self.client) else { return Ok(()) };
        let mut changed = now.since(&client.seen, parts);
        client.seen.see(&now, &changed);
        // Messages are somebody's; the number is everybody's.
        let mine = |part: &Subsystem| *part != Subsystem::Message || self.server.channels.any_for(client.number);
        changed.retain(mine);
        if changed.is_empty() {
            return Ok(());
        }
        self.waits_for = None;
        self.input.idle_ended();
        let lines: String = changed.iter().map(|part| format!("changed: {}\n", part.name())).collect();
        self.stream.write_all((lines + "OK\n").as_bytes()).await
    }
}

fn subsystems(names: &[String]) -> Result<Vec<Subsystem>, Refusal> {
    if names.is_empty() {
        return Ok(Subsystem::ALL.to_vec());
    }
    let named = |name: &String| {
        Subsystem::named(name).ok_or_else(|| Refusal::argument(format_args!("Unrecognized idle event: {name}")))
    };
    names.iter().map(named).collect()
}
