//! Observations, from lines of JSON and from transactions.

use serde_json::Value;

use crate::Report;

/// Longest name or path that is taken from a line, bytes.
const TEXT_BYTES_MAX: usize = 4096;

/// The control under which a line of defence records what the rules found.
const CONTROL: &str = "edge.inspect";
/// How a record ends a name that was too long for it.
pub(super) const CUT: &str = "…";

/// A rule refused something harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Its id.
    pub rule: u64,
    /// What it matched, as in `MATCHED_VAR_NAME`: `ARGS:comment`. Empty when it matched nothing that has a name.
    pub variable: String,
    /// The path of the request, or the template of its route (`/accounts/{id}`).
    pub path: String,
    /// How often.
    pub count: u64,
}

/// What one line of JSON says: an observation (`{"rule": 942100, "variable": "ARGS:comment", "path": "/articles", "count": 3}`), or
/// an event of a line's audit log, alone or as the record of a segment: each finding is an observation.
///
/// # Errors
/// What the line is not.
pub fn observed(line: &[u8]) -> Result<Vec<Observation>, &'static str> {
    let value: Value = serde_json::from_slice(line).map_err(|_error| "it is not JSON")?;
    if value.get("rule").is_some() {
        return Ok(vec![observation(&value)?]);
    }
    if value.get("segment").is_some() {
        return Ok(Vec::new());
    }
    let event = value.get("event").unwrap_or(&value);
    let controls = event.get("controls").and_then(Value::as_array);
    let controls = controls.ok_or("it is neither an observation nor an event")?;
    let route = event.get("route").and_then(Value::as_str).unwrap_or("");
    let findings = controls
        .iter()
        .filter(|control| control.get("name").and_then(Value::as_str) == Some(CONTROL))
        .filter_map(|control| control.get("findings").and_then(Value::as_array))
        .flatten();
    let observed = findings.map(|finding| {
        let rule = finding.get("rule").and_then(Value::as_u64);
        let variable = finding.get("variable").and_then(Value::as_str);
        Ok(Observation {
            rule: rule.ok_or("a finding has no `rule`")?,
            variable: as_it_was(variable.unwrap_or("")),
            path: route.to_owned(),
            count: 1,
        })
    });
    observed.collect()
}

/// A text as it was before it was stored: a record writes a backslash twice, and what could lead a terminal astray as `\u{1b}`.
fn as_it_was(stored: &str) -> String {
    let mut text = String::with_capacity(stored.len());
    let mut rest = stored;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        if let Some(after) = escape.strip_prefix('\\') {
            text.push('\\');
            rest = after;
            continue;
        }
        let code = escape
            .strip_prefix("u{")
            .and_then(|code| code.split_once('}'));
        let one = code.and_then(|(digits, after)| {
            let one = u32::from_str_radix(digits, 16)
                .ok()
                .and_then(char::from_u32)?;
            Some((one, after))
        });
        if let Some((one, after)) = one {
            text.push(one);
            rest = after;
        } else {
            // Nobody stores that; it is told as it stands.
            text.push('\\');
            rest = escape;
        }
    }
    text.push_str(rest);
    text
}

fn observation(value: &Value) -> Result<Observation, &'static str> {
    let text = |key: &str| match value.get(key) {
        None => Some(""),
        Some(value) => value.as_str().filter(|text| text.len() <= TEXT_BYTES_MAX),
    };
    let rule = value.get("rule").and_then(Value::as_u64);
    let count = value.get("count").map_or(Some(1), Value::as_u64);
    Ok(Observation {
        rule: rule.ok_or("`rule` is not the number of a rule")?,
        variable: text("variable")
            .ok_or("`variable` is not text, or is too long")?
            .to_owned(),
        path: text("path")
            .ok_or("`path` is not text, or is too long")?
            .to_owned(),
        count: count.ok_or("`count` is not a number")?,
    })
}

/// What the rules found in a transaction that was traced ([`Transaction::keep_trace`](crate::Transaction::keep_trace)): every value
/// of every rule that is not silent.
pub fn observed_in(report: &Report, target: &[u8]) -> Vec<Observation> {
    let path = crate::body::target(target);
    let path = String::from_utf8_lossy(&path.filename);
    let mut all = Vec::new();
    for traced in report.trace.iter().filter(|traced| traced.logged) {
        let parts = crate::engine::parts(&traced.values);
        let mut names: Vec<&[u8]> = parts.iter().map(|part| &part.variable[..]).collect();
        if names.is_empty() {
            names.push(b"");
        }
        all.extend(names.into_iter().map(|name| Observation {
            rule: traced.rule,
            variable: String::from_utf8_lossy(name).into_owned(),
            path: path.clone().into_owned(),
            count: 1,
        }));
    }
    all
}
