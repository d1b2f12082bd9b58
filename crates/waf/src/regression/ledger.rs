//! The cases that are known to fail: `conformance/SUITE/ledger.toml`.
//!
//! Each has an id and a reason. An entry without a reason, one whose case is not there, and one whose case passes, are mistakes:
//! a ledger says exactly where an engine differs from its suite, or it says nothing.

use std::collections::BTreeMap;

use super::Outcome;

/// Shortest reason, bytes.
const REASON_BYTES_MIN: usize = 10;

/// The entries of one file.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    entries: BTreeMap<String, LedgerEntry>,
}

/// One case that fails, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// As in [`Case::id`](super::Case::id).
    pub id: String,
    /// Why it fails, for a reader.
    pub reason: String,
    /// Where it stands, from 1.
    pub line: usize,
}

/// A ledger that does not say what is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerMistake {
    /// The text is not a list of `[[case]]` with `id` and `reason`.
    #[error("line {0}: not a `[[case]]`, `id = \"…\"` or `reason = \"…\"`")]
    Form(usize),
    /// The same case twice.
    #[error("line {1}: `{0}` stands there twice")]
    Twice(String, usize),
    /// An entry without a reason.
    #[error("line {1}: `{0}` has no reason")]
    NoReason(String, usize),
    /// An entry that no case has.
    #[error("line {1}: `{0}` matches no case")]
    NoCase(String, usize),
    /// An entry whose case does not fail.
    #[error("line {1}: `{0}` passes, or cannot be checked; its entry is stale")]
    Stale(String, usize),
    /// A case that fails and has no entry.
    #[error("`{0}`: {1}")]
    Unlisted(String, String),
}

impl Ledger {
    /// Reads the small part of TOML that a ledger needs: comments and tables `[[case]]` of strings.
    ///
    /// # Errors
    /// The first line that is something else, and entries that are incomplete.
    pub fn read(text: &str) -> Result<Self, LedgerMistake> {
        let mut list: Vec<LedgerEntry> = Vec::new();
        for (index, line) in text.lines().map(str::trim).enumerate() {
            let line_number = index + 1;
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line == "[[case]]" {
                list.push(LedgerEntry {
                    id: String::new(),
                    reason: String::new(),
                    line: line_number,
                });
                continue;
            }
            let entry = list.last_mut().zip(line.split_once('='));
            let (entry, (key, value)) = entry.ok_or(LedgerMistake::Form(line_number))?;
            let value: String = serde_json::from_str(value.trim())
                .map_err(|_error| LedgerMistake::Form(line_number))?;
            match key.trim() {
                "id" => entry.id = value,
                "reason" => entry.reason = value,
                _ => return Err(LedgerMistake::Form(line_number)),
            }
        }
        let mut entries = BTreeMap::new();
        for entry in list {
            if entry.id.is_empty() {
                return Err(LedgerMistake::Form(entry.line));
            }
            if entry.reason.len() < REASON_BYTES_MIN {
                return Err(LedgerMistake::NoReason(entry.id, entry.line));
            }
            let line = entry.line;
            if let Some(earlier) = entries.insert(entry.id.clone(), entry) {
                return Err(LedgerMistake::Twice(earlier.id, line));
            }
        }
        Ok(Self { entries })
    }

    /// The entries in the order of their ids.
    pub fn entries(&self) -> impl Iterator<Item = &LedgerEntry> {
        self.entries.values()
    }

    /// Compares the ledger with what came of every case of the suite; empty when both say the same.
    pub fn compare<'a>(
        &self,
        outcomes: impl IntoIterator<Item = (&'a str, &'a Outcome)>,
    ) -> Vec<LedgerMistake> {
        let mut left = self.entries.clone();
        let mut mistakes = Vec::new();
        for (id, outcome) in outcomes {
            match (left.remove(id), outcome) {
                (None, Outcome::Failed(why)) => {
                    mistakes.push(LedgerMistake::Unlisted(id.to_owned(), why.clone()));
                }
                (Some(entry), Outcome::Passed | Outcome::NotCheckable(_)) => {
                    mistakes.push(LedgerMistake::Stale(entry.id, entry.line));
                }
                (None, Outcome::Passed | Outcome::NotCheckable(_))
                | (Some(_), Outcome::Failed(_)) => {}
            }
        }
        let missing = left.into_values();
        mistakes.extend(missing.map(|entry| LedgerMistake::NoCase(entry.id, entry.line)));
        mistakes
    }
}
