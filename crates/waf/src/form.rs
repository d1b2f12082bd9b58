//! Forms of values that a contract types: what is a number, a decimal or a UUID can match few patterns, and which, is known
//! before the first request.
//!
//! A form is an automaton of at most 64 states. A value has the form when the automaton accepts it; a pattern may match inside
//! such a value only if its bytes can be read from some state on. One table answers both, so they cannot disagree. That a
//! contract declares the type is not believed: each value is looked at.

use crate::transform::ByteSet;

/// A longer value is inspected like any other.
const BYTES_MAX: usize = 64;

const DIGITS: ByteSet = ByteSet::of(b"0123456789");
const HEX: ByteSet = ByteSet::of(b"0123456789abcdefABCDEF");

/// Ways to write a typed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `-?(0|[1-9][0-9]*)`
    Integer,
    /// A number as JSON writes it (RFC 8259, section 6), but for a plus sign in the exponent, which decodes to a space.
    Decimal,
    /// RFC 9562, section 4, in either case.
    Uuid,
}

/// A set of states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct States(u64);

impl States {
    /// No state: what was read does not occur in the form.
    pub(crate) const NONE: Self = Self(0);
    /// The beginning of a value; no byte leads back to it.
    pub(crate) const START: Self = Self(1);

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[must_use]
    pub(crate) fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// From state, by one of these bytes, to state.
type Arrow = (u8, ByteSet, u8);

const INTEGER: &[Arrow] = &[
    (0, ByteSet::of(b"-"), 1),
    (0, ByteSet::of(b"0"), 3),
    (0, ByteSet::of(b"123456789"), 2),
    (1, ByteSet::of(b"0"), 3),
    (1, ByteSet::of(b"123456789"), 2),
    (2, DIGITS, 2),
];

/// Behind the arrows of [`INTEGER`].
const FRACTION: &[Arrow] = &[
    (2, ByteSet::of(b"."), 4),
    (3, ByteSet::of(b"."), 4),
    (4, DIGITS, 5),
    (5, DIGITS, 5),
    (2, ByteSet::of(b"eE"), 6),
    (3, ByteSet::of(b"eE"), 6),
    (5, ByteSet::of(b"eE"), 6),
    (6, ByteSet::of(b"-"), 7),
    (6, DIGITS, 8),
    (7, DIGITS, 8),
    (8, DIGITS, 8),
];

/// Bytes of a UUID.
const UUID_BYTES: u8 = 36;

impl Form {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Integer, Self::Decimal, Self::Uuid];

    /// Its place in [`Self::ALL`].
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Integer => 0,
            Self::Decimal => 1,
            Self::Uuid => 2,
        }
    }

    /// The form of a value, the narrowest first.
    pub(crate) fn of(value: &[u8]) -> Option<Self> {
        if value.len() > BYTES_MAX {
            return None;
        }
        Self::ALL.into_iter().find(|form| form.accepts(value))
    }

    fn accepts(self, value: &[u8]) -> bool {
        let mut state = 0;
        for byte in value {
            match self.step(state, *byte) {
                Some(next) => state = next,
                None => return false,
            }
        }
        self.ends().0 >> state & 1 == 1
    }

    fn step(self, state: u8, byte: u8) -> Option<u8> {
        if self == Self::Uuid {
            return uuid_bytes(state)
                .contains(byte)
                .then_some(state.saturating_add(1));
        }
        let arrow = self
            .arrows()
            .find(|(from, bytes, _)| *from == state && bytes.contains(byte));
        arrow.map(|(_, _, to)| *to)
    }

    fn arrows(self) -> impl Iterator<Item = &'static Arrow> {
        let more = match self {
            Self::Decimal => FRACTION,
            Self::Integer | Self::Uuid => &[],
        };
        INTEGER.iter().chain(more)
    }

    /// Every byte of its values.
    pub(crate) fn alphabet(self) -> ByteSet {
        match self {
            Self::Integer => DIGITS.union(ByteSet::of(b"-")),
            Self::Decimal => DIGITS.union(ByteSet::of(b"-.eE")),
            Self::Uuid => HEX.union(ByteSet::of(b"-")),
        }
    }

    /// Where a part of a value can begin.
    pub(crate) fn all(self) -> States {
        States(match self {
            Self::Integer => (1 << 4) - 1,
            Self::Decimal => (1 << 9) - 1,
            Self::Uuid => (1 << (UUID_BYTES + 1)) - 1,
        })
    }

    /// Where a value can end.
    pub(crate) fn ends(self) -> States {
        States(match self {
            Self::Integer => 1 << 2 | 1 << 3,
            Self::Decimal => 1 << 2 | 1 << 3 | 1 << 5 | 1 << 8,
            Self::Uuid => 1 << UUID_BYTES,
        })
    }

    /// Where one byte of `bytes` leads.
    pub(crate) fn read(self, from: States, bytes: ByteSet) -> States {
        let mut to = 0;
        if self == Self::Uuid {
            for state in (0..UUID_BYTES).filter(|state| from.0 >> state & 1 == 1) {
                if uuid_bytes(state).intersects(bytes) {
                    to |= 1 << (state + 1);
                }
            }
        } else {
            for (state, own, next) in self.arrows() {
                if from.0 >> state & 1 == 1 && own.intersects(bytes) {
                    to |= 1 << next;
                }
            }
        }
        States(to)
    }

    /// Whether a text occurs in some value of the form, in any case.
    pub(crate) fn contains(self, text: &[u8]) -> bool {
        let read = text.iter().fold(self.all(), |from, byte| {
            self.read(
                from,
                ByteSet::of(&[byte.to_ascii_lowercase(), byte.to_ascii_uppercase()]),
            )
        });
        !read.is_empty()
    }
}

/// What may stand at a place of a UUID.
fn uuid_bytes(place: u8) -> ByteSet {
    match place {
        8 | 13 | 18 | 23 => ByteSet::of(b"-"),
        UUID_BYTES.. => ByteSet::empty(),
        _ => HEX,
    }
}

#[cfg(test)]
mod tests;
