//! A pattern as chains of sequences of classes, where "is there a match anywhere?" is the same question.
//!
//! ```text
//! \brisk[- ]free\w*\b   →   before: no word symbol · r i s k [- ] f r e e · after: anything
//! colou?r               →   c o l o u r  |  c o l o r
//! (?:no|low) risk.*fee  →   {n o ␠ r i s k, l o w ␠ r i s k} · any but newlines · {f e e}
//! ```
//!
//! # Why the question is the same
//!
//! A match is a way through the pattern, so some choice of branches and rounds; [`Expander`] writes each
//! choice out as classes, conditions and *gaps*, a gap being any number of symbols of a class, or up
//! to a number of them. Then, of one such way:
//!
//! - **A gap at an end without a condition beyond it is dropped.** Where the rest matches, the gap takes
//!   nothing; where the whole matches, the rest does. The same holds for any other loop that may take nothing.
//! - **`X*\b` after a word symbol is dropped, if `X` holds every word symbol.** Where what comes before it
//!   matches, let `X*` take the word symbols that follow, none perhaps: after them the word ends.
//!   In the same way `\bX*` before a word symbol.
//! - **A condition is about the symbols on both its sides**, one of which may be an edge of the text. It
//!   narrows what these may be; a word boundary does so in one of two ways, which become two sequences.
//!   Beside a gap the symbol is any; it is looked at in the document, so it does not matter who takes it.
//! - **Gaps inside** part the way into stages: it matches where its stages stand one after the other and
//!   what is between two of them is in the gap. Ways with the same gaps whose stages are combined in every
//!   way are one chain.
//!
//! Other loops inside are not expressed.

use std::collections::{HashMap, HashSet};

use crate::alphabet::{is_word_symbol, ByteSet, FINAL_NEWLINE, NEWLINE};
use crate::pattern::classes::Resolve;
use crate::pattern::{behind, Look, Node, RepeatKind};

/// Most items in all ways through a pattern together.
const MAX_ITEMS: usize = 200_000;

/// Most ways that come of combining choices; a plain list of alternatives may be longer.
const MAX_COMBINED: usize = 512;

/// Most chains of one pattern that have gaps.
const MAX_CHAINS: usize = 32;

/// Most rounds that are written out: required ones, and optional ones with the ways that come of them.
const MAX_ROUNDS: u32 = 32;
const MAX_OPTIONAL: u32 = 3;
const MAX_ROUND_WAYS: u64 = 64;

/// What stands at a place: a symbol of the set, or an edge of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    pub set: ByteSet,
    pub edge: bool,
}

impl Place {
    /// Where nothing is asked.
    pub fn anything(symbols: ByteSet) -> Self {
        Place { set: symbols, edge: true }
    }

    fn is_dead(&self) -> bool {
        self.set.is_empty() && !self.edge
    }
}

/// Classes one after the other, and what may stand before and after them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sequence {
    pub before: Place,
    /// Not empty, nor is any of them.
    pub sets: Vec<ByteSet>,
    pub after: Place,
}

/// What may stand between two stages: symbols of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gap {
    pub set: ByteSet,
    /// At most so many; `None` for any number.
    pub most: Option<u32>,
}

/// Stages that stand one after the other, with gaps between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Whether no gap was dropped in front, so that matches begin where the first stage does.
    pub begins_matches: bool,
    /// Whether none was dropped behind, so that matches end where the last stage does.
    pub ends_matches: bool,
    /// At least one, each with the sequences of which one stands there.
    pub stages: Vec<Vec<Sequence>>,
    /// One less.
    pub gaps: Vec<Gap>,
}

/// A part of one way through a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Item {
    /// One symbol.
    Set(ByteSet),
    /// Symbols of a set, none perhaps.
    Gap(Gap),
    /// Something that may take nothing.
    Loop,
    Look(Look),
    /// A look-around at one symbol.
    Beside {
        behind: bool,
        place: Place,
    },
}

/// Chains of which one occurs exactly if the pattern matches somewhere; `None` where that is not known or
/// they would be too many.
pub fn chains(node: &Node, classes: &dyn Resolve, symbols: ByteSet) -> Option<Vec<Chain>> {
    let ways = Expander { classes, symbols }.items(node)?;
    let mut plain = Vec::new();
    let mut parted: HashMap<Vec<Gap>, Vec<Vec<Vec<Item>>>> = HashMap::new();
    let mut order = Vec::new();
    let (mut begins_matches, mut ends_matches) = (true, true);
    for mut way in ways {
        begins_matches &= !trim_head(&mut way, symbols);
        way.reverse();
        ends_matches &= !trim_head(&mut way, symbols);
        way.reverse();
        let (mut stages, gaps) = parts(way)?;
        if gaps.is_empty() {
            settle(&stages.pop()?, symbols, &mut plain)?;
        } else {
            let alike = parted.entry(gaps.clone()).or_default();
            if alike.is_empty() {
                order.push(gaps);
            }
            alike.push(stages);
        }
    }
    let mut all = Vec::new();
    if !plain.is_empty() {
        all.push(Chain {
            begins_matches,
            ends_matches,
            stages: vec![distinct(plain)],
            gaps: vec![],
        });
    }
    for gaps in order {
        for stages in combined(&parted[&gaps]) {
            let stages = stages.into_iter().map(|ways| {
                let mut sequences = Vec::new();
                ways.iter().try_for_each(|way| settle(way, symbols, &mut sequences))?;
                Some(distinct(sequences))
            });
            let stages: Vec<Vec<Sequence>> = stages.collect::<Option<_>>()?;
            // A stage of which nothing can stand takes its chain with it.
            if !stages.iter().any(Vec::is_empty) {
                all.push(Chain { begins_matches, ends_matches, stages, gaps: gaps.clone() });
            }
        }
    }
    (all.len() <= MAX_CHAINS).then_some(all)
}

fn distinct<T: Clone + Eq + std::hash::Hash>(all: Vec<T>) -> Vec<T> {
    let mut known = HashSet::with_capacity(all.len());
    all.into_iter().filter(|one| known.insert(one.clone())).collect()
}

/// Ways of equally many stages as sets of stages: one for all, if they are every combination of them.
fn combined(ways: &[Vec<Vec<Item>>]) -> Vec<Vec<Vec<Vec<Item>>>> {
    let ways: Vec<&Vec<Vec<Item>>> = distinct(ways.iter().collect());
    let count = ways.first().map_or(0, |way| way.len());
    let stages: Vec<Vec<Vec<Item>>> =
        (0..count).map(|at| distinct(ways.iter().map(|way| way[at].clone()).collect())).collect();
    let combinations = stages.iter().fold(1usize, |all, stage| all.saturating_mul(stage.len()));
    if combinations == ways.len() {
        return vec![stages];
    }
    ways.iter().map(|way| way.iter().map(|stage| vec![stage.clone()]).collect()).collect()
}

struct Expander<'a> {
    classes: &'a dyn Resolve,
    symbols: ByteSet,
}

type Ways = Vec<Vec<Item>>;

impl Expander<'_> {
    fn items(&self, node: &Node) -> Option<Ways> {
        let ways = match node {
            Node::Empty => vec![Vec::new()],
            Node::Never => Vec::new(),
            Node::Class(class) => match self.classes.class(*class) {
                set if set.is_empty() => Vec::new(),
                set => vec![vec![Item::Set(set)]],
            },
            Node::Concat(nodes) => nodes
                .iter()
                .try_fold(vec![Vec::new()], |heads, node| joined(heads, &self.items(node)?))?,
            Node::Alternate(nodes) => {
                let mut all = Vec::new();
                for node in nodes {
                    all.append(&mut self.items(node)?);
                }
                all
            }
            Node::Repeat { kind: RepeatKind::Possessive, .. } => return None,
            Node::Repeat { min, max, node, .. } => self.repeat(*min, *max, node)?,
            Node::Group { node, .. } => self.items(node)?,
            Node::Look(look) => vec![vec![Item::Look(*look)]],
            Node::LookAround(look, content) => {
                let sequences = behind::sequences(content)?;
                if sequences[0].len() != 1 {
                    return None;
                }
                let sets = sequences.iter().map(|sequence| self.classes.class(sequence[0]));
                let set = sets.fold(ByteSet::EMPTY, |all, set| all.union(&set));
                let set = if look.negative { set.complement() } else { set };
                let place = Place { set: set.intersection(&self.symbols), edge: look.negative };
                vec![vec![Item::Beside { behind: look.behind, place }]]
            }
            Node::BackReference(_) | Node::Conditional(..) | Node::Atomic(_) | Node::Quirk(_) => {
                return None
            }
        };
        (ways.iter().map(Vec::len).sum::<usize>() <= MAX_ITEMS).then_some(ways)
    }

    fn repeat(&self, min: u32, max: Option<u32>, node: &Node) -> Option<Ways> {
        if max == Some(0) {
            return Some(vec![Vec::new()]);
        }
        if min > MAX_ROUNDS {
            return None;
        }
        let body = self.items(node)?;
        let mut ways = (0..min).try_fold(vec![Vec::new()], |all, _| joined(all, &body))?;
        let rest = max.map(|max| max - min);
        let is_few = |rest: u32| (body.len() as u64).pow(rest) <= MAX_ROUND_WAYS;
        match rest {
            Some(0) => {}
            Some(rest) if rest <= MAX_OPTIONAL && is_few(rest) => {
                let mut longer = ways.clone();
                for _ in 0..rest {
                    longer = joined(longer, &body)?;
                    ways.extend(longer.iter().cloned());
                    if ways.len() > MAX_COMBINED {
                        return None;
                    }
                }
            }
            _ => {
                let item = match &body[..] {
                    [way] => match way[..] {
                        [Item::Set(set)] => Item::Gap(Gap { set, most: rest }),
                        _ => Item::Loop,
                    },
                    _ => Item::Loop,
                };
                ways.iter_mut().for_each(|way| way.push(item.clone()));
            }
        }
        Some(ways)
    }
}

/// Every way of `heads` followed by every one of `tails`.
fn joined(heads: Ways, tails: &Ways) -> Option<Ways> {
    if let [tail] = &tails[..] {
        let with = |mut head: Vec<Item>| {
            head.extend_from_slice(tail);
            head
        };
        return Some(heads.into_iter().map(with).collect());
    }
    let is_few = heads.len() <= 1 || heads.len() * tails.len() <= MAX_COMBINED;
    let pairs = heads.iter().flat_map(|head| tails.iter().map(|tail| [&head[..], tail].concat()));
    is_few.then(|| pairs.collect())
}

/// Drops the loops at a way's head, with what they make true; whether there were any.
fn trim_head(way: &mut Vec<Item>, symbols: ByteSet) -> bool {
    let words = words(symbols);
    let length = way.len();
    loop {
        bring_gap_forward(way);
        let dropped = match &way[..] {
            [Item::Gap(_) | Item::Loop, ..] => 1,
            [Item::Look(Look::Boundary | Look::AsciiBoundary), Item::Gap(gap), Item::Set(set), ..]
                if gap.most.is_none() && is_within(set, &words) && is_within(&words, &gap.set) =>
            {
                2
            }
            _ => return way.len() < length,
        };
        way.drain(..dropped);
    }
}

/// Writes `XX*` at the head, or after its word boundary, as `X*X`.
fn bring_gap_forward(way: &mut [Item]) {
    let begin = usize::from(matches!(way.first(), Some(Item::Look(_))));
    let Some(&Item::Set(set)) = way.get(begin) else { return };
    let same = way[begin..].iter().take_while(|item| **item == Item::Set(set)).count();
    if matches!(way.get(begin + same), Some(Item::Gap(gap)) if gap.set == set) {
        way[begin..=begin + same].rotate_right(1);
    }
}

fn words(symbols: ByteSet) -> ByteSet {
    symbols.iter().filter(|&symbol| is_word_symbol(symbol)).collect()
}

fn is_within(inner: &ByteSet, outer: &ByteSet) -> bool {
    inner.intersection(outer) == *inner
}

/// A way parted at its gaps; `None` where another loop stands.
fn parts(way: Vec<Item>) -> Option<(Vec<Vec<Item>>, Vec<Gap>)> {
    let (mut stages, mut gaps) = (vec![Vec::new()], Vec::new());
    for item in way {
        match item {
            Item::Loop => return None,
            Item::Gap(gap) => {
                gaps.push(gap);
                stages.push(Vec::new());
            }
            item => stages.last_mut()?.push(item),
        }
    }
    Some((stages, gaps))
}

/// A stage as sequences, which are added to `all`. `None` where it has no symbol of its own.
fn settle(way: &[Item], symbols: ByteSet, all: &mut Vec<Sequence>) -> Option<()> {
    let mut places = vec![Place::anything(symbols)];
    // Conditions with the number of the place before them.
    let mut conditions = Vec::new();
    for item in way {
        match item {
            Item::Set(set) => places.push(Place { set: *set, edge: false }),
            Item::Look(look) => conditions.push((places.len() - 1, Ok(*look))),
            Item::Beside { behind, place } => {
                conditions.push((places.len() - 1, Err((*behind, *place))));
            }
            Item::Gap(_) | Item::Loop => return None,
        }
    }
    if places.len() == 1 {
        return None;
    }
    places.push(Place::anything(symbols));

    let mut ways = vec![places];
    for (at, condition) in conditions {
        ways = ways.into_iter().flat_map(|way| held(&way, at, &condition, symbols)).collect();
        if ways.len() > MAX_COMBINED {
            return None;
        }
    }
    for places in ways {
        let [before, inner @ .., after] = &places[..] else { return None };
        let sets = inner.iter().map(|place| place.set).collect();
        all.push(Sequence { before: *before, sets, after: *after });
    }
    Some(())
}

/// The places as a condition between the one at `at` and the next leaves them, in each way in which it
/// holds.
fn held(
    places: &[Place],
    at: usize,
    condition: &Result<Look, (bool, Place)>,
    symbols: ByteSet,
) -> Vec<Vec<Place>> {
    let newline = Place { set: [NEWLINE, FINAL_NEWLINE].into_iter().collect(), edge: true };
    let final_newline = Place { set: std::iter::once(FINAL_NEWLINE).collect(), edge: true };
    let edge = Place { set: ByteSet::EMPTY, edge: true };
    let word = Place { set: words(symbols), edge: false };
    let other = Place { set: word.set.complement(), edge: true };
    let any = Place::anything(ByteSet::EMPTY.complement());
    let ways: Vec<(Place, Place)> = match condition {
        Ok(Look::TextStart) => vec![(edge, any)],
        Ok(Look::LineStart) => vec![(newline, any)],
        Ok(Look::TextEnd) => vec![(any, edge)],
        Ok(Look::LineEnd) => vec![(any, newline)],
        Ok(Look::LastLineEnd) => vec![(any, final_newline)],
        Ok(Look::Boundary | Look::AsciiBoundary) => vec![(word, other), (other, word)],
        Ok(Look::NotBoundary | Look::NotAsciiBoundary) => vec![(word, word), (other, other)],
        Err((true, place)) => vec![(*place, any)],
        Err((false, place)) => vec![(any, *place)],
    };
    let narrowed = |(left, right): (Place, Place)| {
        let mut places = places.to_vec();
        for (place, to) in [(at, left), (at + 1, right)] {
            let place = &mut places[place];
            place.set = place.set.intersection(&to.set);
            place.edge &= to.edge;
            if place.is_dead() {
                return None;
            }
        }
        Some(places)
    };
    ways.into_iter().filter_map(narrowed).collect()
}
