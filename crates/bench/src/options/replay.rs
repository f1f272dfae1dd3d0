//! Replay of recorded I/O: known by name, not there yet.

use super::kind::unsupported;
use super::option::{Section, option};

const LATER: &str = "recording and replay of I/O come later";

pub(super) const SECTION: Section = Section {
    title: "I/O replay",
    options: &[
        option("write_iolog", &unsupported(LATER), "Record the I/O of the job"),
        option("read_iolog", &unsupported(LATER), "Replay recorded I/O"),
        option("read_iolog_chunked", &unsupported(LATER), "Read a record piece by piece"),
        option("merge_blktrace_file", &unsupported(LATER), "Merge several traces into this file"),
        option("merge_blktrace_scalars", &unsupported(LATER), "How traces are stretched to be merged"),
        option("merge_blktrace_iters", &unsupported(LATER), "How often traces are repeated to be merged"),
        option("replay_no_stall", &unsupported(LATER), "Replay as fast as possible"),
        option("replay_time_scale", &unsupported(LATER), "Replay slower or faster"),
        option("replay_redirect", &unsupported(LATER), "Replay on another device"),
        option("replay_align", &unsupported(LATER), "Align offsets of a replay"),
        option("replay_scale", &unsupported(LATER), "Divide offsets of a replay"),
        option("replay_skip", &unsupported(LATER), "Leave out directions of a replay"),
    ],
};
