//! One record: a line of text that carries its sequence number, the hash before it and its own.

#[cfg(test)]
mod tests;

use crate::Event;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// The version of the format that the first record of each segment names.
pub(crate) const FORMAT: u32 = 1;
/// No record is longer; the largest bounded event stays below (a test holds it).
pub(crate) const RECORD_BYTES_MAX: usize = 64 << 10;

/// The SHA-256 of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash([u8; 32]);

impl Hash {
    /// What the very first record names as its predecessor.
    pub(crate) const ZERO: Self = Self([0; 32]);
}

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(64);
        for byte in self.0 {
            text.extend(char::from_digit(u32::from(byte >> 4), 16));
            text.extend(char::from_digit(u32::from(byte & 15), 16));
        }
        out.write_str(&text)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// What the first record of a segment says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SegmentHead {
    pub(crate) format: u32,
    pub(crate) line: String,
    pub(crate) number: u64,
}

/// What a record is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Event(Box<Event>),
    Segment(SegmentHead),
}

/// A record whose own hash was found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) seq: u64,
    pub(crate) prev: String,
    pub(crate) content: Content,
    pub(crate) hash: Hash,
}

/// Why a line of text is not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    Shape,
    Hash,
}

const HASH_MEMBER: &[u8] = b",\"hash\":\"";
/// The length of `,"hash":"…64…"}`.
const SEAL_BYTES: usize = HASH_MEMBER.len() + 64 + 2;

/// Appends one record to `out` and returns its hash. `member` is `event` or `segment`, `json` its canonical value.
pub(crate) fn seal(out: &mut Vec<u8>, seq: u64, prev: Hash, member: &str, json: &str) -> Hash {
    let opened = format!("{{\"seq\":{seq},\"prev\":\"{prev}\",\"{member}\":");
    let hash = digest(&[opened.as_bytes(), json.as_bytes(), b"}"]);
    out.extend_from_slice(opened.as_bytes());
    out.extend_from_slice(json.as_bytes());
    out.extend_from_slice(HASH_MEMBER);
    out.extend_from_slice(hash.to_string().as_bytes());
    out.extend_from_slice(b"\"}\n");
    hash
}

/// Reads one line, without its line feed.
pub(crate) fn unseal(line: &[u8]) -> Result<Record, Broken> {
    let (body, seal) = line
        .len()
        .checked_sub(SEAL_BYTES)
        .and_then(|at| line.split_at_checked(at))
        .ok_or(Broken::Shape)?;
    let written = seal
        .strip_prefix(HASH_MEMBER)
        .and_then(|rest| rest.strip_suffix(b"\"}"))
        .ok_or(Broken::Shape)?;
    let hash = digest(&[body, b"}"]);
    if hash.to_string().as_bytes() != written {
        return Err(Broken::Hash);
    }
    let text: Text = serde_json::from_slice(line).map_err(|_not_ours| Broken::Shape)?;
    let content = match (text.event, text.segment) {
        (Some(event), None) => Content::Event(event),
        (None, Some(segment)) => Content::Segment(segment),
        (Some(_), Some(_)) | (None, None) => return Err(Broken::Shape),
    };
    Ok(Record {
        seq: text.seq,
        prev: text.prev,
        content,
        hash,
    })
}

fn digest(parts: &[&[u8]]) -> Hash {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update(part);
    }
    Hash(sha.finalize().into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    seq: u64,
    prev: String,
    event: Option<Box<Event>>,
    segment: Option<SegmentHead>,
    #[serde(rename = "hash")]
    _hash: String,
}
