//! The virtual streaming system: chunks of audio sent on time, by several senders at once.
