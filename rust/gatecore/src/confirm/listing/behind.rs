//! Look-behinds of several symbols, made look-behinds of one.
//!
//! Content is of fixed width, so it is a few sequences of classes of one length. Whether one of them ends at a
//! position depends on that many symbols before it, which no state of a walk from the right can
//! know. So the text is first walked from the left, and each symbol is replaced by a *letter* that
//! tells its kind and which look-behinds hold right after it:
//!
//! ```text
//! (?<=ab)c|(?<!b)a      text      a    b    c    a
//!                       letters   a    b¹   c    a        ¹: `ab` ends here
//! ```
//!
//! Over letters `(?<=ab)` is the look-behind of one symbol `[b¹]`, and a class holds every letter of its
//! symbols. The walk keeps, as bits, how far each sequence has come: a shift, an "and" and an "or" for
//! each 64 classes and symbol.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::nfa::kinds;
use crate::alphabet::{is_word_symbol, ByteSet, FINAL_NEWLINE, NEWLINE};
use crate::memory;
use crate::pattern::classes::Resolve;
use crate::pattern::{behind, Node};

/// What the walks read instead of symbols.
#[derive(Debug, Default)]
pub(super) struct Letters(Option<Annotation>);

/// One look-behind of several symbols.
#[derive(Debug)]
struct Behind {
    sequences: Vec<Vec<ByteSet>>,
    /// Where its sequences end, in [`Annotation`]'s bits.
    ends: Vec<u64>,
}

#[derive(Debug)]
struct Annotation {
    behinds: Vec<Behind>,
    /// One more than the symbols on which a letter depends besides its own.
    reach: usize,
    /// For each symbol which places of which sequences take it.
    takes: Box<[Vec<u64>; 256]>,
    starts: Vec<u64>,
    /// A letter is the kind of its symbol, and then a bit for each look-behind.
    kinds: [u8; 256],
    /// A symbol of each kind.
    symbols: Vec<u8>,
}

impl Letters {
    /// The letters for a pattern. `None` if there are more than bytes, or its look-behinds have content that is
    /// not sequences.
    pub fn new(node: &Node, classes: &dyn Resolve) -> Option<Self> {
        let mut behinds: Vec<Behind> = Vec::new();
        let (mut sets, mut is_known, mut is_wide) = (HashSet::new(), true, false);
        node.walk(&mut |inner| match inner {
            Node::Class(class) => {
                sets.insert(classes.class(*class));
            }
            Node::LookAround(look, content) if look.behind => match sequences(content, classes) {
                Some(sequences) => {
                    if sequences.first().is_some_and(|sequence| sequence.len() > 1) {
                        is_wide = true;
                        if behinds.iter().all(|known| known.sequences != sequences) {
                            behinds.push(Behind { sequences, ends: Vec::new() });
                        }
                    }
                }
                None => is_known = false,
            },
            _ => {}
        });
        if !is_known {
            return None;
        }
        if !is_wide {
            return Some(Letters(None));
        }
        let words = (0..=u8::MAX).filter(|&byte| is_word_symbol(byte));
        let newlines = [NEWLINE, FINAL_NEWLINE].map(|newline| std::iter::once(newline).collect());
        let (kinds, count) = kinds(sets.into_iter().chain(newlines).chain([words.collect()]));
        if behinds.len() > 7 || count << behinds.len() > 256 {
            return None;
        }
        let mut symbols = vec![0; count];
        for (symbol, &kind) in (0..=u8::MAX).zip(&kinds) {
            symbols[usize::from(kind)] = symbol;
        }

        let width = |behind: &Behind| behind.sequences.iter().map(Vec::len).sum::<usize>();
        let words = behinds.iter().map(width).sum::<usize>().div_ceil(64);
        let mut takes: Box<[Vec<u64>; 256]> = Box::new(std::array::from_fn(|_| vec![0; words]));
        let (mut starts, mut place, mut reach) = (vec![0; words], 0, 1);
        for behind in &mut behinds {
            behind.ends = vec![0; words];
            for sequence in &behind.sequences {
                reach = reach.max(sequence.len());
                starts[place / 64] |= 1u64 << (place % 64);
                for set in sequence {
                    for symbol in set.iter() {
                        takes[usize::from(symbol)][place / 64] |= 1 << (place % 64);
                    }
                    place += 1;
                }
                behind.ends[(place - 1) / 64] |= 1 << ((place - 1) % 64);
            }
        }
        Some(Letters(Some(Annotation { behinds, reach, takes, starts, kinds, symbols })))
    }

    /// The letters of symbols.
    pub fn of(&self, set: &ByteSet) -> ByteSet {
        match &self.0 {
            None => *set,
            Some(_) => (0..=u8::MAX).filter(|&letter| set.contains(self.symbol(letter))).collect(),
        }
    }

    /// The symbol of a letter, or one that no class and no condition tells apart from it.
    pub fn symbol(&self, letter: u8) -> u8 {
        match &self.0 {
            None => letter,
            // Letters that are never written are taken for the first kind's.
            Some(annotation) => {
                let kind = usize::from(letter) >> annotation.behinds.len();
                annotation.symbols[if kind < annotation.symbols.len() { kind } else { 0 }]
            }
        }
    }

    /// The letter of a symbol after which no look-behind holds.
    pub fn bare(&self, symbol: u8) -> u8 {
        match &self.0 {
            None => symbol,
            Some(annotation) => annotation.kinds[usize::from(symbol)] << annotation.behinds.len(),
        }
    }

    /// The letter at a place of a text.
    pub fn at(&self, symbols: &[u8], at: usize) -> u8 {
        let mut letter = self.bare(symbols[at]);
        let Some(annotation) = &self.0 else { return letter };
        for (number, behind) in annotation.behinds.iter().enumerate() {
            let text = (at + 1).checked_sub(behind.sequences[0].len());
            let text = text.map(|begin| &symbols[begin..=at]);
            let holds = text.is_some_and(|text| {
                behind.sequences.iter().any(|sequence| {
                    text.iter().zip(sequence).all(|(&symbol, set)| set.contains(symbol))
                })
            });
            letter |= u8::from(holds) << number;
        }
        letter
    }

    /// The letters right after which a look-behind of this content holds; `None` for content that is not
    /// sequences.
    pub fn behind(&self, content: &Node, classes: &dyn Resolve) -> Option<ByteSet> {
        let sequences = sequences(content, classes)?;
        if sequences.first().is_none_or(|sequence| sequence.len() == 1) {
            let sets = sequences.iter().map(|sequence| sequence[0]);
            return Some(self.of(&sets.fold(ByteSet::EMPTY, |all, set| all.union(&set))));
        }
        let annotation = self.0.as_ref()?;
        let number = annotation.behinds.iter().position(|known| known.sequences == sequences)?;
        Some((0..=u8::MAX).filter(|letter| letter & 1 << number != 0).collect())
    }

    /// The text from `part` on in letters; what comes before may be anything. Takes 1 ns a symbol if there are
    /// look-behinds of several symbols, else no time.
    pub fn write<'a>(&self, symbols: &'a [u8], from: usize) -> Cow<'a, [u8]> {
        let Some(annotation) = &self.0 else { return Cow::Borrowed(symbols) };
        // The symbol before decides as well what may begin at `from`.
        let first = from.saturating_sub(1);
        let mut letters = memory::copied(symbols);
        annotation.write(symbols, first..symbols.len(), &mut letters);
        Cow::Owned(letters)
    }
}

impl Annotation {
    fn write(&self, symbols: &[u8], part: Range<usize>, letters: &mut [u8]) {
        let mut places = vec![0u64; self.starts.len()];
        let mut step = |symbol: u8| {
            let mut carry = 0;
            let takes = &self.takes[usize::from(symbol)];
            for ((word, start), take) in places.iter_mut().zip(&self.starts).zip(takes) {
                let next = *word >> 63;
                *word = (*word << 1 | carry | start) & take;
                carry = next;
            }
            let mut letter = self.kinds[usize::from(symbol)] << self.behinds.len();
            for (number, behind) in self.behinds.iter().enumerate() {
                let ends = places.iter().zip(&behind.ends).any(|(word, ends)| word & ends != 0);
                letter |= u8::from(ends) << number;
            }
            letter
        };
        for &symbol in &symbols[part.start.saturating_sub(self.reach)..part.start] {
            step(symbol);
        }
        for at in part {
            letters[at] = step(symbols[at]);
        }
    }
}

/// The texts of a look-behind's content as sets of symbols.
fn sequences(content: &Node, classes: &dyn Resolve) -> Option<Vec<Vec<ByteSet>>> {
    let sequences = behind::sequences(content)?;
    let set = |class: &_| classes.class(*class);
    Some(sequences.iter().map(|sequence| sequence.iter().map(set).collect()).collect())
}
