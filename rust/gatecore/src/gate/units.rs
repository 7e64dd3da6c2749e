//! A document's words, lines, sentences and paragraphs: lengths, distances and parts.
//!
//! They are made of marks, the matches of a pattern for each unit (`MARKS` in
//! `python/gatecore/gates/spec.py`). A word is a mark; the others end where a mark ends. Of these only
//! the ones in which a word starts are counted.

use super::spec::{Bounds, Edge, SentenceUnit, Unit};
use crate::memory;
use crate::span::Span;

/// Number of units of which marks are needed: all but characters.
pub const MARKED: usize = 4;

/// A line, a sentence or a paragraph in which a word starts.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    start: usize,
    end: usize,
    /// Its words, by number.
    words: (usize, usize),
}

/// Cuts a document of `length` characters at the ends of marks.
pub fn pieces(marks: &[Span], words: &[Span], length: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (mut start, mut word) = (0, 0);
    for end in marks.iter().map(Span::end).chain([length]) {
        let first = word;
        while word < words.len() && words[word].start() < end {
            word += 1;
        }
        if word > first {
            memory::push(&mut pieces, Piece { start, end, words: (first, word) });
        }
        start = end;
    }
    pieces
}

impl Piece {
    fn length(&self, unit: SentenceUnit, words: &[Span]) -> usize {
        let (first, end) = self.words;
        match unit {
            SentenceUnit::Words => end - first,
            SentenceUnit::Characters => words[end - 1].end() - words[first].start(),
        }
    }
}

/// How many sentences have such a length.
pub fn sentences_of(
    sentences: &[Piece],
    words: &[Span],
    unit: SentenceUnit,
    bounds: Bounds,
) -> usize {
    sentences.iter().filter(|sentence| bounds.hold(sentence.length(unit, words))).count()
}

/// Whether the mean length of sentences is in bounds; never without a sentence.
pub fn mean_holds(sentences: &[Piece], words: &[Span], unit: SentenceUnit, bounds: Bounds) -> bool {
    let count = sentences.len();
    let total: usize = sentences.iter().map(|sentence| sentence.length(unit, words)).sum();
    count > 0
        && bounds.at_least.saturating_mul(count) <= total
        && bounds.at_most.is_none_or(|most| total <= most.saturating_mul(count))
}

/// Of the first or last `amount` characters, from which to which.
pub fn part_of_characters(edge: Edge, amount: usize, length: usize) -> (usize, usize) {
    match edge {
        Edge::First => (0, amount.min(length)),
        Edge::Last => (length.saturating_sub(amount), length),
    }
}

/// Of the first or last `amount` words, from which character to which.
pub fn part_of_words(edge: Edge, amount: usize, words: &[Span], length: usize) -> (usize, usize) {
    if words.len() < amount {
        return (0, length);
    }
    match edge {
        Edge::First => (0, words[amount - 1].end()),
        Edge::Last => (words[words.len() - amount].start(), length),
    }
}

/// Of the first or last `amount` pieces, from which character to which.
pub fn part_of_pieces(
    edge: Edge,
    amount: usize,
    pieces: &[Piece],
    length: usize,
) -> (usize, usize) {
    if pieces.len() < amount {
        return (0, length);
    }
    match edge {
        Edge::First => (0, pieces[amount - 1].end),
        Edge::Last => (pieces[pieces.len() - amount].start, length),
    }
}

/// How much of a unit lies from `start` to `end`.
pub fn between(unit: Unit, marks: &[Span], start: usize, end: usize) -> usize {
    let before =
        |place: fn(&Span) -> usize, bound: usize| marks.partition_point(|mark| place(mark) < bound);
    match unit {
        Unit::Characters => end - start,
        // Marks do not overlap, so those that start late enough and end early enough are a stretch.
        Unit::Words | Unit::Lines => {
            before(Span::end, end + 1).saturating_sub(before(Span::start, start))
        }
        Unit::Sentences | Unit::Paragraphs => {
            before(Span::end, end + 1).saturating_sub(before(Span::end, start))
        }
    }
}
