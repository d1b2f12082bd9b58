//! The server behind the rules: what the tests of the response phases make it answer.

use serde_json::Value;

use super::client::unbase64;
use super::message::{Request, Response};
use super::yaml::Node;

/// `POST /reflect` with JSON `{status, headers, body | encodedBody}` is answered with just that; everything else with 200 and
/// nothing. JSON that cannot be read is answered with 400, as the tests' own server does.
pub fn reflected(request: &Request) -> Response {
    let path = request.target.split(|byte| *byte == b'?').next();
    if request.method != b"POST" || path != Some(b"/reflect".as_slice()) {
        return empty(200);
    }
    let Ok(asked) = serde_json::from_slice::<Value>(&request.body) else {
        return empty(400);
    };
    response(&asked).unwrap_or_else(|| empty(400))
}

/// The `response` of an `input`, which newer tests say outright.
pub(super) fn told(node: &Node) -> Result<Response, &'static str> {
    let status = match node.text("status") {
        None => 200,
        Some(text) => text.parse().map_err(|_error| "`status` is not a number")?,
    };
    let mut headers = Vec::new();
    for (name, value) in node.get("headers").map_or(&[][..], Node::entries) {
        let value = value.scalar().ok_or("a header's value is not text")?;
        headers.push((name.clone().into_bytes(), value.into()));
    }
    let body = match (node.text("body"), node.text("encoded_body")) {
        (None, Some(encoded)) => unbase64(encoded).ok_or("`encoded_body` is not base64")?,
        (body, _) => body.unwrap_or_default().into(),
    };
    Ok(Response {
        status,
        headers,
        body,
    })
}

fn empty(status: u16) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: Vec::new(),
    }
}

fn response(asked: &Value) -> Option<Response> {
    let status = match asked.get("status") {
        None => 200,
        Some(status) => u16::try_from(status.as_u64()?).ok()?,
    };
    let headers = asked.get("headers").and_then(Value::as_object);
    let headers = headers
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone().into_bytes(), value.as_str()?.into())))
        .collect();
    let body = match (asked.get("body"), asked.get("encodedBody")) {
        (Some(body), _) => body.as_str()?.as_bytes().to_vec(),
        (None, Some(encoded)) => unbase64(encoded.as_str()?)?,
        (None, None) => Vec::new(),
    };
    Some(Response {
        status,
        headers,
        body,
    })
}
