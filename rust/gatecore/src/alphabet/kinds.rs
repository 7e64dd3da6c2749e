//! The kinds of characters that some classes tell apart.

use std::collections::HashMap;
use std::hash::Hash;

use crate::pattern::{CodePoints, CODE_POINTS};

/// Code points that share a block of a look-up table.
pub(super) const BLOCK: usize = 256;

/// The code points cut by all classes at once.
pub(super) struct Kinds {
    /// The least code point of each kind, ascending.
    pub first: Vec<u32>,
    /// Where a stretch of one kind begins, ascending from 0.
    begins: Vec<u32>,
    /// The kind of each stretch.
    kinds: Vec<u32>,
}

impl Kinds {
    /// `None` once there are more kinds than `most`.
    ///
    /// The kinds are refined class by class, which takes as many steps as each class covers stretches. One
    /// sweep with a bit for every class kept by every kind took the product of both: 50 MB for 20,000 words
    /// of Chinese.
    pub fn of(sets: &[&CodePoints], most: usize) -> Option<Self> {
        let mut begins: Vec<u32> = vec![0];
        for set in sets {
            let ends = set.ranges().iter().flat_map(|&(lo, hi)| [lo, hi + 1]);
            begins.extend(ends.filter(|&end| end < CODE_POINTS));
        }
        begins.sort_unstable();
        begins.dedup();

        let mut kinds = Kinds { first: Vec::new(), kinds: vec![0; begins.len()], begins };
        // Of each kind how many stretches it has, how many of them the class at hand covers, and what those
        // become.
        let mut sizes: Vec<usize> = vec![kinds.begins.len()];
        let mut covered: Vec<usize> = vec![0];
        let mut parts: Vec<u32> = vec![0];
        for set in sets {
            let stretches = kinds.stretches(set);
            let mut met: Vec<u32> = Vec::new();
            for stretch in stretches.iter().cloned().flatten() {
                let kind = kinds.kinds[stretch];
                if covered[kind as usize] == 0 {
                    met.push(kind);
                }
                covered[kind as usize] += 1;
            }
            for &kind in &met {
                let (old, taken) = (kind as usize, covered[kind as usize]);
                parts[old] = kind;
                if taken < sizes[old] {
                    parts[old] = sizes.len() as u32;
                    sizes[old] -= taken;
                    sizes.push(taken);
                    covered.push(0);
                    parts.push(0);
                }
                covered[old] = 0;
            }
            if sizes.len() > most {
                return None;
            }
            for stretch in stretches.into_iter().flatten() {
                let kind = &mut kinds.kinds[stretch];
                *kind = parts[*kind as usize];
            }
        }
        kinds.number(sizes.len());
        Some(kinds)
    }

    /// Numbers the kinds by their least code points.
    fn number(&mut self, count: usize) {
        let mut numbers = vec![u32::MAX; count];
        for (kind, &begin) in self.kinds.iter_mut().zip(&self.begins) {
            let number = &mut numbers[*kind as usize];
            if *number == u32::MAX {
                *number = self.first.len() as u32;
                self.first.push(begin);
            }
            *kind = *number;
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// The stretches of a set whose ends are ends of stretches.
    fn stretches(&self, set: &CodePoints) -> Vec<std::ops::Range<usize>> {
        let at = |code_point: u32| self.begins.partition_point(|&begin| begin < code_point);
        set.ranges().iter().map(|&(lo, hi)| at(lo)..at(hi + 1)).collect()
    }

    /// The kinds of one of the sets that they were made from, ascending.
    pub fn within(&self, set: &CodePoints) -> Vec<u32> {
        let stretches = self.stretches(set).into_iter().flatten();
        let mut kinds: Vec<u32> = stretches.map(|stretch| self.kinds[stretch]).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// For each kind whether one of the sets that they were made from holds it.
    pub fn are_in(&self, set: &CodePoints) -> Vec<bool> {
        let mut are = vec![false; self.len()];
        self.within(set).into_iter().for_each(|kind| are[kind as usize] = true);
        are
    }

    /// The kind of each code point below `end`.
    pub fn below(&self, end: u32) -> impl Iterator<Item = u32> + '_ {
        let mut stretch = 0;
        (0..end).map(move |code_point| {
            while self.begins.get(stretch + 1).is_some_and(|&begin| begin <= code_point) {
                stretch += 1;
            }
            self.kinds[stretch]
        })
    }

    /// The two-level look-up table from a code point to what is given for its kind: for every [`BLOCK`] code
    /// points the number of their block, and the blocks.
    pub fn table<T: Copy + Default + Eq + Hash>(&self, of_kind: &[T]) -> (Vec<u16>, Vec<T>) {
        let mut blocks = Vec::with_capacity(CODE_POINTS as usize / BLOCK);
        let mut table: Vec<T> = Vec::new();
        let mut known: HashMap<[T; BLOCK], u16> = HashMap::new();
        let mut all = self.below(CODE_POINTS);
        for _ in 0..CODE_POINTS as usize / BLOCK {
            let mut block = [T::default(); BLOCK];
            for (item, kind) in block.iter_mut().zip(&mut all) {
                *item = of_kind[kind as usize];
            }
            let number = *known.entry(block).or_insert_with(|| {
                table.extend_from_slice(&block);
                (table.len() / BLOCK - 1) as u16
            });
            blocks.push(number);
        }
        (blocks, table)
    }
}
