//! Eighth step: the request goes to the service, over its Unix socket, with the headers that this file lists and no others.

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use vauban_net::UpstreamError;
use vauban_policy::{Denial, Place};

use crate::context::Sealed;
use crate::line::GuardLine;
use crate::read::DECISION;
use crate::record::Trail;

/// Headers that no document can declare: hop by hop, framing, credentials.
const NEVER: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Evidence: the service has answered.
#[derive(Debug)]
pub(crate) struct Relayed {
    response: Response<Bytes>,
}

impl Relayed {
    /// What it answered.
    pub(crate) fn into_response(self) -> Response<Bytes> {
        self.response
    }
}

/// Passes the request on.
pub(crate) async fn send(
    line: &GuardLine,
    sealed: Sealed<'_>,
    trail: &Trail,
) -> Result<Relayed, Denial> {
    let asked = sealed.asked();
    let mut request = Request::new(asked.body().clone());
    *request.method_mut() = asked.method().clone();
    *request.uri_mut() = asked
        .target()
        .to_canonical()
        .parse()
        .or(Err(Denial::RouteUnknown))?;
    *request.headers_mut() = headers(&sealed, trail).ok_or(Denial::DecisionError)?;
    match line.upstream.send(request).await {
        Ok(response) => Ok(Relayed { response }),
        Err(error) => {
            tracing::warn!(
                decision = trail.decision,
                "the service behind this guard: {error}"
            );
            Err(match error {
                UpstreamError::Connect(_)
                | UpstreamError::Broken(_)
                | UpstreamError::WrongPeer(_) => Denial::UpstreamUnavailable,
                UpstreamError::Timeout => Denial::UpstreamTimeout,
                UpstreamError::TooLarge => Denial::AnswerViolated,
            })
        }
    }
}

/// What the service sees; `None` when a verified name is no header value.
fn headers(sealed: &Sealed<'_>, trail: &Trail) -> Option<HeaderMap> {
    let asked = sealed.asked();
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_static("service"));
    for name in [CONTENT_TYPE, ACCEPT, ACCEPT_LANGUAGE] {
        copy(asked.headers(), &name, &mut headers);
    }
    for parameter in asked
        .operation()
        .parameters
        .iter()
        .filter(|parameter| parameter.place == Place::Header)
    {
        let name = HeaderName::from_bytes(parameter.name.as_bytes()).ok()?;
        let is_ours =
            name.as_str().starts_with("vauban-") || name.as_str().starts_with("x-forwarded-");
        if !is_ours && !NEVER.contains(&name.as_str()) {
            copy(asked.headers(), &name, &mut headers);
        }
    }
    let principal = sealed.principal();
    let mut set = |name: &'static str, value: &str| {
        headers.insert(name, HeaderValue::from_str(value).ok()?);
        Some(())
    };
    set("vauban-subject", &principal.subject)?;
    set("vauban-tenant", &principal.tenant)?;
    set("vauban-roles", &principal.roles.join(","))?;
    set(DECISION, &trail.decision)?;
    set("vauban-operation", &asked.operation().id)?;
    if let Some(context) = sealed.context() {
        let mut value = HeaderValue::from_str(context).ok()?;
        value.set_sensitive(true);
        headers.insert("vauban-db-context", value);
    }
    Some(headers)
}

fn copy(from: &HeaderMap, name: &HeaderName, to: &mut HeaderMap) {
    for value in from.get_all(name) {
        to.append(name, value.clone());
    }
}
