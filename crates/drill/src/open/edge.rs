//! Opened parts of the edge.

use std::collections::BTreeSet;
use std::sync::Arc;

use vauban_edge::{
    Arrived, Ask, Inspect, Inspection, Judge, JudgeContract, Leaving, Overspent, Parts, ReadToken,
    Ruling, Spend,
};
use vauban_policy::contract::Refusal;
use vauban_policy::{Input, Operation, Plan, Violation};
use vauban_token::{Claims, Profile, SignatureLibrary, TokenRefusal, Verifier};

use super::Believed;
use crate::fault::Fault;

/// Replaces what is down.
pub(crate) fn open(mut parts: Parts, down: &BTreeSet<Fault>, plan: &Plan) -> Parts {
    if down.contains(&Fault::EdgeLibrary) {
        let profile = Profile {
            issuer: plan.issuer.issuer.clone(),
            audience: plan.issuer.audience.clone(),
            life_seconds_max: plan.issuer.access_token_seconds,
        };
        parts.token = Arc::new(Verifier::new(profile, Arc::new(Lies)));
    }
    if down.contains(&Fault::EdgeToken) {
        parts.token = Arc::new(Believes);
    }
    if down.contains(&Fault::EdgeRoles) {
        parts.roles = Arc::new(Agrees);
        parts.permissions = Arc::new(Agrees);
    }
    if down.contains(&Fault::EdgeBudgets) {
        parts.budget_ip = Arc::new(Agrees);
        parts.budget_user = Arc::new(Agrees);
    }
    if down.contains(&Fault::EdgeInspect) {
        parts.inspect = Arc::new(Agrees);
    }
    if down.contains(&Fault::EdgeContract) {
        parts.contract = Arc::new(Agrees);
    }
    parts
}

/// Says yes to everything.
#[derive(Debug)]
struct Agrees;

impl Judge for Agrees {
    fn judge(&self, _required: &[String], _held: &[String]) -> bool {
        true
    }
}

impl Spend for Agrees {
    fn spend(&self, _ask: &Ask<'_>) -> Result<(), Overspent> {
        Ok(())
    }
}

impl Inspect for Agrees {
    fn begin(&self, _arrived: &Arrived<'_>) -> (Ruling, Box<dyn Inspection>) {
        (Ruling::Nothing, Box::new(Self))
    }
}

impl Inspection for Agrees {
    fn body(&mut self, _bytes: &[u8]) -> Ruling {
        Ruling::Nothing
    }

    fn answer(&mut self, _leaving: &Leaving<'_>) -> Ruling {
        Ruling::Nothing
    }
}

impl JudgeContract for Agrees {
    fn request(&self, _operation: &Operation, _input: &Input<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    fn answer(
        &self,
        _operation: &Operation,
        _status: u16,
        _content_type: Option<&str>,
        _body: &[u8],
    ) -> Result<(), Vec<Violation>> {
        Ok(())
    }
}

/// Believes what any token says.
#[derive(Debug)]
struct Believes;

impl ReadToken for Believes {
    fn read(&self, token: Option<&str>, now_unix_s: u64) -> Result<Claims, TokenRefusal> {
        let believed = Believed::of(token);
        Ok(Claims {
            subject: believed.text("sub"),
            client_id: believed.text("client_id"),
            tenant: believed.text("tenant"),
            session: believed.text("sid"),
            jti: believed.text("jti"),
            roles: believed.words("roles"),
            permissions: believed.words("scope"),
            actors: Vec::new(),
            expires_at: now_unix_s + 60,
            issued_at: now_unix_s,
        })
    }
}

/// A library that takes every signature for valid. Whatever else is checked is checked by others.
#[derive(Debug)]
struct Lies;

impl SignatureLibrary for Lies {
    fn verify(&self, _signing_input: &str, _signature: &str, _kid: &str) -> bool {
        true
    }
}
