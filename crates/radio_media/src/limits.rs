//! Every limit of what a file may say or have, with its unit and its reason.

/// Bytes that are read at a time. A file of this size or less is read with one call; larger windows measured no faster.
pub const WINDOW_BYTES: usize = 256 << 10;

/// Bytes of payload that are gathered before they are hashed: enough for the widest vector code, and it stays in the cache.
pub const HASH_GATHER_BYTES: usize = 32 << 10;

/// Bytes before the first frame that are searched for one, tags not counted. Rubbish of this kind has some kilobytes.
pub const LEADING_BYTES_MAX: usize = 64 << 10;

/// Shortest time that a chunk plays for, in milliseconds, unless the song ends or a gap in the file begins before.
/// Senders wake up for each chunk; listeners hear changes a chunk later.
pub const CHUNK_MS_MIN: u32 = 100;

/// Most chunks of a file: four days of music. The table has 24 bytes for each.
pub const CHUNKS_MAX: usize = 4 << 20;

/// Most bytes of a chunk, with what lies between its packets. One packet of FLAC may need as many.
pub const CHUNK_BYTES_MAX: u32 = 4 << 20;

/// Most bytes that lie between two packets of one chunk; they are read and not sent. A larger gap begins a new chunk.
pub const GAP_BYTES_MAX: u64 = 16 << 10;

/// Most bytes that a tag before or after the audio may have. Longer ones are skipped all the same, but not read.
pub const TAG_BYTES_MAX: u64 = 64 << 20;

/// Most bytes of one allocation while tags are read. Pictures beyond that are left out.
pub const TAG_ALLOCATION_BYTES_MAX: usize = 16 << 20;

/// Longest packet or block of tags in Ogg, in bytes, that is read: FLAC's blocks have lengths of 24 bits. Pictures are in there.
pub const TAG_BLOCK_BYTES_MAX: usize = 0xff_ffff;

/// Tags before the audio that are skipped, one after the other. Broken editors have left some files with several.
pub const LEADING_TAGS_MAX: usize = 16;

/// Longest text of a tag that is taken, in bytes; longer ones are cut. Lyrics and remarks have some kilobytes.
pub const TEXT_BYTES_MAX: usize = 64 << 10;

/// Most tags of a file that are kept by name beside the usual ones. A symphony with all its performers has some dozens.
pub const OTHER_TAGS_MAX: usize = 128;

/// Most pictures that are taken of a file.
pub const PICTURES_MAX: usize = 16;

/// Longest picture that is taken, in bytes. Covers have some hundred kilobytes.
pub const PICTURE_BYTES_MAX: usize = 8 << 20;

/// Longest text of a song that is told to listeners in a stream's header, in bytes.
pub const COMMENT_BYTES_MAX: usize = 1024;

/// Longest header packet of an Ogg stream that is kept, in bytes. The setup of Vorbis has 3 to 10 KB.
pub const OGG_HEADER_BYTES_MAX: usize = 1 << 20;

/// Longest comment packet of an Ogg stream that is stepped over, in bytes: pictures are in there.
pub const OGG_COMMENT_BYTES_MAX: u64 = 128 << 20;

/// Longest FLAC frame, in bytes: 65,535 samples of eight channels with 32 bits, not compressed.
pub const FLAC_FRAME_BYTES_MAX: usize = 65_535 * 8 * 4 + 64;

/// Longest `moov` of an MP4 file, in bytes. Ten hours of AAC need 7 MB.
pub const MOVIE_BYTES_MAX: u64 = 64 << 20;

/// Most samples of an MP4 track: the frames of four days.
pub const MP4_SAMPLES_MAX: u32 = 16 << 20;

/// Boxes of an MP4 file that are looked at on one level.
pub const MP4_BOXES_MAX: usize = 4096;

/// Metadata blocks of a FLAC file. Real ones have four to ten.
pub const FLAC_BLOCKS_MAX: u32 = 4096;

/// How many times the bytes of a FLAC file may be searched in vain for the ends of frames before it is given up as hostile.
pub const FLAC_SEARCH_FACTOR_MAX: u64 = 64;

/// Longest `moof` box of an MP4 file, in bytes. Those of one frame have a hundred, those of a whole song some ten thousand.
pub const FRAGMENT_BYTES_MAX: u64 = 4 << 20;
