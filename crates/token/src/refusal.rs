//! Why a token was refused.

/// Why a token was refused. No variant carries a byte of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// There is no token, where one is needed.
    #[error("no bearer token was presented")]
    Missing,
    /// More than one credential was presented.
    #[error("more than one credential was presented")]
    Repeated,
    /// The token is longer than [`crate::TOKEN_BYTES_MAX`].
    #[error("token is longer than 8192 bytes")]
    TooLong,
    /// The compact form, the header or the payload cannot be read in the one permitted way.
    #[error("token is malformed: {0}")]
    Malformed(&'static str),
    /// `alg` is not `ES256`.
    #[error("`alg` is not `ES256`")]
    Algorithm,
    /// `typ` is not that of an access token.
    #[error("`typ` is not `at+jwt`")]
    Type,
    /// A header member that this profile does not use, such as `crit`, `b64`, `zip`, `jwk` or `jku`.
    #[error("header carries a member that the profile does not use")]
    Header,
    /// `kid` names no key of the issuer.
    #[error("`kid` names no key of the issuer")]
    UnknownKey,
    /// The signature does not verify.
    #[error("signature does not verify")]
    Signature,
    /// The time of `exp` has come.
    #[error("token has expired")]
    Expired,
    /// `nbf` or `iat` lies in the future.
    #[error("token is not valid yet")]
    NotYet,
    /// `exp` lies further from `iat` than the profile allows, or before it.
    #[error("life of the token is not one that the profile allows")]
    Life,
    /// `iss` is not exactly the expected one.
    #[error("`iss` is not the expected issuer")]
    Issuer,
    /// `aud` is not exactly the expected one.
    #[error("`aud` is not the expected audience")]
    Audience,
    /// A claim that must be there is not.
    #[error("claim `{0}` is missing")]
    MissingClaim(&'static str),
    /// A claim has another JSON type or shape than the profile says.
    #[error("claim `{0}` has a wrong type or shape")]
    Claim(&'static str),
    /// A claim that the profile does not list.
    #[error("payload carries a claim that the profile does not list")]
    UnknownClaim,
    /// A claim or header name that appears twice.
    #[error("a name appears twice")]
    Duplicate,
}
