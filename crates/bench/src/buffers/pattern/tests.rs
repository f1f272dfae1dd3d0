//! The forms that users write patterns in, fills and comparisons.

use std::io;

use super::*;

fn parse(text: &str) -> Result<Pattern, PatternError> {
    Pattern::parse(text, true, &mut |name| match name {
        "three" => Ok(b"abc".to_vec()),
        "long" => Ok(vec![b'x'; 4096]),
        "longer" => Ok(vec![b'x'; PATTERN_MAXIMUM]),
        "empty" => Ok(Vec::new()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    })
}

fn bytes(text: &str) -> Vec<u8> {
    parse(text).unwrap_or_else(|error| panic!("{error}")).bytes
}

/// The examples of fio's manual and of its source's comment on patterns, and the corners of its parser.
#[test]
fn the_forms_of_a_pattern() {
    assert_eq!(bytes("\"abcd\""), b"abcd");
    assert_eq!(bytes("-1024"), [0x00, 0xfc, 0xff, 0xff]);
    assert_eq!(bytes("66"), [0x42]);
    assert_eq!(bytes("0"), [0]);
    assert_eq!(bytes("65536"), [0, 0, 1]);
    assert_eq!(bytes("0xFF0X1"), [0xff, 0x01]);
    assert_eq!(bytes("0xff0x14"), [0xff, 0x14]);
    assert_eq!(bytes("0xabc"), [0x0a, 0xbc]);
    assert_eq!(bytes("%o"), [0; 8]);
    assert_eq!(bytes("\"123\"0xFFeeCC"), [0x31, 0x32, 0x33, 0xff, 0xee, 0xcc]);
    assert_eq!(bytes("-100xab\"1\"%o\"2\""), [0xf6, 0xff, 0xff, 0xff, 0xab, 0x31, 0, 0, 0, 0, 0, 0, 0, 0, 0x32]);
    assert_eq!(bytes("'three'0x00"), [b'a', b'b', b'c', 0]);
    assert_eq!(bytes("\"x\" 5"), [b'x', 5]);
}

#[test]
fn a_file_fills_what_is_left() {
    assert_eq!(bytes("\"a\"'longer'").len(), PATTERN_MAXIMUM);
    let long = parse("%o\"a\"'long'").unwrap();
    let mut buffer = vec![0; 10_000];
    long.fill(&mut buffer, 512);
    assert_eq!(long.first_difference(&buffer, 0, 512), None);
    buffer[9000] = b'y';
    let expected = PatternDifference { at: 8000, found: b'y', wanted: b'x' };
    assert_eq!(long.first_difference(&buffer[1000..], 1000, 512), Some(expected));
}

#[test]
fn the_offsets_are_known() {
    assert_eq!(parse("%o0xdeadbeef%o").map(|pattern| pattern.offset_places), Ok(vec![0, 12]));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let problem = |text: &str| parse(text).map_err(|error| (error.position, error.problem));
    assert_eq!(problem(""), Err((0, PatternProblem::Empty)));
    assert_eq!(problem("0x12\"\""), Err((4, PatternProblem::Empty)));
    assert_eq!(problem("'empty'"), Err((0, PatternProblem::Empty)));
    assert_eq!(problem("\"abc"), Err((0, PatternProblem::Unclosed('"'))));
    assert_eq!(problem("'abc"), Err((0, PatternProblem::Unclosed('\''))));
    assert_eq!(problem("1%x"), Err((1, PatternProblem::Unknown)));
    assert_eq!(problem("2147483648"), Err((0, PatternProblem::Unknown)));
    assert_eq!(problem("deadbeef"), Err((0, PatternProblem::Unknown)));
    assert_eq!(problem("0xzz"), Err((1, PatternProblem::Unknown)));
    assert_eq!(problem(&"%o".repeat(9)), Err((16, PatternProblem::Formats)));
    assert_eq!(problem(&format!("0x{}", "ab".repeat(PATTERN_MAXIMUM + 1))), Err((0, PatternProblem::Long)));
    assert_eq!(problem(&format!("1\"{}\"", "a".repeat(PATTERN_MAXIMUM))), Err((1, PatternProblem::Long)));
    assert!(matches!(problem("'nowhere'"), Err((0, PatternProblem::File(name, _))) if name == "nowhere"));
    let formats = Pattern::parse("%o", false, &mut |_| Ok(Vec::new()));
    assert_eq!(formats.map_err(|error| error.problem), Err(PatternProblem::Format));
}

#[test]
fn a_message_says_what_is_accepted() {
    assert_eq!(
        parse("12zz").expect_err("letters").to_string(),
        "pattern \"12zz\" at byte 2: neither \"text\", a number from -2147483648 to 2147483647, 0x and hexadecimal digits, \
         'file' nor %o"
    );
}

#[test]
fn a_fill_repeats_to_the_last_byte() {
    let pattern = parse("0x0102030405%o").expect("a pattern");
    for length in 0..200 {
        let mut buffer = vec![0xa5; length];
        pattern.fill(&mut buffer, 0x1122_3344_5566_7788);
        for (place, &byte) in buffer.iter().enumerate() {
            let once = [1, 2, 3, 4, 5, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11];
            assert_eq!(byte, once[place % 13], "byte {place} of {length}");
        }
    }
}

#[test]
fn every_changed_byte_is_found_where_it_is() {
    let pattern = parse("\"tide\"%o0x77").expect("a pattern");
    let mut buffer = vec![0; 100];
    pattern.fill(&mut buffer, 4096);
    for from in 0..40 {
        assert_eq!(pattern.first_difference(&buffer[from..], from, 4096), None);
        for at in from..100 {
            let mut changed = buffer.clone();
            changed[at] ^= 0x10;
            let expected = PatternDifference { at: at - from, found: changed[at], wanted: buffer[at] };
            assert_eq!(pattern.first_difference(&changed[from..], from, 4096), Some(expected));
        }
    }
    assert!(pattern.first_difference(&buffer, 0, 8192).is_some());
}

/// Any text is a pattern or an error; a pattern has bytes, and not too many.
#[test]
fn any_text_is_answered() {
    let seed = 0x5eed_u64;
    let mut state = seed;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let parts =
        ["0x", "0X", "\"", "'", "%o", "%", "-", "+", " ", "0", "1", "f", "x", "three", "long", "é", "9999999999"];
    for round in 0..20_000 {
        let text: String = (0..next() % 8)
            .filter_map(|_| parts.iter().cycle().nth(usize::from(next().to_le_bytes()[4])))
            .copied()
            .collect();
        if let Ok(pattern) = parse(&text) {
            assert!((1..=PATTERN_MAXIMUM).contains(&pattern.len()), "seed {seed:#x}, round {round}: {text}");
        }
    }
}
