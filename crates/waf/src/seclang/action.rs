//! The third word of a rule: `"id:1,phase:2,t:none,setvar:'tx.score=+%{tx.step}'"`.

use super::control::control;
use super::fault::{Fault, did_you_mean, number, quote, text};
use super::lines::closing;
use super::names::writable;
use super::syntax::{Action, AllowScope, Change, Phase, Sanitise, SetVar, Template};
use super::template::template;
use crate::transform::Transformation;

/// One `name:value` of the list.
#[derive(Clone, Copy, Debug)]
struct Item<'a> {
    at: usize,
    name: &'a [u8],
    value: Option<&'a [u8]>,
}

/// Reads a list of actions that begins at `at` of its directive. Every fault is reported.
pub(super) fn actions(list: &[u8], at: usize, faults: &mut Vec<Fault>) -> Vec<Action> {
    let mut found = Vec::new();
    let mut from = 0;
    loop {
        let (read, next) = item(list, from);
        let begins = read.as_ref().map_or(from, |item| item.at);
        match read.and_then(|item| action(item)) {
            Ok(action) => found.push(action),
            Err(fault) => faults.push(fault.or_at(at + begins)),
        }
        match next {
            Some(next) => from = next,
            None => return found,
        }
    }
}

/// The item that begins at `from`, and where the next one does.
fn item(list: &[u8], from: usize) -> (Result<Item<'_>, Fault>, Option<usize>) {
    let rest = list.get(from..).unwrap_or_default();
    let at = from + (rest.len() - rest.trim_ascii_start().len());
    let rest = rest.trim_ascii_start();
    let end = rest
        .iter()
        .position(|one| matches!(one, b':' | b','))
        .unwrap_or(rest.len());
    let name = rest.get(..end).unwrap_or_default().trim_ascii_end();
    let after_comma = |length: usize| (length < rest.len()).then_some(at + length + 1);
    if rest.get(end) != Some(&b':') {
        return (
            Ok(Item {
                at,
                name,
                value: None,
            }),
            after_comma(end),
        );
    }
    let value = rest.get(end + 1..).unwrap_or_default();
    let Some(quoted) = value.strip_prefix(b"'") else {
        let length = value
            .iter()
            .position(|one| *one == b',')
            .unwrap_or(value.len());
        return (
            Ok(Item {
                at,
                name,
                value: value.get(..length),
            }),
            after_comma(end + 1 + length),
        );
    };
    let Some(length) = closing(quoted, b'\'') else {
        let fault = Fault::new(format!(
            "the value {} of {} has no closing `'`",
            quote(value),
            quote(name)
        ));
        return (Err(fault.or_at(at)), None);
    };
    let behind = quoted.get(length + 1..).unwrap_or_default();
    let gap = behind
        .iter()
        .position(|one| *one == b',')
        .unwrap_or(behind.len());
    let stray = behind.get(..gap).unwrap_or_default().trim_ascii();
    let next = after_comma(end + 3 + length + gap);
    if stray.is_empty() {
        return (
            Ok(Item {
                at,
                name,
                value: quoted.get(..length),
            }),
            next,
        );
    }
    let fault = Fault::new(format!(
        "{} stands behind the closing `'` of {}",
        quote(stray),
        quote(name)
    ));
    (
        Err(fault
            .hint("a `'` inside a quoted value is written `\\'`")
            .or_at(at)),
        next,
    )
}

/// How an action reads its value.
#[derive(Clone, Copy)]
enum Reading {
    Alone(fn() -> Action),
    Text(fn(Template) -> Action),
    Value(fn(&[u8]) -> Result<Action, Fault>),
    Either(fn(Option<&[u8]>) -> Result<Action, Fault>),
    Refused(&'static str),
}

const NO_PROGRAMS: &str = "the engine starts no programs";
const NO_REWRITING: &str = "the engine changes no responses";

#[rustfmt::skip]
const ACTIONS: &[(&str, Reading)] = &[
    ("accuracy", Reading::Value(|value| level(value).map(Action::Accuracy))),
    ("allow", Reading::Either(allow)),
    ("append", Reading::Refused(NO_REWRITING)),
    ("auditlog", Reading::Alone(|| Action::AuditLog)),
    ("block", Reading::Alone(|| Action::Block)),
    ("capture", Reading::Alone(|| Action::Capture)),
    ("chain", Reading::Alone(|| Action::Chain)),
    ("ctl", Reading::Value(|value| control(value).map(Action::Ctl))),
    ("deny", Reading::Alone(|| Action::Deny)),
    ("deprecatevar", Reading::Refused("write `expirevar`")),
    ("drop", Reading::Alone(|| Action::Drop)),
    ("exec", Reading::Refused(NO_PROGRAMS)),
    ("expirevar", Reading::Value(expirevar)),
    ("id", Reading::Value(id)),
    ("initcol", Reading::Value(initcol)),
    ("log", Reading::Alone(|| Action::Log)),
    ("logdata", Reading::Text(Action::LogData)),
    ("maturity", Reading::Value(|value| level(value).map(Action::Maturity))),
    ("msg", Reading::Text(Action::Msg)),
    ("multiMatch", Reading::Alone(|| Action::MultiMatch)),
    ("noauditlog", Reading::Alone(|| Action::NoAuditLog)),
    ("nolog", Reading::Alone(|| Action::NoLog)),
    ("pass", Reading::Alone(|| Action::Pass)),
    ("pause", Reading::Refused("a held connection helps an attacker; use a rate limit")),
    ("phase", Reading::Value(|value| phase(value).map(Action::Phase))),
    ("prepend", Reading::Refused(NO_REWRITING)),
    ("proxy", Reading::Refused("requests go where the routes say")),
    ("redirect", Reading::Text(Action::Redirect)),
    ("rev", Reading::Value(|value| text(value).map(Action::Rev))),
    ("sanitiseArg", Reading::Value(|name| Ok(Action::Sanitise(Sanitise::Argument(name.into()))))),
    ("sanitizeArg", Reading::Value(|name| Ok(Action::Sanitise(Sanitise::Argument(name.into()))))),
    ("sanitiseMatched", Reading::Alone(|| Action::Sanitise(Sanitise::Matched))),
    ("sanitizeMatched", Reading::Alone(|| Action::Sanitise(Sanitise::Matched))),
    ("sanitiseMatchedBytes", Reading::Either(sanitise_bytes)),
    ("sanitizeMatchedBytes", Reading::Either(sanitise_bytes)),
    ("sanitiseRequestHeader", Reading::Value(|name| Ok(Action::Sanitise(Sanitise::RequestHeader(name.into()))))),
    ("sanitizeRequestHeader", Reading::Value(|name| Ok(Action::Sanitise(Sanitise::RequestHeader(name.into()))))),
    ("sanitiseResponseHeader", Reading::Value(|name| Ok(Action::Sanitise(Sanitise::ResponseHeader(name.into()))))),
    ("sanitizeResponseHeader", Reading::Value(|name| Ok(Action::Sanitise(Sanitise::ResponseHeader(name.into()))))),
    ("setenv", Reading::Value(setenv)),
    ("setrsc", Reading::Refused("write `initcol:resource=…`")),
    ("setsid", Reading::Text(Action::SetSid)),
    ("setuid", Reading::Text(Action::SetUid)),
    ("setvar", Reading::Value(|value| setvar(value).map(Action::SetVar))),
    ("severity", Reading::Value(severity)),
    ("skip", Reading::Value(skip)),
    ("skipAfter", Reading::Value(|value| text(value.trim_ascii()).map(Action::SkipAfter))),
    ("status", Reading::Value(status)),
    ("t", Reading::Value(transformation)),
    ("tag", Reading::Text(Action::Tag)),
    ("ver", Reading::Value(|value| text(value).map(Action::Ver))),
    ("xmlns", Reading::Value(xmlns)),
];

fn action(item: Item<'_>) -> Result<Action, Fault> {
    if item.name.is_empty() {
        return Err(
            Fault::new("an action is missing").hint("a `,` stands only between two actions")
        );
    }
    let Some((name, reading)) = ACTIONS
        .iter()
        .find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(item.name))
    else {
        let known = ACTIONS.iter().map(|(known, _)| *known);
        return Err(Fault::new(format!("unknown action {}", quote(item.name)))
            .maybe_hint(did_you_mean(item.name, known)));
    };
    let wanted = || {
        item.value
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Fault::new("its value is missing"))
    };
    match reading {
        Reading::Refused(why) => {
            return Err(Fault::new(format!("the action `{name}` is not supported")).hint(*why));
        }
        Reading::Alone(make) => match item.value {
            None => Ok(make()),
            Some(value) => Err(Fault::new(format!(
                "it takes no value, but {} stands behind it",
                quote(value)
            ))),
        },
        Reading::Text(make) => wanted().and_then(template).map(make),
        Reading::Value(make) => wanted().and_then(make),
        Reading::Either(make) => make(item.value),
    }
    .map_err(|fault| Fault {
        message: format!("`{name}`: {}", fault.message),
        ..fault
    })
}

fn allow(value: Option<&[u8]>) -> Result<Action, Fault> {
    match value
        .map(|value| value.trim_ascii().to_ascii_lowercase())
        .as_deref()
    {
        None => Ok(Action::Allow(AllowScope::Transaction)),
        Some(b"phase") => Ok(Action::Allow(AllowScope::Phase)),
        Some(b"request") => Ok(Action::Allow(AllowScope::Request)),
        Some(other) => Err(Fault::new(format!(
            "{} is neither `phase` nor `request`",
            quote(other)
        ))),
    }
}

fn id(value: &[u8]) -> Result<Action, Fault> {
    match number(value.trim_ascii_end(), "number of a rule")? {
        0 => Err(Fault::new("`0` is no number of a rule").hint("ids begin at 1")),
        id => Ok(Action::Id(id)),
    }
}

fn phase(value: &[u8]) -> Result<Phase, Fault> {
    match value.trim_ascii_end().to_ascii_lowercase().as_slice() {
        b"1" => Ok(Phase::RequestHeaders),
        b"2" | b"request" => Ok(Phase::RequestBody),
        b"3" => Ok(Phase::ResponseHeaders),
        b"4" | b"response" => Ok(Phase::ResponseBody),
        b"5" | b"logging" => Ok(Phase::Logging),
        _ => Err(Fault::new(format!("{} is no phase", quote(value)))
            .hint("phases are 1 to 5, `request` (2), `response` (4) and `logging` (5)")),
    }
}

fn severity(value: &[u8]) -> Result<Action, Fault> {
    const NAMES: [&str; 8] = [
        "EMERGENCY",
        "ALERT",
        "CRITICAL",
        "ERROR",
        "WARNING",
        "NOTICE",
        "INFO",
        "DEBUG",
    ];
    let word = value.trim_ascii_end();
    (0..8u8)
        .zip(NAMES)
        .find(|(level, name)| name.as_bytes().eq_ignore_ascii_case(word) || word == [b'0' + level])
        .map(|(level, _)| Action::Severity(level))
        .ok_or_else(|| {
            let hint = did_you_mean(word, NAMES.into_iter());
            Fault::new(format!("{} is no severity", quote(word)))
                .hint("0 (`EMERGENCY`) to 7 (`DEBUG`)")
                .maybe_hint(hint)
        })
}

fn level(value: &[u8]) -> Result<u8, Fault> {
    let level = number(value.trim_ascii_end(), "number of 0 to 9")?;
    if level > 9 {
        return Err(Fault::new(format!(
            "{} is no number of 0 to 9",
            quote(value)
        )));
    }
    Ok(level)
}

fn status(value: &[u8]) -> Result<Action, Fault> {
    let status = number(value.trim_ascii_end(), "response status")?;
    if !(100..=599).contains(&status) {
        return Err(Fault::new(format!(
            "{} is no response status of 100 to 599",
            quote(value)
        )));
    }
    Ok(Action::Status(status))
}

fn skip(value: &[u8]) -> Result<Action, Fault> {
    match number(value.trim_ascii_end(), "number of rules")? {
        0 => Err(Fault::new("`0` skips nothing")),
        rules => Ok(Action::Skip(rules)),
    }
}

fn transformation(value: &[u8]) -> Result<Action, Fault> {
    let name = value.trim_ascii_end();
    if name.eq_ignore_ascii_case(b"none") {
        return Ok(Action::ResetTransformations);
    }
    std::str::from_utf8(name)
        .ok()
        .and_then(Transformation::parse)
        .map(Action::Transformation)
        .ok_or_else(|| {
            let known = Transformation::ALL
                .iter()
                .map(|one| one.name())
                .chain(["none"]);
            Fault::new(format!("unknown transformation {}", quote(name)))
                .maybe_hint(did_you_mean(name, known))
        })
}

/// `tx.name`, `!tx.name`, `tx.name=value`, `tx.name=+5`, `tx.%{x}_y=-%{z}`.
fn setvar(value: &[u8]) -> Result<SetVar, Fault> {
    let (unset, body) = value
        .strip_prefix(b"!")
        .map_or((false, value), |body| (true, body));
    let (key, assigned) = split_at_equals(body);
    let (collection, name) = collection_and_name(key)?;
    let change = match (unset, assigned) {
        (true, None) => Change::Unset,
        (true, Some(_)) => {
            return Err(Fault::new(format!("{} both unsets and sets", quote(value))));
        }
        (false, None) => Change::Set(template(b"1")?),
        (false, Some([b'+', more @ ..])) => Change::Add(amount(more)?),
        (false, Some([b'-', less @ ..])) => Change::Subtract(amount(less)?),
        (false, Some(text)) => Change::Set(template(text)?),
    };
    Ok(SetVar {
        collection,
        name,
        change,
    })
}

fn amount(text: &[u8]) -> Result<Template, Fault> {
    let read = template(text.trim_ascii())?;
    if read
        .constant()
        .is_some_and(|digits| digits.is_empty() || !digits.iter().all(u8::is_ascii_digit))
    {
        return Err(Fault::new(format!(
            "{} is no number to add or subtract",
            quote(text)
        )));
    }
    Ok(read)
}

fn collection_and_name(key: &[u8]) -> Result<(super::syntax::Variable, Template), Fault> {
    let at = key
        .iter()
        .position(|one| matches!(one, b'.' | b':'))
        .ok_or_else(|| {
            Fault::new(format!("{} names no variable of a collection", quote(key)))
                .hint("for example `tx.score`")
        })?;
    let collection = writable(key.get(..at).unwrap_or_default())?;
    let name = key.get(at + 1..).unwrap_or_default().trim_ascii();
    if name.is_empty() {
        return Err(Fault::new(format!(
            "{} names no variable of its collection",
            quote(key)
        )));
    }
    Ok((collection, template(name)?))
}

/// Splits at the first `=` that stands outside a macro.
fn split_at_equals(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut inside = false;
    let equals = text.iter().enumerate().position(|(at, one)| {
        match one {
            b'{' if at > 0 && text.get(at - 1) == Some(&b'%') => inside = true,
            b'}' => inside = false,
            _ => {}
        }
        *one == b'=' && !inside
    });
    match equals {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

fn pair<'a>(value: &'a [u8], example: &str) -> Result<(&'a [u8], &'a [u8]), Fault> {
    match split_at_equals(value) {
        (key, Some(right)) if !key.trim_ascii().is_empty() && !right.is_empty() => {
            Ok((key.trim_ascii(), right))
        }
        _ => Err(Fault::new(format!(
            "{} does not have the form `name=value`",
            quote(value)
        ))
        .hint(format!("for example `{example}`"))),
    }
}

fn expirevar(value: &[u8]) -> Result<Action, Fault> {
    let (key, seconds) = pair(value, "ip.blocked=60")?;
    let (variable, name) = collection_and_name(key)?;
    let seconds = amount(seconds)?;
    Ok(Action::ExpireVar {
        variable,
        name,
        seconds,
    })
}

fn initcol(value: &[u8]) -> Result<Action, Fault> {
    let (collection, key) = pair(value, "ip=%{REMOTE_ADDR}")?;
    Ok(Action::InitCol {
        collection: writable(collection)?,
        key: template(key)?,
    })
}

fn setenv(value: &[u8]) -> Result<Action, Fault> {
    let (name, value) = pair(value, "blocked=1")?;
    Ok(Action::SetEnv {
        name: text(name)?,
        value: template(value)?,
    })
}

fn xmlns(value: &[u8]) -> Result<Action, Fault> {
    let (prefix, uri) = pair(value, "soap=http://schemas.xmlsoap.org/soap/envelope/")?;
    Ok(Action::XmlNs {
        prefix: text(prefix)?,
        uri: text(uri)?,
    })
}

/// `sanitiseMatchedBytes`, or with how many bytes stay at both ends: `sanitiseMatchedBytes:1/4`.
fn sanitise_bytes(value: Option<&[u8]>) -> Result<Action, Fault> {
    let (keep_start, keep_end) = match value {
        None => (0, 0),
        Some(value) => {
            let mut ends = value.trim_ascii_end().splitn(2, |one| *one == b'/');
            let mut end = || {
                number(ends.next().unwrap_or_default(), "number of bytes")
                    .map_err(|fault| fault.hint("for example `1/4`"))
            };
            (end()?, end()?)
        }
    };
    Ok(Action::Sanitise(Sanitise::MatchedBytes {
        keep_start,
        keep_end,
    }))
}
