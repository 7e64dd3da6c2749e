//! Where the symbols of a document begin that has symbols of several bytes.

use super::ByteSet;
use crate::memory;

/// From bytes to characters and back: a bit for each byte that begins a symbol, and how many do before each 64.
///
/// 0.2 bytes a byte. A document without a long symbol needs none.
#[derive(Debug)]
pub struct Places {
    begins: Vec<u64>,
    before: Vec<u32>,
    characters: usize,
    bytes: usize,
}

impl Places {
    /// Of a document in symbols; `inner` are the bytes that begin none.
    pub fn new(symbols: &[u8], inner: &ByteSet) -> Self {
        let mut is_first = [1u64; 256];
        inner.iter().for_each(|byte| is_first[usize::from(byte)] = 0);
        let words = symbols.len().div_ceil(64);
        let (mut begins, mut before) = (memory::with_capacity(words), memory::with_capacity(words));
        let mut characters = 0;
        for stretch in symbols.chunks(64) {
            let bits =
                stretch.iter().zip(0..).map(|(&byte, bit)| is_first[usize::from(byte)] << bit);
            let word = bits.fold(0, |all, bit| all | bit);
            before.push(characters);
            begins.push(word);
            characters += word.count_ones();
        }
        Places { begins, before, characters: characters as usize, bytes: symbols.len() }
    }

    /// Number of characters.
    pub fn len(&self) -> usize {
        self.characters
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.characters == 0
    }

    /// Bytes that it takes.
    pub fn size(&self) -> usize {
        self.begins.len() * 12
    }

    /// The number of the character that begins at a byte; of all characters for the document's end.
    pub fn character(&self, byte: usize) -> usize {
        match self.begins.get(byte / 64) {
            Some(word) => {
                let earlier = word & ((1 << (byte % 64)) - 1);
                self.before[byte / 64] as usize + earlier.count_ones() as usize
            }
            None => self.characters,
        }
    }

    /// Where a character begins; the document's end for what is beyond.
    pub fn byte(&self, character: usize) -> usize {
        if character >= self.characters {
            return self.bytes;
        }
        let number = self.before.partition_point(|&before| before as usize <= character) - 1;
        let mut word = self.begins[number];
        for _ in self.before[number] as usize..character {
            word &= word - 1;
        }
        number * 64 + word.trailing_zeros() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_are_counted_as_one_by_one() {
        let inner: ByteSet = [b't', b'm'].into_iter().collect();
        let mut symbols: Vec<u8> = Vec::new();
        for length in [0, 1, 2, 3, 63, 64, 65, 500] {
            symbols.clear();
            for number in 0..length {
                symbols.extend([&b"s"[..], b"lt", b"kmt"][(number * number + number / 3) % 3]);
            }
            let places = Places::new(&symbols, &inner);
            let begins: Vec<usize> =
                (0..symbols.len()).filter(|&at| !inner.contains(symbols[at])).collect();
            assert_eq!((places.len(), places.is_empty()), (length, length == 0));
            for (character, &byte) in begins.iter().chain([&symbols.len()]).enumerate() {
                assert_eq!(places.character(byte), character);
                assert_eq!(places.byte(character), byte);
            }
            assert_eq!(places.byte(length + 1), symbols.len());
        }
    }
}
