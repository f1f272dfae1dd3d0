//! Every limit of the stream side, with its unit and its reason.

/// Longest message of the link, in bytes of JSON. A full page of the longest songs fits.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// Songs in one message, and entries in one page of the queue: the longest of them, all escaped, stay below
/// [`MESSAGE_BYTES_MAX`].
pub const PAGE_ENTRIES_MAX: usize = 512;

/// Longest path of a song in bytes: what the kernel takes.
pub const PATH_BYTES_MAX: usize = 4096;

/// Longest title of a song in bytes: more than any player shows, and less than an ICY block holds.
pub const TITLE_BYTES_MAX: usize = 1024;

/// Entries of the queue: as many as MPD has by default.
pub const QUEUE_ENTRIES_MAX: usize = 16_384;

/// Songs that are chosen ahead and kept, at most. More would only be chosen too early.
pub const SONGS_AHEAD_MAX: u32 = 64;

/// Bytes of messages that may wait for a library side that does not read. One that lets more pile up is given up.
pub const LINK_BACKLOG_BYTES_MAX: usize = 32 << 20;

/// Rules of an access list. Each is looked at for each new listener.
pub const ACCESS_RULES_MAX: usize = 1024;

/// Bytes of the ring that http listeners share, at first: a minute of 128 kbit/s.
pub const RING_BYTES_START: usize = 1 << 20;

/// Bytes of the ring that http listeners share, at most, a power of two. 20 s of the loudest FLAC have some 15 MB.
pub const RING_BYTES_MAX: usize = 32 << 20;

/// Longest head of an http request, in bytes. Browsers send some hundred.
pub const REQUEST_BYTES_MAX: usize = 8 << 10;

/// Headers of an http request.
pub const REQUEST_HEADERS_MAX: usize = 64;

/// Bytes that a listener may send after its request. They are read and dropped; whoever sends more is dropped too.
pub const IGNORED_BYTES_MAX: u32 = 64 << 10;

/// Targets of the udp sender. Ten thousand of a 128 kbit/s stream fill a gigabit link.
pub const UDP_TARGETS_MAX: usize = 10_000;
