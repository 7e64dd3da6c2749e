//! UTF-8 in which lone surrogates are encoded like other characters, as Python's `surrogatepass` writes it.

use crate::memory;

/// The same text in UTF-32, little-endian, of which there are at most this many characters.
pub fn utf32(mut bytes: &[u8], characters: usize) -> Vec<u8> {
    let mut wide = memory::with_capacity(4 * characters);
    while let [first, rest @ ..] = bytes {
        let (more, bits) = match first {
            0..0x80 => (0, *first),
            0x80..0xE0 => (1, first & 0x1F),
            0xE0..0xF0 => (2, first & 0x0F),
            0xF0.. => (3, first & 0x07),
        };
        let (tail, rest) = rest.split_at(more.min(rest.len()));
        let add = |character: u32, byte: &u8| character << 6 | u32::from(byte & 0x3F);
        wide.extend(tail.iter().fold(u32::from(bits), add).to_le_bytes());
        bytes = rest;
    }
    wide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_and_a_lone_surrogate() {
        let text = "a\u{7F}\u{80}ß\u{7FF}\u{800}€\u{FFFF}\u{10000}\u{10FFFF}";
        let wide: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        assert_eq!(utf32(text.as_bytes(), text.chars().count()), wide);
        assert_eq!(utf32(b"\xED\xA0\x80z", 2), [0x00, 0xD8, 0, 0, b'z', 0, 0, 0]);
        assert!(utf32(b"", 0).is_empty());
        assert_eq!(utf32(b"\xE2\x82", 1).len(), 4, "what is cut off does no harm");
    }
}
