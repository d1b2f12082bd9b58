//! Policies and schema at start: parsed, validated strictly, and complete for what the service offers.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use cedar_policy::{
    Authorizer, Effect, EntityTypeName, PolicySet, Schema, ValidationMode, Validator,
    schema_str_to_json_with_resolved_types,
};
use serde_json::Value;
use vauban_policy::openapi::{Operation, Ownership};
use vauban_policy::{GuardPlan, Service, TextFile};

use super::{Attribute, CedarOwner, Kind, Names, Shape, uid};
use crate::setting::StartError;

#[cfg(test)]
pub(super) mod tests;

/// Loads the policy of one service, or says where and why it does not hold.
pub(crate) fn load(service: &Service, guard: &GuardPlan) -> Result<CedarOwner, StartError> {
    let schema = read_schema(&guard.cedar_schema)?;
    let policies = read_policies(&guard.cedar_policy, &schema)?;
    let owner = CedarOwner {
        authorizer: Authorizer::new(),
        policies,
        shapes: shapes(&guard.cedar_schema)?,
        schema,
        names: names(&guard.cedar_schema)?,
    };
    for operation in &service.document.operations {
        if let Some(resource) = resource_of(operation) {
            owner.check_permit(
                &guard.cedar_policy,
                &guard.cedar_schema,
                operation,
                resource,
            )?;
        }
    }
    Ok(owner)
}

/// The entity type that the policy is asked about, or `None` when it is not asked.
fn resource_of(operation: &Operation) -> Option<&str> {
    match &operation.ownership {
        Ownership::Object(rule) => Some(&rule.entity),
        Ownership::NoObject => Some("Service"),
        Ownership::Public { .. } | Ownership::Unowned { .. } | Ownership::Undeclared { .. } => None,
    }
}

impl CedarOwner {
    fn check_permit(
        &self,
        policy_file: &TextFile,
        schema_file: &TextFile,
        operation: &Operation,
        resource: &str,
    ) -> Result<(), StartError> {
        let action = uid(&self.names.action, &operation.action);
        let applies = self
            .schema
            .resources_for_action(&action)
            .map(|types| types.map(ToString::to_string).collect::<Vec<_>>());
        if !applies.is_some_and(|types| types.iter().any(|name| name == resource)) {
            return Err(StartError::Cedar {
                file: schema_file.name.clone(),
                message: format!(
                    "action `{}` does not apply to `{resource}`, which operation `{}` needs\n\
                     hint: declare `action {} appliesTo {{ principal: [User], resource: [{resource}], … }};`",
                    operation.action, operation.id, operation.action
                ),
            });
        }
        let permitted = self
            .policies
            .policies()
            .filter(|policy| policy.effect() == Effect::Permit)
            .any(|policy| {
                policy.get_valid_request_envs(&self.schema).any(|env| {
                    *env.action() == action
                        && *env.principal() == self.names.user
                        && env.resource().to_string() == resource
                })
            });
        if permitted {
            return Ok(());
        }
        Err(StartError::NoPermit {
            file: policy_file.name.clone(),
            action: operation.action.clone(),
            resource: resource.to_owned(),
            operation: operation.id.clone(),
        })
    }
}

fn refuse(file: &TextFile, message: impl std::fmt::Display) -> StartError {
    StartError::Cedar {
        file: file.name.clone(),
        message: message.to_string(),
    }
}

fn read_schema(file: &TextFile) -> Result<Schema, StartError> {
    let (schema, warnings) =
        Schema::from_cedarschema_str(&file.text).map_err(|error| refuse(file, chain(&error)))?;
    let warnings: Vec<String> = warnings.map(|warning| warning.to_string()).collect();
    if warnings.is_empty() {
        Ok(schema)
    } else {
        Err(refuse(file, warnings.join("; ")))
    }
}

fn read_policies(file: &TextFile, schema: &Schema) -> Result<PolicySet, StartError> {
    let policies = PolicySet::from_str(&file.text).map_err(|error| refuse(file, chain(&error)))?;
    if policies.templates().next().is_some() {
        return Err(refuse(
            file,
            "a policy has slots (`?principal`, `?resource`), and nothing links them\nhint: write it out",
        ));
    }
    let judged = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
    let mut errors: Vec<String> = judged
        .validation_errors()
        .map(ToString::to_string)
        .collect();
    // A policy that can never apply is a policy that its author believes in.
    errors.extend(judged.validation_warnings().map(ToString::to_string));
    errors.sort();
    if errors.is_empty() {
        Ok(policies)
    } else {
        Err(refuse(file, errors.join("\n")))
    }
}

/// The error with what caused it: Cedar says the place only there.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn names(file: &TextFile) -> Result<Names, StartError> {
    let name = |text: &str| EntityTypeName::from_str(text).map_err(|error| refuse(file, error));
    Ok(Names {
        user: name("User")?,
        role: name("Role")?,
        tenant: name("Tenant")?,
        action: name("Action")?,
    })
}

/// The attributes of every entity type, read from the schema's own JSON form.
fn shapes(file: &TextFile) -> Result<BTreeMap<String, Shape>, StartError> {
    let (json, _) = schema_str_to_json_with_resolved_types(&file.text)
        .map_err(|error| refuse(file, chain(&error)))?;
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
