//! Titles within an mp3 or aac stream, as SHOUTcast players ask for them with `Icy-MetaData: 1`.
//!
//! After each [`INTERVAL_BYTES`] of audio comes one byte that counts sixteens, and so many bytes of
//! `StreamTitle='…';StreamUrl='';`, filled up with zeroes. It is sent when the title changes; else the byte is 0. Players look for
//! `';` as the end of the title: an apostrophe before a semicolon becomes a typographic one, and control characters become spaces.
//! Ogg streams carry their titles themselves and have none of this.

/// Bytes of audio between two blocks; what players are told in `icy-metaint`. At 128 kbit/s a title comes within a second.
pub(super) const INTERVAL_BYTES: u32 = 16_000;

/// The block that says nothing new.
pub(super) const NOTHING_NEW: &[u8] = &[0];

const BEFORE: &str = "StreamTitle='";
const AFTER: &str = "';StreamUrl='';";
/// Longest block without its first byte.
const BLOCK_BYTES_MAX: usize = 255 * 16;

/// The block with a title.
pub(super) fn block(title: &str) -> Vec<u8> {
    let mut clean: String =
        title.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    clean = clean.replace("';", "\u{2019};");
    // The apostrophe at the very end would meet the one that ends it; players take the first `';`.
    clean.truncate(clean.floor_char_boundary(BLOCK_BYTES_MAX - BEFORE.len() - AFTER.len()));
    let length = BEFORE.len() + clean.len() + AFTER.len();
    let sixteens = length.div_ceil(16);
    let mut block = Vec::with_capacity(1 + sixteens * 16);
    block.push(u8::try_from(sixteens).unwrap_or(u8::MAX));
    block.extend_from_slice(BEFORE.as_bytes());
    block.extend_from_slice(clean.as_bytes());
    block.extend_from_slice(AFTER.as_bytes());
    block.resize(1 + sixteens * 16, 0);
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a player makes of it.
    fn title(block: &[u8]) -> String {
        assert_eq!(usize::from(block[0]) * 16 + 1, block.len());
        let text = std::str::from_utf8(&block[1..]).unwrap();
        let text = text.strip_prefix(BEFORE).unwrap();
        text[..text.find("';").unwrap()].to_owned()
    }

    #[test]
    fn a_player_reads_the_title() {
        for (given, read) in [
            ("Artist - Title", "Artist - Title"),
            ("", ""),
            ("It's; Alright", "It's; Alright"),
            ("Evil';StreamUrl='x", "Evil\u{2019};StreamUrl='x"),
            ("two\nlines\0", "two lines "),
            ("Ärger", "Ärger"),
        ] {
            assert_eq!(title(&block(given)), read);
        }
    }

    #[test]
    fn a_title_of_any_length_fits() {
        for length in 0..5000 {
            let block = block(&"é".repeat(length));
            assert!(block.len() <= 1 + BLOCK_BYTES_MAX && title(&block).len() <= 2 * length);
        }
    }
}
