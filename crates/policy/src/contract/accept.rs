//! A request against its operation.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::violation::{short, step};
use super::{
    BodyContract, Content, Input, MediaContract, Parameter, Place, Schema, Violation, json, text,
};
use crate::Denial;
use crate::openapi::Operation;

/// Most violations collected; a peer that sends more learns the first ones.
const VIOLATIONS_MAX: usize = 32;

/// Why a request is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The operation declares no such media type for its body.
    MediaType,
    /// The body is longer than its media type allows.
    TooLarge,
    /// Something in it breaks the contract.
    Violated(Vec<Violation>),
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::MediaType => Self::ContractMediaType,
            Refusal::TooLarge => Self::BodyTooLarge,
            Refusal::Violated(violations) => Self::ContractViolated { violations },
        }
    }
}

impl Operation {
    /// Accepts exactly what the document declares: unknown query parameters and body fields, wrong types, missing values and
    /// JSON with two readings are refused.
    ///
    /// Headers are looked at where the operation declares them; what else a client sends is the edge's concern.
    pub fn accept(&self, input: &Input<'_>) -> Result<(), Refusal> {
        let mut violations = Vec::new();
        for parameter in &self.parameters {
            judge_parameter(parameter, input, &mut violations);
        }
        self.judge_unknown_queries(input, &mut violations);
        match &self.body {
            Some(contract) => judge_body(contract, input, &mut violations)?,
            None if !input.body.is_empty() => {
                violations.push(Violation::body("", "this operation takes no body"));
            }
            None => {}
        }
        violations.truncate(VIOLATIONS_MAX);
        if violations.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Violated(violations))
        }
    }

    fn judge_unknown_queries(&self, input: &Input<'_>, violations: &mut Vec<Violation>) {
        let mut seen: Vec<&str> = Vec::new();
        for (name, _) in input.query.pairs() {
            let declared =
                |parameter: &Parameter| parameter.place == Place::Query && parameter.name == *name;
            if violations.len() < VIOLATIONS_MAX
                && !seen.contains(&name.as_str())
                && !self.parameters.iter().any(declared)
            {
                violations.push(Violation::parameter(
                    Place::Query,
                    name,
                    "is not a parameter of this operation",
                ));
                seen.push(name);
            }
        }
    }
}

/// Every text that the request brings for one parameter.
pub(super) fn texts_of<'i>(place: Place, name: &str, input: &Input<'i>) -> Vec<&'i str> {
    let equal = |pair: &&'i (String, String)| pair.0 == name;
    match place {
        Place::Path => input
            .path_parameters
            .iter()
            .filter(equal)
            .map(|pair| pair.1.as_str())
            .collect(),
        Place::Query => input
            .query
            .pairs()
            .iter()
            .filter(equal)
            .map(|pair| pair.1.as_str())
            .collect(),
        Place::Header => (input.headers)(name).into_iter().collect(),
        Place::Body => Vec::new(),
    }
}

fn judge_parameter(parameter: &Parameter, input: &Input<'_>, violations: &mut Vec<Violation>) {
    let texts = texts_of(parameter.place, &parameter.name, input);
    if texts.is_empty() {
        if parameter.required {
            violations.push(Violation::parameter(
                parameter.place,
                &parameter.name,
                "is missing",
            ));
        }
        return;
    }
    match text::read(parameter.reading, &texts) {
        Err(reason) => violations.push(Violation::parameter(
            parameter.place,
            &parameter.name,
            reason,
        )),
        Ok(value) => {
            for error in parameter
                .schema
                .validator
                .iter_errors(&value)
                .take(VIOLATIONS_MAX)
            {
                let base = step("", &parameter.name);
                let (pointer, reason) = explain(&error);
                violations.push(Violation {
                    place: parameter.place,
                    pointer: format!("{base}{pointer}"),
                    reason,
                });
            }
        }
    }
}

fn judge_body(
    contract: &BodyContract,
    input: &Input<'_>,
    violations: &mut Vec<Violation>,
) -> Result<(), Refusal> {
    if input.body.is_empty() && input.content_type.is_none() {
        if contract.required {
            violations.push(Violation::body("", "is missing"));
        }
        return Ok(());
    }
    let media = find_media(&contract.media, input.content_type).ok_or(Refusal::MediaType)?;
    if input.body.is_empty() {
        violations.push(Violation::body("", "is missing"));
        return Ok(());
    }
    match &media.content {
        Content::Opaque { bytes_max } => match bytes_max {
            Some(max) if u64::try_from(input.body.len()).is_ok_and(|length| length <= *max) => {
                Ok(())
            }
            Some(_) => Err(Refusal::TooLarge),
            None => Ok(()),
        },
        Content::Json(schema) => {
            violations.extend(judge_json(schema, input.body));
            Ok(())
        }
    }
}

/// The contract for a `Content-Type`; parameters other than `charset=utf-8` are refused, because they change the reading.
pub(super) fn find_media<'m>(
    media: &'m [MediaContract],
    content_type: Option<&str>,
) -> Option<&'m MediaContract> {
    let mut parts = content_type?.split(';').map(str::trim);
    let essence = parts.next()?.to_ascii_lowercase();
    let utf8 = |part: &str| {
        part.eq_ignore_ascii_case("charset=utf-8") || part.eq_ignore_ascii_case("charset=\"utf-8\"")
    };
    if !parts.all(utf8) {
        return None;
    }
    media.iter().find(|one| one.media_type == essence)
}

/// Scans, reads and validates JSON text.
pub(super) fn judge_json(schema: &Schema, body: &[u8]) -> Vec<Violation> {
    if let Err(flaw) = json::scan(body) {
        return vec![Violation::body(flaw.pointer, flaw.reason)];
    }
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return vec![Violation::body("", "is not JSON")];
    };
    let (mut violations, mut unevaluated) = (Vec::new(), Vec::new());
    for error in schema.validator.iter_errors(&value).take(VIOLATIONS_MAX) {
        let unknown = matches!(
            error.kind(),
            ValidationErrorKind::UnevaluatedProperties { .. }
        );
        collect_body(
            &error,
            if unknown {
                &mut unevaluated
            } else {
                &mut violations
            },
        );
    }
    // A part of a composed schema that fails leaves its fields unevaluated; they are not unknown for that.
    let all = if violations.is_empty() {
        unevaluated
    } else {
        violations
    };
    // Several parts of a composed schema can say the same.
    let mut told: Vec<Violation> = Vec::new();
    for violation in all {
        if !told.contains(&violation) {
            told.push(violation);
        }
    }
    told
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the list is another crate's and grows with JSON Schema"
)]
fn collect_body(error: &ValidationError<'_>, violations: &mut Vec<Violation>) {
    let at = error.instance_path().as_str();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            for name in unexpected.iter().take(VIOLATIONS_MAX) {
                violations.push(Violation::body(
                    step(at, name),
                    "is not a field of this object",
                ));
            }
        }
        ValidationErrorKind::Required { property } => {
            violations.push(Violation::body(
                step(at, property.as_str().unwrap_or_default()),
                "is missing",
            ));
        }
        _ => {
            let (pointer, reason) = explain(error);
            violations.push(Violation::body(pointer, reason));
        }
    }
}

/// Place and reason of a schema error, in words that hold the author's limits and never the peer's value.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the list is another crate's and grows with JSON Schema"
)]
fn explain(error: &ValidationError<'_>) -> (String, String) {
    let pointer = error.instance_path().as_str();
    let reason = match error.kind() {
        ValidationErrorKind::Type { .. } => "has the wrong type".to_owned(),
        ValidationErrorKind::Format { format } => format!("is not of format `{format}`"),
        ValidationErrorKind::Pattern { pattern } => format!("does not match `{pattern}`"),
        ValidationErrorKind::Enum { options } => format!("is none of {options}"),
        ValidationErrorKind::Constant { expected_value } => format!("is not {expected_value}"),
        ValidationErrorKind::Minimum { limit } => format!("is less than {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("is more than {limit}"),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("is not more than {limit}"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("is not less than {limit}"),
        ValidationErrorKind::MinLength { limit } => format!("is shorter than {limit} characters"),
        ValidationErrorKind::MaxLength { limit } => format!("is longer than {limit} characters"),
        ValidationErrorKind::MinItems { limit } => format!("has fewer than {limit} values"),
        ValidationErrorKind::MaxItems { limit } => format!("has more than {limit} values"),
        ValidationErrorKind::MultipleOf { multiple_of } => {
            format!("is not a multiple of {multiple_of}")
        }
        other => format!("breaks `{}`", other.keyword()),
    };
    (cut(pointer), reason)
}

/// A pointer whose words are cut.
fn cut(pointer: &str) -> String {
    pointer
        .split('/')
        .skip(1)
        .fold(String::new(), |whole, word| {
            format!("{whole}/{}", short(word))
        })
}
