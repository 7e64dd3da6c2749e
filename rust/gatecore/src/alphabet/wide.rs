//! Symbols of one to three bytes, for patterns that tell more kinds of characters apart than a byte can.
//!
//! ```text
//! kinds       e t a o …   x q Ω й …       字 語 …          the frequent ones take the short symbols
//! symbols     s           l t             k m t            single · lead trail · lead middle trail
//! ```
//!
//! It is UTF-8 over kinds. The five sets of bytes (singles, leads of two, leads of three, middles, trails)
//! are disjoint, and every class becomes a few sequences of byte sets ([`Wide::expand`]):
//!
//! ```text
//! [aqй字]     →   [a] | [l][t₁t₂] | [k][m][t]
//! ```
//!
//! # Why the answers stay the same
//!
//! Let *W* be a document in these symbols and *E* a pattern whose classes were replaced so. Engines read *W* as
//! bytes and know nothing of symbols.
//!
//! - *Matches lie on symbols.* A class of *E* begins with a single or a lead, and no symbol has one further
//!   inside. So a class takes bytes only from where a symbol begins, then all of that symbol: which of the
//!   five sets a byte is in says how many follow. By induction every class on a way through *E* takes exactly
//!   one symbol, one whose character the class holds. A match that takes a character therefore begins where a
//!   symbol does. (One that takes none could be inside a symbol, so patterns that match the empty text get no
//!   wide alphabet.)
//! - *Priorities stay.* At a given place at most one of the sequences of a class matches, and in one way. So ways
//!   through *E* over *W* are ways through the pattern over the characters, one to one and in the same order;
//!   repeats, lazy or greedy, take as many rounds, and groups close at the same characters.
//! - *Conditions stand between classes*, so they are asked where symbols meet only. The first and the last byte
//!   of a word symbol are word bytes, those of another are not, and `\b` looks at one byte on either side.
//!   (Middles stand beside neither, so both may use the same.) The newlines are singles.
//! - *Look-behinds* read backwards: a byte sequence that ends where a symbol does, and begins with a single or
//!   a lead, is a sequence of symbols by the same argument. Those of several widths are split ([`around`]).
//! - Byte sequences of a class that are nobody's symbol occur in no document and may be added.
//!
//! Offsets are counted back by [`Places`](super::Places).

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::kinds::{Kinds, BLOCK};
use super::{is_word_symbol, ByteSet, FINAL_NEWLINE, NEWLINE, UNUSED};
use crate::pattern::{behind, ClassId, CodePoints, LookAround, Node, CODE_POINTS};

/// Most kinds of one alphabet: more than all words of Chinese and Korean need.
const MAX_KINDS: usize = 40_000;

/// How many middles are tried.
const MIDDLES: [usize; 7] = [0, 4, 16, 32, 64, 96, 128];

/// Most leads of symbols of three bytes.
const MAX_LEADS: usize = 32;

/// Classes of more kinds decide which symbols stand together.
const BIG: usize = 8;

/// Most sequences of a look-behind, written out.
const MAX_SEQUENCES: usize = 64;

/// Of 10,000 characters of English how many are this letter, for all lower-case letters.
const LETTERS: [u32; 26] = [
    653, 126, 223, 328, 1027, 198, 162, 498, 567, 10, 56, 332, 203, 571, 616, 150, 9, 499, 532,
    752, 228, 80, 170, 14, 143, 5,
];

/// How many symbols may be short. Tests allow few, so that texts of a few letters have long ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most symbols of one byte, among words and among others each.
    pub singles: usize,
    /// Most leads of two bytes.
    pub leads: usize,
    /// Most trails.
    pub trails: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { singles: usize::MAX, leads: usize::MAX, trails: usize::MAX }
    }
}

/// A sequence of sets of bytes, each by its number.
type Way = Vec<u32>;

/// The symbols of kinds, and what classes are over them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Wide {
    /// For every [`BLOCK`] code points the block of `table` that holds their symbols.
    blocks: Vec<u16>,
    /// Symbols: up to three bytes, and at the end how many.
    table: Vec<[u8; 4]>,
    /// The symbols of the ASCII characters, [`UNUSED`] for one of several bytes.
    #[serde(with = "serde_bytes")]
    ascii: Vec<u8>,
    /// What each class takes: one of these.
    ways: Vec<Vec<Way>>,
    /// Bytes that begin no symbol.
    inner: ByteSet,
}

/// How the bytes of a pool are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Layout {
    singles: usize,
    /// Leads of symbols of two bytes.
    two: usize,
    /// Leads of symbols of three.
    three: usize,
    trails: usize,
}

/// Bytes that are of word characters, or that are not, and the kinds that they are for.
struct Pool {
    bytes: Vec<u8>,
    /// The most frequent first.
    kinds: Vec<u32>,
    /// `sums[n]`: what the first `n` weigh.
    sums: Vec<u64>,
}

impl Pool {
    fn new(bytes: Vec<u8>, mut kinds: Vec<u32>, weights: &[u64]) -> Self {
        kinds.sort_by_key(|&kind| (std::cmp::Reverse(weights[kind as usize]), kind));
        let mut sums = vec![0];
        for &kind in &kinds {
            sums.push(sums[sums.len() - 1] + weights[kind as usize]);
        }
        Pool { bytes, kinds, sums }
    }

    /// The layout for so many middles by which the kinds take fewest bytes, and how many they take, weighed.
    /// `others` are bytes to leave alone. `None` if there is none.
    fn layout(&self, middles: usize, others: usize, limits: Limits) -> Option<(u64, Layout)> {
        let count = self.kinds.len();
        let free = self.bytes.len().checked_sub(others)?;
        let singles = free.min(limits.singles);
        if count <= singles {
            return Some((self.sums[count], Layout { singles: count, ..Layout::default() }));
        }
        let mut best: Option<(u64, Layout)> = None;
        for trails in 1..=free.min(limits.trails) {
            for three in 0..=MAX_LEADS.min(free - trails) {
                for two in 0..=(free - trails - three).min(limits.leads) {
                    let singles = (free - trails - three - two).min(limits.singles);
                    let short = (singles + two * trails).min(count);
                    if short + three * middles * trails < count {
                        continue;
                    }
                    let cost =
                        3 * self.sums[count] - self.sums[short] - self.sums[singles.min(short)];
                    if best.is_none_or(|(least, _)| cost < least) {
                        best = Some((cost, Layout { singles, two, three, trails }));
                    }
                }
            }
        }
        best
    }

    /// Gives each kind its symbol; single bytes are a kind's own ASCII value where that is free.
    fn assign(
        &self,
        layout: Layout,
        middles: &[u8],
        first: &[u32],
        order: &[u64],
        codes: &mut [[u8; 4]],
    ) -> ByteSet {
        let mut free: Vec<u8> =
            self.bytes.iter().copied().filter(|byte| !middles.contains(byte)).collect();
        let (singles, long) = self.kinds.split_at(layout.singles.min(self.kinds.len()));
        let mut homeless = Vec::new();
        for &kind in singles {
            let own = u8::try_from(first[kind as usize]).ok().filter(u8::is_ascii);
            match own.and_then(|own| free.iter().position(|&byte| byte == own)) {
                Some(place) => codes[kind as usize] = [free.remove(place), 0, 0, 1],
                None => homeless.push(kind),
            }
        }
        for kind in homeless {
            codes[kind as usize] = [free.remove(0), 0, 0, 1];
        }
        let trails: Vec<u8> = free.drain(..layout.trails).collect();
        let two: Vec<u8> = free.drain(..layout.two).collect();
        let three: Vec<u8> = free.drain(..layout.three).collect();

        // Kinds that the same classes hold take neighbouring symbols, which makes few sequences of a class.
        let (mut short, mut rest) = (long.to_vec(), Vec::new());
        if short.len() > two.len() * trails.len() {
            rest = short.split_off(two.len() * trails.len());
        }
        for part in [&mut short, &mut rest] {
            part.sort_by_key(|&kind| (order[kind as usize], kind));
        }
        let pairs = two.iter().flat_map(|&lead| trails.iter().map(move |&trail| [lead, trail]));
        for (kind, [lead, trail]) in short.into_iter().zip(pairs) {
            codes[kind as usize] = [lead, trail, 0, 2];
        }
        let heads =
            three.iter().flat_map(|&lead| middles.iter().map(move |&middle| [lead, middle]));
        let threes = heads.flat_map(|head| trails.iter().map(move |&trail| (head, trail)));
        for (kind, ([lead, middle], trail)) in rest.into_iter().zip(threes) {
            codes[kind as usize] = [lead, middle, trail, 3];
        }
        trails.into_iter().collect()
    }
}

impl Wide {
    /// The symbols of the kinds that `classes` tell apart, and the sets of bytes by their numbers. `usage` says
    /// how often each class is used. `None` if there are too many kinds.
    pub fn new(
        classes: &[&CodePoints],
        words: Option<&CodePoints>,
        usage: &[u32],
        limits: Limits,
    ) -> Option<(Self, Vec<ByteSet>, ByteSet)> {
        let newline = CodePoints::single(u32::from(b'\n'));
        let sets: Vec<&CodePoints> =
            classes.iter().copied().chain([words.unwrap_or(&newline), &newline]).collect();
        let kinds = Kinds::of(&sets, MAX_KINDS)?;
        let members: Vec<Vec<u32>> = classes.iter().map(|class| kinds.within(class)).collect();
        let weights = weights(&kinds, &members, usage);
        let newline = kinds.within(&newline)[0];

        let is_word = words.map(|words| kinds.are_in(words));
        let all = || (0..kinds.len() as u32).filter(|&kind| kind != newline);
        let bytes =
            || (0..=u8::MAX).filter(|byte| ![NEWLINE, FINAL_NEWLINE, UNUSED].contains(byte));
        let pool = |word: bool| {
            let kinds =
                all().filter(|&kind| is_word.as_ref().is_none_or(|is| is[kind as usize] == word));
            let bytes = bytes().filter(|&byte| is_word.is_none() || is_word_symbol(byte) == word);
            Pool::new(bytes.collect(), kinds.collect(), &weights)
        };
        // Middles are taken from the first.
        let mut pools = vec![pool(false)];
        if is_word.is_some() {
            pools.push(pool(true));
        }
        let tried = MIDDLES.into_iter().filter_map(|middles| {
            let others = (0..pools.len()).map(|number| if number == 0 { middles } else { 0 });
            let layouts = pools.iter().zip(others);
            let layouts = layouts.map(|(pool, others)| pool.layout(middles, others, limits));
            let layouts: Vec<(u64, Layout)> = layouts.collect::<Option<_>>()?;
            let cost: u64 = layouts.iter().map(|(cost, _)| cost).sum();
            Some((cost, middles, layouts))
        });
        let (_, middles, layouts) = tried.min_by_key(|(cost, middles, _)| (*cost, *middles))?;
        let middles: Vec<u8> = pools[0].bytes.iter().rev().take(middles).copied().collect();

        let order = order(&kinds, &members);
        let mut codes = vec![[0; 4]; kinds.len()];
        codes[newline as usize] = [NEWLINE, 0, 0, 1];
        let mut inner: ByteSet = middles.iter().copied().collect();
        for (pool, (_, layout)) in pools.iter().zip(layouts) {
            inner = inner.union(&pool.assign(layout, &middles, &kinds.first, &order, &mut codes));
        }

        let used = Used::of(&codes);
        let mut numbers: HashMap<ByteSet, u32> = HashMap::new();
        let mut sets = Vec::new();
        let mut number = |set: ByteSet| {
            *numbers.entry(set).or_insert_with(|| {
                sets.push(set);
                sets.len() as u32 - 1
            })
        };
        let ways = members.iter().map(|kinds| {
            let ways = used.ways(kinds.iter().map(|&kind| codes[kind as usize])).into_iter();
            ways.map(|way| way.into_iter().map(&mut number).collect()).collect()
        });
        let ways = ways.collect();
        let (blocks, table) = kinds.table(&codes);
        let low: Vec<[u8; 4]> = kinds.below(0x80).map(|kind| codes[kind as usize]).collect();
        let short = |code: &[u8; 4]| if code[3] == 1 { code[0] } else { UNUSED };
        let ascii = low.iter().map(short).collect();
        let mut symbols: ByteSet =
            codes.iter().flat_map(|code| code[..usize::from(code[3])].to_vec()).collect();
        symbols.insert(FINAL_NEWLINE);
        Some((Wide { blocks, table, ascii, ways, inner }, sets, symbols))
    }

    /// Bytes that begin no symbol.
    pub fn inner(&self) -> &ByteSet {
        &self.inner
    }

    /// The symbols of the ASCII characters, [`UNUSED`] for one of several bytes.
    pub fn ascii(&self) -> &[u8; 0x80] {
        self.ascii.first_chunk().expect("there are 128")
    }

    /// The symbol of a character, and at the end how many bytes it has.
    #[inline]
    pub fn code(&self, code_point: u32) -> [u8; 4] {
        let code_point = code_point as usize;
        let block = self.blocks.get(code_point / BLOCK).copied().unwrap_or(0);
        self.table[usize::from(block) * BLOCK + code_point % BLOCK]
    }

    /// A pattern over the sets of bytes; `number` tells a class's number among those of this alphabet.
    pub fn expand(&self, node: &Node, number: &dyn Fn(ClassId) -> Option<usize>) -> Node {
        let one = |node: &Node| Box::new(self.expand(node, number));
        let all = |nodes: &[Node]| nodes.iter().map(|node| self.expand(node, number)).collect();
        match node {
            Node::Class(class) => {
                let ways = number(*class).map_or(&[][..], |number| &self.ways[number]);
                let mut nodes: Vec<Node> = ways.iter().map(|way| concat(way)).collect();
                match nodes.len() {
                    0 => Node::Never,
                    1 => nodes.swap_remove(0),
                    _ => Node::Alternate(nodes),
                }
            }
            Node::Concat(nodes) => {
                // Flat, so that literals are seen as such.
                let mut flat = Vec::with_capacity(nodes.len());
                for node in nodes {
                    match (node, self.expand(node, number)) {
                        (Node::Class(_), Node::Concat(bytes)) => flat.extend(bytes),
                        (_, node) => flat.push(node),
                    }
                }
                Node::Concat(flat)
            }
            Node::Alternate(nodes) => Node::Alternate(all(nodes)),
            Node::Repeat { min, max, kind, node } => {
                Node::Repeat { min: *min, max: *max, kind: *kind, node: one(node) }
            }
            Node::Group { index, node } => Node::Group { index: *index, node: one(node) },
            Node::LookAround(look, content) if look.behind => {
                let sequences = behind::sequences(content);
                let split = sequences.and_then(|sequences| self.around(*look, &sequences, number));
                split.unwrap_or_else(|| Node::LookAround(*look, one(content)))
            }
            Node::LookAround(look, content) => Node::LookAround(*look, one(content)),
            Node::Conditional(yes, no) => Node::Conditional(one(yes), one(no)),
            Node::Atomic(node) => Node::Atomic(one(node)),
            Node::Quirk(node) => Node::Quirk(one(node)),
            Node::Empty | Node::Never | Node::Look(_) | Node::BackReference(_) => node.clone(),
        }
    }

    /// A look-behind as several, each of one width in bytes: all of them hold, or one of them if it is positive.
    /// `None` if there would be too many sequences.
    fn around(
        &self,
        look: LookAround,
        sequences: &[Vec<ClassId>],
        number: &dyn Fn(ClassId) -> Option<usize>,
    ) -> Option<Node> {
        let mut by_width: BTreeMap<usize, Vec<Node>> = BTreeMap::new();
        let mut count = 0;
        for sequence in sequences {
            let mut all: Vec<Way> = vec![Vec::new()];
            for &class in sequence {
                let ways = &self.ways[number(class)?];
                if all.len() * ways.len() > MAX_SEQUENCES {
                    return None;
                }
                let longer = all
                    .iter()
                    .flat_map(|head| ways.iter().map(move |way| [&head[..], way].concat()));
                all = longer.collect();
            }
            count += all.len();
            if count > MAX_SEQUENCES {
                return None;
            }
            for way in all {
                by_width.entry(way.len()).or_default().push(concat(&way));
            }
        }
        let mut looks: Vec<Node> = by_width
            .into_values()
            .map(|mut nodes| {
                let content =
                    if nodes.len() == 1 { nodes.swap_remove(0) } else { Node::Alternate(nodes) };
                Node::LookAround(look, Box::new(content))
            })
            .collect();
        Some(match (looks.len(), look.negative) {
            (0, true) => Node::Empty,
            (0, false) => Node::Never,
            (1, _) => looks.swap_remove(0),
            (_, true) => Node::Concat(looks),
            (_, false) => Node::Alternate(looks),
        })
    }

    /// Whether tables that were read from a file are consistent, so that every look-up stays in bounds.
    pub fn is_sound(&self, classes: usize, sets: usize) -> bool {
        self.ways.len() == classes
            && self.ways.iter().flatten().flatten().all(|&set| (set as usize) < sets)
            && self.blocks.len() == CODE_POINTS as usize / BLOCK
            && self.table.len() % BLOCK == 0
            && self.blocks.iter().all(|&block| usize::from(block) < self.table.len() / BLOCK)
            && self.table.iter().all(|code| (1..=3).contains(&code[3]))
            && self.ascii.len() == 0x80
    }
}

fn concat(way: &[u32]) -> Node {
    match way {
        [set] => Node::Class(ClassId(*set)),
        _ => Node::Concat(way.iter().map(|&set| Node::Class(ClassId(set))).collect()),
    }
}

/// How often each kind is met, as far as patterns tell: those of ASCII by how often they are in English.
fn weights(kinds: &Kinds, members: &[Vec<u32>], usage: &[u32]) -> Vec<u64> {
    let mut weights = vec![1u64; kinds.len()];
    for (members, &usage) in members.iter().zip(usage) {
        if members.len() <= BIG {
            members.iter().for_each(|&kind| weights[kind as usize] += u64::from(usage));
        }
    }
    let most = weights.iter().max().copied().unwrap_or(0);
    for (code_point, kind) in (0u8..).zip(kinds.below(0x80)) {
        let share = match code_point {
            b'a'..=b'z' => LETTERS[usize::from(code_point - b'a')],
            b'A'..=b'Z' => LETTERS[usize::from(code_point - b'A')] / 20 + 1,
            b'0'..=b'9' => 40,
            b' ' => 2_000,
            b'.' | b',' | b'-' | b'\'' | b'"' | b'/' | b':' | b'(' | b')' => 80,
            b'\t' | b'\r' | 0x21..0x7F => 10,
            _ => continue,
        };
        weights[kind as usize] += most * u64::from(share);
    }
    weights
}

/// Which of the biggest classes hold a kind, as bits.
fn order(kinds: &Kinds, members: &[Vec<u32>]) -> Vec<u64> {
    let mut big: Vec<&Vec<u32>> = members.iter().filter(|members| members.len() > BIG).collect();
    big.sort_by_key(|members| std::cmp::Reverse(members.len()));
    big.dedup();
    let mut order = vec![0u64; kinds.len()];
    for (bit, members) in (0..64).rev().zip(big) {
        members.iter().for_each(|&kind| order[kind as usize] |= 1 << bit);
    }
    order
}

/// The bytes that follow others in symbols.
struct Used {
    /// The trails of each lead of two.
    two: BTreeMap<u8, ByteSet>,
    /// The trails of each lead and middle.
    three: BTreeMap<(u8, u8), ByteSet>,
}

impl Used {
    fn of(codes: &[[u8; 4]]) -> Self {
        let mut used = Used { two: BTreeMap::new(), three: BTreeMap::new() };
        codes.iter().for_each(|&code| used.add(code));
        used
    }

    fn add(&mut self, code: [u8; 4]) {
        match code {
            [lead, trail, _, 2] => self.two.entry(lead).or_default().insert(trail),
            [lead, middle, trail, 3] => self.three.entry((lead, middle)).or_default().insert(trail),
            _ => {}
        }
    }

    /// The sequences of byte sets that take these symbols and no others.
    fn ways(&self, codes: impl Iterator<Item = [u8; 4]>) -> Vec<Vec<ByteSet>> {
        let mut singles = ByteSet::EMPTY;
        let mut taken = Used { two: BTreeMap::new(), three: BTreeMap::new() };
        for code in codes {
            if code[3] == 1 {
                singles.insert(code[0]);
            }
            taken.add(code);
        }
        if singles.contains(NEWLINE) {
            singles.insert(FINAL_NEWLINE);
        }
        let all = |sets: &mut dyn Iterator<Item = &ByteSet>| {
            sets.fold(ByteSet::EMPTY, |all, set| all.union(set))
        };
        // All trails that a lead has are as good as all trails: leads that are taken whole are one set.
        let any = all(&mut self.two.values().chain(self.three.values()));
        let whole = |set: ByteSet, used: ByteSet| if set == used { any } else { set };

        let mut ways = Vec::new();
        if !singles.is_empty() {
            ways.push(vec![singles]);
        }
        let mut leads: Vec<(ByteSet, ByteSet)> = Vec::new();
        for (&lead, &trails) in &taken.two {
            add_to(&mut leads, whole(trails, self.two[&lead]), lead);
        }
        ways.extend(leads.into_iter().map(|(trails, leads)| vec![leads, trails]));

        let mut by_lead: BTreeMap<u8, Vec<(ByteSet, ByteSet)>> = BTreeMap::new();
        for (&(lead, middle), &trails) in &taken.three {
            let middles = by_lead.entry(lead).or_default();
            add_to(middles, whole(trails, self.three[&(lead, middle)]), middle);
        }
        let any_middle: ByteSet = self.three.keys().map(|&(_, middle)| middle).collect();
        let mut heads: Vec<((ByteSet, ByteSet), ByteSet)> = Vec::new();
        for (lead, middles) in by_lead {
            let used: ByteSet =
                self.three.keys().filter(|key| key.0 == lead).map(|&(_, middle)| middle).collect();
            for (trails, middles) in middles {
                let is_whole = trails == any && middles == used;
                add_to(&mut heads, (if is_whole { any_middle } else { middles }, trails), lead);
            }
        }
        ways.extend(
            heads.into_iter().map(|((middles, trails), leads)| vec![leads, middles, trails]),
        );
        ways
    }
}

/// Adds a byte to the set that goes with a key.
fn add_to<K: PartialEq>(sets: &mut Vec<(K, ByteSet)>, key: K, byte: u8) {
    match sets.iter_mut().find(|(known, _)| *known == key) {
        Some((_, set)) => set.insert(byte),
        None => sets.push((key, std::iter::once(byte).collect())),
    }
}
