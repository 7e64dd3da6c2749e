//! A gate's answer: the first branch that holds, and the matches that it shows.
//!
//! Evaluation is lazy. A gate that is not relevant costs its relevance, a condition stops at the
//! first pattern that settles it, and spans are worked out for the branch that is taken only.

use super::spec::{Branch, Condition, Gate};
use crate::set::PatternId;
use crate::span::Span;

/// Answers about one document: a scan, and behind it whoever answers the fallback route.
pub trait Answerer {
    /// What can go wrong when the fallback is asked.
    type Error;

    /// Whether a pattern matches.
    ///
    /// # Errors
    /// When the fallback fails.
    fn is_match(&self, id: PatternId) -> Result<bool, Self::Error>;

    /// Every match in order.
    ///
    /// # Errors
    /// When the fallback fails.
    fn spans(&self, id: PatternId) -> Result<Vec<Span>, Self::Error>;
}

/// A match that a branch shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The caller's number of the group.
    pub group: u32,
    /// The pattern.
    pub pattern: PatternId,
    /// Where.
    pub span: Span,
}

/// A gate's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The gate has nothing to say about this document.
    NotRelevant,
    /// A branch, by number, with what it shows; `None` when no branch holds.
    Branch(Option<usize>, Vec<Finding>),
}

/// Answers one gate.
///
/// # Errors
/// Whatever the answerer's fallback raises.
pub fn evaluate<A: Answerer>(gate: &Gate, answers: &A) -> Result<Outcome, A::Error> {
    if let Some(relevant) = &gate.relevant {
        if !holds(relevant, answers)? {
            return Ok(Outcome::NotRelevant);
        }
    }
    for (number, branch) in gate.branches.iter().enumerate() {
        let taken = match &branch.when {
            Some(condition) => holds(condition, answers)?,
            None => true,
        };
        if taken {
            return Ok(Outcome::Branch(Some(number), findings(branch, answers)?));
        }
    }
    Ok(Outcome::Branch(None, Vec::new()))
}

fn holds<A: Answerer>(condition: &Condition, answers: &A) -> Result<bool, A::Error> {
    Ok(match condition {
        Condition::Any(ids) => count(ids, 1, answers)? == 1,
        Condition::None(ids) => count(ids, 1, answers)? == 0,
        Condition::AtLeast(least, ids) => count(ids, *least as usize, answers)? == *least as usize,
        Condition::All(ids) => {
            for &id in ids {
                if !answers.is_match(id)? {
                    return Ok(false);
                }
            }
            true
        }
        Condition::Every(conditions) => {
            for condition in conditions {
                if !holds(condition, answers)? {
                    return Ok(false);
                }
            }
            true
        }
        Condition::Either(conditions) => {
            for condition in conditions {
                if holds(condition, answers)? {
                    return Ok(true);
                }
            }
            false
        }
        Condition::Not(condition) => !holds(condition, answers)?,
    })
}

/// How many patterns match, counted up to `enough`.
fn count<A: Answerer>(ids: &[PatternId], enough: usize, answers: &A) -> Result<usize, A::Error> {
    let mut found = 0;
    for &id in ids {
        if found == enough {
            break;
        }
        found += usize::from(answers.is_match(id)?);
    }
    Ok(found)
}

fn findings<A: Answerer>(branch: &Branch, answers: &A) -> Result<Vec<Finding>, A::Error> {
    let mut findings = Vec::new();
    for evidence in &branch.evidence {
        for &pattern in &evidence.patterns {
            let spans = answers.spans(pattern)?;
            findings.extend(spans.into_iter().map(|span| Finding {
                group: evidence.group,
                pattern,
                span,
            }));
        }
    }
    Ok(findings)
}
