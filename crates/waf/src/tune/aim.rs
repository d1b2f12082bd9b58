//! Payloads, put where an exclusion looks away.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Proposal;
use super::write::is_parameter;
use crate::regression::{Request, query_escape};
use crate::replay::decoded;

/// The payloads of a request, each in a request of its own at the place that the proposal excludes. Empty when the place is not one
/// that a payload can be put into, or when the request has no argument, neither in its query nor in a JSON object.
pub fn aimed(request: &Request, proposal: &Proposal) -> Vec<Request> {
    let path = path(proposal.path.as_deref().unwrap_or("/"));
    payloads(request)
        .into_iter()
        .filter_map(|payload| place(&payload, &proposal.variable, &path))
        .collect()
}

/// A path of the route.
fn path(template: &str) -> String {
    let steps: Vec<&str> = template
        .split('/')
        .map(|step| if is_parameter(step) { "1" } else { step })
        .collect();
    steps.join("/")
}

/// Values of the query's arguments, and strings of a JSON object.
fn payloads(request: &Request) -> Vec<Vec<u8>> {
    let query = request.target.splitn(2, |byte| *byte == b'?').nth(1);
    let pairs = query.unwrap_or_default().split(|byte| *byte == b'&');
    let values = pairs.filter_map(|pair| pair.splitn(2, |byte| *byte == b'=').nth(1));
    let mut all: Vec<Vec<u8>> = values
        .map(|value| decoded(value).into_owned())
        .filter(|value| !value.is_empty())
        .collect();
    if let Ok(Value::Object(object)) = serde_json::from_slice(&request.body) {
        let texts = object.values().filter_map(Value::as_str);
        all.extend(texts.map(|text| text.as_bytes().to_vec()));
    }
    all
}

fn place(payload: &[u8], variable: &str, path: &str) -> Option<Request> {
    let (collection, name) = variable.split_once(':')?;
    let mut request = Request {
        method: b"GET".to_vec(),
        target: escaped_path(path),
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
        body: Vec::new(),
    };
    let mut pair = Vec::new();
    query_escape(name.as_bytes(), &mut pair);
    pair.push(b'=');
    query_escape(payload, &mut pair);
    match (collection, name.strip_prefix("json.")) {
        ("ARGS", Some(keys)) => {
            body(
                &mut request,
                "application/json",
                nested(keys, payload).to_string(),
            );
        }
        ("ARGS" | "ARGS_GET", _) => {
            request.target.push(b'?');
            request.target.extend(pair);
        }
        ("ARGS_POST", _) => {
            let pair = String::from_utf8_lossy(&pair).into_owned();
            body(&mut request, "application/x-www-form-urlencoded", pair);
        }
        ("REQUEST_HEADERS", _) => {
            request
                .headers
                .retain(|(own, _)| !own.eq_ignore_ascii_case(name.as_bytes()));
            request.headers.push((name.into(), payload.to_vec()));
        }
        ("REQUEST_COOKIES", _) => {
            let cookie = [name.as_bytes(), b"=", payload].concat();
            request.headers.push((b"Cookie".to_vec(), cookie));
        }
        _ => return None,
    }
    Some(request)
}

fn escaped_path(path: &str) -> Vec<u8> {
    let mut target = Vec::new();
    for (index, step) in path.split('/').enumerate() {
        if index > 0 {
            target.push(b'/');
        }
        query_escape(step.as_bytes(), &mut target);
    }
    target
}

fn body(request: &mut Request, kind: &str, text: String) {
    request.method = b"POST".to_vec();
    request.headers.extend([
        (b"Content-Type".to_vec(), kind.into()),
        (b"Content-Length".to_vec(), text.len().to_string().into()),
    ]);
    request.body = text.into_bytes();
}

/// The payload under `a.array_0.b`: `{"a": [{"b": …}]}`.
fn nested(keys: &str, payload: &[u8]) -> Value {
    let text: Cow<'_, str> = String::from_utf8_lossy(payload);
    let mut value = Value::from(text.into_owned());
    for key in keys.rsplit('.') {
        value = if key.starts_with("array_") {
            Value::Array(vec![value])
        } else {
            Value::Object(Map::from_iter([(key.to_owned(), value)]))
        };
    }
    value
}
