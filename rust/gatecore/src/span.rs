//! A place in a document, in characters.

/// Start and end of a match in characters, end exclusive. Documents are limited to 2³² - 1 characters.
///
/// ```
/// let span = gatecore::Span::new(3, 7);
/// assert_eq!((span.start(), span.end(), span.len()), (3, 7, 4));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// A span; `start <= end`, both within a document that was accepted for scanning.
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end && end <= u32::MAX as usize);
        Span { start: start as u32, end: end as u32 }
    }

    /// First character.
    pub fn start(&self) -> usize {
        self.start as usize
    }

    /// One past the last character.
    pub fn end(&self) -> usize {
        self.end as usize
    }

    /// The same span of a text with `offset` more characters in front.
    pub(crate) fn moved(self, offset: usize) -> Self {
        Span::new(self.start() + offset, self.end() + offset)
    }

    /// Number of characters.
    pub fn len(&self) -> usize {
        self.end() - self.start()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }
}
