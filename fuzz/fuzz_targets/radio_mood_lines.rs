//! A mood of lines that is taken is written so that it is taken again and means the same, and its translation admits the same songs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radio_library::mood::{Language, Mood};

mod song;
use song::song;

fuzz_target!(|input: (&str, &str, u8)| {
    let (text, tag, number) = input;
    let Ok(mood) = Mood::parse(text) else { return };
    if mood.language() == Language::Expression {
        return;
    }
    let written = mood.to_string();
    let again = Mood::parse(&written).expect("what was written is taken");
    assert_eq!(again.to_string(), written);
    let song = song(tag, number);
    assert_eq!(again.score(&song, 1), mood.score(&song, 1));
    let translated = Mood::parse(&mood.translate().mood.to_string()).expect("a translation is taken");
    assert_eq!(translated.score(&song, 1).is_some(), mood.score(&song, 1).is_some());
});
