//! Step 8, contract: the body read whole and bounded, and every part of the request one that the operation declares.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use vauban_audit::control;
use vauban_net::{BodyError, IncomingBody};
use vauban_policy::contract::Refusal;
use vauban_policy::{Denial, Input, Operation, Place, Violation};

use crate::authorize::Permit;
use crate::memory::{Full, Hold, Memory};
use crate::parts::JudgeContract;
use crate::record::Trail;

#[cfg(test)]
mod tests;

/// A request that keeps its operation's contract, with its whole body.
#[derive(Debug)]
pub(crate) struct Conforming<'p> {
    permit: Permit<'p>,
    body: Bytes,
    /// Given back when the request has been answered.
    _memory: Option<Hold>,
}

impl<'p> Conforming<'p> {
    /// The evidence before.
    pub(crate) fn permit(&self) -> &Permit<'p> {
        &self.permit
    }

    /// The whole body.
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }
}

/// The judge that is shipped: the OpenAPI document of the service.
#[derive(Debug, Clone, Copy)]
pub struct Documents;

impl JudgeContract for Documents {
    fn request(&self, operation: &Operation, input: &Input<'_>) -> Result<(), Refusal> {
        operation.accept(input)
    }

    fn answer(
        &self,
        operation: &Operation,
        status: u16,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<(), Vec<Violation>> {
        operation.accept_answer(status, content_type, body)
    }
}

/// Reads the body and judges the request as a whole.
pub(crate) async fn check<'p>(
    permit: Permit<'p>,
    body: IncomingBody,
    bytes_max: usize,
    memory: &Arc<Memory>,
    judge: &dyn JudgeContract,
    trail: &mut Trail,
) -> Result<Conforming<'p>, Denial> {
    let matched = permit.charged().identified().matched();
    let bytes_max = matched
        .route()
        .body_bytes_max
        .map_or(bytes_max, |less| less.min(bytes_max));
    let accepted = matched.admitted().canonical().accepted();
    let head = accepted.head();
    let memory = hold(head, bytes_max, accepted.address(), memory).map_err(|full| {
        trail.failed(control::EDGE_CONTRACT, full.to_string());
        Denial::Overloaded
    })?;
    let body = body.read(bytes_max).await.map_err(|error| {
        trail.refused(control::EDGE_CONTRACT, error.to_string());
        denial_of(error)
    })?;
    let judged = once(matched.operation(), &head.headers).and_then(|()| {
        let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let input = Input {
            path_parameters: matched.parameters(),
            query: &matched.admitted().canonical().target().query,
            headers: &text,
            content_type: text(CONTENT_TYPE.as_str()),
            body: &body,
        };
        judge.request(matched.operation(), &input)
    });
    if let Err(refusal) = judged {
        trail.refused(control::EDGE_CONTRACT, fact_of(&refusal));
        return Err(refusal.into());
    }
    trail.passed(control::EDGE_CONTRACT, matched.operation().id.clone());
    Ok(Conforming {
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

/// A header that decides something may not come twice: two readers would take two different ones.
fn once(operation: &Operation, headers: &http::HeaderMap) -> Result<(), Refusal> {
    let declared = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.place == Place::Header);
    let names = declared
        .map(|parameter| parameter.name.as_str())
        .chain([CONTENT_TYPE.as_str()]);
    let violations: Vec<Violation> = names
        .filter(|name| headers.get_all(*name).iter().nth(1).is_some())
        .map(|name| Violation {
            place: Place::Header,
            pointer: format!("/{name}"),
            reason: "occurs more than once".to_owned(),
        })
        .collect();
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Violated(violations))
    }
}

fn denial_of(error: BodyError) -> Denial {
    match error {
        BodyError::TooLarge => Denial::BodyTooLarge,
        BodyError::TooSlow => Denial::BodyTooSlow,
        BodyError::Broken(_) | BodyError::Gone => Denial::BodyBroken,
    }
}

/// Where the contract was broken; never what stood there.
fn fact_of(refusal: &Refusal) -> String {
    match refusal {
        Refusal::MediaType => "media type is not declared".to_owned(),
        Refusal::TooLarge => "body is longer than its media type allows".to_owned(),
        Refusal::Violated(violations) => {
            let places: Vec<String> = violations
                .iter()
                .take(4)
                .map(|one| format!("{} {} {}", one.place, one.pointer, one.reason))
                .collect();
            places.join("; ")
        }
    }
}
