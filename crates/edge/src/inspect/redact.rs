//! What of a finding may be written down. What is not known to be harmless is withheld.
//!
//! A name counts as a credential's in whatever way it is written: escapes are undone, as often as they are nested, and what
//! is neither letter nor digit is passed over. A text that holds many values under names that it does not show, such as a
//! body, is never written; the target is, when neither its names nor those of the route's parameters are a credential's.

use std::borrow::Cow;

#[cfg(test)]
mod tests;

/// In the name of a variable, or in front of a value in a text, these mean that the value is a credential.
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
/// Variables with one value, which is no credential unless its name, or a name in front of a part of it, says so.
const SINGLE: [&str; 4] = ["args", "args_get", "args_post", "files"];
/// Variables whose value is their own name.
const NAMES: [&str; 6] = [
    "args_names",
    "args_get_names",
    "args_post_names",
    "files_names",
    "request_cookies_names",
    "request_headers_names",
];
/// The target and its parts, which hold values under names.
const TEXTS: [&str; 6] = [
    "request_uri",
    "request_uri_raw",
    "request_line",
    "request_filename",
    "request_basename",
    "query_string",
];
/// The target again, as rules of ours keep it.
const TARGET: &str = "tx:vauban_path";
/// Variables that say nothing of anybody.
const PLAIN: [&str; 3] = ["request_method", "request_protocol", "remote_addr"];
/// Counts and flags of the engine.
const COUNTS: [&str; 8] = [
    "args_combined_size",
    "files_combined_size",
    "inbound_data_error",
    "multipart_strict_error",
    "multipart_unmatched_boundary",
    "outbound_data_error",
    "reqbody_error",
    "request_body_length",
];
/// Collections whose names rules make.
const MADE: [&str; 7] = ["tx", "ip", "global", "resource", "session", "user", "env"];
/// Stands for a name that must not be written down.
const CUT: &str = "…";
/// Escapes inside escapes that are undone; what then still changes counts as a credential.
const ROUNDS_MAX: usize = 5;

/// What holds for one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Redaction<'a> {
    words: &'a [String],
    target_is_secret: bool,
}

impl<'a> Redaction<'a> {
    /// `words`: further ones of the plan, in small letters. `place`: the route's template and the target as it was sent.
    pub(super) fn new(words: &'a [String], place: &str) -> Self {
        let mut redaction = Self {
            words,
            target_is_secret: false,
        };
        redaction.target_is_secret = redaction.names(place);
        redaction
    }

    /// Whether a value must not be written down.
    pub(super) fn hides(&self, variable: &str, value: &str) -> bool {
        let lower = variable.to_ascii_lowercase();
        let (collection, name) = lower.split_once(':').unwrap_or((&lower, ""));
        if SINGLE.contains(&collection) {
            return self.names(name) || self.precedes(value);
        }
        if NAMES.contains(&collection) {
            return self.hides_name(name) || self.hides_name(value);
        }
        if collection == "request_headers" {
            return is_link(name) || self.names(name) || self.names(value);
        }
        if TEXTS.contains(&collection) || lower == TARGET {
            return self.target_is_secret || self.names(value);
        }
        if PLAIN.contains(&collection) {
            return false;
        }
        let counts = COUNTS.contains(&collection) || collection == "tx" && is_score(name);
        !(counts && value.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// A variable as it may be written down. Even a name may hold too much: rules make names from what they match
    /// (`setvar:tx.%{MATCHED_VAR}=1`), and who sends a body as what it is not makes a name of all of it.
    pub(super) fn named<'v>(&self, variable: &'v str) -> Cow<'v, str> {
        let Some((collection, name)) = variable.split_once(':') else {
            return variable.into();
        };
        let made = MADE.iter().any(|own| collection.eq_ignore_ascii_case(own));
        let hidden = if made {
            !variable.eq_ignore_ascii_case(TARGET) && !is_score(name)
        } else {
            self.hides_name(name)
        };
        if hidden {
            format!("{collection}:{CUT}").into()
        } else {
            variable.into()
        }
    }

    /// Whether a name is more than a name.
    fn hides_name(&self, name: &str) -> bool {
        let plain = |one: char| one.is_ascii_alphanumeric() || "_-.[]".contains(one);
        !name.chars().all(plain) && self.names(name)
    }

    /// Whether a credential's name stands in a text.
    fn names(&self, text: &str) -> bool {
        let Some(text) = unescaped(text) else {
            return true;
        };
        // The file of accounts is what attacks ask for, and its name no credential.
        let text = text.to_lowercase().replace("/passwd", "/");
        let bare = bare(&text);
        self.words()
            .any(|word| text.contains(&*word) || holds(&bare, &word))
    }

    /// Whether a credential's name stands in a text with a value behind it: `password=` and `"token": `, but not a sentence about
    /// passwords.
    fn precedes(&self, text: &str) -> bool {
        let Some(text) = unescaped(text) else {
            return true;
        };
        let apart = |one: char| one.is_whitespace() || "&;,?(){}<>\"'".contains(one);
        let before = text.match_indices(['=', ':']);
        before.filter_map(|(at, _)| text.get(..at)).any(|before| {
            let before = before.trim_end_matches(apart);
            let name = before.rsplit(apart).next().unwrap_or(before);
            self.names(name)
        })
    }

    fn words(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let own = SECRET.iter().map(|word| Cow::Borrowed(*word));
        own.chain(self.words.iter().map(|word| word.to_lowercase().into()))
    }
}

/// Headers with a URL, and so with whatever arguments another page has.
fn is_link(header: &str) -> bool {
    let ends = ["referer", "url", "uri", "link", "location", "destination"];
    ends.iter().any(|end| header.ends_with(end))
}

/// `anomaly_score` and its like, which count.
fn is_score(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("score")
        && name
            .bytes()
            .all(|one| one.is_ascii_lowercase() || one == b'_')
}

fn bare(text: &str) -> String {
    text.chars().filter(|one| one.is_alphanumeric()).collect()
}

/// Whether the letters and digits of `word` stand in a text of letters and digits.
fn holds(text: &str, word: &str) -> bool {
    let word = bare(word);
    !word.is_empty() && text.contains(&word)
}

/// A text without `%61`, `%u0061`, `\u0061` and `\x61`, also inside each other; none when they go on and on.
fn unescaped(text: &str) -> Option<Cow<'_, str>> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..ROUNDS_MAX {
        match once(&text) {
            None => return Some(text),
            Some(next) => text = Cow::Owned(next),
        }
    }
    once(&text).is_none().then_some(text)
}

/// One round; none when there is nothing to undo.
fn once(text: &str) -> Option<String> {
    if !text.contains(['%', '\\']) {
        return None;
    }
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let mut changed = false;
    while let [first, after @ ..] = rest {
        let Some((code, behind)) = escape(rest) else {
            out.push(*first);
            rest = after;
            continue;
        };
        changed = true;
        rest = behind;
        match code {
            Code::Byte(byte) => out.push(byte),
            Code::Character(one) => out.extend_from_slice(one.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    changed.then(|| String::from_utf8_lossy(&out).into_owned())
}

enum Code {
    Byte(u8),
    Character(char),
}

/// What the escape stands for with which `text` begins, and what follows it.
fn escape(text: &[u8]) -> Option<(Code, &[u8])> {
    let (wide, (digits, behind)) = match text {
        [b'%' | b'\\', b'u' | b'U', rest @ ..] => (true, rest.split_at_checked(4)?),
        [b'\\', b'x' | b'X', rest @ ..] | [b'%', rest @ ..] => (false, rest.split_at_checked(2)?),
        _ => return None,
    };
    let hex = digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| hex)?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    let code = match u8::try_from(code) {
        Ok(byte) if !wide => Code::Byte(byte),
        _ => Code::Character(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
    };
    Some((code, behind))
}
