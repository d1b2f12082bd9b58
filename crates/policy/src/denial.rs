//! Every refusal that a line can answer with: one code, one status, one public sentence each.
//!
//! What is said to the peer stands here and nowhere else. What an operator may know goes to the audit record, whose type
//! cannot reach the peer.

use vauban_http::{FramingRefusal, TargetRefusal};

use crate::contract::Violation;

mod oauth;

pub use self::oauth::OauthError;

/// Most violations that one answer lists.
const VIOLATIONS_SHOWN_MAX: usize = 16;

/// A refusal. The list is closed; it is matched without `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// The bytes of the request are not one message with one reading.
    Framing(FramingRefusal),
    /// The target has no canonical reading.
    Path(TargetRefusal),
    /// `Host` names none of the listener's hosts.
    HostUnknown,
    /// No route has this path.
    RouteUnknown,
    /// The route does not offer this method.
    MethodRefused {
        /// Methods that it offers.
        allowed: Vec<String>,
    },
    /// The budget of the client's address is spent.
    BudgetIp {
        /// When to come back.
        retry_after_seconds: u32,
    },
    /// The budget of the subject is spent.
    BudgetUser {
        /// When to come back.
        retry_after_seconds: u32,
    },
    /// The budget of the operation is spent.
    BudgetEndpoint {
        /// When to come back.
        retry_after_seconds: u32,
    },
    /// The request looks hostile to the rules, or could not be inspected whole.
    WafRefused,
    /// No access token was presented.
    TokenMissing,
    /// The access token is not one that we accept.
    TokenInvalid,
    /// The access token's life is over.
    TokenExpired,
    /// The caller has none of the route's roles.
    RoleMissing,
    /// The caller lacks one of the route's permissions.
    PermissionMissing,
    /// The request does not keep the operation's contract.
    ContractViolated {
        /// Where and why.
        violations: Vec<Violation>,
    },
    /// The operation does not accept this media type.
    ContractMediaType,
    /// The body is longer than allowed.
    BodyTooLarge,
    /// The body did not arrive in time.
    BodyTooSlow,
    /// The body ended early or its framing broke.
    BodyBroken,
    /// The authority did not vouch for this caller.
    ExchangeRefused,
    /// The authority did not answer.
    AuthorityUnavailable,
    /// The next line or the service did not answer.
    UpstreamUnavailable,
    /// The next line or the service did not answer in time.
    UpstreamTimeout,
    /// The service's answer does not keep the operation's contract.
    AnswerViolated,
    /// The decision could not be recorded.
    AuditUnavailable,
    /// More is going on than the line can bear.
    Overloaded,
    /// The peer is no declared caller.
    PeerUndeclared,
    /// No internal token came along.
    InternalTokenMissing,
    /// The internal token is not one that the guard accepts.
    InternalTokenInvalid,
    /// The session is no longer live.
    SessionEnded,
    /// The session belongs to somebody else than the token says.
    SessionMismatch,
    /// The object is somebody else's or does not exist, and the operation hides which.
    ObjectForeignHidden,
    /// The object is somebody else's.
    ObjectForeign,
    /// The operation names an object and nobody declared whose it is.
    ObjectUndeclared,
    /// The policy engine reported an error.
    DecisionError,
    /// The stored facts could not be read.
    FactsUnavailable,
    /// User name or password is wrong.
    LoginRefused,
    /// Too many attempts.
    LoginThrottled {
        /// When to come back.
        retry_after_seconds: u32,
    },
    /// Too many logins are waiting.
    LoginBusy,
    /// The refresh token is not one that we accept.
    RefreshRefused,
    /// The refresh token was used before; its family is revoked.
    RefreshReused,
    /// The join token is not one that we accept.
    JoinRefused,
    /// This caller may not use this endpoint.
    CallerRefused,
    /// An OAuth endpoint refuses; the answer is in the form of RFC 6749 §5.2.
    Oauth(OauthError),
}

/// One line of the list of refusals, for documents and tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenialEntry {
    /// Stable code.
    pub code: &'static str,
    /// Status.
    pub status: u16,
    /// Public sentence.
    pub sentence: String,
}

impl Denial {
    /// One of each kind, in the order of the lines.
    pub fn all() -> Vec<Self> {
        let framing = FramingRefusal::ALL
            .iter()
            .map(|refusal| Self::Framing(*refusal));
        let path = TargetRefusal::ALL
            .iter()
            .map(|refusal| Self::Path(*refusal));
        let oauth = OauthError::ALL.iter().map(|error| Self::Oauth(*error));
        let others = OTHERS.iter().cloned();
        framing.chain(path).chain(others).chain(oauth).collect()
    }

    /// The list for `docs/reference/denials.md`.
    pub fn catalogue() -> Vec<DenialEntry> {
        let entry = |denial: &Self| DenialEntry {
            code: denial.code(),
            status: denial.status(),
            sentence: denial.sentence(),
        };
        Self::all().iter().map(entry).collect()
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.words().0
    }

    /// The status to answer with.
    pub fn status(&self) -> u16 {
        self.words().1
    }

    /// The public sentence.
    pub fn sentence(&self) -> String {
        if let Self::Framing(refusal) = self {
            refusal.to_string()
        } else if let Self::Path(refusal) = self {
            refusal.to_string()
        } else {
            self.words().2.to_owned()
        }
    }

    /// Seconds for `Retry-After`.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        if let Self::BudgetIp {
            retry_after_seconds,
        }
        | Self::BudgetUser {
            retry_after_seconds,
        }
        | Self::BudgetEndpoint {
            retry_after_seconds,
        }
        | Self::LoginThrottled {
            retry_after_seconds,
        } = self
        {
            Some(*retry_after_seconds)
        } else {
            None
        }
    }

    /// Value for `WWW-Authenticate` (RFC 6750 §3).
    pub fn challenge(&self) -> Option<&'static str> {
        if *self == Self::TokenMissing {
            Some("Bearer")
        } else if *self == Self::Oauth(OauthError::InvalidClient) {
            Some("Basic realm=\"token\"")
        } else if self.status() == 401 {
            Some("Bearer error=\"invalid_token\"")
        } else {
            None
        }
    }

    /// Value for `Allow`.
    pub fn allow(&self) -> Option<String> {
        if let Self::MethodRefused { allowed } = self {
            Some(allowed.join(", "))
        } else {
            None
        }
    }

    /// The body of the answer (RFC 9457), media type `application/problem+json`.
    pub fn problem(&self, decision_id: &str) -> String {
        let mut problem = serde_json::Map::new();
        problem.insert(
            "type".into(),
            format!("urn:vauban:denial:{}", self.code()).into(),
        );
        problem.insert("title".into(), self.sentence().into());
        problem.insert("status".into(), self.status().into());
        problem.insert("code".into(), self.code().into());
        problem.insert("decision".into(), decision_id.into());
        if let Self::ContractViolated { violations } = self {
            let shown: Vec<_> = violations
                .iter()
                .take(VIOLATIONS_SHOWN_MAX)
                .map(Violation::to_json)
                .collect();
            problem.insert("violations".into(), shown.into());
        }
        serde_json::Value::Object(problem).to_string()
    }

    /// Code, status and sentence; the framing refusals bring their own sentence.
    #[expect(clippy::too_many_lines, reason = "a table: one row per refusal")]
    #[rustfmt::skip]
    fn words(&self) -> (&'static str, u16, &'static str) {
        match self {
            Self::Framing(refusal) => (refusal.code(), refusal.status(), ""),
            Self::Path(refusal) => (refusal.code(), refusal.status(), ""),
            Self::Oauth(error) => (error.code(), error.status(), error.sentence()),
            Self::HostUnknown => ("host.unknown", 421, "this host is not served here"),
            Self::RouteUnknown => ("route.unknown", 404, "there is nothing at this path"),
            Self::MethodRefused { .. } => (
                "method.refused",
                405,
                "this path does not offer this method",
            ),
            Self::BudgetIp { .. } => ("budget.ip", 429, "too many requests from this address"),
            Self::BudgetUser { .. } => ("budget.user", 429, "too many requests by this user"),
            Self::BudgetEndpoint { .. } => (
                "budget.endpoint",
                429,
                "too many requests for this operation",
            ),
            Self::WafRefused => ("waf.refused", 403, "the request looks like an attack"),
            Self::TokenMissing => ("token.missing", 401, "an access token is needed"),
            Self::TokenInvalid => ("token.invalid", 401, "the access token is not valid"),
            Self::TokenExpired => ("token.expired", 401, "the access token has expired"),
            Self::RoleMissing => ("role.missing", 403, "none of your roles may do this"),
            Self::PermissionMissing => {
                ("permission.missing", 403, "you lack a permission for this")
            }
            Self::ContractViolated { .. } => (
                "contract.violated",
                400,
                "the request does not match the operation's contract",
            ),
            Self::ContractMediaType => (
                "contract.media_type",
                415,
                "this media type is not accepted here",
            ),
            Self::BodyTooLarge => ("body.too_large", 413, "the body is too large"),
            Self::BodyTooSlow => ("body.too_slow", 408, "the body did not arrive in time"),
            Self::BodyBroken => ("body.broken", 400, "the body is broken"),
            Self::ExchangeRefused => ("exchange.refused", 401, "the access token is not valid"),
            Self::AuthorityUnavailable => (
                "authority.unavailable",
                503,
                "identity cannot be confirmed at the moment",
            ),
            Self::UpstreamUnavailable => {
                ("upstream.unavailable", 502, "the service does not answer")
            }
            Self::UpstreamTimeout => (
                "upstream.timeout",
                504,
                "the service did not answer in time",
            ),
            Self::AnswerViolated => ("answer.violated", 502, "the service's answer was withheld"),
            Self::AuditUnavailable => (
                "audit.unavailable",
                503,
                "the decision cannot be recorded at the moment",
            ),
            Self::Overloaded => ("overloaded", 503, "there is too much to do at the moment"),
            Self::PeerUndeclared => ("peer.undeclared", 403, "this caller is not declared"),
            Self::InternalTokenMissing => {
                ("internal_token.missing", 401, "an internal token is needed")
            }
            Self::InternalTokenInvalid => (
                "internal_token.invalid",
                401,
                "the internal token is not valid",
            ),
            Self::SessionEnded => ("session.ended", 401, "the session has ended"),
            Self::SessionMismatch => (
                "session.mismatch",
                401,
                "the session is not valid for this caller",
            ),
            Self::ObjectForeignHidden => (
                "object.foreign_hidden",
                404,
                "there is nothing here for you",
            ),
            Self::ObjectForeign => ("object.foreign", 403, "this is not yours"),
            Self::ObjectUndeclared => ("object.undeclared", 403, "nobody declared whose this is"),
            Self::DecisionError => ("decision.error", 403, "no decision could be reached"),
            Self::FactsUnavailable => (
                "facts.unavailable",
                503,
                "ownership cannot be confirmed at the moment",
            ),
            Self::LoginRefused => ("login.refused", 401, "user name or password is wrong"),
            Self::LoginThrottled { .. } => ("login.throttled", 429, "too many attempts"),
            Self::LoginBusy => ("login.busy", 503, "too many logins are waiting"),
            Self::RefreshRefused => ("refresh.refused", 401, "the refresh token is not valid"),
            Self::RefreshReused => (
                "refresh.reused",
                401,
                "the refresh token was used before; log in again",
            ),
            Self::JoinRefused => ("join.refused", 403, "the join token is not valid"),
            Self::CallerRefused => ("caller.refused", 403, "this caller may not do this"),
        }
    }
}

impl std::fmt::Display for Denial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code(), self.sentence())
    }
}

/// One of each kind except the framing refusals, which list themselves.
const OTHERS: &[Denial] = &[
    Denial::HostUnknown,
    Denial::RouteUnknown,
    Denial::MethodRefused {
        allowed: Vec::new(),
    },
    Denial::BudgetIp {
        retry_after_seconds: 1,
    },
    Denial::BudgetUser {
        retry_after_seconds: 1,
    },
    Denial::BudgetEndpoint {
        retry_after_seconds: 1,
    },
    Denial::WafRefused,
    Denial::TokenMissing,
    Denial::TokenInvalid,
    Denial::TokenExpired,
    Denial::RoleMissing,
    Denial::PermissionMissing,
    Denial::ContractViolated {
        violations: Vec::new(),
    },
    Denial::ContractMediaType,
    Denial::BodyTooLarge,
    Denial::BodyTooSlow,
    Denial::BodyBroken,
    Denial::ExchangeRefused,
    Denial::AuthorityUnavailable,
    Denial::UpstreamUnavailable,
    Denial::UpstreamTimeout,
    Denial::AnswerViolated,
    Denial::AuditUnavailable,
    Denial::Overloaded,
    Denial::PeerUndeclared,
    Denial::InternalTokenMissing,
    Denial::InternalTokenInvalid,
    Denial::SessionEnded,
    Denial::SessionMismatch,
    Denial::ObjectForeignHidden,
    Denial::ObjectForeign,
    Denial::ObjectUndeclared,
    Denial::DecisionError,
    Denial::FactsUnavailable,
    Denial::LoginRefused,
    Denial::LoginThrottled {
        retry_after_seconds: 1,
    },
    Denial::LoginBusy,
    Denial::RefreshRefused,
    Denial::RefreshReused,
    Denial::JoinRefused,
    Denial::CallerRefused,
];

#[cfg(test)]
mod tests;
