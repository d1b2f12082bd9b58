//! The compact form and its header, read in exactly one way.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::TokenRefusal;

/// Longest header, bytes of JSON.
const HEADER_BYTES_MAX: usize = 512;
/// Characters of a 64-byte ES256 signature in base64url.
const SIGNATURE_CHARACTERS: usize = 86;

/// The three parts of a token, and what its header says.
#[derive(Debug)]
pub(crate) struct Compact<'a> {
    /// `header.payload`, the bytes that are signed.
    pub(crate) signing_input: &'a str,
    /// The signature as text.
    pub(crate) signature: &'a str,
    /// The payload, decoded.
    pub(crate) payload: Vec<u8>,
    /// The key that the header names.
    pub(crate) kid: String,
}

/// Reads the compact form and its header; nothing is verified yet.
pub(crate) fn read(token: &str) -> Result<Compact<'_>, TokenRefusal> {
    let (signing_input, signature) = token
        .rsplit_once('.')
        .ok_or(TokenRefusal::Malformed("not three parts"))?;
    let (header, payload) = signing_input
        .split_once('.')
        .ok_or(TokenRefusal::Malformed("not three parts"))?;
    if payload.contains('.') {
        return Err(TokenRefusal::Malformed("not three parts"));
    }
    let header = decode(header)?;
    if header.len() > HEADER_BYTES_MAX {
        return Err(TokenRefusal::Malformed("header is too long"));
    }
    let header: Header = serde_json::from_slice(&header).map_err(|error| {
        TokenRefusal::Malformed(if error.is_data() {
            "header is not an object"
        } else {
            "header is not JSON"
        })
    })?;
    let kid = header.check()?;
    if signature.len() != SIGNATURE_CHARACTERS {
        return Err(TokenRefusal::Signature);
    }
    decode(signature)?;
    Ok(Compact {
        signing_input,
        signature,
        payload: decode(payload)?,
        kid,
    })
}

/// Strict base64url: no padding, no other alphabet, no stray trailing bits, not empty.
fn decode(text: &str) -> Result<Vec<u8>, TokenRefusal> {
    if text.is_empty() {
        return Err(TokenRefusal::Malformed("empty part"));
    }
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_error| TokenRefusal::Malformed("not base64url"))
}

/// The header as it stands, with the first fault found in its names. A value of another type than text is kept, so that it is
/// refused by the name of its member.
#[derive(Default)]
struct Header {
    alg: Option<Value>,
    typ: Option<Value>,
    kid: Option<Value>,
    fault: Option<TokenRefusal>,
}

impl Header {
    /// The named key, if the header is that of an access token.
    fn check(self) -> Result<String, TokenRefusal> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if text(self.alg.as_ref()) != Some("ES256") {
            return Err(TokenRefusal::Algorithm);
        }
        if !matches!(
            text(self.typ.as_ref()),
            Some("at+jwt" | "application/at+jwt")
        ) {
            return Err(TokenRefusal::Type);
        }
        text(self.kid.as_ref())
            .filter(|kid| !kid.is_empty())
            .map(str::to_owned)
            .ok_or(TokenRefusal::UnknownKey)
    }
}

fn text(member: Option<&Value>) -> Option<&str> {
    member.and_then(Value::as_str)
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

/// Accepts a map and nothing else.
struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut header = Header::default();
        while let Some(name) = map.next_key::<String>()? {
            let slot = match name.as_str() {
                "alg" => &mut header.alg,
                "typ" => &mut header.typ,
                "kid" => &mut header.kid,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    header.fault.get_or_insert(TokenRefusal::Header);
                    continue;
                }
            };
            if slot.replace(map.next_value::<Value>()?).is_some() {
                header.fault.get_or_insert(TokenRefusal::Duplicate);
            }
        }
        Ok(header)
    }
}
