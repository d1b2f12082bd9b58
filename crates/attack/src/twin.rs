//! The legitimate twins: the same operations by their rightful owners.
//!
//! A twin that fails in a configuration makes every "stopped" there worthless. Twins are judged like attacks, by canaries and
//! effects, so that a witness who sees nothing is found out.

use crate::object::bearer;
use crate::outcome::Outcome;
use crate::target::Target;
use crate::template::Scene;
use crate::wire::Request;
use crate::witness::Witness;

/// A legitimate use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Twin {
    /// The victim reads their own objects.
    OwnRead,
    /// The victim changes their own object.
    OwnWrite,
    /// The administrator calls the administrator's operation.
    AdminRead,
    /// A user stays within the budget.
    WithinBudget,
    /// A user calls the sibling service's own operation.
    SiblingsOwn,
}

/// What came of a twin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TwinOutcome {
    /// It succeeded, as it must.
    Succeeded,
    /// It did not.
    Failed {
        /// What was in the way.
        why: String,
    },
}

impl Twin {
    /// Every twin.
    pub const ALL: &'static [Self] = &[
        Self::OwnRead,
        Self::OwnWrite,
        Self::AdminRead,
        Self::WithinBudget,
        Self::SiblingsOwn,
    ];

    /// Stable name, for reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::OwnRead => "own-read",
            Self::OwnWrite => "own-write",
            Self::AdminRead => "admin-read",
            Self::WithinBudget => "within-budget",
            Self::SiblingsOwn => "siblings-own",
        }
    }

    /// Does what its owner may do.
    pub fn run(self, target: &Target, witness: &dyn Witness) -> TwinOutcome {
        let scene = Scene::new("twin", target, witness);
        let outcomes = match self {
            Self::OwnRead => own_read(&scene),
            Self::OwnWrite => {
                let mut headers = own_evidence(target);
                headers.push(bearer(&target.victim.access_token));
                vec![scene.judge_write(scene.edge(), &target.write, &headers)]
            }
            Self::AdminRead => {
                let request =
                    Request::read(&target.admin_read.path).bearer(&target.admin.access_token);
                vec![scene.judge_read(scene.edge(), &request, &target.admin_read.canary)]
            }
            Self::WithinBudget => return within_budget(&scene),
            Self::SiblingsOwn => vec![siblings_own(&scene)],
        };
        outcomes
            .iter()
            .find_map(failure)
            .unwrap_or(TwinOutcome::Succeeded)
    }
}

fn own_read(scene: &Scene<'_>) -> Vec<Outcome> {
    let token = &scene.target.victim.access_token;
    let one = |read: &crate::target::Read| {
        let mut request = Request::read(&read.path).bearer(token);
        request.headers.extend(own_evidence(scene.target));
        scene.judge_read(scene.edge(), &request, &read.canary)
    };
    scene.target.reads.iter().map(one).collect()
}

/// Where the configuration takes a header for evidence, its rightful users send it, and truly.
fn own_evidence(target: &Target) -> Vec<(String, String)> {
    target
        .evidence_headers
        .iter()
        .map(|name| (name.clone(), target.victim.subject.clone()))
        .collect()
}

fn siblings_own(scene: &Scene<'_>) -> Outcome {
    let upload = &scene.target.upload;
    let request = Request {
        method: "POST",
        path: &upload.path,
        headers: Vec::new(),
        body: &upload.body,
    }
    .with("Content-Type", &upload.content_type)
    .bearer(&scene.target.victim.access_token);
    scene.judge_read(scene.edge(), &request, &upload.canary)
}

/// Two requests of one user: fewer than any budget allows.
fn within_budget(scene: &Scene<'_>) -> TwinOutcome {
    let target = scene.target;
    let count = || {
        scene
            .witness
            .served(&target.flood.operation, &target.victim.subject)
    };
    let carried_out = || -> Result<u64, String> {
        let before = count().map_err(|error| error.to_string())?;
        let mut wire = scene.edge().map_err(|error| error.to_string())?;
        for _ in 0..2 {
            let request = Request::read(&target.flood.path).bearer(&target.victim.access_token);
            wire.send(&request).map_err(|error| error.to_string())?;
        }
        Ok(count()
            .map_err(|error| error.to_string())?
            .saturating_sub(before))
    };
    match carried_out() {
        Ok(2) => TwinOutcome::Succeeded,
        Ok(served) => TwinOutcome::Failed {
            why: format!("the service received {served} of 2 requests"),
        },
        Err(why) => TwinOutcome::Failed { why },
    }
}

fn failure(outcome: &Outcome) -> Option<TwinOutcome> {
    let why = match outcome {
        Outcome::Through { .. } => return None,
        Outcome::Stopped { status, code, .. } => {
            let code = code.as_deref().unwrap_or("no code");
            format!(
                "the rightful owner was answered {status} ({code}), without the expected effect"
            )
        }
        Outcome::Inconclusive { why } => why.clone(),
    };
    Some(TwinOutcome::Failed { why })
}
