//! The reading of an access token, from text to claims.

use std::sync::Arc;

use crate::keyset::SignatureLibrary;
use crate::{Claims, TokenRefusal, claims, compact};

#[cfg(test)]
mod tests;

/// Longest token, bytes.
pub const TOKEN_BYTES_MAX: usize = 8192;
/// Allowed difference between the clocks of issuer and reader at `exp`, seconds.
pub const LEEWAY_SECONDS: u64 = 5;
/// How far in the future `iat` and `nbf` may lie, seconds: FAPI 2.0 asks a reader to accept 10.
const AHEAD_SECONDS_MAX: u64 = 10;

/// What every token of one issuer must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// `iss`, octet for octet.
    pub issuer: String,
    /// `aud`, octet for octet; one text, never a list.
    pub audience: String,
    /// Longest allowed distance between `iat` and `exp`, seconds.
    pub life_seconds_max: u32,
}

/// Reads access tokens of one issuer.
#[derive(Debug, Clone)]
pub struct Verifier {
    profile: Profile,
    library: Arc<dyn SignatureLibrary>,
}

impl Verifier {
    /// A reader for tokens of `profile`, whose signatures `library` decides on.
    pub fn new(profile: Profile, library: Arc<dyn SignatureLibrary>) -> Self {
        Self { profile, library }
    }

    /// Reads `token` as of `now_unix_s`.
    ///
    /// The signature is decided on before any claim is looked at, so that a forger learns nothing about the profile.
    pub fn read(&self, token: &str, now_unix_s: u64) -> Result<Claims, TokenRefusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenRefusal::TooLong);
        }
        let compact = compact::read(token)?;
        if !self.library.knows(&compact.kid) {
            return Err(TokenRefusal::UnknownKey);
        }
        if !self
            .library
            .verify(compact.signing_input, compact.signature, &compact.kid)
        {
            return Err(TokenRefusal::Signature);
        }
        self.check(claims::read(&compact.payload)?, now_unix_s)
    }

    fn check(&self, stated: claims::Stated, now: u64) -> Result<Claims, TokenRefusal> {
        if stated.issuer != self.profile.issuer {
            return Err(TokenRefusal::Issuer);
        }
        if stated.audience != self.profile.audience {
            return Err(TokenRefusal::Audience);
        }
        let claims = stated.claims;
        let life = claims
            .expires_at
            .checked_sub(claims.issued_at)
            .ok_or(TokenRefusal::Life)?;
        if life == 0 || life > u64::from(self.profile.life_seconds_max) {
            return Err(TokenRefusal::Life);
        }
        if claims.issued_at > now.saturating_add(AHEAD_SECONDS_MAX) {
            return Err(TokenRefusal::NotYet);
        }
        if stated
            .not_before
            .is_some_and(|start| start > now.saturating_add(AHEAD_SECONDS_MAX))
        {
            return Err(TokenRefusal::NotYet);
        }
        if now >= claims.expires_at.saturating_add(LEEWAY_SECONDS) {
            return Err(TokenRefusal::Expired);
        }
        Ok(claims)
    }
}
