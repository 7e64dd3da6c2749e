//! Which patterns share an alphabet: as few alphabets as can be, as each is a translation and a scan of every
//! document.
//!
//! An alphabet of one byte a character is tried first: its offsets are those of the document, and it serves
//! every pattern. Patterns that would need more than [`MOST_NARROW`] of them get one with symbols of up to
//! three bytes together.

use crate::alphabet::{Alphabet, Limits};
use crate::pattern::{CodePoints, Look, Node};

/// Most alphabets of one byte that patterns of a kind get.
///
/// A wide one takes 1.7 ns a character more where the text is not ASCII, and spans have to be counted back.
const MOST_NARROW: usize = 2;

/// Patterns of more classes may need more than one byte by themselves, which is tried.
const LARGE: usize = 48;

/// Patterns to which bounded repeats add more states than this get an alphabet of one byte where they can:
/// a class of several sequences has several times the states.
const MAX_WIDE_EXCESS: u64 = 250;

/// What a pattern needs of its alphabet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Sorted, distinct.
    pub classes: Vec<u32>,
    pub boundaries: Boundaries,
    /// Only a hint for sorting: patterns of one case share letters.
    pub caseless: bool,
    pub width: Width,
}

/// Which word boundaries a pattern has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Boundaries {
    None,
    Unicode,
    Ascii,
    /// Both: no alphabet serves them, so the pass drops them.
    Mixed,
}

/// Whether symbols of several bytes serve a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// As well as others.
    Any,
    /// Worse: it has look-around, whose classes of several bytes the pass leaves out, or large repeats.
    RatherNarrow,
    /// Not at all: it can match the empty text, and between the bytes of a symbol it would.
    Narrow,
}

impl Needs {
    pub fn of(node: &Node, caseless: bool) -> Self {
        let mut classes = Vec::new();
        let mut boundaries = Boundaries::None;
        node.walk(&mut |node| {
            let found = match node {
                Node::Class(class) => {
                    classes.push(class.0);
                    return;
                }
                Node::Look(Look::Boundary | Look::NotBoundary) => Boundaries::Unicode,
                Node::Look(Look::AsciiBoundary | Look::NotAsciiBoundary) => Boundaries::Ascii,
                _ => return,
            };
            boundaries = match boundaries {
                Boundaries::None => found,
                same if same == found => found,
                _ => Boundaries::Mixed,
            };
        });
        classes.sort_unstable();
        classes.dedup();
        let width = if node.min_length() == 0 {
            Width::Narrow
        } else if node.has_look_around() || node.excess() > MAX_WIDE_EXCESS {
            Width::RatherNarrow
        } else {
            Width::Any
        };
        Needs { classes, boundaries, caseless, width }
    }
}

/// Patterns that fit one alphabet, and that alphabet.
pub(crate) struct Group {
    pub members: Vec<u32>,
    pub classes: Vec<u32>,
    pub alphabet: Alphabet,
}

/// Pattern number and needs.
type Part = Vec<(u32, Needs)>;

/// Distributes patterns over shards. Those that fit none are returned as the second part.
///
/// Caseless patterns are apart from others, as a host asks them of another text, and share letters. (One alphabet
/// for both was no faster either: gitleaks with 3 instead of 4, uap-core with its 65 caseless ones among 1,257.)
/// What has too many kinds is taken apart into patterns with and without `\b`, which leaves 63 symbols for word
/// characters, and what then still has too many gets a wide alphabet.
pub(crate) fn distribute(patterns: Part, tables: &Tables) -> (Vec<Group>, Vec<u32>) {
    let is_forced = tables.limits != Limits::default();
    let most = if is_forced { 0 } else { MOST_NARROW };
    let (mut groups, mut misfits) = (Vec::new(), Vec::new());
    for ascii in [false, true] {
        let is_here = |needs: &Needs| (needs.boundaries == Boundaries::Ascii) == ascii;
        let part = patterns.iter().filter(|(_, needs)| is_here(needs)).cloned();
        let (caseless, others): (Part, Part) = part.partition(|(_, needs)| needs.caseless);
        let mut wide = Part::new();
        for part in [caseless, others] {
            let whole = narrow(part.clone(), tables, most.min(1));
            if let Some((found, _)) = whole.filter(|(_, left)| left.is_empty()) {
                groups.extend(found);
                continue;
            }
            // What is too large by itself would take those with it into its alphabet.
            let (large, part): (Part, Part) = part.into_iter().partition(|entry| {
                entry.1.classes.len() > LARGE && tables.fit(std::slice::from_ref(entry)).is_none()
            });
            place(large, &mut wide, &mut misfits);
            let (with, without): (Part, Part) = part.into_iter().partition(is_bounded);
            for part in [without, with] {
                let whole = narrow(part.clone(), tables, most);
                if let Some((found, _)) = whole.filter(|(_, left)| left.is_empty()) {
                    groups.extend(found);
                    continue;
                }
                let (any, rest): (Part, Part) = part.into_iter().partition(|(_, needs)| {
                    needs.width == Width::Any || is_forced && needs.width == Width::RatherNarrow
                });
                wide.extend(any);
                let (found, left) = narrow(rest, tables, usize::MAX).unwrap_or_default();
                groups.extend(found);
                place(left, &mut wide, &mut misfits);
            }
        }
        wide.sort_by_key(|(number, _)| *number);
        let fit = |part: &[(u32, Needs)]| tables.fit_wide(part);
        let (found, left) = split(wide, fit, usize::MAX).unwrap_or_default();
        groups.extend(found);
        misfits.extend(left.into_iter().map(|(number, _)| number));
    }
    (groups, misfits)
}

/// Where patterns go that fit no alphabet of one byte.
fn place(part: Part, wide: &mut Part, misfits: &mut Vec<u32>) {
    let (never, others): (Part, Part) =
        part.into_iter().partition(|(_, needs)| needs.width == Width::Narrow);
    wide.extend(others);
    misfits.extend(never.into_iter().map(|(number, _)| number));
}

fn is_bounded(entry: &(u32, Needs)) -> bool {
    entry.1.boundaries != Boundaries::None
}

/// Groups with alphabets of one byte, and what fits none. `None` if there would be more than `most`.
fn narrow(part: Part, tables: &Tables, most: usize) -> Option<(Vec<Group>, Part)> {
    split(part, |part| tables.fit(part), most)
}

/// Groups are tried whole; one that has too many kinds of characters is split into patterns with and without
/// `\b` (which leaves 63 symbols for word characters), then in halves.
fn split(
    part: Part,
    fit: impl Fn(&[(u32, Needs)]) -> Option<Group>,
    most: usize,
) -> Option<(Vec<Group>, Part)> {
    let (mut groups, mut misfits) = (Vec::new(), Vec::new());
    let mut queue = vec![part];
    while let Some(part) = queue.pop() {
        if part.is_empty() {
            continue;
        }
        if groups.len() + queue.len() >= most {
            return None;
        }
        if let Some(group) = fit(&part) {
            groups.push(group);
            continue;
        }
        if part.len() == 1 {
            misfits.extend(part);
            continue;
        }
        let (with, without): (Part, Part) = part.into_iter().partition(is_bounded);
        let halves = match (with.is_empty(), without.is_empty()) {
            (false, false) => [with, without],
            (true, _) => halve(without),
            (_, true) => halve(with),
        };
        queue.extend(halves.into_iter().rev());
    }
    Some((groups, misfits))
}

fn halve(mut part: Part) -> [Part; 2] {
    let second = part.split_off(part.len() / 2);
    [part, second]
}

/// The class table of a set and the interpreter's word characters.
pub(crate) struct Tables<'a> {
    pub classes: &'a [CodePoints],
    pub words: &'a CodePoints,
    pub ascii_words: &'a CodePoints,
    /// Other than the default: every pattern that can be gets a wide alphabet.
    pub limits: Limits,
}

impl Tables<'_> {
    fn fit(&self, part: &[(u32, Needs)]) -> Option<Group> {
        self.group(part, |classes, words, _| Alphabet::new(classes, words))
    }

    fn fit_wide(&self, part: &[(u32, Needs)]) -> Option<Group> {
        self.group(part, |classes, words, usage| Alphabet::wide(classes, words, usage, self.limits))
    }

    fn group(
        &self,
        part: &[(u32, Needs)],
        alphabet: impl Fn(&[&CodePoints], Option<&CodePoints>, &[u32]) -> Option<Alphabet>,
    ) -> Option<Group> {
        let mut all: Vec<u32> =
            part.iter().flat_map(|(_, needs)| needs.classes.iter().copied()).collect();
        all.sort_unstable();
        let (mut classes, mut usage) = (Vec::new(), Vec::new());
        for same in all.chunk_by(|one, other| one == other) {
            classes.push(same[0]);
            usage.push(same.len() as u32);
        }
        let any = |kind| part.iter().any(|(_, needs)| needs.boundaries == kind);
        let words = if any(Boundaries::Unicode) {
            Some(self.words)
        } else if any(Boundaries::Ascii) {
            Some(self.ascii_words)
        } else {
            None
        };
        let sets: Vec<&CodePoints> =
            classes.iter().map(|&class| &self.classes[class as usize]).collect();
        let alphabet = alphabet(&sets, words, &usage)?;
        let members = part.iter().map(|(number, _)| *number).collect();
        Some(Group { members, classes, alphabet })
    }
}
