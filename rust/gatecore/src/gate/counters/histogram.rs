//! How long something took, in buckets that are a sixteenth of a power of two wide.
//!
//! ```text
//!   0 1 2 … 15 | 16 17 … 31 | 32 34 … 62 | 64 68 … 124 | …
//!   exact        exact        by 2         by 4
//! ```
//!
//! What a bucket says is at most 1/32 away from what was recorded in it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Buckets of a power of two.
const PARTS: u64 = 16;
/// From here on all are one: 2^44 ns are nearly five hours.
const POWERS: u32 = 44;
const BUCKETS: usize = ((POWERS - PARTS.trailing_zeros() + 1) as u64 * PARTS) as usize;

/// Counts of durations in nanoseconds; threads may record at the same time.
#[derive(Debug)]
pub struct Histogram {
    buckets: Box<[AtomicU64]>,
    most: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        let buckets = (0..BUCKETS).map(|_| AtomicU64::new(0)).collect();
        Histogram { buckets, most: AtomicU64::new(0) }
    }
}

impl Histogram {
    /// Records one duration.
    pub fn record(&self, nanoseconds: u64) {
        self.buckets[bucket(nanoseconds)].fetch_add(1, Ordering::Relaxed);
        self.most.fetch_max(nanoseconds, Ordering::Relaxed);
    }

    /// How many were recorded.
    pub fn len(&self) -> u64 {
        self.counts().iter().sum()
    }

    /// Whether none were.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The longest, exactly.
    pub fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }

    /// The durations that these shares of all do not exceed, by nearest rank: never beyond the longest.
    ///
    /// Shares come in ascending order. All zero if nothing was recorded.
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> [u64; N] {
        let counts = self.counts();
        let all: u64 = counts.iter().sum();
        let most = self.most();
        let mut answers = [0; N];
        if all == 0 {
            return answers;
        }
        let (mut place, mut seen) = (0, counts[0]);
        for (answer, share) in answers.iter_mut().zip(shares) {
            let rank = ((share * all as f64).ceil() as u64).clamp(1, all);
            while seen < rank {
                place += 1;
                seen += counts[place];
            }
            *answer = if rank == all { most } else { middle(place).min(most) };
        }
        answers
    }

    fn counts(&self) -> Vec<u64> {
        self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect()
    }
}

fn bucket(nanoseconds: u64) -> usize {
    let shift =
        (u64::BITS - nanoseconds.leading_zeros()).saturating_sub(PARTS.trailing_zeros() + 1);
    let place = u64::from(shift) * PARTS + (nanoseconds >> shift);
    (place as usize).min(BUCKETS - 1)
}

/// The middle of a bucket.
fn middle(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * PARTS {
        return bucket;
    }
    let shift = bucket / PARTS - 1;
    let first = (bucket % PARTS + PARTS) << shift;
    first + ((1 << shift) - 1) / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn quantiles_are_close_to_those_of_the_sorted_list(
            list in prop::collection::vec(prop_oneof![0..40_u64, 0..5_000_u64, 0..1_u64 << 43], 1..200),
        ) {
            let histogram = Histogram::default();
            list.iter().for_each(|&one| histogram.record(one));
            let mut sorted = list;
            sorted.sort_unstable();
            let shares = [0.0, 0.5, 0.95, 0.99, 1.0];
            for (share, told) in shares.into_iter().zip(histogram.quantiles(shares)) {
                let rank = ((share * sorted.len() as f64).ceil() as usize).max(1);
                let right = sorted[rank - 1];
                prop_assert!(told.abs_diff(right) <= right / 32, "{} for {} of {:?}", told, share, sorted);
                prop_assert!(told <= sorted[sorted.len() - 1]);
            }
            prop_assert_eq!(histogram.most(), sorted[sorted.len() - 1]);
            prop_assert_eq!(histogram.len(), sorted.len() as u64);
        }
    }

    #[test]
    fn the_longest_durations_have_a_bucket() {
        let histogram = Histogram::default();
        assert_eq!((histogram.quantiles([0.5]), histogram.is_empty()), ([0], true));
        histogram.record(u64::MAX);
        assert_eq!(histogram.quantiles([0.5]), [u64::MAX]);
    }

    #[test]
    fn buckets_are_in_order_and_hold_their_middle() {
        for place in 0..BUCKETS {
            assert_eq!(bucket(middle(place)), place);
        }
        for nanoseconds in 1..100_000 {
            assert!(bucket(nanoseconds - 1) <= bucket(nanoseconds));
        }
    }
}
