//! Step 4, match: the route of the canonical path, and the operation of the method. What is not listed does not exist.

use vauban_audit::control;
use vauban_policy::{Denial, Operation, OperationRef, Plan, Route, Service};

use crate::flood::{self, Admitted};
use crate::parts::{Spend, Stage};
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

/// Finds route and operation, and charges the address's budgets that count this operation alone.
pub(crate) fn find<'p>(
    admitted: Admitted,
    plan: &'p Plan,
    budget: &dyn Spend,
    now_ms: u64,
    trail: &mut Trail,
) -> Result<Matched<'p>, Denial> {
    let canonical = admitted.canonical();
    let Some(found) = plan.route(&canonical.target().path) else {
        trail.refused(control::EDGE_ROUTE, "no route has this path");
        return Err(Denial::RouteUnknown);
    };
    let method = canonical.accepted().head().method.as_str();
    let Some(at) = found.route.operations.get(method).copied() else {
        trail.refused(
            control::EDGE_ROUTE,
            format!("route `{}` does not offer this method", found.route.path),
        );
        return Err(Denial::MethodRefused {
            allowed: found.route.operations.keys().cloned().collect(),
        });
    };
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
