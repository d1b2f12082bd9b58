//! The list of attacks, as data. The numbers are those of the catalogue in `docs/attacks.md`.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::outcome::{Attempt, Outcome, Report};
use crate::target::{Target, Write};
use crate::twin::Twin;
use crate::wire::{Answer, Request, Wire, WireError};
use crate::witness::Witness;
use crate::{flood, inside, object, token};

/// One attack: what it is, what it needs, how it is carried out and judged, and who may do the same rightfully.
#[derive(Debug)]
pub struct Template {
    /// Stable identifier.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// Place in the OWASP API Security Top 10 (2023).
    pub api: &'static str,
    /// Where the attacker stands: P0 anonymous, P1 a user, P4 inside a taken-over service.
    pub position: &'static str,
    /// What must be in the attacker's hands; without it the attack does not apply.
    pub needs: Needs,
    /// The same operation by its rightful owner.
    pub twin: Twin,
    attempts: fn(&Scene<'_>) -> Vec<Attempt>,
}

/// What an attack needs beside an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Account,
    /// A token of the victim's that has expired.
    ExpiredToken,
    /// The key that signs access tokens.
    AccessKey,
    /// An internal token of the victim's for the sibling service.
    InternalToken,
}

/// Every attack, in the order of the report.
pub static TEMPLATES: &[Template] = &[
    Template {
        id: "A01",
        title: "read another user's object",
        api: "API1:2023",
        position: "P1",
        needs: Needs::Account,
        twin: Twin::OwnRead,
        attempts: object::read_foreign,
    },
    Template {
        id: "A02",
        title: "change another user's object",
        api: "API1:2023",
        position: "P1",
        needs: Needs::Account,
        twin: Twin::OwnWrite,
        attempts: object::write_foreign,
    },
    Template {
        id: "A04",
        title: "forge evidence of ownership",
        api: "API1:2023",
        position: "P1",
        needs: Needs::Account,
        twin: Twin::OwnRead,
        attempts: object::forge_evidence,
    },
    Template {
        id: "A10",
        title: "user calls an admin operation",
        api: "API5:2023",
        position: "P1",
        needs: Needs::Account,
        twin: Twin::AdminRead,
        attempts: object::call_admin,
    },
    Template {
        id: "A23",
        title: "flood under a spoofed key",
        api: "API4:2023",
        position: "P1",
        needs: Needs::Account,
        twin: Twin::WithinBudget,
        attempts: flood::spoofed_key,
    },
    Template {
        id: "A30",
        title: "token with alg none",
        api: "API2:2023",
        position: "P1",
        needs: Needs::Account,
        twin: Twin::OwnRead,
        attempts: token::alg_none,
    },
    Template {
        id: "A32",
        title: "expired token, exp as string",
        api: "API2:2023",
        position: "P1",
        needs: Needs::ExpiredToken,
        twin: Twin::OwnRead,
        attempts: token::expired,
    },
    Template {
        id: "A35",
        title: "replay at another service",
        api: "API2:2023",
        position: "P4",
        needs: Needs::InternalToken,
        twin: Twin::SiblingsOwn,
        attempts: inside::replay,
    },
    Template {
        id: "A36",
        title: "mint with the stolen key",
        api: "API2:2023",
        position: "P1",
        needs: Needs::AccessKey,
        twin: Twin::OwnRead,
        attempts: token::mint,
    },
    Template {
        id: "A80",
        title: "sibling calls directly",
        api: "API5:2023",
        position: "P4",
        needs: Needs::InternalToken,
        twin: Twin::OwnWrite,
        attempts: inside::call_directly,
    },
    Template {
        id: "FLOOD-IP",
        title: "flood from one address",
        api: "API4:2023",
        position: "P1",
        needs: Needs::Account,
        twin: Twin::WithinBudget,
        attempts: flood::from_one_address,
    },
    Template {
        id: "FLOOD-USER",
        title: "flood by one account",
        api: "API4:2023",
        position: "P1",
        needs: Needs::Account,
        twin: Twin::WithinBudget,
        attempts: flood::by_one_user,
    },
    Template {
        id: "FORGED-SUB",
        title: "victim's sub, attacker's sid",
        api: "API2:2023",
        position: "P1",
        needs: Needs::Account,
        twin: Twin::OwnRead,
        attempts: token::forged_subject,
    },
];

impl Template {
    /// The attack with this identifier.
    pub fn find(id: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| template.id == id)
    }

    /// Whether the target gives the attacker what the attack needs.
    pub fn applies(&self, target: &Target) -> bool {
        match self.needs {
            Needs::Account => true,
            Needs::ExpiredToken => target.stolen.expired_token.is_some(),
            Needs::AccessKey => target.stolen.access_key_pem.is_some(),
            Needs::InternalToken => target.sibling.internal_token.is_some(),
        }
    }

    /// Carries the attack out.
    pub fn run(&self, target: &Target, witness: &dyn Witness) -> Report {
        Report::of((self.attempts)(&Scene::new(self.id, target, witness)))
    }
}

/// References are told apart by a number that never repeats within a process, so that a repeated attack does not find the
/// money that the first one moved.
static REFERENCES: AtomicU32 = AtomicU32::new(0);

/// What an attack works with.
pub(crate) struct Scene<'a> {
    id: &'static str,
    pub(crate) target: &'a Target,
    pub(crate) witness: &'a dyn Witness,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(id: &'static str, target: &'a Target, witness: &'a dyn Witness) -> Self {
        Self {
            id,
            target,
            witness,
        }
    }

    /// A text that nobody has used yet.
    pub(crate) fn reference(&self) -> String {
        format!(
            "{}-{}-{}",
            self.target.run,
            self.id.to_lowercase(),
            REFERENCES.fetch_add(1, Ordering::Relaxed)
        )
    }

    /// The public door.
    pub(crate) fn edge(&self) -> Result<Wire, WireError> {
        let door = &self.target.edge;
        Wire::outside(door.address, &door.host, &door.ca_pem)
    }

    /// Sends a read and judges it by its canary.
    pub(crate) fn judge_read(
        &self,
        wire: Result<Wire, WireError>,
        request: &Request<'_>,
        canary: &str,
    ) -> Outcome {
        match wire.and_then(|mut wire| wire.send(request)) {
            Ok(answer) if self.witness.leaked(&answer.whole, canary) => Outcome::Through {
                evidence: format!("`{}` returned the canary", request.path),
            },
            Ok(answer) => stopped(&answer),
            Err(error) => Outcome::Inconclusive {
                why: error.to_string(),
            },
        }
    }

    /// Sends a change of the victim's object and judges it by what the witness finds in the stored data.
    pub(crate) fn judge_write(
        &self,
        wire: Result<Wire, WireError>,
        write: &Write,
        headers: &[(String, String)],
    ) -> Outcome {
        let reference = self.reference();
        let body = write.body.replace("{reference}", &reference);
        let mut request = Request {
            method: &write.method,
            path: &write.path,
            headers: headers.to_vec(),
            body: body.as_bytes(),
        }
        .with("Content-Type", "application/json");
        if let Some(header) = &write.idempotency_header {
            request = request.with(header, &reference);
        }
        let answer = wire.and_then(|mut wire| wire.send(&request));
        // The effect counts even if the answer was lost.
        match (self.witness.money_moved(&reference), answer) {
            (Ok(true), _) => Outcome::Through {
                evidence: format!("the change `{reference}` is stored"),
            },
            (Ok(false), Ok(answer)) => stopped(&answer),
            (Ok(false), Err(error)) => Outcome::Inconclusive {
                why: error.to_string(),
            },
            (Err(error), _) => Outcome::Inconclusive {
                why: error.to_string(),
            },
        }
    }
}

/// An attempt, named.
pub(crate) fn attempt(variant: impl Into<String>, outcome: Outcome) -> Attempt {
    Attempt {
        variant: variant.into(),
        outcome,
    }
}

/// An answer that was no success, with what it says about who stopped it.
pub(crate) fn stopped(answer: &Answer) -> Outcome {
    Outcome::Stopped {
        status: answer.status,
        code: answer.member("code"),
        decision: answer.member("decision"),
    }
}

#[cfg(test)]
mod tests;
