//! Building a set: patterns are routed, distributed over shards and compiled side by side.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;

use super::groups::{distribute, Needs, Tables};
use super::route::Routing;
use super::shard::{Pass, Resolver, Section, Shard};
use super::{Entry, PatternSet};
use crate::alphabet::Limits;
use crate::confirm::listing::is_told;
use crate::confirm::Confirm;
use crate::error::BuildError;
use crate::pass::consumed::consumed;
#[cfg(feature = "simd")]
use crate::pass::forms::Runs;
use crate::pass::portable::PortablePass;
#[cfg(feature = "simd")]
use crate::pass::simd::{Budget, SimdPass};
use crate::pass::{Coverage, Known, Slot};
use crate::pattern::{
    decode, pack, CodePoints, Irregular, LoweredPattern, Node, MAX_EXCESS, MAX_WEIGHT,
};
use crate::stop::Stop;
use crate::workers::side_by_side;

/// Most instructions of all patterns of a set together.
///
/// 2,500 patterns of a real host have about 200,000. Ten million are minutes of compiling, and more than
/// the SIMD engine's 32-bit tables survive.
pub const MAX_INSTRUCTIONS: usize = 10_000_000;

/// Most automaton states that bounded repeats may add over symbols of several bytes: about what
/// [`MAX_EXCESS`] allows over those of one.
const MAX_WIDE_EXCESS: u64 = 4 * MAX_EXCESS;

/// Which pass to build.
///
/// ```
/// use gatecore::Backend;
///
/// assert!(Backend::available().contains(&Backend::Portable));
/// assert_eq!(Backend::called("simd"), Some(Backend::Simd));
/// assert_ne!(Backend::Auto.settle()?, Backend::Auto);
/// # Ok::<(), gatecore::BuildError>(())
/// ```
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

    /// Its name in the public interface.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Auto => "auto",
            Backend::Simd => "simd",
            Backend::Portable => "portable",
        }
    }

    /// The one of this name.
    pub fn called(name: &str) -> Option<Backend> {
        let all = [Backend::Auto, Backend::Simd, Backend::Portable];
        all.into_iter().find(|backend| backend.name() == name)
    }

    /// Chooses a pass for `Auto`, and checks that another is available.
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

/// What a set is built from. [`PatternSet`] has the example.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The patterns in order.
    pub patterns: Vec<LoweredPattern>,
    /// The class table to which programs refer.
    pub classes: Vec<CodePoints>,
    /// Unicode's word characters.
    pub words: CodePoints,
    /// ASCII's word characters.
    pub ascii_words: CodePoints,
    /// Which pass to build.
    pub backend: Backend,
}

impl PatternSet {
    /// Routes and compiles patterns. Takes seconds for thousands of them.
    pub fn build(spec: &Spec) -> Result<Self, BuildError> {
        Self::build_with(spec, Limits::default(), &Stop::never())
    }

    /// As [`PatternSet::build`], but another thread may stop it.
    ///
    /// Limits other than the default are for tests: every pattern that can be gets a wide alphabet, with so few
    /// short symbols.
    pub fn build_with(spec: &Spec, limits: Limits, stop: &Stop) -> Result<Self, BuildError> {
        let backend = spec.backend.settle()?;
        let size: usize =
            spec.patterns.iter().filter_map(|pattern| Some(pattern.program.as_ref()?.len())).sum();
        if size > MAX_INSTRUCTIONS {
            return Err(BuildError::TooLarge(format!(
                "{} patterns have {size} instructions together, the limit is {MAX_INSTRUCTIONS}",
                spec.patterns.len()
            )));
        }
        let nodes = spec.patterns.iter().map(|pattern| match &pattern.program {
            Some(program) => decode(program, spec.classes.len()),
            None => Ok(None),
        });
        let nodes: Vec<Option<Node>> = nodes.collect::<Result<_, _>>()?;
        let irregular =
            |node: &Option<Node>| node.as_ref().map_or(Some(Irregular::TooDeep), Node::irregular);
        let mut irregular: Vec<Option<Irregular>> = nodes.iter().map(irregular).collect();

        // Duplicates share the place of the first: compiling each would cost as much again.
        let mut first_of: HashMap<&[u32], usize> = HashMap::new();
        let same_as = spec.patterns.iter().enumerate().map(|(number, pattern)| {
            let program = pattern.program.as_ref();
            program.map_or(number, |program| *first_of.entry(program).or_insert(number))
        });
        let same_as: Vec<usize> = same_as.collect();
        let needs = nodes.iter().zip(&spec.patterns).enumerate();
        let needs = needs.filter(|(number, _)| same_as[*number] == *number);
        let needs = needs.filter_map(|(number, (node, pattern))| {
            let node = node.as_ref()?;
            Some((number as u32, Needs::of(node, pattern.caseless)))
        });
        let tables = Tables {
            classes: &spec.classes,
            words: &spec.words,
            ascii_words: &spec.ascii_words,
            limits,
        };
        let (groups, misfits) = distribute(needs.collect(), &tables);
        for &number in &misfits {
            irregular[number as usize].get_or_insert(Irregular::TooManyKinds);
        }

        let mut asked: Vec<Option<Cow<'_, Node>>> =
            nodes.iter().map(|node| node.as_ref().map(consumed)).collect();
        let mut places = vec![None; spec.patterns.len()];
        let mut known = vec![Known::of(Coverage::Blind); spec.patterns.len()];
        let mut shards = Vec::with_capacity(groups.len());
        for group in groups {
            let resolver = Resolver { alphabet: &group.alphabet, classes: &group.classes };
            for &number in &group.members {
                let (node, reason) = (&nodes[number as usize], &mut irregular[number as usize]);
                let wide = node.as_ref().and_then(|node| resolver.expanded(node));
                let seen = wide.as_ref().or(node.as_ref());
                if reason.is_none() && seen.is_some_and(|node| !is_told(node, &resolver)) {
                    *reason = Some(Irregular::TooManyKinds);
                }
                if let Some(wide) = wide {
                    if wide.excess() > MAX_WIDE_EXCESS || wide.weight() > MAX_WEIGHT {
                        reason.get_or_insert(Irregular::TooLarge);
                    }
                    asked[number as usize] = Some(Cow::Owned(consumed(&wide).into_owned()));
                }
            }
            let slots_of = |members: &[u32]| -> Vec<Slot<'_>> {
                let slot = |&number: &u32| Slot {
                    node: asked[number as usize]
                        .as_deref()
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
                        (Pass::Simd(Box::new(pass)), known)
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
            shards.push(Shard {
                alphabet: group.alphabet,
                classes: group.classes,
                sections,
                was_slow: AtomicBool::default(),
            });
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
}
