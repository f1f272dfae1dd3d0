//! What the encoder added: by iTunes' remark, or by the edit list.

use super::boxes::{Boxes, FoundBox, long_number, number};
use super::track::Track;
use crate::inspect::Gapless;

/// Samples of the core that were added, of `decoded` ones.
pub(super) fn find(movie: &[u8], offset: u64, track: &Track<'_>, decoded: u64) -> Option<Gapless> {
    let all = FoundBox { kind: *b"moov", content: movie, offset };
    remark(&all).or_else(|| edit_list(&all, track, decoded))
}

/// `iTunSMPB`: hexadecimal numbers of which the second is the delay and the third the padding.
fn remark(movie: &FoundBox<'_>) -> Option<Gapless> {
    let meta = movie.descendant(&[b"udta", b"meta"])?;
    // This box has a version before its children, unless QuickTime wrote it.
    let children = Boxes::new(meta.content.get(4..)?, meta.offset + 4);
    let list = children.clone().find(|child| child.kind == *b"ilst").or_else(|| meta.child(b"ilst"))?;
    let item = list.children().find(|item| {
        item.kind == *b"----" && item.child(b"name").is_some_and(|name| name.content.ends_with(b"iTunSMPB"))
    })?;
    let text = std::str::from_utf8(item.child(b"data")?.content.get(8..)?).ok()?;
    let mut numbers = text.split_ascii_whitespace().skip(1).map(|word| u32::from_str_radix(word, 16).ok());
    Some(Gapless { delay: numbers.next()??, padding: numbers.next()?? })
}

/// The first edit that plays something: where in the track it begins, and for how long.
fn edit_list(movie: &FoundBox<'_>, track: &Track<'_>, decoded: u64) -> Option<Gapless> {
    let edits = track.edits?.content;
    let header = movie.child(b"mvhd")?.content;
    let movie_scale = number(header, if header.first() == Some(&1) { 20 } else { 12 }).filter(|scale| *scale > 0)?;
    let is_long = edits.first() == Some(&1);
    let entry_bytes = if is_long { 20 } else { 12 };
    let count = usize::try_from(number(edits, 4)?).ok()?.min(edits.len() / entry_bytes);
    let entries = (0..count).filter_map(|index| {
        let place = 8 + index * entry_bytes;
        if is_long {
            Some((long_number(edits, place)?, long_number(edits, place + 8).filter(|time| *time != u64::MAX)?))
        } else {
            let time = number(edits, place + 4).filter(|time| *time != u32::MAX)?;
            Some((number(edits, place)?.into(), u64::from(time)))
        }
    });
    let (duration, begin) = entries.into_iter().next()?;
    let core = u128::from(track.configuration.core_frequency_hz);
    let delay = u128::from(begin) * core / u128::from(track.time_scale);
    let heard = (u128::from(duration) * core).div_ceil(u128::from(movie_scale));
    let padding = u128::from(decoded).checked_sub(delay)?.saturating_sub(heard);
    Some(Gapless { delay: u32::try_from(delay).ok()?, padding: u32::try_from(padding).ok()? })
}
