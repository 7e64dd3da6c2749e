//! Values by key, as many as there is room for, the most asked for first.
//!
//! `quick_cache` decides who stays (much as S3-FIFO: who is asked for again, soon after it came or soon
//! after it left) and counts the room. Two things are ours, as they have to be exact: when an entry is
//! over (a time that the caller's clock is held against when it is asked for, so time can be told by a
//! test, and an entry can be stale and still be there), and what was invalidated (`tags.rs`).
//!
//! `moka` (TinyLFU) was used before. With weights its sketch of who was asked how often is made when the
//! room is half full, four times too small: 72 % of a Zipf trace were hits (20,000 documents, room for
//! 2,000), 76 % without weights and 76.4 % here; and what it dropped it gave back some time later.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};
use xxhash_rust::xxh3::Xxh3Builder;

use super::tags::{Hold, Tags};

/// How long an entry is good for, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lifetime {
    /// From when on it is stale; never if not given.
    pub fresh: Option<u64>,
    /// For how long after that it may be given to those who take stale answers.
    pub stale: u64,
}

/// A value that is kept.
#[derive(Debug)]
pub struct Entry<V> {
    /// The value.
    pub value: V,
    weight: u32,
    fresh_until: u64,
    stale_until: u64,
    hold: Hold,
}

impl<V> Entry<V> {
    fn is_over(&self, until: u64, now: &impl Fn() -> u64) -> bool {
        until != u64::MAX && until <= now()
    }
}

/// What happened, since the store was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Fresh values given.
    pub hits: u64,
    /// Askers who got none, those who then took a stale one included.
    pub misses: u64,
    /// Stale values given.
    pub stale: u64,
    /// Entries that left, or were not let in, for want of room.
    pub evictions: u64,
    /// Entries that were found to be over.
    pub expired: u64,
    /// Values that were not kept: too large, or invalidated while they were made.
    pub refused: u64,
    /// Entries that are kept.
    pub entries: u64,
    /// Their weight.
    pub weight: u64,
    /// Tags of entries and of computations under way.
    pub tags: u64,
}

#[derive(Debug, Default)]
struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
    stale: AtomicU64,
    evictions: AtomicU64,
    expired: AtomicU64,
    refused: AtomicU64,
    numbers: AtomicU64,
}

fn bump(counter: &AtomicU64) -> u64 {
    counter.fetch_add(1, Ordering::Relaxed)
}

/// What an entry weighs.
#[derive(Clone, Debug)]
struct ByWeight;

impl<V> Weighter<Arc<[u8]>, Arc<Entry<V>>> for ByWeight {
    fn weight(&self, _: &Arc<[u8]>, entry: &Arc<Entry<V>>) -> u64 {
        u64::from(entry.weight)
    }
}

/// Counts who leaves for want of room, and holds them until the cache's lock is free.
#[derive(Clone, Debug)]
struct Leaving(Arc<Counters>);

impl<V> Lifecycle<Arc<[u8]>, Arc<Entry<V>>> for Leaving {
    type RequestState = Vec<Arc<Entry<V>>>;

    fn begin_request(&self) -> Self::RequestState {
        Vec::new()
    }

    fn before_evict(&self, _: &mut Self::RequestState, _: &Arc<[u8]>, _: &mut Arc<Entry<V>>) {
        bump(&self.0.evictions);
    }

    /// Is called for an entry that another replaces as well.
    fn on_evict(&self, gone: &mut Self::RequestState, _: Arc<[u8]>, entry: Arc<Entry<V>>) {
        gone.push(entry);
    }
}

/// What an entry is taken to weigh, to know how many that left are remembered: half of those that stay. A
/// guess that is ten times too large or too small is as good (measured with 500 to 8,000 for 2,000).
const USUAL_WEIGHT: u64 = 4096;

/// A cache that is bounded by weight. Threads may share it.
///
/// A value is dropped by whichever thread makes room, in the middle of the store's work: dropping it must
/// neither block nor ask the store.
///
/// ```
/// use gatecore::cache::{Lifetime, Store};
///
/// let store = Store::new(1000);
/// let hold = store.hold(["module:a"]);
/// assert!(store.insert(b"key", 7, 10, hold, Lifetime::default(), 0));
/// assert_eq!(store.get(b"key", || 0).unwrap().value, 7);
/// assert_eq!(store.invalidate(["module:a"]), 1);
/// assert!(store.get(b"key", || 0).is_none());
/// ```
#[derive(Debug)]
pub struct Store<V: Send + Sync + 'static> {
    entries: Cache<Arc<[u8]>, Arc<Entry<V>>, ByWeight, Xxh3Builder, Leaving>,
    capacity: u64,
    tags: Arc<Tags>,
    counters: Arc<Counters>,
}

impl<V: Send + Sync + 'static> Store<V> {
    /// One with room for this weight.
    pub fn new(capacity: u64) -> Self {
        let counters = Arc::new(Counters::default());
        // A seed of its own, as keys need not be digests. SipHash takes 25 ns more.
        let hasher = Xxh3Builder::new().with_seed(RandomState::new().hash_one(0));
        // One shard: several would divide the room, and whoever asks holds the GIL.
        let options = OptionsBuilder::new()
            .estimated_items_capacity((capacity / USUAL_WEIGHT).clamp(256, 1 << 20) as usize)
            .weight_capacity(capacity)
            .shards(1)
            .build()
            .expect("room and number are given");
        let leaving = Leaving(Arc::clone(&counters));
        let entries = Cache::with_options(options, ByWeight, hasher, leaving);
        Store { entries, capacity, tags: Arc::default(), counters }
    }

    /// Holds tags for a value that is about to be made.
    pub fn hold<'a>(&self, tags: impl IntoIterator<Item = &'a str>) -> Hold {
        self.tags.hold(tags)
    }

    /// The entry, if it is fresh. The clock is asked only about entries that end.
    #[inline]
    pub fn get(&self, key: &[u8], now: impl Fn() -> u64) -> Option<Arc<Entry<V>>> {
        let found = self.entries.get(key);
        let entry =
            self.usable(key, found, &now).filter(|entry| !entry.is_over(entry.fresh_until, &now));
        bump(if entry.is_some() { &self.counters.hits } else { &self.counters.misses });
        entry
    }

    /// As [`Store::get`], counted nowhere: for who asked just before.
    pub fn peek(&self, key: &[u8], now: impl Fn() -> u64) -> Option<Arc<Entry<V>>> {
        self.usable(key, self.entries.peek(key), &now)
            .filter(|entry| !entry.is_over(entry.fresh_until, &now))
    }

    /// The entry, fresh or stale; for who was told that there is no fresh one.
    pub fn stale(&self, key: &[u8], now: impl Fn() -> u64) -> Option<Arc<Entry<V>>> {
        let entry = self.usable(key, self.entries.peek(key), &now)?;
        bump(&self.counters.stale);
        Some(entry)
    }

    #[inline]
    fn usable(
        &self,
        key: &[u8],
        found: Option<Arc<Entry<V>>>,
        now: &impl Fn() -> u64,
    ) -> Option<Arc<Entry<V>>> {
        let entry = found?;
        if !entry.hold.is_alive() {
            self.remove_this(key, &entry);
            return None;
        }
        if entry.is_over(entry.stale_until, now) {
            if self.remove_this(key, &entry) {
                bump(&self.counters.expired);
            }
            return None;
        }
        Some(entry)
    }

    /// Removes an entry unless another took its place.
    fn remove_this(&self, key: &[u8], entry: &Arc<Entry<V>>) -> bool {
        self.entries.remove_if(key, |found| Arc::ptr_eq(found, entry)).is_some()
    }

    /// Keeps a value, made since `hold` was taken; whether it is kept. It may leave at once where others
    /// are asked for more often.
    pub fn insert(
        &self,
        key: &[u8],
        value: V,
        weight: u64,
        mut hold: Hold,
        lifetime: Lifetime,
        now: u64,
    ) -> bool {
        let Some(weight) =
            u32::try_from(weight.max(1)).ok().filter(|&w| u64::from(w) <= self.capacity)
        else {
            // What is kept under the key is older than what could not be.
            self.entries.remove(key);
            bump(&self.counters.refused);
            return false;
        };
        let key: Arc<[u8]> = key.into();
        hold.enter(bump(&self.counters.numbers), &key);
        let fresh_until = lifetime.fresh.map_or(u64::MAX, |fresh| now.saturating_add(fresh));
        let stale_until = fresh_until.saturating_add(lifetime.stale);
        let entry = Arc::new(Entry { value, weight, fresh_until, stale_until, hold });
        // Dead on arrival, or by an invalidation that did not see it among the members.
        if entry.hold.is_alive() {
            self.entries.insert(Arc::clone(&key), Arc::clone(&entry));
            if entry.hold.is_alive() {
                return true;
            }
            self.remove_this(&key, &entry);
        }
        bump(&self.counters.refused);
        false
    }

    /// Forgets an entry; whether there was one.
    pub fn remove(&self, key: &[u8]) -> bool {
        self.entries.remove(key).is_some_and(|(_, entry)| entry.hold.is_alive())
    }

    /// Forgets what carries one of the tags; how many entries. No entry of them is given once this has
    /// begun, whatever it takes to take them out.
    pub fn invalidate<'a>(&self, tags: impl IntoIterator<Item = &'a str>) -> usize {
        let keys: Vec<_> = tags.into_iter().flat_map(|tag| self.tags.end(tag)).collect();
        let is_dead = |key: &Arc<[u8]>| {
            let entry = self.entries.peek(&**key).filter(|entry| !entry.hold.is_alive());
            entry.is_some_and(|entry| self.remove_this(key, &entry))
        };
        keys.iter().filter(|key| is_dead(key)).count()
    }

    /// Forgets everything, and whatever is being made.
    pub fn clear(&self) {
        self.tags.end_all();
        self.entries.clear();
    }

    /// Takes out what is over; how many. As long as nobody asks for them, such entries take room.
    pub fn sweep(&self, now: u64) -> usize {
        let is_over = |entry: &Arc<Entry<V>>| entry.is_over(entry.stale_until, &|| now);
        let over: Vec<_> = self.entries.iter().filter(|(_, entry)| is_over(entry)).collect();
        let count = over.iter().filter(|(key, entry)| self.remove_this(key, entry)).count();
        self.counters.expired.fetch_add(count as u64, Ordering::Relaxed);
        count
    }

    /// Everything counted.
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        Counts {
            hits: read(&counters.hits),
            misses: read(&counters.misses),
            stale: read(&counters.stale),
            evictions: read(&counters.evictions),
            expired: read(&counters.expired),
            refused: read(&counters.refused),
            entries: self.entries.len() as u64,
            weight: self.entries.weight(),
            tags: self.tags.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use super::*;

    fn insert(store: &Store<u64>, key: &[u8], value: u64, tags: &[&str]) -> bool {
        store.insert(key, value, 1, store.hold(tags.iter().copied()), Lifetime::default(), 0)
    }

    fn value(store: &Store<u64>, key: &[u8], now: u64) -> Option<u64> {
        store.get(key, || now).map(|entry| entry.value)
    }

    #[test]
    fn fresh_then_stale_then_gone() {
        let store = Store::new(100);
        let lifetime = Lifetime { fresh: Some(10), stale: 5 };
        assert!(store.insert(b"k", 1, 1, store.hold([]), lifetime, 100));
        assert_eq!(value(&store, b"k", 109), Some(1));
        assert_eq!(value(&store, b"k", 110), None);
        assert_eq!(store.stale(b"k", || 114).map(|entry| entry.value), Some(1));
        assert!(store.stale(b"k", || 115).is_none());
        let counts = store.counts();
        assert_eq!((counts.hits, counts.misses, counts.stale, counts.expired), (1, 1, 1, 1));
        assert_eq!(counts.entries, 0);
    }

    #[test]
    fn what_was_invalidated_while_it_was_made_is_not_kept() {
        let store = Store::new(100);
        let hold = store.hold(["a", "b"]);
        assert!(insert(&store, b"old", 1, &["b"]));
        assert_eq!(store.invalidate(["b"]), 1);
        assert!(!store.insert(b"k", 2, 1, hold, Lifetime::default(), 0));
        assert_eq!(value(&store, b"k", 0), None);
        let hold = store.hold([]);
        store.clear();
        assert!(!store.insert(b"k", 2, 1, hold, Lifetime::default(), 0));
        assert!(insert(&store, b"k", 3, &["a"]));
        assert_eq!(value(&store, b"k", 0), Some(3));
        assert_eq!(store.counts().refused, 2);
    }

    #[test]
    fn a_replaced_entry_stays_listed() {
        let store = Store::new(100);
        assert!(insert(&store, b"k", 1, &["a"]) && insert(&store, b"k", 2, &["a"]));
        store.counts();
        assert_eq!(store.invalidate(["a"]), 1);
        assert_eq!(value(&store, b"k", 0), None);
        assert_eq!(store.counts().tags, 0);
    }

    #[test]
    fn room_is_bounded_and_tags_go_with_entries() {
        let store = Store::new(100);
        for number in 0..1000_u64 {
            insert(&store, &number.to_le_bytes(), number, &[&format!("document:{number}")]);
        }
        let counts = store.counts();
        assert!(counts.weight <= 100 && counts.entries > 50, "{counts:?}");
        assert_eq!(counts.tags, counts.entries, "{counts:?}");
        assert_eq!(counts.evictions, 1000 - counts.entries);
        assert!(!store.insert(b"k", 1, 101, store.hold([]), Lifetime::default(), 0));
        assert_eq!(store.counts().refused, 1);
    }

    #[test]
    fn replacing_is_not_evicting() {
        let store = Store::new(100);
        for value in 0..50 {
            insert(&store, b"k", value, &[]);
        }
        assert_eq!(store.counts(), Counts { entries: 1, weight: 1, ..Counts::default() });
    }

    #[test]
    fn what_is_over_is_swept() {
        let store = Store::new(100);
        let lifetime = |fresh| Lifetime { fresh: Some(fresh), stale: 0 };
        for number in 0..10_u64 {
            store.insert(&number.to_le_bytes(), number, 1, store.hold([]), lifetime(number), 0);
        }
        assert_eq!(store.sweep(4), 5);
        assert_eq!(store.counts().entries, 5);
    }

    #[test]
    fn nobody_is_given_what_was_invalidated_before_he_asked() {
        let store = Arc::new(Store::new(1000));
        // What is made now, and what is known to be invalidated.
        let [version, invalidated] = [0, 0].map(|number| Arc::new(AtomicU64::new(number)));
        let is_over = Arc::new(AtomicBool::new(false));
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let (store, version) = (Arc::clone(&store), Arc::clone(&version));
                let (invalidated, is_over) = (Arc::clone(&invalidated), Arc::clone(&is_over));
                thread::spawn(move || {
                    let mut hits = 0;
                    while !is_over.load(Ordering::SeqCst) {
                        let before = invalidated.load(Ordering::SeqCst);
                        if let Some(found) = value(&store, b"k", 0) {
                            assert!(found >= before, "{found} was given, {before} is the oldest");
                            hits += 1;
                            continue;
                        }
                        let hold = store.hold(["tag"]);
                        let made = version.load(Ordering::SeqCst);
                        store.insert(b"k", made, 1, hold, Lifetime::default(), 0);
                    }
                    hits
                })
            })
            .collect();
        for number in 1..=2_000 {
            version.store(number, Ordering::SeqCst);
            store.invalidate(["tag"]);
            invalidated.store(number, Ordering::SeqCst);
            thread::sleep(std::time::Duration::from_micros(20));
        }
        is_over.store(true, Ordering::SeqCst);
        let hits: u64 = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
        assert!(hits > 0);
    }
}
