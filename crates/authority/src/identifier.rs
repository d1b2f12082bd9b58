//! Names and hashes.

use sha2::{Digest as _, Sha256};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no random bytes")]
pub(crate) struct NoRandom;

/// A fresh name of a session, a token or a decision: 128 random bits in 26 characters. It opens nothing.
pub(crate) fn fresh() -> Result<String, NoRandom> {
    let mut raw = [0_u8; 16];
    getrandom::fill(&mut raw).map_err(|_error| NoRandom)?;
    let mut rest = u128::from_le_bytes(raw);
    let mut name = String::with_capacity(26);
    for _ in 0..26 {
        let digit = usize::try_from(rest & 31).unwrap_or(0);
        name.push(ALPHABET.get(digit).copied().map_or('0', char::from));
        rest >>= 5;
    }
    Ok(name)
}

/// Whether a text has the form of a decision id.
pub(crate) fn is_decision(text: &str) -> bool {
    text.len() == 26
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

/// What the registry stores of a token.
pub(crate) fn token_hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| {
        char::from(if value < 10 {
            b'0' + value
        } else {
            b'a' + value - 10
        })
    };
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[cfg(test)]
mod tests;
