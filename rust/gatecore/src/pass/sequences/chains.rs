//! Sequences that were met, joined to chains.
//!
//! A stage of a chain is complete at an end if a stage before it was complete at an end that is not behind its
//! begin, and what is between the two is in the gap. Of all such ends the last decides, as less is between:
//! a gap holds what is within one that it holds, and never asks for a least length.

use std::collections::HashMap;

use super::{Between, Joined, Reported, Sequences};

/// Up to so many symbols of a gap are looked at one by one, again for each begin; of longer ones the places
/// are listed at which a gap ends.
const SHORT: usize = 256;

/// Where each entry stands, and where gaps end.
struct Joiner<'a> {
    sequences: &'a Sequences,
    /// Entry and begin, ascending.
    met: Vec<(u32, usize)>,
    document: &'a [u8],
    /// By class: the places of symbols that are not in it.
    ends: HashMap<u32, Vec<usize>>,
}

/// Reports the slots of chains whose stages stand one after the other; `met` is an entry and where it begins,
/// `found` a slot and where its first stage begins for the first time.
pub fn join(
    sequences: &Sequences,
    mut met: Vec<(u32, usize)>,
    document: &[u8],
    reported: &mut Reported,
    found: &mut Vec<(usize, usize)>,
) {
    met.sort_unstable();
    met.dedup();
    let mut is_met = vec![false; sequences.entries.len()];
    met.iter().for_each(|&(entry, _)| is_met[entry as usize] = true);
    let mut joiner = Joiner { sequences, met, document, ends: HashMap::new() };
    for chain in &sequences.chains {
        let mut stages = chain.stages.iter();
        if !reported.contains(chain.slot as usize)
            && stages.all(|stage| stage.iter().any(|&entry| is_met[entry as usize]))
            && joiner.is_complete(chain)
        {
            reported.insert(chain.slot as usize);
            let first = joiner.places(&chain.stages[0]).first().map(|&(begin, _)| begin);
            found.extend(first.map(|begin| (chain.slot as usize, begin)));
        }
    }
}

impl Joiner<'_> {
    /// Where a stage's sequences stand, by their begin.
    fn places(&self, stage: &[u32]) -> Vec<(usize, usize)> {
        let mut places = Vec::new();
        for &entry in stage {
            let length = self.sequences.range(entry as usize).len();
            let from = self.met.partition_point(|&(met, _)| met < entry);
            let own = self.met[from..].iter().take_while(|&&(met, _)| met == entry);
            places.extend(own.map(|&(_, begin)| (begin, begin + length)));
        }
        places.sort_unstable();
        places
    }

    fn is_complete(&mut self, chain: &Joined) -> bool {
        let first = self.places(&chain.stages[0]);
        let mut ends: Vec<usize> = first.into_iter().map(|(_, end)| end).collect();
        for (stage, &gap) in chain.stages[1..].iter().zip(&chain.gaps) {
            ends.sort_unstable();
            let mut complete = Vec::new();
            for (begin, end) in self.places(stage) {
                let count = ends.partition_point(|&end| end <= begin);
                if count > 0 && self.is_within(ends[count - 1], begin, gap) {
                    complete.push(end);
                }
            }
            ends = complete;
        }
        !ends.is_empty()
    }

    /// Whether a gap holds what is between two places.
    fn is_within(&mut self, from: usize, to: usize, gap: Between) -> bool {
        if gap.most.is_some_and(|most| to - from > most as usize) {
            return false;
        }
        let set = &self.sequences.sets[gap.class as usize - 1];
        let near = &self.document[from..to.min(from + SHORT)];
        if !near.iter().all(|&symbol| set.contains(symbol)) {
            return false;
        }
        if to - from <= SHORT {
            return true;
        }
        let document = self.document;
        let ends = self.ends.entry(gap.class).or_insert_with(|| {
            let others = document.iter().enumerate().filter(|(_, &symbol)| !set.contains(symbol));
            others.map(|(at, _)| at).collect()
        });
        let next = ends.partition_point(|&at| at < from);
        ends.get(next).is_none_or(|&at| at >= to)
    }
}
