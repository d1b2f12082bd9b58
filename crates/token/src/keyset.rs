//! The issuer's public keys, and the library that decides on signatures.

use std::collections::BTreeMap;
use std::fmt::Debug;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

#[cfg(test)]
mod tests;

/// Most keys that a set may hold.
const KEYS_MAX: usize = 16;
/// Longest text of a key set, bytes.
const SET_BYTES_MAX: usize = 16_384;
/// Longest `kid`, bytes.
const KID_BYTES_MAX: usize = 128;

/// Decides on signatures. All other checks of a token are made without it.
pub trait SignatureLibrary: Send + Sync + Debug {
    /// Whether `signature` (base64url, 64 bytes r‖s) is that of the key `kid` over `signing_input` under ES256.
    fn verify(&self, signing_input: &str, signature: &str, kid: &str) -> bool;

    /// Whether the key is known. A library that does not keep keys answers yes.
    fn knows(&self, _kid: &str) -> bool {
        true
    }
}

/// Why a key set was refused. The set that was used before stays in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// The text is no JWK set, or a key lacks a member.
    #[error("key set is not one of ES256 signature keys")]
    Malformed,
    /// No key, or more than 16.
    #[error("key set must hold 1 to 16 keys")]
    Count,
    /// A key is not a public P-256 signature key for ES256.
    #[error("key set holds a key that is not a public P-256 key for ES256 signatures")]
    Kind,
    /// Two keys share a `kid`.
    #[error("key set names one `kid` twice")]
    Duplicate,
    /// The coordinates are no point of the curve.
    #[error("key set holds a key that is no point of the curve")]
    Point,
}

/// The adapter around `jsonwebtoken`: one algorithm, keys by `kid`.
#[derive(Default)]
pub struct JsonWebToken {
    keys: BTreeMap<String, jsonwebtoken::DecodingKey>,
}

impl Debug for JsonWebToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.keys.keys()).finish()
    }
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwk {
    kty: String,
    crv: String,
    alg: String,
    #[serde(rename = "use")]
    purpose: String,
    kid: String,
    x: String,
    y: String,
}

impl JsonWebToken {
    /// Reads a JWK set (RFC 7517). One bad key refuses the whole set.
    ///
    /// A private member, a symmetric key, another curve, purpose or algorithm, and two keys of one `kid` are refused.
    pub fn from_jwk_set(text: &str) -> Result<Self, KeySetError> {
        if text.len() > SET_BYTES_MAX {
            return Err(KeySetError::Malformed);
        }
        let set: Set = serde_json::from_str(text).map_err(|_error| KeySetError::Malformed)?;
        if set.keys.is_empty() || set.keys.len() > KEYS_MAX {
            return Err(KeySetError::Count);
        }
        let mut keys = BTreeMap::new();
        for jwk in set.keys {
            let key = jwk.check()?;
            if keys.insert(jwk.kid, key).is_some() {
                return Err(KeySetError::Duplicate);
            }
        }
        Ok(Self { keys })
    }
}

impl Jwk {
    fn check(&self) -> Result<jsonwebtoken::DecodingKey, KeySetError> {
        let kind = (
            self.kty.as_str(),
            self.crv.as_str(),
            self.alg.as_str(),
            self.purpose.as_str(),
        );
        if kind != ("EC", "P-256", "ES256", "sig")
            || self.kid.is_empty()
            || self.kid.len() > KID_BYTES_MAX
        {
            return Err(KeySetError::Kind);
        }
        let mut point = vec![4];
        for coordinate in [&self.x, &self.y] {
            let bytes = URL_SAFE_NO_PAD
                .decode(coordinate)
                .map_err(|_error| KeySetError::Point)?;
            if bytes.len() != 32 {
                return Err(KeySetError::Point);
            }
            point.extend_from_slice(&bytes);
        }
        // The library takes any 65 bytes and would fail at the first signature only.
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point)
            .map_err(|_error| KeySetError::Point)?;
        jsonwebtoken::DecodingKey::from_ec_components(&self.x, &self.y)
            .map_err(|_error| KeySetError::Point)
    }
}

impl SignatureLibrary for JsonWebToken {
    fn verify(&self, signing_input: &str, signature: &str, kid: &str) -> bool {
        let Some(key) = self.keys.get(kid) else {
            return false;
        };
        // An inability to decide is a refusal.
        jsonwebtoken::crypto::verify(
            signature,
            signing_input.as_bytes(),
            key,
            jsonwebtoken::Algorithm::ES256,
        )
        .unwrap_or(false)
    }

    fn knows(&self, kid: &str) -> bool {
        self.keys.contains_key(kid)
    }
}
