//! Paths and operations.

use super::{Grammar, Source, body, grammar, ownership, parameter};
use crate::Spot;
use crate::contract::Parameter;
use crate::load::report::{At, Fields, Report};
use crate::load::yaml::{Entry, Node};
use crate::openapi::Operation;
use crate::template::PathTemplate;

const METHODS: &[&str] = &["get", "head", "post", "put", "patch", "delete", "options"];

const PATH_ITEM: Grammar = Grammar {
    what: "a path",
    known: &[
        "summary",
        "description",
        "parameters",
        "get",
        "head",
        "post",
        "put",
        "patch",
        "delete",
        "options",
    ],
    unsupported: &[
        ("$ref", "write the operations here"),
        ("trace", "the edge does not serve this method"),
        ("servers", "write the whole path under `paths`"),
    ],
};

const OPERATION: Grammar = Grammar {
    what: "an operation",
    known: &[
        "operationId",
        "summary",
        "description",
        "tags",
        "externalDocs",
        "deprecated",
        "security",
        "parameters",
        "requestBody",
        "responses",
        "x-vauban-action",
        "x-vauban-object",
        "x-vauban-no-object",
        "x-vauban-public-object",
        "x-vauban-danger-unowned",
    ],
    unsupported: &[
        (
            "callbacks",
            "calls from the service to clients do not pass the edge",
        ),
        ("servers", "write the whole path under `paths`"),
    ],
};

/// Reads all operations of one path.
pub(super) fn read_path<'n>(
    report: &mut Report,
    source: &Source<'n>,
    entry: &'n Entry,
    operations: &mut Vec<At<Operation>>,
) {
    let path = match PathTemplate::parse(&entry.key) {
        Ok(path) => path,
        Err(error) => {
            report.mistake(entry.spot, format!("`{}` is no path: {error}", entry.key));
            return;
        }
    };
    let Some(fields) = grammar(report, &entry.value, &PATH_ITEM) else {
        return;
    };
    if let Some(other) = operations
        .iter()
        .map(|one| &one.value.path)
        .find(|other| other.same_shape(&path))
    {
        report.mistake(
            entry.spot,
            format!("`{path}` and `{other}` stand for the same paths"),
        );
    }
    for method in METHODS {
        let (Some(node), Some(spot)) = (fields.get(method), fields.key_spot(method)) else {
            continue;
        };
        let Some(operation) = read_operation(
            report,
            source,
            node,
            (method, spot),
            &path,
            fields.get("parameters"),
        ) else {
            continue;
        };
        if let Some(other) = operations
            .iter()
            .find(|other| other.value.id == operation.id)
        {
            let hint = format!("the first one stands on line {}", other.spot.line);
            report.mistake_hint(
                node.spot,
                format!("there are two operations `{}`", operation.id),
                hint,
            );
        }
        operations.push(At {
            value: operation,
            spot: node.spot,
        });
    }
}

fn read_operation<'n>(
    report: &mut Report,
    source: &Source<'n>,
    node: &'n Node,
    (method, spot): (&str, Spot),
    path: &PathTemplate,
    shared: Option<&'n Node>,
) -> Option<Operation> {
    let fields = grammar(report, node, &OPERATION)?;
    let id = fields
        .need_text(report, "operationId")
        .filter(|id| judge_id(report, id));
    let action = fields
        .get("x-vauban-action")
        .map(|node| report.text(node, "`x-vauban-action`"));
    let parameters = read_parameters(report, source, &fields, shared, path);
    let body = fields
        .get("requestBody")
        .map(|node| body::read_request(report, source, node));
    if let Some(body_spot) = fields.key_spot("requestBody")
        && matches!(method, "get" | "head")
    {
        report.mistake(
            body_spot,
            format!("a body of `{method}` has no meaning (RFC 9110 §9.3.1)"),
        );
    }
    let answers = fields
        .need(report, "responses")
        .map(|node| body::read_answers(report, source, node));
    let names = ownership::Named {
        parameters: &parameters,
        body: fields.get("requestBody"),
    };
    let (ownership, unbound) = ownership::read(report, source, &fields, &names)?;
    let (id, answers) = (id?.value, answers?);
    let body = match body {
        None => None,
        Some(read) => Some(read?),
    };
    Some(Operation {
        action: action
            .flatten()
            .map_or_else(|| id.clone(), |action| action.value),
        id,
        spot,
        method: method.to_ascii_uppercase(),
        path: path.clone(),
        parameters: parameters
            .into_iter()
            .filter_map(|named| named.parameter)
            .collect(),
        body,
        ownership,
        unbound,
        answers,
        effect_safe: matches!(method, "get" | "head" | "options"),
    })
}

fn judge_id(report: &mut Report, id: &At<String>) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let fine = id.value.len() <= 128 && id.value.chars().all(good);
    if !fine {
        report.mistake(
            id.spot,
            format!(
                "`{}` is no operation id: letters, digits, `_`, `-` and `.` only",
                id.value
            ),
        );
    }
    fine
}

/// A parameter of an operation, as far as it could be read.
pub(super) struct NamedParameter {
    pub(super) name: String,
    pub(super) place: crate::Place,
    /// True when the author says that it names no object.
    pub(super) no_object: bool,
    pub(super) required: bool,
    pub(super) parameter: Option<Parameter>,
    /// Segment before it, for path parameters.
    pub(super) after: Option<String>,
}

fn read_parameters<'n>(
    report: &mut Report,
    source: &Source<'n>,
    fields: &Fields<'n>,
    shared: Option<&'n Node>,
    path: &PathTemplate,
) -> Vec<NamedParameter> {
    let own = fields
        .get("parameters")
        .and_then(|node| report.list(node, "`parameters`"))
        .unwrap_or_default();
    let shared = shared
        .and_then(|node| report.list(node, "`parameters`"))
        .unwrap_or_default();
    let mut found: Vec<NamedParameter> = Vec::new();
    for (node, own) in own
        .iter()
        .map(|node| (node, true))
        .chain(shared.iter().map(|node| (node, false)))
    {
        let Some(mut named) = parameter::read(report, source, node) else {
            continue;
        };
        if found
            .iter()
            .any(|other| other.place == named.place && same_name(other, &named))
        {
            // The operation's own parameter replaces the path's (OpenAPI 3.1 §4.8.9.1).
            if own {
                report.mistake(
                    node.spot,
                    format!("{} parameter `{}` stands twice", named.place, named.name),
                );
            }
            continue;
        }
        if named.place == crate::Place::Path {
            if path.parameters().any(|name| name == named.name) {
                named.after = segment_before(path, &named.name);
            } else {
                report.mistake(
                    node.spot,
                    format!("the path `{path}` has no parameter `{}`", named.name),
                );
            }
        }
        found.push(named);
    }
    for name in path.parameters() {
        if !found
            .iter()
            .any(|named| named.place == crate::Place::Path && named.name == name)
        {
            report.mistake(
                fields.spot,
                format!("path parameter `{name}` of `{path}` is not described"),
            );
        }
    }
    found
}

/// Names of headers are the same in any case.
fn same_name(one: &NamedParameter, other: &NamedParameter) -> bool {
    one.name == other.name
        || one.place == crate::Place::Header && one.name.eq_ignore_ascii_case(&other.name)
}

/// The literal segment before a parameter.
fn segment_before(path: &PathTemplate, name: &str) -> Option<String> {
    let mut before = None;
    for segment in path.segments() {
        match segment {
            crate::Segment::Parameter(found) if found == name => return before,
            crate::Segment::Parameter(_) => before = None,
            crate::Segment::Literal(word) => before = Some(word.clone()),
        }
    }
    None
}
