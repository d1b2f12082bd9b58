//! Names that look like references to objects.

use super::{Named, SEARCH_VISITS_MAX, Source, body_schema};
use crate::contract::Place;
use crate::load::report::Report;
use crate::load::yaml::Node;
use crate::openapi::Locate;

/// Most schemas inside each other that the search for names goes through.
const SEARCH_DEPTH_MAX: usize = 12;

/// Headers whose name looks like a reference and is none.
const NO_REFERENCES: &[&str] = &[
    "idempotency-key",
    "x-idempotency-key",
    "request-id",
    "x-request-id",
    "x-correlation-id",
];

/// Something that looks like a reference to an object.
pub(super) enum Suspect {
    Parameter(Place, String),
    /// JSON Pointer; `*` stands for every item.
    Body(String),
}

impl Suspect {
    pub(super) fn text(self) -> String {
        match self {
            Self::Parameter(_, text) | Self::Body(text) => text,
        }
    }
}

pub(super) fn binds(locate: &Locate, suspect: &Suspect) -> bool {
    match (locate, suspect) {
        (Locate::Path(name), Suspect::Parameter(Place::Path, other))
        | (Locate::Query(name), Suspect::Parameter(Place::Query, other))
        | (Locate::Header(name), Suspect::Parameter(Place::Header, other))
        | (Locate::Body(name), Suspect::Body(other)) => name == other,
        _ => false,
    }
}

pub(super) fn suspects<'n>(
    report: &mut Report,
    source: &Source<'n>,
    named: &Named<'_, 'n>,
) -> Vec<Suspect> {
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
