//! A command that runs on a thread of its own, and the asynchronous ends of its input and outputs.
//!
//! Input and outputs are short queues of buffers: a peer that does not read stops the command, a command that does not read
//! stops its peer.

use std::io::{self, Read, Write};
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::commands::{self, Origin, Streams};
use crate::context::Context;

/// How many buffers wait in each queue.
const QUEUED_BUFFERS: usize = 8;

/// How much is collected before it is handed on, in bytes.
const BUFFER_BYTES: usize = 16 << 10;

/// Which output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Output,
    Error,
}

/// A command at work.
#[derive(Debug)]
pub(crate) struct RunningCommand {
    /// To its standard input; `None`: it has ended.
    input: Option<mpsc::Sender<Vec<u8>>>,
    output: mpsc::Receiver<(Stream, Vec<u8>)>,
    interrupt: watch::Sender<bool>,
    thread: JoinHandle<u8>,
}

impl RunningCommand {
    /// Starts it.
    pub(crate) fn start(context: Arc<Context>, origin: Origin, words: Vec<String>) -> Self {
        let (input, input_end) = mpsc::channel(QUEUED_BUFFERS);
        let (sender, output) = mpsc::channel(QUEUED_BUFFERS);
        let (interrupt, interrupted) = watch::channel(false);
        let thread = tokio::task::spawn_blocking(move || {
            let mut reader =
                QueueReader { queue: input_end, rest: Vec::new(), at: 0, interrupted: interrupted.clone() };
            let mut output = QueueWriter { queue: sender.clone(), stream: Stream::Output, buffer: Vec::new() };
            let mut error = QueueWriter { queue: sender, stream: Stream::Error, buffer: Vec::new() };
            let streams = Streams { input: &mut reader, output: &mut output, error: &mut error, interrupted };
            commands::run(&context, &origin, &words, streams)
        });
        Self { input: Some(input), output, interrupt, thread }
    }

    /// The next piece of output; `None` when it has ended.
    pub(crate) async fn output(&mut self) -> Option<(Stream, Vec<u8>)> {
        self.output.recv().await
    }

    /// A way to its input that does not hold up its output.
    pub(crate) fn input(&self) -> Option<mpsc::Sender<Vec<u8>>> {
        self.input.clone()
    }

    /// Its input ends here.
    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }

    /// It is to end, whatever it does.
    pub(crate) fn interrupt(&mut self) {
        // First, so that the end of the input is not taken for the end of what was sent.
        self.interrupt.send_replace(true);
        self.input = None;
        self.output.close();
    }

    /// Its exit status, once its output has ended.
    pub(crate) async fn status(self) -> u8 {
        self.thread.await.unwrap_or(1)
    }
}

struct QueueReader {
    queue: mpsc::Receiver<Vec<u8>>,
    rest: Vec<u8>,
    at: usize,
    interrupted: watch::Receiver<bool>,
}

impl Read for QueueReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.rest.len() {
            match self.queue.blocking_recv() {
                Some(bytes) => (self.rest, self.at) = (bytes, 0),
                // `Interrupted` would be tried again by the standard library.
                None if *self.interrupted.borrow() => return Err(io::ErrorKind::BrokenPipe.into()),
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.rest.len() - self.at);
        buffer[..length].copy_from_slice(&self.rest[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

struct QueueWriter {
    queue: mpsc::Sender<(Stream, Vec<u8>)>,
    stream: Stream,
    buffer: Vec<u8>,
}

impl Write for QueueWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.buffer);
        self.queue.blocking_send((self.stream, bytes)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Drop for QueueWriter {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}
