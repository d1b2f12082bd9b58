//! Sets of bytes as tables, and searches in slices that cannot fail.

/// A set of byte values, one load per question.
#[derive(Debug)]
pub(super) struct ByteTable([bool; 256]);

impl ByteTable {
    /// The set of the bytes in `members`.
    pub(super) const fn of(members: &[u8]) -> Self {
        let mut table = [false; 256];
        let mut cells: &mut [bool] = &mut table;
        let mut byte = 0_u8;
        while let Some((cell, later)) = cells.split_first_mut() {
            *cell = holds(members, byte);
            cells = later;
            byte = byte.wrapping_add(1);
        }
        Self(table)
    }

    #[inline]
    pub(super) fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).is_some_and(|member| *member)
    }

    /// How many bytes at the start of `bytes` are members.
    #[inline]
    pub(super) fn span(&self, bytes: &[u8]) -> usize {
        bytes
            .iter()
            .position(|byte| !self.has(*byte))
            .unwrap_or(bytes.len())
    }

    /// How many bytes at the start of `bytes` are not members.
    #[inline]
    pub(super) fn span_outside(&self, bytes: &[u8]) -> usize {
        bytes
            .iter()
            .position(|byte| self.has(*byte))
            .unwrap_or(bytes.len())
    }
}

const fn holds(mut members: &[u8], byte: u8) -> bool {
    while let [first, later @ ..] = members {
        if *first == byte {
            return true;
        }
        members = later;
    }
    false
}

/// What follows the first `len` bytes; nothing if there are fewer.
#[inline]
pub(super) fn after(bytes: &[u8], len: usize) -> &[u8] {
    bytes.get(len..).unwrap_or_default()
}

/// The first `len` bytes, or all there are.
#[inline]
pub(super) fn first(bytes: &[u8], len: usize) -> &[u8] {
    bytes.get(..len).unwrap_or(bytes)
}

/// Where `first` followed by `second` begins.
pub(super) fn find_pair(bytes: &[u8], first: u8, second: u8) -> Option<usize> {
    memchr::memchr_iter(first, bytes).find(|at| bytes.get(at + 1) == Some(&second))
}

/// What stands before the first NUL, where C takes a text to end.
pub(super) fn before_nul(bytes: &[u8]) -> &[u8] {
    first(bytes, memchr::memchr(0, bytes).unwrap_or(bytes.len()))
}
