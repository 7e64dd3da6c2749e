//! A pattern set: patterns lowered, routed and compiled together. Immutable, and shared by threads.
//!
//! ```text
//! build     patterns are routed, distributed over shards and compiled
//! groups    which patterns share an alphabet
//! many      many documents at once
//! shard     patterns that share an alphabet, and a document as they see it
//! route     how a pattern is answered, and why
//! stored    a set as bytes
//! keywords  a set that is shared: its patterns by what they are asked for
//! ```

mod build;
mod groups;
mod keywords;
mod many;
mod route;
mod shard;
mod stored;
#[cfg(test)]
mod wide_tests;

pub use build::{Backend, Spec};
pub use keywords::{Keyword, News, SharedSet};
pub use many::Ids;
pub use route::{Route, Routing};
pub(crate) use shard::ShardScan;
pub use stored::maker;

use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering;

use crate::alphabet::{Text, Translation};
use crate::confirm::listing::{may_overrun, Listing};
use crate::confirm::{self, Automaton, AutomatonKind, Candidates, Confirm};
use crate::early::{Policy, Reach};
use crate::error::ScanError;
use crate::pattern::{decode, unpack, Node};
use crate::scan::Scan;
use crate::stop::Stop;
use shard::{Resolver, Shard};

/// Number of a pattern in its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PatternId(pub u32);

/// Number of a shard: patterns that share an alphabet, and so a translation and a scan of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShardId(pub u32);

/// Patterns compiled together: the whole way from a lowered pattern to an answer.
///
/// ```
/// use gatecore::{Answer, Backend, CodePoints, LoweredPattern, PatternId, PatternSet, Spec, Text};
///
/// // `no\s+risk`, whose characters are classes 0 to 6 of the table below and `\s` is class 7.
/// let mut program = vec![4, 7]; // CONCAT of 7 nodes
/// program.extend([2, 0, 2, 1]); // CLASS n, CLASS o
/// program.extend([6, 1, u32::MAX, 0, 2, 7]); // REPEAT from 1 without bound, greedy: CLASS \s
/// program.extend([2, 2, 2, 3, 2, 4, 2, 5]); // CLASS r, i, s, k
/// let mut classes: Vec<CodePoints> = "norisk".chars().map(|c| CodePoints::single(c.into())).collect();
/// classes.extend([CodePoints::default(), CodePoints::from_flat(&[9, 13, 32, 32])?]);
///
/// let set = PatternSet::build(&Spec {
///     patterns: vec![LoweredPattern {
///         source: br"no\s+risk".to_vec(),
///         flags: 0,
///         caseless: false,
///         section: 0,
///         program: Some(program),
///     }],
///     classes,
///     words: CodePoints::from_flat(&[48, 57, 65, 90, 95, 95, 97, 122])?,
///     ascii_words: CodePoints::from_flat(&[48, 57, 65, 90, 95, 95, 97, 122])?,
///     backend: Backend::Auto,
/// })?;
///
/// let scan = set.scan(Text::Ascii(b"There is no\n risk."))?;
/// assert_eq!(scan.is_match(&set, PatternId(0)), Answer::Known(true));
/// let Answer::Known(spans) = scan.spans(&set, PatternId(0)) else { panic!("it is regular") };
/// assert_eq!((spans[0].start(), spans[0].end()), (9, 17));
///
/// // Compile once, load in milliseconds: "caller" is whatever else the answers depend on.
/// let loaded = PatternSet::from_bytes(&set.to_bytes("caller")?, "caller")?;
/// assert_eq!(loaded.pattern(PatternId(0)).0, br"no\s+risk");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PatternSet {
    pub(crate) patterns: Vec<Entry>,
    pub(crate) shards: Vec<Shard>,
    pub(crate) backend: Backend,
    /// Apart from the patterns, so that the question asked most often reads one word of each.
    pub(crate) places: Box<[Place]>,
    /// Patterns that no section has as a member: copies of others, and those unknown to the pass.
    pub(crate) others: Box<[PatternId]>,
    /// When the beginnings of texts are looked at.
    pub(crate) early: Policy,
}

/// Where the pass has a pattern's answer, and what that is worth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// `u32::MAX` when the pass does not know the pattern.
    pub shard: u32,
    /// Number within the shard; the first is scanned with the document.
    pub section: u32,
    pub slot: u32,
    /// Automata answer what the pass leaves open.
    pub is_regular: bool,
    /// Regular, and what the pass reports does match.
    pub is_final: bool,
}

impl Place {
    fn of(entry: &Entry) -> Self {
        let (shard, section, slot) = entry.place.unwrap_or((u32::MAX, 0, 0));
        let is_regular = entry.routing.irregular.is_none();
        let is_final = is_regular && entry.routing.coverage.is_exact();
        Place { shard, section, slot, is_regular, is_final }
    }
}

/// A pattern in its set, as it is stored as well.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    #[serde(with = "serde_bytes")]
    pub source: Vec<u8>,
    pub flags: u32,
    /// Packed; empty when there is none.
    #[serde(with = "serde_bytes")]
    pub program: Vec<u8>,
    pub routing: Routing,
    /// Shard, section and slot; `None` when the pass does not know the pattern.
    pub place: Option<(u32, u32, u32)>,
    #[serde(skip)]
    pub confirm: Confirm,
}

impl PatternSet {
    pub(crate) fn of_parts(patterns: Vec<Entry>, shards: Vec<Shard>, backend: Backend) -> Self {
        let places = patterns.iter().map(Place::of).collect();
        let mut is_member = vec![false; patterns.len()];
        for section in shards.iter().flat_map(|shard| &shard.sections) {
            section.members.iter().for_each(|&member| is_member[member as usize] = true);
        }
        let others = (0..patterns.len() as u32).filter(|&id| !is_member[id as usize]);
        let others = others.map(PatternId).collect();
        let early = Policy::new(None);
        PatternSet { patterns, shards, backend, places, others, early }
    }

    /// The same, which looks at the beginning of every text first, of so many characters: for tests.
    pub fn with_forced_beginning(mut self, characters: usize) -> Self {
        self.early = Policy::new(Some(characters));
        self
    }

    /// Number of patterns.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The numbers of all patterns.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = PatternId> {
        (0..self.len() as u32).map(PatternId)
    }

    /// The pass in use.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Number of shards, and so of scans over a document.
    pub fn shards(&self) -> usize {
        self.shards.len()
    }

    /// A pattern's source and flags as they were given.
    ///
    /// # Panics
    /// If the number is not below [`PatternSet::len`]; the same holds for the other methods that
    /// take one.
    pub fn pattern(&self, id: PatternId) -> (&[u8], u32) {
        let entry = self.entry(id);
        (&entry.source, entry.flags)
    }

    /// A pattern's route.
    pub fn routing(&self, id: PatternId) -> Routing {
        self.entry(id).routing
    }

    /// Runs the pass over a document, once for each shard, every section. Linear in its length.
    pub fn scan(&self, text: Text<'_>) -> Result<Scan, ScanError> {
        self.scan_until(text, &Stop::never())
    }

    fn scan_until(&self, text: Text<'_>, stop: &Stop) -> Result<Scan, ScanError> {
        let scan = self.begin(text.len())?;
        for (number, shard) in self.shards.iter().enumerate() {
            let id = ShardId(number as u32);
            scan.ensure_shard(self, id, shard.alphabet.translate(text), stop)?;
            scan.ensure_sections(self, id, stop)?;
        }
        Ok(scan)
    }

    /// A document of which nothing is scanned yet: each shard's pass is run when one of its patterns is
    /// first asked about, by [`Scan::ensure_shard`] and [`Scan::ensure`].
    ///
    /// # Errors
    /// [`ScanError::TooLarge`].
    pub fn begin(&self, length: usize) -> Result<Scan, ScanError> {
        if u32::try_from(length).is_err() {
            return Err(ScanError::TooLarge(length));
        }
        Ok(Scan::new(self.len(), self.shards.len(), length))
    }

    /// The shard of a pattern; `None` when the pass does not know the pattern.
    pub fn shard_of(&self, id: PatternId) -> Option<ShardId> {
        self.entry(id).place.map(|(shard, ..)| ShardId(shard))
    }

    /// Begins to translate a document of `length` characters for one shard.
    pub fn translation(&self, shard: ShardId, length: usize) -> Translation<'_> {
        self.shards[shard.0 as usize].alphabet.translation(length)
    }

    /// The automaton that finds matches of one kind, built when first asked for. `None` when the
    /// pattern is for `re`.
    pub(crate) fn automaton(&self, id: PatternId, kind: AutomatonKind) -> Option<&Automaton> {
        let entry = self.entry(id);
        if entry.routing.irregular.is_some() {
            return None;
        }
        entry.confirm.automaton(kind, || {
            let (node, classes) = self.resolved(entry)?;
            confirm::automaton(&node, &classes, kind)
        })
    }

    /// As [`PatternSet::automaton`], for groups, with the order in which the pattern closes them. Also
    /// `None` where a group is inside a look-around.
    pub(crate) fn groups_automaton(
        &self,
        id: PatternId,
        kind: AutomatonKind,
    ) -> Option<(&Automaton, &[u32])> {
        let entry = self.entry(id);
        let closing = entry.confirm.closing.get_or_init(|| {
            let node = node(entry).filter(|node| !node.has_group_around())?;
            entry.routing.irregular.is_none().then(|| node.closing_order())
        });
        let closing = closing.as_ref()?;
        Some((self.automaton(id, kind)?, closing))
    }

    /// What tells the groups of long matches. Only for patterns that have a groups automaton.
    pub(crate) fn grouping(&self, id: PatternId) -> Option<&Listing> {
        let entry = self.entry(id);
        let grouping = entry.confirm.grouping.get_or_init(|| {
            let (node, classes) = self.resolved(entry)?;
            Listing::with_groups(&node, &classes)
        });
        grouping.as_ref()
    }

    /// What lists a regular pattern's matches in linear time, if searches for them might not.
    pub(crate) fn listing(&self, id: PatternId) -> Option<&Listing> {
        let entry = self.entry(id);
        let listing = entry.confirm.listing.get_or_init(|| {
            let (node, classes) = self.resolved(entry)?;
            may_overrun(&node, &classes).then(|| Listing::new(&node, &classes))?
        });
        listing.as_ref()
    }

    /// What tells where matches of a pattern that only `re` answers may begin. `None` if nothing does.
    pub(crate) fn candidates(&self, id: PatternId) -> Option<&Candidates> {
        let entry = self.entry(id);
        let candidates = entry.confirm.candidates.get_or_init(|| {
            entry.routing.irregular?;
            let (node, classes) = self.resolved(entry)?;
            Candidates::new(&node, &classes)
        });
        candidates.as_ref()
    }

    /// For a pattern that only `re` answers how many places a scan tells where a match may begin
    /// ([`Scan::candidate`]): `None` if it tells none.
    pub fn candidates_told(&self, id: PatternId) -> Option<usize> {
        self.candidates(id).map(Candidates::most)
    }

    /// Whether an automaton finds a pattern's spans, so that `re` is never asked for them.
    pub fn tells_spans(&self, id: PatternId) -> bool {
        self.automaton(id, AutomatonKind::Spans).is_some()
    }

    /// Bytes of a pattern's automaton, 0 if it has none: times the characters of a text, a measure of how
    /// long a question may take. Builds the automaton.
    pub fn weight(&self, id: PatternId) -> usize {
        let entry = self.entry(id);
        let automaton = || self.automaton(id, AutomatonKind::Spans);
        *entry.confirm.weight.get_or_init(|| automaton().map_or(0, Automaton::size))
    }

    /// Notes that a question about a pattern took long, so that the next is expected to.
    pub fn note_slow(&self, id: PatternId) {
        self.entry(id).confirm.was_slow.store(true, Ordering::Relaxed);
    }

    /// Whether a question about a pattern ever took long.
    pub fn was_slow(&self, id: PatternId) -> bool {
        self.entry(id).confirm.was_slow.load(Ordering::Relaxed)
    }

    /// Most patterns that one pass of a shard decides together: times the characters of a text, a measure
    /// of how long the pass may take.
    pub fn pass_weight(&self, shard: ShardId) -> usize {
        let sections = self.shards[shard.0 as usize].sections.iter();
        sections.map(|section| section.members.len()).max().unwrap_or(0)
    }

    /// Whether a shard's patterns stand in more than one section.
    pub fn has_sections(&self, shard: ShardId) -> bool {
        self.shards[shard.0 as usize].sections.len() > 1
    }

    /// Notes that a pass over a shard took long, so that the next is expected to.
    pub fn note_slow_pass(&self, shard: ShardId) {
        self.shards[shard.0 as usize].was_slow.store(true, Ordering::Relaxed);
    }

    /// Whether a pass over a shard ever took long.
    pub fn was_slow_pass(&self, shard: ShardId) -> bool {
        self.shards[shard.0 as usize].was_slow.load(Ordering::Relaxed)
    }

    /// Whether an automaton tells a pattern's groups, so that `re` is never asked for them.
    pub fn tells_groups(&self, id: PatternId) -> bool {
        self.groups_automaton(id, AutomatonKind::Groups).is_some()
    }

    /// How far a pattern looks.
    pub(crate) fn look_reach(&self, id: PatternId) -> Reach {
        let entry = self.entry(id);
        *entry.confirm.look_reach.get_or_init(|| match self.resolved(entry) {
            Some((node, classes)) => Reach::of(&node, &classes),
            None => Reach::unknown(),
        })
    }

    /// Whether a pattern has a `\B`.
    pub(crate) fn looks_inside_words(&self, id: PatternId) -> bool {
        node(self.entry(id)).is_some_and(|node| node.has_not_boundary())
    }

    /// Whether a pattern has a group in a repeat: what that holds differs between interpreters.
    pub fn has_repeated_group(&self, id: PatternId) -> bool {
        let entry = self.entry(id);
        *entry
            .confirm
            .has_repeated_group
            .get_or_init(|| node(entry).is_some_and(|node| node.has_repeated_group()))
    }

    /// What asking about a pattern costs, as a clause: that of its route, and what its groups cost where
    /// only `re` can tell them.
    pub fn cost(&self, id: PatternId) -> String {
        let entry = self.entry(id);
        let cost = entry.routing.cost();
        let is_regular = entry.routing.irregular.is_none();
        if is_regular && node(entry).is_some_and(|node| node.has_group_around()) {
            return format!("{cost}; texts of groups: that of re from where the match begins");
        }
        cost.to_owned()
    }

    fn entry(&self, id: PatternId) -> &Entry {
        &self.patterns[id.0 as usize]
    }

    /// A pattern's tree and its classes, if the pass knows the pattern.
    fn resolved(&self, entry: &Entry) -> Option<(Node, Resolver<'_>)> {
        let (shard, ..) = entry.place?;
        let resolver = self.shards[shard as usize].resolver();
        let node = node(entry)?;
        Some((resolver.expanded(&node).unwrap_or(node), resolver))
    }
}

/// A pattern's tree. `None` if it has none, and then only `re` answers.
fn node(entry: &Entry) -> Option<Node> {
    decode(&unpack(&entry.program)?, usize::MAX).ok().flatten()
}
