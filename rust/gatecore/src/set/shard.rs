//! Patterns that share an alphabet and so a translation and a pass.
//!
//! Most sets need one or two shards. Patterns are grouped so that their letters fall together:
//! caseless patterns make one symbol of `a` and `A`, which turns their words into plain literals.
//!
//! A shard's patterns may be in sections, each with a pass of its own that is run when one of its
//! patterns is first asked about. The document is translated once for all of them.

use std::sync::atomic::AtomicBool;
use std::sync::OnceLock;

use crate::alphabet::{Alphabet, ByteSet, Places};
use crate::error::ScanError;
#[cfg(feature = "simd")]
use crate::pass::forms::Forms;
use crate::pass::portable::PortablePass;
#[cfg(feature = "simd")]
use crate::pass::simd::SimdPass;
use crate::pass::{Begins, Reported};
use crate::pattern::classes::Resolve;
use crate::pattern::{ClassId, Node};
use crate::stop::Stop;

/// An alphabet, the classes that it knows, the patterns over it and their pass.
#[derive(Debug)]
pub struct Shard {
    pub(crate) alphabet: Alphabet,
    /// Sorted; the position is the class's index in the alphabet.
    pub(crate) classes: Vec<u32>,
    /// The first is scanned at once.
    pub(crate) sections: Vec<Section>,
    /// Whether a pass ever took long.
    pub(crate) was_slow: AtomicBool,
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
    /// Where its characters begin, unless each is one byte: made when first asked for.
    places: Option<Box<OnceLock<Places>>>,
    #[cfg(feature = "simd")]
    forms: Forms,
    /// For each section the slots that may match, once it was scanned.
    sections: Box<[OnceLock<Reported>]>,
    /// For each section where their matches may begin, once that was asked for.
    begins: Box<[OnceLock<Vec<Begins>>]>,
}

impl ShardScan {
    /// Bytes that it keeps.
    pub fn size(&self) -> usize {
        let places = self.places.as_ref().and_then(|places| places.get());
        let begins = self.begins.iter().filter_map(OnceLock::get);
        let begins = begins.map(|begins| size_of_val(&begins[..]));
        self.symbols.len() + places.map_or(0, Places::size) + begins.sum::<usize>()
    }

    /// Where the document's characters begin, unless each is one byte.
    #[inline]
    pub fn places(&self, shard: &Shard) -> Option<&Places> {
        let places = self.places.as_ref()?;
        Some(places.get_or_init(|| shard.alphabet.places(&self.symbols)))
    }

    /// Where the matches of a slot may begin, ascending; empty if that is not known.
    pub fn begins(&self, section: u32, slot: u32) -> &[Begins] {
        let all = self.begins[section as usize].get().map_or(&[][..], Vec::as_slice);
        let from = all.partition_point(|begins| begins.slot < slot);
        let count = all[from..].partition_point(|begins| begins.slot == slot);
        &all[from..from + count]
    }

    /// The slots of a section that may match; `None` if it was not scanned.
    #[inline]
    pub fn reported(&self, section: u32) -> Option<&Reported> {
        self.sections[section as usize].get()
    }
}

impl Shard {
    /// A document in this shard's symbols, and the pass over the first section.
    ///
    /// # Panics
    /// If it does not have so many characters, where each is one byte.
    pub fn scan(
        &self,
        symbols: Vec<u8>,
        length: usize,
        stop: &Stop,
    ) -> Result<ShardScan, ScanError> {
        let is_long = symbols.len() != length;
        assert!(!is_long || self.alphabet.is_wide(), "a translation of another document");
        if u32::try_from(symbols.len()).is_err() {
            return Err(ScanError::TooLarge(length));
        }
        let sections = self.sections.iter().map(|_| OnceLock::new()).collect();
        let scan = ShardScan {
            symbols,
            places: is_long.then(Box::default),
            #[cfg(feature = "simd")]
            forms: Forms::default(),
            sections,
            begins: self.sections.iter().map(|_| OnceLock::new()).collect(),
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

    /// Looks where the matches of a section's slots may begin, as far as its pass tells.
    pub fn find_begins(&self, scan: &ShardScan, section: u32) {
        scan.begins[section as usize].get_or_init(|| {
            match (&self.sections[section as usize].pass, scan.reported(section)) {
                #[cfg(feature = "simd")]
                (Pass::Simd(pass), Some(reported)) => {
                    pass.begins(&scan.symbols, &scan.forms, reported).unwrap_or_default()
                }
                _ => Vec::new(),
            }
        });
    }

    /// The classes of this shard over its symbols.
    pub fn resolver(&self) -> Resolver<'_> {
        Resolver { alphabet: &self.alphabet, classes: &self.classes }
    }
}

/// Looks classes up in an alphabet; in a wide one those of the patterns that it has expanded.
#[derive(Clone, Copy, Debug)]
pub struct Resolver<'a> {
    pub(crate) alphabet: &'a Alphabet,
    pub(crate) classes: &'a [u32],
}

impl Resolver<'_> {
    /// A pattern as engines read it over a wide alphabet; `None` if that is as it stands.
    pub fn expanded(&self, node: &Node) -> Option<Node> {
        let number = |class: ClassId| self.classes.binary_search(&class.0).ok();
        self.alphabet.expand(node, &number)
    }
}

impl Resolve for Resolver<'_> {
    fn class(&self, class: ClassId) -> ByteSet {
        if self.alphabet.is_wide() {
            return self.alphabet.class(class.0 as usize);
        }
        match self.classes.binary_search(&class.0) {
            Ok(index) => self.alphabet.class(index),
            Err(_) => ByteSet::EMPTY,
        }
    }
}
