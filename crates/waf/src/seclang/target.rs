//! What a rule looks at: `ARGS|!ARGS:/re/|&TX:name|XML:/*`.

use super::check_pattern;
use super::fault::{Fault, quote, text};
use super::lines::closing;
use super::names::variable;
use super::syntax::{Selector, Target, TargetKind, Variable};

/// Targets separated by `|` or `,`. Every fault is reported.
pub(super) fn targets(list: &[u8], faults: &mut Vec<Fault>) -> Vec<Target> {
    let mut found = Vec::new();
    let mut rest = list;
    loop {
        let (read, after) = target(rest);
        match read {
            Ok(target) => found.push(target),
            Err(fault) => faults.push(fault),
        }
        match after {
            Some(after) => rest = after,
            None => return found,
        }
    }
}

/// Exactly one target without `!` or `&`, as `ctl` takes it.
pub(super) fn one_target(list: &[u8]) -> Result<Target, Fault> {
    let (read, after) = target(list);
    let target = read?;
    if after.is_some() {
        return Err(
            Fault::new(format!("{} is more than one target", quote(list)))
                .hint("write one `ctl` for each"),
        );
    }
    if target.kind != TargetKind::Included {
        return Err(Fault::new(format!(
            "{} stands behind `ctl` without `!` and `&`",
            quote(list)
        )));
    }
    Ok(target)
}

/// The first target, and what stands behind its separator.
fn target(list: &[u8]) -> (Result<Target, Fault>, Option<&[u8]>) {
    let (kind, body) = match list.trim_ascii_start().split_first() {
        Some((b'!', body)) => (TargetKind::Excluded, body),
        Some((b'&', body)) => (TargetKind::Counted, body),
        _ => (TargetKind::Included, list.trim_ascii_start()),
    };
    let end = body
        .iter()
        .position(|one| !(one.is_ascii_alphanumeric() || *one == b'_'))
        .unwrap_or(body.len());
    let (name, rest) = body.split_at_checked(end).unwrap_or((body, b""));
    let selected = rest.strip_prefix(b":").or_else(|| rest.strip_prefix(b"."));
    let is_xml = name.eq_ignore_ascii_case(b"XML");
    let length = selected.map_or(Some(0), |selected| selector_length(selected, is_xml));
    let raw = selected.and_then(|selected| selected.get(..length.unwrap_or(selected.len())));
    let tail = selected
        .unwrap_or(rest)
        .get(length.unwrap_or(usize::MAX)..)
        .unwrap_or_default();
    let stray = tail
        .iter()
        .position(|one| matches!(one, b'|' | b','))
        .unwrap_or(tail.len());
    let after = tail.get(stray + 1..);
    let read = build(kind, name, raw).and_then(|target| {
        if length.is_none() {
            return Err(Fault::new(format!(
                "the selector {} is not closed",
                quote(raw.unwrap_or_default())
            )));
        }
        match tail.get(..stray).unwrap_or_default().trim_ascii() {
            b"" => Ok(target),
            text => Err(Fault::new(format!(
                "{} behind {} is not understood",
                quote(text),
                quote(name)
            ))),
        }
    });
    (read, after)
}

/// Length of the selector at the beginning of `text`, or none when it is not closed.
fn selector_length(text: &[u8], is_xml: bool) -> Option<usize> {
    let ends = |at: usize| matches!(text.get(at), None | Some(b'|' | b','));
    match text.first() {
        Some(b'\'') => closing(text.get(1..)?, b'\'').map(|inside| inside + 2),
        Some(b'/') if !is_xml => {
            let mut escaped = false;
            text.iter().enumerate().skip(1).find_map(|(at, one)| {
                let found = *one == b'/' && !escaped && ends(at + 1);
                escaped = *one == b'\\' && !escaped;
                found.then_some(at + 1)
            })
        }
        _ => Some(
            text.iter()
                .position(|one| matches!(one, b'|' | b','))
                .unwrap_or(text.len()),
        ),
    }
}

fn build(kind: TargetKind, name: &[u8], raw: Option<&[u8]>) -> Result<Target, Fault> {
    if name.is_empty() {
        return Err(Fault::new("the name of a variable is missing")
            .hint("`|` stands between two variables"));
    }
    let (variable, parts) = variable(name)?;
    let selector = match raw {
        None if variable == Variable::Xml => {
            return Err(
                Fault::new("`XML` stands without an XPath").hint("write `XML:/*` or `XML://@*`")
            );
        }
        None => None,
        Some(_) if !parts => {
            return Err(Fault::new(format!(
                "{} has no parts to select",
                quote(name)
            )));
        }
        Some(raw) => Some(selector(variable, raw)?),
    };
    Ok(Target {
        kind,
        variable,
        selector,
    })
}

fn selector(variable: Variable, raw: &[u8]) -> Result<Selector, Fault> {
    let bare = raw.trim_ascii_end();
    let bare = bare
        .strip_prefix(b"'")
        .and_then(|inside| inside.strip_suffix(b"'"))
        .unwrap_or(bare);
    if variable == Variable::Xml {
        return match bare {
            b"/*" => Ok(Selector::XmlText),
            b"//@*" => Ok(Selector::XmlAttributes),
            other => Err(
                Fault::new(format!("the XPath {} is not supported", quote(other)))
                    .hint("`XML:/*` is all text, `XML://@*` all attributes"),
            ),
        };
    }
    if bare.is_empty() {
        return Err(Fault::new("a selector is empty"));
    }
    let Some(pattern) = bare
        .strip_prefix(b"/")
        .and_then(|inside| inside.strip_suffix(b"/"))
    else {
        return Ok(Selector::Name(bare.into()));
    };
    if pattern.is_empty() {
        return Err(Fault::new("the pattern `//` of a selector is empty"));
    }
    check_pattern(pattern)
        .map_err(|error| Fault::new(format!("the pattern {}: {error}", quote(bare))))?;
    text(pattern).map(Selector::Pattern)
}
