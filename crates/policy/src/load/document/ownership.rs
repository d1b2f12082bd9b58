//! Whose object is an operation about? Declared, or guessed by names so that silence is noticed.

mod suspect;

use self::suspect::{Suspect, binds, suspects};
use super::operation::NamedParameter;
use super::parameter::is_own_header;
use super::{Grammar, Source, grammar, one_of};
use crate::Spot;
use crate::contract::Place;
use crate::load::report::{At, Fields, Report};
use crate::load::words::{is_entity, is_header};
use crate::load::yaml::{Kind, Node};
use crate::openapi::{Evidence, Foreign, Locate, ObjectRule, Ownership};

/// Most schemas that the search for names visits.
const SEARCH_VISITS_MAX: usize = 4096;

const OBJECT: Grammar = Grammar {
    what: "`x-vauban-object`",
    known: &["entity", "in", "name", "pointer", "foreign", "evidence"],
    unsupported: &[],
};

const EVIDENCE: Grammar = Grammar {
    what: "`evidence`",
    known: &["danger_header"],
    unsupported: &[],
};

/// What the operation names.
pub(super) struct Named<'p, 'n> {
    pub(super) parameters: &'p [NamedParameter],
    pub(super) body: Option<&'n Node>,
}

/// The declared rule, and the names that look like references and that it does not bind.
pub(super) fn read<'n>(
    report: &mut Report,
    source: &Source<'n>,
    fields: &Fields<'n>,
    named: &Named<'_, 'n>,
) -> Option<(Ownership, Vec<String>)> {
    let keys = [
        "x-vauban-object",
        "x-vauban-no-object",
        "x-vauban-public-object",
        "x-vauban-danger-unowned",
    ];
    let written: Vec<(&str, Spot)> = keys
        .into_iter()
        .filter_map(|key| Some((key, fields.key_spot(key)?)))
        .collect();
    if let [(first, _), (second, spot), ..] = written.as_slice() {
        report.mistake(
            *spot,
            format!("`{first}` and `{second}` exclude each other"),
        );
        return None;
    }
    let suspects = suspects(report, source, named);
    if let Some(node) = fields.get("x-vauban-object") {
        let rule = read_rule(report, source, node, named)?;
        let unbound = suspects
            .into_iter()
            .filter(|suspect| !binds(&rule.locate, suspect))
            .map(Suspect::text)
            .collect();
        return Some((Ownership::Object(rule), unbound));
    }
    if let Some(node) = fields.get("x-vauban-public-object") {
        let because = report.text(node, "`x-vauban-public-object`")?.value;
        return Some((Ownership::Public { because }, Vec::new()));
    }
    if let Some(node) = fields.get("x-vauban-danger-unowned") {
        let because = report.text(node, "`x-vauban-danger-unowned`")?.value;
        return Some((Ownership::Unowned { because }, Vec::new()));
    }
    let none = match fields.get("x-vauban-no-object") {
        Some(node) => report.boolean(node, "`x-vauban-no-object`")?,
        None => false,
    };
    if none || suspects.is_empty() {
        return Some((Ownership::NoObject, Vec::new()));
    }
    let parameters = suspects.into_iter().map(Suspect::text).collect();
    Some((Ownership::Undeclared { parameters }, Vec::new()))
}

fn read_rule<'n>(
    report: &mut Report,
    source: &Source<'n>,
    node: &'n Node,
    named: &Named<'_, 'n>,
) -> Option<ObjectRule> {
    let fields = grammar(report, node, &OBJECT)?;
    let entity = fields.need_text(report, "entity").filter(|entity| {
        let good = is_entity(&entity.value);
        if !good {
            report.mistake(entity.spot, format!("`{}` is no entity type", entity.value));
        }
        good
    });
    let locate = read_locate(report, source, &fields, named);
    let foreign = match fields.get("foreign") {
        Some(node) => one_of(
            report,
            node,
            "`foreign`",
            &[("404", Foreign::NotFound), ("403", Foreign::Forbidden)],
        ),
        None => Some(Foreign::NotFound),
    };
    let evidence = match fields.get("evidence") {
        Some(node) if matches!(node.kind, Kind::Map(_)) => {
            let fields = grammar(report, node, &EVIDENCE)?;
            let header = fields.need_text(report, "danger_header")?;
            if !is_header(&header.value) {
                report.mistake(header.spot, format!("`{}` is no header name", header.value));
            } else if is_own_header(&header.value) {
                let message = format!(
                    "header `{}` belongs to the lines and cannot be evidence",
                    header.value
                );
                report.mistake_hint(header.spot, message, "name a header of your own");
            }
            Some(Evidence::DangerHeader(header.value))
        }
        Some(node) => {
            one_of(report, node, "`evidence`", &[("stored", ())]).map(|()| Evidence::Stored)
        }
        None => Some(Evidence::Stored),
    };
    Some(ObjectRule {
        entity: entity?.value,
        locate: locate?,
        evidence: evidence?,
        foreign: foreign?,
    })
}

const PLACES: &[(&str, Place)] = &[
    ("path", Place::Path),
    ("query", Place::Query),
    ("header", Place::Header),
    ("body", Place::Body),
];

fn read_locate<'n>(
    report: &mut Report,
    source: &Source<'n>,
    fields: &Fields<'n>,
    named: &Named<'_, 'n>,
) -> Option<Locate> {
    let place = fields
        .need(report, "in")
        .and_then(|node| one_of(report, node, "`in`", PLACES))?;
    let (key, other) = if place == Place::Body {
        ("pointer", "name")
    } else {
        ("name", "pointer")
    };
    if let Some(spot) = fields.key_spot(other) {
        report.mistake_hint(
            spot,
            format!("`{other}` does nothing with `in: {place}`"),
            format!("use `{key}`"),
        );
    }
    let word = fields.need_text(report, key)?;
    match place {
        Place::Body => {
            judge_pointer(report, source, &word, named).then_some(Locate::Body(word.value))
        }
        Place::Path => judge_name(report, &word, place, named).then_some(Locate::Path(word.value)),
        Place::Query => {
            judge_name(report, &word, place, named).then_some(Locate::Query(word.value))
        }
        Place::Header => {
            judge_name(report, &word, place, named).then_some(Locate::Header(word.value))
        }
    }
}

/// The object must be named by a parameter that is always there.
fn judge_name(report: &mut Report, word: &At<String>, place: Place, named: &Named<'_, '_>) -> bool {
    let found = named
        .parameters
        .iter()
        .find(|one| one.place == place && one.name == word.value);
    match found {
        None => report.mistake(
            word.spot,
            format!("the operation has no {place} parameter `{}`", word.value),
        ),
        Some(one) if !one.required => {
            let hint = "write `required: true` at the parameter";
            report.mistake_hint(
                word.spot,
                format!(
                    "parameter `{}` names the object and may be missing",
                    word.value
                ),
                hint,
            );
        }
        Some(_) => return true,
    }
    false
}

/// The object must be named by a property that is always there, whatever the media type of the body.
fn judge_pointer<'n>(
    report: &mut Report,
    source: &Source<'n>,
    word: &At<String>,
    named: &Named<'_, 'n>,
) -> bool {
    if !word.value.starts_with('/') {
        let message = format!("`{}` is no JSON Pointer", word.value);
        report.mistake_hint(word.spot, message, "e.g. `/from_account`");
        return false;
    }
    let body = named
        .body
        .and_then(|body| source.resolve(report, body, "requestBodies"));
    let media = body
        .and_then(|body| body.get("content"))
        .map(Node::entries)
        .unwrap_or_default();
    let always = body
        .and_then(|body| body.get("required"))
        .and_then(Node::scalar)
        == Some("true");
    if media.is_empty() || !always {
        let hint = "give the operation a `requestBody` with `required: true`";
        report.mistake_hint(
            word.spot,
            format!(
                "`{}` names the object and the body may be missing",
                word.value
            ),
            hint,
        );
        return false;
    }
    media.iter().all(|entry| {
        let schema = entry.value.get("schema").filter(|_| is_json(&entry.key));
        let found = schema.is_some_and(|schema| is_required(source, schema, &word.value));
        if !found {
            let message = format!(
                "`{}` names the object and may be missing in `{}`",
                word.value, entry.key
            );
            report.mistake_hint(
                word.spot,
                message,
                "list the property under `required` in each media type",
            );
        }
        found
    })
}

fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || media_type.ends_with("+json")
}

/// True when every value of the schema has something at the pointer.
fn is_required<'n>(source: &Source<'n>, schema: &'n Node, pointer: &str) -> bool {
    let mut facets = facets(source, schema);
    for step in pointer.split('/').skip(1) {
        let name = step.replace("~1", "/").replace("~0", "~");
        let listed = |schema: &&Node| {
            let required = schema.get("required").map(Node::items).unwrap_or_default();
            required.iter().any(|one| one.scalar() == Some(&name))
        };
        if !facets.iter().any(listed) {
            return false;
        }
        let properties = facets
            .iter()
            .filter_map(|schema| schema.get("properties")?.get(&name));
        facets = properties
            .flat_map(|property| self::facets(source, property))
            .collect();
    }
    !facets.is_empty()
}

/// The schema and all that it is composed of by `allOf`; what is wrong with a reference is reported where it is compiled.
fn facets<'n>(source: &Source<'n>, schema: &'n Node) -> Vec<&'n Node> {
    let mut silent = Report::new("");
    let mut facets: Vec<&'n Node> = Vec::new();
    let mut todo = vec![schema];
    while let Some(node) = todo.pop() {
        let Some(node) = source.resolve(&mut silent, node, "schemas") else {
            continue;
        };
        if facets.len() < SEARCH_VISITS_MAX
            && !facets.iter().any(|known| std::ptr::eq(*known, node))
        {
            facets.push(node);
            todo.extend(node.get("allOf").map(Node::items).unwrap_or_default());
        }
    }
    facets
}

/// The schema of the JSON body, when there is one.
fn body_schema<'n>(
    report: &mut Report,
    source: &Source<'n>,
    named: &Named<'_, 'n>,
) -> Option<&'n Node> {
    let body = source.resolve(report, named.body?, "requestBodies")?;
    let entry = body
        .get("content")?
        .entries()
        .iter()
        .find(|entry| is_json(&entry.key))?;
    source.resolve(report, entry.value.get("schema")?, "schemas")
}
