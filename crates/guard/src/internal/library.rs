//! The adapter around `jwt-simple`: the only place in this line that asks a library about a token.

use std::collections::HashSet;

use jwt_simple::JWTError;
use jwt_simple::prelude::{
    Duration, Ed25519PublicKey, EdDSAPublicKeyLike as _, NoCustomClaims, UnixTimeStamp,
    VerificationOptions,
};

use super::{LEEWAY_SECONDS, LIFE_SECONDS_MAX, TOKEN_BYTES_MAX};
use crate::parts::{Expected, LibraryRefusal, PublicKey, VerifySignature};

/// The shipped [`VerifySignature`].
#[derive(Debug, Clone, Copy, Default)]
pub struct JwtSimple;

impl VerifySignature for JwtSimple {
    fn verify(
        &self,
        token: &str,
        key: &PublicKey,
        expected: &Expected<'_>,
    ) -> Result<(), LibraryRefusal> {
        let public = Ed25519PublicKey::from_bytes(&key.bytes).or(Err(LibraryRefusal::Key))?;
        // Its defaults tolerate 15 minutes, the whole life of an access token, and a megabyte.
        let options = VerificationOptions {
            accept_future: false,
            required_key_id: Some(key.kid.clone()),
            required_signature_type: Some("vauban-int+jwt".to_owned()),
            allowed_issuers: Some(HashSet::from([expected.issuer.to_owned()])),
            allowed_audiences: Some(HashSet::from([expected.audience.to_owned()])),
            time_tolerance: Some(Duration::from_secs(LEEWAY_SECONDS)),
            max_validity: Some(Duration::from_secs(LIFE_SECONDS_MAX + LEEWAY_SECONDS)),
            max_token_length: Some(TOKEN_BYTES_MAX),
            max_header_length: Some(TOKEN_BYTES_MAX),
            artificial_time: Some(UnixTimeStamp::from_secs(expected.now_unix_s)),
            ..VerificationOptions::default()
        };
        let claims = public
            .verify_token::<NoCustomClaims>(token, Some(options))
            .map_err(|error| refusal(&error))?;
        // It accepts a token without `exp`.
        if claims.expires_at.is_none() {
            return Err(LibraryRefusal::Content("no expiry".to_owned()));
        }
        Ok(())
    }
}

/// The library's own errors are fixed words. Those of the JSON reader beneath it quote what they could not read, and what a
/// token says belongs into no record.
fn refusal(error: &jwt_simple::Error) -> LibraryRefusal {
    match error.downcast_ref::<JWTError>() {
        Some(JWTError::InvalidSignature) => LibraryRefusal::Signature,
        Some(known) => LibraryRefusal::Content(known.to_string()),
        None => LibraryRefusal::Content("cannot be read".to_owned()),
    }
}
