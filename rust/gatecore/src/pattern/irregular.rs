//! Why a pattern may not be answered by an automaton, but only by `re`.

use super::behind;
use super::node::{Look, Node, RepeatKind};

/// Why a pattern is not one that an automaton answers as `re` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Irregular {
    /// `\1`, `(?P=name)`.
    BackReference,
    /// `(?<=…)`, `(?<!…)` with a condition in it, without any text, or too large.
    LookBehind,
    /// `(?(1)…|…)`.
    Conditional,
    /// `(?>…)`.
    Atomic,
    /// `a*+`.
    Possessive,
    /// `\b` by Unicode's words and by ASCII's in one pattern.
    MixedBoundaries,
    /// It can match the empty text, or has look-behinds, and tells more kinds of characters apart than an alphabet
    /// of one byte can; or more than any alphabet can.
    TooManyKinds,
    /// It has more than [`MAX_WEIGHT`] states, or its repeats written out add more than [`MAX_EXCESS`] or,
    /// where matches are tried, [`MAX_EXCESS_TRIED`].
    TooLarge,
    /// It is nested too deeply to walk.
    TooDeep,
    /// `(?u:…)` inside ASCII or `(?a:…)` inside UNICODE: `re.search` skips places by the outer flags
    /// and so misses matches that `re.match` finds there.
    ScopedMode,
}

impl Irregular {
    /// One clause for people, without a full stop.
    pub fn describe(self) -> &'static str {
        match self {
            Irregular::BackReference => "it has a back-reference",
            Irregular::LookBehind => "it has a look-behind of more than plain characters",
            Irregular::Conditional => "it has a conditional group",
            Irregular::Atomic => "it has an atomic group",
            Irregular::Possessive => "it has a possessive repeat",
            Irregular::MixedBoundaries => "it mixes Unicode and ASCII word boundaries",
            Irregular::TooManyKinds => {
                "it tells more kinds of characters apart than an alphabet for it can"
            }
            Irregular::TooLarge => "it or its bounded repeats are too large for an automaton",
            Irregular::TooDeep => "it is nested too deeply",
            Irregular::ScopedMode => {
                "it switches between ASCII and UNICODE inside, where re.search misses what re.match \
                 finds"
            }
        }
    }
}

/// Most automaton states that a pattern may need: about 440,000 words.
///
/// Long lists of words are tries, of which few states are live together: 50,000 words take 2 ns a
/// character. Listing the matches in 10,000 characters takes 0.16 ms with 50,000 words and 0.22 with 400,000, once
/// the automata are built, in 0.8 and 11 s; the process then has 0.7 GB. `re` tries the words one by one.
pub const MAX_WEIGHT: u64 = 4_000_000;

/// Most automaton states that writing out bounded repeats may add.
///
/// They are live together, so a search costs up to this factor more for a character:
/// `[ab]{15000}c` took 10 s on 105,000 characters that `re` searched in 1.1 s.
pub const MAX_EXCESS: u64 = 5_000;

/// Most of them where each match is tried ([`Node::is_tried`]) with what failed remembered, a bit for each
/// state and character: for a token of three parts of up to 1,000 characters the walks, which take over
/// beyond, need 1 s where `re` needs 1 ms for 100,000 characters.
pub const MAX_EXCESS_TRIED: u64 = 500;

impl Node {
    /// Why an automaton may not answer this pattern, if there is a reason. The first one counts.
    ///
    /// ```
    /// use gatecore::pattern::{ClassId, Irregular, Node};
    ///
    /// let letter = Node::Class(ClassId(0));
    /// assert_eq!(letter.irregular(), None);
    /// let twice = Node::Concat(vec![letter, Node::BackReference(1)]);
    /// assert_eq!(twice.irregular(), Some(Irregular::BackReference));
    /// ```
    pub fn irregular(&self) -> Option<Irregular> {
        let mut reason = None;
        let (mut unicode, mut ascii) = (false, false);
        self.walk(&mut |node| {
            let found = match node {
                Node::BackReference(_) => Some(Irregular::BackReference),
                Node::LookAround(look, content) if look.behind => {
                    match behind::sequences(content) {
                        Some(_) => None,
                        None => Some(Irregular::LookBehind),
                    }
                }
                Node::Conditional(..) => Some(Irregular::Conditional),
                Node::Atomic(_) => Some(Irregular::Atomic),
                Node::Quirk(_) => Some(Irregular::ScopedMode),
                Node::Repeat { kind: RepeatKind::Possessive, .. } => Some(Irregular::Possessive),
                Node::Look(look) => {
                    unicode |= matches!(look, Look::Boundary | Look::NotBoundary);
                    ascii |= matches!(look, Look::AsciiBoundary | Look::NotAsciiBoundary);
                    None
                }
                _ => None,
            };
            reason = reason.or(found);
        });
        let excess = match self.has_empty_rounds() {
            true => self.weight_of_rounds().saturating_sub(self.weight() - self.excess()),
            false => self.excess(),
        };
        let whole = [
            (unicode && ascii, Irregular::MixedBoundaries),
            (self.excess() > MAX_EXCESS || self.weight() > MAX_WEIGHT, Irregular::TooLarge),
            (self.is_tried() && excess > MAX_EXCESS_TRIED, Irregular::TooLarge),
        ];
        reason.or_else(|| whole.into_iter().find(|(holds, _)| *holds).map(|(_, why)| why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::decode;

    #[test]
    fn only_deep_nests_of_loops_over_something_empty_are_irregular() {
        let a = [2, 0];
        let optional = [&[6, 0, 1, 0][..], &a].concat();
        let looped = [&[4, 2][..], &a, &[6, 0, u32::MAX, 0], &optional].concat();
        let nested = [&[4, 2][..], &a, &[6, 0, 1, 0], &optional].concat();
        let node = |program: &[u32]| decode(program, 1).unwrap().unwrap();
        assert!(node(&looped).has_empty_rounds() && !node(&nested).has_empty_rounds());
        let again = |body: &[u32]| [&[6, 0, u32::MAX, 0][..], body].concat();
        let nest = |depth| (0..depth).fold(a.to_vec(), |body, _| again(&body));
        for regular in [&looped, &nested, &optional, &nest(4)] {
            assert_eq!(node(regular).irregular(), None);
        }
        assert_eq!(node(&nest(8)).irregular(), Some(Irregular::TooLarge));
        assert_eq!(node(&nest(150)).irregular(), Some(Irregular::TooLarge));
    }
}
