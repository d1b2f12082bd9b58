//! Whether the chains are whole.

use crate::head::{self, Stored};
use crate::log::is_line;
use crate::medium::Folder;
use crate::scan::{Damage, Flaw, scan};
use std::io;
use std::path::{Path, PathBuf};

/// Why nothing could be verified.
#[derive(Debug, thiserror::Error)]
#[error("cannot verify `{}`", path.display())]
pub struct VerifyError {
    /// What could not be read.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// What was found in an audit folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One per line, by name.
    pub lines: Vec<LineReport>,
}

impl Report {
    /// Whether no line is damaged.
    pub fn is_intact(&self) -> bool {
        self.first_damage().is_none()
    }

    /// The first damage of the first damaged line.
    pub fn first_damage(&self) -> Option<&Damage> {
        self.lines.iter().find_map(|line| line.damage.as_ref())
    }
}

/// What was found about one line. Counts go up to the damage, or to the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineReport {
    /// Its name.
    pub line: String,
    /// How many segments were begun.
    pub segments: u64,
    /// How many events were read.
    pub events: u64,
    /// The sequence number of the last good record, 0 if there is none.
    pub last_seq: u64,
    /// The hash of that record. Kept elsewhere, it proves later that the log still contains it.
    pub last_hash: String,
    /// How many bytes of an incomplete final record follow: one that is being written, or was when the process died.
    pub torn_bytes: u64,
    /// The first damage.
    pub damage: Option<Damage>,
}

/// Verifies every line's chain in the audit folder, all segments, all records. Nothing is changed; a log in use may be
/// verified as well.
pub fn verify(dir: &Path) -> Result<Report, VerifyError> {
    let mut report = Report::default();
    for line in lines(dir).map_err(|source| VerifyError {
        path: dir.to_owned(),
        source,
    })? {
        let path = dir.join(&line);
        report
            .lines
            .push(verify_line(&path, line).map_err(|source| VerifyError { path, source })?);
    }
    Ok(report)
}

fn verify_line(path: &Path, line: String) -> io::Result<LineReport> {
    let folder = Folder::at(path);
    // `head` first: whatever it names was written before the segments are listed.
    let stored = head::read(&folder, &line)?;
    let head = match &stored {
        Stored::Head(head) => Some(head),
        Stored::Missing | Stored::Unreadable => None,
    };
    let found = scan(&folder, &line, 1, head)?;
    let damage = match (stored, found.damage) {
        (
            Stored::Unreadable,
            None
            | Some(Damage {
                flaw: Flaw::HeadMissing,
                ..
            }),
        ) => Some(Damage {
            line: line.clone(),
            file: head::NAME.to_owned(),
            record: 0,
            offset: 0,
            flaw: Flaw::HeadUnreadable,
        }),
        (_, damage) => damage,
    };
    Ok(LineReport {
        line,
        segments: found.tail.segments,
        events: found.tail.events,
        last_seq: found.tail.next_seq.saturating_sub(1),
        last_hash: found.tail.last.to_string(),
        torn_bytes: found.tail.torn,
        damage,
    })
}

/// The lines that have a folder, by name.
pub(crate) fn lines(dir: &Path) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string()
            && entry.file_type()?.is_dir()
            && is_line(&name)
        {
            lines.push(name);
        }
    }
    lines.sort_unstable();
    Ok(lines)
}
