//! A mood of lines as a mood of expressions.
//!
//! What is admissible stays the same: some accept line matches, if there is one, and no deny line does. Scores have no counterpart in
//! the language of expressions; each one that is lost is told.

use super::parts::Parts;
use super::syntax::{Comparison, Condition, Rule, Verdict};
use super::{Language, Mood};

/// What a translation gives.
#[derive(Debug, Clone)]
pub struct Translation {
    /// The mood in the language of expressions.
    pub mood: Mood,
    /// What it does not say any more, a line each.
    pub lost: Vec<String>,
}

/// Translates a mood. One of expressions stays as it is.
pub(super) fn translate(mood: &Mood) -> Translation {
    if mood.language == Language::Expression {
        return Translation { mood: mood.clone(), lost: Vec::new() };
    }
    let accepts = conditions(&mood.rules, Verdict::Accept);
    let denies = conditions(&mood.rules, Verdict::Deny).into_iter().map(negate);
    let accepted = match accepts.len() {
        0 => None,
        _ if accepts.iter().any(|condition| matches!(condition, Condition::Constant(true))) => None,
        1 => accepts.into_iter().next(),
        _ => Some(Condition::Any(Parts::new(accepts))),
    };
    let mut parts: Vec<Condition> = accepted.into_iter().chain(denies).collect();
    let condition = match parts.len() {
        0 => Condition::Constant(true),
        1 => parts.remove(0),
        _ => Condition::All(Parts::new(parts)),
    };
    let rule = Rule { verdict: Verdict::Accept, score: None, condition: Some(condition), line: 1 };
    let lost = mood.rules.iter().filter(|rule| rule.score.is_some() && rule.verdict != Verdict::Deny);
    let lost = lost.map(|rule| format!("line {}: {rule}: expressions have no scores", rule.line)).collect();
    Translation { mood: Mood::new(Language::Expression, vec![rule]), lost }
}

/// The conditions of all lines of one kind.
fn conditions(rules: &[Rule], verdict: Verdict) -> Vec<Condition> {
    let of_kind = rules.iter().filter(|rule| rule.verdict == verdict);
    of_kind.map(|rule| rule.condition.clone().map_or(Condition::Constant(true), simplify)).collect()
}

fn simplify(condition: Condition) -> Condition {
    match condition {
        Condition::Not(inner) => negate(*inner),
        other => other,
    }
}

fn negate(condition: Condition) -> Condition {
    match condition {
        Condition::Not(inner) => *inner,
        Condition::Constant(value) => Condition::Constant(!value),
        Condition::Numbers { left, comparison, right } => {
            Condition::Numbers { left, comparison: opposite(comparison), right }
        }
        Condition::Texts { left, equal, right } => Condition::Texts { left, equal: !equal, right },
        other => Condition::Not(Box::new(other)),
    }
}

fn opposite(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
    }
}
