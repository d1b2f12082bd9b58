//! Minting: from claims to a signed token of the profile.

use std::fmt::Debug;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::actors::Act;
use crate::{Claims, Profile, TOKEN_BYTES_MAX};

#[cfg(test)]
mod tests;

/// Signs with one ES256 key, wherever that key lives.
pub trait Signer: Send + Sync + Debug {
    /// The key's name in the issuer's key set.
    fn kid(&self) -> &str;
    /// The 64 bytes r‖s over `signing_input`.
    fn sign(&self, signing_input: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Why no token was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key store did not sign.
    #[error("key store did not sign")]
    Key,
    /// The profile would refuse the token: a claim's shape or its life.
    #[error("claims are not ones that the profile allows")]
    Claims,
    /// The token would be longer than readers accept.
    #[error("token would be longer than 8192 bytes")]
    TooLong,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

#[derive(Serialize)]
struct Payload<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: u64,
    iat: u64,
    jti: &'a str,
    client_id: &'a str,
    sid: &'a str,
    tenant: &'a str,
    roles: &'a [String],
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<Act<'a>>,
}

/// Makes a token of `profile` that says `claims`. What a reader would refuse is not made.
pub fn mint(signer: &dyn Signer, profile: &Profile, claims: &Claims) -> Result<String, SignError> {
    let life = claims
        .expires_at
        .checked_sub(claims.issued_at)
        .ok_or(SignError::Claims)?;
    if life == 0 || life > u64::from(profile.life_seconds_max) || !claims.is_well_formed() {
        return Err(SignError::Claims);
    }
    let header = Header {
        alg: "ES256",
        typ: "at+jwt",
        kid: signer.kid(),
    };
    let payload = Payload {
        iss: &profile.issuer,
        sub: &claims.subject,
        aud: &profile.audience,
        exp: claims.expires_at,
        iat: claims.issued_at,
        jti: &claims.jti,
        client_id: &claims.client_id,
        sid: &claims.session,
        tenant: &claims.tenant,
        roles: &claims.roles,
        scope: claims.permissions.join(" "),
        act: Act::of(&claims.actors),
    };
    let mut token = encode(&header)?;
    token.push('.');
    token.push_str(&encode(&payload)?);
    let signature = signer.sign(token.as_bytes())?;
    if signature.len() != 64 {
        return Err(SignError::Key);
    }
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    if token.len() > TOKEN_BYTES_MAX {
        return Err(SignError::TooLong);
    }
    Ok(token)
}

fn encode(part: &impl Serialize) -> Result<String, SignError> {
    let json = serde_json::to_vec(part).map_err(|_error| SignError::Claims)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}
