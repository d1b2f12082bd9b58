//! Step 4, match: the route of the canonical path, and the operation of the method. What is not listed does not exist.

use vauban_audit::control;
use vauban_http::{CanonicalPath, Target};
use vauban_policy::{Denial, Operation, OperationRef, Plan, Route, RouteMatch, Service};

use crate::flood::{self, Admitted};
use crate::parts::{Spend, Stage};
use crate::paths::Paths;
use crate::record::Trail;

/// A request for an operation of the plan.
#[derive(Debug)]
pub(crate) struct Matched<'p> {
    /// Behind a pointer, because from here on the evidence is kept while others are waited for.
    admitted: Box<Admitted>,
    route: &'p Route,
    at: OperationRef,
    service: &'p Service,
    operation: &'p Operation,
    parameters: Vec<(String, String)>,
}

impl<'p> Matched<'p> {
    /// The evidence before.
    pub(crate) fn admitted(&self) -> &Admitted {
        &self.admitted
    }

    /// The route.
    pub(crate) fn route(&self) -> &'p Route {
        self.route
    }

    /// Where the operation stands in the plan.
    pub(crate) fn at(&self) -> OperationRef {
        self.at
    }

    /// The service that offers the operation.
    pub(crate) fn service(&self) -> &'p Service {
        self.service
    }

    /// The operation.
    pub(crate) fn operation(&self) -> &'p Operation {
        self.operation
    }

    /// The path's parameters under the names of the route.
    pub(crate) fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }
}

/// What a request would ask for.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'p> {
    /// The route.
    pub route: &'p Route,
    /// The service that offers the operation.
    pub service: &'p Service,
    /// The operation.
    pub operation: &'p Operation,
}

/// What a request would ask for, for somebody who asks about it and sends nothing: the same reading, the same route.
///
/// # Errors
/// What the edge would answer.
pub fn route_of<'p>(plan: &'p Plan, method: &str, target: &str) -> Result<Hit<'p>, Denial> {
    let target = Target::parse(target).map_err(Denial::Path)?;
    let (found, at) = lead(plan, &target.path, method).map_err(Lost::denial)?;
    let (service, operation) = plan.operation(at);
    Ok(Hit {
        route: found.route,
        service,
        operation,
    })
}

/// Why nothing is there.
enum Lost<'p> {
    Route,
    Method(&'p Route),
}

impl Lost<'_> {
    fn fact(&self) -> String {
        match self {
            Self::Route => "no route has this path".to_owned(),
            Self::Method(route) => format!("route `{}` does not offer this method", route.path),
        }
    }

    fn denial(self) -> Denial {
        match self {
            Self::Route => Denial::RouteUnknown,
            Self::Method(route) => Denial::MethodRefused {
                allowed: route.operations.keys().cloned().collect(),
            },
        }
    }
}

/// Where a path and a method lead.
fn lead<'p>(
    plan: &'p Plan,
    path: &CanonicalPath,
    method: &str,
) -> Result<(RouteMatch<'p>, OperationRef), Lost<'p>> {
    let found = plan.route(path).ok_or(Lost::Route)?;
    match found.route.operations.get(method).copied() {
        Some(at) => Ok((found, at)),
        None => Err(Lost::Method(found.route)),
    }
}

/// Finds route and operation, and charges the address's budgets that count this operation alone.
pub(crate) fn find<'p>(
    admitted: Admitted,
    (plan, paths): (&'p Plan, &Paths),
    budget: &dyn Spend,
    now_ms: u64,
    trail: &mut Trail,
) -> Result<Matched<'p>, Denial> {
    let canonical = admitted.canonical();
    let method = canonical.accepted().head().method.as_str();
    let path = &canonical.target().path;
    let led = lead(plan, path, method);
    let route = match &led {
        Ok((found, _)) => Some(found.route),
        Err(Lost::Method(route)) => Some(*route),
        Err(Lost::Route) => None,
    };
    if let Some(shown) = route.and_then(|route| paths.shown(&route.path, path)) {
        trail.restate(control::EDGE_CANONICAL, &shown);
    }
    let (found, at) = led.map_err(|lost| {
        trail.refused(control::EDGE_ROUTE, lost.fact());
        lost.denial()
    })?;
    let (service, operation) = plan.operation(at);
    trail.asks_for(found.route.path.as_str(), service, operation);
    trail.passed(control::EDGE_ROUTE, service.name.clone());
    flood::charge(
        canonical,
        budget,
        Stage::Matched,
        Some(&operation.id),
        now_ms,
    )
    .map_err(|overspent| flood::refuse(&overspent, control::EDGE_BUDGET_IP, trail))?;
    Ok(Matched {
        route: found.route,
        at,
        service,
        operation,
        parameters: found.parameters,
        admitted: Box::new(admitted),
    })
}
