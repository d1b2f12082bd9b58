//! Refusals of the OAuth endpoints, in the words of the RFCs.

/// An error code that a client understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OauthError {
    /// A parameter is missing, comes twice or makes no sense (RFC 6749 §5.2).
    InvalidRequest,
    /// The client did not prove who it is (RFC 6749 §5.2).
    InvalidClient,
    /// The code or refresh token is not one that we accept from this client (RFC 6749 §5.2).
    InvalidGrant,
    /// The client may not do this (RFC 6749 §5.2).
    UnauthorizedClient,
    /// There is no such grant here (RFC 6749 §5.2).
    UnsupportedGrantType,
    /// The scope is unknown, malformed, or more than was granted (RFC 6749 §5.2).
    InvalidScope,
    /// The resource is none of ours (RFC 8707 §2).
    InvalidTarget,
    /// Only codes are given out (RFC 6749 §4.1.2.1).
    UnsupportedResponseType,
    /// The user or the authority said no (RFC 6749 §4.1.2.1).
    AccessDenied,
}

impl OauthError {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::InvalidScope,
        Self::InvalidTarget,
        Self::UnsupportedResponseType,
        Self::AccessDenied,
    ];

    /// The value of `error`.
    pub fn word(self) -> &'static str {
        self.code().strip_prefix("oauth.").unwrap_or_default()
    }

    /// The code of the refusal.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "oauth.invalid_request",
            Self::InvalidClient => "oauth.invalid_client",
            Self::InvalidGrant => "oauth.invalid_grant",
            Self::UnauthorizedClient => "oauth.unauthorized_client",
            Self::UnsupportedGrantType => "oauth.unsupported_grant_type",
            Self::InvalidScope => "oauth.invalid_scope",
            Self::InvalidTarget => "oauth.invalid_target",
            Self::UnsupportedResponseType => "oauth.unsupported_response_type",
            Self::AccessDenied => "oauth.access_denied",
        }
    }

    /// The status where the error is not sent to a redirect URI.
    pub(super) fn status(self) -> u16 {
        if self == Self::InvalidClient {
            401
        } else {
            400
        }
    }

    /// The public sentence.
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::InvalidRequest => "a parameter is missing, comes twice or makes no sense",
            Self::InvalidClient => "the client did not prove who it is",
            Self::InvalidGrant => "the code or token is not valid for this client",
            Self::UnauthorizedClient => "this client may not do this",
            Self::UnsupportedGrantType => "there is no such grant here",
            Self::InvalidScope => "the scope is more than this client may have",
            Self::InvalidTarget => "this resource is none of ours",
            Self::UnsupportedResponseType => "only codes are given out",
            Self::AccessDenied => "access was denied",
        }
    }
}
