//! Step 12, relay: an internal token for exactly this service, and the canonical request to whoever stands before it.

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use vauban_audit::control;
use vauban_net::UpstreamError;
use vauban_policy::{Behind, Denial};

use crate::answer::DECISION;
use crate::contract::Conforming;
use crate::decision::Decision;
use crate::identify;
use crate::parts::{Exchange, ExchangeFault, Presented};
use crate::read::Canonical;
use crate::record::Trail;

mod ways;

pub(crate) use ways::{Way, Ways};

/// Carries the internal token to a guard.
const INTERNAL_TOKEN: HeaderName = HeaderName::from_static("vauban-internal-token");
/// Tells the authority who the client is.
const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("vauban-client-address");
/// What a client may say in headers, besides the operation's declared parameters.
const FORWARDED: [HeaderName; 3] = [CONTENT_TYPE, ACCEPT, ACCEPT_LANGUAGE];

/// Headers that only the edge writes.
type Own = Vec<(HeaderName, HeaderValue)>;

/// A request that was sent on, with what came back.
#[derive(Debug)]
pub(crate) struct Relayed<'p> {
    conforming: Conforming<'p>,
    answer: Response<Bytes>,
}

impl<'p> Relayed<'p> {
    /// The evidence before.
    pub(crate) fn conforming(&self) -> &Conforming<'p> {
        &self.conforming
    }

    /// What came back.
    pub(crate) fn into_answer(self) -> Response<Bytes> {
        self.answer
    }
}

/// Sends the request on. Nothing of it that is not listed here goes inside.
pub(crate) async fn relay<'p>(
    conforming: Conforming<'p>,
    ways: &Ways,
    exchange: &dyn Exchange,
    decision: &Decision,
    trail: &mut Trail,
) -> Result<Relayed<'p>, Denial> {
    let matched = conforming.permit().charged().identified().matched();
    let behind = &matched.service().behind;
    let way = ways.of(matched.at()).ok_or(Denial::UpstreamUnavailable)?;
    let mut own = Vec::with_capacity(2);
    set(&mut own, DECISION, HeaderValue::from_str(decision.as_str()))?;
    match behind {
        Behind::Guard(_) => {
            if let Some(token) = internal_token(&conforming, exchange, decision, trail).await? {
                own.push((INTERNAL_TOKEN, token));
            }
        }
        Behind::Authority => vouch(&conforming, &mut own)?,
        Behind::Unguarded { .. } => {}
    }
    let uri = Uri::try_from(canonical(&conforming).target().to_canonical())
        .map_err(|_error| Denial::UpstreamUnavailable)?;
    let make = || request(&conforming, &own, &uri, way);
    let answer = way
        .upstream
        .send_made(make)
        .await
        .map_err(|error| denial_of(&error, behind))?;
    Ok(Relayed { conforming, answer })
}

/// The internal token for this caller and service, where there is a caller.
async fn internal_token(
    conforming: &Conforming<'_>,
    exchange: &dyn Exchange,
    decision: &Decision,
    trail: &mut Trail,
) -> Result<Option<HeaderValue>, Denial> {
    let identified = conforming.permit().charged().identified();
    let Some(claims) = identified.caller() else {
        trail.skipped(control::EDGE_EXCHANGE, "nobody was identified");
        return Ok(None);
    };
    let matched = identified.matched();
    let headers = &matched.admitted().canonical().accepted().head().headers;
    let token = identify::bearer(headers).ok().flatten().unwrap_or_default();
    let audience = matched.service().name.as_str();
    match exchange
        .exchange(Presented {
            token,
            audience,
            claims,
            decision: decision.as_str(),
        })
        .await
    {
        Ok(internal) => {
            let source = if internal.cached {
                "cache"
            } else {
                "authority"
            };
            trail.passed(
                control::EDGE_EXCHANGE,
                format!("internal token for `{audience}` from {source}"),
            );
            Ok(Some(internal.value))
        }
        Err(fault @ ExchangeFault::Refused) => {
            trail.refused(control::EDGE_EXCHANGE, fault.to_string());
            Err(Denial::ExchangeRefused)
        }
        Err(fault @ ExchangeFault::Unavailable) => {
            trail.failed(control::EDGE_EXCHANGE, fault.to_string());
            Err(Denial::AuthorityUnavailable)
        }
    }
}

/// What only the authority gets: the client's address and the credential as presented.
fn vouch(conforming: &Conforming<'_>, own: &mut Own) -> Result<(), Denial> {
    let accepted = canonical(conforming).accepted();
    set(
        own,
        CLIENT_ADDRESS,
        HeaderValue::try_from(accepted.address().to_string()),
    )?;
    let mut presented = accepted.head().headers.get_all(AUTHORIZATION).iter();
    if let (Some(only), None) = (presented.next(), presented.next()) {
        let mut value = only.clone();
        value.set_sensitive(true);
        own.push((AUTHORIZATION, value));
    }
    Ok(())
}

/// The listed headers of the request, and no other.
fn forwarded(conforming: &Conforming<'_>, way: &Way) -> HeaderMap {
    let given = &canonical(conforming).accepted().head().headers;
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(HOST, way.host.clone());
    for name in FORWARDED.iter().chain(&way.headers) {
        if let Some(value) = given.get(name) {
            headers.insert(name, value.clone());
        }
    }
    headers
}

/// The request in its canonical form: what the client may say, then what only we say.
fn request(conforming: &Conforming<'_>, own: &Own, uri: &Uri, way: &Way) -> Request<Bytes> {
    let mut request = Request::new(conforming.body().clone());
    *request.method_mut() = way.method.clone();
    *request.uri_mut() = uri.clone();
    let headers = request.headers_mut();
    *headers = forwarded(conforming, way);
    for (name, value) in own {
        headers.insert(name, value.clone());
    }
    request
}

fn canonical<'c>(conforming: &'c Conforming<'_>) -> &'c Canonical {
    let matched = conforming.permit().charged().identified().matched();
    matched.admitted().canonical()
}

fn set<E>(own: &mut Own, name: HeaderName, value: Result<HeaderValue, E>) -> Result<(), Denial> {
    let value = value.map_err(|_error| Denial::UpstreamUnavailable)?;
    own.push((name, value));
    Ok(())
}

fn denial_of(error: &UpstreamError, behind: &Behind) -> Denial {
    match (behind, error) {
        (Behind::Authority, UpstreamError::Connect(_) | UpstreamError::WrongPeer(_)) => {
            Denial::AuthorityUnavailable
        }
        (_, UpstreamError::Timeout) => Denial::UpstreamTimeout,
        (
            _,
            UpstreamError::Connect(_)
            | UpstreamError::TooLarge
            | UpstreamError::Broken(_)
            | UpstreamError::WrongPeer(_),
        ) => Denial::UpstreamUnavailable,
    }
}
