//! One decision of one line, as it is remembered.

#[cfg(test)]
pub(crate) mod tests;
mod write;

pub(crate) use write::write;

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Longest stored form of a name, an identifier or a method, and of each text of a finding.
pub const NAME_BYTES_MAX: usize = 128;
/// Longest stored form of a route template, a peer or a fact.
pub const FACT_BYTES_MAX: usize = 256;
/// More controls than this in one event are cut off; a request meets fewer than thirty.
pub const CONTROLS_MAX: usize = 48;
/// More findings than this in one event, of all its controls together, are counted and not kept.
pub const FINDINGS_MAX: usize = 16;

/// What a line decided about one request, or what happened to it.
///
/// Strings are stored in their [`Event::bounded`] form. Nothing secret belongs here: no token, no password, no body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When, by the clock of the line.
    pub at_unix_ms: u64,
    /// Which line; the [`crate::Log`] writes its own name here, whatever the caller put.
    pub line: Cow<'static, str>,
    /// The id that all lines use for the same request; empty for events without one.
    pub decision: String,
    /// What kind of event.
    pub kind: Kind,
    /// The method of the request, or empty.
    pub method: String,
    /// The route's template (never the path itself), or empty.
    pub route: String,
    /// The operation's id, or empty.
    pub operation: String,
    /// The status answered, 0 if none was.
    pub status: u16,
    /// How it ended.
    pub outcome: Outcome,
    /// The denial's code, if refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denial: Option<String>,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Through which client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// In which tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// In which session (its id, which opens nothing).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// From where: an address outside the walls, a workload's id inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The controls met, in order.
    pub controls: Vec<Control>,
}

impl Event {
    /// An event about nothing in particular yet; its outcome is [`Outcome::Failed`] until somebody says better.
    pub fn new(
        at_unix_ms: u64,
        line: impl Into<Cow<'static, str>>,
        decision: &str,
        kind: Kind,
    ) -> Self {
        Self {
            at_unix_ms,
            line: line.into(),
            decision: decision.to_owned(),
            kind,
            method: String::new(),
            route: String::new(),
            operation: String::new(),
            status: 0,
            outcome: Outcome::Failed,
            denial: None,
            subject: None,
            client_id: None,
            tenant: None,
            session: None,
            peer: None,
            controls: Vec::new(),
        }
    }

    /// The form that is stored: every string cut to its limit and shown with control characters escaped, so that neither
    /// a terminal nor a reader of lines can be led astray by what a stranger sent.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        bound_cow(&mut self.line, NAME_BYTES_MAX);
        for name in [&mut self.decision, &mut self.method, &mut self.operation] {
            bound(name, NAME_BYTES_MAX);
        }
        bound(&mut self.route, FACT_BYTES_MAX);
        let names = [
            &mut self.denial,
            &mut self.subject,
            &mut self.client_id,
            &mut self.tenant,
            &mut self.session,
        ];
        for name in names.into_iter().flatten() {
            bound(name, NAME_BYTES_MAX);
        }
        if let Some(peer) = &mut self.peer {
            bound(peer, FACT_BYTES_MAX);
        }
        self.controls.truncate(CONTROLS_MAX);
        let mut room = FINDINGS_MAX;
        for control in &mut self.controls {
            bound_cow(&mut control.name, NAME_BYTES_MAX);
            bound_cow(&mut control.fact, FACT_BYTES_MAX);
            let kept = control.findings.len().min(room);
            room -= kept;
            control.more = more(control, kept);
            control.findings.truncate(kept);
            for finding in &mut control.findings {
                finding.bound();
            }
        }
        self
    }
}

/// What kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A request was judged.
    Request,
    /// Somebody logged in, or tried to.
    Login,
    /// A refresh token was used.
    Refresh,
    /// A session was ended by its owner.
    Logout,
    /// A session was ended by somebody else, or by a detection.
    Revocation,
    /// An access token was exchanged for an internal one.
    Exchange,
    /// A workload asked for its certificate.
    Join,
    /// Money moved.
    Transfer,
    /// A line began to serve.
    Start,
    /// A line stopped.
    Stop,
    /// The rules of inspection were read again.
    Rules,
    /// A drill ran.
    Drill,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every control agreed.
    Allowed,
    /// A control said no.
    Refused,
    /// Something could not do its work, which refuses as well.
    Failed,
}

/// One check, and what it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Its name, from [`crate::control`].
    pub name: Cow<'static, str>,
    /// What it said.
    pub verdict: Verdict,
    /// What it was decided on; never a secret.
    pub fact: Cow<'static, str>,
    /// What rules found in the request or its answer, the gravest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// How many findings more there were.
    #[serde(default, skip_serializing_if = "is_none")]
    pub more: u32,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde calls"
)]
fn is_none(count: &u32) -> bool {
    *count == 0
}

/// How many findings of a control are not told, when so many are kept.
fn more(control: &Control, kept: usize) -> u32 {
    let cut = u32::try_from(control.findings.len() - kept).unwrap_or(u32::MAX);
    control.more.saturating_add(cut)
}

/// A rule that found something, and where. Nothing in it is a secret: who finds leaves out what may be one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The rule's id.
    pub rule: u64,
    /// The part of the request, as the rules name it (`ARGS:comment`); empty when the rule is about none.
    pub variable: String,
    /// The beginning of what stands there; absent when that may be a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The rule's message; absent when there is none, or when it may quote a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Finding {
    fn bound(&mut self) {
        bound(&mut self.variable, NAME_BYTES_MAX);
        for text in [&mut self.value, &mut self.message].into_iter().flatten() {
            bound(text, NAME_BYTES_MAX);
        }
    }
}

impl Control {
    /// A control with its verdict and the fact behind it.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        verdict: Verdict,
        fact: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            name: name.into(),
            verdict,
            fact: fact.into(),
            findings: Vec::new(),
            more: 0,
        }
    }
}

/// What a control said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Yes.
    Passed,
    /// No.
    Refused,
    /// Not asked: the operation does not need it.
    Skipped,
    /// Could not say, which refuses.
    Failed,
}

const CUT: &str = "…";

/// Escapes what must not reach a terminal, doubles backslashes so that the escape is unambiguous, and cuts at a
/// character boundary with a visible mark.
fn bound(text: &mut String, bytes_max: usize) {
    if let Some(stored) = escaped(text, bytes_max) {
        *text = stored;
    }
}

/// [`bound`] for a text that mostly is a constant of ours.
fn bound_cow(text: &mut Cow<'static, str>, bytes_max: usize) {
    if let Some(stored) = escaped(text, bytes_max) {
        *text = Cow::Owned(stored);
    }
}

/// The stored form of a text that may not be stored as it is.
fn escaped(text: &str, bytes_max: usize) -> Option<String> {
    if text.len() <= bytes_max && text.chars().all(is_plain) {
        return None;
    }
    let room = bytes_max.saturating_sub(CUT.len());
    let mut stored = String::new();
    let mut fits_with_mark = 0;
    for character in text.chars() {
        let before = stored.len();
        if is_plain(character) {
            stored.push(character);
        } else if character == '\\' {
            stored.push_str("\\\\");
        } else {
            stored.extend(character.escape_unicode());
        }
        if before <= room {
            fits_with_mark = before;
        }
        if stored.len() > bytes_max {
            stored.truncate(fits_with_mark);
            stored.push_str(CUT);
            break;
        }
    }
    Some(stored)
}

/// Controls, and the invisible characters that reorder or break what surrounds them, are not plain.
fn is_plain(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\\' | '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}
