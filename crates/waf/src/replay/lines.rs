//! One value per line, sent as an argument of the query or in a JSON body.

use std::borrow::Cow;

use crate::regression::{RegressionMistake, Request, query_escape};

use super::{Replay, Replayed, mistake};

/// Most bytes of a file.
const BYTES_MAX: usize = 64 << 20;

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// `GET /search?q=…`
    Query,
    /// `POST /items` with `{"text": "…"}`
    Json,
}

/// What a line says: nothing, or a value. `Err` is what is wrong with it.
type Line<'a> = Result<Option<Cow<'a, [u8]>>, &'static str>;

pub(super) fn read(
    name: &str,
    bytes: &[u8],
    placement: Placement,
    value_of: fn(&[u8]) -> Line<'_>,
) -> Result<Replay, RegressionMistake> {
    if bytes.len() > BYTES_MAX {
        return Err(mistake(name, 1, format!("longer than {BYTES_MAX} bytes")));
    }
    let mut replay = Replay::default();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let value = value_of(line).map_err(|what| mistake(name, index + 1, what))?;
        let Some(value) = value else { continue };
        replay.requests.push(Replayed {
            id: format!("{name}:{}", index + 1),
            request: place(&value, placement),
            attack: None,
        });
    }
    Ok(replay)
}

/// A plain line.
pub(super) fn plain(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    (!line.is_empty() && !line.starts_with(b"#")).then_some(Cow::Borrowed(line))
}

/// A URL-encoded line. A `%` without two digits stands for itself.
pub(super) fn encoded(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    plain(line)?;
    Some(decoded(line))
}

/// URL-encoded text, decoded.
pub(crate) fn decoded(text: &[u8]) -> Cow<'_, [u8]> {
    let mut value = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let escaped = after
            .split_at_checked(2)
            .filter(|_| *byte == b'%')
            .and_then(|(digits, after)| Some((hexadecimal(digits)?, after)));
        match (escaped, byte) {
            (Some((decoded, after)), _) => {
                value.push(decoded);
                rest = after;
            }
            (None, b'+') => value.push(b' '),
            (None, other) => value.push(*other),
        }
    }
    Cow::Owned(value)
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    match digits {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    }
}

/// A JSON object with `text`.
pub(super) fn json(line: &[u8]) -> Line<'_> {
    if line.is_empty() {
        return Ok(None);
    }
    let object: serde_json::Value = serde_json::from_slice(line).map_err(|_error| "not JSON")?;
    let text = object.get("text").and_then(serde_json::Value::as_str);
    let text = text.ok_or("an object without `text`")?;
    Ok(Some(Cow::Owned(text.as_bytes().to_vec())))
}

fn place(value: &[u8], placement: Placement) -> Request {
    let mut request = Request {
        version: b"HTTP/1.1".to_vec(),
        headers: [
            ("Host", "api.example.com"),
            (
                "User-Agent",
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            ),
            ("Accept", "application/json"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec(),
        ..Request::default()
    };
    match placement {
        Placement::Query => {
            request.method = b"GET".to_vec();
            request.target = b"/search?q=".to_vec();
            query_escape(value, &mut request.target);
        }
        Placement::Json => {
            let text = serde_json::Value::from(String::from_utf8_lossy(value).into_owned());
            request.method = b"POST".to_vec();
            request.target = b"/items".to_vec();
            request.body = format!("{{\"text\":{text}}}").into_bytes();
            let length = request.body.len().to_string();
            request.headers.extend([
                (b"Content-Type".to_vec(), b"application/json".to_vec()),
                (b"Content-Length".to_vec(), length.into_bytes()),
            ]);
        }
    }
    request
}
