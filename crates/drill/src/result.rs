//! What was measured: one cell per attack and configuration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fault::{Column, Kind};

/// What came of one attack in one configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// It succeeded.
    Through,
    /// Something stopped it.
    Stopped,
    /// What it needs is not in the attacker's hands here.
    NotApplicable,
    /// Nothing is known.
    Inconclusive,
}

/// One attack in one configuration.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Cell {
    pub(crate) verdict: Verdict,
    /// Which control stopped it, from the audit of the decision, else from the code of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) control: Option<String>,
    /// What was seen, or what was in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<String>,
    /// How often it was played.
    pub(crate) runs: u32,
    /// Each way in which it was tried.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) attempts: Vec<Try>,
}

/// One way in which an attack was tried.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Try {
    pub(crate) variant: String,
    pub(crate) verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) control: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<String>,
}

impl Cell {
    /// The attack does not apply.
    pub(crate) fn not_applicable() -> Self {
        Self {
            verdict: Verdict::NotApplicable,
            control: None,
            because: None,
            runs: 0,
            attempts: Vec::new(),
        }
    }

    /// Nothing is known.
    pub(crate) fn unknown(because: impl Into<String>) -> Self {
        let because = Some(because.into());
        Self {
            verdict: Verdict::Inconclusive,
            control: None,
            because,
            runs: 1,
            attempts: Vec::new(),
        }
    }

    pub(crate) fn is_through(&self) -> bool {
        self.verdict == Verdict::Through
    }
}

/// One configuration, measured.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) column: Column,
    /// By attack.
    pub(crate) cells: BTreeMap<&'static str, Cell>,
    /// By twin: `None` when it succeeded, else why not.
    pub(crate) twins: BTreeMap<&'static str, Option<String>>,
    /// Wall time, milliseconds.
    pub(crate) milliseconds: u64,
}

/// All configurations, measured, in the order of the report.
#[derive(Debug, Clone)]
pub(crate) struct Matrix {
    /// Attacks, in the order of the report.
    pub(crate) rows: Vec<&'static vauban_attack::Template>,
    pub(crate) measured: Vec<Measured>,
}

impl Matrix {
    /// The configurations of one kind.
    pub(crate) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Measured> {
        self.measured
            .iter()
            .filter(move |measured| measured.column.kind == kind)
    }

    /// The cell of an attack in the first configuration of a kind.
    pub(crate) fn baseline(&self, kind: Kind, row: &str) -> Option<&Cell> {
        self.of_kind(kind)
            .next()
            .and_then(|measured| measured.cells.get(row))
    }
}
