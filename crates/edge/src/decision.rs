//! The id of a decision: the thread on which every line's record of one request hangs.

use std::fmt;
use std::sync::{Mutex, PoisonError};

#[cfg(test)]
mod tests;

/// Digits of Crockford's base 32 in lower case.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of an id: 128 bits in steps of five.
const CHARACTERS: usize = 26;
/// Ids whose randomness is fetched from the system at once.
const BATCH: usize = 64;

/// The id of one decision: 128 random bits as 26 characters `[0-9a-z]`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Decision([u8; CHARACTERS]);

impl Decision {
    /// Stands where no id could be drawn.
    pub(crate) const NONE: Self = Self([b'0'; CHARACTERS]);

    /// The id's text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The text for 128 bits.
    fn from_bits(bits: u128) -> Self {
        let digit = |at: usize| {
            let shift = 5 * (CHARACTERS - 1 - at);
            let five = usize::try_from((bits >> shift) & 31).unwrap_or(0);
            DIGITS.get(five).copied().unwrap_or(b'0')
        };
        Self(std::array::from_fn(digit))
    }
}

impl fmt::Debug for Decision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Makes ids from the system's randomness.
#[derive(Debug, Default)]
pub struct Decisions {
    ready: Mutex<Vec<u128>>,
}

impl Decisions {
    /// A new id; `None` if the system gives no randomness.
    pub fn next(&self) -> Option<Decision> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if ready.is_empty() {
            let mut bytes = [0; 16 * BATCH];
            getrandom::fill(&mut bytes).ok()?;
            ready.extend(
                bytes
                    .as_chunks::<16>()
                    .0
                    .iter()
                    .map(|chunk| u128::from_le_bytes(*chunk)),
            );
        }
        ready.pop().map(Decision::from_bits)
    }
}
