//! One request at the authority: who asks, under which decision, and what there will be to remember.

use std::borrow::Cow;

use std::net::IpAddr;

use http::StatusCode;
use http::request::Parts as Head;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc;
use vauban_audit::{Control, Event, Kind, Verdict, control};
use vauban_net::{BodyError, IncomingBody, Peer};
use vauban_policy::{Denial, Place, Violation};

use crate::identifier::is_decision;
use crate::store::{SessionFacts, StoreError};

/// Longest body of a request to the authority, bytes: a certificate request is the longest.
pub(crate) const BODY_BYTES_MAX: usize = 16 * 1024;

/// A request on its way through an endpoint.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) decision: String,
    pub(crate) peer: Peer,
    pub(crate) event: Event,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) content: Content,
    pub(crate) memory: Memory,
    /// Set where a refusal is answered in a form of its own: a page, or a redirection.
    pub(crate) denial: Option<Denial>,
}

impl Reply {
    pub(crate) fn of(content: Content, memory: Memory) -> Self {
        Self {
            content,
            memory,
            denial: None,
        }
    }

    pub(crate) fn refused(content: Content, denial: Denial) -> Self {
        Self {
            content,
            memory: Memory::Durable,
            denial: Some(denial),
        }
    }
}

/// What a successful answer carries.
#[derive(Debug)]
pub(crate) enum Content {
    /// A JSON document.
    Json(Value),
    /// A JSON document that anybody may keep for so many seconds.
    Kept(Value, u32),
    /// A JSON document with another status than 200.
    JsonAs(StatusCode, Value),
    /// An HTML page.
    Page(StatusCode, String),
    /// 303 to this URI.
    SeeOther(String),
    /// 200 without a body.
    Done,
    /// Nothing: 204.
    Nothing,
    /// Newline-delimited JSON without end.
    Stream(mpsc::Receiver<bytes::Bytes>),
}

/// How a successful answer is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Durable before the answer.
    Durable,
    /// Queued.
    Queued,
    /// Not at all: reading public keys and live sessions decides nothing.
    None,
}

/// The authority is unable to decide; the cause was reported to the operator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unable;

impl Unable {
    /// Reports the cause, with its own causes.
    pub(crate) fn because(error: &dyn std::error::Error) -> Self {
        let mut causes = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            causes.push_str(": ");
            causes.push_str(&cause.to_string());
            next = cause.source();
        }
        tracing::error!(causes, "the authority is unable to decide");
        Self
    }
}

impl From<StoreError> for Unable {
    fn from(error: StoreError) -> Self {
        Self::because(&error)
    }
}

impl From<Unable> for Denial {
    fn from(_unable: Unable) -> Self {
        Self::AuthorityUnavailable
    }
}

impl Call {
    pub(crate) fn passed(&mut self, control: &'static str, fact: impl Into<Cow<'static, str>>) {
        self.event
            .controls
            .push(Control::new(control, Verdict::Passed, fact));
    }

    pub(crate) fn refused(&mut self, control: &'static str, fact: impl Into<Cow<'static, str>>) {
        self.event
            .controls
            .push(Control::new(control, Verdict::Refused, fact));
    }

    /// The client's address, which the edge must send with every public operation that has a budget.
    pub(crate) fn source(&mut self, head: &Head) -> Result<IpAddr, Denial> {
        let Some(address) = client_address(head) else {
            self.refused(
                control::AUTHORITY_CALLER,
                "the edge named no client address",
            );
            return Err(Denial::CallerRefused);
        };
        self.event.peer = Some(address.to_string());
        Ok(address)
    }

    /// Writes down whom the call turned out to be about.
    pub(crate) fn about(&mut self, facts: SessionFacts) {
        self.event.subject = Some(facts.subject);
        self.event.client_id = Some(facts.client_id);
        self.event.tenant = Some(facts.tenant);
        self.event.session = Some(facts.session);
    }

    pub(crate) fn is(&mut self, kind: Kind, operation: &str) {
        self.event.kind = kind;
        operation.clone_into(&mut self.event.operation);
    }
}

/// The decision id that another line sent along; only a caller with a certificate of ours is asked.
pub(crate) fn presented_decision(head: &Head, peer: &Peer) -> Option<String> {
    peer.spiffe.as_ref()?;
    let text = single(head, "vauban-decision")?;
    is_decision(text).then(|| text.to_owned())
}

/// The client's address as the edge's socket saw it.
fn client_address(head: &Head) -> Option<IpAddr> {
    single(head, "vauban-client-address")?.parse().ok()
}

/// The bearer token of `Authorization`.
pub(crate) fn bearer(head: &Head) -> Result<&str, Denial> {
    if !head.headers.contains_key(http::header::AUTHORIZATION) {
        return Err(Denial::TokenMissing);
    }
    let value = single(head, "authorization").ok_or(Denial::TokenInvalid)?;
    let (scheme, token) = value.split_once(' ').ok_or(Denial::TokenInvalid)?;
    let plain = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if scheme.eq_ignore_ascii_case("bearer") && plain {
        Ok(token)
    } else {
        Err(Denial::TokenInvalid)
    }
}

/// Reads a JSON object of exactly the members of `T`, each once.
pub(crate) async fn read_json<T: DeserializeOwned>(
    head: &Head,
    body: IncomingBody,
) -> Result<T, Denial> {
    let media = single(head, "content-type")
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    if !media.trim().eq_ignore_ascii_case("application/json") {
        return Err(Denial::ContractMediaType);
    }
    let bytes = read_body(body).await?;
    // A derive would also take an array of the values in order.
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    let value = if is_object {
        serde_json::from_slice(&bytes).ok()
    } else {
        None
    };
    value.ok_or_else(|| {
        violated(
            "",
            "not one object with exactly the members of this operation",
        )
    })
}

/// Reads a whole body.
pub(crate) async fn read_body(body: IncomingBody) -> Result<bytes::Bytes, Denial> {
    body.read(BODY_BYTES_MAX)
        .await
        .map_err(|error| match error {
            BodyError::TooLarge => Denial::BodyTooLarge,
            BodyError::TooSlow => Denial::BodyTooSlow,
            BodyError::Broken(_) | BodyError::Gone => Denial::BodyBroken,
        })
}

/// A member that does not fit.
pub(crate) fn violated(pointer: &str, reason: &str) -> Denial {
    let violation = Violation {
        place: Place::Body,
        pointer: pointer.to_owned(),
        reason: reason.to_owned(),
    };
    Denial::ContractViolated {
        violations: vec![violation],
    }
}

/// Refuses a member that is empty or too long.
pub(crate) fn bounded(pointer: &str, text: &str, bytes_max: usize) -> Result<(), Denial> {
    match text.len() {
        0 => Err(violated(pointer, "empty")),
        length if length > bytes_max => Err(violated(pointer, "too long")),
        _ => Ok(()),
    }
}

/// The value of a header that is there once and is plain text.
pub(crate) fn single<'a>(head: &'a Head, name: &str) -> Option<&'a str> {
    let mut values = head.headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        None
    } else {
        Some(value)
    }
}
