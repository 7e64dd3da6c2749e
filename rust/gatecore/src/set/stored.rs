//! A pattern set as bytes: compile once, load in milliseconds.
//!
//! ```text
//! "gatecore" · format · length of maker · maker · xxh3-64 of body · length of body · body
//! ```
//!
//! *Maker* names everything on which the body's meaning depends: the version of gatecore, the engine and its
//! version, the kind of processor, and what the caller adds (the interpreter and its Unicode tables).
//! Another maker is another version, a wrong checksum is damage; both are clear errors, and the body
//! is read only after both were checked.
//!
//! The checksum guards against accidents. A forger can write any checksum, and a compiled database is
//! as powerful as code: load sets only from places that you trust as you trust code.

use std::sync::atomic::AtomicBool;

#[cfg(feature = "simd")]
use gatecore_ffi::hyperscan::Error;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::shard::{Pass, Section, Shard};
use super::{Backend, Entry, PatternSet};
use crate::alphabet::Alphabet;
use crate::error::LoadError;
use crate::memory;
use crate::pass::portable::PortablePass;
#[cfg(feature = "simd")]
use crate::pass::simd::{SimdPass, StoredSimdPass};
use crate::pass::Coverage;

const MAGIC: &[u8; 8] = b"gatecore";
const FORMAT: u32 = 9;

/// More bytes than a pattern takes besides its source and its program.
const ENTRY: usize = 256;

/// Backend, patterns, shards: the body of a file.
type Body<P> = (String, P, Vec<StoredShard>);

#[derive(Serialize, Deserialize)]
struct StoredShard {
    alphabet: Alphabet,
    classes: Vec<u32>,
    sections: Vec<StoredSection>,
}

#[derive(Serialize, Deserialize)]
struct StoredSection {
    members: Vec<u32>,
    pass: StoredPass,
}

#[derive(Serialize, Deserialize)]
enum StoredPass {
    #[cfg(feature = "simd")]
    Simd(Box<StoredSimdPass>),
    #[cfg(not(feature = "simd"))]
    Simd,
    Portable(PortablePass),
}

/// What a stored set depends on besides its patterns. `caller` is added unchanged.
pub fn maker(backend: Backend, caller: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    #[cfg(feature = "simd")]
    if backend == Backend::Simd {
        // The engine's version text ends with its build date, which must not matter.
        let engine_version = gatecore_ffi::hyperscan::version();
        let engine_version = engine_version.split(' ').next().unwrap_or_default();
        let target = std::env::consts::ARCH;
        return format!("gatecore {version}, hyperscan {engine_version} for {target}, {caller}");
    }
    format!("gatecore {version}, {}, {caller}", backend.name())
}

impl PatternSet {
    /// The set as bytes. `caller` is checked again when they are read.
    ///
    /// # Errors
    /// [`LoadError::Damaged`] when the engine cannot serialize its database.
    pub fn to_bytes(&self, caller: &str) -> Result<Vec<u8>, LoadError> {
        let size = |entry: &Entry| ENTRY + entry.source.len() + entry.program.len();
        memory::headroom(self.patterns.iter().map(size).sum());
        let mut shards = Vec::with_capacity(self.shards.len());
        for shard in &self.shards {
            let mut sections = Vec::with_capacity(shard.sections.len());
            for section in &shard.sections {
                let pass = match &section.pass {
                    #[cfg(feature = "simd")]
                    Pass::Simd(pass) => {
                        StoredPass::Simd(Box::new(pass.to_stored().map_err(failed)?))
                    }
                    Pass::Portable(pass) => StoredPass::Portable(pass.copy()),
                };
                sections.push(StoredSection { members: section.members.clone(), pass });
            }
            shards.push(StoredShard {
                alphabet: shard.alphabet.clone(),
                classes: shard.classes.clone(),
                sections,
            });
        }
        let body: Body<&[Entry]> = (self.backend.name().to_owned(), &self.patterns, shards);
        let maker = maker(self.backend, caller);
        let mut bytes = memory::Writer::default();
        bytes.0.extend_from_slice(MAGIC);
        bytes.0.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.0.extend_from_slice(&(maker.len() as u32).to_le_bytes());
        bytes.0.extend_from_slice(maker.as_bytes());
        let sums = bytes.0.len();
        bytes.0.extend_from_slice(&[0; 16]);
        let memory::Writer(mut bytes) =
            postcard::to_io(&body, bytes).map_err(|error| damaged(&error.to_string()))?;
        let (head, body) = bytes.split_at_mut(sums + 16);
        head[sums..sums + 8].copy_from_slice(&xxh3_64(body).to_le_bytes());
        head[sums + 8..].copy_from_slice(&(body.len() as u64).to_le_bytes());
        Ok(bytes)
    }

    /// Reads what [`PatternSet::to_bytes`] wrote. Milliseconds for thousands of patterns.
    ///
    /// The bytes are trusted as code is: read them only from where you would run code from. Accidental
    /// damage is an error, but a forger can write correct checksums, and the engine then follows its own
    /// tables wherever they lead: one of 300 forgeries ended the process.
    ///
    /// # Errors
    /// [`LoadError`] for bytes that are foreign, of another version or damaged.
    pub fn from_bytes(bytes: &[u8], caller: &str) -> Result<Self, LoadError> {
        let mut reader = Reader(bytes);
        if reader.take(MAGIC.len()).map_err(|_| LoadError::Foreign)? != MAGIC {
            return Err(LoadError::Foreign);
        }
        let format = u32::from_le_bytes(reader.array()?);
        if format != FORMAT {
            return Err(LoadError::OtherVersion {
                found: format!("a gatecore of file format {format}"),
                expected: format!("format {FORMAT}"),
            });
        }
        let length = u32::from_le_bytes(reader.array()?) as usize;
        let found = String::from_utf8_lossy(reader.take(length)?).into_owned();
        let makers: Vec<String> =
            Backend::available().iter().map(|&backend| maker(backend, caller)).collect();
        if !makers.contains(&found) {
            return Err(LoadError::OtherVersion { found, expected: makers.join(" or ") });
        }
        let checksum = u64::from_le_bytes(reader.array()?);
        let length = u64::from_le_bytes(reader.array()?);
        if length != reader.0.len() as u64 {
            return Err(damaged("its length is wrong"));
        }
        if xxh3_64(reader.0) != checksum {
            return Err(damaged("its checksum is wrong"));
        }
        // The databases twice, and what patterns take besides their bytes.
        memory::headroom(3 * bytes.len() + (1 << 20));
        let body: Body<Vec<Entry>> =
            postcard::from_bytes(reader.0).map_err(|error| damaged(&error.to_string()))?;
        restore(body)
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], LoadError> {
        if count > self.0.len() {
            return Err(damaged("it is cut short"));
        }
        let (first, rest) = self.0.split_at(count);
        self.0 = rest;
        Ok(first)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], LoadError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }
}

fn damaged(what: &str) -> LoadError {
    LoadError::Damaged(what.to_owned())
}

#[cfg(feature = "simd")]
fn failed(error: Error) -> LoadError {
    match error {
        Error::Memory => memory::exhausted(),
        error => damaged(&error.to_string()),
    }
}

fn restore((backend, patterns, shards): Body<Vec<Entry>>) -> Result<PatternSet, LoadError> {
    let backend = Backend::called(&backend).filter(|wanted| Backend::available().contains(wanted));
    let backend = backend.ok_or_else(|| damaged("its engine is unknown"))?;
    let coverage: Vec<Coverage> = patterns.iter().map(|entry| entry.routing.coverage).collect();
    let shards = shards.into_iter().map(|shard| shard.restore(&coverage));
    let shards: Vec<Shard> = shards.collect::<Result<_, _>>()?;
    let is_placed = |entry: &Entry| match entry.place {
        Some((shard, section, slot)) => shards
            .get(shard as usize)
            .and_then(|shard| shard.sections.get(section as usize))
            .is_some_and(|section| (slot as usize) < section.members.len()),
        None => entry.routing.irregular.is_some(),
    };
    if !patterns.iter().all(is_placed) {
        return Err(damaged("a pattern has no place"));
    }
    Ok(PatternSet::of_parts(patterns, shards, backend))
}

impl StoredShard {
    fn restore(self, coverage: &[Coverage]) -> Result<Shard, LoadError> {
        if !self.alphabet.is_sound(self.classes.len()) {
            return Err(damaged("an alphabet is inconsistent"));
        }
        if self.sections.is_empty() {
            return Err(damaged("a shard has no section"));
        }
        let sections = self.sections.into_iter().map(|section| section.restore(coverage));
        let sections = sections.collect::<Result<_, _>>()?;
        let was_slow = AtomicBool::default();
        Ok(Shard { alphabet: self.alphabet, classes: self.classes, sections, was_slow })
    }
}

impl StoredSection {
    fn restore(self, coverage: &[Coverage]) -> Result<Section, LoadError> {
        let known = self.members.iter().map(|&member| coverage.get(member as usize).copied());
        let known: Option<Vec<Coverage>> = known.collect();
        let known = known.ok_or_else(|| damaged("a section has unknown members"))?;
        let pass = match self.pass {
            #[cfg(feature = "simd")]
            StoredPass::Simd(pass) => {
                Pass::Simd(Box::new(SimdPass::from_stored(*pass, &known).map_err(failed)?))
            }
            #[cfg(not(feature = "simd"))]
            StoredPass::Simd => return Err(damaged("its engine is unknown")),
            StoredPass::Portable(pass) if pass.is_sound(known.len()) => Pass::Portable(pass),
            StoredPass::Portable(_) => return Err(damaged("a pass is inconsistent")),
        };
        Ok(Section { members: self.members, pass })
    }
}
