//! Forged tokens: base64url and compact JWS by hand, so that no library can refuse to write what is wrong.

use std::collections::BTreeMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Map, Value, json};

/// A token could not be forged.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ForgeError {
    /// The token to start from is not a compact JWS with JSON inside.
    #[error("the attacker's own token cannot be read, so none can be made from it")]
    Unreadable,
    /// The stolen key is no P-256 key.
    #[error("the stolen key cannot sign")]
    Key,
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A token taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
}

impl Draft {
    /// Takes a token apart without asking whether it is valid.
    pub(crate) fn of(token: &str) -> Result<Self, ForgeError> {
        let mut parts = token.split('.');
        let mut next = || -> Option<Map<String, Value>> {
            serde_json::from_slice(&decode(parts.next()?)?).ok()
        };
        let header = next().ok_or(ForgeError::Unreadable)?;
        let claims = next().ok_or(ForgeError::Unreadable)?;
        Ok(Self { header, claims })
    }

    /// Sets a header parameter.
    pub(crate) fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Sets a claim.
    pub(crate) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// No signature at all: the token ends with its dot.
    pub(crate) fn unsigned(&self) -> String {
        format!("{}.", self.signing_input())
    }

    /// A signature of the right length that nobody made.
    pub(crate) fn garbage(&self) -> String {
        format!("{}.{}", self.signing_input(), encode(&[0x5a; 64]))
    }

    /// A true signature with a stolen key (PKCS#8 PEM, P-256).
    pub(crate) fn signed(&self, key_pem: &str) -> Result<String, ForgeError> {
        let input = self.signing_input();
        let key = PrivatePkcs8KeyDer::from_pem_slice(key_pem.as_bytes())
            .map_err(|_pem| ForgeError::Key)?;
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.secret_pkcs8_der())
                .map_err(|_rejected| ForgeError::Key)?;
        let signature = pair
            .sign(&SystemRandom::new(), input.as_bytes())
            .map_err(|_unspecified| ForgeError::Key)?;
        Ok(format!("{input}.{}", encode(signature.as_ref())))
    }

    fn signing_input(&self) -> String {
        // By name: whether a map keeps its order depends on what else is linked, and an attack must not.
        let part = |map: &Map<String, Value>| {
            let members: BTreeMap<&String, &Value> = map.iter().collect();
            encode(json!(members).to_string().as_bytes())
        };
        format!("{}.{}", part(&self.header), part(&self.claims))
    }
}

/// A text claim of a token, read without asking whether the token is valid.
pub fn read_claim(token: &str, name: &str) -> Option<String> {
    Draft::of(token)
        .ok()?
        .claims
        .get(name)?
        .as_str()
        .map(str::to_owned)
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = group
            .iter()
            .fold(0_u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - group.len()));
        for position in 0..=group.len() {
            let index = (word >> (18 - 6 * position)) & 63;
            text.push(char::from(
                ALPHABET.get(index as usize).copied().unwrap_or_default(),
            ));
        }
    }
    text
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.as_bytes().chunks(4) {
        if group.len() == 1 {
            return None;
        }
        let mut word = 0_u32;
        for letter in group {
            let index = ALPHABET.iter().position(|known| known == letter)?;
            word = word << 6 | u32::try_from(index).ok()?;
        }
        word <<= 6 * (4 - group.len());
        let [_, first, second, third] = word.to_be_bytes();
        bytes.extend([first, second, third].iter().take(group.len() - 1));
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
