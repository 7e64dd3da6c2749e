//! Finding a pattern in a set: by its source and flags, or by the keyword that it stands for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{PatternId, PatternSet};
use crate::pattern::literal::{key_flags, literal};

/// Longest keyword that is remembered as absent, in bytes: longer ones are sentences.
const LONGEST: usize = 256;

/// Most keywords that are remembered as absent.
const MOST_ABSENT: usize = 1_000;

/// A set with its number in this process and its patterns by what they are asked for.
#[derive(Debug)]
pub struct SharedSet {
    /// The patterns.
    pub set: PatternSet,
    /// Never 0.
    pub id: u32,
    index: OnceLock<HashMap<(Vec<u8>, u32), PatternId>>,
    keywords: OnceLock<HashMap<String, PatternId>>,
    absent: Absent,
}

/// What a set has of a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    /// The pattern that is this keyword and nothing else.
    Pattern(PatternId),
    /// None, and whether that is news.
    Absent(News),
}

/// Whether it is news that a document was asked for a keyword which the set does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It is not.
    None,
    /// No document was before.
    First,
    /// One other document was. A document that lies where the first one did is not told from it,
    /// so this may come late.
    Again,
}

impl SharedSet {
    /// A set, numbered.
    pub fn new(set: PatternSet) -> Arc<Self> {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        let (index, keywords) = (OnceLock::new(), OnceLock::new());
        Arc::new(SharedSet { set, id, index, keywords, absent: Absent::default() })
    }

    /// The number of a pattern, the first if it is there twice.
    pub fn index(&self, source: Vec<u8>, flags: u32) -> Option<PatternId> {
        let index = self.index.get_or_init(|| {
            let mut index = HashMap::with_capacity(self.set.len());
            for id in self.set.ids() {
                let (source, flags) = self.set.pattern(id);
                index.entry((source.to_vec(), key_flags(flags))).or_insert(id);
            }
            index
        });
        index.get(&(source, key_flags(flags))).copied()
    }

    /// What the set has of a keyword; `document` is where the one that is asked lies.
    #[inline]
    pub fn keyword(&self, keyword: &str, document: usize) -> Keyword {
        let keywords = self.keywords.get_or_init(|| {
            let plain = self.set.ids().rev().filter(|&id| key_flags(self.set.pattern(id).1) == 0);
            plain.filter_map(|id| Some((literal(self.set.pattern(id).0)?, id))).collect()
        });
        match keywords.get(keyword) {
            Some(&id) => Keyword::Pattern(id),
            None => Keyword::Absent(self.absent.news(keyword, document)),
        }
    }
}

/// Keywords that were asked for and are not there, so that each is learned once: with the document that
/// was asked first, and 0 once another was.
#[derive(Debug, Default)]
struct Absent(Mutex<HashMap<String, usize>>);

impl Absent {
    fn news(&self, keyword: &str, document: usize) -> News {
        if !(1..=LONGEST).contains(&keyword.len()) {
            return News::None;
        }
        let mut absent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = absent.len() < MOST_ABSENT;
        match absent.get_mut(keyword) {
            Some(first) if *first == 0 || *first == document => News::None,
            Some(first) => {
                *first = 0;
                News::Again
            }
            None if has_room => {
                absent.insert(keyword.to_owned(), document);
                News::First
            }
            None => News::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_keyword_is_news_twice() {
        let absent = Absent::default();
        let asked = [8, 8, 16, 8, 24].map(|document| absent.news("risk", document));
        assert_eq!(asked, [News::First, News::None, News::Again, News::None, News::None]);
        assert_eq!(absent.news("", 8), News::None);
        assert_eq!(absent.news(&"x".repeat(LONGEST + 1), 8), News::None);
        for number in 1..MOST_ABSENT {
            assert_eq!(absent.news(&number.to_string(), 8), News::First);
        }
        assert_eq!(absent.news("one too many", 8), News::None);
        assert_eq!(absent.news("1", 16), News::Again);
    }
}
