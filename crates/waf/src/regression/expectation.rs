//! What a stage expects, and whether it came.

use super::yaml::Node;

/// What a stage expects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// Rules that must match.
    pub ids: Vec<u64>,
    /// Rules that must not match.
    pub no_ids: Vec<u64>,
    /// Any of these; empty when the status does not matter.
    pub status: Vec<u16>,
    /// No more than one rule may match.
    pub isolated: bool,
    /// The connection should fail.
    pub expect_error: bool,
    /// The test speaks of the log's text beyond the ids in it.
    pub log_text: bool,
}

/// What an engine found.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// Rules that wrote to the log, in any order.
    pub ids: &'a [u64],
    /// Status of the response where there was one; `None` at an engine that does not intervene.
    pub status: Option<u16>,
}

/// The judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As expected.
    Passed,
    /// Otherwise than expected, and how.
    Failed(String),
    /// The expectation is about something that is not an engine's, and what.
    NotCheckable(&'static str),
}

impl Expectation {
    /// Reads an `output`.
    pub(super) fn read(output: &Node) -> Result<Self, &'static str> {
        let mut expectation = Self {
            isolated: output.truth("isolated") == Some(true),
            expect_error: output.truth("expect_error") == Some(true),
            ..Self::default()
        };
        for item in output.get("status").map_or(&[][..], Node::one_or_more) {
            let status = item.scalar().and_then(|text| text.parse().ok());
            expectation
                .status
                .push(status.ok_or("`status` is not a number")?);
        }
        let log = output.get("log");
        for (node, key, forbidden) in [
            (Some(output), "log_contains", false),
            (Some(output), "no_log_contains", true),
            (log, "match_regex", false),
            (log, "no_match_regex", true),
        ] {
            for item in node
                .and_then(|node| node.get(key))
                .map_or(&[][..], Node::one_or_more)
            {
                let text = item
                    .scalar()
                    .ok_or("what the log must contain is not text")?;
                expectation.expect_text(text, forbidden);
            }
        }
        expectation.isolated |= log.is_some_and(|log| log.truth("isolated") == Some(true));
        for (key, forbidden) in [("expect_ids", false), ("no_expect_ids", true)] {
            for item in log
                .and_then(|log| log.get(key))
                .map_or(&[][..], Node::one_or_more)
            {
                let id = item.scalar().and_then(|text| text.parse().ok());
                let id = id.ok_or("an expected id is not a number")?;
                expectation.rules_mut(forbidden).push(id);
            }
        }
        Ok(expectation)
    }

    fn rules_mut(&mut self, forbidden: bool) -> &mut Vec<u64> {
        if forbidden {
            &mut self.no_ids
        } else {
            &mut self.ids
        }
    }

    /// `id "942100"` and its misspellings (`id "942100`, `id:942100`) name a rule; anything else is about the text.
    fn expect_text(&mut self, text: &str, forbidden: bool) {
        let id = text.trim().strip_prefix("id").and_then(|rest| {
            let digits = rest.trim_matches([' ', ':', '"', '\'', '\\']);
            (digits.len() >= 6).then(|| digits.parse().ok()).flatten()
        });
        match id {
            Some(id) => self.rules_mut(forbidden).push(id),
            None => self.log_text = true,
        }
    }

    /// Whether rules are named.
    ///
    /// # Errors
    /// What the expectation is about instead.
    pub fn checkable(&self) -> Result<(), &'static str> {
        if !self.ids.is_empty() || !self.no_ids.is_empty() {
            return Ok(());
        }
        Err(match self {
            Self {
                expect_error: true, ..
            } => "a failed connection is expected, which is the server's",
            Self { log_text: true, .. } => "text of the log is expected, not a rule",
            Self { status, .. } if !status.is_empty() => {
                "a status is expected, which is the server's"
            }
            Self { .. } => "nothing is expected",
        })
    }

    /// Judges what was found. A status counts when there is one: an engine that only detects has none.
    pub fn judge(&self, observed: &Observed<'_>) -> Outcome {
        let wrong_status = observed
            .status
            .filter(|status| !self.status.is_empty() && !self.status.contains(status));
        if let Some(status) = wrong_status {
            return Outcome::Failed(format!("status {status} instead of {:?}", self.status));
        }
        if let Err(reason) = self.checkable() {
            return match observed.status {
                Some(_) if !self.status.is_empty() => Outcome::Passed,
                Some(_) | None => Outcome::NotCheckable(reason),
            };
        }
        if let Some(id) = self.ids.iter().find(|id| !observed.ids.contains(id)) {
            return Outcome::Failed(format!("{id} does not match"));
        }
        if let Some(id) = self.no_ids.iter().find(|id| observed.ids.contains(id)) {
            return Outcome::Failed(format!("{id} matches"));
        }
        let other = observed.ids.iter().find(|id| !self.ids.contains(id));
        match other.filter(|_| self.isolated) {
            Some(id) => Outcome::Failed(format!("{id} matches too")),
            None => Outcome::Passed,
        }
    }
}
