//! What must hold between two symbols, and how the automaton tells.
//!
//! - `^ $ \b` and their kind ask for the neighbours on either side.
//! - A look-behind of one symbol asks for the one before. [`super::behind`] makes every other look-behind
//!   one of these.
//! - A look-ahead asks whether a pattern of its own matches from here on. Its states stand among the
//!   pattern's own and end in one that accepts anywhere ([`AHEAD`](super::nfa::AHEAD)), so the walk
//!   from the right, which works out of each state whether a match can be reached from here, has that
//!   answer for the look-ahead's first state as well. A look-ahead inside another is settled first: it
//!   has the lower number, and what it is asked by is only reached afterwards
//!   ([`Futures::reach`](super::futures::Futures)).
//!
//! # Why that is what `re` finds
//!
//! `re` tries a look-around where it stands: it holds exactly if its content has some way to match there
//! (content without conditions on its surroundings and without back-references or atomic parts, which
//! stay with `re`), takes no text, and leaves nothing behind that a later choice depends on. So a
//! path through the pattern is one that `re` can take exactly if each condition on it holds at its
//! place, whatever was chosen before: conditions are a property of the place. Among such paths both
//! take the first by priority, as for `\b`. A negative look-around holds where the positive one does not, which
//! is known because the set of a place is exact, not a bound: all that leads to acceptance is in it.

use super::nfa::kinds;
use crate::alphabet::{is_word_symbol, ByteSet, FINAL_NEWLINE, NEWLINE};
use crate::pattern::Look;

/// What must hold at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Condition {
    /// As `^` or `\b`.
    Look(Look),
    /// The symbol before is in the set; or it is not, or there is none.
    Behind { set: ByteSet, negative: bool },
    /// The look-ahead of this number matches, or does not.
    Ahead { number: u32, negative: bool },
}

/// Number of what stands beside a position, as far as conditions tell it apart.
pub(super) type Side = u16;

/// Which symbols the conditions of a pattern tell apart.
#[derive(Clone, Debug)]
pub(super) struct Sides {
    of: [u8; 256],
    /// For each side what `^ $ \b` see there, and a symbol of it; the last is the end of the text.
    seen: Vec<(Neighbour, Option<u8>)>,
    edge: Side,
}

impl Sides {
    /// `symbol_of` is what `^ $ \b` take a byte for.
    pub fn new(conditions: &[Condition], symbol_of: impl Fn(u8) -> u8) -> Self {
        let looks = conditions.iter().any(|condition| matches!(condition, Condition::Look(_)));
        let neighbours = [Neighbour::Word, Neighbour::Newline, Neighbour::FinalNewline];
        let neighbours = neighbours.into_iter().filter(|_| looks).map(|wanted| {
            (0..=u8::MAX).filter(|&byte| Neighbour::of(symbol_of(byte)) == wanted).collect()
        });
        let behind = conditions.iter().filter_map(|condition| match condition {
            Condition::Behind { set, .. } => Some(*set),
            _ => None,
        });
        let (of, count) = kinds(neighbours.chain(behind));
        let mut seen = vec![(Neighbour::Edge, None); count];
        for (byte, &side) in (0..=u8::MAX).zip(&of) {
            seen[usize::from(side)] = (Neighbour::of(symbol_of(byte)), Some(byte));
        }
        let is_asked =
            conditions.iter().any(|condition| !matches!(condition, Condition::Ahead { .. }));
        let edge = if is_asked { count as Side } else { 0 };
        seen.push((Neighbour::Edge, None));
        Sides { of, seen, edge }
    }

    /// The symbols of each side.
    pub fn sets(&self) -> impl Iterator<Item = ByteSet> + '_ {
        (0..self.seen.len() - 1).map(|side| {
            (0..=u8::MAX).filter(|&byte| usize::from(self.of[usize::from(byte)]) == side).collect()
        })
    }

    #[inline]
    pub fn of(&self, symbol: Option<u8>) -> Side {
        symbol.map_or(self.edge, |symbol| Side::from(self.of[usize::from(symbol)]))
    }

    /// Whether a condition holds between two sides. `aheads` tells of each look-ahead that is known whether
    /// it matches; what is not known does not hold.
    pub fn hold(&self, condition: &Condition, before: Side, after: Side, aheads: &[bool]) -> bool {
        let (before, behind) = self.seen[usize::from(before)];
        match condition {
            Condition::Look(look) => holds(*look, before, self.seen[usize::from(after)].0),
            Condition::Behind { set, negative } => {
                behind.is_some_and(|symbol| set.contains(symbol)) != *negative
            }
            Condition::Ahead { number, negative } => {
                aheads.get(*number as usize).is_some_and(|matches| matches != negative)
            }
        }
    }
}

/// The neighbours that `^ $ \b` tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Neighbour {
    Other,
    Word,
    Newline,
    FinalNewline,
    /// There is none: the text begins or ends.
    Edge,
}

impl Neighbour {
    fn of(symbol: u8) -> Self {
        match symbol {
            NEWLINE => Neighbour::Newline,
            FINAL_NEWLINE => Neighbour::FinalNewline,
            _ if is_word_symbol(symbol) => Neighbour::Word,
            _ => Neighbour::Other,
        }
    }
}

fn holds(look: Look, before: Neighbour, after: Neighbour) -> bool {
    use Neighbour::{Edge, FinalNewline, Newline, Word};
    match look {
        Look::TextStart => before == Edge,
        Look::TextEnd => after == Edge,
        Look::LineStart => matches!(before, Edge | Newline | FinalNewline),
        Look::LineEnd => matches!(after, Edge | Newline | FinalNewline),
        Look::LastLineEnd => matches!(after, Edge | FinalNewline),
        Look::Boundary | Look::AsciiBoundary => (before == Word) != (after == Word),
        Look::NotBoundary | Look::NotAsciiBoundary => (before == Word) == (after == Word),
    }
}
