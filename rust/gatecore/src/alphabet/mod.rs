//! One byte per character: the alphabet in which a document is scanned and its offsets are Python's.
//!
//! The patterns of a set tell only a few kinds of characters apart. Every class cuts the code points in
//! two; together they cut them into *kinds*, and each kind gets one byte, its *symbol*:
//!
//! ```text
//! classes     \s   [a-c]   £ $      (a set of code points each)
//! kinds       ␠    a b c   £ $  …   everything else
//! document    "a £5"  →  symbols 61 20 81 80      one byte a character, offsets unchanged
//! ```
//!
//! Over symbols every class is a set of bytes, so engines need no Unicode of their own, and what
//! `\w`, `\s`, `.` or IGNORECASE mean is exactly what the running interpreter says.
//!
//! Two details make zero-width conditions exact as well:
//! - Engines know `\b` for ASCII words. Kinds of word characters get the 63 bytes `[0-9A-Za-z_]` and
//!   no others do, so an engine's `\b` between symbols is Python's `\b` between characters.
//! - `$` looks past a final newline. That newline alone becomes [`FINAL_NEWLINE`], which every class
//!   that holds the newline holds too; "before the last newline" is then "before that byte".
//!   Which bytes the two newlines are is chosen for the engine that confirms: see [`UNUSED`].
//!
//! Patterns that need more kinds get symbols of one to three bytes: `wide` has them, [`Places`] the way back
//! to characters. Engines see bytes either way.

mod byte_set;
mod kinds;
mod places;
mod translation;
mod wide;
#[cfg(test)]
mod wide_tests;

use serde::{Deserialize, Serialize};

pub use byte_set::ByteSet;
pub use places::Places;
pub use translation::Translation;
pub use wide::Limits;

use crate::pattern::{ClassId, CodePoints, Node, CODE_POINTS};
use kinds::{Kinds, BLOCK};
use wide::Wide;

/// The symbol of a newline that is not the document's last character: to regex-automata its line
/// terminator, after which `(?m:^)` holds and before which `(?m:$)` does.
pub const NEWLINE: u8 = 0x0B;

/// The symbol of a newline that is the document's last character: to regex-automata the carriage
/// return, next to which its CRLF-aware conditions hold.
pub const FINAL_NEWLINE: u8 = b'\r';

/// The byte that is never a symbol. regex-automata 0.4.19 takes `\n` for a line terminator where it starts
/// to search backwards, whatever terminator is set, and so do its CRLF-aware conditions. Without that
/// byte the CRLF-aware condition alone says "before the last newline", and its lazy DFAs serve `$` at 2 ns
/// a character; its NFA engines take 12, and 60 where the text is longer than their memory.
pub const UNUSED: u8 = b'\n';

/// A document's characters, as the caller has them. They are not copied.
///
/// ```
/// use gatecore::Text;
///
/// let wide: Vec<u8> = "£5".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
/// assert_eq!(Text::Utf32(&wide).len(), Text::Ascii(b"#5").len());
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Text<'a> {
    /// Every character is below U+0080.
    Ascii(&'a [u8]),
    /// Four bytes a character, little-endian; lone surrogates are allowed.
    Utf32(&'a [u8]),
}

impl Text<'_> {
    /// Number of characters.
    pub fn len(&self) -> usize {
        match self {
            Text::Ascii(bytes) => bytes.len(),
            Text::Utf32(bytes) => bytes.len() / 4,
        }
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The kinds of characters that some classes tell apart, and the byte of each kind.
///
/// ```
/// use gatecore::alphabet::Alphabet;
/// use gatecore::{CodePoints, Text};
///
/// let vowels = CodePoints::from_flat(&[97, 97, 101, 101])?;
/// let alphabet = Alphabet::new(&[&vowels], None).expect("three kinds are few");
/// let symbols = alphabet.translate(Text::Ascii(b"hear"));
/// let in_class = symbols.iter().map(|&symbol| alphabet.class(0).contains(symbol));
/// assert_eq!(in_class.collect::<Vec<_>>(), [false, true, true, false]);
/// # Ok::<(), gatecore::BuildError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Alphabet {
    /// For every 256 code points the block of `table` that holds their symbols.
    blocks: Vec<u16>,
    /// Symbols, 256 a block; equal blocks are stored once.
    #[serde(with = "serde_bytes")]
    table: Vec<u8>,
    /// What each class is over the symbols, in the order given to [`Alphabet::new`]. In a wide alphabet the
    /// sets of bytes of which [`Alphabet::expand`] makes patterns.
    classes: Vec<ByteSet>,
    /// The symbols in use; in a wide alphabet the bytes.
    symbols: ByteSet,
    /// For symbols of several bytes; then the tables above are empty.
    wide: Option<Box<Wide>>,
}

impl Alphabet {
    /// Finds the kinds that `classes` tell apart. `words` are the word characters of `\b`.
    ///
    /// `None` when there are more kinds than bytes: 63 of word characters and 190 of others with
    /// `words`, 253 without, and the newline.
    pub fn new(classes: &[&CodePoints], words: Option<&CodePoints>) -> Option<Self> {
        let newline = CodePoints::single(u32::from(b'\n'));
        let sets: Vec<&CodePoints> =
            classes.iter().copied().chain([words.unwrap_or(&newline), &newline]).collect();
        let kinds = Kinds::of(&sets, usize::from(u8::MAX) + 1)?;
        let symbol_of = assign(&kinds, words.map(|words| kinds.are_in(words)).as_deref())?;

        let mut symbols: ByteSet = symbol_of.iter().copied().collect();
        symbols.insert(FINAL_NEWLINE);
        let classes = classes
            .iter()
            .map(|class| {
                let members = kinds.within(class).into_iter();
                let mut set: ByteSet = members.map(|kind| symbol_of[kind as usize]).collect();
                if set.contains(NEWLINE) {
                    set.insert(FINAL_NEWLINE);
                }
                set
            })
            .collect();
        let (blocks, table) = kinds.table(&symbol_of);
        Some(Alphabet { blocks, table, classes, symbols, wide: None })
    }

    /// As [`Alphabet::new`], with symbols of one to three bytes. `usage` says how often each class is used.
    /// `None` when there are more kinds than 40,000.
    pub fn wide(
        classes: &[&CodePoints],
        words: Option<&CodePoints>,
        usage: &[u32],
        limits: Limits,
    ) -> Option<Self> {
        let (wide, classes, symbols) = Wide::new(classes, words, usage, limits)?;
        let (blocks, table, wide) = (Vec::new(), Vec::new(), Some(Box::new(wide)));
        Some(Alphabet { blocks, table, classes, symbols, wide })
    }

    /// A pattern over the sets of bytes of a wide alphabet; `number` tells a class's number among those given
    /// to [`Alphabet::wide`]. `None` if the alphabet has one byte a symbol, over which a pattern reads as it is.
    pub(crate) fn expand(
        &self,
        node: &Node,
        number: &dyn Fn(ClassId) -> Option<usize>,
    ) -> Option<Node> {
        self.wide.as_ref().map(|wide| wide.expand(node, number))
    }

    /// Whether symbols may have several bytes.
    pub fn is_wide(&self) -> bool {
        self.wide.is_some()
    }

    /// Where the characters of a document begin in its symbols.
    pub fn places(&self, symbols: &[u8]) -> Places {
        let none = ByteSet::EMPTY;
        Places::new(symbols, self.wide.as_ref().map_or(&none, |wide| wide.inner()))
    }

    /// What the `index`-th class given to [`Alphabet::new`] is over the symbols.
    pub fn class(&self, index: usize) -> ByteSet {
        self.classes[index]
    }

    /// The symbols in use. A document holds no other byte.
    pub fn symbols(&self) -> ByteSet {
        self.symbols
    }

    /// A document in symbols.
    pub fn translate(&self, text: Text<'_>) -> Vec<u8> {
        let mut translation = self.translation(text.len());
        translation.push(text);
        translation.finish()
    }

    /// Starts to translate a document of `length` characters, with room for all of it.
    pub fn translation(&self, length: usize) -> Translation<'_> {
        Translation::new(self, length)
    }

    /// The symbols of the ASCII characters, where each is one byte.
    fn low(&self) -> &[u8; 0x80] {
        let begin = usize::from(self.blocks[0]) * BLOCK;
        self.table[begin..].first_chunk().expect("a block holds 256")
    }

    #[inline]
    fn symbol(&self, code_point: u32) -> u8 {
        let code_point = code_point as usize;
        let block = self.blocks.get(code_point / BLOCK).copied().unwrap_or(0);
        self.table[usize::from(block) * BLOCK + code_point % BLOCK]
    }

    /// Whether tables that were read from a file are consistent, so that every look-up stays in bounds.
    pub fn is_sound(&self, classes: usize) -> bool {
        if let Some(wide) = &self.wide {
            return wide.is_sound(classes, self.classes.len());
        }
        self.classes.len() == classes
            && self.blocks.len() == CODE_POINTS as usize / BLOCK
            && self.table.len() % BLOCK == 0
            && self.blocks.iter().all(|&block| usize::from(block) < self.table.len() / BLOCK)
    }
}

/// Whether a symbol is a word character to an engine's `\b`.
pub(crate) fn is_word_symbol(symbol: u8) -> bool {
    symbol.is_ascii_alphanumeric() || symbol == b'_'
}

/// Gives a newline at the end its own symbol.
pub(crate) fn end_with_final_newline(symbols: &mut [u8]) {
    if let Some(last) = symbols.last_mut() {
        if *last == NEWLINE {
            *last = FINAL_NEWLINE;
        }
    }
}

/// Gives each kind a byte: its own ASCII value where that fits, else the next that is free and fits.
/// `words` says of each kind whether it is of word characters, if `\b` has to tell them apart.
///
/// Keeping ASCII where possible costs nothing and makes `explain` and debuggers readable.
fn assign(kinds: &Kinds, words: Option<&[bool]>) -> Option<Vec<u8>> {
    let fits = |kind: usize, byte: u8| {
        let is_word = words.map(|words| words[kind]);
        ![NEWLINE, FINAL_NEWLINE, UNUSED].contains(&byte)
            && is_word.is_none_or(|is| is == is_word_symbol(byte))
    };
    let own = |(kind, &first): (usize, &u32)| match u8::try_from(first) {
        Ok(b'\n') => Some(NEWLINE),
        Ok(byte) => Some(byte).filter(|&byte| byte.is_ascii() && fits(kind, byte)),
        Err(_) => None,
    };
    let owned: Vec<Option<u8>> = kinds.first.iter().enumerate().map(own).collect();
    let mut free: Vec<u8> = (0..=u8::MAX).filter(|&byte| !owned.contains(&Some(byte))).collect();
    let next = |(kind, own): (usize, Option<u8>)| {
        own.or_else(|| Some(free.remove(free.iter().position(|&byte| fits(kind, byte))?)))
    };
    owned.into_iter().enumerate().map(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(flat: &[u32]) -> CodePoints {
        CodePoints::from_flat(flat).unwrap()
    }

    fn utf32(text: &[u32]) -> Vec<u8> {
        text.iter().flat_map(|code_point| code_point.to_le_bytes()).collect()
    }

    #[test]
    fn a_symbol_is_in_a_class_exactly_when_its_character_is() {
        let classes = [
            set(&[9, 13, 28, 32, 0xA0, 0xA0]),
            set(&[0x61, 0x63]),
            set(&[0xA3, 0xA3]),
            set(&[0, 9, 11, 0x10FFFF]),
            set(&[0xD800, 0xDFFF]),
        ];
        let borrowed: Vec<&CodePoints> = classes.iter().collect();
        let words = set(&[0x30, 0x39, 0x41, 0x5A, 0x5F, 0x5F, 0x61, 0x7A, 0xB2, 0xB3]);
        let alphabet = Alphabet::new(&borrowed, Some(&words)).unwrap();
        assert!(alphabet.is_sound(classes.len()));
        for code_point in 0..CODE_POINTS {
            let text = utf32(&[code_point, 0]);
            let symbol = alphabet.translate(Text::Utf32(&text))[0];
            for (index, class) in classes.iter().enumerate() {
                let member =
                    class.ranges().iter().any(|&(lo, hi)| lo <= code_point && code_point <= hi);
                assert_eq!(alphabet.class(index).contains(symbol), member, "{code_point:x}");
            }
            let word = words.ranges().iter().any(|&(lo, hi)| lo <= code_point && code_point <= hi);
            assert_eq!(is_word_symbol(symbol), word, "{code_point:x}");
        }
    }

    #[test]
    fn only_a_last_newline_is_the_final_newline() {
        let any = set(&[0, 0x10FFFF]);
        let alphabet = Alphabet::new(&[&any], None).unwrap();
        let symbols = alphabet.translate(Text::Ascii(b"a\r\n\n"));
        assert_eq!(symbols[2..], [NEWLINE, FINAL_NEWLINE]);
        assert_ne!(symbols[1], FINAL_NEWLINE);
        assert!(alphabet.class(0).contains(FINAL_NEWLINE));
        assert!(alphabet.translate(Text::Ascii(b"")).is_empty());
    }

    #[test]
    fn both_forms_of_a_text_translate_alike() {
        let letters: Vec<CodePoints> = (97..123).map(CodePoints::single).collect();
        let borrowed: Vec<&CodePoints> = letters.iter().collect();
        let alphabet = Alphabet::new(&borrowed, None).unwrap();
        let text = b"hello, world\n";
        let wide = utf32(&text.map(u32::from));
        assert_eq!(alphabet.translate(Text::Ascii(text)), alphabet.translate(Text::Utf32(&wide)));
    }

    #[test]
    fn too_many_kinds_do_not_fit() {
        let many: Vec<CodePoints> = (0x4E00..0x4E00 + 300).map(CodePoints::single).collect();
        let borrowed: Vec<&CodePoints> = many.iter().collect();
        assert!(Alphabet::new(&borrowed, None).is_none());
        assert!(Alphabet::new(&borrowed[..252], None).is_some());
        assert!(Alphabet::new(&borrowed[..253], None).is_none(), "253, the others, the newline");
        let words = set(&[0x4E00, 0x9FFF]);
        assert!(Alphabet::new(&borrowed[..63], Some(&words)).is_none(), "63 and the other words");
        assert!(Alphabet::new(&borrowed[..62], Some(&words)).is_some());
    }
}
