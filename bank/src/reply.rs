//! What a service answers: content, or a refusal as problem details (RFC 9457).

use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use vauban_net::Body;

/// Why a service does not do what it was asked. The text reaches the peer; what is known beyond it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The connection is not the guard's.
    Stranger,
    /// The guard's headers are missing or do not hold.
    Caller,
    /// The guard decided about another operation than this one.
    Operation,
    /// The request's framing has no single reading.
    Framing,
    /// No operation is here.
    Nothing,
    /// The query does not hold.
    Query,
    /// The body has another type.
    MediaType,
    /// The body is too large.
    BodyTooLarge,
    /// The body did not come in time, or not whole.
    BodyBroken,
    /// The body does not decode.
    BodyUnread,
    /// The idempotency key is missing or does not hold.
    Key,
    /// The key stands for another transfer.
    KeyReused,
    /// No such account.
    AccountUnknown,
    /// No such profile.
    ProfileUnknown,
    /// No such transfer.
    TransferUnknown,
    /// From an account to itself.
    SameAccount,
    /// The destination does not exist for this caller.
    DestinationUnknown,
    /// More than there is.
    InsufficientFunds,
    /// Not a well-formed PNG image.
    Image,
    /// The database cannot do its work.
    StoreUnavailable,
    /// The audit cannot do its work.
    AuditUnavailable,
}

impl Refusal {
    /// Stable code.
    pub(crate) const fn code(self) -> &'static str {
        self.parts().1
    }

    /// Status and sentence stand beside the code, so that none is forgotten.
    const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Stranger => (
                StatusCode::FORBIDDEN,
                "caller.refused",
                "This caller is not the guard of this service.",
            ),
            Self::Caller => (
                StatusCode::FORBIDDEN,
                "caller.refused",
                "The guard's word about the caller is missing.",
            ),
            Self::Operation => (
                StatusCode::FORBIDDEN,
                "caller.refused",
                "The guard decided about another operation.",
            ),
            Self::Framing => (
                StatusCode::BAD_REQUEST,
                "request.broken",
                "The request has no single reading.",
            ),
            Self::Nothing => (
                StatusCode::NOT_FOUND,
                "route.unknown",
                "There is nothing here.",
            ),
            Self::Query => (
                StatusCode::BAD_REQUEST,
                "contract.violated",
                "The query does not hold.",
            ),
            Self::MediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "contract.media_type",
                "The body's media type is not accepted.",
            ),
            Self::BodyTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "body.too_large",
                "The body is too large.",
            ),
            Self::BodyBroken => (
                StatusCode::BAD_REQUEST,
                "body.broken",
                "The body did not arrive whole.",
            ),
            Self::BodyUnread => (
                StatusCode::BAD_REQUEST,
                "contract.violated",
                "The body does not hold.",
            ),
            Self::Key => (
                StatusCode::BAD_REQUEST,
                "contract.violated",
                "The idempotency key is missing or does not hold.",
            ),
            Self::KeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "transfer.key_reused",
                "This idempotency key stands for another transfer.",
            ),
            Self::AccountUnknown => (
                StatusCode::NOT_FOUND,
                "account.unknown",
                "There is no such account.",
            ),
            Self::ProfileUnknown => (
                StatusCode::NOT_FOUND,
                "profile.unknown",
                "There is no such profile.",
            ),
            Self::TransferUnknown => (
                StatusCode::NOT_FOUND,
                "transfer.unknown",
                "There is no such transfer.",
            ),
            Self::SameAccount => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "transfer.same_account",
                "Money moves between two accounts.",
            ),
            Self::DestinationUnknown => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "transfer.destination_unknown",
                "There is no such destination.",
            ),
            Self::InsufficientFunds => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "transfer.insufficient_funds",
                "The account does not hold that much.",
            ),
            Self::Image => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "image.broken",
                "This is not a well-formed PNG image.",
            ),
            Self::StoreUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "store.unavailable",
                "The ledger cannot answer at present.",
            ),
            Self::AuditUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "audit.unavailable",
                "The decision could not be recorded.",
            ),
        }
    }

    pub(crate) const fn status(self) -> StatusCode {
        self.parts().0
    }

    /// After these the connection is of no further use.
    const fn closes(self) -> bool {
        matches!(
            self,
            Self::Stranger | Self::Framing | Self::BodyBroken | Self::BodyTooLarge
        )
    }

    /// The refusal as problem details.
    pub(crate) fn answer(self, decision: &str) -> Response<Body> {
        let (status, code, title) = self.parts();
        let problem = serde_json::json!({
            "type": format!("urn:vauban:denial:{code}"),
            "title": title,
            "status": status.as_u16(),
            "code": code,
            "decision": decision,
        });
        let mut response = Response::new(Body::full(problem.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self.closes() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// Content, ready to be sent.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) status: StatusCode,
    json: Vec<u8>,
}

impl Content {
    /// Content as JSON. What the bank answers always serialises; were it not so, the ledger would be said to be unavailable.
    pub(crate) fn of(status: StatusCode, value: &impl Serialize) -> Result<Self, Refusal> {
        match serde_json::to_vec(value) {
            Ok(json) => Ok(Self { status, json }),
            Err(error) => {
                tracing::error!(%error, "an answer could not be written as JSON");
                Err(Refusal::StoreUnavailable)
            }
        }
    }

    pub(crate) fn answer(self) -> Response<Body> {
        let mut response = Response::new(Body::full(self.json));
        *response.status_mut() = self.status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}
