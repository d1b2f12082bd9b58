//! Templates in the `data` of tests: `go-ftw` evaluates them as text/template with sprig, so that a body of 64,000 letters does
//! not have to be written out.
//!
//! Only repetition is evaluated, in both of its spellings: `{{ "a" | repeat 3 }}` and `{{ repeat 3 "a" }}`. Rejected: the whole
//! language. Other braces stay as they are, because payloads consist of them.

/// Longest text that a template may make, bytes: as the longest file of tests.
const EVALUATED_BYTES_MAX: usize = 16 << 20;

/// `data` with its repetitions written out.
pub(super) fn evaluated(data: &str) -> Result<String, &'static str> {
    let mut text = String::with_capacity(data.len());
    let mut rest = data;
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        let repeated = after
            .split_once("}}")
            .and_then(|(inside, after)| Some((repetition(inside.trim())?, after)));
        let Some(((times, unit), after)) = repeated else {
            text.push_str("{{");
            rest = after;
            continue;
        };
        let bytes = times.saturating_mul(unit.len()).saturating_add(text.len());
        if bytes > EVALUATED_BYTES_MAX {
            return Err("`data` repeats too much");
        }
        text.push_str(&unit.repeat(times));
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// How often, and what.
fn repetition(inside: &str) -> Option<(usize, &str)> {
    if let Some(after) = inside.strip_prefix("repeat ") {
        let (times, unit) = after.trim_start().split_once(' ')?;
        return Some((times.parse().ok()?, quoted(unit)?));
    }
    let (unit, after) = inside.rsplit_once('|')?;
    let times = after.trim_start().strip_prefix("repeat ")?;
    Some((times.trim().parse().ok()?, quoted(unit)?))
}

/// The text between quotes or backticks; none with a backslash or another quote in it.
fn quoted(text: &str) -> Option<&str> {
    let text = text.trim();
    let quote = text.chars().next().filter(|one| matches!(one, '"' | '`'))?;
    text.strip_prefix(quote)?
        .strip_suffix(quote)
        .filter(|inside| !inside.contains([quote, '\\']))
}
