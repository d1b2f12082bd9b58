//! Second step: what is asked, read once: canonical target, the service's own operation, the whole body.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use vauban_http::Target;
use vauban_net::{BodyError, IncomingBody};
use vauban_policy::{Denial, Operation, Place, Segment, Violation};

use crate::line::GuardLine;
use crate::peer::Connected;
use crate::record::Trail;
use crate::strict::{self, Json};

/// The header that carries the id of the decision.
pub(crate) const DECISION: &str = "vauban-decision";

/// Evidence: the request has one reading and is one of the service's operations.
#[derive(Debug)]
pub(crate) struct Asked<'p> {
    connected: Connected,
    operation: &'p Operation,
    path_parameters: Vec<(String, String)>,
    target: Target,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
    json: Option<Json>,
}

impl<'p> Asked<'p> {
    /// The connection that it came over.
    pub(crate) fn connected(&self) -> &Connected {
        &self.connected
    }

    /// The service's operation.
    pub(crate) fn operation(&self) -> &'p Operation {
        self.operation
    }

    /// Path parameters, decoded.
    pub(crate) fn path_parameters(&self) -> &[(String, String)] {
        &self.path_parameters
    }

    /// Path and query, decoded and canonical.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// The method.
    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    /// Every header.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The value of a header that occurs exactly once and is plain text.
    pub(crate) fn single_header(&self, name: &str) -> Option<&str> {
        single(&self.headers, name)
    }

    /// The whole body.
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body, where it is JSON.
    pub(crate) fn json(&self) -> Option<&Json> {
        self.json.as_ref()
    }
}

/// The value of a header that occurs exactly once and is plain text.
pub(crate) fn single<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        (None | Some(_), _) => None,
    }
}

/// Reads the request whole.
pub(crate) async fn read<'p>(
    line: &'p GuardLine,
    connected: Connected,
    head: http::request::Parts,
    body: IncomingBody,
    trail: &mut Trail,
) -> Result<Asked<'p>, Denial> {
    head.method.as_str().clone_into(&mut trail.method);
    let written = head
        .uri
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    let target = Target::parse(written).map_err(Denial::Path)?;
    let (operation, path_parameters) =
        find(line.operations(), &head.method, &target).ok_or(Denial::RouteUnknown)?;
    operation.path.as_str().clone_into(&mut trail.route);
    trail.operation.clone_from(&operation.id);
    let body = body
        .read(line.plan.limits.body_bytes_max)
        .await
        .map_err(|error| match error {
            BodyError::TooLarge => Denial::BodyTooLarge,
            BodyError::TooSlow => Denial::BodyTooSlow,
            BodyError::Broken(refusal) => Denial::Framing(refusal),
            BodyError::Gone => Denial::BodyBroken,
        })?;
    if head.headers.get_all(CONTENT_TYPE).iter().count() > 1 {
        return Err(Denial::ContractMediaType);
    }
    let json = read_json(&head.headers, &body)?;
    Ok(Asked {
        connected,
        operation,
        path_parameters,
        target,
        method: head.method,
        headers: head.headers,
        body,
        json,
    })
}

/// The operation of the service's own document. Literal segments beat parameters, from left to right.
fn find<'p>(
    operations: &'p [Operation],
    method: &Method,
    target: &Target,
) -> Option<(&'p Operation, Vec<(String, String)>)> {
    let matching = operations
        .iter()
        .filter(|operation| operation.method == method.as_str());
    let matching =
        matching.filter_map(|operation| Some((operation, operation.path.matches(&target.path)?)));
    matching.min_by_key(|(operation, _)| {
        let parameters = operation
            .path
            .segments()
            .iter()
            .map(|segment| matches!(segment, Segment::Parameter(_)));
        parameters.collect::<Vec<bool>>()
    })
}

/// Reads a JSON body strictly; other media types stay bytes.
fn read_json(headers: &HeaderMap, body: &Bytes) -> Result<Option<Json>, Denial> {
    let media_type = single(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    let media_type = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if body.is_empty() || !(media_type == "application/json" || media_type.ends_with("+json")) {
        return Ok(None);
    }
    match strict::read(body) {
        Ok(json) => Ok(Some(json)),
        Err(error) => {
            let violation = Violation {
                place: Place::Body,
                pointer: String::new(),
                reason: error.to_string(),
            };
            Err(Denial::ContractViolated {
                violations: vec![violation],
            })
        }
    }
}
