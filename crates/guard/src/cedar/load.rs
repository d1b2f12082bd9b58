//! Policies and schema become the shipped judge of owners, or the list of every mistake in them.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use cedar_policy::{
    Authorizer, EntityTypeName, PolicySet, Schema, schema_str_to_json_with_resolved_types,
};
use serde_json::Value;
use vauban_policy::{GuardPlan, Mistake, Service, TextFile};

use super::place::mistake;
use super::{Attribute, CedarOwner, Kind, Names, Shape, judge};

#[cfg(test)]
pub(super) mod tests;

/// What mends a schema when Cedar does not say.
const SCHEMA_HINT: &str = "a schema declares `entity User in [Role] { tenant: Tenant };` and \
    `action readNote appliesTo { principal: User, resource: Note, context: { … } };`";

/// What mends a policy that cannot be read when Cedar does not say.
const POLICY_HINT: &str = "a policy reads `permit (principal is User, action == Action::\"…\", resource is …) when { … };`";

/// Loads the policy of one service; or every mistake in it, in its schema, and between them and what the service offers.
///
/// `file` is the plan's own, in which the statements of the facts stand.
pub(crate) fn load(
    file: &str,
    service: &Service,
    guard: &GuardPlan,
) -> Result<CedarOwner, Vec<Mistake>> {
    let schema = read_schema(&guard.cedar_schema);
    let policies = read_policies(&guard.cedar_policy);
    let (schema, policies) = match (schema, policies) {
        (Ok(schema), Ok(policies)) => (schema, policies),
        (schema, policies) => {
            let mut mistakes = schema.err().unwrap_or_default();
            mistakes.extend(policies.err().unwrap_or_default());
            return Err(mistakes);
        }
    };
    let owner = CedarOwner {
        authorizer: Authorizer::new(),
        policies,
        shapes: shapes(&guard.cedar_schema)?,
        schema,
        names: names(&guard.cedar_schema)?,
    };
    let mistakes = judge::judge(&owner, file, service, guard);
    if mistakes.is_empty() {
        Ok(owner)
    } else {
        Err(mistakes)
    }
}

fn read_schema(file: &TextFile) -> Result<Schema, Vec<Mistake>> {
    let (schema, warnings) = Schema::from_cedarschema_str(&file.text)
        .map_err(|error| vec![mistake(file, &error, None, SCHEMA_HINT)])?;
    let warnings: Vec<Mistake> = warnings
        .map(|warning| mistake(file, &warning, None, SCHEMA_HINT))
        .collect();
    if warnings.is_empty() {
        Ok(schema)
    } else {
        Err(warnings)
    }
}

fn read_policies(file: &TextFile) -> Result<PolicySet, Vec<Mistake>> {
    PolicySet::from_str(&file.text).map_err(|errors| {
        let each = errors.iter();
        each.map(|error| mistake(file, error, None, POLICY_HINT))
            .collect()
    })
}

fn names(file: &TextFile) -> Result<Names, Vec<Mistake>> {
    let name = |text: &str| {
        EntityTypeName::from_str(text)
            .map_err(|error| vec![mistake(file, &error, None, SCHEMA_HINT)])
    };
    Ok(Names {
        user: name("User")?,
        role: name("Role")?,
        tenant: name("Tenant")?,
        action: name("Action")?,
    })
}

/// The attributes of every entity type, read from the schema's own JSON form.
fn shapes(file: &TextFile) -> Result<BTreeMap<String, Shape>, Vec<Mistake>> {
    let (json, _) = schema_str_to_json_with_resolved_types(&file.text)
        .map_err(|error| vec![mistake(file, &error, None, SCHEMA_HINT)])?;
    let namespace = json.get("").unwrap_or(&Value::Null);
    let mut shapes = BTreeMap::new();
    for (entity, declared) in namespace
        .get("entityTypes")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let attributes = declared
            .get("shape")
            .and_then(|shape| shape.get("attributes"))
            .and_then(Value::as_object);
        let attributes = attributes.into_iter().flatten().map(|(name, attribute)| {
            let required = attribute
                .get("required")
                .and_then(Value::as_bool)
                .unwrap_or(true);
            (
                name.clone(),
                Attribute {
                    kind: kind(attribute, namespace, 0),
                    required,
                },
            )
        });
        shapes.insert(
            entity.clone(),
            Shape {
                attributes: attributes.collect(),
            },
        );
    }
    Ok(shapes)
}

/// What an attribute holds. Common types are followed; they cannot refer to themselves, the depth only makes that visible.
fn kind(declared: &Value, namespace: &Value, depth: u8) -> Kind {
    let text = |name: &str| {
        declared
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let name = if text("name").is_empty() {
        text("type")
    } else {
        text("name")
    };
    match name.strip_prefix("__cedar::").unwrap_or(name) {
        "Long" => return Kind::Integer,
        "String" => return Kind::Text,
        "Bool" | "Boolean" => return Kind::Boolean,
        _ => {}
    }
    if text("type") == "Entity" {
        return EntityTypeName::from_str(name).map_or(Kind::Other, Kind::Entity);
    }
    match namespace
        .get("commonTypes")
        .and_then(|types| types.get(name))
    {
        Some(common) if depth < 8 => kind(common, namespace, depth + 1),
        Some(_) | None => Kind::Other,
    }
}
