//! Opened parts of the authority.

use std::collections::BTreeSet;
use std::sync::Arc;

use vauban_authority::{Claimed, Issued, JudgeRegistry, Parts, RegistryRefusal, Vouched};
use vauban_policy::Plan;

use crate::fault::Fault;

/// Replaces what is down.
pub(crate) fn open(mut parts: Parts, down: &BTreeSet<Fault>, plan: &Plan) -> Parts {
    if down.contains(&Fault::Registry) {
        parts.registry = Arc::new(Believes {
            roles: plan.issuer.roles.keys().cloned().collect(),
        });
    }
    parts
}

/// Vouches for whatever the edge says it read. Roles are not said; they are the stored ones, or all for a token that nobody
/// issued.
#[derive(Debug)]
struct Believes {
    roles: Vec<String>,
}

impl JudgeRegistry for Believes {
    fn judge(
        &self,
        claimed: &Claimed,
        stored: Option<&Issued>,
        now_unix_s: u64,
    ) -> Result<Vouched, RegistryRefusal> {
        Ok(Vouched {
            subject: claimed.subject.clone(),
            client_id: claimed.client_id.clone(),
            tenant: claimed.tenant.clone(),
            session: claimed.session.clone(),
            roles: stored.map_or_else(|| self.roles.clone(), |stored| stored.roles.clone()),
            scope: stored.and_then(|stored| stored.scope.clone()),
            ends_at: now_unix_s + 60,
        })
    }
}
