//! Which grams each sequence is found by, and where grams begin in a document.
//!
//! A sequence of at least `length + step - 1` symbols has `step` grams of `length` symbols, one after the
//! other, so that one of them begins at a place whose number is divisible by `step`, wherever the
//! sequence stands: only such places are looked at.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;

use memchr::memchr_iter;

use super::{Grams, Sequences, MAX_TEXTS};
use crate::alphabet::ByteSet;
use crate::error::ScanError;
use crate::memory;
use crate::stop::{Stop, STRETCH};

/// How grams are looked for: the first that a sequence has is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    length: usize,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// So many symbols before each [`PIVOT`]. What is left and right of a blank is rarer than what is in a
    /// word, and there are few blanks.
    Pivot(usize),
    /// At every place whose number is divisible by this.
    Step(usize),
}

/// A symbol that most long sequences have, and every sixth place of a text.
const PIVOT: u8 = b' ';

const SHAPES: [Shape; 5] = [
    Shape { length: 8, at: At::Pivot(4) },
    Shape { length: 5, at: At::Step(3) },
    Shape { length: 4, at: At::Step(1) },
    Shape { length: 3, at: At::Step(1) },
    Shape { length: 2, at: At::Step(1) },
];

impl Shape {
    /// How many grams, one after the other, a sequence has of this shape.
    fn count(self) -> usize {
        match self.at {
            At::Pivot(_) => 1,
            At::Step(step) => step,
        }
    }

    /// Where they may begin in a sequence.
    fn begins<'a>(self, elements: &Elements<'a>) -> impl Iterator<Item = usize> + use<'a> {
        let span = self.length + self.count() - 1;
        let Elements { symbols, sizes } = *elements;
        (0..(symbols.len() + 1).saturating_sub(span)).filter(move |&begin| {
            let is_pivot = match self.at {
                At::Pivot(before) => symbols[begin + before] == PIVOT && sizes[begin + before] == 1,
                At::Step(_) => true,
            };
            let windows = sizes[begin..begin + span].windows(self.length);
            is_pivot && windows.map(texts).all(|texts| texts <= MAX_TEXTS)
        })
    }
}

/// Of each element of a sequence a symbol and how many it has.
#[derive(Clone, Copy)]
struct Elements<'a> {
    symbols: &'a [u8],
    sizes: &'a [u32],
}

/// How many texts a window has.
fn texts(sizes: &[u32]) -> u32 {
    sizes.iter().fold(1, |all, &size| all.saturating_mul(size))
}

/// Bits a gram, about: one of 32 places is looked up in vain.
const SPREAD: usize = 32;

/// Fewest and most words of a table of bits; the largest fits into the second-level cache.
const WORDS: std::ops::RangeInclusive<usize> = 64..=1 << 15;

/// Where grams begin.
#[derive(Debug)]
pub(super) struct Index {
    tables: Vec<Table>,
    /// By slot: whether it is known where its matches begin.
    is_placed: Vec<bool>,
    /// And where they end.
    is_whole: Vec<bool>,
    /// The most elements of a sequence.
    longest: usize,
}

/// Grams of one shape.
#[derive(Debug)]
struct Table {
    shape: Shape,
    /// A bit for each hash; the number of words is a power of two.
    bits: Vec<u64>,
    /// Grams by hash, open addressing. Small, as each is a miss of the cache.
    places: Vec<Place>,
    /// What is left of a hash without as many of its highest bits as number the places.
    shift: u32,
    uses: Vec<Use>,
}

/// A gram, by part of its hash, and where its uses begin.
#[derive(Clone, Copy, Debug)]
struct Place {
    tag: u32,
    /// `FREE` where there is no gram.
    first: u32,
}

const FREE: u32 = u32::MAX;

/// Where a gram stands in a sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    pub sequence: u32,
    /// The slot that is reported with it, if that is the only use of the sequence.
    pub slot: Option<NonZeroU32>,
    /// How far after the sequence's begin the gram stands; the gram's last use has the highest bit.
    offset: u32,
}

const LAST: u32 = 1 << 31;

impl Use {
    /// The slot, as it is numbered.
    #[inline]
    pub fn only_slot(self) -> Option<usize> {
        self.slot.map(|slot| slot.get() as usize - 1)
    }
}

/// Whether a sequence can be found by such grams.
pub(super) fn has_gram(sets: &[ByteSet], grams: Grams) -> bool {
    let symbols: Vec<u8> = sets.iter().map(|set| set.iter().next().unwrap_or_default()).collect();
    let sizes: Vec<u32> = sets.iter().map(|set| set.len() as u32).collect();
    let elements = Elements { symbols: &symbols, sizes: &sizes };
    let is_such = |shape: &&Shape| grams == Grams::Any || matches!(shape.at, At::Pivot(_));
    SHAPES.iter().filter(is_such).any(|shape| shape.begins(&elements).next().is_some())
}

/// Whether each of the sequences has a gram.
pub(super) fn has_each(sequences: &Sequences) -> bool {
    let sizes = sequences.sizes();
    (0..sequences.entries.len() as u32).all(|entry| {
        let elements = sequences.of_entry(entry, &sizes);
        SHAPES.iter().any(|shape| shape.begins(&elements).next().is_some())
    })
}

/// A window of symbols as a number, first symbol lowest.
fn number(symbols: &[u8]) -> u64 {
    symbols.iter().rev().fold(0, |number, &symbol| number << 8 | u64::from(symbol))
}

impl Index {
    pub fn new(sequences: &Sequences) -> Self {
        let sizes = sequences.sizes();
        let mut left: Vec<u32> = (0..sequences.entries.len() as u32).collect();
        let slots = sequences.placed.iter().max().map_or(0, |&slot| slot as usize + 1);
        let mut is_placed = vec![false; slots];
        let mut is_whole = is_placed.clone();
        sequences.placed.iter().for_each(|&slot| is_placed[slot as usize] = true);
        sequences.whole.iter().for_each(|&slot| is_whole[slot as usize] = true);
        let mut table_of = vec![None; slots];
        let mut tables = Vec::new();
        for shape in SHAPES {
            let has =
                |&entry: &u32| shape.begins(&sequences.of_entry(entry, &sizes)).next().is_some();
            let (own, others): (Vec<u32>, Vec<u32>) = left.into_iter().partition(has);
            left = others;
            // What another table finds, one after the other, may stand further in front.
            for &slot in own.iter().flat_map(|&entry| &sequences.entries[entry as usize].slots) {
                if let Some(table) = table_of.get_mut(slot as usize) {
                    is_placed[slot as usize] &= *table.get_or_insert(shape) == shape;
                }
            }
            if !own.is_empty() {
                tables.push(Table::new(shape, &own, &sizes, sequences));
            }
        }
        let longest = sequences.entries.iter().map(|entry| entry.end - entry.begin).max();
        Index { tables, is_placed, is_whole, longest: longest.unwrap_or(0) as usize }
    }

    /// A place before which no match of a slot begins, where `begin` is the sequence's that was met first.
    ///
    /// A table meets sequences in the order of their grams, which stand within them. In a form, what begins
    /// in a run may be a sequence that begins after it; and no place of a document is before the one of
    /// the same number in its form.
    pub fn not_before(&self, slot: usize, begin: usize) -> Option<usize> {
        self.is_placed(slot).then(|| begin.saturating_sub(self.longest + 1))
    }

    /// Whether a slot's matches are its sequences.
    pub fn is_whole(&self, slot: usize) -> bool {
        self.is_whole.get(slot).copied().unwrap_or(false)
    }

    /// Whether it is known where a slot's matches begin.
    pub fn is_placed(&self, slot: usize) -> bool {
        self.is_placed.get(slot).copied().unwrap_or(false)
    }

    /// Calls `meet` with each sequence of which a gram stands in the document, and where the sequence would
    /// begin.
    pub fn scan(
        &self,
        document: &[u8],
        stop: &Stop,
        mut meet: impl FnMut(Use, usize),
    ) -> Result<(), ScanError> {
        self.tables.iter().try_for_each(|table| table.scan(document, stop, &mut meet))
    }
}

#[inline]
fn hash(gram: u64) -> u64 {
    // The upper half is folded in, as a product's low bits depend on low bits only.
    (gram ^ gram >> 32).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Sequences {
    /// How many symbols each element has.
    fn sizes(&self) -> Vec<u32> {
        let of_class: Vec<u32> = self.sets.iter().map(|set| set.len() as u32).collect();
        let size = |&class: &u32| class.checked_sub(1).map_or(1, |class| of_class[class as usize]);
        self.classes.iter().map(size).collect()
    }

    fn of_entry<'a>(&'a self, entry: u32, sizes: &'a [u32]) -> Elements<'a> {
        let range = self.range(entry as usize);
        Elements { symbols: &self.symbols[range.clone()], sizes: &sizes[range] }
    }

    /// The texts of a window of a sequence as numbers.
    fn numbers(&self, entry: u32, begin: usize, length: usize) -> Vec<u64> {
        let mut all = vec![0u64];
        for at in 0..length {
            let set = self.element(self.range(entry as usize).start + begin + at);
            let with = |&number: &u64| {
                set.iter().map(move |symbol| number | u64::from(symbol) << (8 * at))
            };
            all = all.iter().flat_map(with).collect();
        }
        all
    }
}

impl Table {
    fn new(shape: Shape, own: &[u32], sizes: &[u32], sequences: &Sequences) -> Self {
        let (length, count) = (shape.length, shape.count());
        let of = |entry: u32, begin: usize| {
            let Elements { symbols, sizes } = sequences.of_entry(entry, sizes);
            let span = begin..begin + length + count - 1;
            symbols[span.clone()].windows(length).zip(sizes[span].windows(length))
        };
        // What is frequent among the sequences is so in documents of their kind.
        let mut counts: HashMap<u64, u32> = HashMap::new();
        let begins = |&entry: &u32| {
            let all = shape.begins(&sequences.of_entry(entry, sizes));
            all.map(move |begin| (entry, begin))
        };
        for (entry, begin) in own.iter().flat_map(begins) {
            for (symbols, _) in of(entry, begin).filter(|(_, sizes)| texts(sizes) == 1) {
                *counts.entry(number(symbols)).or_default() += 1;
            }
        }
        let cost = |(symbols, sizes): (&[u8], &[u32])| match texts(sizes) {
            1 => counts[&number(symbols)],
            texts => 2 * texts,
        };
        let mut grams: HashMap<u64, Vec<(u32, u32)>> = HashMap::new();
        for entry in own {
            let best =
                begins(entry).min_by_key(|&(entry, at)| of(entry, at).map(cost).sum::<u32>());
            let (entry, best) = best.expect("the caller looked for one");
            for ((symbols, sizes), at) in of(entry, best).zip(best..) {
                let numbers = match texts(sizes) {
                    1 => vec![number(symbols)],
                    _ => sequences.numbers(entry, at, length),
                };
                for gram in numbers {
                    grams.entry(gram).or_default().push((entry, at as u32));
                }
            }
        }
        let words = (grams.len() * SPREAD / 64).next_power_of_two();
        let words = words.clamp(*WORDS.start(), *WORDS.end());
        let size = (grams.len() + grams.len() / 4 + 1).next_power_of_two();
        let mut table = Table {
            shape,
            bits: memory::collected((0..words).map(|_| 0)),
            places: memory::collected((0..size).map(|_| Place { tag: 0, first: FREE })),
            shift: 64 - size.ilog2().max(1),
            uses: Vec::new(),
        };
        let mut sorted: Vec<_> = grams.into_iter().collect();
        sorted.sort_unstable_by_key(|&(gram, _)| gram);
        // Grams of one tag share their uses, as the first that is found stands for all.
        let mut of_tag: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
        for (gram, uses) in &sorted {
            of_tag.entry(table.home(*gram).1).or_default().extend(uses);
        }
        let mut first_of = HashMap::new();
        for (tag, uses) in of_tag {
            first_of.insert(tag, table.uses.len() as u32);
            table.uses.extend(uses.into_iter().map(|(sequence, offset)| {
                let entry = &sequences.entries[sequence as usize];
                let slot = match entry.slots[..] {
                    [only] if !entry.in_chain => NonZeroU32::new(only + 1),
                    _ => None,
                };
                Use { sequence, slot, offset }
            }));
            if let Some(last) = table.uses.last_mut() {
                last.offset |= LAST;
            }
        }
        for (gram, _) in sorted {
            let (word, bit) = table.bit(gram);
            table.bits[word] |= bit;
            let (mut at, tag) = table.home(gram);
            while table.places[at].first != FREE {
                at = (at + 1) % size;
            }
            table.places[at] = Place { tag, first: first_of[&tag] };
        }
        table
    }

    /// The word and the bit of a gram.
    #[inline]
    fn bit(&self, gram: u64) -> (usize, u64) {
        let hash = hash(gram);
        let word = (hash >> 49) as usize & (self.bits.len() - 1);
        (word, 1 << (hash >> 43 & 63))
    }

    /// Where the search for a gram's place begins, and its tag.
    #[inline]
    fn home(&self, gram: u64) -> (usize, u32) {
        let hash = hash(gram);
        ((hash >> self.shift) as usize & (self.places.len() - 1), (hash >> 8) as u32)
    }

    fn scan(
        &self,
        document: &[u8],
        stop: &Stop,
        meet: &mut impl FnMut(Use, usize),
    ) -> Result<(), ScanError> {
        match (self.shape.length, self.shape.at) {
            (_, At::Pivot(before)) => self.scan_pivots(before, document, stop, meet),
            (5, _) => self.scan_steps::<5, 3>(document, stop, meet),
            (4, _) => self.scan_steps::<4, 1>(document, stop, meet),
            (3, _) => self.scan_steps::<3, 1>(document, stop, meet),
            _ => self.scan_steps::<2, 1>(document, stop, meet),
        }
    }

    fn scan_pivots(
        &self,
        before: usize,
        document: &[u8],
        stop: &Stop,
        meet: &mut impl FnMut(Use, usize),
    ) -> Result<(), ScanError> {
        let mut hits = Hits::default();
        let mut start = 0;
        for stretch in document.chunks(STRETCH) {
            if stop.is_stopped() {
                return Err(ScanError::Stopped);
            }
            for pivot in memchr_iter(PIVOT, stretch) {
                let Some(begin) = (start + pivot).checked_sub(before) else { continue };
                let Some(window) = document.get(begin..begin + 8) else { break };
                self.look(
                    u64::from_le_bytes(window.try_into().expect("it has 8")),
                    begin,
                    &mut hits,
                );
                if hits.count >= BATCH {
                    self.resolve(&mut hits, meet);
                }
            }
            start += stretch.len();
        }
        self.resolve(&mut hits, meet);
        Ok(())
    }

    fn scan_steps<const LENGTH: usize, const STEP: usize>(
        &self,
        document: &[u8],
        stop: &Stop,
        meet: &mut impl FnMut(Use, usize),
    ) -> Result<(), ScanError> {
        let mut hits = Hits::default();
        let mask = u64::MAX >> (64 - 8 * LENGTH);
        // Eight bytes are read at once; the last places have fewer.
        let whole = document.len().saturating_sub(7);
        for start in (0..whole).step_by(STRETCH / STEP * STEP) {
            if stop.is_stopped() {
                return Err(ScanError::Stopped);
            }
            let end = whole.min(start + STRETCH / STEP * STEP);
            for block in (start..end).step_by(BATCH * STEP) {
                let windows = document[block..end.min(block + BATCH * STEP) + 7].windows(8);
                for (number, window) in windows.step_by(STEP).enumerate() {
                    let window = window.try_into().expect("windows of 8");
                    self.look(u64::from_le_bytes(window) & mask, block + number * STEP, &mut hits);
                }
                if hits.count >= BATCH {
                    self.resolve(&mut hits, meet);
                }
            }
        }
        for begin in (whole.next_multiple_of(STEP)..document.len()).step_by(STEP) {
            if let Some(window) = document.get(begin..begin + LENGTH) {
                let mut bytes = [0; 8];
                bytes[..LENGTH].copy_from_slice(window);
                self.look(u64::from_le_bytes(bytes), begin, &mut hits);
            }
        }
        self.resolve(&mut hits, meet);
        Ok(())
    }

    /// Notes a place, and keeps it if a gram may stand there: without a branch, which would be mispredicted
    /// one time in twenty.
    #[inline(always)]
    fn look(&self, gram: u64, begin: usize, hits: &mut Hits) {
        let (word, bit) = self.bit(gram);
        hits.list[hits.count % (2 * BATCH)] = (gram, begin);
        hits.count += usize::from(self.bits[word] & bit != 0);
    }

    /// Meets the uses of grams. Those of one tag are taken for the same: sequences are compared.
    #[inline(never)]
    fn resolve(&self, hits: &mut Hits, meet: &mut impl FnMut(Use, usize)) {
        let list = &hits.list[..hits.count];
        // Each step reads memory that is not in the cache: one after the other for all, they overlap.
        let mut found = [(0, 0); 2 * BATCH];
        let mut count = 0;
        let places = self.places.len() - 1;
        let firsts: [Place; 2 * BATCH] = std::array::from_fn(|number| {
            let gram = hits.list[number].0;
            self.places[self.home(gram).0 & places]
        });
        for (&(gram, begin), &place) in list.iter().zip(&firsts) {
            let (mut at, tag) = self.home(gram);
            let mut place = place;
            while place.first != FREE {
                if place.tag == tag {
                    found[count] = (place.first, begin);
                    count += 1;
                    break;
                }
                at = (at + 1) & places;
                place = self.places[at];
            }
        }
        let uses: [Use; 2 * BATCH] =
            std::array::from_fn(|number| self.uses[found[number].0 as usize]);
        for (&(first, begin), &used) in found[..count].iter().zip(&uses) {
            let (mut used, mut next) = (used, first as usize + 1);
            loop {
                if let Some(begin) = begin.checked_sub((used.offset & !LAST) as usize) {
                    meet(used, begin);
                }
                if used.offset & LAST != 0 {
                    break;
                }
                used = self.uses[next];
                next += 1;
            }
        }
        hits.count = 0;
    }
}

/// Places that are looked at between two looks at what was kept, of which there are fewer.
const BATCH: usize = 32;

/// Grams that may stand in the document, and where.
struct Hits {
    list: [(u64, usize); 2 * BATCH],
    count: usize,
}

impl Default for Hits {
    fn default() -> Self {
        Hits { list: [(0, 0); 2 * BATCH], count: 0 }
    }
}
