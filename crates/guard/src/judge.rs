//! What a plan must hold for its guards, judged before anything is started.
//!
//! Whoever loads a plan asks here, so that a mistake in a policy is reported like any other mistake of the configuration. A
//! guard asks again when it starts: it does not trust whoever loaded its plan.

use vauban_policy::{Behind, GuardPlan, Mistake, Mistakes, Ownership, Plan, Service};

use crate::cedar;

/// Every mistake in the Cedar policies and schemas of a plan, and between them and what the guarded services offer.
///
/// An operation that names an object and does not say whose it is passes: that is a seam, and `vauban check` finds seams.
pub fn judge_plan(plan: &Plan) -> Result<(), Mistakes> {
    told(plan, undecidable(plan).collect())
}

/// The same for a plan that is about to run: a guard in front of an undeclared operation would refuse to start.
pub fn judge_plan_to_run(plan: &Plan) -> Result<(), Mistakes> {
    let undeclared = guarded(plan).flat_map(|(service, _)| undeclared(service));
    told(plan, undecidable(plan).chain(undeclared).collect())
}

fn undecidable(plan: &Plan) -> impl Iterator<Item = Mistake> {
    guarded(plan).flat_map(|(service, guard)| {
        let policy = cedar::load(&plan.file, service, guard).err();
        unstated(service, guard)
            .into_iter()
            .chain(policy.unwrap_or_default())
    })
}

fn told(plan: &Plan, mistakes: Vec<Mistake>) -> Result<(), Mistakes> {
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(Mistakes::in_order(&plan.file, mistakes))
    }
}

fn guarded(plan: &Plan) -> impl Iterator<Item = (&Service, &GuardPlan)> {
    plan.services
        .iter()
        .filter_map(|service| match &service.behind {
            Behind::Guard(guard) => Some((service, &**guard)),
            Behind::Unguarded { .. } | Behind::Authority => None,
        })
}

/// The operations of a service that name an object and have no rule.
pub(crate) fn undeclared(service: &Service) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for operation in &service.document.operations {
        let Ownership::Undeclared { parameters } = &operation.ownership else {
            continue;
        };
        let parameters: Vec<String> = parameters.iter().map(|name| format!("`{name}`")).collect();
        mistakes.push(Mistake::new(
            &service.document.file,
            operation.spot,
            format!(
                "operation `{}` of `{}` names an object ({}) and has no rule for it",
                operation.id,
                service.name,
                parameters.join(", ")
            ),
            Some(
                "declare `x-vauban-object`, or `x-vauban-public-object` with a reason; `x-vauban-no-object: true` if it names none"
                    .to_owned(),
            ),
        ));
    }
    mistakes
}

/// The operations of a service about an object whose row the guard cannot read.
pub(crate) fn unstated(service: &Service, guard: &GuardPlan) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for operation in &service.document.operations {
        let Ownership::Object(rule) = &operation.ownership else {
            continue;
        };
        let entity = &rule.entity;
        if !guard.facts.objects.contains_key(entity) {
            mistakes.push(Mistake::new(
                &service.document.file,
                operation.spot,
                format!(
                    "operation `{}` asks for a `{entity}`, and `guard.facts.objects` of `{}` has no statement for it",
                    operation.id, service.name
                ),
                Some(format!(
                    "add `{entity}: \"SELECT … AS owner, … AS tenant FROM … WHERE id = $1\"`"
                )),
            ));
        }
    }
    mistakes
}
