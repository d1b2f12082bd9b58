//! A P-256 signing key held in this process.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::{SignError, Signer};

#[cfg(test)]
mod tests;

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// Why a key cannot be used. Nothing of the key is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is no PEM block of a PKCS#8 private key.
    #[error("key is not a PEM block `PRIVATE KEY`")]
    Pem,
    /// The key is not one of P-256.
    #[error("key is not a PKCS#8 key of the curve P-256")]
    Kind,
    /// The system gave no randomness, or the library failed.
    #[error("key could not be made")]
    Library,
}

/// An ES256 key in memory. Its `Debug` shows only the public `kid`.
pub struct Es256Key {
    pair: EcdsaKeyPair,
    kid: String,
    x: String,
    y: String,
}

impl fmt::Debug for Es256Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Es256Key")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl Es256Key {
    /// A new key from the system's randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_error| KeyError::Library)?;
        Self::from_pair(pair)
    }

    /// The key of a PKCS#8 PEM text.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let body = pem
            .trim()
            .strip_prefix(PEM_BEGIN)
            .and_then(|rest| rest.strip_suffix(PEM_END))
            .ok_or(KeyError::Pem)?;
        let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
        let der = STANDARD
            .decode(body.as_bytes())
            .map_err(|_error| KeyError::Pem)?;
        let der = Zeroizing::new(der);
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der)
            .map_err(|_error| KeyError::Kind)?;
        Self::from_pair(pair)
    }

    /// The key as PKCS#8 PEM, to be stored where only the authority can read it.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let der = self.pair.to_pkcs8v1().map_err(|_error| KeyError::Library)?;
        let body = Zeroizing::new(STANDARD.encode(der.as_ref()));
        let mut pem = Zeroizing::new(String::with_capacity(body.len() + 64));
        pem.push_str(PEM_BEGIN);
        for (at, character) in body.chars().enumerate() {
            if at % 64 == 0 {
                pem.push('\n');
            }
            pem.push(character);
        }
        pem.push('\n');
        pem.push_str(PEM_END);
        pem.push('\n');
        Ok(pem)
    }

    /// The public half as a JWK (RFC 7517), named by its thumbprint (RFC 7638).
    pub fn jwk(&self) -> serde_json::Value {
        serde_json::json!({
            "kty": "EC", "crv": "P-256", "x": self.x, "y": self.y, "use": "sig", "alg": "ES256", "kid": self.kid,
        })
    }

    fn from_pair(pair: EcdsaKeyPair) -> Result<Self, KeyError> {
        let (form, point) = pair
            .public_key()
            .as_ref()
            .split_first()
            .ok_or(KeyError::Kind)?;
        if *form != 4 || point.len() != 64 {
            return Err(KeyError::Kind);
        }
        let (x, y) = point.split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()));
        Ok(Self { pair, kid, x, y })
    }
}

impl Signer for Es256Key {
    fn kid(&self) -> &str {
        &self.kid
    }

    fn sign(&self, signing_input: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature = self
            .pair
            .sign(&SystemRandom::new(), signing_input)
            .map_err(|_error| SignError::Key)?;
        Ok(signature.as_ref().to_vec())
    }
}
