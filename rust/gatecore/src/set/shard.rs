//! Patterns that share an alphabet and so a translation and a pass.
//!
//! Most sets need one or two shards. Patterns are grouped so that their letters fall together:
//! caseless patterns make one symbol of `a` and `A`, which turns their words into plain literals.
//!
//! A shard's patterns may be in sections, each with a pass of its own that is run when one of its
//! patterns is first asked about. The document is translated once for all of them.

use std::sync::OnceLock;

use crate::alphabet::{Alphabet, ByteSet};
use crate::error::ScanError;
#[cfg(feature = "simd")]
use crate::pass::forms::Forms;
use crate::pass::portable::PortablePass;
#[cfg(feature = "simd")]
use crate::pass::simd::SimdPass;
use crate::pass::Reported;
use crate::pattern::classes::Resolve;
use crate::pattern::{ClassId, CodePoints, Look, Node};
use crate::stop::Stop;

/// An alphabet, the classes that it knows, the patterns over it and their pass.
#[derive(Debug)]
pub struct Shard {
    pub(crate) alphabet: Alphabet,
    /// Sorted; the position is the class's index in the alphabet.
    pub(crate) classes: Vec<u32>,
    /// The first is scanned at once.
    pub(crate) sections: Vec<Section>,
}

/// Patterns that are scanned together.
#[derive(Debug)]
pub struct Section {
    /// Pattern number of each slot.
    pub(crate) members: Vec<u32>,
    pub(crate) pass: Pass,
}

/// One of the two passes.
#[derive(Debug)]
pub enum Pass {
    /// Hyperscan.
    #[cfg(feature = "simd")]
    Simd(Box<SimdPass>),
    /// Pure Rust.
    Portable(PortablePass),
}

/// A document as one shard sees it.
#[derive(Debug)]
pub struct ShardScan {
    /// The document in symbols.
    pub symbols: Vec<u8>,
    #[cfg(feature = "simd")]
    forms: Forms,
    /// For each section the slots that may match, once it was scanned.
    sections: Box<[OnceLock<Reported>]>,
}

impl ShardScan {
    /// The slots of a section that may match; `None` if it was not scanned.
    #[inline]
    pub fn reported(&self, section: u32) -> Option<&Reported> {
        self.sections[section as usize].get()
    }
}

impl Shard {
    /// A document in this shard's symbols, and the pass over the first section.
    pub fn scan(&self, symbols: Vec<u8>, stop: &Stop) -> Result<ShardScan, ScanError> {
        let sections = self.sections.iter().map(|_| OnceLock::new()).collect();
        let scan = ShardScan {
            symbols,
            #[cfg(feature = "simd")]
            forms: Forms::default(),
            sections,
        };
        self.ensure(&scan, 0, stop)?;
        Ok(scan)
    }

    /// Runs the pass over a section, unless it was run. If another thread was faster, its result stays.
    pub fn ensure(&self, scan: &ShardScan, section: u32, stop: &Stop) -> Result<(), ScanError> {
        if scan.reported(section).is_some() {
            return Ok(());
        }
        let reported = match &self.sections[section as usize].pass {
            #[cfg(feature = "simd")]
            Pass::Simd(pass) => pass.scan(&scan.symbols, &scan.forms, stop)?,
            Pass::Portable(pass) => pass.scan(&scan.symbols, stop)?,
        };
        let _ = scan.sections[section as usize].set(reported);
        Ok(())
    }

    /// The classes of this shard over its symbols.
    pub fn resolver(&self) -> Resolver<'_> {
        Resolver { alphabet: &self.alphabet, classes: &self.classes }
    }
}

/// Looks classes up in an alphabet.
#[derive(Clone, Copy, Debug)]
pub struct Resolver<'a> {
    pub(crate) alphabet: &'a Alphabet,
    pub(crate) classes: &'a [u32],
}

impl Resolve for Resolver<'_> {
    fn class(&self, class: ClassId) -> ByteSet {
        match self.classes.binary_search(&class.0) {
            Ok(index) => self.alphabet.class(index),
            Err(_) => ByteSet::EMPTY,
        }
    }
}

/// What a pattern needs of its alphabet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Sorted, distinct.
    pub classes: Vec<u32>,
    pub boundaries: Boundaries,
    /// Only a hint for sorting: patterns of one case share letters.
    pub caseless: bool,
}

/// Which word boundaries a pattern has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Boundaries {
    None,
    Unicode,
    Ascii,
    /// Both: no alphabet serves them, so the pass drops them.
    Mixed,
}

impl Needs {
    pub fn of(node: &Node, caseless: bool) -> Self {
        let mut classes = Vec::new();
        let mut boundaries = Boundaries::None;
        node.walk(&mut |node| {
            let found = match node {
                Node::Class(class) => {
                    classes.push(class.0);
                    return;
                }
                Node::Look(Look::Boundary | Look::NotBoundary) => Boundaries::Unicode,
                Node::Look(Look::AsciiBoundary | Look::NotAsciiBoundary) => Boundaries::Ascii,
                _ => return,
            };
            boundaries = match boundaries {
                Boundaries::None => found,
                same if same == found => found,
                _ => Boundaries::Mixed,
            };
        });
        classes.sort_unstable();
        classes.dedup();
        Needs { classes, boundaries, caseless }
    }
}

/// Patterns that fit one alphabet, and that alphabet.
pub(crate) struct Group {
    pub members: Vec<u32>,
    pub classes: Vec<u32>,
    pub alphabet: Alphabet,
}

/// Distributes patterns over shards. Those that fit none are returned as the second part.
///
/// `patterns` are (pattern number, needs). Groups are tried whole; one that has too many kinds of
/// characters is split into patterns with and without `\b` (which leaves 63 symbols for word
/// characters), then in halves.
pub(crate) fn distribute(patterns: Vec<(u32, Needs)>, tables: &Tables) -> (Vec<Group>, Vec<u32>) {
    let mut queue: Vec<Vec<(u32, Needs)>> = Vec::new();
    for ascii in [false, true] {
        for caseless in [true, false] {
            let part = patterns.iter().filter(|(_, needs)| {
                needs.caseless == caseless && (needs.boundaries == Boundaries::Ascii) == ascii
            });
            queue.push(part.cloned().collect());
        }
    }
    queue.retain(|part| !part.is_empty());
    queue.reverse();

    let (mut groups, mut misfits) = (Vec::new(), Vec::new());
    while let Some(part) = queue.pop() {
        if let Some(group) = tables.fit(&part) {
            groups.push(group);
            continue;
        }
        if part.len() == 1 {
            misfits.push(part[0].0);
            continue;
        }
        let bounded = |entry: &(u32, Needs)| entry.1.boundaries != Boundaries::None;
        let (with, without): (Vec<_>, Vec<_>) = part.into_iter().partition(bounded);
        let halves = match (with.is_empty(), without.is_empty()) {
            (false, false) => [with, without],
            (true, _) => halve(without),
            (_, true) => halve(with),
        };
        queue.extend(halves.into_iter().rev());
    }
    (groups, misfits)
}

fn halve(mut part: Vec<(u32, Needs)>) -> [Vec<(u32, Needs)>; 2] {
    let second = part.split_off(part.len() / 2);
    [part, second]
}

/// The class table of a set and the interpreter's word characters.
pub(crate) struct Tables<'a> {
    pub classes: &'a [CodePoints],
    pub words: &'a CodePoints,
    pub ascii_words: &'a CodePoints,
}

impl Tables<'_> {
    fn fit(&self, part: &[(u32, Needs)]) -> Option<Group> {
        let mut classes: Vec<u32> =
            part.iter().flat_map(|(_, needs)| needs.classes.iter().copied()).collect();
        classes.sort_unstable();
        classes.dedup();
        let any = |kind| part.iter().any(|(_, needs)| needs.boundaries == kind);
        let words = if any(Boundaries::Unicode) {
            Some(self.words)
        } else if any(Boundaries::Ascii) {
            Some(self.ascii_words)
        } else {
            None
        };
        let sets: Vec<&CodePoints> =
            classes.iter().map(|&class| &self.classes[class as usize]).collect();
        let alphabet = Alphabet::new(&sets, words)?;
        let members = part.iter().map(|(number, _)| *number).collect();
        Some(Group { members, classes, alphabet })
    }
}
