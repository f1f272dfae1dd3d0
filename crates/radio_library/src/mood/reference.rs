//! The reference page of moods, made out of the tables.

use std::fmt::Write as _;

use super::keywords::{Keyword, Read, TABLE};
use super::limits::{NESTING_MAX, SCORE_MAX};
use super::pattern::Kind;

/// `docs/reference/radio-moods.md`.
pub fn reference_page() -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str("\n## Keywords\n");
    page.push_str("| keyword | is | example | method of lines | says |\n|---|---|---|---|---|\n");
    for keyword in TABLE {
        let method = keyword.method.as_ref().map_or_else(|| "–".to_owned(), |method| code(method.example));
        let (name, kind, example) = (keyword.name, kind(keyword), code(keyword.example));
        let _ = writeln!(page, "| `{name}` | {kind} | {example} | {method} | {} |", keyword.summary);
    }
    page.push_str("\n## Patterns\n");
    page.push_str(PATTERNS);
    for kind in [Kind::RegularExpression, Kind::Wildcard] {
        let _ = writeln!(page, "\nFlags of a {}, in any order right behind it:\n", kind.name());
        page.push_str("| flag | means |\n|---|---|\n");
        for (flag, meaning) in kind.flags() {
            let _ = writeln!(page, "| `{flag}` | {} |", meaning.replace('|', "\\|"));
        }
    }
    let _ = write!(page, "{LINES}\nA score is from -{SCORE_MAX} to {SCORE_MAX}. ");
    let _ = writeln!(page, "Parentheses and `!` nest at most {NESTING_MAX} deep.");
    page.push_str(SCORES);
    page
}

fn kind(keyword: &Keyword) -> &'static str {
    match keyword.read {
        Read::Text(_) => "text",
        Read::Number(_) => "number",
        Read::Attribute | Read::Constant(_) => "condition",
    }
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

const INTRODUCTION: &str = "# Moods
Made out of the tables in `crates/radio_library/src/mood` by `UPDATE_REFERENCE=1 cargo test -p radio_library --test reference`; do
not edit.

A mood says which songs may be played (they are *admissible*) and which rather than others. It is a text in one of two languages:
one *expression*, as paraslash has it since 0.7, or *lines*, as it had them until 0.6. A text whose first word is `accept`, `deny`
or `score` is in the language of lines. `#` begins a remark. An empty mood admits every song.

    # Instrumental music, by Monk or old, and nothing from concerts.
    is_set(\"instrumental\") && (artist =~ /monk/i || year < 1960) && !(path =| \"*/live/*\")

## Expressions
From loosest to tightest: `||`, `&&`, `!`, comparisons, `+` and `-`, `*` and `/`, `-` before a number; parentheses as usual.

| compared | operators |
|---|---|
| numbers | `==` `!=` `<` `<=` `>` `>=` |
| texts | `==` `!=`, `=~ /regular expression/flags`, `=\\| \"wildcard pattern\"flags` |

Numbers are whole and have 64 bits: what is beyond them stays at the greatest or the least, and what is divided by 0 is 0. A text is
written `\"…\"`, with C's escapes (`\\\"`, `\\\\`, `\\n`, `\\t` and so on). Tags that a song does not have are empty texts, numbers that are not
known are 0. A mood that is nothing but a number admits the songs for which it is not 0; one that is a text, those for which it is not
empty.
";

const PATTERNS: &str = "A regular expression is POSIX's extended form, with `\\w`, `\\<` and their like; it may match anywhere in the text. \
A wildcard
pattern is a shell's, and matches the whole text; a slash is like any other character unless flag `p` is there. It may also stand between
bars, as in `path =| |*/live/*|i`.

Before it is a pattern, `\\/` (between bars `\\|`) becomes the delimiter, `\\\\` one backslash, and `\\a` `\\f` `\\n` `\\r` `\\t` `\\v` what they are in C;
any other backslash is the pattern's. So `/R\\.E\\.M/` and `/R\\\\.E\\\\.M/` are the same, of which tfortune takes the second only, and
`/\\\\\\\\/` finds a backslash.
";

const LINES: &str = "
## Lines

    accept [with score N|random] [[if] [not] METHOD]
    deny   [with score N|random] [[if] [not] METHOD]
    score N|random               [[if] [not] METHOD]

A song is admissible when no `deny` line matches it, and, if there are `accept` lines, one of them does. Scores of the lines that
match add up. Arguments with blanks are quoted as in a shell: `artist_matches '^Miles Davis$'`. Numbers are compared by `<`, `=`, `<=`,
`>`, `>=`, `!=`.

    deny if is_set sick
    accept with score 5 if artist_matches ^Miles
    accept if year < 1960
    score random
";

const SCORES: &str = "
## Scores
Of the admissible songs the one with the highest score is played next. A score is the sum of three parts, in hundredths:

| part | is |
|---|---|
| mood | the sum of the mood's matching lines; 0 for expressions. `random` is 0 to 100, the same for a song until it is played |
| plays | how much more rarely than the mean of the admissible songs it was played |
| age | how much longer ago than the mean it was played last; never: as if in 1970 |

The last two are normalised deviations: 100 is one standard deviation of what is admissible. They are weighed against each other so
that a song that was never played, yet played just now, would have 0, as a song exactly at the mean has; the two weights are 2
together. Songs of equal scores follow each other in an order that the station's seed decides.

## Sources
Lines: paraslash's manual until commit 3d3a2f50 (\"Version 2 moods\", 2017), and its `README.afs`. Expressions: that commit; for operators,
arithmetic, escapes, regular expressions and their flags `tfortune(6)` and what tfortune 1.0.1 does, whose tag expressions are by the same
author; for wildcard patterns and their flags `fnmatch(3)`. Scores: commit 86b5aba8 (\"Rework score formula\", 2019). Not paraslash's are
`album_artist`, `genre`, `format`, `duration`, `added`, `last_played`, wildcard patterns between quotes, patterns' own backslashes, remarks behind something, and numbers that
stay at the greatest rather than begin again at the least.
";
