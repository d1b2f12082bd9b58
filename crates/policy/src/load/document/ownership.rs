//! Whose object is an operation about? Declared, or guessed by names so that silence is noticed.

use super::operation::NamedParameter;
use super::{Grammar, Source, grammar, one_of};
use crate::contract::Place;
use crate::load::report::{At, Fields, Report};
use crate::load::words::{is_entity, is_header};
use crate::load::yaml::{Kind, Node, Spot};
use crate::openapi::{Evidence, Foreign, Locate, ObjectRule, Ownership};

/// Most schemas inside each other that the search for names goes through.
const SEARCH_DEPTH_MAX: usize = 12;

/// Most schemas that the search for names visits.
const SEARCH_VISITS_MAX: usize = 4096;

/// Headers whose name looks like a reference and is none.
const NO_REFERENCES: &[&str] = &[
    "idempotency-key",
    "x-idempotency-key",
    "request-id",
    "x-request-id",
    "x-correlation-id",
];

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

/// The object must be named by a property that is always there.
fn judge_pointer<'n>(
    report: &mut Report,
    source: &Source<'n>,
    word: &At<String>,
    named: &Named<'_, 'n>,
) -> bool {
    let Some(path) = word.value.strip_prefix('/') else {
        report.mistake_hint(
            word.spot,
            format!("`{}` is no JSON Pointer", word.value),
            "e.g. `/from_account`",
        );
        return false;
    };
    let mut current = body_schema(report, source, named);
    for step in path.split('/') {
        let name = step.replace("~1", "/").replace("~0", "~");
        let Some(schema) = current else {
            report.mistake(word.spot, format!("the JSON body has no `{}`", word.value));
            return false;
        };
        let required = schema.get("required").map(Node::items).unwrap_or_default();
        if !required.iter().any(|one| one.scalar() == Some(&name)) {
            let hint = format!("list `{name}` under `required`");
            report.mistake_hint(
                word.spot,
                format!("`{}` names the object and may be missing", word.value),
                hint,
            );
            return false;
        }
        let property = schema
            .get("properties")
            .and_then(|properties| properties.get(&name));
        current = property.and_then(|node| source.resolve(report, node, "schemas"));
    }
    let found = current.is_some();
    if !found {
        report.mistake(word.spot, format!("the JSON body has no `{}`", word.value));
    }
    found
}

/// The schema of the JSON body.
fn body_schema<'n>(
    report: &mut Report,
    source: &Source<'n>,
    named: &Named<'_, 'n>,
) -> Option<&'n Node> {
    let body = source.resolve(report, named.body?, "requestBodies")?;
    let json = |key: &str| key == "application/json" || key.ends_with("+json");
    let entry = body
        .get("content")?
        .entries()
        .iter()
        .find(|entry| json(&entry.key))?;
    source.resolve(report, entry.value.get("schema")?, "schemas")
}

/// Something that looks like a reference to an object.
enum Suspect {
    Parameter(Place, String),
    /// JSON Pointer; `*` stands for every item.
    Body(String),
}

impl Suspect {
    fn text(self) -> String {
        match self {
            Self::Parameter(_, text) | Self::Body(text) => text,
        }
    }
}

fn binds(locate: &Locate, suspect: &Suspect) -> bool {
    match (locate, suspect) {
        (Locate::Path(name), Suspect::Parameter(Place::Path, other))
        | (Locate::Query(name), Suspect::Parameter(Place::Query, other))
        | (Locate::Header(name), Suspect::Parameter(Place::Header, other))
        | (Locate::Body(name), Suspect::Body(other)) => name == other,
        _ => false,
    }
}

fn suspects<'n>(report: &mut Report, source: &Source<'n>, named: &Named<'_, 'n>) -> Vec<Suspect> {
    let mut suspects = Vec::new();
    for one in named.parameters.iter().filter(|one| !one.no_object) {
        let plural = one.after.as_deref().is_some_and(is_plural);
        if is_reference(&one.name) || (one.place == Place::Path && plural) {
            suspects.push(Suspect::Parameter(one.place, one.name.clone()));
        }
    }
    if let Some(schema) = body_schema(report, source, named) {
        // What is wrong with a reference is reported where the schema is compiled.
        let mut silent = Report::new(report.file());
        let mut search = Search {
            source,
            visits: SEARCH_VISITS_MAX,
            silent: &mut silent,
            suspects: &mut suspects,
        };
        search.schema(schema, "", SEARCH_DEPTH_MAX);
    }
    suspects
}

/// Goes through the properties of a body; schemas may contain themselves, so both depth and visits are bounded.
struct Search<'s, 'n> {
    source: &'s Source<'n>,
    visits: usize,
    silent: &'s mut Report,
    suspects: &'s mut Vec<Suspect>,
}

impl<'n> Search<'_, 'n> {
    fn schema(&mut self, schema: &'n Node, pointer: &str, depth: usize) {
        let (Some(depth), Some(visits)) = (depth.checked_sub(1), self.visits.checked_sub(1)) else {
            return;
        };
        self.visits = visits;
        let Some(schema) = self.source.resolve(self.silent, schema, "schemas") else {
            return;
        };
        for entry in schema
            .get("properties")
            .map(Node::entries)
            .unwrap_or_default()
        {
            let below = format!(
                "{pointer}/{}",
                entry.key.replace('~', "~0").replace('/', "~1")
            );
            let exempt =
                entry.value.get("x-vauban-no-object").and_then(Node::scalar) == Some("true");
            let known = self
                .suspects
                .iter()
                .any(|one| matches!(one, Suspect::Body(other) if *other == below));
            if is_reference(&entry.key) && !exempt && !known {
                self.suspects.push(Suspect::Body(below.clone()));
            }
            self.schema(&entry.value, &below, depth);
        }
        if let Some(items) = schema.get("items") {
            self.schema(items, &format!("{pointer}/*"), depth);
        }
        for part in ["allOf", "anyOf", "oneOf"]
            .iter()
            .filter_map(|key| schema.get(key))
            .flat_map(Node::items)
        {
            self.schema(part, pointer, depth);
        }
    }
}

/// `id`, `account_id`, `accountId`, `X-Account-Id`, `orderUuid`, `apiKey`, `invoice_ref`, `postSlug`.
fn is_reference(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    if NO_REFERENCES.contains(&lower.as_str()) {
        return false;
    }
    ["id", "uuid", "key", "ref", "slug"].iter().any(|word| {
        let Some(before) = lower.strip_suffix(word) else {
            return false;
        };
        let tail = name.get(before.len()..).unwrap_or_default();
        let capital = tail.starts_with(|c: char| c.is_ascii_uppercase());
        (*word == "id" || *word == "uuid") && before.is_empty()
            || before.ends_with(['_', '-'])
            || (capital && before.ends_with(|c: char| c.is_ascii_alphanumeric()))
    })
}

fn is_plural(word: &str) -> bool {
    word.len() > 3
        && word.ends_with('s')
        && !["ss", "us", "is"].iter().any(|end| word.ends_with(end))
}
