//! What crosses the socket pair between the library side and the stream side.
//!
//! Messages are JSON objects, each behind its length as four bytes in network order. The library side sends [`ToStream`]:
//! numbered requests, each of which is answered, and the output of control commands that were handed to it. The stream side
//! sends [`ToLibrary`]: those answers, in the order of the requests, and events.
//!
//! - [`Request`], [`Answer`], [`Refusal`]: what the library side can ask for.
//! - [`Event`]: what it is told.
//! - [`Status`]: what the station does right now; in an answer, and in an event whenever it changes.
//! - [`LibraryEnd`], [`StreamEnd`]: the two ends. A thread reads; sending never blocks on the peer.
//! - [`Frames`]: the framing without sockets.
//!
//! Both sides come from the same binary, so that there is no version to agree on. A message that cannot be understood is our bug
//! or a broken peer: the link ends, and the library side is started again.
//!
//! Cost: a song's change is some ten messages of a few hundred bytes. Nothing here is on the path of the audio.

mod end;
mod event;
mod frames;
mod path;
mod request;
mod song;
mod status;
#[cfg(test)]
mod tests;

pub use end::{LibraryEnd, Outbox, RequestError, StreamEnd};
pub use event::{EndReason, Event, FailureKind, ToLibrary};
pub use frames::{Frames, LinkError, encode};
pub use request::{Answer, Refusal, Request, ToStream};
pub use song::{Entry, EntryId, Origin, Part, Song};
pub use status::{Current, Flags, Playback, SenderStatus, Status};
