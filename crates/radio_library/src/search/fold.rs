//! What two texts have in common when case, accents and ligatures do not count.
//!
//! Each letter is folded by itself, so the fold of a part is a part of the fold: a text that contains another also does so folded.
//! [`super::text`] rests on that.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Appends the fold of `text`. Control characters become spaces, so that they can separate fields.
pub(crate) fn fold_into(text: &str, folded: &mut Vec<u8>) {
    for character in text.chars() {
        if character.is_ascii() {
            folded.push(fold_ascii(character));
        } else {
            fold_other(character, folded);
        }
    }
}

/// The fold of `text`.
pub(crate) fn fold(text: &str) -> Vec<u8> {
    let mut folded = Vec::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

fn fold_ascii(character: char) -> u8 {
    if character.is_ascii_control() { b' ' } else { character.to_ascii_lowercase() as u8 }
}

fn fold_other(character: char, folded: &mut Vec<u8>) {
    for lower in character.to_lowercase() {
        if let Some(plain) = plain(lower) {
            folded.extend_from_slice(plain.as_bytes());
            continue;
        }
        for part in std::iter::once(lower).nfkd().filter(|part| !is_combining_mark(*part)) {
            if part.is_ascii() {
                folded.push(fold_ascii(part));
            } else {
                let mut bytes = [0; 4];
                folded.extend_from_slice(part.encode_utf8(&mut bytes).as_bytes());
            }
        }
    }
}

/// Letters that Unicode does not take apart, as people without them on their keyboards write them.
fn plain(character: char) -> Option<&'static str> {
    Some(match character {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ı' => "i",
        '\u{2018}' | '\u{2019}' => "'",
        '\u{201c}' | '\u{201d}' => "\"",
        '\u{2010}'..='\u{2014}' => "-",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        String::from_utf8(fold(text)).unwrap()
    }

    #[test]
    fn case_accents_and_ligatures_do_not_count() {
        for (text, expected) in [
            ("Björk", "bjork"),
            ("BJÖRK", "bjork"),
            ("Bjo\u{308}rk", "bjork"),
            ("Röyksopp", "royksopp"),
            ("MØ", "mo"),
            ("Straße", "strasse"),
            ("Ænima", "aenima"),
            ("Rock \u{2019}n\u{2019} Roll", "rock 'n' roll"),
            ("ﬁne", "fine"),
            ("Чайковский", "чаиковскии"),
            ("椎名林檎", "椎名林檎"),
            ("İ", "i"),
            ("a\u{1f}b\nc", "a b c"),
        ] {
            assert_eq!(folded(text), expected, "{text}");
        }
    }

    #[test]
    fn the_fold_of_a_part_is_a_part_of_the_fold() {
        let text = "Sigur Rós – Ágætis byrjun (Ø) ﬃ ẞ Ⅷ ½";
        for (start, _) in text.char_indices() {
            for (end, _) in text.char_indices().filter(|(end, _)| *end > start) {
                assert!(folded(text).contains(&folded(&text[start..end])), "{start}..{end}");
            }
        }
    }
}
