//! A value that is wiped on drop and never printed.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Secret bytes. `Debug` shows none of them, equality takes the same time wherever they differ, and dropping wipes them.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gave no random bytes: {0}")]
pub struct RandomError(String);

impl Secret {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// 256 bits from the system, as 64 lower-case hexadecimal digits: fit for a header, a file or a JSON string.
    pub fn random() -> Result<Self, RandomError> {
        let mut raw = Zeroizing::new([0_u8; 32]);
        getrandom::fill(raw.as_mut()).map_err(|error| RandomError(error.to_string()))?;
        let mut text = Vec::with_capacity(64);
        for byte in raw.iter() {
            for digit in [byte >> 4, byte & 15] {
                text.push(if digit < 10 {
                    b'0' + digit
                } else {
                    b'a' + digit - 10
                });
            }
        }
        Ok(Self::new(text))
    }

    /// The bytes. The name is long on purpose: a reader of the caller must see that a secret leaves its wrapper here.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, when they are UTF-8.
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes().to_vec())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests;
