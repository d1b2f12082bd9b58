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
/// Most times that a repeated part is written out.
const TIMES_MAX: u32 = 4;

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
        classes.retain(|class| class.frequency < CLASS_FREQUENCY_MAX);
        classes.sort_by(|one, other| one.frequency.total_cmp(&other.frequency));
        let mut classes: Vec<ByteSet> = classes.into_iter().map(|class| class.set).collect();
        classes.dedup();
        classes.truncate(CLASSES_MAX);
        Self {
            literals: sum.wanted().map(Texts::into_minimal),
            classes,
        }
    }
}

/// A set, and how often one of its bytes occurs among the bytes of harmless values, roughly.
#[derive(Clone, Copy, Debug)]
struct ByteClass {
    set: ByteSet,
    frequency: f64,
}

impl ByteClass {
    fn of(set: ByteSet) -> Self {
        Self {
            set,
            frequency: bytes(set).map(texts::frequency).sum(),
        }
    }
}

/// A part of a pattern, summed up.
#[derive(Clone, Debug)]
enum Sum {
    /// All of its texts.
    Whole(Texts),
    Part {
        /// Every match begins with one of these.
        start: Texts,
        /// Every match ends with one of these.
        end: Texts,
        /// Every match contains one of these.
        inner: Option<Texts>,
    },
}

impl Sum {
    fn unknown() -> Self {
        Self::Part {
            start: Texts::empty_text(),
            end: Texts::empty_text(),
            inner: None,
        }
    }

    fn start(&self) -> Texts {
        match self {
            Self::Whole(texts) => texts.clone().into_starts(),
            Self::Part { start, .. } => start.clone(),
        }
    }

    fn end(&self) -> Texts {
        match self {
            Self::Whole(texts) => texts.clone().into_ends(),
            Self::Part { end, .. } => end.clone(),
        }
    }

    /// The best set to look for.
    fn wanted(&self) -> Option<Texts> {
        match self {
            Self::Whole(texts) => best([Some(texts)]),
            Self::Part { start, end, inner } => best([inner.as_ref(), Some(start), Some(end)]),
        }
    }

    fn of(node: &Node) -> Self {
        match node {
            Node::Empty | Node::Place(_) | Node::Around(..) => Self::Whole(Texts::empty_text()),
            Node::Set(set) => match Texts::of_set(*set, SET_BYTES_MAX) {
                Some(texts) => Self::Whole(texts),
                None => Self::unknown(),
            },
            Node::Back(..) => Self::unknown(),
            Node::Concat(parts) => {
                let mut parts = parts.iter().map(Self::of);
                let first = parts.next().unwrap_or_else(Self::unknown);
                parts.fold(first, |sum, next| sum.then(&next))
            }
            Node::Alternate(parts) => Self::one_of(&parts.iter().map(Self::of).collect::<Vec<_>>()),
            Node::Repeat {
                node, least, most, ..
            } => Self::of(node).repeated(*least, *most),
            Node::Group(_, node) | Node::Atomic(node) => Self::of(node),
        }
    }

    fn then(self, next: &Self) -> Self {
        if let (Self::Whole(one), Self::Whole(other)) = (&self, next)
            && let Some(whole) = one.joined(other)
        {
            return Self::Whole(whole);
        }
        let (own_end, next_start) = (self.end(), next.start());
        let seam = own_end.joined(&next_start);
        let (one, other) = (self.wanted(), next.wanted());
        let inner = best([one.as_ref(), other.as_ref(), seam.as_ref()]);
        let start = match &self {
            Self::Whole(whole) => whole.joined_starts(&next_start),
            Self::Part { start, .. } => start.clone(),
        };
        let end = match next {
            Self::Whole(whole) => own_end.joined_ends(whole),
            Self::Part { end, .. } => end.clone(),
        };
        Self::Part { start, end, inner }
    }

    fn one_of(parts: &[Self]) -> Self {
        let wholes = parts.iter().map(|part| match part {
            Self::Whole(texts) => Some(texts.clone()),
            Self::Part { .. } => None,
        });
        let whole = wholes.collect::<Option<Vec<_>>>().map(Texts::united);
        if let Some(whole) = whole.filter(Texts::is_small) {
            return Self::Whole(whole);
        }
        let wanted = parts.iter().map(Self::wanted).collect::<Option<Vec<_>>>();
        let inner = wanted.map(|all| Texts::united(all).into_starts());
        Self::Part {
            start: Texts::united(parts.iter().map(Self::start).collect()).into_starts(),
            end: Texts::united(parts.iter().map(Self::end).collect()).into_ends(),
            inner: inner.filter(Texts::is_useful),
        }
    }

    fn repeated(self, least: u32, most: Option<u32>) -> Self {
        match (least, most) {
            (_, Some(0)) => Self::Whole(Texts::empty_text()),
            (0, Some(1)) => match self {
                Self::Whole(texts) => {
                    Self::one_of(&[Self::Whole(texts), Self::Whole(Texts::empty_text())])
                }
                Self::Part { .. } => Self::unknown(),
            },
            (0, _) => Self::unknown(),
            (1, Some(1)) => self,
            _ => {
                // Some times written out, and whatever stands between them.
                let written = least.min(TIMES_MAX);
                let sum = (1..written).fold(self.clone(), |sum, _| sum.then(&self));
                if most == Some(written) {
                    return sum;
                }
                let again = sum.clone();
                sum.then(&Self::unknown()).then(&again)
            }
        }
    }
}

/// The set that harmless traffic has least of.
fn best<const N: usize>(all: [Option<&Texts>; N]) -> Option<Texts> {
    let mut best: Option<(&Texts, f64)> = None;
    for texts in all.into_iter().flatten().filter(|texts| texts.is_useful()) {
        let cost = texts.cost();
        if best.is_none_or(|(_, least)| cost < least) {
            best = Some((texts, cost));
        }
    }
    best.map(|(texts, _)| texts.clone())
}

/// Sets of which each match of the node has a byte.
fn collect_classes(node: &Node, classes: &mut Vec<ByteClass>) {
    match node {
        Node::Set(set) => classes.push(ByteClass::of(*set)),
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
                    .min_by(|one, other| one.frequency.total_cmp(&other.frequency));
                rarest.map(|class| united.union(class.set))
            });
            classes.extend(united.map(ByteClass::of));
        }
        Node::Empty | Node::Place(_) | Node::Repeat { .. } | Node::Around(..) | Node::Back(..) => {}
    }
}
