//! Policies and schema that could be read: do they hold against each other, and for everything that the service offers?

use std::collections::BTreeSet;

use cedar_policy::{
    ActionConstraint, Effect, EntityUid, Policy, PolicyId, ValidationMode, ValidationWarning,
    Validator,
};
use vauban_policy::openapi::{Operation, Ownership};
use vauban_policy::{GuardPlan, Mistake, Service, TextFile};

use super::place::{mistake, slots};
use super::{CedarOwner, uid};

/// What mends a policy when Cedar does not say.
const POLICY_HINT: &str = "compare the policy with what the schema declares";

/// What mends a policy that never applies.
const NEVER_HINT: &str = "mend its scope or its condition, or remove it";

/// Every mistake in the policies, and between them, the schema, the service's operations and its facts.
pub(super) fn judge(
    owner: &CedarOwner,
    file: &str,
    service: &Service,
    guard: &GuardPlan,
) -> Vec<Mistake> {
    let (mut mistakes, wrong) = judge_policies(owner, &guard.cedar_policy);
    for operation in &service.document.operations {
        if let Some(resource) = resource_of(operation) {
            let refused = owner.judge_operation(guard, operation, resource, &wrong);
            mistakes.extend(refused.map(|(message, hint)| {
                Mistake::new(&service.document.file, operation.spot, message, Some(hint))
            }));
        }
    }
    for (entity, statement) in &guard.facts.objects {
        if !owner.shapes.contains_key(entity) {
            let schema = &guard.cedar_schema.name;
            mistakes.push(Mistake::new(
                file,
                statement.spot,
                format!("`{schema}` declares no entity `{entity}`, which has a statement"),
                Some("remove the statement, or declare the entity".to_owned()),
            ));
        }
    }
    mistakes
}

/// The entity type that the policy is asked about, or `None` when it is not asked.
fn resource_of(operation: &Operation) -> Option<&str> {
    match &operation.ownership {
        Ownership::Object(rule) => Some(&rule.entity),
        Ownership::NoObject => Some("Service"),
        Ownership::Public { .. } | Ownership::Unowned { .. } | Ownership::Undeclared { .. } => None,
    }
}

/// Strict validation, in which warnings count, and no templates. Also says which policies are wrong.
fn judge_policies(owner: &CedarOwner, file: &TextFile) -> (Vec<Mistake>, BTreeSet<PolicyId>) {
    let mut mistakes = Vec::new();
    for slot in slots(&file.text) {
        mistakes.push(Mistake::new(
            &file.name,
            slot,
            "a policy has slots (`?principal`, `?resource`), and nothing links them",
            Some("write it out".to_owned()),
        ));
    }
    let validator = Validator::new(owner.schema.clone());
    let judged = validator.validate(&owner.policies, ValidationMode::Strict);
    let mut wrong = BTreeSet::new();
    for error in judged.validation_errors() {
        let policy = error.policy_id().clone();
        mistakes.push(mistake(file, error, Some(policy.as_ref()), POLICY_HINT));
        wrong.insert(policy);
    }
    // A policy that can never apply is a policy that its author believes in. It is told once, in the most exact words.
    let mut warnings: Vec<&ValidationWarning> = judged.validation_warnings().collect();
    warnings.sort_by_key(|warning| matches!(warning, ValidationWarning::ImpossiblePolicy(_)));
    for warning in warnings {
        let policy = warning.policy_id().clone();
        let never = matches!(
            warning,
            ValidationWarning::InvalidActionApplication(_) | ValidationWarning::ImpossiblePolicy(_)
        );
        if never && wrong.contains(&policy) {
            continue;
        }
        let hint = if never { NEVER_HINT } else { POLICY_HINT };
        mistakes.push(mistake(file, warning, Some(policy.as_ref()), hint));
        if never {
            wrong.insert(policy);
        }
    }
    // Cedar reports in no order.
    mistakes.sort();
    (mistakes, wrong)
}

impl CedarOwner {
    /// What the operation lacks, and what mends it.
    fn judge_operation(
        &self,
        guard: &GuardPlan,
        operation: &Operation,
        resource: &str,
        wrong: &BTreeSet<PolicyId>,
    ) -> Option<(String, String)> {
        let (id, name) = (&operation.id, &operation.action);
        let action = uid(&self.names.action, name);
        if let Some(lacking) = self.lacks(&action, resource) {
            let schema = &guard.cedar_schema.name;
            return Some((
                format!(
                    "`{schema}`: action `{name}` does not apply to `{lacking}`, which operation `{id}` needs"
                ),
                format!(
                    "declare `action {name} appliesTo {{ principal: [User], resource: [{resource}], … }};`"
                ),
            ));
        }
        let mut permits = self
            .policies
            .policies()
            .filter(|policy| policy.effect() == Effect::Permit);
        let permitted = permits.any(|policy| {
            if wrong.contains(policy.id()) {
                names(policy, &action)
            } else {
                self.can_permit(policy, &action, resource)
            }
        });
        if permitted {
            return None;
        }
        let policy = &guard.cedar_policy.name;
        Some((
            format!(
                "`{policy}` has no permit for action `{name}` on `{resource}`, which operation `{id}` needs"
            ),
            "write the permit, or remove the operation from the service's document".to_owned(),
        ))
    }

    /// The entity type to which the action does not apply, when there is one.
    fn lacks<'r>(&self, action: &EntityUid, resource: &'r str) -> Option<&'r str> {
        let resources = self.schema.resources_for_action(action);
        if !resources.is_some_and(|mut types| types.any(|found| found.to_string() == resource)) {
            return Some(resource);
        }
        let principals = self.schema.principals_for_action(action);
        let user = principals.is_some_and(|mut types| types.any(|found| *found == self.names.user));
        (!user).then_some("User")
    }

    fn can_permit(&self, policy: &Policy, action: &EntityUid, resource: &str) -> bool {
        policy.get_valid_request_envs(&self.schema).any(|env| {
            env.action() == action
                && *env.principal() == self.names.user
                && env.resource().to_string() == resource
        })
    }
}

/// Whether the policy's scope names the action. Cedar says nothing more of a wrong policy, and the permit that it was meant to
/// be is not missing as well.
fn names(policy: &Policy, action: &EntityUid) -> bool {
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(one) => one == *action,
        ActionConstraint::In(several) => several.contains(action),
    }
}
