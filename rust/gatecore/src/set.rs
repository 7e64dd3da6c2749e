//! A pattern set: patterns lowered, routed and compiled together. Immutable and shared by threads.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::OnceLock;
use std::thread;

use crate::alphabet::Translation;
use crate::code_points::CodePoints;
use crate::confirm::linear::{may_overrun, Listing};
use crate::confirm::{AutomatonKind, Confirm, Form, Regex};
use crate::error::{BuildError, ScanError};
use crate::lowered::{decode, pack, unpack, Irregular, Node};
use crate::memory::{self, NoMemory};
use crate::pass::portable::PortablePass;
#[cfg(feature = "simd")]
use crate::pass::simd::{Budget, SimdPass};
#[cfg(feature = "simd")]
use crate::pass::views::Runs;
use crate::pass::{Coverage, Known, Slot};
use crate::route::Routing;
use crate::scan::Scan;
use crate::shard::{distribute, Needs, Pass, Section, Shard, Tables};
use crate::stop::Stop;
use crate::Text;

/// Number of a pattern in its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PatternId(pub u32);

/// Most instructions of all patterns of a set together.
///
/// 2,500 patterns of a real host have about 200,000. Ten million are more than the SIMD engine's
/// 32-bit tables survive and minutes of compiling.
pub const MAX_INSTRUCTIONS: usize = 10_000_000;

/// Number of an alphabet, and so of a scan over a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShardId(pub u32);

/// Which pass to build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// SIMD where the processor has it, else portable.
    #[default]
    Auto,
    /// Hyperscan.
    Simd,
    /// Pure Rust.
    Portable,
}

impl Backend {
    /// The passes that this build can run on this processor.
    pub fn available() -> &'static [Backend] {
        #[cfg(feature = "simd")]
        if gatecore_ffi::hyperscan::is_supported() {
            return &[Backend::Simd, Backend::Portable];
        }
        &[Backend::Portable]
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Auto => "auto",
            Backend::Simd => "simd",
            Backend::Portable => "portable",
        }
    }

    /// Settles `Auto`.
    ///
    /// # Errors
    /// [`BuildError::NoSimd`].
    pub fn settle(self) -> Result<Backend, BuildError> {
        let available = Backend::available();
        match self {
            Backend::Auto => Ok(available[0]),
            wanted if available.contains(&wanted) => Ok(wanted),
            _ if cfg!(feature = "simd") => {
                Err(BuildError::NoSimd("this processor lacks SSSE3".to_owned()))
            }
            _ => Err(BuildError::NoSimd("this build leaves it out".to_owned())),
        }
    }
}

/// A pattern as the caller lowered it.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// Its source in UTF-8, lone surrogates encoded as WTF-8 does. Kept, never read.
    pub source: Vec<u8>,
    /// The flags it was given.
    pub flags: u32,
    /// Whether it ignores case: patterns of one case share letters.
    pub caseless: bool,
    /// Which section it stands in: 0 is scanned with the document, others when one of their patterns
    /// is first asked about.
    pub section: u32,
    /// Its form: see [`crate::lowered`]. `None` if the caller could not walk it.
    pub program: Option<Vec<u32>>,
}

/// What a set is built from.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The patterns in order.
    pub patterns: Vec<Lowered>,
    /// The class table to which programs refer.
    pub classes: Vec<CodePoints>,
    /// Unicode's word characters.
    pub words: CodePoints,
    /// ASCII's word characters.
    pub ascii_words: CodePoints,
    /// Which pass to build.
    pub backend: Backend,
}

/// Patterns compiled together.
#[derive(Debug)]
pub struct PatternSet {
    pub(crate) patterns: Vec<Entry>,
    pub(crate) shards: Vec<Shard>,
    pub(crate) backend: Backend,
    /// Beside the patterns, so that the question asked most often reads one word of each.
    pub(crate) places: Box<[Place]>,
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
        let is_final = is_regular && entry.routing.coverage == Coverage::Decides;
        Place { shard, section, slot, is_regular, is_final }
    }
}

/// A pattern in its set.
#[derive(Debug)]
pub(crate) struct Entry {
    pub source: Vec<u8>,
    pub flags: u32,
    /// Packed; empty when there is none.
    pub program: Vec<u8>,
    pub routing: Routing,
    /// Shard, section and slot; `None` when the pass does not know the pattern.
    pub place: Option<(u32, u32, u32)>,
    pub confirm: Confirm,
}

impl PatternSet {
    /// Routes and compiles. Seconds for thousands of patterns.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn build(spec: &Spec) -> Result<Self, BuildError> {
        Self::build_until(spec, &Stop::never())
    }

    /// As [`PatternSet::build`]; another thread may stop it.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn build_until(spec: &Spec, stop: &Stop) -> Result<Self, BuildError> {
        let backend = spec.backend.settle()?;
        let size: usize =
            spec.patterns.iter().filter_map(|pattern| Some(pattern.program.as_ref()?.len())).sum();
        if size > MAX_INSTRUCTIONS {
            return Err(BuildError::TooLarge(format!(
                "{} patterns have {size} instructions together, the limit is {MAX_INSTRUCTIONS}",
                spec.patterns.len()
            )));
        }
        let mut nodes: Vec<Option<Node>> = Vec::with_capacity(spec.patterns.len());
        let mut irregular: Vec<Option<Irregular>> = Vec::with_capacity(spec.patterns.len());
        for pattern in &spec.patterns {
            let node = match &pattern.program {
                Some(program) => decode(program, spec.classes.len())?,
                None => None,
            };
            irregular.push(match &node {
                Some(node) => node.irregular(),
                None => Some(Irregular::TooDeep),
            });
            nodes.push(node);
        }

        // Doubles share the place of the first: compiling each again would cost as much again.
        let mut first_of: HashMap<&[u32], usize> = HashMap::new();
        let same_as: Vec<usize> = spec
            .patterns
            .iter()
            .enumerate()
            .map(|(number, pattern)| match &pattern.program {
                Some(program) => *first_of.entry(program).or_insert(number),
                None => number,
            })
            .collect();
        let needs = nodes.iter().zip(&spec.patterns).enumerate();
        let needs = needs.filter(|(number, _)| same_as[*number] == *number);
        let needs = needs.filter_map(|(number, (node, pattern))| {
            let node = node.as_ref()?;
            Some((number as u32, Needs::of(node, pattern.caseless)))
        });
        let tables =
            Tables { classes: &spec.classes, words: &spec.words, ascii_words: &spec.ascii_words };
        let (groups, misfits) = distribute(needs.collect(), &tables);
        for &number in &misfits {
            irregular[number as usize].get_or_insert(Irregular::TooManyKinds);
        }

        let mut places = vec![None; spec.patterns.len()];
        let mut known = vec![Known::of(Coverage::Blind); spec.patterns.len()];
        let mut shards = Vec::with_capacity(groups.len());
        for group in groups {
            let resolver =
                crate::shard::Resolver { alphabet: &group.alphabet, classes: &group.classes };
            let slots_of = |members: &[u32]| -> Vec<Slot<'_>> {
                let slot = |&number: &u32| Slot {
                    node: nodes[number as usize]
                        .as_ref()
                        .expect("only walked patterns are grouped"),
                    regular: irregular[number as usize].is_none(),
                };
                members.iter().map(slot).collect()
            };
            #[cfg(feature = "simd")]
            let runs = Runs::choose(&slots_of(&group.members), &resolver);
            let section_of = |number: u32| spec.patterns[number as usize].section;
            let mut wanted: Vec<u32> =
                group.members.iter().map(|&member| section_of(member)).collect();
            wanted.push(0);
            wanted.sort_unstable();
            wanted.dedup();
            let members_of = |&section: &u32| -> Vec<u32> {
                let members = group.members.iter().copied();
                members.filter(|&member| section_of(member) == section).collect()
            };
            let wanted: Vec<Vec<u32>> = wanted.iter().map(members_of).collect();
            let passes = side_by_side(&wanted, |members| {
                if stop.is_stopped() {
                    return Err(BuildError::Cancelled);
                }
                let slots = slots_of(members);
                Ok(match backend {
                    #[cfg(feature = "simd")]
                    Backend::Simd => {
                        let symbols = group.alphabet.symbols();
                        let budget = Budget::of(members.len(), spec.patterns.len(), stop);
                        let (pass, known) =
                            SimdPass::build(&slots, &resolver, symbols, runs, budget)?;
                        (Pass::Simd(pass), known)
                    }
                    _ => {
                        let (pass, known) = PortablePass::build(&slots, &resolver);
                        (Pass::Portable(pass), known)
                    }
                })
            })?;
            let mut sections = Vec::with_capacity(wanted.len());
            for (members, (pass, of_pass)) in wanted.into_iter().zip(passes) {
                for (slot, (&number, &of_slot)) in members.iter().zip(&of_pass).enumerate() {
                    known[number as usize] = of_slot;
                    places[number as usize] =
                        Some((shards.len() as u32, sections.len() as u32, slot as u32));
                }
                sections.push(Section { members, pass });
            }
            shards.push(Shard { alphabet: group.alphabet, classes: group.classes, sections });
        }

        for (number, &first) in same_as.iter().enumerate() {
            places[number] = places[first];
            known[number] = known[first];
            irregular[number] = irregular[first];
        }

        let entries = spec.patterns.iter().enumerate().map(|(number, pattern)| Entry {
            source: pattern.source.clone(),
            flags: pattern.flags,
            program: pattern.program.as_deref().map(pack).unwrap_or_default(),
            routing: Routing {
                irregular: irregular[number],
                coverage: known[number].coverage,
                cut: known[number].cut,
            },
            place: places[number],
            confirm: Confirm::default(),
        });
        Ok(Self::of_parts(entries.collect(), shards, backend))
    }

    pub(crate) fn of_parts(patterns: Vec<Entry>, shards: Vec<Shard>, backend: Backend) -> Self {
        let places = patterns.iter().map(Place::of).collect();
        PatternSet { patterns, shards, backend, places }
    }

    /// Number of patterns.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The pass in use.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Number of alphabets, and so of scans over a document.
    pub fn shards(&self) -> usize {
        self.shards.len()
    }

    /// A pattern's source and flags as they were given.
    ///
    /// # Panics
    /// If the number is not below [`PatternSet::len`]; the same holds for the other methods that
    /// take one.
    pub fn pattern(&self, id: PatternId) -> (&[u8], u32) {
        let entry = &self.patterns[id.0 as usize];
        (&entry.source, entry.flags)
    }

    /// A pattern's route.
    pub fn routing(&self, id: PatternId) -> Routing {
        self.patterns[id.0 as usize].routing
    }

    /// Runs the pass over a document, once for each alphabet, every section. Linear in its length.
    ///
    /// # Errors
    /// [`ScanError`].
    pub fn scan(&self, text: Text<'_>) -> Result<Scan, ScanError> {
        let scan = self.begin(text.len())?;
        for shard in (0..self.shards.len() as u32).map(ShardId) {
            let mut translation = self.translation(shard, text.len());
            translation.push(text);
            scan.complete(self, shard, translation)?;
            scan.complete_sections(self, shard, &Stop::never())?;
        }
        Ok(scan)
    }

    /// A document of which nothing is scanned yet: each alphabet's pass is run when one of its
    /// patterns is first asked for, by [`Scan::complete`].
    ///
    /// # Errors
    /// [`ScanError::TooLarge`].
    pub fn begin(&self, length: usize) -> Result<Scan, ScanError> {
        if u32::try_from(length).is_err() {
            return Err(ScanError::TooLarge(length));
        }
        Ok(Scan::new(self.len(), self.shards.len(), length))
    }

    /// The alphabet of a pattern; `None` when the pass does not know the pattern.
    pub fn shard_of(&self, id: PatternId) -> Option<ShardId> {
        self.patterns[id.0 as usize].place.map(|(shard, ..)| ShardId(shard))
    }

    /// Begins to translate a document of `length` characters for one alphabet.
    pub fn translation(&self, shard: ShardId, length: usize) -> Translation<'_> {
        self.shards[shard.0 as usize].alphabet.translation(length)
    }

    /// The automaton that finds matches of one kind, built when first asked for. `None` when the
    /// pattern is for `re`.
    pub(crate) fn automaton(&self, id: PatternId, kind: AutomatonKind) -> Option<&Regex> {
        let entry = &self.patterns[id.0 as usize];
        if entry.routing.irregular.is_some() {
            return None;
        }
        entry.confirm.automaton(kind, || self.form(entry))
    }

    /// As [`PatternSet::automaton`], for groups: `None` also where a group stands inside a repeat.
    /// With it the order in which the pattern closes its groups.
    pub(crate) fn groups_automaton(
        &self,
        id: PatternId,
        kind: AutomatonKind,
    ) -> Option<(&Regex, &[u32])> {
        let entry = &self.patterns[id.0 as usize];
        if entry.routing.irregular.is_some() {
            return None;
        }
        let closing = entry.confirm.closing(|| {
            let node = node(entry)?;
            (!node.has_repeated_group()).then(|| node.closing_order())
        })?;
        Some((entry.confirm.automaton(kind, || self.form(entry))?, closing))
    }

    /// What tells the groups of long matches. Only for patterns that have a groups automaton.
    pub(crate) fn grouping(&self, id: PatternId) -> Option<&Listing> {
        let entry = &self.patterns[id.0 as usize];
        entry.confirm.grouping(|| {
            let (shard, ..) = entry.place?;
            Listing::with_groups(&node(entry)?, &self.shards[shard as usize].resolver())
        })
    }

    /// What lists a regular pattern's matches in linear time, if searches for them might not.
    pub(crate) fn listing(&self, id: PatternId) -> Option<&Listing> {
        let entry = &self.patterns[id.0 as usize];
        entry.confirm.listing(|| {
            let (shard, ..) = entry.place?;
            let (node, classes) = (node(entry)?, self.shards[shard as usize].resolver());
            may_overrun(&node, &classes).then(|| Listing::new(&node, &classes))?
        })
    }

    /// Whether an automaton finds a pattern's spans, so that `re` is never asked for them.
    pub fn tells_spans(&self, id: PatternId) -> bool {
        self.automaton(id, AutomatonKind::Spans).is_some()
    }

    /// Bytes of a pattern's automaton, which it builds: with the characters of a text the measure of how
    /// long a question may take. 0 if it has none.
    pub fn weight(&self, id: PatternId) -> usize {
        let entry = &self.patterns[id.0 as usize];
        let automaton = || self.automaton(id, AutomatonKind::Spans);
        entry.confirm.weight(|| automaton().map_or(0, Regex::memory_usage))
    }

    /// Notes that a question about a pattern took long, so that the next is expected to.
    pub fn note_slow(&self, id: PatternId) {
        self.patterns[id.0 as usize].confirm.note_slow();
    }

    /// Whether a question about a pattern ever took long.
    pub fn was_slow(&self, id: PatternId) -> bool {
        self.patterns[id.0 as usize].confirm.was_slow()
    }

    /// Patterns that one pass decides together, at most: with the characters of a text the measure of
    /// how long the pass may take.
    pub fn pass_weight(&self, shard: ShardId) -> usize {
        let sections = self.shards[shard.0 as usize].sections.iter();
        sections.map(|section| section.members.len()).max().unwrap_or(0)
    }

    /// Whether an automaton tells a pattern's groups, so that `re` is never asked for them.
    pub fn tells_groups(&self, id: PatternId) -> bool {
        self.groups_automaton(id, AutomatonKind::Groups).is_some()
    }

    /// What asking a pattern costs, as a clause: that of its route, and what its groups cost where only
    /// `re` can tell them.
    pub fn cost(&self, id: PatternId) -> String {
        let entry = &self.patterns[id.0 as usize];
        let cost = entry.routing.cost();
        let is_regular = entry.routing.irregular.is_none();
        if is_regular && node(entry).is_some_and(|node| node.has_repeated_group()) {
            return format!("{cost}; texts of groups: that of re from where the match begins");
        }
        cost.to_owned()
    }

    fn form(&self, entry: &Entry) -> Option<Form> {
        let (shard, ..) = entry.place?;
        Some(Form::of(&node(entry)?, &self.shards[shard as usize].resolver()))
    }
}

/// Bytes of a thread's stack: what Rust gives without being asked.
const STACK: usize = 2 << 20;

/// Does a job for each item on as many threads as there are processors; the first error wins.
fn side_by_side<I: Sync, T: Send + Sync>(
    items: &[I],
    job: impl Fn(&I) -> Result<T, BuildError> + Sync,
) -> Result<Vec<T>, BuildError> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    if threads < 2 {
        return items.iter().map(job).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Vec<OnceLock<Result<Result<T, BuildError>, NoMemory>>> =
        items.iter().map(|_| OnceLock::new()).collect();
    let work = || loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(item) = items.get(number) else { break };
        let _ = done[number].set(memory::caught(|| job(item)));
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Without another thread this one does it all.
            if !memory::is_room_for_a_thread() {
                break;
            }
            let _ = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        }
        work();
    });
    let done = done.into_iter().map(|result| result.into_inner().expect("every job was done"));
    done.map(|result| result.unwrap_or_else(|NoMemory| memory::exhausted())).collect()
}

/// A pattern's form. `None` if it has none, and then only `re` answers.
fn node(entry: &Entry) -> Option<Node> {
    decode(&unpack(&entry.program)?, usize::MAX).ok().flatten()
}
