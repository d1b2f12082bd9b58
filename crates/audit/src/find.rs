//! The events of one decision, for whoever has to explain it.

#[cfg(test)]
mod tests;

use crate::event::{Event, NAME_BYTES_MAX};
use crate::medium::{Folder, Medium};
use crate::record::{Content, unseal};
use crate::scan::{Line, next_line, segment_name, segment_numbers};
use crate::verify::lines;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

/// More events of one decision than this are not one request any more.
pub const EVENTS_MAX: usize = 1_024;

/// Why a search could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// Not the id of a decision.
    #[error("a decision has an id of 1 to {NAME_BYTES_MAX} characters")]
    Decision,
    /// A file could not be read.
    #[error("cannot search `{}`", path.display())]
    Unable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A record that names the decision is damaged.
    #[error(
        "`{file}`, record {record}: damaged, so the answer would not be whole\nhint: `vauban audit verify` says what is wrong"
    )]
    Damaged {
        /// The file, under the audit folder.
        file: String,
        /// Which record of it, from 1.
        record: u64,
    },
    /// Far more than one request writes.
    #[error("more than {EVENTS_MAX} events carry this id")]
    TooMany,
}

/// The events with this decision id, in line order (edge, authority, guards, services, others), each line's in the
/// order of its log. Reads everything, keeps only what matches. Says nothing about the chain; that is
/// [`crate::verify()`]'s.
pub fn find(dir: &Path, decision: &str) -> Result<Vec<Event>, FindError> {
    if decision.is_empty() || decision.len() > NAME_BYTES_MAX {
        return Err(FindError::Decision);
    }
    let unable = |source| FindError::Unable {
        path: dir.to_owned(),
        source,
    };
    let mut names = lines(dir).map_err(unable)?;
    names.sort_by_key(|line| rank(line));
    let mut search = Search {
        decision,
        needle: needle(decision).map_err(unable)?,
        found: Vec::new(),
    };
    for line in names {
        let path = dir.join(&line);
        let folder = Folder::at(&path);
        let unable = |source| FindError::Unable {
            path: path.clone(),
            source,
        };
        for number in segment_numbers(&folder).map_err(unable)? {
            let name = segment_name(number);
            let file = folder.read(&name).map_err(unable)?;
            let stopped = search
                .segment(&mut BufReader::with_capacity(1 << 16, file))
                .map_err(unable)?;
            match stopped {
                Stopped::End => {}
                Stopped::Full => return Err(FindError::TooMany),
                Stopped::Damaged(record) => {
                    return Err(FindError::Damaged {
                        file: format!("{line}/{name}"),
                        record,
                    });
                }
            }
        }
    }
    Ok(search.found)
}

struct Search<'a> {
    decision: &'a str,
    needle: String,
    found: Vec<Event>,
}

enum Stopped {
    End,
    Full,
    Damaged(u64),
}

impl Search<'_> {
    fn segment(&mut self, reader: &mut impl io::BufRead) -> io::Result<Stopped> {
        let mut text = Vec::new();
        for nth in 1_u64.. {
            match next_line(reader, &mut text)? {
                Line::End | Line::Torn => break,
                Line::TooLong => return Ok(Stopped::Damaged(nth)),
                Line::Whole => {}
            }
            // Cheap first: only a record that names the id somewhere is read as one.
            if !String::from_utf8_lossy(&text).contains(&self.needle) {
                continue;
            }
            match unseal(&text).map(|record| record.content) {
                Ok(Content::Event(event)) if event.decision == self.decision => {
                    if self.found.len() == EVENTS_MAX {
                        return Ok(Stopped::Full);
                    }
                    self.found.push(*event);
                }
                Ok(Content::Event(_) | Content::Segment(_)) => {}
                Err(_) => return Ok(Stopped::Damaged(nth)),
            }
        }
        Ok(Stopped::End)
    }
}

/// The member as it stands in a record; quotes inside other strings are escaped, so it cannot stand elsewhere.
fn needle(decision: &str) -> io::Result<String> {
    Ok(format!("\"decision\":{}", serde_json::to_string(decision)?))
}

fn rank(line: &str) -> u8 {
    match line {
        "edge" => 0,
        "authority" => 1,
        guard if guard.starts_with("guard-") => 2,
        service if service.starts_with("service-") => 3,
        _ => 4,
    }
}
