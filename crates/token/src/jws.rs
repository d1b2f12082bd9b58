//! Signed objects of clients (RFC 7515), read in exactly one way: compact, two JSON objects, every name once.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

/// Why a text is no signed object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not three parts, or one of them is no base64url.
    Form,
    /// Header or payload is not one JSON object with every name once.
    Json,
}

/// A signed object; nothing is verified yet.
#[derive(Debug)]
pub(crate) struct Signed<'a> {
    /// `header.payload`, the bytes that are signed.
    pub(crate) signing_input: &'a str,
    pub(crate) signature: Vec<u8>,
    pub(crate) header: Map<String, Value>,
    pub(crate) payload: Map<String, Value>,
}

/// Reads the compact form.
pub(crate) fn read(text: &str) -> Result<Signed<'_>, Fault> {
    let (signing_input, signature) = text.rsplit_once('.').ok_or(Fault::Form)?;
    let (header, payload) = signing_input.split_once('.').ok_or(Fault::Form)?;
    let (header, payload) = (decode(header)?, decode(payload)?);
    Ok(Signed {
        signing_input,
        signature: decode(signature)?,
        header: object(&header)?,
        payload: object(&payload)?,
    })
}

/// Strict base64url: a dot is none of its characters, so a fourth part is refused here.
fn decode(text: &str) -> Result<Vec<u8>, Fault> {
    if text.is_empty() {
        return Err(Fault::Form);
    }
    URL_SAFE_NO_PAD.decode(text).map_err(|_error| Fault::Form)
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Fault> {
    let members: Members = serde_json::from_slice(bytes).map_err(|_error| Fault::Json)?;
    Ok(members.0)
}

/// An object whose names are all different. `serde_json` keeps the last of two, another reader the first.
struct Members(Map<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(Members(members))
    }
}
