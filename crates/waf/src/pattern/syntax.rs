//! What a pattern means, with its flags spent: every node stands for bytes, places and the order in which PCRE tries them.

use crate::transform::ByteSet;

/// A place between two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `\A`, and `^` without the flag `m`.
    TextStart,
    /// `\z`
    TextEnd,
    /// `\Z`, and `$` without the flag `m`: the end, or the line feed that ends the text.
    LastLineEnd,
    /// `^`: the start, and behind each line feed but one that ends the text.
    LineStart,
    /// `$`: the end, and before each line feed.
    LineEnd,
    /// `\b`
    WordEdge,
    /// `\B`
    NotWordEdge,
    /// `\G`: where the search began.
    SearchStart,
}

/// How much a repetition takes first, and whether it gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// An assertion about what stands beside a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Around {
    pub(super) behind: bool,
    pub(super) negative: bool,
}

/// A pattern or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Empty,
    /// One byte of a set.
    Set(ByteSet),
    Place(Place),
    Concat(Vec<Self>),
    Alternate(Vec<Self>),
    Repeat {
        node: Box<Self>,
        least: u32,
        most: Option<u32>,
        greed: Greed,
    },
    /// A capturing group; numbers begin at one.
    Group(u32, Box<Self>),
    /// `(?>…)`
    Atomic(Box<Self>),
    Around(Around, Box<Self>),
    /// What the group matched; with the flag `i` when true.
    Back(u32, bool),
}

impl Node {
    /// Bytes that every match has at least.
    pub(super) fn length_min(&self) -> usize {
        match self {
            Self::Empty | Self::Place(_) | Self::Around(..) | Self::Back(..) => 0,
            Self::Set(_) => 1,
            Self::Concat(parts) => parts
                .iter()
                .fold(0, |sum: usize, part| sum.saturating_add(part.length_min())),
            Self::Alternate(parts) => parts.iter().map(Self::length_min).min().unwrap_or(0),
            Self::Repeat { node, least, .. } => node
                .length_min()
                .saturating_mul(usize::try_from(*least).unwrap_or(usize::MAX)),
            Self::Group(_, node) | Self::Atomic(node) => node.length_min(),
        }
    }

    /// Bytes that every match has exactly, if that is one number.
    pub(super) fn length_fixed(&self) -> Option<usize> {
        match self {
            Self::Empty | Self::Place(_) | Self::Around(..) => Some(0),
            Self::Set(_) => Some(1),
            Self::Concat(parts) => parts
                .iter()
                .try_fold(0_usize, |sum, part| sum.checked_add(part.length_fixed()?)),
            Self::Alternate(parts) => {
                let mut lengths = parts.iter().map(Self::length_fixed);
                let first = lengths.next()??;
                lengths.all(|other| other == Some(first)).then_some(first)
            }
            Self::Repeat {
                node, least, most, ..
            } if Some(*least) == *most => node
                .length_fixed()?
                .checked_mul(usize::try_from(*least).ok()?),
            Self::Repeat { .. } | Self::Back(..) => None,
            Self::Group(_, node) | Self::Atomic(node) => node.length_fixed(),
        }
    }

    /// Is `wanted` true of this node or of one below it?
    pub(super) fn any(&self, wanted: &impl Fn(&Self) -> bool) -> bool {
        wanted(self)
            || match self {
                Self::Empty | Self::Set(_) | Self::Place(_) | Self::Back(..) => false,
                Self::Concat(parts) | Self::Alternate(parts) => {
                    parts.iter().any(|part| part.any(wanted))
                }
                Self::Repeat { node, .. }
                | Self::Group(_, node)
                | Self::Atomic(node)
                | Self::Around(_, node) => node.any(wanted),
            }
    }
}

/// The bytes of a set, in their order.
pub(super) fn bytes(set: ByteSet) -> impl Iterator<Item = u8> {
    (0..=u8::MAX).filter(move |byte| set.contains(*byte))
}

/// The bytes for which `wanted` is true.
pub(super) fn set_where(wanted: impl Fn(u8) -> bool) -> ByteSet {
    let mut set = ByteSet::empty();
    for byte in (0..=u8::MAX).filter(|byte| wanted(*byte)) {
        set.insert(byte);
    }
    set
}

/// The set with both cases of each ASCII letter in it. Bytes above 0x7f have no case, as in PCRE without UTF.
pub(super) fn fold(set: ByteSet) -> ByteSet {
    set_where(|byte| {
        set.contains(byte)
            || set.contains(byte.to_ascii_lowercase())
            || set.contains(byte.to_ascii_uppercase())
    })
}

/// `\w` in the C locale.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
