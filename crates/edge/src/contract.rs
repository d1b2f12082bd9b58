//! Step 11, contract: every part of the request is one that the operation declares.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use vauban_audit::control;
use vauban_policy::contract::Refusal;
use vauban_policy::{Denial, Input, Operation, Place, Violation};

use crate::authorize::Permit;
use crate::inspect::Inspected;
use crate::parts::JudgeContract;
use crate::record::Trail;

/// A request that keeps its operation's contract.
#[derive(Debug)]
pub(crate) struct Conforming<'p> {
    inspected: Inspected<'p>,
}

impl<'p> Conforming<'p> {
    /// What the caller may do.
    pub(crate) fn permit(&self) -> &Permit<'p> {
        self.inspected.whole().permit()
    }

    /// The whole body.
    pub(crate) fn body(&self) -> &Bytes {
        self.inspected.whole().body()
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

/// Judges the request as a whole.
pub(crate) fn check<'p>(
    inspected: Inspected<'p>,
    judge: &dyn JudgeContract,
    trail: &mut Trail,
) -> Result<Conforming<'p>, Denial> {
    let matched = inspected.whole().permit().charged().identified().matched();
    let head = matched.admitted().canonical().accepted().head();
    let judged = one_text(matched.operation(), &head.headers).and_then(|()| {
        let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let input = Input {
            path_parameters: matched.parameters(),
            query: &matched.admitted().canonical().target().query,
            headers: &text,
            content_type: text(CONTENT_TYPE.as_str()),
            body: inspected.whole().body(),
        };
        judge.request(matched.operation(), &input)
    });
    if let Err(refusal) = judged {
        trail.refused(control::EDGE_CONTRACT, fact_of(&refusal));
        return Err(refusal.into());
    }
    trail.passed(control::EDGE_CONTRACT, matched.operation().id.clone());
    Ok(Conforming { inspected })
}

/// A header that decides something may not come twice, or two readers would take two different ones; and it is text (visible
/// ASCII), or it would be forwarded without having been judged.
fn one_text(operation: &Operation, headers: &http::HeaderMap) -> Result<(), Refusal> {
    let declared = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.place == Place::Header);
    let names = declared
        .map(|parameter| parameter.name.as_str())
        .chain([CONTENT_TYPE.as_str()]);
    let violations: Vec<Violation> = names
        .filter_map(|name| {
            let mut values = headers.get_all(name).iter();
            let value = values.next()?;
            let reason = if values.next().is_some() {
                "occurs more than once"
            } else if value.to_str().is_err() {
                "is not text in ASCII"
            } else {
                return None;
            };
            Some(Violation {
                place: Place::Header,
                pointer: format!("/{name}"),
                reason: reason.to_owned(),
            })
        })
        .collect();
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Violated(violations))
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
