//! What a test client puts on the wire for the `input` of a stage.
//!
//! The rules are those of `go-ftw`, which the tests of CRS 4 are written for, and of the Python client before it, as far as the
//! tests of CRS 3 need it (`stop_magic`, `data` as a list of lines).

use super::message::Request;
use super::template;
use super::yaml::{Kind, Node};

const FORM: &str = "application/x-www-form-urlencoded";

/// The requests of an `input`: one, or one for each of its `uris`.
pub(super) fn requests(input: &Node) -> Result<Vec<Request>, &'static str> {
    let targets = input.get("uris").map_or(&[][..], Node::items);
    if targets.is_empty() {
        return Ok(vec![request(input, input.text("uri").unwrap_or("/"))?]);
    }
    targets
        .iter()
        .map(|target| request(input, target.scalar().ok_or("one of `uris` is not text")?))
        .collect()
}

fn request(input: &Node, target: &str) -> Result<Request, &'static str> {
    if let Some(encoded) = input
        .text("encoded_request")
        .filter(|text| !text.is_empty())
    {
        let wire = unbase64(encoded).ok_or("`encoded_request` is not base64")?;
        return Ok(Request::from_wire(&wire));
    }
    if let Some(raw) = input.text("raw_request").filter(|text| !text.is_empty()) {
        return Ok(Request::from_wire(raw.as_bytes()));
    }
    Ok(Request::from_wire(&wire(input, target)?))
}

fn wire(input: &Node, target: &str) -> Result<Vec<u8>, &'static str> {
    let complete = input
        .truth("autocomplete_headers")
        .unwrap_or(input.truth("stop_magic") != Some(true));
    let method = input.text("method").unwrap_or("GET");
    let mut headers = headers(input)?;
    let mut data = data(input)?;
    if complete && !data.is_empty() {
        add(&mut headers, "Content-Type", || FORM.to_owned());
        if value(&headers, "Content-Type") == Some(FORM) {
            data = form_encoded(data);
        }
    }
    if value(&headers, "Content-Type").is_some_and(|kind| kind.starts_with("multipart/form-data")) {
        data = with_crlf(&data);
    }
    if complete {
        add(&mut headers, "Connection", || "close".to_owned());
        if !data.is_empty() || matches!(method, "POST" | "PUT" | "PATCH" | "DELETE") {
            add(&mut headers, "Content-Length", || data.len().to_string());
        }
    }
    let mut wire = format!(
        "{method} {target} {}\r\n",
        input.text("version").unwrap_or("HTTP/1.1"),
    );
    for (name, value) in &headers {
        wire.extend([name.as_str(), ": ", value.as_str(), "\r\n"]);
    }
    wire.push_str("\r\n");
    let mut wire = wire.into_bytes();
    wire.extend_from_slice(&data);
    Ok(wire)
}

/// In the order of the file. CRS 4.7 added a list of them, for tests in which a name occurs twice.
fn headers(input: &Node) -> Result<Vec<(String, String)>, &'static str> {
    let mut headers = Vec::new();
    for (name, value) in input.get("headers").map_or(&[][..], Node::entries) {
        let value = value.scalar().ok_or("a header's value is not text")?;
        headers.push((name.clone(), value.to_owned()));
    }
    for item in input.get("ordered_headers").map_or(&[][..], Node::items) {
        let name = item.text("name").ok_or("a header without `name`")?;
        let value = item.text("value").unwrap_or_default();
        headers.push((name.to_owned(), value.to_owned()));
    }
    Ok(headers)
}

/// `data`, or `encoded_data`, which holds bytes that YAML cannot say.
fn data(input: &Node) -> Result<Vec<u8>, &'static str> {
    let Some(data) = input.get("data") else {
        let encoded = input.text("encoded_data").unwrap_or_default();
        return unbase64(encoded).ok_or("`encoded_data` is not base64");
    };
    match &data.kind {
        Kind::Scalar(..) => {
            template::evaluated(data.scalar().unwrap_or_default()).map(String::into_bytes)
        }
        Kind::List(lines) => {
            let lines: Option<Vec<&str>> = lines.iter().map(Node::scalar).collect();
            let lines = lines.ok_or("a line of `data` is not text")?;
            Ok(lines.join("\r\n").into_bytes())
        }
        Kind::Map(_) => Err("`data` is neither text nor a list of lines"),
    }
}

fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// Adds a header unless it is there.
fn add(headers: &mut Vec<(String, String)>, name: &str, value_of: impl FnOnce() -> String) {
    if value(headers, name).is_none() {
        headers.push((name.to_owned(), value_of()));
    }
}

/// Encodes names and values, unless decoding would change anything: then the author has encoded them already.
fn form_encoded(data: Vec<u8>) -> Vec<u8> {
    if data.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return data;
    }
    let mut encoded = Vec::with_capacity(data.len());
    for (index, pair) in data.split(|byte| *byte == b'&').enumerate() {
        if index > 0 {
            encoded.push(b'&');
        }
        for (index, part) in pair.splitn(2, |byte| *byte == b'=').enumerate() {
            if index > 0 {
                encoded.push(b'=');
            }
            query_escape(part, &mut encoded);
        }
    }
    encoded
}

/// Escapes everything but letters, digits and `-_.~`; a space becomes `+`.
pub(crate) fn query_escape(part: &[u8], into: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in part {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => into.push(*byte),
            b' ' => into.push(b'+'),
            other => {
                let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
                into.extend([b'%', digit(other >> 4), digit(other & 15)]);
            }
        }
    }
}

/// Gives every LF its CR: the parts of a form are lines that end in CRLF, and YAML blocks cannot say so.
fn with_crlf(data: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(data.len());
    let mut before = 0;
    for byte in data {
        if *byte == b'\n' && before != b'\r' {
            lines.push(b'\r');
        }
        lines.push(*byte);
        before = *byte;
    }
    lines
}

/// Standard alphabet, white space passed over, padding optional.
pub(super) fn unbase64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut bits = 0u32;
    let mut held = 0u8;
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).ok()?);
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
}
