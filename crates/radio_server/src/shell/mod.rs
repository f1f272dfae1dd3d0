//! What somebody who is logged in can run: one command, commands from a script, or an interactive shell with history, line editing
//! and completion. It knows nothing of ssh: [`Ends`] is all it has.
//!
//! On a terminal a command that reads its input gets it line by line, echoed, until Ctrl-D; Ctrl-C ends the command and not the
//! shell; what is typed while a command runs that reads nothing is for the shell, afterwards.

mod completion;
mod cooked;
mod editor;

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::commands::{self, Origin};
use crate::context::Context;
use crate::running::{RunningCommand, Stream};

use cooked::Cooked;
#[doc(hidden)]
pub use editor::fuzz;
use editor::{Editor, Event};

/// Ctrl-C.
const INTERRUPT: u8 = 3;

/// What comes from the client.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// Standard input.
    Data(Vec<u8>),
    /// Its end.
    EndOfInput,
    /// The terminal's new width.
    Columns(usize),
    /// What runs is to end.
    Interrupt,
}

/// Where a command or shell is connected to.
pub(crate) struct Ends {
    /// From the client. Its end: the client has gone.
    pub(crate) incoming: mpsc::Receiver<Incoming>,
    /// Standard output.
    pub(crate) output: Box<dyn AsyncWrite + Send + Unpin>,
    /// Standard error.
    pub(crate) error: Box<dyn AsyncWrite + Send + Unpin>,
    /// The width of the terminal, where there is one.
    pub(crate) columns: Option<usize>,
}

/// The client has gone.
struct Gone;

impl Ends {
    async fn write(&mut self, stream: Stream, bytes: &[u8]) -> Result<(), Gone> {
        // A terminal has one stream, and needs to be told to go back to the first column.
        let (end, bytes) = match (stream, self.columns) {
            (_, Some(_)) => (&mut self.output, cooked::with_carriage_returns(bytes)),
            (Stream::Output, None) => (&mut self.output, bytes.to_vec()),
            (Stream::Error, None) => (&mut self.error, bytes.to_vec()),
        };
        end.write_all(&bytes).await.map_err(|_| Gone)?;
        end.flush().await.map_err(|_| Gone)
    }

    async fn write_raw(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        self.output.write_all(bytes).await.map_err(|_| Gone)?;
        self.output.flush().await.map_err(|_| Gone)
    }

    async fn complain(&mut self, text: &str) -> Result<(), Gone> {
        self.write(Stream::Error, format!("{text}\n").as_bytes()).await
    }
}

/// Runs one command line. Returns its exit status, or `None` if the client has gone.
pub(crate) async fn one_command(ends: &mut Ends, context: &Arc<Context>, origin: &Origin, line: &str) -> Option<u8> {
    let mut typed = VecDeque::new();
    run_line(ends, &mut typed, context, origin, line).await.ok()
}

/// Runs each line of standard input. Returns the exit status of the last command, or `None` if the client has gone.
pub(crate) async fn script(ends: &mut Ends, context: &Arc<Context>, origin: &Origin) -> Option<u8> {
    let mut rest = Vec::new();
    let mut status = 0;
    loop {
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            status = script_line(ends, context, origin, &line, status).await?;
        }
        match ends.incoming.recv().await? {
            Incoming::Data(bytes) if rest.len() + bytes.len() <= crate::limits::COMMAND_LINE_BYTES_MAXIMUM * 2 => {
                rest.extend(bytes);
            }
            Incoming::Data(_) => {
                ends.complain("a line is too long").await.ok()?;
                return Some(2);
            }
            Incoming::EndOfInput => return script_line(ends, context, origin, &rest, status).await,
            Incoming::Interrupt => return Some(130),
            Incoming::Columns(_) => {}
        }
    }
}

async fn script_line(ends: &mut Ends, context: &Arc<Context>, origin: &Origin, line: &[u8], status: u8) -> Option<u8> {
    let line = String::from_utf8_lossy(line).into_owned();
    let words = match shell_words::split(line.trim()) {
        Ok(words) if words.is_empty() || words[0].starts_with('#') => return Some(status),
        Ok(words) => words,
        Err(error) => {
            ends.complain(&error.to_string()).await.ok()?;
            return Some(2);
        }
    };
    // The script is the input already; a command that reads finds its own at an end.
    let mut command = RunningCommand::start(Arc::clone(context), origin.clone(), words);
    command.end_input();
    while let Some((stream, bytes)) = command.output().await {
        if ends.write(stream, &bytes).await.is_err() {
            command.interrupt();
            return None;
        }
    }
    Some(command.status().await)
}

/// A shell on a terminal, until `exit` or Ctrl-D. Returns the exit status of the last command, or `None` if the client has gone.
pub(crate) async fn interactive(ends: &mut Ends, context: &Arc<Context>, origin: &Origin) -> Option<u8> {
    let user = Arc::clone(&origin.user.name);
    let mut editor = Editor::new(&format!("{user}@radio> "), ends.columns.unwrap_or(80), context.histories.of(&user));
    let mut typed = VecDeque::new();
    let mut status = 0;
    let greeting = "help lists the commands; Tab completes, Ctrl-D leaves.\n";
    ends.write(Stream::Output, greeting.as_bytes()).await.ok()?;
    loop {
        let Some(line) = next_line(ends, &mut editor, &mut typed, context, origin).await? else {
            return Some(status);
        };
        context.histories.keep(&user, editor.history());
        match line.trim() {
            "" => {}
            "exit" | "quit" | "logout" => return Some(status),
            line => {
                status = run_line(ends, &mut typed, context, origin, line).await.ok()?;
                editor.resize(ends.columns.unwrap_or(80));
            }
        }
    }
}

/// The next line that is entered; inside, `None` at the end of the input; outside, if the client has gone.
async fn next_line(
    ends: &mut Ends,
    editor: &mut Editor,
    typed: &mut VecDeque<u8>,
    context: &Arc<Context>,
    origin: &Origin,
) -> Option<Option<String>> {
    let mut shown = Vec::new();
    editor.draw(&mut shown);
    loop {
        while let Some(byte) = typed.pop_front() {
            match editor.feed(byte, &mut shown) {
                None => {}
                Some(Event::Interrupt) => editor.draw(&mut shown),
                Some(Event::Line(line)) => {
                    ends.write_raw(&shown).await.ok()?;
                    return Some(Some(line));
                }
                Some(Event::EndOfInput) => {
                    ends.write_raw(&shown).await.ok()?;
                    return Some(None);
                }
                Some(Event::Complete { before, again }) => {
                    complete(editor, &before, again, &mut shown, context, origin).await;
                }
            }
        }
        ends.write_raw(&shown).await.ok()?;
        shown.clear();
        match ends.incoming.recv().await? {
            Incoming::Data(bytes) => typed.extend(bytes),
            Incoming::EndOfInput => return Some(None),
            Incoming::Interrupt => typed.push_back(INTERRUPT),
            Incoming::Columns(columns) => {
                ends.columns = Some(columns);
                editor.resize(columns);
                editor.draw(&mut shown);
            }
        }
    }
}

async fn complete(
    editor: &mut Editor,
    before: &str,
    again: bool,
    shown: &mut Vec<u8>,
    context: &Arc<Context>,
    origin: &Origin,
) {
    let (context, rights, text) = (Arc::clone(context), origin.user.rights, before.to_owned());
    // Words may come out of the library.
    let found = tokio::task::spawn_blocking(move || completion::complete(&context, rights, &text)).await;
    let Ok(found) = found else { return };
    match found.insertion() {
        Some(text) => editor.complete(found.replaced, &text, shown),
        None if again && !found.candidates.is_empty() => {
            shown.extend_from_slice(b"\r\n");
            shown.extend(cooked::with_carriage_returns(found.list().as_bytes()));
            editor.draw(shown);
        }
        None => shown.push(7),
    }
}

/// Runs a command line, on a terminal or without one. What is typed and not read stays in `typed`.
async fn run_line(
    ends: &mut Ends,
    typed: &mut VecDeque<u8>,
    context: &Arc<Context>,
    origin: &Origin,
    line: &str,
) -> Result<u8, Gone> {
    let words = match shell_words::split(line) {
        Ok(words) if !words.is_empty() => words,
        Ok(_) => return Ok(0),
        Err(error) => {
            ends.complain(&error.to_string()).await?;
            return Ok(2);
        }
    };
    let reads = commands::find(&words[0]).is_some_and(|entry| entry.reads_input);
    let mut command = RunningCommand::start(Arc::clone(context), origin.clone(), words);
    if !reads {
        command.end_input();
    }
    match attend(ends, typed, &mut command).await {
        Ok(()) => Ok(command.status().await),
        Err(Gone) => {
            command.interrupt();
            Err(Gone)
        }
    }
}

/// Carries input and output until the output has ended.
async fn attend(ends: &mut Ends, typed: &mut VecDeque<u8>, command: &mut RunningCommand) -> Result<(), Gone> {
    let mut cooked = ends.columns.map(|_| Cooked::default());
    let mut waiting: VecDeque<Vec<u8>> = VecDeque::new();
    let mut ended = false;
    loop {
        if !ended && command.input().is_some() && !typed.is_empty() {
            feed(ends, typed, &mut cooked, &mut waiting, &mut ended, command).await?;
        }
        if ended && waiting.is_empty() {
            command.end_input();
        }
        // Held only while something is to be sent: as long as it is held, the command does not see the end of its input.
        let input = command.input().filter(|_| !waiting.is_empty());
        let sends = input.is_some();
        tokio::select! {
            output = command.output() => match output {
                Some((stream, bytes)) => ends.write(stream, &bytes).await?,
                None => return Ok(()),
            },
            permit = reserve(input), if sends => match (permit, waiting.pop_front()) {
                (Some(permit), Some(bytes)) => drop(permit.send(bytes)),
                // It reads no more.
                _ => waiting.clear(),
            },
            incoming = ends.incoming.recv(), if !sends => match incoming.ok_or(Gone)? {
                Incoming::Data(bytes) => {
                    let interrupt = bytes.iter().position(|&byte| byte == INTERRUPT);
                    match interrupt.filter(|_| cooked.is_some() && command.input().is_none()) {
                        Some(at) => {
                            ends.write_raw(b"^C\r\n").await?;
                            command.interrupt();
                            // As terminals do: what was typed before is gone.
                            typed.clear();
                            typed.extend(&bytes[at + 1..]);
                        }
                        None if cooked.is_some() || command.input().is_some() => typed.extend(bytes),
                        None => {}
                    }
                }
                Incoming::EndOfInput => ended = true,
                Incoming::Interrupt => command.interrupt(),
                Incoming::Columns(columns) => ends.columns = Some(columns),
            },
        }
    }
}

async fn reserve(input: Option<mpsc::Sender<Vec<u8>>>) -> Option<mpsc::OwnedPermit<Vec<u8>>> {
    input?.reserve_owned().await.ok()
}

/// Makes input of what was typed: as it is, or by lines from a terminal.
async fn feed(
    ends: &mut Ends,
    typed: &mut VecDeque<u8>,
    cooked: &mut Option<Cooked>,
    waiting: &mut VecDeque<Vec<u8>>,
    ended: &mut bool,
    command: &mut RunningCommand,
) -> Result<(), Gone> {
    let Some(cooked) = cooked else {
        waiting.push_back(typed.drain(..).collect());
        return Ok(());
    };
    let mut shown = Vec::new();
    while let Some(byte) = typed.pop_front() {
        match cooked.feed(byte, &mut shown) {
            None => {}
            Some(cooked::Event::Line(line)) => waiting.push_back(line),
            Some(cooked::Event::EndOfInput) => {
                *ended = true;
                break;
            }
            Some(cooked::Event::Interrupt) => {
                command.interrupt();
                break;
            }
        }
    }
    ends.write_raw(&shown).await
}
