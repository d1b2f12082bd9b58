//! What happened rule by rule, for people who ask why. Kept only when it was asked for.

use super::act::VALUE_BYTES_MAX;
use super::evaluate::Run;
use super::expand::write_key;
use super::program::{Disruptive, Rule};
use crate::engine::collections::Text;
use crate::seclang::syntax::EngineMode;

/// Matches that a trace keeps.
const TRACED_MAX: usize = 4096;
/// Values that one match keeps.
const VALUES_MAX: usize = 16;

/// One rule that matched, silent ones too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// `id`
    pub rule: u64,
    /// File in which the rule stands.
    pub file: String,
    /// Line there, from 1.
    pub line: u32,
    /// 1 to 5
    pub phase: u8,
    /// `msg` with its macros expanded.
    pub message: Vec<u8>,
    /// 0 (emergency) to 7 (debug)
    pub severity: Option<u8>,
    /// Whether the match is reported; false behind `nolog`.
    pub logged: bool,
    /// The first 16 values that matched, links of a chain in their order, each cut to 256 bytes.
    pub values: Vec<TracedValue>,
    /// What `capture` took of the last value, where it is a part of it.
    pub part: Option<Vec<u8>>,
    /// Whether the rule asks that what matched is not written anywhere (`sanitise…`).
    pub sanitise: bool,
    /// What the rule says: `pass`, `block`, `deny` …
    pub action: &'static str,
    /// What that is in its phase; `block` is what `SecDefaultAction` says.
    pub resolved: &'static str,
    /// Status that goes with it, when it interrupts.
    pub status: Option<u16>,
    /// Whether the engine detects only, so that nothing is interrupted.
    pub withheld: bool,
    /// The scores of OWASP CRS afterwards: the sums of `tx.[inbound_]anomaly_score_pl1` to `pl4`, and of
    /// `tx.outbound_anomaly_score_pl1` to `pl4`. Absent when no rule has set one.
    pub scores: [Option<i64>; 2],
}

/// A value that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedValue {
    /// `ARGS:id`
    pub variable: Vec<u8>,
    /// After the rule's transformations.
    pub value: Vec<u8>,
}

impl<'a> Run<'a> {
    /// Notes the match of a whole rule.
    pub(super) fn trace(&mut self, rule: &'a Rule, resolved: &Disruptive, status: u16) {
        let asks = !matches!(
            resolved,
            Disruptive::Pass | Disruptive::Block | Disruptive::Allow(_)
        );
        let traced = Traced {
            rule: rule.id,
            file: rule.place.file.to_string(),
            line: rule.place.line,
            phase: u8::try_from(rule.phase + 1).unwrap_or(0),
            message: self.last_text(rule, |link| link.msg.as_ref()),
            severity: rule.severity,
            logged: rule.logged,
            values: self.matched_values(),
            part: self.part(rule),
            sanitise: rule.links.iter().any(|link| link.sanitise),
            action: word(&rule.disruptive),
            // A default action that says `block` again blocks nothing.
            resolved: if matches!(resolved, Disruptive::Block) {
                "pass"
            } else {
                word(resolved)
            },
            status: asks.then_some(status),
            withheld: asks && self.state.flow.mode != EngineMode::On,
            scores: self.scores(),
        };
        if let Some(trace) = &mut self.state.trace
            && trace.len() < TRACED_MAX
        {
            trace.push(traced);
        }
    }

    /// The first values that matched.
    pub(super) fn matched_values(&self) -> Vec<TracedValue> {
        let matched = &self.state.matched;
        (0..matched.len().min(VALUES_MAX))
            .filter_map(|index| matched.entry(index))
            .map(|(variable, name, value)| {
                let mut key = Vec::new();
                write_key(variable, name, &mut key);
                key.truncate(VALUE_BYTES_MAX);
                TracedValue {
                    variable: key,
                    value: value.get(..VALUE_BYTES_MAX).unwrap_or(value).to_vec(),
                }
            })
            .collect()
    }

    /// The first capture may be older than this match; then it is hardly a part of the value.
    fn part(&self, rule: &Rule) -> Option<Vec<u8>> {
        let captures = rule.links.iter().any(|link| link.capture);
        let text = self.state.tx.slot(0).filter(|_| captures)?;
        let (_, _, value) = self.state.matched.last()?;
        let mut part = Vec::new();
        text.write(&mut part);
        part.truncate(VALUE_BYTES_MAX);
        let inside = !part.is_empty() && memchr::memmem::find(value, &part).is_some();
        inside.then_some(part)
    }

    fn scores(&self) -> [Option<i64>; 2] {
        let score = |name: String| {
            let text = self.state.tx.find(&self.program.names, name.as_bytes());
            text.map(Text::number)
        };
        let sum = |names: &[&str]| {
            let all = (1..=4).flat_map(|level| {
                names
                    .iter()
                    .map(move |name| format!("{name}anomaly_score_pl{level}"))
            });
            all.filter_map(score).reduce(i64::saturating_add)
        };
        [sum(&["", "inbound_"]), sum(&["outbound_"])]
    }
}

fn word(disruptive: &Disruptive) -> &'static str {
    match disruptive {
        Disruptive::Pass => "pass",
        Disruptive::Block => "block",
        Disruptive::Deny => "deny",
        Disruptive::Drop => "drop",
        Disruptive::Redirect(_) => "redirect",
        Disruptive::Allow(_) => "allow",
    }
}
