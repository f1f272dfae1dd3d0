//! Both languages: what holds, what is refused, what is written again.

use std::collections::{BTreeSet, HashSet};

use super::invented::{any_expression_mood, any_line, any_words};
use super::keywords::{Argument, Read, TABLE};
use super::syntax::Condition;
use super::*;
use crate::choice::invented::{any_song, plain_song};
use crate::song::AttributeId;
use crate::testing::Random;

fn mood(text: &str) -> Mood {
    let mut mood = Mood::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    mood.resolve(&table()).unwrap_or_else(|error| panic!("{text}: {error}"));
    mood
}

fn table() -> AttributeTable {
    ["instrumental", "sick", "two words", "x"]
        .into_iter()
        .map(str::to_owned)
        .zip(0..)
        .map(|(n, i)| (AttributeId(i), n))
        .collect()
}

fn admits(text: &str, song: &Song) -> bool {
    mood(text).score(song, 1).is_some()
}

fn error(text: &str) -> String {
    Mood::parse(text).err().unwrap_or_else(|| panic!("{text} is taken")).to_string()
}

fn blue() -> Song {
    let mut song = plain_song(1);
    song.path = "/music/Miles Davis/Kind of Blue/01 So What.flac".into();
    song.tags.artist = "Miles Davis".to_owned();
    song.tags.title = "So What".to_owned();
    song.tags.album = "Kind of Blue".to_owned();
    song.tags.year = Some(1959);
    song.technical.bitrate_kbit = 800;
    song.technical.channels = 2;
    song.attributes = vec![AttributeId(0), AttributeId(2)];
    song.statistics.play_count = 3;
    song
}

#[test]
fn expressions_hold_or_do_not() {
    for (text, expected) in [
        ("true", true),
        ("false", false),
        ("", true),
        ("# nothing\n", true),
        ("is_set(\"instrumental\")", true),
        ("is_set(\"sick\")", false),
        ("artist =~ /^miles/", false),
        ("artist =~ /^miles/i", true),
        ("artist =~ /^miles/i && year < 1959", false),
        ("artist =~ /^miles/i && year <= 1959", true),
        ("false && false || true", true),
        ("true || false && false", true),
        ("(true || false) && false", false),
        ("!false && !(true && false)", true),
        ("!year == 1960", true),
        ("! ! true", true),
        ("path =| \"*/Kind of*\"", true),
        ("path =| |*/kind OF*|i", true),
        ("path =| \"/music/*\"p", false),
        ("path =~ /\\/music\\//", true),
        ("title == \"So What\"", true),
        ("\"So What\" != title", false),
        ("1 < 2", true),
        ("-1 == - 1", true),
        ("1 + 2 * 3 == 7 && (1 + 2) * 3 == 9", true),
        ("7 - 2 - 1 == 4 && 7 - (2 - 1) == 6", true),
        ("8 / 2 / 2 == 2 && 7 / 2 == 3 && -7 / 2 == -3", true),
        ("bitrate / channels == 400 && bitrate/channels>399", true),
        ("year - 1900 < 60 && -(year) + 1959 == 0 && -year == 0 - 1959", true),
        ("year / 0 == 0", true),
        ("9223372036854775807 + 1 == 9223372036854775807 && -9223372036854775808 - 1 < 0", true),
        ("((year)) == (1959) && ((year) == 1959 && (true))", true),
        ("(year - 1) * 2 > 3 && (path =~ /a\\/b|Kind/)", true),
        ("year-1==1958", true),
        ("num_attributes_set == 2 && num_played == 3", true),
        ("comment == \"\"", true),
        ("image_id == 0 && lyrics_id == 0", true),
        ("bitrate>=800&&channels==2", true),
        ("year == 1959 # and not 1960\n&& true", true),
        ("last_played == 0", true),
        ("format == \"mp3\" && duration == 180", true),
        ("year", true),
        ("(year - 1959)", false),
        ("-image_id", false),
        ("7", true),
        ("artist", true),
        ("comment", false),
        ("\"\"", false),
        ("title =~ /So\\sWhat/ && title =~ /So\\\\sWhat/ && title =~ /\\bWhat\\\\b/", true),
        ("title =~ /So.What/ && !(title =~ /So\\.What/ || title =~ /So\\\\.What/ || title =~ /So[.]What/)", true),
        ("path =~ /[.]flac$/ && path =~ /\\\\.flac$/ && path =~ /\\.flac$/", true),
        ("\"a\\tb\" =~ /a\\tb/ && \"a\\nb\" =~ /a\\nb/ && \"\\a\\v\\f\\r\" =~ /^\\a\\v\\f\\r$/", true),
        ("\"a\\\\b\" =~ /a\\\\\\\\b/ && \"a\\\\b\" =~ /a[\\\\]b/ && \"a\\\\b\" =| |a\\\\\\\\b|", true),
        ("\"a|b\" =| |a\\|?| && \"\" =| || && \"a*b\" =| |a\\\\*b| && !(\"axb\" =| |a\\\\*b|)", true),
        ("\"\\b\" != \"b\" && \"\\b\" == \"\u{8}\"", true),
    ] {
        assert_eq!(admits(text, &blue()), expected, "{text}");
    }
}

#[test]
fn lines_accept_deny_and_score() {
    for (text, expected) in [
        ("accept", Some(0)),
        ("score 7", Some(7)),
        ("deny", None),
        ("accept if is_set sick", None),
        ("accept if not is_set sick", Some(0)),
        ("accept not is_set sick", Some(0)),
        ("accept is_set instrumental", Some(0)),
        ("accept\ndeny if is_set instrumental", None),
        ("deny if is_set instrumental\naccept", None),
        ("deny if is_set sick", Some(0)),
        ("accept with score 5 if artist_matches ^Miles", Some(5)),
        ("ACCEPT With Score 5 IF artist_matches ^Miles", Some(5)),
        ("accept with score 5 if year < 1900\naccept", Some(0)),
        ("accept with score 5\nscore -7 if year = 1959\nscore 100 if year != 1959", Some(-2)),
        ("accept with score 5\naccept with score 6 if year > 1900\naccept", Some(11)),
        ("accept if no_attributes_set", None),
        ("accept if is_set 'two words'", Some(0)),
        ("accept if is_set two\\ words", Some(0)),
        ("accept if album_matches \"^Kind of\"", Some(0)),
        ("accept if path_matches '/music/*/01*'", Some(0)),
        ("  accept if bitrate >= 800  \n\n# deny\n", Some(0)),
        ("accept if num_played <= 2", None),
    ] {
        assert_eq!(mood(text).score(&blue(), 1), expected, "{text}");
    }
}

#[test]
fn errors_say_where_what_was_found_and_what_is_expected() {
    for (text, expected) in [
        ("artits =~ /x/", "line 1, column 1: found \"artits\", expected a keyword; did you mean artist?"),
        ("true &&\n  yaer == 3", "line 2, column 3: found \"yaer\", expected a keyword; did you mean year?"),
        ("artist = \"x\"", "line 1, column 8: found \"=\", expected ==, =~ or =|"),
        ("true & false", "line 1, column 6: found \"&\", expected &&"),
        ("year =~ /x/", "line 1, column 6: found \"=~\", expected ==, !=, <, <=, > or >= behind a number"),
        ("artist < 3", "line 1, column 8: found \"<\", expected ==, !=, =~ or =| behind a text"),
        ("artist == 3", "line 1, column 11: found \"3\", expected a \"text\" or a keyword that is a text"),
        ("year == \"3\"", "line 1, column 9: found \"\\\"3\\\"\", expected a number, as on the other side"),
        ("artist =~ \"x\"", "expected a regular expression between slashes"),
        ("path =| /x/", "expected a wildcard pattern between quotes"),
        ("artist =~ /(x/", "line 1, column 11: regular expression \"(x\": unclosed group"),
        ("artist =~ /x/z", "unknown flag 'z'; the flags are: in"),
        ("(true", "line 1, column 6: found the end, expected \")\", && or ||"),
        ("true)", "line 1, column 5: found \")\", expected &&, || or the end"),
        ("true false", "line 1, column 6: found \"false\", expected &&, || or the end"),
        ("is_set(sick)", "line 1, column 8: found \"sick\", expected the name of an attribute as a \"text\""),
        ("artist == \"x", "line 1, column 13: found the end, expected a \" that ends the text"),
        ("artist == \"x\ny\"", "line 1, column 13: found the end of the line"),
        ("year < 19x", "line 1, column 8: found \"19x\", expected a whole number"),
        ("year < 99999999999999999999", "expected a whole number of at most 64 bits"),
        ("true && ", "found the end, expected a condition"),
        ("true && year", "column 13: found the end, expected ==, !=, <, <=, > or >= behind a number"),
        ("!artist", "column 8: found the end, expected ==, !=, =~ or =| behind a text"),
        ("(artist)", "found \")\", expected ==, !=, =~ or =| behind a text"),
        ("artist =~ /c\\\\/", "regular expression \"c\\\\\": it ends in a backslash"),
        ("()", "line 1, column 2: found \")\", expected a condition"),
        ("year + artist == 3", "line 1, column 8: found \"artist\", expected a number to compute with"),
        ("-artist == 3", "line 1, column 2: found \"artist\", expected a number to compute with"),
        ("(year 3) == 3", "line 1, column 7: found \"3\", expected \")\" or an operation"),
        ("year == 9223372036854775808", "line 1, column 9: found \"9223372036854775808\", expected a whole number"),
        ("year * == 3", "line 1, column 8: found \"==\", expected a number"),
        ("\"x\"i == artist", "expected no letters behind"),
        ("$", "found \"$\""),
        ("accpet", "found \"accpet\", expected a keyword"),
        (
            "accept if artist_matchs x",
            "column 11: found \"artist_matchs\", expected a method; did you mean artist_matches?",
        ),
        (
            "accept\ndney if year < 3",
            "line 2, column 1: found \"dney\", expected accept, deny or score; did you mean deny?",
        ),
        ("score", "line 1, column 6: found the end of the line, expected a whole number or random"),
        ("score randon", "did you mean random?"),
        ("score 1001", "expected a score from -1000 to 1000"),
        ("accept with 5", "expected score behind with"),
        ("accept if year 1960", "found \"1960\", expected one of <, =, <=, >, >=, !="),
        ("accept if year < 19.5", "found \"19.5\", expected a whole number"),
        ("accept if", "line 1, column 10: found the end of the line, expected a method"),
        ("accept if is_set a b", "column 20: found \"b\", expected the end of the line (quote"),
        ("accept if is_set 'a", "column 20: found the end of the line, expected a ' that ends the argument"),
        ("accept if artist_matches (x", "line 1, column 26: regular expression \"(x\""),
        ("score if year < 3", "found \"if\", expected a whole number or random"),
    ] {
        let found = error(text);
        assert!(found.contains(expected), "{text}\nfound:    {found}\nexpected: {expected}");
    }
}

#[test]
fn attributes_that_the_library_does_not_know_are_named_with_the_nearest() {
    let mut mood = Mood::parse("is_set(\"sik\") || is_set(\"instrumental\")").unwrap();
    let error = mood.resolve(&table()).unwrap_err();
    assert_eq!(error.to_string(), "line 1, column 8: no attribute is called \"sik\"; did you mean sick?");
    assert!(mood.score(&blue(), 1).is_some(), "the other attribute is known all the same");
}

#[test]
fn limits_are_told() {
    assert!(error(&"(".repeat(NESTING_MAX + 1)).contains("more than 100 levels of nesting"));
    let deepest = format!("{}true{}", "!(".repeat(NESTING_MAX / 2), ")".repeat(NESTING_MAX / 2));
    assert!(admits(&deepest, &blue()));
    assert!(error(&"accept\n".repeat(LINES_MAX + 1)).contains("line 1001, column 1: more than 1000 lines"));
    assert!(error(&" ".repeat(MOOD_BYTES_MAX + 1)).contains("bytes"));
}

#[test]
fn random_scores_follow_from_the_seed_and_change_when_the_song_is_played() {
    let mood = mood("score random\nscore random");
    let scores = |seed| -> Vec<i32> {
        (0..20)
            .map(|plays| {
                let mut song = blue();
                song.statistics.play_count = plays;
                mood.score(&song, seed).unwrap()
            })
            .collect()
    };
    assert_eq!(scores(1), scores(1));
    assert_ne!(scores(1), scores(2));
    assert!(scores(1).iter().all(|score| (0..=200).contains(score)));
    assert!(scores(1).iter().collect::<HashSet<_>>().len() > 10, "another one for each play");
    let parts = mood.parts(&blue(), 1);
    assert_ne!(parts[0].score, parts[1].score, "the lines have numbers of their own");
}

#[test]
fn parts_are_what_the_score_is_made_of() {
    let mood =
        mood("deny with score 9 if is_set sick\naccept with score 5 if year < 1960\nscore 3 if year > 2000\nscore -2");
    let parts = mood.parts(&blue(), 1);
    let told: Vec<_> = parts.iter().map(|part| (part.line, part.text.as_str(), part.score)).collect();
    assert_eq!(told, [(2, "accept with score 5 if year < 1960", 5), (4, "score -2", -2)]);
    assert_eq!(mood.score(&blue(), 1), Some(3));
}

#[test]
fn lines_are_translated() {
    for (lines, expression) in [
        ("accept", "true"),
        ("score 3", "true"),
        ("deny", "false"),
        ("accept if artist_matches ^Miles\naccept if not year < 1960", "artist =~ /^Miles/ || year >= 1960"),
        ("deny if is_set sick\naccept", "!is_set(\"sick\")"),
        (
            "accept if year < 1960\naccept if no_attributes_set\ndeny if path_matches */live/*\ndeny if not bitrate >= 128",
            "(year < 1960 || num_attributes_set == 0) && !(path =| |*/live/*|) && bitrate >= 128",
        ),
        ("deny if artist_matches 'a/b\\.c'", "!(artist =~ /a\\/b\\\\.c/)"),
    ] {
        assert_eq!(mood(lines).translate().mood.to_string(), expression, "{lines}");
    }
    let lost = mood("accept with score 5 if year < 3\nscore random\ndeny with score 3 if is_set x").translate().lost;
    assert_eq!(
        lost,
        [
            "line 1: accept with score 5 if year < 3: expressions have no scores",
            "line 2: score random: expressions have no scores"
        ]
    );
}

#[test]
fn moods_are_written_as_they_are_read() {
    let mut random = Random::new();
    for _ in 0..500 {
        let text = match random.below(2) {
            0 => any_expression_mood(&mut random, 4),
            _ => (0..=random.below(4)).map(|_| any_line(&mut random) + "\n").collect(),
        };
        let (first, again) = (mood(&text), mood(&mood(&text).to_string()));
        assert_eq!(again.to_string(), first.to_string(), "{text}");
        for id in 0..20 {
            let song = any_song(&mut random, id);
            assert_eq!(again.score(&song, 5), first.score(&song, 5), "{text}\n{song:?}");
        }
    }
}

#[test]
fn a_minus_before_a_literal_belongs_to_it() {
    for (text, written) in [
        ("-7 < year", "-7 < year"),
        ("-(7) < year", "-7 < year"),
        ("-(-(7)) < year", "7 < year"),
        ("--7 < year", "7 < year"),
        ("---7 < year", "-7 < year"),
        ("--year < 7", "-(-year) < 7"),
        ("-(year) < -(7 + 1)", "-year < -(7 + 1)"),
        ("-9223372036854775808 < year", "-9223372036854775808 < year"),
        ("--9223372036854775808 < year", "9223372036854775807 < year"),
    ] {
        assert_eq!(mood(text).to_string(), written, "{text}");
        assert_eq!(mood(written).to_string(), written, "{text}, once more");
    }
}

/// A condition asked as it is written, part by part, with patterns as regular expressions.
fn holds_as_written(condition: &Condition, song: &Song) -> bool {
    match condition {
        Condition::Not(inner) => !holds_as_written(inner, song),
        Condition::All(parts) => parts.written().iter().all(|part| holds_as_written(part, song)),
        Condition::Any(parts) => parts.written().iter().any(|part| holds_as_written(part, song)),
        leaf => leaf.holds(song),
    }
}

/// A mood asked line by line, each of them.
fn score_as_written(mood: &Mood, song: &Song, seed: u64) -> Option<i32> {
    let matching: Vec<&Rule> = mood
        .rules
        .iter()
        .filter(|rule| rule.condition.as_ref().is_none_or(|condition| holds_as_written(condition, song)))
        .collect();
    let has = |rules: &[&Rule], verdict| rules.iter().any(|rule| rule.verdict == verdict);
    let all: Vec<&Rule> = mood.rules.iter().collect();
    let admissible = !has(&matching, Verdict::Deny) && (has(&matching, Verdict::Accept) || !has(&all, Verdict::Accept));
    admissible.then(|| matching.iter().map(|rule| rule.added(song, seed)).sum())
}

#[test]
fn the_order_in_which_a_mood_is_asked_changes_nothing() {
    let mut random = Random::new();
    for _ in 0..500 {
        let text = match random.below(2) {
            0 => any_expression_mood(&mut random, 5),
            _ => (0..=random.below(8)).map(|_| any_line(&mut random) + "\n").collect(),
        };
        let mood = mood(&text);
        let songs: Vec<Song> = (0..20).map(|id| any_song(&mut random, id)).collect();
        let asked = Set::of(songs.len(), |_| random.below(4) > 0);
        let together = mood.scores(&songs.iter().collect::<Vec<_>>(), asked, 5);
        for (place, song) in songs.iter().enumerate() {
            let expected = score_as_written(&mood, song, 5);
            assert_eq!(mood.score(song, 5), expected, "{text}\n{song:?}");
            assert_eq!(together[place], expected.filter(|_| asked.contains(place)), "{text}\n{song:?}");
        }
        assert_eq!(together[songs.len()..], [None; SONGS_AT_ONCE - 20], "{text}");
    }
}

#[test]
fn whatever_is_written_is_read_or_refused_with_its_place() {
    let mut random = Random::new();
    let mut read = 0;
    for _ in 0..20_000 {
        let text = any_words(&mut random);
        match Mood::parse(&text) {
            Ok(mood) => {
                read += 1;
                let again =
                    Mood::parse(&mood.to_string()).unwrap_or_else(|error| panic!("{text:?} as {mood}: {error}"));
                assert_eq!(again.to_string(), mood.to_string(), "{text:?}");
            }
            Err(error) => {
                let lines: Vec<&str> = text.split('\n').collect();
                let Position { line, column } = error.position;
                let columns = lines.get(line as usize - 1).map(|line| line.chars().count());
                assert!(
                    columns.is_some_and(|columns| (1..=columns + 1).contains(&(column as usize))),
                    "{text:?}: {error}"
                );
                assert!(!error.to_string().contains('\n'), "{text:?}: {error}");
            }
        }
    }
    assert!(read > 100, "only {read} were read");
}

#[test]
fn what_costs_least_is_asked_first() {
    let asked = |text: &str| -> Vec<String> {
        match mood(text).rules[0].condition.as_ref().unwrap() {
            Condition::All(parts) | Condition::Any(parts) => parts.cheapest_first().map(ToString::to_string).collect(),
            other => vec![other.to_string()],
        }
    };
    assert_eq!(
        asked("title =~ /a.b/ && (path =| \"*x*\" || year == 1) && artist == \"a\" && year < 3"),
        ["year < 3", "artist == \"a\"", "path =| |*x*| || year == 1", "title =~ /a.b/"]
    );
    let lines = mood(
        "score 3\naccept if year < 3\naccept with score 2 if title_matches a.b\ndeny if artist_matches a\ndeny if year > 9",
    );
    let order: Vec<u32> = lines.asked.iter().map(|rule| lines.rules[*rule].line).collect();
    assert_eq!(order, [5, 4, 3, 2, 1]);
    let lines = mood("deny if path_matches *x*\naccept if year < 3");
    assert_eq!(lines.asked, [1, 0]);
}

#[test]
fn a_translated_mood_admits_the_same_songs() {
    let mut random = Random::new();
    for _ in 0..500 {
        let text: String = (0..=random.below(5)).map(|_| any_line(&mut random) + "\n").collect();
        let old = mood(&text);
        let translated = mood(&old.translate().mood.to_string());
        assert_eq!(translated.language(), Language::Expression);
        for id in 0..20 {
            let song = any_song(&mut random, id);
            assert_eq!(translated.score(&song, 1).is_some(), old.score(&song, 1).is_some(), "{text}\n{translated}");
        }
    }
}

#[test]
fn the_table_is_in_order() {
    let names: BTreeSet<_> = TABLE.iter().map(|keyword| keyword.name).collect();
    assert_eq!(names.len(), TABLE.len(), "every name once");
    let methods: Vec<_> = keywords::method_names().collect();
    assert_eq!(methods.iter().collect::<BTreeSet<_>>().len(), methods.len(), "every method once");
    for keyword in TABLE {
        assert!(mood(keyword.example).to_string().contains(keyword.name), "{}", keyword.name);
        assert!(keyword.summary.ends_with('.'), "{}", keyword.name);
        if let Some(method) = &keyword.method {
            let line = format!("accept if {}", method.example);
            let read = mood(&line);
            assert_eq!(read.to_string().trim_end(), line, "{}", method.name);
            let fits = match method.argument {
                Argument::Zero | Argument::Comparison => matches!(keyword.read, Read::Number(_)),
                Argument::Attribute => matches!(keyword.read, Read::Attribute),
                Argument::Wildcard | Argument::RegularExpression => matches!(keyword.read, Read::Text(_)),
            };
            assert!(fits, "{}: {:?} of {:?}", method.name, method.argument, keyword.read);
        }
    }
}
