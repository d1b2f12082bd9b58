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
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Stranger | Self::Caller | Self::Operation => StatusCode::FORBIDDEN,
            Self::Framing | Self::Query | Self::BodyBroken | Self::BodyUnread | Self::Key => {
                StatusCode::BAD_REQUEST
            }
            Self::Nothing | Self::AccountUnknown | Self::ProfileUnknown | Self::TransferUnknown => {
                StatusCode::NOT_FOUND
            }
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::KeyReused
            | Self::SameAccount
            | Self::DestinationUnknown
            | Self::InsufficientFunds
            | Self::Image => StatusCode::UNPROCESSABLE_ENTITY,
            Self::StoreUnavailable | Self::AuditUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Stable code.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Stranger | Self::Caller | Self::Operation => "caller.refused",
            Self::Framing => "request.broken",
            Self::Nothing => "route.unknown",
            Self::Query | Self::BodyUnread | Self::Key => "contract.violated",
            Self::MediaType => "contract.media_type",
            Self::BodyTooLarge => "body.too_large",
            Self::BodyBroken => "body.broken",
            Self::KeyReused => "transfer.key_reused",
            Self::AccountUnknown => "account.unknown",
            Self::ProfileUnknown => "profile.unknown",
            Self::TransferUnknown => "transfer.unknown",
            Self::SameAccount => "transfer.same_account",
            Self::DestinationUnknown => "transfer.destination_unknown",
            Self::InsufficientFunds => "transfer.insufficient_funds",
            Self::Image => "image.broken",
            Self::StoreUnavailable => "store.unavailable",
            Self::AuditUnavailable => "audit.unavailable",
        }
    }

    /// What the peer is told.
    const fn sentence(self) -> &'static str {
        match self {
            Self::Stranger => "This caller is not the guard of this service.",
            Self::Caller => "The guard's word about the caller is missing.",
            Self::Operation => "The guard decided about another operation.",
            Self::Framing => "The request has no single reading.",
            Self::Nothing => "There is nothing here.",
            Self::Query => "The query does not hold.",
            Self::MediaType => "The body's media type is not accepted.",
            Self::BodyTooLarge => "The body is too large.",
            Self::BodyBroken => "The body did not arrive whole.",
            Self::BodyUnread => "The body does not hold.",
            Self::Key => "The idempotency key is missing or does not hold.",
            Self::KeyReused => "This idempotency key stands for another transfer.",
            Self::AccountUnknown => "There is no such account.",
            Self::ProfileUnknown => "There is no such profile.",
            Self::TransferUnknown => "There is no such transfer.",
            Self::SameAccount => "Money moves between two accounts.",
            Self::DestinationUnknown => "There is no such destination.",
            Self::InsufficientFunds => "The account does not hold that much.",
            Self::Image => "This is not a well-formed PNG image.",
            Self::StoreUnavailable => "The ledger cannot answer at present.",
            Self::AuditUnavailable => "The decision could not be recorded.",
        }
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
        let (status, code, title) = (self.status(), self.code(), self.sentence());
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
