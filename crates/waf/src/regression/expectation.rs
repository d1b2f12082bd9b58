//! What a stage expects, and whether it came.

use super::yaml::Node;
use crate::pattern::{Memory, Pattern};

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
    /// Patterns, each of which a line of the log must match.
    pub lines: Vec<String>,
    /// Patterns that no line of the log may match.
    pub no_lines: Vec<String>,
}

/// What an engine found.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// Rules that wrote to the log, in any order.
    pub ids: &'a [u64],
    /// Status of the response where there was one; `None` at an engine that does not intervene.
    pub status: Option<u16>,
    /// What those rules wrote, a line each; `None` where it is not known.
    pub lines: Option<&'a [Vec<u8>]>,
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

const TEXT: &str = "text of the log is expected, not a rule";

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
                expectation.expect_text(text, forbidden)?;
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

    /// `id "942100"` and its misspellings (`id "942100`, `id:942100`, `942100`) name a rule; anything else is a pattern.
    fn expect_text(&mut self, text: &str, forbidden: bool) -> Result<(), &'static str> {
        let text = text.trim();
        let digits = text
            .strip_prefix("id")
            .unwrap_or(text)
            .trim_matches([' ', ':', '"', '\'', '\\']);
        let id = (digits.len() >= 6).then(|| digits.parse().ok()).flatten();
        if let Some(id) = id {
            self.rules_mut(forbidden).push(id);
            return Ok(());
        }
        Pattern::compile(text.as_bytes())
            .map_err(|_error| "what the log must contain is no pattern")?;
        let lines = if forbidden {
            &mut self.no_lines
        } else {
            &mut self.lines
        };
        lines.push(text.to_owned());
        Ok(())
    }

    fn names_rules(&self) -> bool {
        !self.ids.is_empty() || !self.no_ids.is_empty()
    }

    fn names_lines(&self) -> bool {
        !self.lines.is_empty() || !self.no_lines.is_empty()
    }

    /// Whether rules are named, or what they write.
    ///
    /// # Errors
    /// What the expectation is about instead.
    pub fn checkable(&self) -> Result<(), &'static str> {
        if self.names_rules() || self.names_lines() {
            return Ok(());
        }
        Err(match self {
            Self {
                expect_error: true, ..
            } => "a failed connection is expected, which is the server's",
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
        if let Some(id) = other.filter(|_| self.isolated) {
            return Outcome::Failed(format!("{id} matches too"));
        }
        match observed.lines {
            Some(lines) => self.judge_lines(lines),
            None if self.names_rules() => Outcome::Passed,
            None => Outcome::NotCheckable(TEXT),
        }
    }

    fn judge_lines(&self, lines: &[Vec<u8>]) -> Outcome {
        if let Some(pattern) = self.lines.iter().find(|one| line_of(one, lines).is_none()) {
            return Outcome::Failed(format!("no rule writes `{pattern}`"));
        }
        match self.no_lines.iter().find_map(|one| line_of(one, lines)) {
            Some(line) => Outcome::Failed(format!("a rule writes `{}`", line.escape_ascii())),
            None => Outcome::Passed,
        }
    }
}

/// The first line that `pattern` matches. A pattern stands for one line, as in the log of a server.
fn line_of<'l>(pattern: &str, lines: &'l [Vec<u8>]) -> Option<&'l [u8]> {
    let pattern = Pattern::compile(pattern.as_bytes()).ok()?;
    let mut memory = Memory::default();
    lines
        .iter()
        .find(|line| pattern.is_match(line, &mut memory))
        .map(Vec::as_slice)
}
