//! What a transaction found, for the caller's decision and its audit.

use super::trace::{Traced, TracedValue};

/// What the rules ask for when they do not let a transaction pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intervention {
    /// What to do.
    pub kind: InterventionKind,
    /// HTTP status that the rules name; 403 when they name none.
    pub status: u16,
    /// The rule that asked.
    pub rule: u64,
}

/// What to do with the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InterventionKind {
    /// Answer with the status.
    Deny,
    /// Close the connection.
    Drop,
    /// Send the client there.
    Redirect(Vec<u8>),
}

/// One rule that matched and is not silent (`nolog`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `id`
    pub rule: u64,
    /// 1 to 5
    pub phase: u8,
    /// `msg` with its macros expanded.
    pub message: Vec<u8>,
    /// `logdata` with its macros expanded: it may hold parts of the request.
    pub data: Vec<u8>,
    /// 0 (emergency) to 7 (debug)
    pub severity: Option<u8>,
    /// `tag`s with their macros expanded.
    pub tags: Vec<Vec<u8>>,
    /// The variable that matched last, as in `MATCHED_VAR_NAME` (`ARGS:id`); empty for `SecAction`.
    pub variable: Vec<u8>,
    /// The value that matched last, after the rule's transformations, cut to 256 bytes.
    pub value: Vec<u8>,
    /// The first 16 values that matched, links of a chain in their order, each cut to 256 bytes.
    pub matched: Vec<TracedValue>,
    /// Whether the message may hold parts of the transaction: a macro in it stands for more than a score.
    pub quotes: bool,
    /// Whether the rule asks that what matched is not written anywhere (`sanitise…`).
    pub sanitise: bool,
}

impl Finding {
    /// The parts of the transaction that it is about, each name once: without what a chain's later rules saw of them again, and
    /// without scores where there is anything else. Empty when no part with a name matched.
    pub fn parts(&self) -> Vec<&TracedValue> {
        parts(&self.matched)
    }
}

/// See [`Finding::parts`].
pub(crate) fn parts(matched: &[TracedValue]) -> Vec<&TracedValue> {
    let again = |one: &&TracedValue| one.variable.starts_with(b"MATCHED_VAR");
    let score = |one: &&TracedValue| one.variable.starts_with(b"TX:");
    let mut parts: Vec<&TracedValue> = matched.iter().filter(|one| !again(one)).collect();
    if !parts.iter().all(score) {
        parts.retain(|one| !score(one));
    }
    parts.sort_by(|one, other| one.variable.cmp(&other.variable));
    parts.dedup_by(|one, other| one.variable == other.variable);
    parts
}

/// Everything that a transaction found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// In the order of the matches.
    pub findings: Vec<Finding>,
    /// What the rules asked for first, when the engine is on.
    pub intervention: Option<Intervention>,
    /// What the rules would have asked for first, when the engine only detects.
    pub withheld: Option<Intervention>,
    /// Findings beyond the limit of 1,000, which are counted and not kept.
    pub dropped: u32,
    /// Rules that gave no answer: a pattern beyond its step budget, or more names in `TX` than are kept. Each is in `rule` order
    /// of occurrence; a caller that blocks must treat the transaction as not inspected.
    pub exhausted: Vec<u64>,
    /// Every match in its order, silent ones too, after [`Transaction::keep_trace`](super::Transaction::keep_trace).
    pub trace: Vec<Traced>,
}

impl Report {
    /// Whether the rules ask for an intervention, even if the engine only detects.
    pub fn asks(&self) -> bool {
        self.intervention.is_some() || self.withheld.is_some()
    }
}
