//! Ownership by Cedar, on what is stored: `owns(subject, object)` and everything else that the policy says.
//!
//! Three pitfalls of the engine are closed here. An erroring `forbid` is skipped by Cedar, so any error refuses. A missing
//! entity makes conditions error, so both entities are always loaded. Unchecked input is compared with what it is not, so the
//! schema is passed everywhere: to the policies at start, to request and entities at each question.

use std::collections::{BTreeMap, HashMap, HashSet};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    PolicySet, Request, RestrictedExpression, Schema,
};

use crate::object_id;
use crate::parts::{
    Answering, Asking, Fact, JudgeOwner, NamedObject, Question, ReadFacts, Row, Verdict,
};

mod judge;
mod load;
mod place;
#[cfg(test)]
mod tests;

pub(crate) use load::load;

/// The shipped [`JudgeOwner`].
#[derive(Debug)]
pub(crate) struct CedarOwner {
    authorizer: Authorizer,
    policies: PolicySet,
    schema: Schema,
    shapes: BTreeMap<String, Shape>,
    names: Names,
}

/// The entity types that every policy here speaks of.
#[derive(Debug)]
struct Names {
    user: EntityTypeName,
    role: EntityTypeName,
    tenant: EntityTypeName,
    action: EntityTypeName,
}

/// Attributes of an entity type, as the schema declares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) attributes: BTreeMap<String, Attribute>,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

/// What a stored column can become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `String`.
    Text,
    /// `Long`.
    Integer,
    /// `Bool`.
    Boolean,
    /// A reference to an entity of this type.
    Entity(EntityTypeName),
    /// Anything else, which no column can hold.
    Other,
}

/// Why the engine could not be asked; becomes [`Verdict::Undecided`].
struct Unaskable(String);

impl JudgeOwner for CedarOwner {
    fn judge<'a>(
        &'a self,
        question: &'a Question<'a>,
        facts: &'a dyn ReadFacts,
    ) -> Answering<'a, Verdict> {
        Box::pin(async move {
            match &question.about {
                Asking::Object(object) => self.judge_object(question, object, facts).await,
                Asking::Service { name, zone } => self.judge_service(question, name, zone),
            }
        })
    }
}

impl CedarOwner {
    pub(crate) fn shapes(&self) -> &BTreeMap<String, Shape> {
        &self.shapes
    }

    async fn judge_object(
        &self,
        question: &Question<'_>,
        object: &NamedObject<'_>,
        facts: &dyn ReadFacts,
    ) -> Verdict {
        let entity = object.entity;
        let Some(id) = object.id.as_deref() else {
            return Verdict::Foreign(format!("the request names no single {entity}"));
        };
        let id = match object_id::canonical(id, object.integer) {
            Ok(id) => id,
            Err(refusal) => return Verdict::Foreign(format!("{entity}: {refusal}")),
        };
        let mut row = match facts.read(entity, id).await {
            Ok(Some(row)) => row,
            Ok(None) => return Verdict::Foreign(format!("no {entity} {id} is stored")),
            Err(error) => return Verdict::Unavailable(error.to_string()),
        };
        let evidence = if let Some(claimed) = &object.claimed_owner {
            let Some(owner) = &claimed.owner else {
                return Verdict::Foreign(format!(
                    "header `{}` does not name one owner",
                    claimed.header
                ));
            };
            row.columns
                .insert("owner".to_owned(), Fact::Text(owner.clone()));
            format!("header `{}`", claimed.header)
        } else {
            "stored row".to_owned()
        };
        let seen = format!("{entity} {id}, {evidence}: {}", describe(&row));
        match self
            .entity(entity, id, &row)
            .and_then(|resource| self.decide(question, resource))
        {
            Ok(decided) => decided.into_verdict(&seen),
            Err(Unaskable(reason)) => Verdict::Undecided(format!("{seen}; {reason}")),
        }
    }

    fn judge_service(&self, question: &Question<'_>, name: &str, zone: &str) -> Verdict {
        let seen = format!("service {name} in zone {zone}");
        let row = Row {
            columns: BTreeMap::from([("zone".to_owned(), Fact::Text(zone.to_owned()))]),
        };
        match self
            .entity("Service", name, &row)
            .and_then(|resource| self.decide(question, resource))
        {
            Ok(decided) => decided.into_verdict(&seen),
            Err(Unaskable(reason)) => Verdict::Undecided(format!("{seen}; {reason}")),
        }
    }

    /// The resource, its attributes typed as the schema says.
    fn entity(&self, entity: &str, id: &str, row: &Row) -> Result<Entity, Unaskable> {
        let shape = self
            .shapes
            .get(entity)
            .ok_or_else(|| Unaskable(format!("the schema has no entity `{entity}`")))?;
        let type_name: EntityTypeName = entity
            .parse()
            .map_err(|error| Unaskable(format!("`{entity}` is no entity type: {error}")))?;
        let mut attributes = HashMap::new();
        for (column, fact) in &row.columns {
            let Some(attribute) = shape.attributes.get(column) else {
                return Err(Unaskable(format!(
                    "the schema has no attribute `{column}` of `{entity}`"
                )));
            };
            if let Some(value) = expression(&attribute.kind, fact)
                .map_err(|reason| Unaskable(format!("`{column}`: {reason}")))?
            {
                attributes.insert(column.clone(), value);
            }
        }
        Entity::new(uid(&type_name, id), attributes, HashSet::new())
            .map_err(|error| Unaskable(error.to_string()))
    }

    fn decide(&self, question: &Question<'_>, resource: Entity) -> Result<Decided, Unaskable> {
        let unaskable =
            |error: &dyn std::fmt::Display| Unaskable(format!("cannot be asked: {error}"));
        let principal = uid(&self.names.user, question.subject);
        let tenant = RestrictedExpression::new_entity_uid(uid(&self.names.tenant, question.tenant));
        let roles = question
            .roles
            .iter()
            .map(|role| uid(&self.names.role, role))
            .collect();
        let user = Entity::new(
            principal.clone(),
            HashMap::from([("tenant".to_owned(), tenant)]),
            roles,
        )
        .map_err(|error| unaskable(&error))?;
        let permissions = question
            .permissions
            .iter()
            .map(|text| RestrictedExpression::new_string(text.clone()));
        let context = Context::from_pairs([
            (
                "caller".to_owned(),
                RestrictedExpression::new_string(question.caller.to_owned()),
            ),
            (
                "permissions".to_owned(),
                RestrictedExpression::new_set(permissions),
            ),
        ])
        .map_err(|error| unaskable(&error))?;
        let action = uid(&self.names.action, question.action);
        let request = Request::new(
            principal,
            action,
            resource.uid(),
            context,
            Some(&self.schema),
        )
        .map_err(|error| unaskable(&error))?;
        let entities = Entities::from_entities([user, resource], Some(&self.schema))
            .map_err(|error| unaskable(&error))?;
        let response = self
            .authorizer
            .is_authorized(&request, &self.policies, &entities);
        let errors: Vec<String> = response
            .diagnostics()
            .errors()
            .map(ToString::to_string)
            .collect();
        if !errors.is_empty() {
            return Err(Unaskable(format!("policy errors: {}", errors.join("; "))));
        }
        let mut reasons: Vec<String> = response
            .diagnostics()
            .reason()
            .map(|id| self.policy_name(id))
            .collect();
        reasons.sort();
        Ok(Decided {
            allowed: response.decision() == Decision::Allow,
            reasons,
        })
    }

    fn policy_name(&self, id: &cedar_policy::PolicyId) -> String {
        let named = self
            .policies
            .policy(id)
            .and_then(|policy| policy.annotation("id"))
            .map(str::to_owned);
        named.unwrap_or_else(|| id.to_string())
    }
}

/// What the engine decided, and by which policies.
struct Decided {
    allowed: bool,
    reasons: Vec<String>,
}

impl Decided {
    fn into_verdict(self, seen: &str) -> Verdict {
        let by = if self.reasons.is_empty() {
            "no permit".to_owned()
        } else {
            self.reasons.join(", ")
        };
        let fact = format!("{seen}; {by}");
        if self.allowed {
            Verdict::Allowed(fact)
        } else {
            Verdict::Foreign(fact)
        }
    }
}

fn uid(type_name: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(type_name.clone(), EntityId::new(id))
}

/// A stored value as the schema types it; NULL is an absent attribute.
fn expression(kind: &Kind, fact: &Fact) -> Result<Option<RestrictedExpression>, &'static str> {
    Ok(Some(match (kind, fact) {
        (_, Fact::Null) => return Ok(None),
        (Kind::Text, Fact::Text(text)) => RestrictedExpression::new_string(text.clone()),
        (Kind::Integer, Fact::Integer(number)) => RestrictedExpression::new_long(*number),
        (Kind::Boolean, Fact::Boolean(truth)) => RestrictedExpression::new_bool(*truth),
        (Kind::Boolean, Fact::Integer(number @ (0 | 1))) => {
            RestrictedExpression::new_bool(*number == 1)
        }
        (Kind::Entity(name), Fact::Text(text)) => {
            RestrictedExpression::new_entity_uid(uid(name, text))
        }
        (Kind::Entity(name), Fact::Integer(number)) => {
            RestrictedExpression::new_entity_uid(uid(name, &number.to_string()))
        }
        (Kind::Text | Kind::Integer | Kind::Boolean | Kind::Entity(_) | Kind::Other, _) => {
            return Err("the stored value is not of the schema's type");
        }
    }))
}

/// Owner and tenant of a row, for the audit.
fn describe(row: &Row) -> String {
    let show = |name: &str| match row.columns.get(name) {
        Some(Fact::Text(text)) => text.clone(),
        Some(Fact::Integer(number)) => number.to_string(),
        Some(Fact::Boolean(truth)) => truth.to_string(),
        Some(Fact::Null) | None => "none".to_owned(),
    };
    format!("owner {}, tenant {}", show("owner"), show("tenant"))
}
