//! One channel: russh's messages on the one side, a command or the shell on the other.

use std::sync::Arc;

use russh::server::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, Sig};
use tokio::sync::mpsc;

use crate::commands::Origin;
use crate::context::Context;
use crate::shell::{self, Ends, Incoming};

/// Messages from the client that wait for a command which does something else.
const QUEUED_MESSAGES: usize = 8;

/// The number by which the protocol knows standard error.
const STANDARD_ERROR: u32 = 1;

/// The client's terminal.
#[derive(Debug, Clone, Copy)]
pub(super) struct TerminalSize {
    /// Its width in characters; 0: it does not know.
    pub(super) columns: u32,
}

/// What is to run on the channel.
#[derive(Debug)]
pub(super) enum Request {
    Shell,
    Command(String),
}

/// Runs it, tells its exit status, and closes the channel.
pub(super) async fn run(
    channel: Channel<Msg>,
    terminal: Option<TerminalSize>,
    request: Request,
    context: Arc<Context>,
    origin: Origin,
) {
    let (reader, writer) = channel.split();
    let (sender, incoming) = mpsc::channel(QUEUED_MESSAGES);
    let pump = tokio::spawn(pump(reader, sender));
    let mut ends = Ends {
        incoming,
        output: Box::new(writer.make_writer()),
        error: Box::new(writer.make_writer_ext(Some(STANDARD_ERROR))),
        columns: terminal.map(|terminal| columns(terminal.columns)),
    };
    let status = match request {
        Request::Command(line) => shell::one_command(&mut ends, &context, &origin, &line).await,
        Request::Shell if terminal.is_some() => shell::interactive(&mut ends, &context, &origin).await,
        Request::Shell => shell::script(&mut ends, &context, &origin).await,
    };
    drop(ends);
    if let Some(status) = status {
        let _ = writer.exit_status(status.into()).await;
        let _ = writer.eof().await;
    }
    let _ = writer.close().await;
    pump.abort();
}

fn columns(columns: u32) -> usize {
    usize::try_from(columns).ok().filter(|columns| *columns > 0).unwrap_or(80)
}

/// Hands on what concerns a command.
async fn pump(mut reader: ChannelReadHalf, sender: mpsc::Sender<Incoming>) {
    while let Some(message) = reader.wait().await {
        let incoming = match message {
            ChannelMsg::Data { data } => Incoming::Data(data.to_vec()),
            ChannelMsg::Eof => Incoming::EndOfInput,
            ChannelMsg::WindowChange { col_width, .. } => Incoming::Columns(columns(col_width)),
            ChannelMsg::Signal { signal: Sig::INT | Sig::TERM | Sig::HUP | Sig::QUIT } => Incoming::Interrupt,
            ChannelMsg::Close => return,
            _ => continue,
        };
        if sender.send(incoming).await.is_err() {
            return;
        }
    }
}
