//! A plan laid out as facts: small tables that rules join.

use std::collections::BTreeSet;

use vauban_policy::{
    Authenticate, Behind, BudgetKey, Caller, Evidence, FactsDatabase, GuardPlan, Line, Locate,
    Operation, Ownership, Plan, Service,
};

use crate::Components;

/// Everything that rules look at.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Operations that somebody can reach, in the plan's order.
    pub operations: Vec<OperationFact>,
    /// Services other than the authority.
    pub services: Vec<ServiceFact>,
    /// Budgets of all lines.
    pub budgets: Vec<BudgetFact>,
    /// Which libraries decide.
    pub components: Components,
}

/// An operation that somebody can reach.
#[derive(Debug, Clone)]
pub struct OperationFact {
    /// Its service.
    pub service: String,
    /// Its id.
    pub id: String,
    /// `METHOD /path`.
    pub subject: String,
    /// True when every way to it identifies the caller.
    pub identified: bool,
    /// True when it changes something.
    pub writes: bool,
    /// Whose object it is about.
    pub ownership: Ownership,
    /// Further names that look like object references and that no rule binds.
    pub unbound: Vec<String>,
}

/// A service.
#[derive(Debug, Clone)]
pub struct ServiceFact {
    /// Its name.
    pub name: String,
    /// Its zone.
    pub zone: String,
    /// The operator's reason for having no guard in front of it.
    pub unguarded_because: Option<String>,
    /// True when anybody inside may call it.
    pub open_to_anyone: bool,
    /// True when somebody can reach it.
    pub reachable: bool,
    /// True when the database decides about rows as well, under a signed context.
    pub row_level_security: bool,
}

/// A budget.
#[derive(Debug, Clone)]
pub struct BudgetFact {
    /// Its name.
    pub name: String,
    /// The line that spends it.
    pub line: String,
    /// The header that the client writes, when that is the key.
    pub client_header: Option<String>,
    /// Requests per 86 400 seconds.
    pub requests_per_day: u64,
    /// Operations that spend it; `None` is every one.
    pub operations: Option<BTreeSet<String>>,
}

/// Lays out a plan and its components.
pub fn facts(plan: &Plan, components: &Components) -> Facts {
    let services = plan
        .services
        .iter()
        .filter(|service| !matches!(service.behind, Behind::Authority));
    Facts {
        operations: plan
            .services
            .iter()
            .flat_map(|service| operations(plan, service))
            .collect(),
        services: services
            .map(|service| service_fact(plan, service))
            .collect(),
        budgets: plan.limits.budgets.iter().map(budget_fact).collect(),
        components: components.clone(),
    }
}

fn operations<'p>(
    plan: &'p Plan,
    service: &'p Service,
) -> impl Iterator<Item = OperationFact> + 'p {
    service.document.operations.iter().filter_map(|operation| {
        let ways = ways_to(plan, service, operation);
        if ways.is_empty() {
            return None;
        }
        Some(OperationFact {
            service: service.name.clone(),
            id: operation.id.clone(),
            subject: format!("{} {}", operation.method, operation.path),
            identified: ways.iter().all(|identified| *identified),
            writes: !operation.effect_safe,
            ownership: operation.ownership.clone(),
            unbound: operation.unbound.clone(),
        })
    })
}

/// For each way to an operation, whether it identifies the caller. Calls among services carry an internal token.
fn ways_to(plan: &Plan, service: &Service, operation: &Operation) -> Vec<bool> {
    let mut ways = Vec::new();
    for route in &plan.routes {
        for found in route.operations.values().map(|at| plan.operation(*at)) {
            if found.0.name == service.name && found.1.id == operation.id {
                ways.push(matches!(route.authenticate, Authenticate::Jwt));
            }
        }
    }
    for call in plan.callers_of(&service.name) {
        if !matches!(call.from, Caller::Edge) && call.covers(&operation.id) {
            ways.push(true);
        }
    }
    ways
}

fn service_fact(plan: &Plan, service: &Service) -> ServiceFact {
    let (unguarded_because, row_level_security) = match &service.behind {
        Behind::Guard(guard) => (None, has_rows(guard)),
        Behind::Unguarded { because, .. } => (Some(because.clone()), false),
        Behind::Authority => (None, false),
    };
    ServiceFact {
        name: service.name.clone(),
        zone: service.zone.clone(),
        unguarded_because,
        open_to_anyone: plan
            .callers_of(&service.name)
            .iter()
            .any(|call| call.from == Caller::Anyone),
        reachable: !plan.callers_of(&service.name).is_empty(),
        row_level_security,
    }
}

fn has_rows(guard: &GuardPlan) -> bool {
    guard.context_key.is_some() && matches!(guard.facts.database, FactsDatabase::Postgres(_))
}

fn budget_fact(budget: &vauban_policy::Budget) -> BudgetFact {
    let client_header = match &budget.key {
        BudgetKey::DangerHeader(header) => Some(header.clone()),
        BudgetKey::Ip | BudgetKey::User | BudgetKey::Account | BudgetKey::Endpoint => None,
    };
    BudgetFact {
        name: budget.name.clone(),
        line: match &budget.at {
            Line::Edge => "edge".to_owned(),
            Line::Authority => "authority".to_owned(),
            Line::Guard(service) => format!("guard:{service}"),
        },
        client_header,
        requests_per_day: u64::from(budget.requests) * 86_400 / u64::from(budget.seconds.max(1)),
        operations: budget
            .operations
            .as_ref()
            .map(|listed| listed.iter().cloned().collect()),
    }
}

impl Facts {
    /// A service by name.
    pub fn service(&self, name: &str) -> Option<&ServiceFact> {
        self.services.iter().find(|service| service.name == name)
    }
}

impl ServiceFact {
    /// True when a guard stands in front of it.
    pub fn guarded(&self) -> bool {
        self.unguarded_because.is_none()
    }
}

impl OperationFact {
    /// What names the object, in the author's words.
    pub fn named_by(&self) -> String {
        match &self.ownership {
            Ownership::Object(rule) => match &rule.locate {
                Locate::Path(name)
                | Locate::Query(name)
                | Locate::Header(name)
                | Locate::Body(name) => format!("`{name}`"),
            },
            Ownership::Undeclared { parameters } => list(parameters),
            Ownership::NoObject | Ownership::Public { .. } | Ownership::Unowned { .. } => {
                list(&self.unbound)
            }
        }
    }

    /// The header that proves the owner, when the caller writes it.
    pub fn caller_evidence(&self) -> Option<&str> {
        match &self.ownership {
            Ownership::Object(rule) => match &rule.evidence {
                Evidence::DangerHeader(header) => Some(header),
                Evidence::Stored => None,
            },
            Ownership::NoObject
            | Ownership::Public { .. }
            | Ownership::Unowned { .. }
            | Ownership::Undeclared { .. } => None,
        }
    }
}

/// Words in backticks.
pub(crate) fn list(words: &[String]) -> String {
    words
        .iter()
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
