//! Client assertions (RFC 7523 §3, with the audience of rfc7523bis): by which a client proves that it holds its registered key.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::jws::{self, Fault, Signed};

#[cfg(test)]
mod tests;

/// Longest assertion, bytes.
pub const ASSERTION_BYTES_MAX: usize = 4_096;
/// How far in the future an assertion may end, seconds. It also bounds how long a used `jti` must be remembered.
pub const ASSERTION_SECONDS_MAX: u64 = 300;
/// How far in the future `iat` and `nbf` may lie, seconds: the clocks of two hosts.
const AHEAD_SECONDS_MAX: u64 = 10;
/// Longest `jti`, bytes.
const JTI_BYTES_MAX: usize = 256;
/// Header members that have a meaning here. Any other could name a key or change the reading.
const HEADER: [&str; 3] = ["alg", "typ", "kid"];
/// Kinds of object that a client may call its assertion. Those of other tokens are not among them (RFC 8725 §3.11).
const TYPES: [&str; 2] = ["JWT", "client-authentication+jwt"];

/// Why an assertion proves nothing. No variant carries a byte of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssertionRefusal {
    /// It is longer than [`ASSERTION_BYTES_MAX`].
    #[error("assertion is longer than 4096 bytes")]
    TooLong,
    /// It is not three parts of base64url with two JSON objects, every name once.
    #[error("assertion is malformed")]
    Malformed,
    /// Its header has a member that has no meaning here, such as `jwk`, `jku`, `crit` or `b64`.
    #[error("assertion's header carries a member that is not used")]
    Header,
    /// `typ` is that of something else.
    #[error("assertion's `typ` is that of something else")]
    Type,
    /// It names no registered key, or none where there are several.
    #[error("assertion names no registered key")]
    UnknownKey,
    /// `alg` is not the registered one of the key.
    #[error("assertion's `alg` is not that of the registered key")]
    Algorithm,
    /// The signature does not verify.
    #[error("assertion's signature does not verify")]
    Signature,
    /// `iss` and `sub` are not both the client.
    #[error("assertion's `iss` and `sub` are not both the client")]
    Client,
    /// `aud` is not our issuer as one text.
    #[error("assertion's `aud` is not the issuer as one text")]
    Audience,
    /// A claim is missing or has a wrong type.
    #[error("assertion's `{0}` is missing or has a wrong type")]
    Claim(&'static str),
    /// Its time is over.
    #[error("assertion has expired")]
    Expired,
    /// It ends too far in the future.
    #[error("assertion would live longer than 300 seconds")]
    Life,
    /// `nbf` or `iat` lies in the future.
    #[error("assertion is not valid yet")]
    NotYet,
}

/// The coordinates do not make a key of the algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("key is none of its algorithm")]
pub struct NoKey;

/// A public key that a client registered, good for one algorithm.
#[derive(Debug)]
pub struct AssertionKey {
    kid: Option<String>,
    algorithm: &'static str,
    key: ParsedPublicKey,
}

impl AssertionKey {
    /// A P-256 key for ES256, by its coordinates.
    pub fn es256(kid: Option<String>, x: &str, y: &str) -> Result<Self, NoKey> {
        let mut point = vec![4];
        point.extend(coordinate(x)?);
        point.extend(coordinate(y)?);
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_error| NoKey)?;
        Ok(Self {
            kid,
            algorithm: "ES256",
            key,
        })
    }

    /// An Ed25519 key (RFC 8037).
    pub fn ed25519(kid: Option<String>, x: &str) -> Result<Self, NoKey> {
        let key = ParsedPublicKey::new(&ED25519, coordinate(x)?).map_err(|_error| NoKey)?;
        Ok(Self {
            kid,
            algorithm: "EdDSA",
            key,
        })
    }
}

fn coordinate(text: &str) -> Result<Vec<u8>, NoKey> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_error| NoKey)?;
    if bytes.len() == 32 {
        Ok(bytes)
    } else {
        Err(NoKey)
    }
}

/// An assertion that was read and not yet believed.
#[derive(Debug)]
pub struct Assertion<'a> {
    signed: Signed<'a>,
    client: String,
}

/// What must be remembered of an assertion that was believed, so that it is believed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertionId {
    /// `jti`.
    pub jti: String,
    /// `exp`, seconds since 1970.
    pub expires_at: u64,
}

impl<'a> Assertion<'a> {
    /// Reads the text, and says of whom it speaks.
    pub fn read(text: &'a str) -> Result<Self, AssertionRefusal> {
        if text.len() > ASSERTION_BYTES_MAX {
            return Err(AssertionRefusal::TooLong);
        }
        let signed = jws::read(text).map_err(|fault| match fault {
            Fault::Form | Fault::Json => AssertionRefusal::Malformed,
        })?;
        let client = signed
            .payload
            .get("sub")
            .and_then(Value::as_str)
            .ok_or(AssertionRefusal::Claim("sub"))?
            .to_owned();
        Ok(Self { signed, client })
    }

    /// The client that it claims to be from. Nothing is verified yet.
    pub fn client(&self) -> &str {
        &self.client
    }

    /// Believes it, or says why not. That its `jti` comes for the first time is the caller's to find out.
    pub fn check(
        &self,
        keys: &[AssertionKey],
        issuer: &str,
        now_unix_s: u64,
    ) -> Result<AssertionId, AssertionRefusal> {
        let key = self.key(keys)?;
        key.key
            .verify_sig(self.signed.signing_input.as_bytes(), &self.signed.signature)
            .map_err(|_error| AssertionRefusal::Signature)?;
        let claim = |name| self.signed.payload.get(name);
        if claim("iss").and_then(Value::as_str) != Some(&self.client) {
            return Err(AssertionRefusal::Client);
        }
        // A list, or the address of an endpoint, could have been made for another server (rfc7523bis §3).
        if claim("aud").and_then(Value::as_str) != Some(issuer) {
            return Err(AssertionRefusal::Audience);
        }
        let expires_at = self.time("exp")?.ok_or(AssertionRefusal::Claim("exp"))?;
        if now_unix_s >= expires_at {
            return Err(AssertionRefusal::Expired);
        }
        if expires_at > now_unix_s.saturating_add(ASSERTION_SECONDS_MAX) {
            return Err(AssertionRefusal::Life);
        }
        let latest = now_unix_s.saturating_add(AHEAD_SECONDS_MAX);
        for start in [self.time("iat")?, self.time("nbf")?] {
            if start.is_some_and(|start| start > latest) {
                return Err(AssertionRefusal::NotYet);
            }
        }
        let jti = claim("jti")
            .and_then(Value::as_str)
            .filter(|jti| !jti.is_empty() && jti.len() <= JTI_BYTES_MAX)
            .ok_or(AssertionRefusal::Claim("jti"))?;
        Ok(AssertionId {
            jti: jti.to_owned(),
            expires_at,
        })
    }

    /// The registered key that the header means. The header itself brings none.
    fn key<'k>(&self, keys: &'k [AssertionKey]) -> Result<&'k AssertionKey, AssertionRefusal> {
        let header = &self.signed.header;
        if header.keys().any(|name| !HEADER.contains(&name.as_str())) {
            return Err(AssertionRefusal::Header);
        }
        match header.get("typ") {
            None => {}
            Some(Value::String(typ)) if TYPES.contains(&typ.as_str()) => {}
            Some(_) => return Err(AssertionRefusal::Type),
        }
        let key = match (header.get("kid"), keys) {
            (None, [only]) => Some(only),
            (Some(Value::String(kid)), keys) => {
                keys.iter().find(|key| key.kid.as_deref() == Some(kid))
            }
            (_, _) => None,
        };
        let key = key.ok_or(AssertionRefusal::UnknownKey)?;
        if header.get("alg").and_then(Value::as_str) == Some(key.algorithm) {
            Ok(key)
        } else {
            Err(AssertionRefusal::Algorithm)
        }
    }

    fn time(&self, name: &'static str) -> Result<Option<u64>, AssertionRefusal> {
        self.signed
            .payload
            .get(name)
            .map(|value| value.as_u64().ok_or(AssertionRefusal::Claim(name)))
            .transpose()
    }
}
