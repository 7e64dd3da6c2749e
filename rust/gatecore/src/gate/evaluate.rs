//! A gate's answer: the first branch that holds, and what it shows.
//!
//! Evaluation is lazy. A gate that is not relevant costs its relevance, a condition stops at the
//! first pattern that settles it, and spans are worked out where a condition needs places and for the
//! branch that is taken only.

use std::ops::ControlFlow;

use super::document::{Answerer, Document, Scope};
use super::spec::{
    Branch, Capture, Compare, Condition, Edge, Evidence, Filling, Gate, GatePattern, Hole, Near,
    Other, Relation, Take, Text, Unit,
};
use super::units;
use super::value::{self, Kind, Value};
use crate::memory;
use crate::span::Span;

/// A match that a branch shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which of the branch's evidence shows it.
    pub evidence: u32,
    /// The number of the pattern among all that the gate lists.
    pub listed: u32,
    /// Where.
    pub span: Span,
}

/// What fills a hole in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// This part of the document, if there is one.
    Place(Option<Span>),
    /// This number.
    Count(usize),
}

/// A gate's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The gate has nothing to say about this document.
    NotRelevant,
    /// No branch holds.
    Nothing,
    /// A branch.
    Branch {
        /// Which.
        number: usize,
        /// What it shows.
        findings: Vec<Finding>,
        /// For each of its texts, what fills its holes; `None` for one that is not shown.
        texts: Vec<Option<Vec<Filled>>>,
    },
}

/// Answers one gate.
///
/// # Errors
/// Whatever the answerer's fallback raises.
pub fn evaluate<A: Answerer>(gate: &Gate, document: &Document<'_, A>) -> Result<Outcome, A::Error> {
    let judge = Judge { document };
    if !judge.holds_or_none(gate.relevant.as_ref())? {
        return Ok(Outcome::NotRelevant);
    }
    for (number, branch) in gate.branches.iter().enumerate() {
        if judge.holds_or_none(branch.when.as_ref())? {
            return judge.shown(number, branch);
        }
    }
    Ok(Outcome::Nothing)
}

/// Where the matches of some patterns lie: in order, those that overlap as one.
///
/// # Errors
/// Whatever the answerer's fallback raises.
pub fn masked<A: Answerer>(
    patterns: &[GatePattern],
    document: &Document<'_, A>,
) -> Result<Vec<Span>, A::Error> {
    let mut found = Vec::new();
    for &pattern in patterns {
        for span in document.all(pattern)?.iter().filter(|span| !span.is_empty()) {
            memory::push(&mut found, *span);
        }
    }
    found.sort_unstable();
    let mut merged: Vec<Span> = Vec::new();
    for span in found {
        match merged.last_mut() {
            Some(last) if span.start() < last.end() => {
                *last = Span::new(last.start(), last.end().max(span.end()));
            }
            _ => memory::push(&mut merged, span),
        }
    }
    Ok(merged)
}

/// Stops at the first witness.
const ENOUGH: ControlFlow<()> = ControlFlow::Break(());

struct Judge<'a, 'd, A> {
    document: &'a Document<'d, A>,
}

impl<A: Answerer> Judge<'_, '_, A> {
    fn holds_or_none(&self, condition: Option<&Condition>) -> Result<bool, A::Error> {
        condition.map_or(Ok(true), |condition| self.holds(condition, &Scope::default()))
    }

    fn holds(&self, condition: &Condition, scope: &Scope<'_>) -> Result<bool, A::Error> {
        let document = self.document;
        let enough = |least: usize, conditions: &[Condition]| {
            at_least(least, conditions, |condition| self.holds(condition, scope))
        };
        Ok(match condition {
            Condition::AnyOf { groups } => self.some_are_seen(groups, 1, scope)?,
            Condition::NoneOf { groups } => !self.some_are_seen(groups, 1, scope)?,
            Condition::AtLeast { count, groups } => self.some_are_seen(groups, *count, scope)?,
            Condition::AllOf { groups } => self.some_are_seen(groups, groups.len(), scope)?,
            Condition::Count { groups, bounds } => bounds.hold(self.count(groups, scope)?),
            Condition::Every { conditions } => enough(conditions.len(), conditions)?,
            Condition::Either { conditions } => enough(1, conditions)?,
            Condition::Enough { count, conditions } => enough(*count, conditions)?,
            Condition::Not { condition } => !self.holds(condition, scope)?,
            Condition::Around { groups, window, when } => {
                self.around(groups, (window, when), scope)?
            }
            Condition::Part { edge, unit, amount, when } => {
                let part = Some(self.part(*edge, *unit, amount.get())?);
                self.holds(when, &Scope { part, ..*scope })?
            }
            Condition::DocumentLength { unit, bounds } => bounds.hold(match unit {
                Unit::Characters => document.length(),
                Unit::Words => document.marks(*unit)?.len(),
                _ => document.pieces(*unit)?.len(),
            }),
            Condition::SentenceLength { unit, bounds, count } => {
                let (sentences, words) = self.sentences()?;
                count.hold(units::sentences_of(sentences, words, *unit, *bounds))
            }
            Condition::Average { unit, bounds } => {
                let (sentences, words) = self.sentences()?;
                units::mean_holds(sentences, words, *unit, *bounds)
            }
            Condition::Compare(compare) => self.compare(compare, scope)?,
        })
    }

    /// Whether at least this many of the patterns match.
    fn some_are_seen(
        &self,
        patterns: &[GatePattern],
        least: usize,
        scope: &Scope<'_>,
    ) -> Result<bool, A::Error> {
        at_least(least, patterns, |&pattern| self.document.is_seen(pattern, scope))
    }

    fn count(&self, patterns: &[GatePattern], scope: &Scope<'_>) -> Result<usize, A::Error> {
        let mut count = 0;
        for &pattern in patterns {
            count += self.document.seen(pattern, scope)?.count();
        }
        Ok(count)
    }

    fn around(
        &self,
        patterns: &[GatePattern],
        near: Near<'_>,
        scope: &Scope<'_>,
    ) -> Result<bool, A::Error> {
        at_least(1, patterns, |&pattern| Ok(self.witness(pattern, near, scope)?.is_some()))
    }

    /// The matches of a pattern in a scope, of those whose surroundings are such.
    fn witnesses(
        &self,
        pattern: GatePattern,
        near: Option<Near<'_>>,
        scope: &Scope<'_>,
        mut witness: impl FnMut(usize, Span) -> ControlFlow<()>,
    ) -> Result<(), A::Error> {
        for (number, span) in self.document.seen(pattern, scope)?.iter() {
            let holds = match near {
                None => true,
                Some((window, when)) => {
                    let window = Some((window, pattern, span));
                    self.holds(when, &Scope { window, part: scope.part })?
                }
            };
            if holds && witness(number, span).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn part(&self, edge: Edge, unit: Unit, amount: usize) -> Result<(usize, usize), A::Error> {
        let (document, length) = (self.document, self.document.length());
        Ok(match unit {
            Unit::Characters => units::part_of_characters(edge, amount, length),
            Unit::Words => units::part_of_words(edge, amount, document.marks(unit)?, length),
            _ => units::part_of_pieces(edge, amount, document.pieces(unit)?, length),
        })
    }

    fn sentences(&self) -> Result<(&[units::Piece], &[Span]), A::Error> {
        Ok((self.document.pieces(Unit::Sentences)?, self.document.marks(Unit::Words)?))
    }

    fn compare(&self, compare: &Compare, scope: &Scope<'_>) -> Result<bool, A::Error> {
        let &Compare { ref left, kind, relation, ref right } = compare;
        let captured = match right {
            Other::Captured(captured) => captured,
            Other::Literal(value) => {
                return at_least(1, left, |&capture| {
                    Ok(self.document.is_seen(capture.pattern, scope)?
                        && self.document.some_compare(capture, kind, relation, value, scope)?)
                });
            }
        };
        if relation == Relation::Equals {
            return self.document.has_equal([left, captured], kind, scope);
        }
        let left = self.values(left, kind, relation, scope)?;
        if left.is_empty() {
            return Ok(false);
        }
        Ok(value::some_compare(&left, relation, &self.values(captured, kind, relation, scope)?))
    }

    /// The values of captures in a scope. Texts without a value are left out, and so are values that
    /// make no difference to a relation: a condition may ask around thousands of matches.
    fn values(
        &self,
        captured: &[Capture],
        kind: Kind,
        relation: Relation,
        scope: &Scope<'_>,
    ) -> Result<Vec<Value>, A::Error> {
        let mut values = Vec::new();
        for &capture in captured {
            if !self.document.is_seen(capture.pattern, scope)? {
                continue;
            }
            let all = self.document.values(capture, kind)?;
            let seen = self.document.seen(capture.pattern, scope)?;
            for numbers in seen.numbers() {
                values.extend(all.that_decide(relation, numbers).cloned());
            }
        }
        Ok(values)
    }

    fn shown(&self, number: usize, branch: &Branch) -> Result<Outcome, A::Error> {
        let mut findings = Vec::new();
        let mut left_out = Vec::with_capacity(branch.evidence.len());
        for (place, evidence) in (0..).zip(&branch.evidence) {
            left_out.push(self.findings(place, evidence, &mut findings)?);
        }
        let texts = branch.texts.iter().map(|text| self.text(text, &left_out));
        let texts = texts.collect::<Result<_, _>>()?;
        Ok(Outcome::Branch { number, findings, texts })
    }

    /// Adds what an evidence shows, and says how many matches it leaves out.
    fn findings(
        &self,
        number: u32,
        evidence: &Evidence,
        findings: &mut Vec<Finding>,
    ) -> Result<usize, A::Error> {
        let before = findings.len();
        let most = match (evidence.take, evidence.at_most) {
            (Take::Earliest, _) | (_, None) => usize::MAX,
            (_, Some(most)) => most.get(),
        };
        let mut left_out = 0;
        for &(listed, pattern) in &evidence.groups {
            let mut push = |span| {
                let found = Finding { evidence: number, listed, span };
                if findings.len() - before < most {
                    memory::push(findings, found);
                } else {
                    left_out += 1;
                }
            };
            if evidence.take == Take::Every {
                self.witnesses(pattern, evidence.near(), &Scope::default(), |_, span| {
                    push(span);
                    ControlFlow::Continue(())
                })?;
            } else if let Some(span) = self.first(pattern, evidence.near())? {
                push(span);
            }
            if evidence.take == Take::First && findings.len() > before {
                break;
            }
        }
        if evidence.take == Take::Earliest {
            // The first of those that start together: `min_by_key` keeps it.
            let earliest = findings.drain(before..).min_by_key(|finding| finding.span.start());
            findings.extend(earliest);
        }
        Ok(left_out)
    }

    fn text(&self, text: &Text, left_out: &[usize]) -> Result<Option<Vec<Filled>>, A::Error> {
        if !self.holds_or_none(text.when.as_ref())? {
            return Ok(None);
        }
        let filled = text.holes.iter().map(|hole| self.fill(hole, left_out));
        filled.collect::<Result<_, _>>().map(Some)
    }

    fn fill(&self, hole: &Hole, left_out: &[usize]) -> Result<Filled, A::Error> {
        let near = hole.near();
        Ok(match &hole.filling {
            Filling::LeftOut(evidence) => Filled::Count(left_out[*evidence as usize]),
            Filling::Count(patterns) if near.is_none() => {
                Filled::Count(self.count(patterns, &Scope::default())?)
            }
            Filling::Count(patterns) => {
                let mut count = 0;
                for &pattern in patterns {
                    self.witnesses(pattern, near, &Scope::default(), |_, _| {
                        count += 1;
                        ControlFlow::Continue(())
                    })?;
                }
                Filled::Count(count)
            }
            Filling::Earliest(patterns) => {
                let mut earliest: Option<Span> = None;
                for &pattern in patterns {
                    let first = self.first(pattern, near)?;
                    earliest = earlier(earliest, first, |span| span.start());
                }
                Filled::Place(earliest)
            }
            Filling::Captured(captured) => {
                let mut earliest: Option<(Span, Span)> = None;
                for &capture in captured {
                    if !self.document.is_seen(capture.pattern, &Scope::default())? {
                        continue;
                    }
                    let captures = self.document.captures(capture)?;
                    let mut first = None;
                    self.witnesses(capture.pattern, near, &Scope::default(), |number, span| {
                        first = captures[number].map(|part| (span, part));
                        if first.is_some() {
                            ENOUGH
                        } else {
                            ControlFlow::Continue(())
                        }
                    })?;
                    earliest = earlier(earliest, first, |(span, _)| span.start());
                }
                Filled::Place(earliest.map(|(_, part)| part))
            }
        })
    }

    /// The first match of a pattern that has such surroundings.
    fn first(
        &self,
        pattern: GatePattern,
        near: Option<Near<'_>>,
    ) -> Result<Option<Span>, A::Error> {
        near.map_or_else(
            || self.document.first(pattern),
            |near| self.witness(pattern, near, &Scope::default()),
        )
    }

    /// The first match of a pattern in a scope that has such surroundings.
    fn witness(
        &self,
        pattern: GatePattern,
        near: Near<'_>,
        scope: &Scope<'_>,
    ) -> Result<Option<Span>, A::Error> {
        let mut first = None;
        self.witnesses(pattern, Some(near), scope, |_, span| {
            first = Some(span);
            ENOUGH
        })?;
        Ok(first)
    }
}

/// Whether something is so of at least this many items; stops once that is settled.
fn at_least<T, E>(
    least: usize,
    items: &[T],
    is_so: impl Fn(&T) -> Result<bool, E>,
) -> Result<bool, E> {
    let mut found = 0;
    for (number, item) in items.iter().enumerate() {
        if found == least || found + items.len() - number < least {
            break;
        }
        found += usize::from(is_so(item)?);
    }
    Ok(found == least)
}

/// The one that starts earlier; of two that start together the first.
fn earlier<T>(first: Option<T>, second: Option<T>, start: impl Fn(&T) -> usize) -> Option<T> {
    match (first, second) {
        (Some(first), Some(second)) if start(&second) < start(&first) => Some(second),
        (None, second) => second,
        (first, _) => first,
    }
}
