//! Limits of moods. A mood is written by somebody with the right to; these keep a mistake from costing memory or time.

/// Longest text of a mood, in bytes. The longest in use have a few kilobytes.
pub const MOOD_BYTES_MAX: usize = 256 << 10;

/// Lines of a mood in the language of lines.
pub const LINES_MAX: usize = 1000;

/// Largest score of one line, either way. 100 is one standard deviation of the statistics' scores, so that this is more than
/// any statistics can make up for.
pub const SCORE_MAX: i32 = 1000;

/// Largest score of all lines together.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "a thousand lines")]
pub(crate) const MOOD_SCORE_MAX: i32 = LINES_MAX as i32 * SCORE_MAX;

/// Deepest nesting of parentheses and `!`.
pub const NESTING_MAX: usize = 100;

/// Bytes that one compiled pattern may need.
pub const PATTERN_COMPILED_BYTES_MAX: usize = 1 << 20;
