//! The engine-neutral form of a pattern: CPython's parse tree with every character class resolved to
//! a numbered set of code points and every flag already applied.

/// Number of a character class in the set's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassId(pub u32);

/// A zero-width condition on the characters next to a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Look {
    /// `\A`, and `^` without MULTILINE.
    TextStart,
    /// `\Z`.
    TextEnd,
    /// `^` with MULTILINE.
    LineStart,
    /// `$` with MULTILINE.
    LineEnd,
    /// `$` without MULTILINE: at the end or before a newline that is the last character.
    LastLineEnd,
    /// `\b` by Unicode's word characters.
    Boundary,
    /// `\B` by Unicode's word characters.
    NotBoundary,
    /// `\b` with ASCII.
    AsciiBoundary,
    /// `\B` with ASCII.
    NotAsciiBoundary,
}

/// How a repeat chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatKind {
    /// As many as possible first.
    Greedy,
    /// As few as possible first.
    Lazy,
    /// As many as possible, never given back.
    Possessive,
}

/// A look-around's direction and sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookAround {
    /// Looks behind the position instead of ahead.
    pub behind: bool,
    /// Holds when the inner pattern does not match.
    pub negative: bool,
}

/// A pattern as a tree.
///
/// ```
/// use gatecore::pattern::{ClassId, Node, RepeatKind};
///
/// // [0-9]{2,4}, where the class [0-9] is the first of its table
/// let digit = Box::new(Node::Class(ClassId(0)));
/// let year = Node::Repeat { min: 2, max: Some(4), kind: RepeatKind::Greedy, node: digit };
/// assert_eq!(year.min_length(), 2);
/// assert_eq!(year.irregular(), None, "an automaton answers it");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Matches the empty text.
    Empty,
    /// Matches nothing, as `(?!)`.
    Never,
    /// One character of a class.
    Class(ClassId),
    /// One after the other.
    Concat(Vec<Node>),
    /// The first of these that leads to a match.
    Alternate(Vec<Node>),
    /// `node{min,max}`; `max` of `None` is unbounded.
    Repeat {
        /// Least number of rounds.
        min: u32,
        /// Greatest number of rounds.
        max: Option<u32>,
        /// How it chooses.
        kind: RepeatKind,
        /// The body.
        node: Box<Node>,
    },
    /// A capture group.
    Group {
        /// Its number, from 1.
        index: u32,
        /// The body.
        node: Box<Node>,
    },
    /// A zero-width condition on neighbours.
    Look(Look),
    /// A zero-width condition on a whole sub-pattern.
    LookAround(LookAround, Box<Node>),
    /// The text of a group again.
    BackReference(u32),
    /// One of two, by whether a group took part.
    Conditional(Box<Node>, Box<Node>),
    /// The first way to match, never another.
    Atomic(Box<Node>),
    /// `re` finds fewer matches than the node says, by a bug that is part of the answer.
    Quirk(Box<Node>),
}

impl Node {
    /// The nodes right below this one, in order.
    fn children(&self) -> impl Iterator<Item = &Node> {
        let one = std::slice::from_ref::<Node>;
        let (first, second): (&[Node], &[Node]) = match self {
            Node::Concat(nodes) | Node::Alternate(nodes) => (nodes, &[]),
            Node::Repeat { node, .. }
            | Node::Group { node, .. }
            | Node::LookAround(_, node)
            | Node::Atomic(node)
            | Node::Quirk(node) => (one(node), &[]),
            Node::Conditional(yes, no) => (one(yes), one(no)),
            Node::Empty | Node::Never | Node::Class(_) | Node::Look(_) | Node::BackReference(_) => {
                (&[], &[])
            }
        };
        first.iter().chain(second)
    }

    /// Calls `visit` on this node and every node below it, parents first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        visit(self);
        self.children().for_each(|node| node.walk(visit));
    }

    /// Fewest characters of a match; a lower bound where references are involved.
    pub fn min_length(&self) -> u64 {
        match self {
            Node::Class(_) | Node::Never => 1,
            Node::Empty | Node::Look(_) | Node::LookAround(..) | Node::BackReference(_) => 0,
            Node::Concat(nodes) => nodes.iter().map(Node::min_length).fold(0, u64::saturating_add),
            Node::Repeat { min, node, .. } => u64::from(*min).saturating_mul(node.min_length()),
            Node::Alternate(_)
            | Node::Conditional(..)
            | Node::Group { .. }
            | Node::Atomic(_)
            | Node::Quirk(_) => self.children().map(Node::min_length).min().unwrap_or(0),
        }
    }

    /// Most characters of a match; `None` where there is no bound, or where a reference stands.
    pub fn max_length(&self) -> Option<u64> {
        match self {
            Node::Class(_) => Some(1),
            Node::Empty | Node::Never | Node::Look(_) | Node::LookAround(..) => Some(0),
            Node::BackReference(_) => None,
            Node::Concat(_) => self
                .children()
                .try_fold(0u64, |all, node| Some(all.saturating_add(node.max_length()?))),
            Node::Repeat { max, node, .. } => match node.max_length()? {
                0 => Some(0),
                length => Some(length.saturating_mul(u64::from((*max)?))),
            },
            _ => self.children().try_fold(0, |most, node| Some(node.max_length()?.max(most))),
        }
    }

    /// About how many automaton states it needs with bounded repeats written out.
    pub fn weight(&self) -> u64 {
        let below = || self.children().map(Node::weight).fold(0, u64::saturating_add);
        match self {
            // `x+` is one `x` with a way back, `x{3,}` three of which the last has one.
            Node::Repeat { min, max, .. } => {
                let rounds = max.unwrap_or(*min).max(1);
                below().saturating_mul(u64::from(rounds)).saturating_add(1)
            }
            Node::Conditional(..) => below(),
            _ => below().saturating_add(1),
        }
    }

    /// How many of the states of [`Node::weight`] come from writing repeats out. A long list of
    /// words has none: it is large, but few of its states are ever live at once.
    pub fn excess(&self) -> u64 {
        let mut written = 0;
        self.walk(&mut |_| written += 1);
        self.weight().saturating_sub(written)
    }

    /// How deeply repeats of more than one round are nested.
    pub fn loop_depth(&self) -> u32 {
        let below = self.children().map(Node::loop_depth).max().unwrap_or(0);
        below + u32::from(self.loop_body().is_some())
    }

    /// What a repeat of more than one round repeats.
    pub(super) fn loop_body(&self) -> Option<&Node> {
        match self {
            Node::Repeat { max, node, .. } if max.is_none_or(|max| max > 1) => Some(node),
            _ => None,
        }
    }

    /// Whether a repeat of more than one round has a body that can match the empty text.
    pub fn has_empty_rounds(&self) -> bool {
        let mut found = false;
        self.walk(&mut |node| {
            found |= node.loop_body().is_some_and(|body| body.min_length() == 0);
        });
        found
    }

    /// About how many automaton states it needs where rounds that can be empty are written twice: for what
    /// has taken no text yet, and for what has (`confirm/listing/nfa.rs`).
    pub(super) fn weight_of_rounds(&self) -> u64 {
        self.weights().0
    }

    /// As [`Node::weight_of_rounds`], and the same for inside a round that can be empty.
    fn weights(&self) -> (u64, u64) {
        let all = |(once, twice): (u64, u64), node: &Node| {
            let below = node.weights();
            (once.saturating_add(below.0), twice.saturating_add(below.1))
        };
        let (once, twice) = self.children().fold((1, 1), all);
        if self.min_length() > 0 && self.loop_body().is_none() {
            return (once, once);
        }
        let Node::Repeat { min, max, node, .. } = self else {
            return (once, once.saturating_add(twice));
        };
        let (min, max) = (u64::from(*min), max.map(u64::from));
        if node.min_length() > 0 && max.is_none() && min > 0 {
            let plain = once.saturating_mul(min).saturating_add(1);
            return (plain, plain);
        }
        let round = if node.min_length() == 0 { twice } else { once };
        // After the last round that is allowed it makes no difference whether that was empty.
        let optional = max.map_or(round, |max| match max - min {
            0 => 0,
            rounds => round.saturating_mul(rounds - 1).saturating_add(once),
        });
        let plain = once.saturating_mul(min).saturating_add(optional).saturating_add(1);
        if self.min_length() > 0 {
            return (plain, plain);
        }
        // Each round required in one that can be empty leads to the rest of the repeat, written out.
        let rests = plain.saturating_mul(min.saturating_add(1));
        let own = twice.saturating_mul(min).saturating_add(round);
        (plain, rests.saturating_add(own))
    }

    /// Whether it certainly matches the empty text, wherever that is.
    pub fn matches_anywhere(&self) -> bool {
        match self {
            Node::Empty => true,
            Node::Concat(nodes) => nodes.iter().all(Node::matches_anywhere),
            Node::Alternate(nodes) => nodes.iter().any(Node::matches_anywhere),
            Node::Repeat { min, node, .. } => *min == 0 || node.matches_anywhere(),
            Node::Group { node, .. } => node.matches_anywhere(),
            _ => false,
        }
    }

    /// Whether there is a look-around.
    pub fn has_look_around(&self) -> bool {
        let mut found = false;
        self.walk(&mut |node| found |= matches!(node, Node::LookAround(..)));
        found
    }

    /// Whether a search alone does not tell its matches: see `confirm/around.rs`.
    pub fn is_tried(&self) -> bool {
        self.has_look_around() || self.min_length() == 0 || self.has_empty_rounds()
    }

    /// Whether there is a `\B`.
    pub fn has_not_boundary(&self) -> bool {
        let mut found = false;
        self.walk(&mut |node| {
            found |= matches!(node, Node::Look(Look::NotBoundary | Look::NotAsciiBoundary));
        });
        found
    }

    /// How many characters before a position its conditions may depend on.
    pub fn reach(&self) -> usize {
        let mut reach = 1;
        self.walk(&mut |node| match node {
            Node::LookAround(look, content) if look.behind => {
                reach = reach.max(usize::try_from(content.min_length()).unwrap_or(usize::MAX));
            }
            _ => {}
        });
        reach
    }

    /// Whether a capture group stands inside a loop, and holds what its last round took.
    /// `?` is not a loop: what is in it takes part once or not at all, as in an alternative.
    pub fn has_repeated_group(&self) -> bool {
        self.has_group_in(Node::loop_body)
    }

    /// Whether a capture group stands inside a look-around, where only `re` knows what it holds.
    pub fn has_group_around(&self) -> bool {
        self.has_group_in(|node| match node {
            Node::LookAround(_, content) => Some(&**content),
            _ => None,
        })
    }

    fn has_group_in(&self, inside: fn(&Node) -> Option<&Node>) -> bool {
        let mut found = false;
        self.walk(&mut |node| {
            if let Some(content) = inside(node) {
                content.walk(&mut |inner| found |= matches!(inner, Node::Group { .. }));
            }
        });
        found
    }

    /// The groups in the order of their closing parentheses.
    ///
    /// Outside loops that is the order in which a match closes them, and the last that took part
    /// is `re`'s `lastindex`.
    pub fn closing_order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = self.children().flat_map(Node::closing_order).collect();
        if let Node::Group { index, .. } = self {
            order.push(*index);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use crate::pattern::decode;

    #[test]
    fn a_group_in_an_option_is_not_repeated() {
        let group = [7, 1, 2, 0];
        let times = |min, max| decode(&[&[6, min, max, 0], &group[..]].concat(), 1).unwrap();
        for (min, max) in [(0, 0), (0, 1), (1, 1)] {
            assert!(!times(min, max).unwrap().has_repeated_group(), "{{{min},{max}}}");
        }
        for (min, max) in [(0, 2), (2, 2), (0, u32::MAX), (1, u32::MAX)] {
            assert!(times(min, max).unwrap().has_repeated_group(), "{{{min},{max}}}");
        }
    }
}
