//! What the record says about findings: rules, variables and what matched, unless that may be a secret.

use vauban_waf::Finding;

#[cfg(test)]
mod tests;

/// Findings that are told whole; the others by their rule alone.
const WHOLE_MAX: usize = 2;
/// Rules that are named beyond those.
const NAMED_MAX: usize = 12;
/// Longest part of a name or message, characters.
const NAME_CHARS_MAX: usize = 48;
/// Longest part of a value, characters.
const VALUE_CHARS_MAX: usize = 64;
/// In the name of a variable, or anywhere in a text that holds many values, these mean that its value is a credential.
const SECRET: [&str; 13] = [
    "authorization",
    "cookie",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "token",
    "secret",
    "api-key",
    "api_key",
    "apikey",
    "credential",
    "session",
];
/// Variables with one value, which is no credential unless its name says so.
const SINGLE: [&str; 14] = [
    "args",
    "args_get",
    "args_post",
    "args_names",
    "args_get_names",
    "args_post_names",
    "request_headers",
    "request_headers_names",
    "request_cookies_names",
    "files",
    "files_names",
    "request_method",
    "request_protocol",
    "remote_addr",
];
/// Variables with many values: any of them may be a credential.
const MANY: [&str; 9] = [
    "request_uri",
    "request_uri_raw",
    "request_line",
    "request_filename",
    "request_basename",
    "query_string",
    "request_body",
    "xml",
    "tx:vauban_path",
];

/// The fact: `lead`, then the gravest findings, then the other rules.
pub(super) fn of(lead: &str, findings: &[Finding], redact: &[String]) -> String {
    let mut order: Vec<&Finding> = findings.iter().collect();
    order.sort_by_key(|finding| finding.severity.unwrap_or(u8::MAX));
    let mut fact = lead.to_owned();
    for finding in order.iter().take(WHOLE_MAX) {
        tell(&mut fact, finding, redact);
    }
    let mut others: Vec<u64> = Vec::new();
    for finding in order.iter().skip(WHOLE_MAX) {
        if !others.contains(&finding.rule) {
            others.push(finding.rule);
        }
    }
    for (nth, rule) in others.iter().take(NAMED_MAX).enumerate() {
        let before = if nth == 0 { "; also " } else { ", " };
        fact.extend([before, &rule.to_string()]);
    }
    fact
}

fn tell(fact: &mut String, finding: &Finding, redact: &[String]) {
    let variable = String::from_utf8_lossy(&finding.variable);
    // The last link of a chain names the variable that an earlier one matched.
    let variable = variable.strip_prefix("MATCHED_VARS:").unwrap_or(&variable);
    let value = String::from_utf8_lossy(&finding.value);
    fact.extend(["; ", &finding.rule.to_string()]);
    if finding.sanitise || hidden(variable, &value, redact) {
        // The message as well: it may quote the value.
        fact.extend([" ", &cut(variable, NAME_CHARS_MAX), " (withheld)"]);
        return;
    }
    let message = String::from_utf8_lossy(&finding.message);
    fact.extend([
        " ",
        &cut(variable, NAME_CHARS_MAX),
        " `",
        &cut(&value, VALUE_CHARS_MAX),
        "` (",
        &cut(&message, NAME_CHARS_MAX),
        ")",
    ]);
}

/// Whether a value must not be written down. What is not known to be harmless is.
fn hidden(variable: &str, value: &str, redact: &[String]) -> bool {
    let variable = variable.to_ascii_lowercase();
    let secret = |text: &str| {
        SECRET.iter().any(|word| text.contains(word))
            || redact.iter().any(|word| text.contains(word.as_str()))
    };
    let (collection, name) = variable.split_once(':').unwrap_or((&variable, ""));
    if SINGLE.contains(&collection) {
        // The name of an argument is its value in `ARGS_NAMES`, and no credential.
        return !collection.ends_with("_names") && secret(name);
    }
    if MANY.contains(&collection) || MANY.contains(&variable.as_str()) {
        // The file of accounts is what attacks ask for, and its name no credential.
        return secret(&value.to_ascii_lowercase().replace("/passwd", "/"));
    }
    // Scores and counts.
    !value.bytes().all(|byte| byte.is_ascii_digit())
}

/// The beginning, with control characters and backticks escaped.
fn cut(text: &str, chars_max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(chars_max));
    for (nth, one) in text.chars().enumerate() {
        if nth == chars_max {
            out.push('…');
            break;
        }
        match one {
            '`' => out.push('\''),
            one if one.is_control() => out.extend(one.escape_default()),
            one => out.push(one),
        }
    }
    out
}
