//! Who may call: the plan's `calls`, and the isolation of zones.

use vauban_policy::{Call, Caller, Plan};

use crate::parts::{JudgePeer, PeerRefusal};

#[cfg(test)]
mod tests;

/// The shipped [`JudgePeer`].
#[derive(Debug)]
pub(crate) struct DeclaredCallers {
    service: String,
    calls: Vec<Declared>,
    /// SPIFFE id → isolated zone that it stands in.
    isolated: Vec<(String, String)>,
}

#[derive(Debug)]
struct Declared {
    /// `None` is anybody inside (`danger_anyone`).
    spiffe: Option<String>,
    call: Call,
}

impl DeclaredCallers {
    pub(crate) fn new(plan: &Plan, service: &str) -> Self {
        let calls = plan.callers_of(service).into_iter().map(|call| Declared {
            spiffe: match &call.from {
                Caller::Edge => Some(plan.spiffe_edge()),
                Caller::Service(name) => Some(plan.spiffe_service(name)),
                Caller::Anyone => None,
            },
            call: call.clone(),
        });
        let isolated_zone = |zone: &str| {
            plan.zones
                .iter()
                .any(|one| one.name == zone && one.isolated)
        };
        let isolated = plan
            .services
            .iter()
            .filter(|one| isolated_zone(&one.zone))
            .flat_map(|one| {
                let ids = [plan.spiffe_service(&one.name), plan.spiffe_guard(&one.name)];
                ids.map(|spiffe| (spiffe, one.zone.clone()))
            });
        Self {
            service: service.to_owned(),
            calls: calls.collect(),
            isolated: isolated.collect(),
        }
    }
}

impl JudgePeer for DeclaredCallers {
    fn judge(&self, spiffe: Option<&str>, operation: Option<&str>) -> Result<String, PeerRefusal> {
        let refuse = |fact: String| Err(PeerRefusal { fact });
        let Some(spiffe) = spiffe else {
            return refuse("the connection has no workload certificate".to_owned());
        };
        // Isolation is not a default that a call could override, not even `danger_anyone`.
        if let Some((_, zone)) = self.isolated.iter().find(|(id, _)| id == spiffe) {
            return refuse(format!(
                "{spiffe} stands in the isolated zone {zone}, which may call nobody"
            ));
        }
        let mut calls = self
            .calls
            .iter()
            .filter(|one| one.spiffe.as_deref().is_none_or(|id| id == spiffe))
            .peekable();
        if calls.peek().is_none() {
            return refuse(format!(
                "{spiffe} is no declared caller of {}",
                self.service
            ));
        }
        match operation {
            Some(operation) if !calls.any(|one| one.call.covers(operation)) => {
                refuse(format!("{spiffe} is no declared caller of {operation}"))
            }
            Some(_) | None => Ok(spiffe.to_owned()),
        }
    }
}
