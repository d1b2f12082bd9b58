//! What a value must have for a pattern to match: literals to look for in many patterns at once, and bytes.
//!
//! Each part of a pattern is summed up by the texts with which it can begin and end, by all of its texts where they are few, and
//! by the best set of texts of which each match has one. Best is what harmless traffic has least of, by a rough frequency of
//! its bytes.

use super::syntax::{Node, bytes};
use crate::transform::ByteSet;

mod texts;

use texts::Texts;

/// Most sets of bytes that are worth asking for.
const CLASSES_MAX: usize = 6;
/// A set is worth asking for when a byte is in it less often than this.
const CLASS_FREQUENCY_MAX: f64 = 0.3;
/// Most bytes of a set, letters in one case, that is written out as texts.
const SET_BYTES_MAX: usize = 16;

/// What every match contains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Required {
    /// Every match contains one of these, in any case: ASCII in lowercase, two bytes or more each, 400 of them at most.
    pub literals: Option<Vec<Vec<u8>>>,
    /// Every match contains a byte of each of these sets.
    pub classes: Vec<ByteSet>,
}

impl Required {
    pub(super) fn of(node: &Node) -> Self {
        let sum = Sum::of(node);
        let mut classes = Vec::new();
        collect_classes(node, &mut classes);
        classes.retain(|set| frequency(*set) < CLASS_FREQUENCY_MAX);
        classes.sort_by(|one, other| frequency(*one).total_cmp(&frequency(*other)));
        classes.dedup();
        classes.truncate(CLASSES_MAX);
        Self {
            literals: sum.wanted().map(Texts::into_minimal),
            classes,
        }
    }
}

/// How often a byte of the set occurs among the bytes of harmless values, roughly.
fn frequency(set: ByteSet) -> f64 {
    bytes(set).map(texts::frequency).sum()
}

/// A part of a pattern, summed up.
#[derive(Clone, Debug)]
struct Sum {
    /// All of its texts.
    whole: Option<Texts>,
    /// Every match begins with one of these.
    start: Texts,
    /// Every match ends with one of these.
    end: Texts,
    /// Every match contains one of these.
    inner: Option<Texts>,
}

impl Sum {
    fn whole(texts: Texts) -> Self {
        Self {
            start: texts.clone().into_starts(),
            end: texts.clone().into_ends(),
            inner: None,
            whole: Some(texts),
        }
    }

    fn unknown() -> Self {
        Self {
            whole: None,
            start: Texts::empty_text(),
            end: Texts::empty_text(),
            inner: None,
        }
    }

    /// The best set to look for.
    fn wanted(&self) -> Option<Texts> {
        let edges = [Some(&self.start), Some(&self.end)];
        let all = [self.inner.as_ref(), self.whole.as_ref()]
            .into_iter()
            .chain(edges);
        best(all.flatten().filter(|texts| texts.is_useful()))
    }

    fn of(node: &Node) -> Self {
        match node {
            Node::Empty | Node::Place(_) | Node::Around(..) => Self::whole(Texts::empty_text()),
            Node::Set(set) => match Texts::of_set(*set, SET_BYTES_MAX) {
                Some(texts) => Self::whole(texts),
                None => Self::unknown(),
            },
            Node::Back(..) => Self::unknown(),
            Node::Concat(parts) => {
                let mut parts = parts.iter().map(Self::of);
                let first = parts.next().unwrap_or_else(Self::unknown);
                parts.fold(first, |sum, next| sum.then(&next))
            }
            Node::Alternate(parts) => {
                let mut parts = parts.iter().map(Self::of);
                let first = parts.next().unwrap_or_else(Self::unknown);
                parts.fold(first, |sum, next| sum.or(&next))
            }
            Node::Repeat {
                node, least, most, ..
            } => Self::repeated(Self::of(node), *least, *most),
            Node::Group(_, node) | Node::Atomic(node) => Self::of(node),
        }
    }

    fn then(&self, next: &Self) -> Self {
        let whole = match (&self.whole, &next.whole) {
            (Some(one), Some(other)) => one.joined(other),
            _ => None,
        };
        let start = match &self.whole {
            Some(whole) => whole.joined_starts(&next.start),
            None => self.start.clone(),
        };
        let end = match &next.whole {
            Some(whole) => self.end.joined_ends(whole),
            None => next.end.clone(),
        };
        let seam = self.end.joined(&next.start);
        // What the new start and end hold need not be repeated here.
        let (one, other) = (self.wanted(), next.wanted());
        let all = [one.as_ref(), other.as_ref(), seam.as_ref()];
        Self {
            inner: best(all.into_iter().flatten().filter(|texts| texts.is_useful())),
            whole,
            start,
            end,
        }
    }

    fn or(&self, other: &Self) -> Self {
        let inner = match (self.wanted(), other.wanted()) {
            (Some(one), Some(other)) => Some(one.united_starts(&other)).filter(Texts::is_useful),
            _ => None,
        };
        let whole = match (&self.whole, &other.whole) {
            (Some(one), Some(other)) => one.united(other),
            _ => None,
        };
        Self {
            whole,
            start: self.start.united_starts(&other.start),
            end: self.end.united_ends(&other.end),
            inner,
        }
    }

    fn repeated(once: Self, least: u32, most: Option<u32>) -> Self {
        match (least, most) {
            (0, Some(1)) => match once
                .whole
                .and_then(|texts| texts.united(&Texts::empty_text()))
            {
                Some(texts) => Self::whole(texts),
                None => Self::unknown(),
            },
            (_, Some(0)) => Self::whole(Texts::empty_text()),
            (0, _) => Self::unknown(),
            (1, Some(1)) => once,
            _ => {
                // Some times written out, and whatever stands between them.
                let written = least.min(4);
                let mut sum = once.clone();
                for _ in 1..written {
                    sum = sum.then(&once);
                }
                if most == Some(written) {
                    return sum;
                }
                sum.then(&Self::unknown()).then(&sum)
            }
        }
    }
}

/// The set that harmless traffic has least of.
fn best<'a>(all: impl Iterator<Item = &'a Texts>) -> Option<Texts> {
    all.min_by(|one, other| one.cost().total_cmp(&other.cost()))
        .cloned()
}

/// Sets of which each match of the node has a byte.
fn collect_classes(node: &Node, classes: &mut Vec<ByteSet>) {
    match node {
        Node::Set(set) => classes.push(*set),
        Node::Concat(parts) => {
            for part in parts {
                collect_classes(part, classes);
            }
        }
        Node::Group(_, node) | Node::Atomic(node) => collect_classes(node, classes),
        Node::Repeat { node, least, .. } if *least > 0 => collect_classes(node, classes),
        Node::Alternate(parts) => {
            let united = parts.iter().try_fold(ByteSet::empty(), |united, part| {
                let mut own = Vec::new();
                collect_classes(part, &mut own);
                let rarest = own
                    .into_iter()
                    .min_by(|one, other| frequency(*one).total_cmp(&frequency(*other)));
                rarest.map(|set| united.union(set))
            });
            classes.extend(united);
        }
        Node::Empty | Node::Place(_) | Node::Repeat { .. } | Node::Around(..) | Node::Back(..) => {}
    }
}
