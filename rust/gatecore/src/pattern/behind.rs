//! What a look-behind looks for, as sequences of classes.

use super::node::{ClassId, Node};

/// Most classes of all sequences of one look-behind together.
const MAX_CLASSES: usize = 512;

/// The texts of a look-behind's content: sequences of classes, all of one length, which is not 0.
///
/// `None` where it has anything else than classes in it (conditions, references, …), or too many.
pub fn sequences(content: &Node) -> Option<Vec<Vec<ClassId>>> {
    let sequences = expand(content)?;
    let width = sequences.first()?.len();
    (width > 0 && sequences.iter().all(|sequence| sequence.len() == width)).then_some(sequences)
}

fn expand(node: &Node) -> Option<Vec<Vec<ClassId>>> {
    let sequences = match node {
        Node::Empty => vec![Vec::new()],
        Node::Class(class) => vec![vec![*class]],
        Node::Concat(nodes) => {
            nodes.iter().try_fold(vec![Vec::new()], |heads, node| joined(&heads, &expand(node)?))?
        }
        Node::Alternate(nodes) => {
            let branches: Option<Vec<_>> = nodes.iter().map(expand).collect();
            branches?.concat()
        }
        Node::Repeat { min, max: Some(max), node, .. } if min == max => {
            let body = expand(node)?;
            if body.iter().all(Vec::is_empty) {
                return None;
            }
            (0..*min).try_fold(vec![Vec::new()], |heads, _| joined(&heads, &body))?
        }
        Node::Group { node, .. } => expand(node)?,
        _ => return None,
    };
    is_small(&sequences).then_some(sequences)
}

fn is_small(sequences: &[Vec<ClassId>]) -> bool {
    sequences.iter().map(|sequence| sequence.len().max(1)).sum::<usize>() <= MAX_CLASSES
}

fn joined(heads: &[Vec<ClassId>], tails: &[Vec<ClassId>]) -> Option<Vec<Vec<ClassId>>> {
    if heads.len() * tails.len() > MAX_CLASSES {
        return None;
    }
    let pairs =
        heads.iter().flat_map(|head| tails.iter().map(move |tail| [&head[..], tail].concat()));
    let sequences: Vec<Vec<ClassId>> = pairs.collect();
    is_small(&sequences).then_some(sequences)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::cases::{class, repeat};
    use crate::pattern::Look;

    #[test]
    fn content_of_fixed_width_is_written_out_and_all_else_refused() {
        let ids =
            |numbers: &[u32]| numbers.iter().map(|&number| ClassId(number)).collect::<Vec<_>>();
        let either = Node::Alternate(vec![class(0), class(1)]);
        let twice = repeat(2, Some(2), either.clone());
        let all = [[0, 0], [0, 1], [1, 0], [1, 1]].map(|pair| ids(&pair)).to_vec();
        assert_eq!(sequences(&twice), Some(all));
        assert_eq!(
            sequences(&Node::Concat(vec![class(2), either])),
            Some(vec![ids(&[2, 0]), ids(&[2, 1])])
        );
        for other in [
            Node::Empty,
            Node::Never,
            Node::Look(Look::Boundary),
            Node::Concat(vec![Node::Look(Look::TextStart), class(0)]),
            Node::Alternate(vec![class(0), Node::Empty]),
            repeat(20, Some(20), Node::Alternate(vec![class(0), class(1)])),
            repeat(2, Some(3), class(0)),
            repeat(600, Some(600), class(0)),
        ] {
            assert_eq!(sequences(&other), None, "{other:?}");
        }
    }
}
