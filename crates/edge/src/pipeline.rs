//! The pipeline: the steps in their order. Each needs what the one before returned.

use std::sync::Arc;

use vauban_net::{Answer, Arrival, Body};
use vauban_policy::{Denial, Line, Plan};

use crate::answer::{self, Filtered};
use crate::decision::{Decision, Decisions};
use crate::memory::Memory;
use crate::parts::Parts;
use crate::paths::Paths;
use crate::record::{self, Trail};
use crate::relay::Ways;
use crate::setting::{Setting, StartError};
use crate::{
    accept, authorize, body, budget, contract, flood, identify, inspect, matching, read, relay,
};

/// The edge, ready to answer.
#[derive(Debug)]
pub(crate) struct Edge {
    plan: Arc<Plan>,
    setting: Setting,
    parts: Parts,
    ways: Ways,
    hosts: Vec<String>,
    paths: Paths,
    decisions: Decisions,
    memory: Arc<Memory>,
}

impl Edge {
    /// Works out what can be worked out before the first request.
    pub(crate) fn new(plan: Arc<Plan>, setting: Setting, parts: Parts) -> Result<Self, StartError> {
        let listeners = plan
            .listeners
            .iter()
            .filter(|listener| listener.line == Line::Edge);
        let hosts: Vec<String> = listeners
            .flat_map(|listener| listener.hosts.iter().cloned())
            .collect();
        if hosts.is_empty() {
            return Err(StartError::NoListener);
        }
        let ways = Ways::new(&plan, &setting)?;
        Ok(Self {
            paths: Paths::of(&plan),
            plan,
            setting,
            parts,
            ways,
            hosts,
            decisions: Decisions::default(),
            memory: Memory::shipped(),
        })
    }

    async fn judge(
        &self,
        arrival: Arrival,
        decision: &Decision,
        trail: &mut Trail,
    ) -> Result<Filtered, Denial> {
        let parts = &self.parts;
        let now_ms = self.setting.clock.monotonic_ms();
        let now_unix_s = self.setting.clock.unix_ms() / 1000;
        if let Arrival::Refused(_, peer) = &arrival {
            flood::charge_refused(accept::address_of(peer), &*parts.budget_ip, now_ms);
        }
        let (accepted, body) = accept::accept(arrival, trail)?;
        let address = accepted.address();
        let canonical = read::read(accepted, &self.hosts, trail)
            .inspect_err(|_denial| flood::charge_refused(address, &*parts.budget_ip, now_ms))?;
        let admitted = flood::admit(canonical, &*parts.budget_ip, now_ms, trail)?;
        let matched = matching::find(
            admitted,
            (&self.plan, &self.paths),
            &*parts.budget_ip,
            now_ms,
            trail,
        )?;
        let (surveyed, mut watch) =
            inspect::head(matched, &*parts.inspect, decision, now_unix_s, trail)?;
        let identified =
            identify::identify(surveyed, &*parts.token, &*parts.keys, now_unix_s, trail).await?;
        let charged = budget::charge(identified, &*parts.budget_user, now_ms, trail)?;
        let permit = authorize::authorize(charged, &*parts.roles, &*parts.permissions, trail)?;
        let body_max = self.plan.limits.body_bytes_max;
        let whole = body::read(permit, body, body_max, &self.memory, trail).await?;
        let inspected = inspect::body(whole, &mut watch, trail)?;
        let conforming = contract::check(inspected, &*parts.contract, trail)?;
        let relayed =
            relay::relay(conforming, &self.ways, &*parts.exchange, decision, trail).await?;
        answer::filter(relayed, &*parts.contract, &mut watch, trail)
    }
}

impl Answer for Edge {
    async fn answer(&self, arrival: Arrival) -> http::Response<Body> {
        let (decision, drawn) = match self.decisions.next() {
            Some(decision) => (decision, true),
            None => (Decision::NONE, false),
        };
        let mut trail = Trail::new(self.setting.clock.unix_ms(), &decision);
        let judged = if drawn {
            self.judge(arrival, &decision, &mut trail).await
        } else {
            // Without randomness there is no id, and without an id nothing can be recorded under it.
            Err(Denial::Overloaded)
        };
        record::conclude(&self.setting.audit, &decision, trail, judged).await
    }
}
