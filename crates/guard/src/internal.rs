//! The internal token, read by this line alone: `docs/internal-token.md` is the agreement, this is one of its two readings.
//!
//! Header and claims are read by hand ([`crate::strict`]) and held against the profile; the library decides on the
//! signature and, once more in its own way, on type, issuer, audience and time. Both must agree.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::parts::{
    Answering, Claims, Expected, InternalRefusal, KeyError, LibraryRefusal, Presented, PublicKey,
    ReadInternal, VerifySignature,
};
use crate::strict::{self, Json, StrictError};

mod keys;
mod library;
#[cfg(test)]
mod tests;

pub use keys::RemoteKeys;
pub use library::JwtSimple;

/// Bytes of a token at most.
const TOKEN_BYTES_MAX: usize = 8192;
/// Seconds from `iat` to `exp` at most.
const LIFE_SECONDS_MAX: u64 = 60;
/// Seconds by which the authority's clock may differ from ours.
pub(crate) const LEEWAY_SECONDS: u64 = 5;
/// Characters of a claim's text at most.
const TEXT_MAX: usize = 256;
/// Entries of `roles` and `permissions` at most.
const LIST_MAX: usize = 64;
/// The claims, all of them required.
const CLAIMS: [&str; 10] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "jti",
    "sid",
    "client_id",
    "tenant",
    "roles",
];

/// Where the authority's public keys come from.
pub trait KeySource: Send + Sync + std::fmt::Debug {
    /// The key with this `kid`, or `None` when the authority has none.
    fn find<'a>(&'a self, kid: &'a str) -> Answering<'a, Result<Option<PublicKey>, KeyError>>;
}

/// The shipped [`ReadInternal`].
#[derive(Debug)]
pub struct InternalReader {
    issuer: String,
    audience: String,
    keys: Arc<dyn KeySource>,
}

impl InternalReader {
    /// A reader of tokens that `issuer` (already with `/internal`) made for the service `audience`.
    pub fn new(issuer: String, audience: String, keys: Arc<dyn KeySource>) -> Self {
        Self {
            issuer,
            audience,
            keys,
        }
    }

    async fn judge(
        &self,
        presented: Presented<'_>,
        signature: &dyn VerifySignature,
    ) -> Result<Claims, InternalRefusal> {
        let token = presented.token.ok_or(InternalRefusal::Missing)?;
        let parts = split(token)?;
        let kid = header(parts.header)?;
        let payload = decode(parts.payload)?;
        if decode(parts.signature)?.len() != 64 {
            return Err(InternalRefusal::Malformed("signature is not 64 bytes"));
        }
        let key = self
            .keys
            .find(&kid)
            .await?
            .ok_or(InternalRefusal::UnknownKey)?;
        let expected = Expected {
            issuer: &self.issuer,
            audience: &self.audience,
            now_unix_s: presented.now_unix_s,
        };
        match signature.verify(token, &key, &expected) {
            Ok(()) => claims(&payload, &expected),
            Err(refusal @ (LibraryRefusal::Key | LibraryRefusal::Signature)) => {
                Err(InternalRefusal::Library(refusal))
            }
            // It is refused whatever we find; our own words say which claim it was.
            Err(refusal @ LibraryRefusal::Content(_)) => Err(claims(&payload, &expected)
                .err()
                .unwrap_or(InternalRefusal::Library(refusal))),
        }
    }
}

impl ReadInternal for InternalReader {
    fn read<'a>(
        &'a self,
        presented: Presented<'a>,
        signature: &'a dyn VerifySignature,
    ) -> Answering<'a, Result<Claims, InternalRefusal>> {
        Box::pin(self.judge(presented, signature))
    }
}

struct Compact<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

fn split(token: &str) -> Result<Compact<'_>, InternalRefusal> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(InternalRefusal::TooLong);
    }
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(InternalRefusal::Malformed("not three parts"));
    };
    Ok(Compact {
        header,
        payload,
        signature,
    })
}

fn decode(part: &str) -> Result<Vec<u8>, InternalRefusal> {
    if part.is_empty() {
        return Err(InternalRefusal::Malformed("empty part"));
    }
    URL_SAFE_NO_PAD
        .decode(part)
        .or(Err(InternalRefusal::Malformed("not canonical base64url")))
}

fn object(text: &[u8]) -> Result<BTreeMap<String, Json>, InternalRefusal> {
    match strict::read(text) {
        Ok(Json::Object(members)) => Ok(members),
        Ok(Json::Null | Json::Boolean(_) | Json::Number(_) | Json::Text(_) | Json::List(_)) => {
            Err(InternalRefusal::Malformed("not a JSON object"))
        }
        Err(StrictError::Duplicate) => Err(InternalRefusal::Malformed("duplicate member")),
        Err(StrictError::Encoding) => Err(InternalRefusal::Malformed("not UTF-8")),
        Err(StrictError::Syntax) => Err(InternalRefusal::Malformed("not strict JSON")),
        Err(StrictError::Depth) => Err(InternalRefusal::Malformed("nested too deeply")),
    }
}

/// Judges the header and returns its `kid`.
fn header(part: &str) -> Result<String, InternalRefusal> {
    let members = object(&decode(part)?)?;
    let text = |name: &str| members.get(name).and_then(Json::text);
    if text("alg") != Some("EdDSA") {
        return Err(InternalRefusal::Algorithm);
    }
    if text("typ") != Some("vauban-int+jwt") {
        return Err(InternalRefusal::Type);
    }
    let kid = text("kid")
        .filter(|kid| is_name(kid))
        .ok_or(InternalRefusal::UnknownKey)?;
    // `crit`, `b64`, `zip`, `jku`, `jwk`, `x5u`, `x5c` and `cty` all end here.
    if members.len() != 3 {
        return Err(InternalRefusal::HeaderMember);
    }
    Ok(kid.to_owned())
}

/// Judges the payload.
fn claims(payload: &[u8], expected: &Expected<'_>) -> Result<Claims, InternalRefusal> {
    let members = object(payload)?;
    if members
        .keys()
        .any(|name| name != "permissions" && !CLAIMS.contains(&name.as_str()))
    {
        return Err(InternalRefusal::UnknownClaim);
    }
    let read = Members(&members);
    if read.text("iss")? != expected.issuer {
        return Err(InternalRefusal::Issuer);
    }
    if read.text("aud")? != expected.audience {
        return Err(InternalRefusal::Audience);
    }
    let claims = Claims {
        subject: read.text("sub")?.to_owned(),
        client_id: read.text("client_id")?.to_owned(),
        tenant: read.name("tenant")?.to_owned(),
        session: read.name("sid")?.to_owned(),
        jti: read.text("jti")?.to_owned(),
        roles: read.list("roles")?,
        permissions: read.list("permissions")?,
        issued_at: read.seconds("iat")?,
        expires_at: read.seconds("exp")?,
    };
    let life = claims
        .expires_at
        .checked_sub(claims.issued_at)
        .filter(|life| *life > 0);
    if life.ok_or(InternalRefusal::Claim("exp"))? > LIFE_SECONDS_MAX {
        return Err(InternalRefusal::LivesTooLong);
    }
    if claims.issued_at > expected.now_unix_s.saturating_add(LEEWAY_SECONDS) {
        return Err(InternalRefusal::NotYet);
    }
    if claims.expires_at.saturating_add(LEEWAY_SECONDS) <= expected.now_unix_s {
        return Err(InternalRefusal::Expired);
    }
    Ok(claims)
}

/// Reads claims by name, each with its type and its bounds.
struct Members<'a>(&'a BTreeMap<String, Json>);

impl<'a> Members<'a> {
    fn need(&self, name: &'static str) -> Result<&'a Json, InternalRefusal> {
        self.0.get(name).ok_or(InternalRefusal::Absent(name))
    }

    fn text(&self, name: &'static str) -> Result<&'a str, InternalRefusal> {
        self.need(name)?
            .text()
            .filter(|text| is_text(text))
            .ok_or(InternalRefusal::Claim(name))
    }

    /// A text that becomes part of a path or of the database context.
    fn name(&self, name: &'static str) -> Result<&'a str, InternalRefusal> {
        self.text(name).and_then(|text| {
            if is_name(text) {
                Ok(text)
            } else {
                Err(InternalRefusal::Claim(name))
            }
        })
    }

    fn list(&self, name: &'static str) -> Result<Vec<String>, InternalRefusal> {
        let refusal = InternalRefusal::Claim(name);
        let Json::List(items) = self.need(name)? else {
            return Err(refusal);
        };
        if items.len() > LIST_MAX {
            return Err(refusal);
        }
        let texts: Option<Vec<String>> = items
            .iter()
            .map(|item| item.text().filter(|text| is_entry(text)).map(str::to_owned))
            .collect();
        texts.ok_or(refusal)
    }

    /// Whole seconds since 1970: digits only, no sign, fraction or exponent, at most twelve of them.
    fn seconds(&self, name: &'static str) -> Result<u64, InternalRefusal> {
        let Json::Number(written) = self.need(name)? else {
            return Err(InternalRefusal::Claim(name));
        };
        let seconds = written
            .parse::<u64>()
            .ok()
            .filter(|_| written.len() <= 12 && written.bytes().all(|b| b.is_ascii_digit()));
        seconds.ok_or(InternalRefusal::Claim(name))
    }
}

fn is_text(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= TEXT_MAX
        && text.bytes().all(|byte| (0x21..0x7f).contains(&byte))
}

fn is_name(text: &str) -> bool {
    is_text(text)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A role or permission: what may stand in a comma separated header without ending it, quoted or not.
fn is_entry(text: &str) -> bool {
    is_text(text) && !text.contains([',', '"', '\\'])
}
