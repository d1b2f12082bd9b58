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
/// an event of a line's audit log, alone or as the record of a segment. An event without findings has no observation.
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
    let facts = controls
        .iter()
        .filter(|control| control.get("name").and_then(Value::as_str) == Some(CONTROL))
        .filter_map(|control| control.get("fact").and_then(Value::as_str));
    Ok(facts.flat_map(|fact| findings(fact, route)).collect())
}

/// The findings of a fact: `LEAD; 942100 ARGS:q `VALUE` (MESSAGE); 941100 ARGS:r (withheld); also 920350, 920230`. A fact is cut at
/// its end; what is not whole there is left out.
fn findings(fact: &str, route: &str) -> Vec<Observation> {
    let mut all = Vec::new();
    let Some((_, mut rest)) = fact.split_once("; ") else {
        return all;
    };
    loop {
        let found = if let Some(others) = rest.strip_prefix("also ") {
            all.extend(
                others
                    .split(", ")
                    .filter_map(|rule| of_fact(rule, CUT, route)),
            );
            None
        } else {
            finding(rest)
        };
        let Some((rule, variable, after)) = found else {
            return all;
        };
        all.extend(of_fact(rule, variable, route));
        match after.strip_prefix("; ") {
            Some(after) => rest = after,
            None => return all,
        }
    }
}

/// Rule, variable and what follows the finding. Neither a variable nor a value holds a backtick there.
fn finding(text: &str) -> Option<(&str, &str, &str)> {
    let (rule, text) = text.split_once(' ')?;
    let withheld = text.split_once(" (withheld)");
    let shown = text.split_once(" `");
    match (withheld, shown) {
        (Some((variable, after)), shown)
            if shown.is_none_or(|(other, _)| variable.len() < other.len()) =>
        {
            Some((rule, variable, after))
        }
        (_, Some((variable, after))) => {
            let (_, after) = after.split_once("` (")?;
            let after = after
                .find("); ")
                .map_or("", |end| after.get(end + 1..).unwrap_or(""));
            Some((rule, variable, after))
        }
        (Some(_) | None, None) => None,
    }
}

fn of_fact(rule: &str, variable: &str, route: &str) -> Option<Observation> {
    Some(Observation {
        rule: rule.parse().ok()?,
        variable: variable.to_owned(),
        path: route.to_owned(),
        count: 1,
    })
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
        let names = traced.values.iter().map(|value| value.variable.as_slice());
        // In a chain the last rules often look at what the first has found.
        let names = names.filter(|name| !name.starts_with(b"MATCHED_VAR"));
        let mut names: Vec<&[u8]> = names.collect();
        let scores = |name: &[u8]| name.starts_with(b"TX:");
        if !names.iter().all(|name| scores(name)) {
            names.retain(|name| !scores(name));
        }
        if names.is_empty() {
            names.push(b"");
        }
        names.sort_unstable();
        names.dedup();
        all.extend(names.into_iter().map(|name| Observation {
            rule: traced.rule,
            variable: String::from_utf8_lossy(name).into_owned(),
            path: path.clone().into_owned(),
            count: 1,
        }));
    }
    all
}
