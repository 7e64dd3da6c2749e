//! Keys that cannot collide: what an answer depends on, part by part, under a cryptographic digest.
//!
//! ```text
//!   message = for each part: length and kind (8 bytes) · the part itself, or the digest of a long one
//!   key     = BLAKE3(message)
//!   kind    = 1 bytes or ASCII · 8 UTF-8 · 2 and 4 bytes a character: lone surrogates, or very long
//! ```
//!
//! Lengths come first, so no two lists of parts have one message: `("ab", "c")` is not `("a", "bc")`.
//! A digest that is not cryptographic would be faster, but who makes two documents collide would have the
//! answer of one given for the other: a false negative.
//!
//! BLAKE3 hashes chunks of 1,024 bytes, four and more of them side by side, but only whole ones: 4,000
//! bytes take 3.2 µs and 4,096 take 1.4 (AVX-512; SHA-256 by SHA-NI takes 2.4 for either, and 57 µs for
//! 100,000 where BLAKE3 takes 17). So a long part is hashed apart, where it begins a chunk, and up to
//! [`PADDED`] bytes it is copied and filled up with zeros to four whole chunks, which takes 50 ns. Its length is
//! in the message, so the zeros are not mistaken for its own.

use std::cell::RefCell;

/// What an answer is found under.
pub type Key = [u8; 32];

/// Parts of so many bytes and more are hashed apart.
const LONG: usize = 1024;

/// Texts of more characters have four bytes a character, unless they are ASCII: then they need not be held
/// as a whole to know how many are needed.
pub const WIDE: usize = 1 << 16;

/// What is filled up with zeros: four chunks.
const FILL: usize = 4096;

/// The longest part that is copied to be filled up. Beyond it the rest after the last whole chunks is less
/// than a third of the time.
pub const PADDED: usize = 16 * 1024;

thread_local! {
    static SPACE: RefCell<[Vec<u8>; 3]> = const { RefCell::new([Vec::new(), Vec::new(), Vec::new()]) };
}

/// Makes one key, part by part.
///
/// ```
/// use gatecore::cache::Digester;
///
/// let key = |parts: &[&str]| {
///     let mut digester = Digester::new();
///     parts.iter().for_each(|part| digester.part(part.as_bytes()));
///     digester.finish()
/// };
/// assert_eq!(key(&["ab", "c"]), key(&["ab", "c"]));
/// assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
/// ```
#[derive(Debug)]
pub struct Digester {
    message: Vec<u8>,
    filled: Vec<u8>,
    narrowed: Vec<u8>,
}

impl Default for Digester {
    fn default() -> Self {
        Self::new()
    }
}

impl Digester {
    /// One without parts.
    pub fn new() -> Self {
        let [message, filled, narrowed] = SPACE.take();
        Digester { message, filled, narrowed }
    }

    /// Adds a part: bytes, or a text in ASCII.
    pub fn part(&mut self, bytes: &[u8]) {
        self.add(bytes, 1);
    }

    /// Adds a text that is not ASCII, of at most [`WIDE`] characters. What is ASCII is a [`Self::part`].
    pub fn encoded(&mut self, text: &str) {
        self.add(text.as_bytes(), 8);
    }

    /// Adds a text of at most [`WIDE`] characters that UTF-8 does not have, because lone surrogates are among
    /// them: two or four bytes each, as its largest needs.
    pub fn characters(&mut self, characters: &[u32]) {
        let all = characters.iter().fold(0, |all, character| all | character);
        let mut narrowed = std::mem::take(&mut self.narrowed);
        narrowed.clear();
        let width = if all <= 0xFFFF { 2 } else { 4 };
        narrowed.resize(width * characters.len(), 0);
        for (bytes, character) in narrowed.chunks_exact_mut(width).zip(characters) {
            bytes.copy_from_slice(&character.to_le_bytes()[..width]);
        }
        self.add(&narrowed, width as u8);
        self.narrowed = narrowed;
    }

    fn add(&mut self, bytes: &[u8], width: u8) {
        self.head(bytes.len(), width);
        if bytes.len() < LONG {
            self.message.extend_from_slice(bytes);
            return;
        }
        let digest = if bytes.len() > PADDED || bytes.len() % FILL == 0 {
            blake3::hash(bytes)
        } else {
            self.filled.clear();
            self.filled.extend_from_slice(bytes);
            self.filled.resize(bytes.len().next_multiple_of(FILL), 0);
            blake3::hash(&self.filled)
        };
        self.message.extend_from_slice(digest.as_bytes());
    }

    /// Adds a text that came in pieces, of more than [`WIDE`] characters that are not all ASCII.
    pub fn pieces(&mut self, part: &PartHasher) {
        self.head(part.length, 4);
        self.message.extend_from_slice(part.hasher.finalize().as_bytes());
    }

    fn head(&mut self, bytes: usize, width: u8) {
        let head = (bytes as u64) << 8 | u64::from(width);
        self.message.extend_from_slice(&head.to_le_bytes());
    }

    /// The key of all parts.
    pub fn finish(mut self) -> Key {
        let key = blake3::hash(&self.message).into();
        self.message.clear();
        SPACE.set([self.message, self.filled, self.narrowed]);
        key
    }
}

/// A long part, piece by piece.
#[derive(Debug, Default)]
pub struct PartHasher {
    hasher: blake3::Hasher,
    length: usize,
}

impl PartHasher {
    /// Adds characters.
    pub fn push(&mut self, characters: &[u32]) {
        // A buffer of one chunk each: the hasher takes 16 KB at once best.
        let mut buffer = [0; 16 * 1024];
        for stretch in characters.chunks(buffer.len() / 4) {
            for (bytes, character) in buffer.chunks_exact_mut(4).zip(stretch) {
                bytes.copy_from_slice(&character.to_le_bytes());
            }
            self.hasher.update(&buffer[..4 * stretch.len()]);
        }
        self.length += 4 * characters.len();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn key(parts: &[&[u8]]) -> Key {
        let mut digester = Digester::new();
        parts.iter().for_each(|part| digester.part(part));
        digester.finish()
    }

    #[test]
    fn no_two_lists_of_parts_share_a_key() {
        let mut seen = HashSet::new();
        let text = vec![0_u8; 40_000];
        let lengths = [0, 1, 2, 7, 8, 9, 31, 32, 33, 1023, 1024, 1025, 4095, 4096, 4097, 8192];
        let longer = [16_383, 16_384, 16_385, 20_480, 40_000];
        for length in lengths.into_iter().chain(longer) {
            // Zeros throughout: what is filled up is not mistaken for the text's own.
            assert!(seen.insert(key(&[&text[..length]])), "{length}");
            assert!(seen.insert(key(&[&text[..length], b""])), "{length} and an empty part");
            assert!(seen.insert(key(&[b"", &text[..length], b"x"])), "{length} in the middle");
        }
        assert!(seen.insert(key(&[])));
        assert_ne!(key(&[b"ab", b"c"]), key(&[b"a", b"bc"]));
        // A part is not what stands for another one in the message.
        let digest = blake3::hash(&text[..4096]);
        assert_ne!(key(&[digest.as_bytes()]), key(&[&text[..4096]]));
    }

    #[test]
    fn characters_of_any_width() {
        let key = |characters: &[u32]| {
            let mut digester = Digester::new();
            digester.characters(characters);
            digester.finish()
        };
        let (surrogates, astral) = ([0xD800, 0xDC00], [0x1_0000]);
        let all: [&[u32]; 9] = [
            &[],
            &[0x41],
            &[0x41, 0],
            &[0x41, 0, 0, 0],
            &[0x4100],
            &[0x41, 0x4100],
            &surrogates,
            &astral,
            &[0x10_FFFF, 0x41],
        ];
        let keys: HashSet<_> = all.iter().map(|characters| key(characters)).collect();
        assert_eq!(keys.len(), all.len());
    }

    #[test]
    fn pieces_make_one_text() {
        let text: Vec<u32> = (0..100_000_u32).map(|i| i % 0x3000).collect();
        let key = |size: usize| {
            let mut part = PartHasher::default();
            text.chunks(size).for_each(|piece| part.push(piece));
            let mut digester = Digester::new();
            digester.pieces(&part);
            digester.finish()
        };
        assert_eq!(key(777), key(WIDE));
        let bytes: Vec<u8> = text.iter().flat_map(|character| character.to_le_bytes()).collect();
        assert_ne!(key(777), super::tests::key(&[&bytes]));
    }
}
