//! What all drills of one plan by one program know together: the last result of every attack under every loss.
//!
//! A story plays a part of the matrix, and must not hide what a full drill has seen. What another plan or another program
//! showed is no evidence about this one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Played;
use crate::fault::Kind;
use crate::result::{Cell, Verdict};

/// Lost control → attack → what was seen last.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Known(pub(crate) BTreeMap<String, BTreeMap<String, Seen>>);

/// One attack while one control was down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    pub(crate) verdict: Verdict,
    /// Which control stopped it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) control: Option<String>,
    /// Whether the lost control is the one that stops this attack when all is up.
    pub(crate) needed: bool,
    /// When the drill began that saw it, Unix milliseconds.
    pub(crate) started: u64,
    /// How much that drill played: `full`, `quick` or a story.
    pub(crate) extent: String,
}

impl Known {
    /// Puts what this drill saw in the place of what was known of the same attacks under the same losses.
    pub(crate) fn learn(&mut self, played: &Played) {
        for measured in played.matrix.of_kind(Kind::KnockOut) {
            for lost in measured.column.controls {
                let attacks = self.0.entry((*lost).to_owned()).or_default();
                for (row, cell) in &measured.cells {
                    match Seen::by(played, lost, row, cell) {
                        Some(seen) => drop(attacks.insert((*row).to_owned(), seen)),
                        None => drop(attacks.remove(*row)),
                    }
                }
            }
        }
    }
}

impl Seen {
    /// `None` for a dud, a hole and an attack that does not apply: they say nothing about a loss.
    fn by(played: &Played, lost: &str, row: &str, cell: &Cell) -> Option<Self> {
        let usual = played
            .matrix
            .baseline(Kind::AllUp, row)
            .filter(|_| !played.judgement.duds.contains(&row))
            .filter(|usual| usual.verdict == Verdict::Stopped)?;
        Some(Self {
            verdict: cell.verdict.clone(),
            control: cell.control.clone(),
            needed: usual.control.as_deref() == Some(lost),
            started: played.started_unix_ms,
            extent: played.extent.name().to_owned(),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
