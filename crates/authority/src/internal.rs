//! Internal tokens: Ed25519, key B. The compact form is written here by hand, because its reader is another library in another
//! line and both follow the written profile, not each other.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Key B.
pub(crate) struct InternalKey {
    pair: Ed25519KeyPair,
    kid: String,
    x: String,
}

impl std::fmt::Debug for InternalKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("InternalKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// Key B cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InternalKeyError {
    /// The stored text is no Ed25519 key in PKCS#8.
    #[error("internal key is not an Ed25519 key in PKCS#8")]
    Stored,
    /// The cryptographic library refused.
    #[error("internal key could not be made or used")]
    Library,
}

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

impl InternalKey {
    /// A new key, as PKCS#8 PEM.
    pub(crate) fn create() -> Result<Zeroizing<String>, InternalKeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|_error| InternalKeyError::Library)?;
        // Version 1 has no public half inside; it is what other tools read.
        let document = pair
            .to_pkcs8v1()
            .map_err(|_error| InternalKeyError::Library)?;
        let body = Zeroizing::new(STANDARD.encode(document.as_ref()));
        // 48 bytes of PKCS#8 are 64 characters: one line.
        Ok(Zeroizing::new(format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            body.as_str()
        )))
    }

    /// The key of a PEM text.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, InternalKeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_error| InternalKeyError::Stored)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der())
            .map_err(|_error| InternalKeyError::Stored)?;
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        // RFC 7638 with RFC 8037: the thumbprint of the public key is its name.
        let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
        Ok(Self {
            pair,
            kid: URL_SAFE_NO_PAD.encode(thumbprint),
            x,
        })
    }

    /// The public half, as guards fetch it.
    pub(crate) fn public(&self) -> Value {
        json!({"kid": self.kid, "x": self.x})
    }

    /// Signs an internal token.
    pub(crate) fn mint(&self, claims: &InternalClaims<'_>) -> Result<String, InternalKeyError> {
        let header = json!({"alg": "EdDSA", "typ": "vauban-int+jwt", "kid": self.kid});
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
        self.seal(&header.to_string(), &payload.to_string())
    }

    /// The compact form (RFC 7515) of these two texts, signed as they are.
    fn seal(&self, header: &str, payload: &str) -> Result<String, InternalKeyError> {
        let mut token = URL_SAFE_NO_PAD.encode(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = self
            .pair
            .try_sign(token.as_bytes())
            .map_err(|_error| InternalKeyError::Library)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        Ok(token)
    }
}

#[cfg(test)]
mod tests;
