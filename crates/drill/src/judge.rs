//! What the matrix means: duds, holes, thin rows, blast radius, credit, and whether the drill may be believed at all.

use std::collections::BTreeMap;

use crate::fault::Kind;
use crate::result::{Matrix, Measured, Verdict};

/// What follows from a matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// Attacks that do not work even with everything down: they prove nothing and are excluded.
    pub(crate) duds: Vec<&'static str>,
    /// Attacks that get through with everything up.
    pub(crate) holes: Vec<&'static str>,
    /// Attacks that some single loss lets through, with those losses.
    pub(crate) thin: BTreeMap<&'static str, Vec<String>>,
    /// Number of attacks that each loss lets through.
    pub(crate) blast: BTreeMap<String, usize>,
    /// Attack → the controls that stopped it alone.
    pub(crate) credit: BTreeMap<&'static str, Vec<String>>,
    /// Lost control → attack that it stops when all is up → what stopped the attack then; `None` when nothing did.
    pub(crate) backups: BTreeMap<String, BTreeMap<&'static str, Option<String>>>,
    /// Why the drill may not be believed.
    pub(crate) doubts: Vec<String>,
}

impl Judgement {
    pub(crate) fn of(matrix: &Matrix) -> Self {
        let duds = with_verdict(matrix, Kind::AllDown, |verdict| {
            matches!(verdict, Verdict::Stopped | Verdict::Inconclusive)
        });
        let holes = with_verdict(matrix, Kind::AllUp, |verdict| *verdict == Verdict::Through);
        let mut judgement = Self {
            doubts: doubts(matrix, &duds),
            duds,
            holes,
            thin: BTreeMap::new(),
            blast: BTreeMap::new(),
            credit: BTreeMap::new(),
            backups: BTreeMap::new(),
        };
        for measured in matrix.of_kind(Kind::KnockOut) {
            judgement.take_loss(matrix, measured);
        }
        for measured in matrix.of_kind(Kind::Solo) {
            judgement.take_solo(measured);
        }
        judgement
    }

    /// 0 nothing gets through and everything is proved, 1 a hole, 3 the drill may not be believed.
    pub(crate) fn exit_code(&self) -> u8 {
        match (self.holes.is_empty(), self.doubts.is_empty()) {
            (false, _) => 1,
            (true, false) => 3,
            (true, true) => 0,
        }
    }

    fn take_loss(&mut self, matrix: &Matrix, measured: &Measured) {
        let id = &measured.column.id;
        let mut through = 0;
        for (row, cell) in &measured.cells {
            if self.duds.contains(row) {
                continue;
            }
            if cell.is_through() {
                through += 1;
                self.thin.entry(row).or_default().push(id.clone());
            }
            let stopper = matrix
                .baseline(Kind::AllUp, row)
                .and_then(|cell| cell.control.as_deref());
            for lost in measured
                .column
                .controls
                .iter()
                .filter(|lost| stopper == Some(**lost))
            {
                self.backups
                    .entry((*lost).to_owned())
                    .or_default()
                    .insert(row, cell.control.clone());
            }
        }
        for lost in measured.column.controls {
            self.backups.entry((*lost).to_owned()).or_default();
        }
        self.blast.insert(id.clone(), through);
    }

    /// Only a control that stopped the attack alone is credited with stopping it; what an unlisted one stopped is not.
    fn take_solo(&mut self, measured: &Measured) {
        for (row, cell) in &measured.cells {
            let alone = cell
                .control
                .as_deref()
                .is_some_and(|control| measured.column.controls.contains(&control));
            if cell.verdict == Verdict::Stopped && alone && !self.duds.contains(row) {
                let id = measured.column.id.trim_start_matches("solo:");
                self.credit.entry(row).or_default().push(id.to_owned());
            }
        }
    }

    /// The attacks for which the solo runs predict that one loss is enough, with that loss.
    pub(crate) fn predicted(&self, matrix: &Matrix) -> BTreeMap<&'static str, String> {
        let applicable = |row: &str| {
            matrix
                .baseline(Kind::AllUp, row)
                .is_some_and(|cell| cell.verdict == Verdict::Stopped)
        };
        let single = self
            .credit
            .iter()
            .filter_map(|(row, controls)| match controls.as_slice() {
                [only] if applicable(row) => Some((*row, only.clone())),
                _ => None,
            });
        single.collect()
    }
}

fn with_verdict(matrix: &Matrix, kind: Kind, is: impl Fn(&Verdict) -> bool) -> Vec<&'static str> {
    let ids = matrix.rows.iter().map(|row| row.id);
    ids.filter(|id| {
        matrix
            .baseline(kind, id)
            .is_some_and(|cell| is(&cell.verdict))
    })
    .collect()
}

/// The drill doubts itself when an attack is a dud, when a legitimate twin fails, or when nothing is known of a cell.
fn doubts(matrix: &Matrix, duds: &[&'static str]) -> Vec<String> {
    let mut doubts = Vec::new();
    if !duds.is_empty() && duds.len() == matrix.rows.len() {
        doubts.push(
            "no attack gets through even with everything down: the witness is blind".to_owned(),
        );
    } else if !duds.is_empty() {
        doubts.push(format!(
            "{} proves nothing: it fails even with everything down",
            duds.join(", ")
        ));
    }
    for measured in &matrix.measured {
        let id = &measured.column.id;
        for (twin, why) in &measured.twins {
            doubts.extend(
                why.as_ref()
                    .map(|why| format!("{id}: the legitimate twin `{twin}` failed: {why}")),
            );
        }
        let mut unknown: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (row, cell) in &measured.cells {
            if cell.verdict == Verdict::Inconclusive && !duds.contains(row) {
                unknown
                    .entry(cell.because.as_deref().unwrap_or("no reason"))
                    .or_default()
                    .push(row);
            }
        }
        let inconclusive = unknown
            .iter()
            .map(|(why, rows)| format!("{id}: {} inconclusive: {why}", rows.join(", ")));
        doubts.extend(inconclusive);
    }
    doubts
}

#[cfg(test)]
pub(crate) mod tests;
