//! The encoders of `gotestwaf`.

use crate::regression::query_escape;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes a payload; `None` when there is no encoder of that name.
pub(super) fn encode(encoder: &str, payload: &str) -> Option<String> {
    Some(match encoder {
        "Plain" => payload.to_owned(),
        "URL" => url(payload),
        "Base64" => base64(payload.as_bytes(), true),
        "Base64Flat" => base64(payload.as_bytes(), false),
        "JSUnicode" => js_unicode(payload),
        "XMLEntity" => xml_entity(payload),
        _ => return None,
    })
}

/// As in the query of a URL: a space is `+`.
pub(super) fn url(payload: &str) -> String {
    let mut escaped = Vec::with_capacity(payload.len());
    query_escape(payload.as_bytes(), &mut escaped);
    escaped.into_iter().map(char::from).collect()
}

/// One byte as `%XX`.
pub(super) fn percent(byte: u8, into: &mut String) {
    into.push('%');
    for nibble in [byte >> 4, byte & 15] {
        into.extend(
            char::from_digit(u32::from(nibble), 16).map(|digit| digit.to_ascii_uppercase()),
        );
    }
}

/// Every UTF-16 unit as `\uXXXX`.
pub(super) fn js_unicode(payload: &str) -> String {
    payload
        .encode_utf16()
        .flat_map(|unit| format!("\\u{unit:04x}").into_bytes())
        .map(char::from)
        .collect()
}

/// An XML element with escaped text, as Go's encoder writes a string.
pub(super) fn xml_entity(payload: &str) -> String {
    let mut text = String::from("<string>");
    for character in payload.chars() {
        match character {
            '"' => text.push_str("&#34;"),
            '\'' => text.push_str("&#39;"),
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '\t' => text.push_str("&#x9;"),
            '\n' => text.push_str("&#xA;"),
            '\r' => text.push_str("&#xD;"),
            other => text.push(other),
        }
    }
    text.push_str("</string>");
    text
}

fn base64(bytes: &[u8], padded: bool) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4usize {
            let value = usize::try_from((bits >> (18 - 6 * position)) & 63).unwrap_or(0);
            match (position <= group.len(), BASE64.get(value)) {
                (true, Some(letter)) => text.push(char::from(*letter)),
                (true, None) | (false, _) if padded => text.push('='),
                (true, None) | (false, _) => {}
            }
        }
    }
    text
}
