//! A document on its way into symbols.
//!
//! Nearly all characters of nearly all documents are ASCII, whose symbols are looked up for 32 at once
//! ([`look_up`]), also where a document is not ASCII as a whole, and where some ASCII characters have long
//! symbols. 100,000 characters, beside one by one:
//!
//! ```text
//!                                            at once    one by one
//! ASCII, one byte a symbol                    10 µs        98 µs
//! ASCII, some of whose symbols are long       60 µs       450 µs
//! ```

use super::wide::Wide;
use super::{end_with_final_newline, Alphabet, Text, UNUSED};
use crate::memory;

/// Characters that are looked up together.
const BLOCK: usize = 2_048;

/// Of these the ones that are looked at one by one where one of them has to be.
const PART: usize = 16;

/// A document on its way into symbols, chunk by chunk: a caller that has to copy its characters need
/// not copy all of them at once. About 0.1 ns a character for ASCII and 0.3 ns for what is mostly that.
#[derive(Debug)]
pub struct Translation<'a> {
    alphabet: &'a Alphabet,
    symbols: Vec<u8>,
}

impl<'a> Translation<'a> {
    pub(super) fn new(alphabet: &'a Alphabet, length: usize) -> Self {
        Translation { alphabet, symbols: memory::with_capacity(length) }
    }

    /// What has been translated, of a document that goes on.
    pub fn symbols(&self) -> &[u8] {
        &self.symbols
    }

    /// Makes room for so many characters more, of one byte each.
    pub fn reserve(&mut self, characters: usize) {
        memory::reserve(&mut self.symbols, characters);
    }

    /// Adds the document's next characters.
    pub fn push(&mut self, text: Text<'_>) {
        let (alphabet, symbols) = (self.alphabet, &mut self.symbols);
        match (text, alphabet.wide.as_deref()) {
            (Text::Ascii(bytes), None) => {
                let mut seen = [0; BLOCK];
                for block in bytes.chunks(BLOCK) {
                    let seen = &mut seen[..block.len()];
                    look_up(alphabet.low(), block, seen);
                    memory::extend(symbols, seen);
                }
            }
            (Text::Utf32(bytes), None) => {
                let (mut low, mut seen) = ([0; BLOCK], [0; BLOCK]);
                for block in bytes.chunks(4 * BLOCK) {
                    let (low, seen) = (&mut low[..block.len() / 4], &mut seen[..block.len() / 4]);
                    narrow(block, low);
                    look_up(alphabet.low(), low, seen);
                    let parts = block.chunks(4 * PART).zip(low.chunks(PART));
                    for ((part, low), seen) in parts.zip(seen.chunks_mut(PART)) {
                        if !is_ascii(low) {
                            for (four, seen) in part.chunks_exact(4).zip(seen) {
                                *seen = alphabet.symbol(code_point::<4>(four));
                            }
                        }
                    }
                    memory::extend(symbols, seen);
                }
            }
            (Text::Ascii(bytes), Some(wide)) => {
                let mut seen = [0; BLOCK];
                for block in bytes.chunks(BLOCK) {
                    let seen = &mut seen[..block.len()];
                    look_up(wide.ascii(), block, seen);
                    push_wide::<1>(wide, symbols, block, block, seen);
                }
            }
            (Text::Utf32(bytes), Some(wide)) => {
                let (mut low, mut seen) = ([0; BLOCK], [0; BLOCK]);
                for block in bytes.chunks(4 * BLOCK) {
                    let (low, seen) = (&mut low[..block.len() / 4], &mut seen[..block.len() / 4]);
                    narrow(block, low);
                    look_up(wide.ascii(), low, seen);
                    push_wide::<4>(wide, symbols, block, low, seen);
                }
            }
        }
    }

    /// The document in symbols.
    pub fn finish(mut self) -> Vec<u8> {
        end_with_final_newline(&mut self.symbols);
        self.symbols
    }
}

/// Adds a block, of `WIDTH` bytes a character. `seen` are the symbols that its characters have if they are
/// ASCII, [`UNUSED`] for a long one; `low` says whether they are.
fn push_wide<const WIDTH: usize>(
    wide: &Wide,
    symbols: &mut Vec<u8>,
    block: &[u8],
    low: &[u8],
    seen: &[u8],
) {
    // What a block takes at most, and what the last entry of the table has beyond it.
    let mut taken = [0; 3 * BLOCK + 4];
    let mut at = 0;
    let seen = low.chunks(PART).zip(seen.chunks(PART));
    for (part, (low, seen)) in block.chunks(WIDTH * PART).zip(seen) {
        let has_long = any(seen, |symbol| symbol == UNUSED);
        if !has_long && is_ascii(low) {
            match (<&[u8; PART]>::try_from(seen), taken[at..].first_chunk_mut()) {
                (Ok(seen), Some(taken)) => *taken = *seen,
                _ => taken[at..at + seen.len()].copy_from_slice(seen),
            }
            at += seen.len();
            continue;
        }
        for character in part.chunks_exact(WIDTH) {
            let code = wide.code(code_point::<WIDTH>(character));
            // The fourth is the length, and where the next symbol begins at the latest.
            taken[at..at + 4].copy_from_slice(&code);
            at += usize::from(code[3]);
        }
    }
    memory::extend(symbols, &taken[..at]);
}

#[inline]
fn code_point<const WIDTH: usize>(character: &[u8]) -> u32 {
    match WIDTH {
        1 => u32::from(character[0]),
        _ => u32::from_le_bytes([character[0], character[1], character[2], character[3]]),
    }
}

fn is_ascii(low: &[u8]) -> bool {
    !any(low, |byte| byte >= 0x80)
}

/// Whether a byte of a part is so. Of a whole part the compiler makes a few instructions for all together.
#[inline]
fn any(part: &[u8], is_so: impl Fn(u8) -> bool + Copy) -> bool {
    match <&[u8; PART]>::try_from(part) {
        Ok(part) => part.iter().fold(false, |any, &byte| any | is_so(byte)),
        Err(_) => part.iter().any(|&byte| is_so(byte)),
    }
}

/// Writes for each character of four bytes its lowest byte, or if it is not ASCII one that is not either.
fn narrow(characters: &[u8], into: &mut [u8]) {
    #[cfg(feature = "simd")]
    gatecore_ffi::lookup::narrow(characters, into);
    #[cfg(not(feature = "simd"))]
    for (byte, four) in into.iter_mut().zip(characters.chunks_exact(4)) {
        *byte = u8::try_from(code_point::<4>(four)).unwrap_or(u8::MAX);
    }
}

/// Writes for each byte the entry of the table at its lower seven bits.
fn look_up(table: &[u8; 128], bytes: &[u8], into: &mut [u8]) {
    #[cfg(feature = "simd")]
    gatecore_ffi::lookup::look_up(table, bytes, into);
    #[cfg(not(feature = "simd"))]
    for (entry, byte) in into.iter_mut().zip(bytes) {
        *entry = table[usize::from(byte & 0x7F)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alphabet::{Limits, FINAL_NEWLINE, NEWLINE};
    use crate::pattern::CodePoints;

    /// The document one character at a time.
    fn one_by_one(alphabet: &Alphabet, code_points: &[u32]) -> Vec<u8> {
        let symbols = code_points.iter().flat_map(|&code_point| match alphabet.wide.as_deref() {
            None => vec![alphabet.symbol(code_point)],
            Some(wide) => {
                let code = wide.code(code_point);
                code[..usize::from(code[3])].to_vec()
            }
        });
        let mut symbols: Vec<u8> = symbols.collect();
        if let Some(last) = symbols.last_mut().filter(|last| **last == NEWLINE) {
            *last = FINAL_NEWLINE;
        }
        symbols
    }

    /// Texts of which none, few or most characters are not ASCII.
    fn texts() -> Vec<Vec<u32>> {
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        let mut texts = Vec::new();
        for length in [0, 1, 15, 16, 17, 31, 33, 64, 511, 2_047, 2_048, 2_049, 4_500] {
            for share in [0, 3, 900] {
                let mut text: Vec<u32> = (0..length)
                    .map(|_| match next() % 1_000 < share {
                        true => [0x80, 0xFF, 0x100, 0x212A, 0x4E00, 0x1F600][next() as usize % 6],
                        false => next() % 0x80,
                    })
                    .collect();
                texts.push(text.clone());
                if let Some(last) = text.last_mut() {
                    *last = u32::from(b'\n');
                    texts.push(text);
                }
            }
        }
        texts
    }

    #[test]
    fn together_characters_become_what_they_become_one_by_one() {
        let of = |flat: &[u32]| CodePoints::from_flat(flat).unwrap();
        let mut classes: Vec<CodePoints> =
            (0x21..0x7F).step_by(2).map(CodePoints::single).collect();
        classes.extend([
            of(&[0x80, 0x9F]),
            of(&[0xFF, 0x100]),
            of(&[0x212A, 0x212A, 0x4E00, 0x4E10]),
        ]);
        let classes: Vec<&CodePoints> = classes.iter().collect();
        let usage = vec![1; classes.len()];
        let few = Limits { singles: 9, leads: 9, trails: 9 };
        let alphabets = [
            Alphabet::new(&classes, None).unwrap(),
            Alphabet::wide(&classes, None, &usage, Limits::default()).unwrap(),
            Alphabet::wide(&classes, None, &usage, few).unwrap(),
        ];
        let mut longest = 0;
        for (alphabet, text) in alphabets
            .iter()
            .flat_map(|alphabet| texts().into_iter().map(move |text| (alphabet, text)))
        {
            let wanted = one_by_one(alphabet, &text);
            longest = longest.max(wanted.len() - text.len());
            let bytes: Vec<u8> = text.iter().flat_map(|point| point.to_le_bytes()).collect();
            assert_eq!(alphabet.translate(Text::Utf32(&bytes)), wanted);
            if text.iter().all(|&point| point < 0x80) {
                let bytes: Vec<u8> = text.iter().map(|&point| point as u8).collect();
                assert_eq!(alphabet.translate(Text::Ascii(&bytes)), wanted);
            }
        }
        assert!(longest > 1_000, "symbols of several bytes were meant to be met");
    }
}
