//! One document's answers, asked of whoever has them and remembered while its gates are judged.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;
use std::rc::Rc;
use std::slice;
use std::sync::Arc;

use super::equal::{self, Pairs};
use super::spec::{Capture, GatePattern, Relation, Side, Unit, Window};
use super::units::{self, Piece, MARKED};
use super::validity::Validity;
use super::value::{self, Kind, Value, Values};
use crate::memory;
use crate::span::Span;

/// Answers about one document: scans, and whoever answers the fallback route.
///
/// Each question fails where the fallback does. Spans are in characters of the document, in whatever view a pattern is looked for, and come in
/// order: neither starts nor ends ever fall.
pub trait Answerer {
    /// What can go wrong when the fallback is asked.
    type Error;

    /// Number of characters.
    fn length(&self) -> usize;

    /// What the text of a pattern's match has to be; others are none. The answers here are of all.
    fn valid(&self, pattern: GatePattern) -> Option<Validity>;

    /// Whether a pattern matches.
    fn is_match(&self, pattern: GatePattern) -> Result<bool, Self::Error>;

    /// The first match.
    fn first(&self, pattern: GatePattern) -> Result<Option<Span>, Self::Error>;

    /// Every match in order.
    fn spans(&self, pattern: GatePattern) -> Result<Vec<Span>, Self::Error>;

    /// For every match in order what a group captured, if it took part.
    fn captures(&self, capture: Capture) -> Result<Vec<Option<Span>>, Self::Error>;

    /// The matches of the pattern that makes up a unit.
    fn marks(&self, unit: Unit) -> Result<Vec<Span>, Self::Error>;

    /// Parts of the document's text; what is not a Unicode scalar value comes as something else that is
    /// part of no value.
    fn texts(&self, spans: &[Span]) -> Result<Vec<String>, Self::Error>;
}

/// Where matches have to lie to be seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scope<'a> {
    /// From and to which character.
    pub part: Option<(usize, usize)>,
    /// Around which match of which pattern.
    pub window: Option<(&'a Window, GatePattern, Span)>,
}

impl Scope<'_> {
    fn is_whole(&self) -> bool {
        self.part.is_none() && self.window.is_none()
    }
}

/// The matches of a pattern that are seen in a scope.
pub(super) struct Seen {
    spans: Rc<[Span]>,
    range: Range<usize>,
    /// Those that are the match around which the scope lies; within the range.
    own: Range<usize>,
}

impl Seen {
    pub(super) fn count(&self) -> usize {
        self.range.len() - self.own.len()
    }

    /// Numbers of the matches among all of the pattern: before and after the one around which the
    /// scope lies.
    pub(super) fn numbers(&self) -> [Range<usize>; 2] {
        [self.range.start..self.own.start, self.own.end..self.range.end]
    }

    /// Numbers of the matches among all of the pattern, and their spans.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, Span)> + '_ {
        self.numbers().into_iter().flatten().map(|number| (number, self.spans[number]))
    }
}

/// What a group captured, match by match.
type CapturedSpans = Rc<[Option<Span>]>;

/// Which captured values compare how with which literal.
type Question = (Capture, Kind, Relation, Arc<Value>);

/// Two lists of captures whose values are compared.
type Comparison = ([Vec<Capture>; 2], Kind);

/// A document while its gates are judged. What was asked once is not asked again.
#[derive(Debug)]
pub struct Document<'a, A> {
    answers: &'a A,
    first: RefCell<HashMap<GatePattern, Option<Span>>>,
    spans: RefCell<HashMap<GatePattern, Rc<[Span]>>>,
    /// Of patterns whose matches have to be valid: the spans of all, and which are.
    valid: RefCell<HashMap<GatePattern, Rc<[bool]>>>,
    captures: RefCell<HashMap<Capture, CapturedSpans>>,
    /// The values of a group's captures, match by match.
    values: RefCell<HashMap<(Capture, Kind), Rc<Values>>>,
    /// For each match, how many of those before it have a value that compares so.
    comparing: RefCell<HashMap<Question, Rc<[u32]>>>,
    /// Equal values of two lists of captures, where the last question about them left off.
    pairs: RefCell<Vec<(Comparison, Pairs)>>,
    marks: [OnceCell<Vec<Span>>; MARKED],
    pieces: [OnceCell<Vec<Piece>>; MARKED],
}

impl<'a, A: Answerer> Document<'a, A> {
    /// A document that nothing was asked about yet.
    pub fn new(answers: &'a A) -> Self {
        Document {
            answers,
            first: RefCell::default(),
            spans: RefCell::default(),
            valid: RefCell::default(),
            captures: RefCell::default(),
            values: RefCell::default(),
            comparing: RefCell::default(),
            pairs: RefCell::default(),
            marks: Default::default(),
            pieces: Default::default(),
        }
    }

    pub(super) fn length(&self) -> usize {
        self.answers.length()
    }

    /// Whether a pattern matches anywhere in the scope.
    pub(super) fn is_seen(
        &self,
        pattern: GatePattern,
        scope: &Scope<'_>,
    ) -> Result<bool, A::Error> {
        let matches = self.is_match(pattern)?;
        Ok(matches && (scope.is_whole() || self.seen(pattern, scope)?.count() > 0))
    }

    /// Whether a pattern matches at all.
    fn is_match(&self, pattern: GatePattern) -> Result<bool, A::Error> {
        Ok(self.answers.is_match(pattern)?
            && (self.answers.valid(pattern).is_none() || !self.all(pattern)?.is_empty()))
    }

    /// The first match in the document.
    pub(super) fn first(&self, pattern: GatePattern) -> Result<Option<Span>, A::Error> {
        if self.answers.valid(pattern).is_some() {
            return Ok(self.all(pattern)?.first().copied());
        }
        if let Some(spans) = self.spans.borrow().get(&pattern) {
            return Ok(spans.first().copied());
        }
        remembered(&self.first, pattern, || self.answers.first(pattern))
    }

    pub(super) fn all(&self, pattern: GatePattern) -> Result<Rc<[Span]>, A::Error> {
        remembered(&self.spans, pattern, || {
            if !self.answers.is_match(pattern)? {
                return Ok(Rc::new([]));
            }
            let spans = self.answers.spans(pattern)?;
            Ok(match self.answers.valid(pattern) {
                Some(valid) => self.only_valid(pattern, valid, spans)?,
                None => spans.into(),
            })
        })
    }

    /// Those of a pattern's matches whose text is what it has to be; remembers which they are.
    fn only_valid(
        &self,
        pattern: GatePattern,
        valid: Validity,
        spans: Vec<Span>,
    ) -> Result<Rc<[Span]>, A::Error> {
        let texts = self.answers.texts(&spans)?;
        let are: Rc<[bool]> = texts.iter().map(|text| valid.holds(text)).collect();
        let mut kept = spans;
        let mut each = are.iter();
        kept.retain(|_| each.next() == Some(&true));
        self.valid.borrow_mut().insert(pattern, are);
        Ok(kept.into())
    }

    pub(super) fn captures(&self, capture: Capture) -> Result<CapturedSpans, A::Error> {
        remembered(&self.captures, capture, || {
            let captures = self.answers.captures(capture)?;
            if self.answers.valid(capture.pattern).is_none() {
                return Ok(captures.into());
            }
            self.all(capture.pattern)?;
            let valid = self.valid.borrow().get(&capture.pattern).cloned();
            let kept = valid.iter().flat_map(|are| are.iter());
            let kept = captures.iter().zip(kept).filter_map(|(part, is)| is.then_some(*part));
            Ok(kept.collect())
        })
    }

    pub(super) fn values(&self, capture: Capture, kind: Kind) -> Result<Rc<Values>, A::Error> {
        remembered(&self.values, (capture, kind), || {
            let captured = self.captures(capture)?;
            let mut spans = memory::with_capacity(captured.len());
            spans.extend(captured.iter().flatten().copied());
            let mut texts = self.answers.texts(&spans)?.into_iter();
            let value = |span: &Option<Span>| span.and_then(|_| Value::parse(&texts.next()?, kind));
            Ok(Rc::new(Values::new(memory::collected(captured.iter().map(value)))))
        })
    }

    /// Whether some value of a group's captures in a scope compares as asked with a literal.
    ///
    /// Once they were counted it does not matter how many there are: a condition may ask this around
    /// each of thousands of matches.
    pub(super) fn some_compare(
        &self,
        capture: Capture,
        kind: Kind,
        relation: Relation,
        literal: &Arc<Value>,
        scope: &Scope<'_>,
    ) -> Result<bool, A::Error> {
        let question = (capture, kind, relation, Arc::clone(literal));
        let before = remembered(&self.comparing, question, || {
            let (literal, mut count) = (slice::from_ref(&**literal), 0);
            let mut before = vec![0];
            for value in self.values(capture, kind)?.all() {
                let compares =
                    |value| value::some_compare(slice::from_ref(value), relation, literal);
                count += u32::from(value.as_ref().is_some_and(compares));
                memory::push(&mut before, count);
            }
            Ok(before.into())
        })?;
        let seen = self.seen(capture.pattern, scope)?;
        let of = |range: &Range<usize>| before[range.end] - before[range.start];
        Ok(of(&seen.range) > of(&seen.own))
    }

    /// Whether some value of the left captures in a scope equals one of the right.
    ///
    /// A condition may ask this around each of thousands of matches; the answer before is where the
    /// next one begins.
    pub(super) fn has_equal(
        &self,
        captured: [&[Capture]; 2],
        kind: Kind,
        scope: &Scope<'_>,
    ) -> Result<bool, A::Error> {
        let mut moves = Vec::new();
        for (side, captures) in [equal::Side::Left, equal::Side::Right].into_iter().zip(captured) {
            let mut some = false;
            for (place, &capture) in captures.iter().enumerate() {
                if !self.is_match(capture.pattern)? {
                    continue;
                }
                let seen = self.seen(capture.pattern, scope)?;
                let values = match seen.count() {
                    0 => None,
                    _ => Some(self.values(capture, kind)?),
                };
                some |= values.is_some();
                moves.push((side, place, seen, values));
            }
            if !some {
                return Ok(false);
            }
        }
        let mut known = self.pairs.borrow_mut();
        let is_it = |(other, of): &Comparison| {
            *of == kind && captured == other.each_ref().map(|list| &list[..])
        };
        let place = known.iter().position(|(comparison, _)| is_it(comparison));
        let place = place.unwrap_or_else(|| {
            let [left, right] = captured;
            let comparison = (captured.map(<[Capture]>::to_vec), kind);
            known.push((comparison, Pairs::new(left.len(), right.len())));
            known.len() - 1
        });
        let pairs = &mut known[place].1;
        for (side, place, seen, values) in &moves {
            if let Some(values) = values {
                pairs.know(*side, *place, values);
            }
            pairs.move_to(*side, *place, seen.range.clone());
            pairs.take(*side, *place, seen.own.clone());
        }
        let found = pairs.any();
        for (side, place, seen, _) in &moves {
            pairs.put(*side, *place, seen.own.clone());
        }
        Ok(found)
    }

    /// The matches of a pattern in a scope. Logarithmic in their number once they are known.
    pub(super) fn seen(&self, pattern: GatePattern, scope: &Scope<'_>) -> Result<Seen, A::Error> {
        let spans = self.all(pattern)?;
        let mut range = 0..spans.len();
        let mut own = 0..0;
        if let Some((from, to)) = scope.part {
            range = within(&spans, from, to);
        }
        if let Some((window, around, span)) = scope.window {
            if window.side == Side::Itself {
                let itself = if pattern == around { equal(&spans, span) } else { 0..0 };
                let range = range.start.max(itself.start)..range.end.min(itself.end);
                let end = range.end.max(range.start);
                return Ok(Seen { spans, range: range.start..end, own: end..end });
            }
            let near = self.near(&spans, window, span)?;
            range = range.start.max(near.start)..range.end.min(near.end);
            if pattern == around {
                own = equal(&spans, span);
            }
        }
        range.end = range.end.max(range.start);
        // Empty where they do not meet, at a place inside the range.
        let start = own.start.clamp(range.start, range.end);
        let own = start..own.end.clamp(start, range.end);
        Ok(Seen { spans, range, own })
    }

    /// The matches in a window; what is before, overlaps and is after comes in this order.
    fn near(
        &self,
        spans: &[Span],
        window: &Window,
        around: Span,
    ) -> Result<Range<usize>, A::Error> {
        let (start, end) = (around.start(), around.end());
        if window.side == Side::Inside {
            return Ok(within(spans, start, end));
        }
        let is_before = |other: &Span| other.end() <= start;
        let is_after = |other: &Span| other.start() >= end;
        let marks = window.unit.map_or(Ok(&[][..]), |unit| self.marks(unit))?;
        let is_far = |from: usize, to: usize| {
            let between = |unit| units::between(unit, marks, from, to);
            window.unit.is_some_and(|unit| between(unit) > window.distance)
        };
        let first = match window.side {
            Side::After => spans.partition_point(|other| !is_after(other)),
            _ => spans.partition_point(|other| is_before(other) && is_far(other.end(), start)),
        };
        let last = match window.side {
            Side::Before => spans.partition_point(is_before),
            _ => spans.partition_point(|other| !(is_after(other) && is_far(end, other.start()))),
        };
        Ok(first..last.max(first))
    }

    pub(super) fn marks(&self, unit: Unit) -> Result<&[Span], A::Error> {
        if unit == Unit::Characters {
            return Ok(&[]);
        }
        let cell = &self.marks[unit as usize - 1];
        if let Some(marks) = cell.get() {
            return Ok(marks);
        }
        let marks = self.answers.marks(unit)?;
        Ok(cell.get_or_init(|| marks))
    }

    /// Lines, sentences or paragraphs.
    pub(super) fn pieces(&self, unit: Unit) -> Result<&[Piece], A::Error> {
        let cell = &self.pieces[unit as usize - 1];
        if let Some(pieces) = cell.get() {
            return Ok(pieces);
        }
        let pieces = units::pieces(self.marks(unit)?, self.marks(Unit::Words)?, self.length());
        Ok(cell.get_or_init(|| pieces))
    }
}

/// What is known by a key, found out when it is first asked for.
fn remembered<K: Eq + Hash, V: Clone, E>(
    known: &RefCell<HashMap<K, V>>,
    key: K,
    find_out: impl FnOnce() -> Result<V, E>,
) -> Result<V, E> {
    if let Some(value) = known.borrow().get(&key) {
        return Ok(value.clone());
    }
    let value = find_out()?;
    known.borrow_mut().insert(key, value.clone());
    Ok(value)
}

/// The spans that are this one.
fn equal(spans: &[Span], span: Span) -> Range<usize> {
    let first = spans.partition_point(|other| *other < span);
    first..first + spans[first..].partition_point(|other| *other == span)
}

/// The spans that lie wholly between two characters.
fn within(spans: &[Span], from: usize, to: usize) -> Range<usize> {
    let first = spans.partition_point(|span| span.start() < from);
    first..spans.partition_point(|span| span.end() <= to).max(first)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    const LENGTH: usize = 30;

    /// Two patterns and the marks of every unit, as lists.
    #[derive(Debug)]
    struct Listed {
        spans: Vec<Vec<Span>>,
        marks: Vec<Span>,
    }

    impl Answerer for Listed {
        type Error = Infallible;

        fn length(&self) -> usize {
            LENGTH
        }

        fn valid(&self, _: GatePattern) -> Option<Validity> {
            None
        }

        fn is_match(&self, pattern: GatePattern) -> Result<bool, Infallible> {
            Ok(!self.spans[pattern.0 as usize].is_empty())
        }

        fn first(&self, pattern: GatePattern) -> Result<Option<Span>, Infallible> {
            Ok(self.spans[pattern.0 as usize].first().copied())
        }

        fn spans(&self, pattern: GatePattern) -> Result<Vec<Span>, Infallible> {
            Ok(self.spans[pattern.0 as usize].clone())
        }

        fn captures(&self, capture: Capture) -> Result<Vec<Option<Span>>, Infallible> {
            Ok(vec![None; self.spans[capture.pattern.0 as usize].len()])
        }

        fn marks(&self, _: Unit) -> Result<Vec<Span>, Infallible> {
            Ok(self.marks.clone())
        }

        fn texts(&self, spans: &[Span]) -> Result<Vec<String>, Infallible> {
            Ok(vec![String::new(); spans.len()])
        }
    }

    /// How much lies between, counted one by one.
    fn amount(unit: Unit, marks: &[Span], from: usize, to: usize) -> usize {
        let start = |mark: &Span| match unit {
            Unit::Sentences | Unit::Paragraphs => mark.end(),
            _ => mark.start(),
        };
        let is_between = |mark: &&Span| start(mark) >= from && mark.end() <= to;
        if unit == Unit::Characters {
            to - from
        } else {
            marks.iter().filter(is_between).count()
        }
    }

    fn is_near(window: Window, around: Span, other: Span, marks: &[Span]) -> bool {
        let close = |from: usize, to: usize| {
            window.unit.is_none_or(|unit| amount(unit, marks, from, to) <= window.distance)
        };
        let is_before = other.end() <= around.start();
        let is_after = other.start() >= around.end();
        match window.side {
            Side::Itself => other == around,
            Side::Inside => other.start() >= around.start() && other.end() <= around.end(),
            Side::Before => is_before && close(other.end(), around.start()),
            Side::After => is_after && close(around.end(), other.start()),
            Side::Both if is_after => close(around.end(), other.start()),
            Side::Both if is_before => close(other.end(), around.start()),
            Side::Both => true,
        }
    }

    /// Spans in order, as `finditer` lists them: now and then empty, none overlapping.
    fn spans() -> impl Strategy<Value = Vec<Span>> {
        prop::collection::vec((0..4_usize, 0..4_usize), 0..7).prop_map(|steps| {
            let mut spans: Vec<Span> = Vec::new();
            let mut at = 0;
            for (gap, length) in steps {
                let span = Span::new(at + gap, (at + gap + length).min(LENGTH.max(at + gap)));
                at = span.end();
                if spans.last() != Some(&span) && span.end() <= LENGTH {
                    spans.push(span);
                }
            }
            spans
        })
    }

    fn window() -> impl Strategy<Value = Window> {
        let units = [Unit::Characters, Unit::Words, Unit::Lines, Unit::Sentences, Unit::Paragraphs];
        let side = prop::sample::select(vec![
            Side::Both,
            Side::Before,
            Side::After,
            Side::Inside,
            Side::Itself,
        ]);
        let unit = prop::option::of(prop::sample::select(units.to_vec()));
        (side, unit, 0..6_usize).prop_map(|(side, unit, distance)| Window { side, unit, distance })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn bisection_sees_what_looking_at_each_match_sees(
            one in spans(),
            two in spans(),
            marks in spans(),
            window in window(),
            part in prop::option::of((0..15_usize, 10..LENGTH)),
            is_same in any::<bool>(),
        ) {
            let marks: Vec<Span> = marks.into_iter().filter(|mark| !mark.is_empty()).collect();
            let listed = Listed { spans: vec![one, two], marks };
            let document = Document::new(&listed);
            let (around, other) = (GatePattern(0), GatePattern(u32::from(!is_same)));
            for &place in &listed.spans[0] {
                let scope = Scope { part, window: Some((&window, around, place)) };
                let seen = document.seen(other, &scope).unwrap_or_else(|never| match never {});
                let seen_spans: Vec<Span> = seen.iter().map(|(_, span)| span).collect();
                let expected: Vec<Span> = listed.spans[other.0 as usize]
                    .iter()
                    .copied()
                    .filter(|span| {
                        let is_itself = is_same && *span == place;
                        is_itself == (window.side == Side::Itself)
                    })
                    .filter(|span| is_near(window, place, *span, &listed.marks))
                    .filter(|span| part.is_none_or(|(from, to)| span.start() >= from && span.end() <= to))
                    .collect();
                prop_assert_eq!(&seen_spans, &expected, "around {:?}", place);
                prop_assert_eq!(seen.count(), expected.len());
            }
        }
    }
}
