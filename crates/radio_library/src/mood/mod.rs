//! Moods: which songs may be played, and which rather than others.
//!
//! A mood is a text in one of two languages, both paraslash's: lines (`accept with score 5 if artist_matches ^Miles`,
//! until 0.6) and one expression (`artist =~ /^Miles/ && year < 1960`, since 0.7). Which one it is, its first word
//! tells. Both become the same tree, with patterns compiled and keywords looked up ([`Mood::parse`]); [`Mood::resolve`] looks up the
//! attributes, which have names in moods and numbers in songs; [`Mood::score`] asks it about a song, and the choice about 64 at a time.
//!
//! Cost of asking: no allocation, no system call; some nanoseconds for each comparison, some tens for a pattern that is nothing but
//! pieces of text, some hundreds for any other. Patterns take time linear in the text, whoever wrote them. What is cheap is asked
//! first, and what is dear only about the songs that it decides on.
//!
//! What a mood can ask is the table in `keywords`; `docs/reference/radio-moods.md` is made out of it ([`reference_page`]).
//!
//! Behaviour: paraslash's manual, of 0.6 for lines and of 0.7 for expressions, and its `README.afs`.

mod error;
mod expression;
#[cfg(test)]
pub(crate) mod invented;
mod keywords;
mod lexer;
mod limits;
mod lines;
mod number;
mod parts;
mod pattern;
mod reference;
mod set;
mod syntax;
#[cfg(test)]
mod tests;
mod translate;

use std::fmt;

pub use self::error::{Found, MoodError, Position, Problem};
pub(crate) use self::limits::MOOD_SCORE_MAX;
pub use self::limits::{LINES_MAX, MOOD_BYTES_MAX, NESTING_MAX, PATTERN_COMPILED_BYTES_MAX, SCORE_MAX};
pub use self::reference::reference_page;
pub(crate) use self::set::{SONGS_AT_ONCE, Set};
use self::syntax::{LineScore, Rule, Verdict};
pub use self::translate::Translation;
use crate::change::AttributeTable;
use crate::score::random;
use crate::song::Song;

/// The two languages of moods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Accept, deny and score lines: paraslash 0.6 and before.
    Lines,
    /// One condition: paraslash 0.7.
    Expression,
}

/// A mood that was understood.
#[derive(Debug, Clone)]
pub struct Mood {
    language: Language,
    rules: Vec<Rule>,
    /// The rules again, in the order in which they are asked.
    asked: Vec<usize>,
}

/// What one line adds to the score of a song.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePart {
    /// The line, from 1.
    pub line: u32,
    /// The line again, as it was understood.
    pub text: String,
    /// What it adds.
    pub score: i32,
}

impl Mood {
    /// Understands a text in either language. An empty one admits every song.
    ///
    /// # Errors
    /// The first thing that is wrong, and where.
    ///
    /// ```
    /// use radio_library::mood::Mood;
    /// let error = Mood::parse("titel =~ /blue/").unwrap_err();
    /// assert_eq!(error.to_string(), "line 1, column 1: found \"titel\", expected a keyword; did you mean title?");
    /// ```
    pub fn parse(text: &str) -> Result<Self, MoodError> {
        if text.len() > MOOD_BYTES_MAX {
            return Err(MoodError::too_much(Position::START, "bytes", MOOD_BYTES_MAX));
        }
        if lines::recognises(text) {
            return Ok(Self::new(Language::Lines, lines::parse(text)?));
        }
        let condition = expression::parse(text)?;
        let rule = condition.map(|condition| Rule {
            verdict: Verdict::Accept,
            score: None,
            condition: Some(condition),
            line: 1,
        });
        Ok(Self::new(Language::Expression, rule.into_iter().collect()))
    }

    fn new(language: Language, rules: Vec<Rule>) -> Self {
        let asked = order(&rules);
        Self { language, rules, asked }
    }

    /// Looks up the attributes that it names. Until then no song has any of them.
    ///
    /// # Errors
    /// [`Problem::UnknownAttribute`] for the first one that is not in the table; the others are looked up all the same, and no
    /// song has this one.
    pub fn resolve(&mut self, table: &AttributeTable) -> Result<(), MoodError> {
        let mut first = Ok(());
        for condition in self.rules.iter_mut().filter_map(|rule| rule.condition.as_mut()) {
            let looked_up: Result<(), MoodError> = condition.each_attribute(&mut |test| {
                test.id = table.iter().find(|(_, name)| **name == test.name).map(|(id, _)| *id);
                if test.id.is_none() && first.is_ok() {
                    let nearest = error::nearest(&test.name, table.values().map(String::as_str)).map(str::to_owned);
                    let problem = Problem::UnknownAttribute { name: test.name.clone(), nearest };
                    first = Err(MoodError { position: test.position, problem });
                }
                Ok(())
            });
            looked_up?;
        }
        first
    }

    /// Which language it is written in.
    pub fn language(&self) -> Language {
        self.language
    }

    /// What it adds to the score of a song, in hundredths of a standard deviation of the statistics' scores; none when the song is
    /// not admissible. `seed` decides random scores, anew each time that the song was played.
    ///
    /// A song is admissible when no deny line matches it, and an accept line does if there is one. Scores of lines that match add up.
    pub fn score(&self, song: &Song, seed: u64) -> Option<i32> {
        self.scores(&[song], Set::FIRST, seed)[0]
    }

    /// [`Self::score`] of each of these songs, at its place; none for those that it is not asked about.
    pub(crate) fn scores(&self, songs: &[&Song], asked: Set, seed: u64) -> [Option<i32>; SONGS_AT_ONCE] {
        let mut totals = [0; SONGS_AT_ONCE];
        let mut add = |rule: &Rule, matching: Set| {
            if rule.score.is_some() {
                matching.places().for_each(|place| totals[place] += rule.added(songs[place], seed));
            }
        };
        // Those that can still be admissible, and those of them that an accept line matched, once there was one.
        let (mut open, mut accepted) = (asked, None);
        for rule in self.asked.iter().map(|rule| &self.rules[*rule]) {
            if rule.verdict != Verdict::Accept {
                open = accepted.map_or(open, |accepted| open.and(accepted));
            }
            match rule.verdict {
                Verdict::Deny => open = open.without(rule.matching(songs, open)),
                Verdict::Accept => {
                    let before = accepted.unwrap_or_default();
                    let undecided = if rule.score.is_none() { open.without(before) } else { open };
                    let matching = rule.matching(songs, undecided);
                    add(rule, matching);
                    accepted = Some(before.or(matching));
                }
                Verdict::Score => add(rule, rule.matching(songs, open)),
            }
        }
        let admissible = accepted.map_or(open, |accepted| open.and(accepted));
        std::array::from_fn(|place| admissible.contains(place).then_some(totals[place]))
    }

    /// The parts of [`Self::score`]: each line that matches and has a score.
    pub fn parts(&self, song: &Song, seed: u64) -> Vec<LinePart> {
        let scoring = self.rules.iter().filter(|rule| rule.score.is_some() && rule.verdict != Verdict::Deny);
        scoring
            .filter(|rule| rule.condition.as_ref().is_none_or(|condition| condition.holds(song)))
            .map(|rule| LinePart { line: rule.line, text: rule.to_string(), score: rule.added(song, seed) })
            .collect()
    }

    /// The same in the language of expressions.
    pub fn translate(&self) -> Translation {
        translate::translate(self)
    }
}

/// The order in which rules are soonest done with a song. Accept lines are together, and so are deny lines, whichever cost less first;
/// scores are of no interest before a song is admissible. Of each kind the cheapest comes first, but that an accept line without a score
/// may not be needed.
fn order(rules: &[Rule]) -> Vec<usize> {
    let cost = |verdict| rules.iter().filter(|rule| rule.verdict == verdict).map(Rule::cost).sum::<usize>();
    let denies_first = cost(Verdict::Deny) < cost(Verdict::Accept);
    let turn = |rule: &Rule| match rule.verdict {
        Verdict::Deny => u8::from(!denies_first),
        Verdict::Accept => u8::from(denies_first),
        Verdict::Score => 2,
    };
    let mut asked: Vec<usize> = (0..rules.len()).collect();
    asked.sort_by_key(|rule| (turn(&rules[*rule]), rules[*rule].score.is_none(), rules[*rule].cost()));
    asked
}

impl Rule {
    fn added(&self, song: &Song, seed: u64) -> i32 {
        match self.score {
            None => 0,
            Some(LineScore::Fixed(score)) => score,
            Some(LineScore::Random) => {
                random::percentage(seed, [song.id.0.cast_unsigned(), song.statistics.play_count, u64::from(self.line)])
            }
        }
    }
}

/// The text of the mood, without remarks and with the usual spaces; no newline at its end.
impl fmt::Display for Mood {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rule) in self.rules.iter().enumerate() {
            if index > 0 {
                writeln!(formatter)?;
            }
            match (self.language, &rule.condition) {
                (Language::Lines, _) => write!(formatter, "{rule}")?,
                (Language::Expression, Some(condition)) => write!(formatter, "{condition}")?,
                (Language::Expression, None) => {}
            }
        }
        Ok(())
    }
}
