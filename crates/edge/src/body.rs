//! Step 9, body: read whole within its bound, and within the memory that one address may hold.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use vauban_audit::control;
use vauban_net::{BodyError, IncomingBody};
use vauban_policy::Denial;

use crate::authorize::Permit;
use crate::memory::{Full, Hold, Memory};
use crate::record::Trail;

#[cfg(test)]
mod tests;

/// A request with its whole body.
#[derive(Debug)]
pub(crate) struct Whole<'p> {
    permit: Permit<'p>,
    body: Bytes,
    /// Given back when the request has been answered.
    _memory: Option<Hold>,
}

impl<'p> Whole<'p> {
    /// The evidence before.
    pub(crate) fn permit(&self) -> &Permit<'p> {
        &self.permit
    }

    /// The whole body.
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }
}

/// Reads the body of a request that its caller may make.
pub(crate) async fn read<'p>(
    permit: Permit<'p>,
    body: IncomingBody,
    bytes_max: usize,
    memory: &Arc<Memory>,
    trail: &mut Trail,
) -> Result<Whole<'p>, Denial> {
    let matched = permit.charged().identified().matched();
    let bytes_max = matched
        .route()
        .body_bytes_max
        .map_or(bytes_max, |less| less.min(bytes_max));
    let accepted = matched.admitted().canonical().accepted();
    let memory = hold(accepted.head(), bytes_max, accepted.address(), memory).map_err(|full| {
        trail.failed(control::EDGE_CONTRACT, full.to_string());
        Denial::Overloaded
    })?;
    let body = body.read(bytes_max).await.map_err(|error| {
        trail.refused(control::EDGE_CONTRACT, error.to_string());
        denial_of(error)
    })?;
    Ok(Whole {
        permit,
        body,
        _memory: memory,
    })
}

/// Takes memory for the largest body that this request may turn out to have; a request without one takes none.
fn hold(
    head: &http::request::Parts,
    bytes_max: usize,
    address: IpAddr,
    memory: &Arc<Memory>,
) -> Result<Option<Hold>, Full> {
    let has_body = head.headers.contains_key(http::header::TRANSFER_ENCODING);
    let declared = head
        .headers
        .get(http::header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let bytes = match (has_body, declared) {
        (true, _) => bytes_max,
        (false, Some(declared)) => bytes_max.min(declared),
        (false, None) => 0,
    };
    if bytes == 0 {
        return Ok(None);
    }
    memory.take(address, bytes).map(Some)
}

fn denial_of(error: BodyError) -> Denial {
    match error {
        BodyError::TooLarge => Denial::BodyTooLarge,
        BodyError::TooSlow => Denial::BodyTooSlow,
        BodyError::Broken(_) | BodyError::Gone => Denial::BodyBroken,
    }
}
