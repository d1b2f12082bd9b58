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

impl Hash {
    /// As text.
    fn hex(self) -> [u8; 64] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |at: u8| DIGITS.get(usize::from(at)).copied().unwrap_or(b'0');
        let mut text = [0; 64];
        for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        text
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(std::str::from_utf8(&self.hex()).unwrap_or_default())
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
pub(crate) fn seal(out: &mut Vec<u8>, seq: u64, prev: Hash, member: &str, json: &[u8]) -> Hash {
    let begin = out.len();
    let seq = seq.to_string();
    for part in [
        b"{\"seq\":".as_slice(),
        seq.as_bytes(),
        b",\"prev\":\"",
        &prev.hex(),
        b"\",\"",
        member.as_bytes(),
        b"\":",
        json,
        b"}",
    ] {
        out.extend_from_slice(part);
    }
    let hash = digest(&[out.get(begin..).unwrap_or_default()]);
    out.pop();
    for part in [HASH_MEMBER, &hash.hex(), b"\"}\n"] {
        out.extend_from_slice(part);
    }
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
    if hash.hex() != written {
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
