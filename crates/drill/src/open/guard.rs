//! Opened parts of the guard.

use std::collections::BTreeSet;
use std::future::ready;
use std::sync::Arc;

use vauban_guard::{
    Answering, Claims, Exhausted, Expected, InternalRefusal, JudgeOwner, JudgePeer, JudgeSession,
    LibraryRefusal, Parts, PeerRefusal, Presented, PublicKey, Question, ReadFacts, ReadInternal,
    SessionRefusal, Spend, Spending, Verdict, VerifySignature,
};
use vauban_policy::Plan;

use super::Believed;
use crate::fault::Fault;

/// What an opened part says it decided on.
const OPENED: &str = "opened by the drill";

/// Replaces what is down.
pub(crate) fn open(mut parts: Parts, down: &BTreeSet<Fault>, plan: &Plan) -> Parts {
    if down.contains(&Fault::GuardPeer) {
        parts.peer = Arc::new(Agrees);
    }
    if down.contains(&Fault::GuardLibrary) {
        parts.signature = Arc::new(Agrees);
    }
    if down.contains(&Fault::GuardToken) {
        let issuer = &plan.issuer;
        parts.token = Arc::new(Believes {
            roles: issuer.roles.keys().cloned().collect(),
            permissions: issuer.roles.values().flatten().cloned().collect(),
        });
    }
    if down.contains(&Fault::GuardSession) {
        parts.session = Arc::new(Agrees);
    }
    if down.contains(&Fault::GuardBudget) {
        parts.budget = Arc::new(Agrees);
    }
    if down.contains(&Fault::GuardOwnership) {
        parts.ownership = Arc::new(Agrees);
    }
    parts
}

/// Says yes to everything.
#[derive(Debug)]
struct Agrees;

impl JudgePeer for Agrees {
    fn judge(
        &self,
        _spiffe: Option<&str>,
        _operation: Option<&str>,
    ) -> Result<String, PeerRefusal> {
        Ok(OPENED.to_owned())
    }
}

impl VerifySignature for Agrees {
    fn verify(
        &self,
        _token: &str,
        _key: &PublicKey,
        _expected: &Expected<'_>,
    ) -> Result<(), LibraryRefusal> {
        Ok(())
    }
}

impl JudgeSession for Agrees {
    fn judge<'a>(&'a self, _claims: &'a Claims) -> Answering<'a, Result<String, SessionRefusal>> {
        Box::pin(ready(Ok(OPENED.to_owned())))
    }
}

impl Spend for Agrees {
    fn spend(&self, _spending: &Spending<'_>) -> Result<Option<String>, Exhausted> {
        Ok(None)
    }
}

impl JudgeOwner for Agrees {
    fn judge<'a>(
        &'a self,
        _question: &'a Question<'a>,
        _facts: &'a dyn ReadFacts,
    ) -> Answering<'a, Verdict> {
        Box::pin(ready(Verdict::Allowed(OPENED.to_owned())))
    }
}

/// Believes what any token says, and without a token what the identity headers say: the guard that trusts its network.
#[derive(Debug)]
struct Believes {
    roles: Vec<String>,
    permissions: Vec<String>,
}

impl ReadInternal for Believes {
    fn read<'a>(
        &'a self,
        presented: Presented<'a>,
        _signature: &'a dyn VerifySignature,
    ) -> Answering<'a, Result<Claims, InternalRefusal>> {
        let believed = Believed::of(presented.token);
        let header = |name: &str| {
            presented
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let or_all = |claimed: Vec<String>, all: &[String]| {
            if presented.token.is_some() {
                claimed
            } else {
                all.to_vec()
            }
        };
        let claims = Claims {
            subject: match presented.token {
                Some(_) => believed.text("sub"),
                None => header("vauban-subject").unwrap_or_default(),
            },
            client_id: believed.text("client_id"),
            tenant: believed.text("tenant"),
            session: believed.text("sid"),
            jti: believed.text("jti"),
            roles: or_all(believed.words("roles"), &self.roles),
            permissions: or_all(believed.words("permissions"), &self.permissions),
            issued_at: presented.now_unix_s,
            expires_at: presented.now_unix_s + 60,
        };
        Box::pin(ready(Ok(claims)))
    }
}
