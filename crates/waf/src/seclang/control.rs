//! `ctl:option=value`: what a rule changes for the rest of its transaction.

use super::check_pattern;
use super::fault::{Fault, did_you_mean, number, quote, text};
use super::operand::id_ranges;
use super::syntax::{AuditMode, Ctl, EngineMode, Processor, Target};
use super::target::one_target;

/// Reads the text behind `=`.
type Reading = fn(&[u8]) -> Result<Ctl, Fault>;

#[rustfmt::skip]
const OPTIONS: &[(&str, Reading)] = &[
    ("auditEngine", |value| audit_mode(value).map(Ctl::AuditEngine)),
    ("auditLogParts", audit_parts),
    ("debugLogLevel", |value| debug_level(value).map(Ctl::DebugLogLevel)),
    ("forceRequestBodyVariable", |value| on_off(value).map(Ctl::ForceRequestBodyVariable)),
    ("forceResponseBodyVariable", |value| on_off(value).map(Ctl::ForceResponseBodyVariable)),
    ("hashEnforcement", |value| on_off(value).map(Ctl::HashEnforcement)),
    ("hashEngine", |value| on_off(value).map(Ctl::HashEngine)),
    ("parseXmlIntoArgs", |value| on_off(value).map(Ctl::ParseXmlIntoArgs)),
    ("requestBodyAccess", |value| on_off(value).map(Ctl::RequestBodyAccess)),
    ("requestBodyLimit", |value| number(value, "number of bytes").map(Ctl::RequestBodyLimit)),
    ("requestBodyProcessor", |value| processor(value).map(Ctl::RequestBodyProcessor)),
    ("responseBodyAccess", |value| on_off(value).map(Ctl::ResponseBodyAccess)),
    ("responseBodyLimit", |value| number(value, "number of bytes").map(Ctl::ResponseBodyLimit)),
    ("responseBodyProcessor", |value| processor(value).map(Ctl::ResponseBodyProcessor)),
    ("ruleEngine", |value| engine_mode(value).map(Ctl::RuleEngine)),
    ("ruleRemoveById", |value| id_ranges(value).map(Ctl::RuleRemoveById)),
    ("ruleRemoveByMsg", |value| filter(value).map(Ctl::RuleRemoveByMsg)),
    ("ruleRemoveByTag", |value| filter(value).map(Ctl::RuleRemoveByTag)),
    ("ruleRemoveTargetById", |value| {
        let (ids, target) = filter_and_target(value)?;
        Ok(Ctl::RuleRemoveTargetById { ids: id_ranges(ids)?, target })
    }),
    ("ruleRemoveTargetByMsg", |value| {
        let (msg, target) = filter_and_target(value)?;
        Ok(Ctl::RuleRemoveTargetByMsg { msg: filter(msg)?, target })
    }),
    ("ruleRemoveTargetByTag", |value| {
        let (tag, target) = filter_and_target(value)?;
        Ok(Ctl::RuleRemoveTargetByTag { tag: filter(tag)?, target })
    }),
];

pub(super) fn control(text: &[u8]) -> Result<Ctl, Fault> {
    let Some(equals) = text.iter().position(|one| *one == b'=') else {
        return Err(Fault::new(format!(
            "{} does not have the form `option=value`",
            quote(text)
        )));
    };
    let name = text.get(..equals).unwrap_or_default().trim_ascii();
    let value = text.get(equals + 1..).unwrap_or_default().trim_ascii();
    let Some((name, read)) = OPTIONS
        .iter()
        .find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name))
    else {
        let known = OPTIONS.iter().map(|(known, _)| *known);
        return Err(Fault::new(format!("unknown option {}", quote(name)))
            .maybe_hint(did_you_mean(name, known)));
    };
    if value.is_empty() {
        return Err(Fault::new(format!("the value of `{name}` is missing")));
    }
    read(value).map_err(|fault| Fault {
        message: format!("`{name}`: {}", fault.message),
        ..fault
    })
}

/// One of `words`, in any case.
fn one_of<T: Copy, const N: usize>(value: &[u8], words: [(&str, T); N]) -> Result<T, Fault> {
    words
        .iter()
        .find(|(word, _)| word.as_bytes().eq_ignore_ascii_case(value))
        .map(|(_, meant)| *meant)
        .ok_or_else(|| {
            let known: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            Fault::new(format!("{} is none of {}", quote(value), known.join(", ")))
        })
}

pub(super) fn on_off(value: &[u8]) -> Result<bool, Fault> {
    one_of(value, [("On", true), ("Off", false)])
}

pub(super) fn engine_mode(value: &[u8]) -> Result<EngineMode, Fault> {
    one_of(
        value,
        [
            ("On", EngineMode::On),
            ("DetectionOnly", EngineMode::DetectionOnly),
            ("Off", EngineMode::Off),
        ],
    )
}

pub(super) fn audit_mode(value: &[u8]) -> Result<AuditMode, Fault> {
    one_of(
        value,
        [
            ("On", AuditMode::On),
            ("Off", AuditMode::Off),
            ("RelevantOnly", AuditMode::RelevantOnly),
        ],
    )
}

fn processor(value: &[u8]) -> Result<Processor, Fault> {
    one_of(
        value,
        [
            ("URLENCODED", Processor::UrlEncoded),
            ("MULTIPART", Processor::Multipart),
            ("JSON", Processor::Json),
            ("XML", Processor::Xml),
        ],
    )
}

pub(super) fn debug_level(value: &[u8]) -> Result<u8, Fault> {
    let level = number(value, "level of 0 to 9")?;
    if level > 9 {
        return Err(Fault::new(format!(
            "{} is no level of 0 to 9",
            quote(value)
        )));
    }
    Ok(level)
}

fn audit_parts(value: &[u8]) -> Result<Ctl, Fault> {
    let parts = value
        .strip_prefix(b"+")
        .or_else(|| value.strip_prefix(b"-"))
        .unwrap_or(value);
    check_audit_parts(parts)?;
    text(value).map(Ctl::AuditLogParts)
}

/// Letters of `ABCDEFGHIJKZ`.
pub(super) fn check_audit_parts(parts: &[u8]) -> Result<(), Fault> {
    if parts.is_empty() || !parts.iter().all(|one| b"ABCDEFGHIJKZ".contains(one)) {
        return Err(Fault::new(format!("{} is no list of parts", quote(parts)))
            .hint("parts are the letters A to K, and Z"));
    }
    Ok(())
}

/// A pattern over tags or messages.
pub(super) fn filter(value: &[u8]) -> Result<Box<str>, Fault> {
    if value.is_empty() {
        return Err(Fault::new("what to look for is missing"));
    }
    check_pattern(value)
        .map_err(|error| Fault::new(format!("the pattern {}: {error}", quote(value))))?;
    text(value)
}

fn filter_and_target(value: &[u8]) -> Result<(&[u8], Target), Fault> {
    let Some(at) = value.iter().position(|one| *one == b';') else {
        return Err(Fault::new(format!("{} names no target", quote(value)))
            .hint("for example `942100;ARGS:comment`"));
    };
    let target = one_target(value.get(at + 1..).unwrap_or_default().trim_ascii())?;
    Ok((value.get(..at).unwrap_or_default().trim_ascii(), target))
}
