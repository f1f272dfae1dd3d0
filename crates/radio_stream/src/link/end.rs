//! The two ends of the socket pair. A thread reads, another one writes: whoever sends is never held up by the peer.

use std::collections::HashMap;
use std::fmt;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::frames::encode;
use super::{Answer, Event, Frames, LinkError, Refusal, Request, ToLibrary, ToStream};
use crate::limits::LINK_BACKLOG_BYTES_MAX;

/// Bytes read from the socket at a time.
const READ_BYTES: usize = 16 << 10;

/// A lock whose holder cannot leave anything half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where messages to the peer wait for the thread that writes them. Cheap to clone.
#[derive(Clone)]
pub struct Outbox(Arc<Shared>);

struct Shared {
    socket: UnixStream,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Bytes that the writing thread has taken and not yet written.
    in_hand: usize,
    /// Nothing more is taken; what waits is still sent.
    finishing: bool,
    closed: bool,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Outbox").field("waiting_bytes", &self.waiting_bytes()).finish()
    }
}

impl Outbox {
    fn start(socket: UnixStream) -> Result<Self, LinkError> {
        let outbox = Self(Arc::new(Shared { socket, waiting: Mutex::default(), changed: Condvar::new() }));
        let writer = outbox.clone();
        thread::Builder::new().name("link writer".to_owned()).spawn(move || writer.write())?;
        Ok(outbox)
    }

    /// Puts a message behind those that wait. Never blocks.
    ///
    /// # Errors
    /// [`LinkError::Gone`], and [`LinkError::Stuck`] when the peer has left too much unread: the link is closed then.
    pub fn send(&self, message: &impl Serialize) -> Result<(), LinkError> {
        let encoded = encode(message)?;
        let mut waiting = locked(&self.0.waiting);
        if waiting.closed || waiting.finishing {
            return Err(LinkError::Gone);
        }
        let bytes = waiting.bytes.len() + waiting.in_hand;
        if bytes > LINK_BACKLOG_BYTES_MAX {
            drop(waiting);
            self.close();
            return Err(LinkError::Stuck { bytes });
        }
        waiting.bytes.extend_from_slice(&encoded);
        drop(waiting);
        self.0.changed.notify_one();
        Ok(())
    }

    /// Ends the link when what waits is sent.
    pub fn finish(&self) {
        locked(&self.0.waiting).finishing = true;
        self.0.changed.notify_one();
    }

    /// Ends the link at once: both threads of this end, and the peer's.
    pub fn close(&self) {
        locked(&self.0.waiting).closed = true;
        self.0.changed.notify_one();
        // It fails when the peer has closed it already.
        let _ = self.0.socket.shutdown(Shutdown::Both);
    }

    fn waiting_bytes(&self) -> usize {
        let waiting = locked(&self.0.waiting);
        waiting.bytes.len() + waiting.in_hand
    }

    fn write(&self) {
        let mut in_hand = Vec::new();
        loop {
            let mut waiting = locked(&self.0.waiting);
            waiting.in_hand = 0;
            while waiting.bytes.is_empty() && !waiting.closed && !waiting.finishing {
                waiting = self.0.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            if waiting.closed {
                return;
            }
            if waiting.bytes.is_empty() {
                drop(waiting);
                return self.close();
            }
            in_hand.clear();
            std::mem::swap(&mut in_hand, &mut waiting.bytes);
            waiting.in_hand = in_hand.len();
            drop(waiting);
            if (&self.0.socket).write_all(&in_hand).is_err() {
                self.close();
                return;
            }
        }
    }
}

/// Hands each message to `received`, and at last why there are no more.
fn read<T: DeserializeOwned>(mut socket: UnixStream, mut received: impl FnMut(Result<T, LinkError>)) {
    let mut frames = Frames::default();
    let mut buffer = vec![0; READ_BYTES];
    let ended = 'link: loop {
        match socket.read(&mut buffer) {
            Ok(0) => break LinkError::Gone,
            Ok(count) => frames.receive(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => break error.into(),
        }
        loop {
            match frames.next_message() {
                Ok(Some(message)) => received(Ok(message)),
                Ok(None) => break,
                Err(error) => break 'link error,
            }
        }
    };
    // The peer must not go on to talk to nobody.
    let _ = socket.shutdown(Shutdown::Both);
    received(Err(ended));
}

/// The stream side's end. Dropping it ends the link, behind what was sent.
#[derive(Debug)]
pub struct StreamEnd(Outbox);

impl StreamEnd {
    /// Starts the threads of this end. `received` is called on one of them with each message, and at last once with the reason
    /// why there are no more.
    ///
    /// # Errors
    /// When the kernel has no thread or descriptor left.
    pub fn start(
        socket: UnixStream,
        received: impl FnMut(Result<ToStream, LinkError>) + Send + 'static,
    ) -> Result<Self, LinkError> {
        let reader = socket.try_clone()?;
        let outbox = Outbox::start(socket)?;
        thread::Builder::new().name("link reader".to_owned()).spawn(move || read(reader, received))?;
        Ok(Self(outbox))
    }

    /// Sends an answer or an event.
    ///
    /// # Errors
    /// As [`Outbox::send`].
    pub fn send(&self, message: &ToLibrary) -> Result<(), LinkError> {
        self.0.send(message)
    }
}

impl Drop for StreamEnd {
    fn drop(&mut self) {
        self.0.finish();
    }
}

/// Why a request of the library side brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The stream side refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no stream side any more.
    #[error("the stream side is gone")]
    Lost,
}

type Answered = Box<dyn FnOnce(Result<Answer, RequestError>) + Send>;

/// The library side's end. Cheap to clone; the link ends with [`close`](Self::close) or with the process.
#[derive(Clone)]
pub struct LibraryEnd(Arc<LibraryShared>);

struct LibraryShared {
    outbox: Outbox,
    requests: Arc<Mutex<Requests>>,
}

#[derive(Default)]
struct Requests {
    last_id: u64,
    /// None once the link has ended.
    unanswered: Option<HashMap<u64, Answered>>,
}

impl fmt::Debug for LibraryEnd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unanswered = locked(&self.0.requests).unanswered.as_ref().map(HashMap::len);
        formatter.debug_struct("LibraryEnd").field("unanswered", &unanswered).finish()
    }
}

impl LibraryEnd {
    /// Starts the threads of this end. `happened` is called on one of them with each event, and at last with the reason why there
    /// are no more. It must not wait for an answer of this link.
    ///
    /// # Errors
    /// When the kernel has no thread or descriptor left.
    pub fn start(
        socket: UnixStream,
        mut happened: impl FnMut(Result<Event, LinkError>) + Send + 'static,
    ) -> Result<Self, LinkError> {
        let reader = socket.try_clone()?;
        let outbox = Outbox::start(socket)?;
        let requests = Arc::new(Mutex::new(Requests { last_id: 0, unanswered: Some(HashMap::new()) }));
        let waiting = Arc::clone(&requests);
        let own_outbox = outbox.clone();
        let received = move |message| match message {
            Ok(ToLibrary::Answer { id, result }) => {
                let answered = locked(&waiting).unanswered.as_mut().and_then(|unanswered| unanswered.remove(&id));
                if let Some(answered) = answered {
                    answered(result.map_err(RequestError::Refused));
                }
            }
            Ok(ToLibrary::Event { event }) => happened(Ok(event)),
            Err(error) => {
                own_outbox.close();
                let unanswered = locked(&waiting).unanswered.take();
                for answered in unanswered.into_iter().flat_map(HashMap::into_values) {
                    answered(Err(RequestError::Lost));
                }
                happened(Err(error));
            }
        };
        thread::Builder::new().name("link reader".to_owned()).spawn(move || read(reader, received))?;
        Ok(Self(Arc::new(LibraryShared { outbox, requests })))
    }

    /// Asks for something. `answered` is called exactly once, on the thread of the link (or on this one when the link is down
    /// already); it must not wait for another answer. Never blocks.
    pub fn request(&self, request: Request, answered: impl FnOnce(Result<Answer, RequestError>) + Send + 'static) {
        let mut requests = locked(&self.0.requests);
        requests.last_id += 1;
        let id = requests.last_id;
        let Some(unanswered) = &mut requests.unanswered else {
            drop(requests);
            answered(Err(RequestError::Lost));
            return;
        };
        unanswered.insert(id, Box::new(answered));
        // In the lock, so that requests are sent in the order of their numbers.
        let sent = self.0.outbox.send(&ToStream::Request { id, request });
        let unsent = if sent.is_err() { unanswered.remove(&id) } else { None };
        drop(requests);
        if let Some(answered) = unsent {
            answered(Err(RequestError::Lost));
        }
    }

    /// Asks for something and waits for the answer: for threads that may block.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn ask(&self, request: Request) -> Result<Answer, RequestError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.request(request, move |answer| {
            // Whoever asked waits below.
            let _ = sender.send(answer);
        });
        receiver.recv().unwrap_or(Err(RequestError::Lost))
    }

    /// Sends a part of what a control command says.
    ///
    /// # Errors
    /// As [`Outbox::send`].
    pub fn command_output(&self, call: u64, text: String) -> Result<(), LinkError> {
        self.0.outbox.send(&ToStream::CommandOutput { call, text })
    }

    /// Says that a control command has ended.
    ///
    /// # Errors
    /// As [`Outbox::send`].
    pub fn command_ended(&self, call: u64, status: u8) -> Result<(), LinkError> {
        self.0.outbox.send(&ToStream::CommandEnded { call, status })
    }

    /// Ends the link, behind what was sent; what is unanswered is lost.
    pub fn close(&self) {
        self.0.outbox.finish();
    }
}
