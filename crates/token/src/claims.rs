//! What an access token says, read from an object of exactly the listed claims.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::TokenRefusal;
use crate::actors::{self, ACTORS_MAX};

/// Longest text of one claim, bytes.
const TEXT_BYTES_MAX: usize = 256;
/// Longest list of roles or permissions.
const LIST_MAX: usize = 64;

/// What an access token says of its bearer, as plain data. It is not evidence: only the edge's own step makes evidence of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `sub`.
    pub subject: String,
    /// `client_id`.
    pub client_id: String,
    /// `tenant`.
    pub tenant: String,
    /// `sid`: the session that the token was issued in.
    pub session: String,
    /// `jti`.
    pub jti: String,
    /// `roles`.
    pub roles: Vec<String>,
    /// `scope`, split at its spaces.
    pub permissions: Vec<String>,
    /// `act`: who acts for the subject, the last first (RFC 8693 §4.1); empty when the subject acts itself.
    pub actors: Vec<String>,
    /// `exp`, seconds since 1970.
    pub expires_at: u64,
    /// `iat`, seconds since 1970.
    pub issued_at: u64,
}

/// The claims with those that the profile compares.
#[derive(Debug)]
pub(crate) struct Stated {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) not_before: Option<u64>,
    pub(crate) claims: Claims,
}

/// Names of all claims but `act`, in the order of [`Raw::values`].
const NAMES: [&str; 12] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "jti",
    "client_id",
    "sid",
    "tenant",
    "roles",
    "scope",
    "nbf",
];

/// Reads the payload: one object, every name once, no name that is not listed, every value of its exact type.
pub(crate) fn read(payload: &[u8]) -> Result<Stated, TokenRefusal> {
    let mut raw: Raw = serde_json::from_slice(payload).map_err(|error| {
        TokenRefusal::Malformed(if error.is_data() {
            "payload is not an object"
        } else {
            "payload is not JSON"
        })
    })?;
    if let Some(fault) = raw.fault {
        return Err(fault);
    }
    Ok(Stated {
        issuer: raw.text("iss")?,
        audience: raw.text("aud")?,
        not_before: match raw.take("nbf") {
            Some(value) => Some(value.as_u64().ok_or(TokenRefusal::Claim("nbf"))?),
            None => None,
        },
        claims: Claims {
            subject: raw.text("sub")?,
            client_id: raw.text("client_id")?,
            tenant: raw.name("tenant")?,
            session: raw.name("sid")?,
            jti: raw.text("jti")?,
            roles: raw.list("roles")?,
            permissions: raw.scope()?,
            actors: raw.actors()?,
            expires_at: raw.whole("exp")?,
            issued_at: raw.whole("iat")?,
        },
    })
}

impl Claims {
    /// Whether each text has a shape that [`read`] would accept.
    pub(crate) fn is_well_formed(&self) -> bool {
        let texts = [&self.subject, &self.client_id, &self.jti];
        texts.into_iter().all(|text| is_text(text))
            && is_name(&self.tenant)
            && is_name(&self.session)
            && self.roles.len() <= LIST_MAX
            && self.permissions.len() <= LIST_MAX
            && self.actors.len() <= ACTORS_MAX
            && self.actors.iter().all(|actor| is_text(actor))
            && self
                .roles
                .iter()
                .chain(&self.permissions)
                .all(|word| is_word(word))
    }
}

/// A claim's text: visible ASCII without spaces, bounded. Two subjects that look alike to a person are then the same octets.
fn is_text(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= TEXT_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A text that becomes part of the signed database context or of a look-up.
fn is_name(text: &str) -> bool {
    is_text(text)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A role or a permission: `scope-token` of RFC 6749 without the comma, so that no list of them can be read two ways.
fn is_word(word: &str) -> bool {
    is_text(word) && !word.bytes().any(|byte| matches!(byte, b'"' | b'\\' | b','))
}

/// The values under their names, with the first fault found in the names.
#[derive(Default)]
struct Raw {
    values: [Option<Value>; NAMES.len()],
    act: Option<actors::Read>,
    fault: Option<TokenRefusal>,
}

impl Raw {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value>> {
        let at = NAMES.iter().position(|known| *known == name)?;
        self.values.get_mut(at)
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.slot(name).and_then(Option::take)
    }

    fn need(&mut self, name: &'static str) -> Result<Value, TokenRefusal> {
        self.take(name).ok_or(TokenRefusal::MissingClaim(name))
    }

    fn text(&mut self, name: &'static str) -> Result<String, TokenRefusal> {
        match self.need(name)? {
            Value::String(text) if is_text(&text) => Ok(text),
            Value::String(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => Err(TokenRefusal::Claim(name)),
        }
    }

    fn name(&mut self, name: &'static str) -> Result<String, TokenRefusal> {
        let text = self.text(name)?;
        if is_name(&text) {
            Ok(text)
        } else {
            Err(TokenRefusal::Claim(name))
        }
    }

    fn whole(&mut self, name: &'static str) -> Result<u64, TokenRefusal> {
        self.need(name)?.as_u64().ok_or(TokenRefusal::Claim(name))
    }

    fn list(&mut self, name: &'static str) -> Result<Vec<String>, TokenRefusal> {
        let value = self.need(name)?;
        let entries = value
            .as_array()
            .filter(|entries| entries.len() <= LIST_MAX)
            .ok_or(TokenRefusal::Claim(name))?;
        let words = entries.iter().map(|entry| {
            entry
                .as_str()
                .filter(|word| is_word(word))
                .map(str::to_owned)
        });
        words
            .collect::<Option<_>>()
            .ok_or(TokenRefusal::Claim(name))
    }

    fn actors(&mut self) -> Result<Vec<String>, TokenRefusal> {
        let Some(actors::Read(actors)) = self.act.take() else {
            return Ok(Vec::new());
        };
        actors
            .filter(|actors| actors.iter().all(|actor| is_text(actor)))
            .ok_or(TokenRefusal::Claim("act"))
    }

    fn scope(&mut self) -> Result<Vec<String>, TokenRefusal> {
        let value = self.need("scope")?;
        let text = value.as_str().ok_or(TokenRefusal::Claim("scope"))?;
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        if words.len() > LIST_MAX || !words.iter().all(|word| is_word(word)) {
            return Err(TokenRefusal::Claim("scope"));
        }
        Ok(words)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawVisitor)
    }
}

/// Accepts a map and nothing else: an array of claims in the right order is not a token.
struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut raw = Raw::default();
        while let Some(name) = map.next_key::<String>()? {
            if name == "act" {
                if raw.act.replace(map.next_value()?).is_some() {
                    raw.fault.get_or_insert(TokenRefusal::Duplicate);
                }
                continue;
            }
            let Some(slot) = raw.slot(&name) else {
                map.next_value::<IgnoredAny>()?;
                raw.fault.get_or_insert(TokenRefusal::UnknownClaim);
                continue;
            };
            if slot.replace(map.next_value::<Value>()?).is_some() {
                raw.fault.get_or_insert(TokenRefusal::Duplicate);
            }
        }
        Ok(raw)
    }
}
