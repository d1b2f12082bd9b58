//! The stored form of an event, written straight into the queue's buffer.
//!
//! Every request of every line passes here, and nearly every string is short plain ASCII: that is one look and one copy.
//! Whatever else a string may be takes the way through [`super::escaped`] and `serde_json`, which is also the tests' oracle.

use super::{
    CONTROLS_MAX, Control, Event, FACT_BYTES_MAX, FINDINGS_MAX, Finding, Kind, NAME_BYTES_MAX,
    Outcome, Verdict, escaped, more,
};
use std::io::Write as _;

/// Appends the JSON of `event` in its bounded form, under the name of `line` whatever the event says.
pub(crate) fn write(out: &mut Vec<u8>, event: &Event, line: &str) -> serde_json::Result<()> {
    write!(out, "{{\"at_unix_ms\":{}", event.at_unix_ms).map_err(serde_json::Error::io)?;
    text(out, ",\"line\":", line, NAME_BYTES_MAX)?;
    text(out, ",\"decision\":", &event.decision, NAME_BYTES_MAX)?;
    word(out, ",\"kind\":\"", kind(event.kind));
    text(out, ",\"method\":", &event.method, NAME_BYTES_MAX)?;
    text(out, ",\"route\":", &event.route, FACT_BYTES_MAX)?;
    text(out, ",\"operation\":", &event.operation, NAME_BYTES_MAX)?;
    write!(out, ",\"status\":{}", event.status).map_err(serde_json::Error::io)?;
    word(out, ",\"outcome\":\"", outcome(event.outcome));
    for (member, value, bytes_max) in [
        (",\"denial\":", &event.denial, NAME_BYTES_MAX),
        (",\"subject\":", &event.subject, NAME_BYTES_MAX),
        (",\"client_id\":", &event.client_id, NAME_BYTES_MAX),
        (",\"tenant\":", &event.tenant, NAME_BYTES_MAX),
        (",\"session\":", &event.session, NAME_BYTES_MAX),
        (",\"peer\":", &event.peer, FACT_BYTES_MAX),
    ] {
        if let Some(value) = value {
            text(out, member, value, bytes_max)?;
        }
    }
    out.extend_from_slice(b",\"controls\":[");
    let mut room = FINDINGS_MAX;
    for (nth, control) in event.controls.iter().take(CONTROLS_MAX).enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        write_control(out, control, &mut room)?;
    }
    out.extend_from_slice(b"]}");
    Ok(())
}

fn write_control(out: &mut Vec<u8>, control: &Control, room: &mut usize) -> serde_json::Result<()> {
    text(out, "{\"name\":", &control.name, NAME_BYTES_MAX)?;
    word(out, ",\"verdict\":\"", verdict(control.verdict));
    text(out, ",\"fact\":", &control.fact, FACT_BYTES_MAX)?;
    let kept = control.findings.len().min(*room);
    *room -= kept;
    for (nth, finding) in control.findings.iter().take(kept).enumerate() {
        out.extend_from_slice(if nth == 0 { b",\"findings\":[" } else { b"," });
        write_finding(out, finding)?;
    }
    if kept > 0 {
        out.push(b']');
    }
    match more(control, kept) {
        0 => out.push(b'}'),
        more => write!(out, ",\"more\":{more}}}").map_err(serde_json::Error::io)?,
    }
    Ok(())
}

fn write_finding(out: &mut Vec<u8>, finding: &Finding) -> serde_json::Result<()> {
    write!(out, "{{\"rule\":{}", finding.rule).map_err(serde_json::Error::io)?;
    text(out, ",\"variable\":", &finding.variable, NAME_BYTES_MAX)?;
    for (member, value) in [
        (",\"value\":", &finding.value),
        (",\"message\":", &finding.message),
    ] {
        if let Some(value) = value {
            text(out, member, value, NAME_BYTES_MAX)?;
        }
    }
    out.push(b'}');
    Ok(())
}

fn text(out: &mut Vec<u8>, member: &str, text: &str, bytes_max: usize) -> serde_json::Result<()> {
    out.extend_from_slice(member.as_bytes());
    // Counted to the end, not searched: the compiler then looks at sixteen bytes at a time.
    let odd = text.bytes().filter(|byte| !is_copied(*byte)).count();
    if odd == 0 && text.len() <= bytes_max {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return Ok(());
    }
    match escaped(text, bytes_max) {
        Some(stored) => serde_json::to_writer(out, &stored),
        None => serde_json::to_writer(out, text),
    }
}

/// Whether the byte is stored and written as it is.
const fn is_copied(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'\\' && byte != b'"'
}

/// One of our own words.
fn word(out: &mut Vec<u8>, member: &str, word: &str) {
    out.extend_from_slice(member.as_bytes());
    out.extend_from_slice(word.as_bytes());
    out.push(b'"');
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Request => "request",
        Kind::Login => "login",
        Kind::Refresh => "refresh",
        Kind::Logout => "logout",
        Kind::Revocation => "revocation",
        Kind::Exchange => "exchange",
        Kind::Join => "join",
        Kind::Transfer => "transfer",
        Kind::Start => "start",
        Kind::Stop => "stop",
        Kind::Rules => "rules",
        Kind::Drill => "drill",
    }
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "allowed",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
    }
}

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Refused => "refused",
        Verdict::Skipped => "skipped",
        Verdict::Failed => "failed",
    }
}

#[cfg(test)]
mod tests;
