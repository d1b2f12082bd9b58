//! Step 13, answer: what leaves is what the contract declares, under our headers and nobody else's.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LOCATION,
    REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use vauban_net::Body;
use vauban_policy::{Behind, Denial};

use crate::decision::Decision;
use crate::inspect::{self, Watch};
use crate::parts::{JudgeContract, Leaving};
use crate::record::Trail;
use crate::relay::Relayed;

/// Carries the decision's id to the client and to every line.
pub(crate) const DECISION: HeaderName = HeaderName::from_static("vauban-decision");
/// What an upstream may say in headers.
const PASSED_ON: [HeaderName; 5] = [CONTENT_TYPE, LOCATION, ETAG, RETRY_AFTER, CONTENT_LANGUAGE];
/// Said with every answer, refusals included.
const SECURITY: [(HeaderName, HeaderValue); 7] = [
    (
        STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=31536000; includeSubDomains"),
    ),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];
/// Longest `Retry-After` that is taken over from another line, seconds.
const RETRY_AFTER_SECONDS_MAX: u32 = 86_400;

/// An answer that keeps the operation's contract.
#[derive(Debug)]
pub(crate) struct Filtered {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Filtered {
    /// The status.
    pub(crate) fn status(&self) -> u16 {
        self.status.as_u16()
    }
}

/// Judges what came back. A refusal by another line becomes the same refusal here; what nobody declared does not leave.
pub(crate) fn filter(
    relayed: Relayed<'_>,
    judge: &dyn JudgeContract,
    watch: &mut Watch,
    trail: &mut Trail,
) -> Result<Filtered, Denial> {
    let matched = relayed
        .conforming()
        .permit()
        .charged()
        .identified()
        .matched();
    let (operation, behind) = (matched.operation(), &matched.service().behind);
    let (head, body) = relayed.into_answer().into_parts();
    let status = head.status.as_u16();
    let content_type = head
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if status >= 400
        && matches!(behind, Behind::Guard(_) | Behind::Authority)
        && let Some(denial) = denial_of(status, content_type, &head.headers, &body)
    {
        return Err(denial);
    }
    if status >= 500 {
        return Err(Denial::UpstreamUnavailable);
    }
    judge
        .answer(operation, status, content_type, &body)
        .map_err(|_violations| Denial::AnswerViolated)?;
    let mut headers = sealed();
    // How to authenticate at the authority only the authority can say, and how long its keys may be kept.
    let of_authority = matches!(behind, Behind::Authority);
    if of_authority && head.headers.contains_key(CACHE_CONTROL) {
        headers.remove(CACHE_CONTROL);
    }
    for (name, value) in &head.headers {
        // What may stand there once may not stand there twice: two readers would take two different ones.
        let passed = PASSED_ON.contains(name)
            || (of_authority && (name == WWW_AUTHENTICATE || name == CACHE_CONTROL));
        if passed && headers.insert(name, value.clone()).is_some() {
            return Err(Denial::AnswerViolated);
        }
    }
    let leaving = Leaving {
        status,
        headers: &headers,
        body: &body,
    };
    inspect::answer(&leaving, watch, trail)?;
    Ok(Filtered {
        status: head.status,
        headers,
        body,
    })
}

/// The refusal of another line, if that is what the answer is: one of our own codes, under its own status.
fn denial_of(
    status: u16,
    content_type: Option<&str>,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<Denial> {
    static BY_CODE: LazyLock<BTreeMap<&'static str, Denial>> = LazyLock::new(|| {
        Denial::all()
            .into_iter()
            .map(|denial| (denial.code(), denial))
            .collect()
    });
    if content_type? != "application/problem+json" {
        return None;
    }
    let problem: serde_json::Value = serde_json::from_slice(body).ok()?;
    let denial = BY_CODE.get(problem.get("code")?.as_str()?)?;
    let ours = problem.get("type")?.as_str()? == format!("urn:vauban:denial:{}", denial.code());
    (ours && denial.status() == status).then(|| with_retry_after(denial.clone(), headers))
}

fn with_retry_after(mut denial: Denial, headers: &HeaderMap) -> Denial {
    let told = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse::<u32>().ok());
    if let Denial::BudgetIp {
        retry_after_seconds,
    }
    | Denial::BudgetUser {
        retry_after_seconds,
    }
    | Denial::BudgetEndpoint {
        retry_after_seconds,
    }
    | Denial::LoginThrottled {
        retry_after_seconds,
    } = &mut denial
    {
        *retry_after_seconds = told.unwrap_or(1).clamp(1, RETRY_AFTER_SECONDS_MAX);
    }
    denial
}

/// The answer that leaves after everybody agreed.
pub(crate) fn accepted(filtered: Filtered, decision: &Decision) -> Response<Body> {
    let mut answer = Response::new(Body::full(filtered.body));
    *answer.status_mut() = filtered.status;
    *answer.headers_mut() = filtered.headers;
    sign(answer.headers_mut(), decision);
    answer
}

/// The answer that leaves after somebody refused: problem details (RFC 9457) with the code and the decision's id.
pub(crate) fn refusal(denial: &Denial, decision: &Decision) -> Response<Body> {
    let mut answer = Response::new(Body::full(denial.problem(decision.as_str())));
    *answer.status_mut() = StatusCode::from_u16(denial.status()).unwrap_or(StatusCode::FORBIDDEN);
    *answer.headers_mut() = sealed();
    let headers = answer.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if let Some(challenge) = denial.challenge() {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if let Some(seconds) = denial.retry_after_seconds() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(allow) = denial
        .allow()
        .and_then(|methods| HeaderValue::try_from(methods).ok())
    {
        headers.insert(ALLOW, allow);
    }
    sign(headers, decision);
    answer
}

/// The headers that every answer has, with room for those of this one.
fn sealed() -> HeaderMap {
    static SEALED: LazyLock<HeaderMap> =
        LazyLock::new(|| SECURITY.iter().cloned().collect::<HeaderMap>());
    let mut headers = SEALED.clone();
    headers.reserve(8);
    headers
}

fn sign(headers: &mut HeaderMap, decision: &Decision) {
    if let Ok(id) = HeaderValue::from_str(decision.as_str()) {
        headers.insert(DECISION, id);
    }
}
