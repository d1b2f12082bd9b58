//! Internal tokens: Ed25519, key B. The compact form is written here by hand, because its reader is another library in another
//! line and both follow the written profile, not each other.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use vauban_key::SigningError;

use crate::keys::Pen;

/// What an internal token says.
#[derive(Debug)]
pub(crate) struct InternalClaims<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) session: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) tenant: &'a str,
    pub(crate) roles: &'a [String],
    pub(crate) permissions: &'a [String],
    pub(crate) jti: &'a str,
    pub(crate) issued_at: u64,
    pub(crate) expires_at: u64,
}

/// Signs an internal token with key B.
pub(crate) fn mint(pen: &Pen<'_>, claims: &InternalClaims<'_>) -> Result<String, SigningError> {
    let header = json!({"alg": "EdDSA", "typ": "vauban-int+jwt", "kid": pen.name()});
    let payload = json!({
        "iss": claims.issuer,
        "sub": claims.subject,
        "aud": claims.audience,
        "exp": claims.expires_at,
        "iat": claims.issued_at,
        "jti": claims.jti,
        "sid": claims.session,
        "client_id": claims.client_id,
        "tenant": claims.tenant,
        "roles": claims.roles,
        "permissions": claims.permissions,
    });
    seal(
        |input| pen.write(input),
        &header.to_string(),
        &payload.to_string(),
    )
}

/// The compact form (RFC 7515) of these two texts, signed as they are.
fn seal(
    sign: impl Fn(&[u8]) -> Result<[u8; 64], SigningError>,
    header: &str,
    payload: &str,
) -> Result<String, SigningError> {
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let signature = sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

#[cfg(test)]
mod tests;
