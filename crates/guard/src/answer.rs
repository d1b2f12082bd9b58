//! Ninth step: what leaves. Listed headers only; a failing service is not quoted.

use bytes::Bytes;
use http::header::{CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use vauban_policy::Denial;

use crate::relay::Relayed;

/// Evidence: an answer that may leave.
#[derive(Debug)]
pub(crate) struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answered {
    /// The status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Takes headers and body.
    pub(crate) fn into_parts(self) -> (HeaderMap, Bytes) {
        (self.headers, self.body)
    }
}

/// Judges the service's answer.
pub(crate) fn filter(relayed: Relayed) -> Result<Answered, Denial> {
    let (head, body) = relayed.into_response().into_parts();
    if head.status.is_server_error() {
        return Err(Denial::UpstreamUnavailable);
    }
    if head.status.is_informational() {
        return Err(Denial::AnswerViolated);
    }
    let mut headers = HeaderMap::new();
    for name in [CONTENT_TYPE, LOCATION, ETAG, RETRY_AFTER, CONTENT_LANGUAGE] {
        if let Some(value) = head.headers.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    Ok(Answered {
        status: head.status,
        headers,
        body,
    })
}
