//! Where made-up inputs come from: a seed, so that a run can be repeated, or the bytes of a fuzzer, so that it can steer.

/// A source of choices.
#[derive(Debug, Clone)]
pub enum Choices<'a> {
    /// Pseudo-random without an end; begun with [`Self::seeded`].
    Seeded(u64),
    /// One byte for each choice; behind the last one every choice is the first of its list.
    Bytes(&'a [u8]),
}

impl Choices<'_> {
    /// The same seed gives the same choices.
    pub fn seeded(seed: u64) -> Self {
        // The generator stands still at zero, and small seeds begin alike.
        Self::Seeded(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Whether nothing but first choices is left.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Bytes([]))
    }

    /// A number below `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let number = match self {
            Self::Seeded(state) => {
                *state ^= *state << 13;
                *state ^= *state >> 7;
                *state ^= *state << 17;
                usize::try_from(*state >> 33).unwrap_or(0)
            }
            Self::Bytes(bytes) => match bytes.split_first() {
                Some((first, rest)) => {
                    *bytes = rest;
                    usize::from(*first)
                }
                None => 0,
            },
        };
        number.checked_rem(end).unwrap_or(0)
    }

    /// Whether one of so many equal chances came true; never behind the last byte.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) + 1 == times
    }

    /// One of the list.
    pub fn pick<'l, T>(&mut self, list: &'l [T]) -> Option<&'l T> {
        list.get(self.below(list.len()))
    }
}
