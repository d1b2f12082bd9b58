//! Names and paths as `SecLang`, whatever bytes they consist of.

use std::fmt::Write as _;

use super::{Placement, Proposal};

/// How a name is selected: itself when it is plain, otherwise a pattern that it alone matches. Elements of JSON arrays are
/// selected whatever their number.
pub(super) fn selector(name: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.[]$@".contains(byte);
    let json = name.starts_with("json.");
    if name.as_bytes().iter().all(plain) && !(json && name.split('.').any(is_element)) {
        return name.to_owned();
    }
    let mut pattern = String::from("/^");
    for (index, step) in name.split('.').enumerate() {
        if index > 0 {
            pattern.push_str("\\.");
        }
        if json && is_element(step) {
            pattern.push_str("array_[0-9]+");
        } else {
            escape(step, &mut pattern);
        }
    }
    pattern.push_str("$/");
    pattern
}

/// `array_3`
fn is_element(step: &str) -> bool {
    step.strip_prefix("array_").is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The operator that compares `REQUEST_FILENAME` with a path or with the template of a route (`/accounts/{id}`).
pub(super) fn condition(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-.~".contains(&byte);
    if path.bytes().all(plain) {
        return format!("@streq {path}");
    }
    let mut pattern = String::from("@rx ^");
    for (index, step) in path.split('/').enumerate() {
        if index > 0 {
            pattern.push('/');
        }
        if is_parameter(step) {
            pattern.push_str("[^/]+");
        } else {
            escape(step, &mut pattern);
        }
    }
    pattern.push('$');
    pattern
}

/// `{id}`
pub(super) fn is_parameter(step: &str) -> bool {
    step.len() > 2 && step.starts_with('{') && step.ends_with('}')
}

/// Text as a pattern of it alone. What is neither a letter nor a digit becomes an escape, so that no byte ends the pattern, the
/// word or the line, or begins a macro.
fn escape(text: &str, pattern: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            pattern.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            write!(pattern, "\\x{byte:02x}").unwrap_or_default();
        }
    }
}

/// The file of all proposals of a placement; empty when there is none.
pub fn written(proposals: &[Proposal], placement: Placement) -> String {
    let mut own = proposals
        .iter()
        .filter(|proposal| proposal.placement == placement)
        .peekable();
    if own.peek().is_none() {
        return String::new();
    }
    let order = match placement {
        Placement::Before => "before",
        Placement::After => "after",
    };
    let mut text = format!(
        "# Exclusions proposed by `vauban waf tune`. Load this file {order} the rules that it names.\n"
    );
    for proposal in own {
        let times = match proposal.count {
            1 => "once".to_owned(),
            count => format!("{count} times"),
        };
        let what = proposal.target.as_deref().unwrap_or("the request");
        let heading = format!(
            "\n# Rule {} refused {what}, observed {times}.\n",
            proposal.rule
        );
        text.push_str(&heading);
        text.push_str(&proposal.text);
    }
    text
}
