//! What the record says of findings: rules, variables and what matched, unless that may be a secret.

use vauban_audit::{FINDINGS_MAX, Finding as Told};
use vauban_waf::Finding;

use super::redact::Redaction;
use crate::parts::Found;

#[cfg(test)]
mod tests;

/// Longest part of a value, characters.
const VALUE_CHARS_MAX: usize = 64;

/// The fact, and each rule with each part of the request that it is about, the gravest first.
pub(super) fn of(fact: String, findings: &[Finding], redaction: Redaction<'_>) -> Found {
    let mut order: Vec<&Finding> = findings.iter().collect();
    order.sort_by_key(|finding| finding.severity.unwrap_or(u8::MAX));
    let mut told = Vec::new();
    let mut more = 0_u32;
    for finding in order {
        let parts = finding.parts();
        let all = parts.len().max(1);
        let room = FINDINGS_MAX - told.len();
        if parts.is_empty() && room > 0 {
            told.push(tell(finding, b"", None, redaction));
        }
        for part in parts.into_iter().take(room) {
            told.push(tell(finding, &part.variable, Some(&part.value), redaction));
        }
        more = more.saturating_add(u32::try_from(all.saturating_sub(room)).unwrap_or(u32::MAX));
    }
    Found {
        fact: fact.into(),
        findings: told,
        more,
    }
}

fn tell(
    finding: &Finding,
    variable: &[u8],
    value: Option<&[u8]>,
    redaction: Redaction<'_>,
) -> Told {
    let variable = String::from_utf8_lossy(variable);
    let value = value.map(String::from_utf8_lossy);
    let shown = value.filter(|value| !finding.sanitise && !redaction.hides(&variable, value));
    let message = (!finding.quotes && !finding.message.is_empty())
        .then(|| String::from_utf8_lossy(&finding.message).into_owned());
    Told {
        rule: finding.rule,
        variable: redaction.named(&variable).into_owned(),
        value: shown.map(|value| cut(&value)),
        message,
    }
}

/// The beginning. Who stores it escapes what could lead a terminal astray.
fn cut(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
