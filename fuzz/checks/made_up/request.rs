//! Requests made of words that made-up rules look for, written in the ways that their transformations undo.

use vauban_testkit::choices::Choices;
use vauban_waf::regression::Request;

const NAMES: &[&str] = &["a", "b", "ab", "c", "evil", "json.a", "A"];
const WORDS: &[&[u8]] = &[
    b"evil",
    b"a",
    b"b",
    b"EVIL",
    b"select",
    b"from",
    b"<a ",
    b"<script>",
    b"' or 1=1--",
    b"e",
    b"il",
    b" ",
    b"/**/",
    b"\xe9",
    b"\0",
    b"1",
    b"4111111111111111",
    b"abab",
    b"a b",
    b"..",
    b"/",
    b"&lt;a",
    b"\\x65",
    b"%65",
    b"%u0065",
    b"ZXZpbA==",
    b"6576696c",
    b"+",
    b"aabbc",
    b"\n",
    b"\r\n",
    b"%",
    b"xevila",
    b"0x65",
    b"\\u0065",
    b"#",
    b"\xc3\xa9",
    b"_",
    b"-",
    b"\xff\xfe",
];
const BODIES: &[&str] = &[
    "application/x-www-form-urlencoded",
    "application/json",
    "text/xml",
    "multipart/form-data; boundary=0",
    "text/plain",
];

/// One request, with a body or without.
pub(crate) fn request(choices: &mut Choices<'_>) -> Request {
    let mut target = b"/".to_vec();
    if choices.one_in(3) {
        target.extend(value(choices));
    }
    if !choices.one_in(3) {
        target.push(b'?');
        target.extend(arguments(choices));
    }
    let mut request = Request {
        method: if choices.one_in(8) {
            value(choices)
        } else {
            b"GET".to_vec()
        },
        target,
        version: b"HTTP/1.1".to_vec(),
        headers: vec![(b"Host".to_vec(), b"a".to_vec())],
        body: Vec::new(),
    };
    for name in ["User-Agent", "Cookie", "X-A"] {
        if choices.one_in(3) {
            let mut text = value(choices);
            if name == "Cookie" {
                text = [b"a=".as_slice(), &text, b"; b=", &value(choices)].concat();
            }
            request.headers.push((name.into(), text));
        }
    }
    if choices.one_in(2) {
        body(choices, &mut request);
    }
    request
}

fn body(choices: &mut Choices<'_>, request: &mut Request) {
    let kind = choices.below(BODIES.len());
    let name = choices.pick(NAMES).copied().unwrap_or_default().as_bytes();
    let value = value(choices);
    request.method = b"POST".to_vec();
    request
        .headers
        .push((b"Content-Type".to_vec(), BODIES[kind].into()));
    request.body = match kind {
        0 => arguments(choices),
        1 => [b"{\"", name, b"\": [\"", value.as_slice(), b"\", 1]}"].concat(),
        2 => [b"<r a='", name, b"'>", value.as_slice(), b"</r>"].concat(),
        3 => [
            b"--0\r\nContent-Disposition: form-data; name=\"",
            name,
            b"\"; filename=\"a.php\"\r\n\r\n",
            value.as_slice(),
            b"\r\n--0--\r\n",
        ]
        .concat(),
        _ => value,
    };
    if choices.one_in(4) {
        // The answer is what the body says.
        request.target = b"/reflect".to_vec();
        let text = String::from_utf8_lossy(&request.body).into_owned();
        let text = serde_json::Value::String(text);
        request.body = format!("{{\"status\": 500, \"headers\": {{\"Content-Type\": \"text/html\"}}, \"body\": {text}}}").into();
    }
}

fn arguments(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut text = Vec::new();
    for number in 0..=choices.below(4) {
        if number > 0 {
            text.push(b'&');
        }
        text.extend_from_slice(choices.pick(NAMES).copied().unwrap_or_default().as_bytes());
        text.push(b'=');
        text.extend(value(choices));
    }
    text
}

/// Some words, and perhaps all of it percent-encoded.
fn value(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut text = Vec::new();
    for _ in 0..=choices.below(4) {
        text.extend_from_slice(choices.pick(WORDS).copied().unwrap_or_default());
    }
    if !choices.one_in(4) {
        return text;
    }
    text.iter()
        .flat_map(|byte| format!("%{byte:02x}").into_bytes())
        .collect()
}
