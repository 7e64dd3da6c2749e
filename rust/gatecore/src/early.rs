//! First matches that stand early: where a set has few patterns and each has a match near the text's beginning,
//! the rest of the text is neither translated nor scanned before it is asked about.
//!
//! `re.search` stops at the first match. A pass looks at the whole text, which pays where many patterns share
//! it and loses where one pattern matches at once: 2,621 words as one alternation took 40 µs for 10,000
//! characters where `re` took 2.
//!
//! So the beginning is translated and searched first, in steps, and the translation goes on where it stopped.
//! What it costs in vain is a search of an eighth of the text by each pattern's automaton, and it is tried
//! with one document in [`SELDOM`] after [`PATIENCE`] that were looked at in vain.
//!
//! # Why the answers are those of the whole text
//!
//! Let `T` be the text in symbols (bytes) and `B` its first `cut` bytes. As a character's symbol is the same
//! wherever it stands, unless it is the last, and the last is not in `B`, `B` is a prefix of `T`. Searching in
//! `B` is searching in another text, which agrees with `T` on all bytes below `cut`.
//!
//! *How far a pattern looks.* A condition at a place `p` (`$`, `\Z`, `\b`, `^`) depends on whether `p` is the end,
//! and on the bytes right before and at `p`: for `p < cut` it says the same of both texts. Let `loops` be all
//! bytes that a part of the pattern takes which may be repeated without bound. What a way takes of *other*
//! bytes it takes outside of such parts, one for each class that has one, so there is a greatest number of them:
//! [`Reach::whole`], for which what look-aheads take is added to what the way takes itself. An attempt that
//! begins at `s` thus never gets past the other byte after those, counted from `s`: let that be at `q`. It
//! reads bytes up to `q`, and tests conditions at places up to `q`. Look-behinds end at such a place and look
//! to the left, where both texts agree. Where nothing is repeated without bound all bytes are others, and
//! `q` is `s + whole`; for `https?://\S+` it is the next blank.
//!
//! *First span.* Let the first match in `B` be `s..e`, and `q < cut` for `s`. Every attempt that begins at
//! `s' ≤ s` meets its last byte at `q` or before, so it sees the same in both texts: none at `s' < s`
//! succeeds in `T`, and the one at `s` tries the same ways in the same order with the same outcome. So
//! `s..e` is the first match in `T`.
//!
//! *Whether there is one.* Let `s..e` be any match in `B`, and [`Reach::ahead`] the greatest number of other
//! bytes that one of the pattern's look-aheads takes. The way of that match takes bytes below `e` and tests
//! conditions at places up to `e`; its look-aheads begin at such places and end, as above, at the other byte
//! after `ahead` of them counted from `e`. If that is below `cut` all of this is so in `T`, and the way is
//! a match there, though perhaps not the first. Here `loops` are those of look-aheads alone: without any
//! `e < cut` is enough. (Not where parts are never given back: there a way also
//! needs that others failed.)
//!
//! So `a.*?b` has its first span proven only where the line ends before the cut, though `re` stops at the `b`.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::alphabet::{ByteSet, Translation};
use crate::confirm;
use crate::pattern::classes::Resolve;
use crate::pattern::{Node, RepeatKind};
use crate::scan::Scan;
use crate::set::{PatternId, PatternSet, ShardId};
use crate::span::Span;

/// Sets with more patterns are not looked at early: the pass tells all at once.
const FEW: usize = 4;

/// Characters of the first beginning, and by what the next is longer.
const FIRST: usize = 512;
const TIMES: usize = 4;

/// The longest beginning: this part of the text, and so many characters.
const SHARE: usize = 8;
const MOST: usize = 16_384;

/// Documents in a row whose beginnings were looked at in vain, after which only one in so many is.
const PATIENCE: u32 = 8;
const SELDOM: u32 = 32;

/// Most bytes of an automaton times characters of a beginning: a tenth of a second at worst.
const MOST_WORK: usize = 1 << 29;

/// How far a pattern looks. `None` if nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// From where a match begins.
    whole: Option<Passed>,
    /// From where it ends.
    ahead: Option<Passed>,
}

/// What is passed at most: any number of some bytes, and so many others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Passed {
    /// What parts take that are repeated without bound.
    loops: ByteSet,
    others: u64,
}

impl Reach {
    /// That of a pattern over the bytes of its shard.
    pub fn of(node: &Node, classes: &dyn Resolve) -> Self {
        let mut around: Vec<&Node> = Vec::new();
        let mut gives_back = true;
        node.walk(&mut |node| match node {
            Node::LookAround(_, content) => around.push(content),
            Node::Atomic(_)
            | Node::Quirk(_)
            | Node::Conditional(..)
            | Node::BackReference(_)
            | Node::Repeat { kind: RepeatKind::Possessive, .. } => gives_back = false,
            _ => {}
        });
        let ahead = if gives_back { Passed::by_any_of(&around, classes) } else { None };
        Reach { whole: Passed::by_any_of(&[node], classes), ahead }
    }

    /// Of a pattern of which nothing is known.
    pub fn unknown() -> Self {
        Reach { whole: None, ahead: None }
    }

    /// Whether the first match in a beginning is that of the text.
    fn proves_first(&self, found: Span, symbols: &[u8]) -> bool {
        self.whole.is_some_and(|whole| whole.ends_within(&symbols[found.start()..]))
    }

    /// Whether a match in a beginning proves that there is one in the text.
    fn proves_any(&self, found: Span, symbols: &[u8]) -> bool {
        self.ahead.is_some_and(|ahead| ahead.ends_within(&symbols[found.end()..]))
    }
}

impl Passed {
    /// What one of some parts passes at most.
    fn by_any_of(nodes: &[&Node], classes: &dyn Resolve) -> Option<Self> {
        let mut loops = ByteSet::EMPTY;
        let mut add = |node: &Node| {
            if let Node::Class(class) = node {
                loops = loops.union(&classes.class(*class));
            }
        };
        for node in nodes {
            node.walk(&mut |node| {
                if let Node::Repeat { max: None, node, .. } = node {
                    node.walk(&mut add);
                }
            });
        }
        let most = |most: u64, node: &&Node| Some(others(node, &loops, classes)?.max(most));
        let others = nodes.iter().try_fold(0, most)?;
        Some(Passed { loops, others })
    }

    /// Whether there are more others than that.
    fn ends_within(&self, symbols: &[u8]) -> bool {
        let Ok(others) = usize::try_from(self.others) else { return false };
        symbols.iter().filter(|&&symbol| !self.loops.contains(symbol)).nth(others).is_some()
    }
}

/// How many bytes that are not in loops a way through a part takes at most, with its look-arounds.
fn others(node: &Node, loops: &ByteSet, classes: &dyn Resolve) -> Option<u64> {
    let count = |node: &Node| others(node, loops, classes);
    let most = |most: u64, node: &Node| Some(count(node)?.max(most));
    match node {
        Node::Empty | Node::Never | Node::Look(_) => Some(0),
        Node::Class(class) => {
            let class = classes.class(*class);
            Some(u64::from(class.intersection(loops) != class))
        }
        Node::Concat(nodes) => {
            nodes.iter().try_fold(0u64, |all, node| Some(all.saturating_add(count(node)?)))
        }
        Node::Alternate(nodes) => nodes.iter().try_fold(0, most),
        Node::Conditional(yes, no) => {
            [yes, no].into_iter().try_fold(0, |all, node| most(all, node))
        }
        Node::Repeat { max, node, .. } => match (count(node)?, max) {
            (0, _) => Some(0),
            (count, Some(max)) => Some(count.saturating_mul(u64::from(*max))),
            (_, None) => None,
        },
        Node::Group { node, .. } | Node::LookAround(_, node) => count(node),
        Node::BackReference(_) | Node::Quirk(_) | Node::Atomic(_) => None,
    }
}

/// When the beginnings of texts are looked at, and how that went.
#[derive(Debug)]
pub struct Policy {
    /// Characters of the first beginning, whatever the set and the text: for tests.
    forced: Option<usize>,
    /// Documents in a row that were looked at in vain, or would have been.
    vain: AtomicU32,
}

impl Policy {
    /// As users have it, or as tests do.
    pub fn new(forced: Option<usize>) -> Self {
        Policy { forced: forced.map(|first| first.max(1)), vain: AtomicU32::new(0) }
    }

    /// Characters of the first beginning of a text. `None` if none is worth a look.
    fn first(&self, patterns: usize, length: usize) -> Option<usize> {
        match self.forced {
            Some(first) => Some(first).filter(|&first| first < length),
            None => {
                let is_worth_it = patterns <= FEW && length / SHARE >= FIRST && {
                    let vain = self.vain.load(Ordering::Relaxed);
                    vain < PATIENCE || {
                        self.vain.fetch_add(1, Ordering::Relaxed);
                        vain % SELDOM == 0
                    }
                };
                is_worth_it.then_some(FIRST)
            }
        }
    }

    /// Characters of the beginning after one.
    fn after(&self, size: usize, length: usize) -> Option<usize> {
        let most = match self.forced {
            Some(_) => length - 1,
            None => (length / SHARE).min(MOST),
        };
        Some(size.saturating_mul(TIMES).min(most)).filter(|&next| next > size)
    }

    fn note(&self, was_early: bool) {
        if was_early {
            self.vain.store(0, Ordering::Relaxed);
        } else {
            self.vain.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What the beginning of a text says of all the patterns of a shard: each matches.
#[derive(Debug, Default)]
pub struct Early {
    /// The first match of each, by the numbers of the patterns, where the beginning proves it.
    firsts: Box<[(u32, Option<Span>)]>,
}

impl Early {
    /// The first match of a pattern; `None` if the pattern is not of this shard.
    pub fn first(&self, id: PatternId) -> Option<Option<Span>> {
        let place = self.firsts.binary_search_by_key(&id.0, |(number, _)| *number).ok()?;
        Some(self.firsts[place].1)
    }

    /// Whether the first match of every pattern is known.
    pub fn has_all_spans(&self) -> bool {
        self.firsts.iter().all(|(_, span)| span.is_some())
    }

    /// Bytes that it takes.
    pub fn size(&self) -> usize {
        size_of_val(&*self.firsts)
    }
}

/// A look at longer and longer beginnings of a document.
#[derive(Debug)]
pub struct Beginnings<'a> {
    set: &'a PatternSet,
    shard: ShardId,
    length: usize,
    next: Option<usize>,
    /// Every pattern of the shard.
    ids: Vec<PatternId>,
}

impl PatternSet {
    /// The beginnings of a document of so many characters that are worth a look before the rest of it is
    /// translated for a shard.
    pub fn beginnings(&self, shard: ShardId, length: usize) -> Beginnings<'_> {
        let mut next = self.early.first(self.len(), length);
        let mut ids = Vec::new();
        if next.is_some() {
            ids.extend(self.ids().filter(|&id| self.shard_of(id) == Some(shard)));
            if ids.is_empty() || !ids.iter().all(|&id| self.is_early(id)) {
                next = None;
            }
        }
        Beginnings { set: self, shard, length, next, ids }
    }

    /// Whether the beginning of a text may prove that a pattern matches.
    fn is_early(&self, id: PatternId) -> bool {
        let reach = self.look_reach(id);
        (reach.whole.is_some() || reach.ahead.is_some()) && self.tells_spans(id)
    }
}

impl Beginnings<'_> {
    /// Characters of the next one, longer than the last; `None` if there is none.
    pub fn length(&mut self) -> Option<usize> {
        let size = self.next?;
        let work = |&id: &PatternId| self.set.weight(id).saturating_mul(size) <= MOST_WORK;
        if self.set.early.forced.is_none() && !self.ids.iter().all(work) {
            self.next = None;
        }
        self.next
    }

    /// Looks at the beginning that was translated. If every pattern of the shard is proven to match, the scan
    /// remembers that and the rest is not needed for it.
    pub fn look(&mut self, scan: &Scan, translation: &Translation<'_>) -> bool {
        let (set, symbols) = (self.set, translation.symbols());
        let Some(size) = self.next else { return false };
        let places = (symbols.len() != size)
            .then(|| set.shards[self.shard.0 as usize].alphabet.places(symbols));
        let mut firsts = Vec::with_capacity(self.ids.len());
        for &id in &self.ids {
            let Some(found) = proven(set, id, symbols) else { break };
            let span = found.map(|span| match &places {
                None => span,
                Some(places) => {
                    Span::new(places.character(span.start()), places.character(span.end()))
                }
            });
            firsts.push((id.0, span));
        }
        if firsts.len() == self.ids.len() {
            set.early.note(true);
            scan.remember_early(self.shard, Early { firsts: firsts.into() });
            return true;
        }
        self.next = set.early.after(size, self.length);
        if self.next.is_none() {
            set.early.note(false);
        }
        false
    }
}

/// Whether a beginning proves that a pattern matches the text, and if so its first match if it proves that.
fn proven(set: &PatternSet, id: PatternId, symbols: &[u8]) -> Option<Option<Span>> {
    let automaton = set.automaton(id, confirm::AutomatonKind::Spans)?;
    let reach = set.look_reach(id);
    let found = confirm::first(automaton, symbols, 0, false)?;
    if reach.proves_first(found, symbols) {
        return Some(Some(found));
    }
    reach.proves_any(found, symbols).then_some(None)
}
