//! What entries were made of, and how a name of that makes all of them worthless at once.
//!
//! ```text
//!   tag "module:gdpr_uk" ──▶ generation ◀── entry, entry, a computation that is under way
//!   invalidate: the tag loses its generation, which is marked dead; the next to ask gets a new one
//! ```
//!
//! An entry is worth something as long as none of its generations is dead, which is looked at each time
//! it is asked for. A computation holds its generations from its beginning on, so what was invalidated in
//! the meantime is dead on arrival, without a race. Generations also list their entries, which are taken
//! out at once, as they take room.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Entries by number; a key may have had several.
type Members = HashMap<u64, Arc<[u8]>>;

/// A generation and how many hold it.
type Held = (Arc<Generation>, usize);

#[derive(Debug)]
struct Generation {
    name: Box<str>,
    is_dead: AtomicBool,
    members: Mutex<Members>,
}

/// The generation of each tag that somebody holds.
#[derive(Debug, Default)]
pub struct Tags {
    current: Mutex<HashMap<Box<str>, Held>>,
    /// Of all entries, whatever their tags.
    epoch: AtomicU64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tags {
    /// Holds the present generation of each of these.
    pub fn hold<'a>(self: &Arc<Self>, names: impl IntoIterator<Item = &'a str>) -> Hold {
        let epoch = self.epoch.load(Ordering::SeqCst);
        let mut generations: Vec<Arc<Generation>> = Vec::new();
        let mut names = names.into_iter().peekable();
        if names.peek().is_some() {
            let mut current = locked(&self.current);
            for name in names {
                if generations.iter().any(|generation| &*generation.name == name) {
                    continue;
                }
                if !current.contains_key(name) {
                    let generation = Arc::new(Generation {
                        name: name.into(),
                        is_dead: AtomicBool::new(false),
                        members: Mutex::default(),
                    });
                    current.insert(name.into(), (generation, 0));
                }
                let (generation, holders) = current.get_mut(name).expect("it was just put there");
                *holders += 1;
                generations.push(Arc::clone(generation));
            }
        }
        Hold { tags: Arc::clone(self), generations, epoch, member: None }
    }

    /// Ends the present generation of a tag; the keys of its entries.
    pub fn end(&self, name: &str) -> Vec<Arc<[u8]>> {
        let Some((generation, _)) = locked(&self.current).remove(name) else { return Vec::new() };
        generation.is_dead.store(true, Ordering::SeqCst);
        let members = std::mem::take(&mut *locked(&generation.members));
        members.into_values().collect()
    }

    /// Ends every generation.
    pub fn end_all(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// Number of tags that are held.
    pub fn len(&self) -> usize {
        locked(&self.current).len()
    }
}

/// The generations that an entry or a computation depends on.
#[derive(Debug)]
pub struct Hold {
    tags: Arc<Tags>,
    generations: Vec<Arc<Generation>>,
    epoch: u64,
    member: Option<u64>,
}

impl Hold {
    /// Whether nothing of it was invalidated since.
    #[inline]
    pub fn is_alive(&self) -> bool {
        self.epoch == self.tags.epoch.load(Ordering::SeqCst)
            && !self.generations.iter().any(|g| g.is_dead.load(Ordering::SeqCst))
    }

    /// Number of tags.
    pub fn len(&self) -> usize {
        self.generations.len()
    }

    /// Whether it has no tags.
    pub fn is_empty(&self) -> bool {
        self.generations.is_empty()
    }

    /// Lists the entry that has this from now on.
    pub(super) fn enter(&mut self, number: u64, key: &Arc<[u8]>) {
        self.member = Some(number);
        for generation in &self.generations {
            locked(&generation.members).insert(number, Arc::clone(key));
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(number) = self.member {
            for generation in &self.generations {
                locked(&generation.members).remove(&number);
            }
        }
        if self.generations.is_empty() {
            return;
        }
        let mut current = locked(&self.tags.current);
        for mine in &self.generations {
            let Some((generation, holders)) = current.get_mut(&mine.name) else { continue };
            if Arc::ptr_eq(generation, mine) {
                *holders -= 1;
                if *holders == 0 {
                    current.remove(&mine.name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_that_nobody_holds_takes_no_room() {
        let tags = Arc::new(Tags::default());
        let first = tags.hold(["a", "b", "a"]);
        let second = tags.hold(["b"]);
        assert_eq!((tags.len(), first.len()), (2, 2));
        drop(first);
        assert_eq!(tags.len(), 1);
        assert!(tags.end("b").is_empty());
        assert!(!second.is_alive());
        let third = tags.hold(["b"]);
        drop(second);
        assert!(third.is_alive());
        assert_eq!(tags.len(), 1, "the dead generation's end is not the new one's");
        tags.end_all();
        assert!(!third.is_alive());
    }
}
