//! Where each operation of the plan goes, worked out once at start.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use vauban_net::{Upstream, UpstreamLimits};
use vauban_policy::{Behind, Evidence, Operation, OperationRef, Ownership, Place, Plan, Service};

use crate::setting::{Setting, StartError};

/// Largest answer of an upstream, bytes.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Idle connections kept for each upstream.
const IDLE_MAX: usize = 128;
/// Names that only Vauban or the connection may set; an operation cannot declare them as parameters.
const RESERVED: [&str; 14] = [
    "authorization",
    "client-cert",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// Where one operation goes.
#[derive(Debug)]
pub(crate) struct Way {
    /// Who answers.
    pub(crate) upstream: Upstream,
    /// The operation's method.
    pub(crate) method: Method,
    /// `Host` inside the walls: the service's name.
    pub(crate) host: HeaderValue,
    /// Header parameters that the operation declares.
    pub(crate) headers: Vec<HeaderName>,
}

/// Where all operations go that a route leads to.
#[derive(Debug)]
pub(crate) struct Ways {
    ways: BTreeMap<(usize, usize), Way>,
}

impl Ways {
    /// Works the ways out; what cannot be reached is a mistake at start, not at the first request.
    pub(crate) fn new(plan: &Plan, setting: &Setting) -> Result<Self, StartError> {
        let mut upstreams: BTreeMap<usize, Upstream> = BTreeMap::new();
        let mut ways = BTreeMap::new();
        for (method, at) in plan.routes.iter().flat_map(|route| &route.operations) {
            let (service, operation) = plan.operation(*at);
            let upstream = match upstreams.get(&at.service) {
                Some(upstream) => upstream.clone(),
                None => upstream_of(plan, setting, service)?,
            };
            upstreams.insert(at.service, upstream.clone());
            let name = |header: &str| StartError::HeaderName {
                operation: operation.id.clone(),
                header: header.to_owned(),
            };
            let way = Way {
                upstream,
                method: Method::from_bytes(method.as_bytes()).map_err(|_error| name(method))?,
                host: HeaderValue::from_str(&service.name).map_err(|_error| name(&service.name))?,
                headers: headers_of(operation)?,
            };
            ways.insert((at.service, at.operation), way);
        }
        Ok(Self { ways })
    }

    /// The way of one operation.
    pub(crate) fn of(&self, at: OperationRef) -> Option<&Way> {
        self.ways.get(&(at.service, at.operation))
    }
}

fn upstream_of(plan: &Plan, setting: &Setting, service: &Service) -> Result<Upstream, StartError> {
    let limits = UpstreamLimits {
        answer_time: Duration::from_secs(plan.limits.upstream_seconds.into()),
        answer_bytes_max: ANSWER_BYTES_MAX,
        idle_max: IDLE_MAX,
    };
    let mutual =
        |address, spiffe| Upstream::mutual(address, spiffe, setting.workload.clone(), limits);
    Ok(match &service.behind {
        Behind::Guard(_) => {
            let address = setting
                .guards
                .get(&service.name)
                .ok_or_else(|| StartError::GuardAddress(service.name.clone()))?;
            mutual(*address, plan.spiffe_guard(&service.name))
        }
        Behind::Authority => mutual(setting.authority, plan.spiffe_authority()),
        Behind::Unguarded { address, .. } => Upstream::plain(*address, limits),
    })
}

/// The header parameters of the operation, and the header that (dangerously) proves an owner.
fn headers_of(operation: &Operation) -> Result<Vec<HeaderName>, StartError> {
    let declared = operation
        .parameters
        .iter()
        .filter(|one| one.place == Place::Header)
        .map(|one| one.name.as_str());
    let evidence = match &operation.ownership {
        Ownership::Object(rule) => match &rule.evidence {
            Evidence::DangerHeader(name) => Some(name.as_str()),
            Evidence::Stored => None,
        },
        Ownership::NoObject
        | Ownership::Public { .. }
        | Ownership::Unowned { .. }
        | Ownership::Undeclared { .. } => None,
    };
    let mut names = Vec::new();
    for header in declared.chain(evidence) {
        let lower = header.to_ascii_lowercase();
        let mistake =
            |make: fn(String, String) -> StartError| make(operation.id.clone(), header.to_owned());
        if RESERVED.contains(&lower.as_str())
            || ["vauban-", "x-forwarded-", "x-ssl-"]
                .iter()
                .any(|p| lower.starts_with(p))
        {
            return Err(mistake(|operation, header| StartError::HeaderReserved {
                operation,
                header,
            }));
        }
        let name = HeaderName::try_from(lower).map_err(|_error| {
            mistake(|operation, header| StartError::HeaderName { operation, header })
        })?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}
