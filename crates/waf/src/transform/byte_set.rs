//! Which byte values occur: 256 bits.

/// A set of byte values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// No byte.
    pub const fn empty() -> Self {
        Self([0; 4])
    }

    /// Every byte.
    pub const fn all() -> Self {
        Self([u64::MAX; 4])
    }

    /// The given bytes.
    pub const fn of(bytes: &[u8]) -> Self {
        let mut set = Self::empty();
        let mut rest = bytes;
        while let Some((byte, behind)) = rest.split_first() {
            set = set.with(*byte);
            rest = behind;
        }
        set
    }

    /// The bytes for which a table says so.
    pub(crate) const fn of_table(table: &[bool; 256]) -> Self {
        let mut set = Self::empty();
        let mut rest: &[bool] = table;
        let mut byte = 0_u8;
        while let Some((is_in, behind)) = rest.split_first() {
            if *is_in {
                set = set.with(byte);
            }
            byte = byte.wrapping_add(1);
            rest = behind;
        }
        set
    }

    const fn with(self, byte: u8) -> Self {
        let [mut a, mut b, mut c, mut d] = self.0;
        let bit = 1_u64 << (byte & 63);
        match byte >> 6 {
            0 => a |= bit,
            1 => b |= bit,
            2 => c |= bit,
            _ => d |= bit,
        }
        Self([a, b, c, d])
    }

    /// Is it in the set?
    pub const fn contains(self, byte: u8) -> bool {
        let [a, b, c, d] = self.0;
        let word = match byte >> 6 {
            0 => a,
            1 => b,
            2 => c,
            _ => d,
        };
        (word >> (byte & 63)) & 1 == 1
    }

    /// The bytes of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        let Self([a, b, c, d]) = self;
        let Self([also_a, also_b, also_c, also_d]) = other;
        Self([a | also_a, b | also_b, c | also_c, d | also_d])
    }

    /// The bytes that are not in it.
    #[must_use]
    pub const fn complement(self) -> Self {
        let [a, b, c, d] = self.0;
        Self([!a, !b, !c, !d])
    }

    /// Is a byte in both?
    pub fn intersects(self, other: Self) -> bool {
        let pairs = self.0.iter().zip(other.0);
        pairs.fold(0, |common, (word, other)| common | (word & other)) != 0
    }

    /// Adds one byte.
    pub fn insert(&mut self, byte: u8) {
        *self = self.with(byte);
    }

    /// The bytes that occur in a value.
    pub fn of_value(value: &[u8]) -> Self {
        // Four sets side by side: a write then need not wait for the one before it to the same word.
        let mut sets = [[0_u64; 4]; 4];
        let [first, second, third, fourth] = &mut sets;
        let (groups, last) = value.as_chunks::<4>();
        for [a, b, c, d] in groups {
            mark(first, *a);
            mark(second, *b);
            mark(third, *c);
            mark(fourth, *d);
        }
        for byte in last {
            mark(first, *byte);
        }
        let all = sets.into_iter().map(Self);
        all.fold(Self::empty(), Self::union)
    }
}

#[inline]
fn mark(words: &mut [u64; 4], byte: u8) {
    if let Some(word) = words.get_mut(usize::from(byte >> 6)) {
        *word |= 1 << (byte & 63);
    }
}
