//! Step 6, identify: who asks, by a bearer token in `Authorization` and by nothing else.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use vauban_audit::control;
use vauban_policy::{Authenticate, Denial};
use vauban_token::{Claims, TokenRefusal};

use crate::inspect::Surveyed;
use crate::matching::Matched;
use crate::parts::{KeepKeys, ReadToken};
use crate::record::Trail;

#[cfg(test)]
mod tests;

/// A request whose caller is known, or whose route asks nobody.
#[derive(Debug)]
pub(crate) struct Identified<'p> {
    surveyed: Surveyed<'p>,
    caller: Option<Box<Claims>>,
}

impl<'p> Identified<'p> {
    /// The operation that is asked for.
    pub(crate) fn matched(&self) -> &Matched<'p> {
        self.surveyed.matched()
    }

    /// What the caller's token says; `None` where the route asks nobody.
    pub(crate) fn caller(&self) -> Option<&Claims> {
        self.caller.as_deref()
    }
}

/// Identifies the caller as the route asks.
pub(crate) async fn identify<'p>(
    surveyed: Surveyed<'p>,
    token: &dyn ReadToken,
    keys: &dyn KeepKeys,
    now_unix_s: u64,
    trail: &mut Trail,
) -> Result<Identified<'p>, Denial> {
    let matched = surveyed.matched();
    if let Authenticate::None { because } = &matched.route().authenticate {
        trail.skipped(control::EDGE_TOKEN, because.clone());
        return Ok(Identified {
            surveyed,
            caller: None,
        });
    }
    let presented = bearer(&matched.admitted().canonical().accepted().head().headers);
    let mut read = presented.and_then(|presented| token.read(presented, now_unix_s));
    if read == Err(TokenRefusal::UnknownKey) {
        keys.refresh_for_unknown().await;
        if !keys.ready() {
            trail.failed(control::EDGE_TOKEN, "the issuer's keys were never fetched");
            return Err(Denial::AuthorityUnavailable);
        }
        read = presented.and_then(|presented| token.read(presented, now_unix_s));
    }
    match read {
        Ok(claims) => {
            trail.is_by(&claims);
            trail.passed(control::EDGE_TOKEN, passed(&claims));
            Ok(Identified {
                surveyed,
                caller: Some(Box::new(claims)),
            })
        }
        Err(refusal) => {
            trail.refused(control::EDGE_TOKEN, refusal.to_string());
            Err(denial_of(refusal))
        }
    }
}

/// For the record: what was checked, and who acts for the subject.
fn passed(claims: &Claims) -> Cow<'static, str> {
    let checked = "signature, issuer, audience, type and life";
    if claims.actors.is_empty() {
        checked.into()
    } else {
        format!("{checked}; acting: {}", claims.actors.join(" for ")).into()
    }
}

/// The bearer token (RFC 6750 §2.1) of the one `Authorization` header; `None` if there is none, or one of another scheme.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, TokenRefusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(TokenRefusal::Repeated);
    }
    let text = value
        .to_str()
        .map_err(|_error| TokenRefusal::Malformed("not base64url"))?;
    let Some((scheme, token)) = text.split_once(' ') else {
        return Ok(None);
    };
    Ok(scheme.eq_ignore_ascii_case("Bearer").then_some(token))
}

fn denial_of(refusal: TokenRefusal) -> Denial {
    match refusal {
        TokenRefusal::Missing => Denial::TokenMissing,
        TokenRefusal::Expired => Denial::TokenExpired,
        TokenRefusal::Repeated
        | TokenRefusal::TooLong
        | TokenRefusal::Malformed(_)
        | TokenRefusal::Algorithm
        | TokenRefusal::Type
        | TokenRefusal::Header
        | TokenRefusal::UnknownKey
        | TokenRefusal::Signature
        | TokenRefusal::NotYet
        | TokenRefusal::Life
        | TokenRefusal::Issuer
        | TokenRefusal::Audience
        | TokenRefusal::MissingClaim(_)
        | TokenRefusal::Claim(_)
        | TokenRefusal::UnknownClaim
        | TokenRefusal::Duplicate => Denial::TokenInvalid,
    }
}
