//! The file `head`: a record that is known to have been durable, so that a log cut off before it is noticed.

use crate::medium::Medium;
use crate::record::{FORMAT, Hash};
use serde::{Deserialize, Serialize};
use std::io::{self, Read};

pub(crate) const NAME: &str = "head";
const NEW: &str = "head.new";
const BYTES_MAX: u64 = 1_024;

/// What `head` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    pub(crate) format: u32,
    pub(crate) line: String,
    pub(crate) segment: u64,
    pub(crate) seq: u64,
    pub(crate) hash: String,
}

impl Head {
    pub(crate) fn new(line: &str, segment: u64, seq: u64, hash: Hash) -> Self {
        Self {
            format: FORMAT,
            line: line.to_owned(),
            segment,
            seq,
            hash: hash.to_string(),
        }
    }

    /// `None` if the bytes are not the head of this line.
    fn parse(bytes: &[u8], line: &str) -> Option<Self> {
        let head: Self = serde_json::from_slice(bytes).ok()?;
        (head.format == FORMAT && head.line == line && head.segment > 0 && head.seq > 0)
            .then_some(head)
    }
}

/// What stands in the file.
#[derive(Debug)]
pub(crate) enum Stored {
    Missing,
    Unreadable,
    Head(Head),
}

pub(crate) fn read(medium: &dyn Medium, line: &str) -> io::Result<Stored> {
    let file = match medium.read(NAME) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Stored::Missing),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(Head::parse(&bytes, line).map_or(Stored::Unreadable, Stored::Head))
}

/// Replaces the file: a crash leaves the old one or the new one.
pub(crate) fn write(medium: &mut dyn Medium, head: &Head) -> io::Result<()> {
    let mut text = serde_json::to_string(head)?;
    text.push('\n');
    match medium.remove(NEW) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    medium.create(NEW)?;
    medium.append(NEW, text.as_bytes())?;
    medium.sync(NEW)?;
    medium.rename(NEW, NAME)?;
    medium.sync_folder()
}
