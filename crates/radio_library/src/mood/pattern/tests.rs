//! Patterns against what POSIX and fnmatch(3) say.

use super::*;
use crate::testing::Random;

fn expression(source: &str, flags: &str) -> Pattern {
    Pattern::new(Kind::RegularExpression, source, flags).unwrap()
}

fn matches(source: &str, text: &str) -> bool {
    expression(source, "").matches(text.as_bytes())
}

fn wildcard(source: &str, flags: &str, text: &str) -> bool {
    Pattern::new(Kind::Wildcard, source, flags).unwrap().matches(text.as_bytes())
}

fn refused(kind: Kind, source: &str, flags: &str) -> String {
    Pattern::new(kind, source, flags).unwrap_err()
}

#[test]
fn brackets_are_posix_ones() {
    for (source, text, expected) in [
        ("^[]x]$", "]", true),
        ("^[^]x]$", "]", false),
        ("^[[x]$", "[", true),
        (r"^[\d]$", r"\", true),
        (r"^[\d]$", "7", false),
        ("^[a-c&&b]$", "&", true),
        ("^[[:digit:]-]$", "-", true),
        ("^[a-]$", "-", true),
        ("^[[.-.]]$", "-", true),
        ("^[[=a=]b]$", "a", true),
        ("^[a-f~~x]$", "~", true),
        ("^[ä-ü]$", "ö", true),
    ] {
        assert_eq!(matches(source, text), expected, "{source} {text}");
    }
}

#[test]
fn braces_are_intervals_only_where_they_can_be() {
    assert!(matches("^a{2}$", "aa") && matches("^a{,2}$", "aa") && !matches("^a{,2}$", "aaa"));
    assert!(matches("^a{1,}$", "aaa"));
    assert!(matches("^a{x}$", "a{x}") && matches("^{}$", "{}") && matches("^a{,}$", "a{,}"));
}

#[test]
fn backslashes_escape_and_gnu_operators_work() {
    assert!(matches(r"^\.\*\d$", ".*d"));
    assert!(matches(r"\<blue\>", "so blue now") && !matches(r"\<blue\>", "bluest"));
    assert!(matches(r"^\w+\s\w+$", "kind of"));
    assert!(matches(r"\`kind\'", "kind"));
}

#[test]
fn flags_of_regular_expressions() {
    assert!(expression("monk", "i").matches(b"MONK"));
    assert!(!expression("monk", "").matches(b"MONK"));
    assert!(expression("a.b", "").matches(b"a\nb") && !expression("a.b", "n").matches(b"a\nb"));
    assert!(!expression("^b", "").matches(b"a\nb") && expression("^b", "n").matches(b"a\nb"));
    assert!(expression("a[^x]b", "").matches(b"a\nb") && !expression("a[^x]b", "n").matches(b"a\nb"));
}

#[test]
fn what_is_no_regular_expression_says_why() {
    for (source, why) in [
        ("(a", "unclosed group"),
        ("a[b", "a [ without its ]"),
        (r"(a)\1", "refers back"),
        ("a\\", "ends in a backslash"),
        ("[[:vowel:]]", "no class is called [:vowel:]"),
        ("[[.ch.]]", "not one character"),
        ("a{1000}{1000}", "bytes when compiled"),
        ("*a", "repetition"),
    ] {
        let reason = refused(Kind::RegularExpression, source, "");
        assert!(reason.contains(why), "{source}: {reason}");
        assert_eq!(reason.lines().count(), 1, "{reason}");
    }
    assert!(refused(Kind::RegularExpression, "a", "ix").contains("the flags are: in"));
}

/// Texts, patterns and results of fnmatch(3) of the GNU C library.
#[test]
fn wildcards_match_as_fnmatch_does() {
    for (pattern, flags, text, expected) in [
        ("*.mp3", "", "/music/a.mp3", true),
        ("*.mp3", "p", "/music/a.mp3", false),
        ("/music/*.mp3", "p", "/music/a.mp3", true),
        ("/music", "l", "/music/a.mp3", true),
        ("/mus", "l", "/music/a.mp3", false),
        ("*", "P", ".hidden", false),
        (".*", "P", ".hidden", true),
        ("[.]hidden", "P", ".hidden", false),
        ("/a/*", "P", "/a/.hidden", true),
        ("/a/*", "pP", "/a/.hidden", false),
        ("/a/.h*", "pP", "/a/.hidden", true),
        ("/a/x", "i", "/A/X", true),
        ("a\\*", "", "a*", true),
        ("a\\*", "", "ab", false),
        ("a\\*", "n", "a\\b", true),
        ("[!a]", "", "b", true),
        ("[!a]", "", "a", false),
        ("[\\]]", "", "]", true),
        ("[]a]x", "", "]x", true),
        ("a[", "", "a[", true),
        ("?", "", "ä", true),
        ("a?c", "p", "a/c", false),
        ("a[/]c", "", "a/c", true),
        ("a[/]c", "p", "a/c", false),
        ("a+(b|c)", "e", "abcb", true),
        ("a+(b|c)", "e", "a", false),
        ("a?(b)c", "e", "ac", true),
        ("a*(b)c", "e", "abbc", true),
        ("a@(b|cd)e", "e", "acde", true),
        ("a+(b)", "", "a+(b)", true),
        ("", "", "", true),
        ("a.c", "", "abc", false),
        ("a\\", "", "a\\", true),
    ] {
        assert_eq!(wildcard(pattern, flags, text), expected, "{pattern} {flags:?} {text}");
    }
}

#[test]
fn wildcards_match_paths_that_are_no_utf_8() {
    let pattern = Pattern::new(Kind::Wildcard, "/music/*.mp3", "p").unwrap();
    assert!(pattern.matches(b"/music/\xff\xfe.mp3"));
}

#[test]
fn what_is_no_wildcard_pattern_says_why() {
    assert!(refused(Kind::Wildcard, "!(a)", "e").contains("negate the whole condition"));
    assert!(refused(Kind::Wildcard, "+(a", "e").contains("without its )"));
    assert!(refused(Kind::Wildcard, "a", "z").contains("the flags are: npPlie"));
}

fn any_pattern(random: &mut Random, kind: Kind) -> String {
    let words: &[&str] = match kind {
        Kind::RegularExpression => {
            &["a", "B", "k", "ab", "^", "$", "|", "\\.", "\\/", "\\|", ".", "ä", "[ab]", "a*", "(a)", "\\<", "\\w", " "]
        }
        Kind::Wildcard => &["a", "B", "k", "ab", "*", "*", "?", "[ab]", "\\*", "/", "ä", ".", "|", "*a*"],
    };
    (0..random.below(6)).map(|_| *random.of(words)).collect()
}

/// What finds pieces of text by itself agrees with the regular expression that it stands for.
#[test]
fn plain_patterns_match_as_compiled_ones_do() {
    let mut random = Random::new();
    let mut plain = 0;
    for _ in 0..20_000 {
        let kind = *random.of(&[Kind::RegularExpression, Kind::Wildcard]);
        let (source, flags) = (any_pattern(&mut random, kind), *random.of(&["", "i"]));
        let Ok(pattern) = Pattern::new(kind, &source, flags) else { continue };
        plain += u32::from(pattern.plain.is_some());
        for _ in 0..4 {
            let pieces: &[&[u8]] = &[
                b"a",
                b"A",
                b"b",
                b"B",
                b"k",
                b"ab",
                b"/",
                b".",
                b"*",
                b"\n",
                b"|",
                b" ",
                b"\xff",
                "ä".as_bytes(),
                "\u{212a}".as_bytes(),
            ];
            let text: Vec<u8> = (0..random.below(8)).flat_map(|_| random.of(pieces).to_vec()).collect();
            assert_eq!(
                pattern.matches(&text),
                pattern.matches_compiled(&text),
                "{kind:?} {source:?} {flags:?} {text:?}"
            );
        }
    }
    assert!(plain > 2_000, "only {plain} patterns were plain");
}

#[test]
fn what_is_plain_is_recognised() {
    for source in ["monk", "^Miles", "Blue$", "^So What$", "monk|mingus", "^a|b$|c", r"a\.b", ""] {
        assert!(expression(source, "").plain.is_some() && expression(source, "i").plain.is_some(), "{source}");
        assert!(expression(source, "n").plain.is_none(), "{source}");
    }
    for source in ["a.c", "[Bb]lue", "(a|b)c", "a+", r"\<a", "a^b", "a$b"] {
        assert!(expression(source, "").plain.is_none(), "{source}");
    }
    assert!(expression("ä", "").plain.is_some() && expression("ä", "i").plain.is_none());
    for (source, plain) in
        [("*/live/*", true), ("/music/*.mp3", true), (r"a\*b", true), ("a?b", false), ("[ab]*", false)]
    {
        assert_eq!(Pattern::new(Kind::Wildcard, source, "").unwrap().plain.is_some(), plain, "{source}");
        assert!(Pattern::new(Kind::Wildcard, source, "p").unwrap().plain.is_none(), "{source}");
    }
}
