//! Last step: one event per request, with every control and the fact that it decided on. Refusals and effects are durable
//! before the caller hears of them.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use vauban_audit::{Control, Event, Kind, Outcome, RecordError, Verdict, control};
use vauban_net::Body;
use vauban_policy::{Denial, Principal};

use crate::answer::Answered;
use crate::line::GuardLine;

/// The controls of this line, in their order.
const CONTROLS: [&str; 5] = [
    control::GUARD_PEER,
    control::GUARD_TOKEN,
    control::GUARD_SESSION,
    control::GUARD_BUDGET,
    control::GUARD_OWNERSHIP,
];

/// Characters of a decision id: Crockford's base 32 in lower case.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of a decision id.
const ID_LENGTH: usize = 26;

/// What the steps leave behind for the audit.
#[derive(Debug)]
pub(crate) struct Trail {
    pub(crate) decision: String,
    pub(crate) method: String,
    pub(crate) route: String,
    pub(crate) operation: String,
    pub(crate) peer: Option<String>,
    pub(crate) principal: Option<Principal>,
    controls: Vec<Control>,
}

impl Trail {
    /// A trail under an id of our own, until a declared caller names one.
    pub(crate) fn new(now_unix_ms: u64) -> Self {
        Self {
            decision: fresh_id(now_unix_ms),
            method: String::new(),
            route: String::new(),
            operation: String::new(),
            peer: None,
            principal: None,
            controls: Vec::new(),
        }
    }

    /// Takes over the decision id of a declared caller, where it is one.
    pub(crate) fn follow(&mut self, decision: Option<&str>) {
        let is_id = |id: &&str| {
            id.len() == ID_LENGTH
                && id
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if let Some(id) = decision.filter(is_id) {
            id.clone_into(&mut self.decision);
        }
    }

    pub(crate) fn passed(&mut self, name: &'static str, fact: impl Into<Cow<'static, str>>) {
        self.controls
            .push(Control::new(name, Verdict::Passed, fact));
    }

    pub(crate) fn refused(&mut self, name: &'static str, fact: impl Into<Cow<'static, str>>) {
        self.controls
            .push(Control::new(name, Verdict::Refused, fact));
    }

    pub(crate) fn failed(&mut self, name: &'static str, fact: impl Into<Cow<'static, str>>) {
        self.controls
            .push(Control::new(name, Verdict::Failed, fact));
    }

    pub(crate) fn skipped(&mut self, name: &'static str, fact: impl Into<Cow<'static, str>>) {
        self.controls
            .push(Control::new(name, Verdict::Skipped, fact));
    }

    fn into_event(
        mut self,
        now_unix_ms: u64,
        line: &str,
        status: StatusCode,
        denial: Option<&Denial>,
    ) -> Event {
        for name in CONTROLS {
            if !self.controls.iter().any(|control| control.name == name) {
                self.skipped(name, "not reached");
            }
        }
        let mut event = Event::new(now_unix_ms, line.to_owned(), &self.decision, Kind::Request);
        event.method = self.method;
        event.route = self.route;
        event.operation = self.operation;
        event.status = status.as_u16();
        event.outcome = match denial {
            None => Outcome::Allowed,
            Some(_) if status.is_server_error() => Outcome::Failed,
            Some(_) => Outcome::Refused,
        };
        event.denial = denial.map(|denial| denial.code().to_owned());
        event.peer = self.peer;
        event.controls = self.controls;
        if let Some(principal) = self.principal {
            event.subject = Some(principal.subject);
            event.client_id = Some(principal.client_id);
            event.tenant = Some(principal.tenant);
            event.session = Some(principal.session);
        }
        event
    }
}

/// Records what was decided, and answers.
pub(crate) async fn finish(
    line: &GuardLine,
    trail: Trail,
    effect_safe: bool,
    decided: Result<Answered, Denial>,
) -> Response<Body> {
    let decision = trail.decision.clone();
    let now = line.clock.unix_ms();
    let (status, denial) = match &decided {
        Ok(answered) => (answered.status(), None),
        Err(denial) => (status_of(denial), Some(denial)),
    };
    let event = trail.into_event(now, line.audit.line(), status, denial);
    let recorded = if denial.is_some() || !effect_safe {
        line.audit.record(event).await
    } else {
        line.audit.note(&event)
    };
    match (recorded, decided) {
        (Ok(()), Ok(answered)) => pass(answered),
        (Ok(()), Err(denial)) => refuse(&denial, &decision),
        (Err(error), Ok(_) | Err(_)) => unrecorded(&error, &decision),
    }
}

fn unrecorded(error: &RecordError, decision: &str) -> Response<Body> {
    tracing::error!(decision, "cannot record a decision: {error}");
    refuse(&Denial::AuditUnavailable, decision)
}

fn pass(answered: Answered) -> Response<Body> {
    let status = answered.status();
    let (headers, body) = answered.into_parts();
    let mut response = Response::new(Body::full(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The answer to a refusal (RFC 9457).
fn refuse(denial: &Denial, decision: &str) -> Response<Body> {
    let mut response = Response::new(Body::full(Bytes::from(denial.problem(decision))));
    *response.status_mut() = status_of(denial);
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let mut set = |name: HeaderName, value: Option<String>| {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    };
    set(WWW_AUTHENTICATE, denial.challenge().map(str::to_owned));
    set(
        RETRY_AFTER,
        denial
            .retry_after_seconds()
            .map(|seconds| seconds.to_string()),
    );
    set(ALLOW, denial.allow());
    response
}

fn status_of(denial: &Denial) -> StatusCode {
    StatusCode::from_u16(denial.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// 128 random bits. An id opens nothing, so without randomness the time must do.
fn fresh_id(now_unix_ms: u64) -> String {
    let mut random = [0_u8; 16];
    let mut bits = match getrandom::fill(&mut random) {
        Ok(()) => u128::from_be_bytes(random),
        Err(_) => u128::from(now_unix_ms),
    };
    let mut id = String::with_capacity(ID_LENGTH);
    for _ in 0..ID_LENGTH {
        let digit = usize::try_from(bits % 32).unwrap_or(0);
        id.push(ALPHABET.get(digit).copied().map_or('0', char::from));
        bits /= 32;
    }
    id
}

#[cfg(test)]
mod tests;
