//! Which parts a regular engine can run: possessive repetitions that give the same as greedy ones are made greedy, and what is
//! left says whether an engine without memory answers as PCRE does.

use super::syntax::{Greed, Node, Place};
use crate::transform::ByteSet;

/// Whether the rest of a pattern can match without a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Empty {
    Never,
    Perhaps,
    /// It does so anywhere.
    Always,
}

/// What can come behind a place: the first bytes of the rest of the pattern, where a byte follows.
#[derive(Clone, Copy, Debug)]
struct Rest {
    first: ByteSet,
    empty: Empty,
}

impl Rest {
    const END: Self = Self {
        first: ByteSet::empty(),
        empty: Empty::Always,
    };

    fn or(self, other: Self) -> Self {
        Self {
            first: self.first.union(other.first),
            empty: self.empty.max(other.empty),
        }
    }

    /// Behind something that may fail anywhere.
    fn perhaps(self) -> Self {
        Self {
            first: self.first,
            empty: self.empty.min(Empty::Perhaps),
        }
    }

    /// Giving back bytes of `set` never helps: the rest does not begin with one, or it matches right away.
    fn never_asks_back(self, set: ByteSet) -> bool {
        match self.empty {
            Empty::Always => true,
            Empty::Never => !self.first.intersects(set),
            Empty::Perhaps => false,
        }
    }
}

/// Makes possessive parts greedy where that is the same.
pub(super) fn settle(node: &mut Node) {
    settle_before(node, Rest::END);
}

/// Makes greedy repetitions of one byte possessive where giving back never helps, so that the machine does not try. PCRE does
/// so too, and needs it: without, `\s*,\s*` in a loop has too many ways to fail.
pub(super) fn hasten(node: &mut Node) {
    hasten_before(node, Rest::END);
}

fn hasten_before(node: &mut Node, rest: Rest) {
    match node {
        Node::Empty | Node::Set(_) | Node::Place(_) | Node::Back(..) => {}
        Node::Concat(parts) => {
            let mut rest = rest;
            for part in parts.iter_mut().rev() {
                hasten_before(part, rest);
                rest = before(part, rest);
            }
        }
        Node::Alternate(parts) => {
            for part in parts {
                hasten_before(part, rest);
            }
        }
        Node::Group(_, inner) => hasten_before(inner, rest),
        Node::Atomic(inner) | Node::Around(_, inner) => hasten_before(inner, Rest::END),
        Node::Repeat {
            node: inner,
            least,
            greed,
            ..
        } => {
            let is_plain = *greed == Greed::Greedy
                && rest.empty == Empty::Never
                && single(inner).is_some_and(|set| rest.never_asks_back(set));
            if is_plain {
                *greed = Greed::Possessive;
            }
            let again = before(inner, rest).or(rest);
            hasten_before(inner, if *least > 1 { again.perhaps() } else { again });
        }
    }
}

/// The bytes with which a match can begin, if it has any.
pub(super) fn first(node: &Node) -> ByteSet {
    before(node, Rest::END).first
}

fn settle_before(node: &mut Node, rest: Rest) {
    match node {
        Node::Empty | Node::Set(_) | Node::Place(_) | Node::Back(..) => {}
        Node::Concat(parts) => {
            let mut rest = rest;
            for part in parts.iter_mut().rev() {
                settle_before(part, rest);
                rest = before(part, rest);
            }
        }
        Node::Alternate(parts) => {
            for part in parts {
                settle_before(part, rest);
            }
        }
        Node::Group(_, inner) => settle_before(inner, rest),
        Node::Around(_, inner) => settle_before(inner, Rest::END),
        Node::Repeat {
            node: inner,
            least,
            most,
            greed,
        } => {
            let again = before(inner, rest).or(rest);
            settle_before(inner, if *least > 1 { again.perhaps() } else { again });
            let is_plain = *greed == Greed::Possessive
                && single(inner)
                    .is_some_and(|set| *most == Some(*least) || rest.never_asks_back(set));
            if is_plain {
                *greed = Greed::Greedy;
            }
        }
        Node::Atomic(inner) => {
            settle_before(inner, Rest::END);
            if rest.empty == Empty::Always || !has_choice(inner) || gives_one_answer(inner, rest) {
                let inner = std::mem::replace(&mut **inner, Node::Empty);
                *node = inner;
            }
        }
    }
}

/// A greedy repetition of one set, behind which giving back never helps.
fn gives_one_answer(node: &Node, rest: Rest) -> bool {
    if let Node::Repeat {
        node,
        greed: Greed::Greedy,
        ..
    } = node
    {
        single(node).is_some_and(|set| rest.never_asks_back(set))
    } else {
        false
    }
}

/// The set of a node that is one byte.
fn single(node: &Node) -> Option<ByteSet> {
    if let Node::Group(_, inner) = node {
        single(inner)
    } else if let Node::Set(set) = node {
        Some(*set)
    } else {
        None
    }
}

fn has_choice(node: &Node) -> bool {
    node.any(&|node| {
        matches!(node, Node::Alternate(_))
            || matches!(node, Node::Repeat { least, most, .. } if *most != Some(*least))
    })
}

/// What can come from the start of `node` on, with `rest` behind it. Too much is sound, too little is not.
fn before(node: &Node, rest: Rest) -> Rest {
    match node {
        Node::Empty => rest,
        Node::Set(set) => Rest {
            first: *set,
            empty: Empty::Never,
        },
        // Where a byte follows, that byte is a line feed.
        Node::Place(Place::LineEnd | Place::LastLineEnd) => Rest {
            first: ByteSet::of(b"\n"),
            empty: Empty::Never,
        },
        Node::Place(Place::TextEnd) => Rest {
            first: ByteSet::empty(),
            empty: Empty::Never,
        },
        Node::Place(_) | Node::Around(..) => rest.perhaps(),
        Node::Back(..) => Rest {
            first: ByteSet::all(),
            empty: Empty::Perhaps,
        },
        Node::Concat(parts) => parts
            .iter()
            .rev()
            .fold(rest, |rest, part| before(part, rest)),
        Node::Alternate(parts) => {
            let mut all = parts.iter().map(|part| before(part, rest));
            let first = all.next().unwrap_or(rest);
            all.fold(first, Rest::or)
        }
        Node::Repeat { node, least, .. } => {
            let once = before(node, rest);
            if *least == 0 { once.or(rest) } else { once }
        }
        Node::Group(_, node) | Node::Atomic(node) => before(node, rest),
    }
}

/// Is the answer of a regular engine that of PCRE?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exact {
    Always,
    /// But where the text ends with a line feed: the engine then also finds an empty last line, which PCRE's `^` does not.
    UnlessLastLineFeed,
    /// Both.
    UnlessLastLineFeedButGroups,
    /// But its groups are others, or its end is, where a repeated part matches nothing in the end.
    ButGroups,
    /// What the engine finds is a candidate.
    Never,
}

impl Exact {
    pub(super) fn of(node: &Node) -> Self {
        let irregular = node.any(&|node| {
            matches!(
                node,
                Node::Around(..)
                    | Node::Back(..)
                    | Node::Atomic(_)
                    | Node::Place(Place::LastLineEnd | Place::SearchStart)
                    | Node::Repeat {
                        greed: Greed::Possessive,
                        ..
                    }
            )
        });
        if irregular {
            Self::Never
        } else {
            match (has_open_line_start(node, 0), node.any(&repeats_nothing)) {
                (true, true) => Self::UnlessLastLineFeedButGroups,
                (true, false) => Self::UnlessLastLineFeed,
                (false, true) => Self::ButGroups,
                (false, false) => Self::Always,
            }
        }
    }
}

/// A part that may match nothing, repeated: PCRE ends with that empty time, and its groups are those of it.
fn repeats_nothing(node: &Node) -> bool {
    matches!(node, Node::Repeat { node, most, .. } if *most != Some(1) && node.length_min() == 0)
}

/// Is there a `^` behind which nothing has to follow? `behind` bytes follow the node at least.
fn has_open_line_start(node: &Node, behind: usize) -> bool {
    match node {
        Node::Place(Place::LineStart) => behind == 0,
        Node::Empty | Node::Set(_) | Node::Place(_) | Node::Back(..) => false,
        Node::Concat(parts) => {
            let mut behind = behind;
            parts.iter().rev().any(|part| {
                let open = has_open_line_start(part, behind);
                behind = behind.saturating_add(part.length_min());
                open
            })
        }
        Node::Alternate(parts) => parts.iter().any(|part| has_open_line_start(part, behind)),
        Node::Repeat { node, .. }
        | Node::Group(_, node)
        | Node::Atomic(node)
        | Node::Around(_, node) => has_open_line_start(node, behind),
    }
}
