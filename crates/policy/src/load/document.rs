//! OpenAPI 3.1, in YAML or JSON: every part is either enforced, known to mean nothing here, or refused by name.

mod body;
mod operation;
mod ownership;
mod parameter;
mod schema;

use super::report::{At, Fields, Report};
use super::words::list_of;
use super::yaml::{Entry, Kind, Node};
use crate::Document;
use crate::openapi::Operation;

/// Most references that lead to one another.
const REFERENCES_MAX: usize = 8;

/// A key that is known and not enforced, with what to do about it.
type Unsupported = (&'static str, &'static str);

/// What a kind of object may hold.
struct Grammar {
    /// How a sentence names the object.
    what: &'static str,
    /// Keys that are read, or that mean nothing here.
    known: &'static [&'static str],
    /// Keys of OpenAPI that this build refuses.
    unsupported: &'static [Unsupported],
}

const ROOT: Grammar = Grammar {
    what: "the document",
    known: &[
        "openapi",
        "info",
        "servers",
        "paths",
        "components",
        "security",
        "tags",
        "externalDocs",
    ],
    unsupported: &[
        (
            "webhooks",
            "calls from the service to clients do not pass the edge",
        ),
        (
            "jsonSchemaDialect",
            "schemas are read as JSON Schema 2020-12",
        ),
    ],
};

const INFO: Grammar = Grammar {
    what: "`info`",
    known: &[
        "title",
        "version",
        "summary",
        "description",
        "termsOfService",
        "contact",
        "license",
    ],
    unsupported: &[],
};

const COMPONENTS: Grammar = Grammar {
    what: "`components`",
    known: &[
        "schemas",
        "responses",
        "parameters",
        "requestBodies",
        "securitySchemes",
        "examples",
        "headers",
    ],
    unsupported: &[
        ("links", "remove it"),
        (
            "callbacks",
            "calls from the service to clients do not pass the edge",
        ),
        ("pathItems", "write the operations under `paths`"),
    ],
};

/// A document that is being read.
struct Source<'n> {
    root: &'n Node,
}

/// Reads a document.
pub(super) fn read_document(report: &mut Report, text: &str) -> Option<Document> {
    let root = report.parse(text)?;
    let fields = grammar(report, &root, &ROOT)?;
    judge_version(report, &fields);
    if let Some(servers) = fields.get("servers") {
        judge_servers(report, servers);
    }
    if let Some(components) = fields.get("components") {
        grammar(report, components, &COMPONENTS);
    }
    let info = fields.need(report, "info").and_then(|node| {
        let fields = grammar(report, node, &INFO)?;
        Some((
            fields.need_text(report, "title"),
            fields.need_text(report, "version"),
        ))
    });
    let source = Source { root: &root };
    let mut operations: Vec<At<Operation>> = Vec::new();
    let paths = fields.need(report, "paths")?;
    report.fields_of_any(paths, "`paths`")?;
    for entry in paths.entries() {
        if !is_extension(report, entry) {
            operation::read_path(report, &source, entry, &mut operations);
        }
    }
    let (title, version) = info?;
    Some(Document {
        file: report.file().to_owned(),
        title: title?.value,
        version: version?.value,
        operations: operations
            .into_iter()
            .map(|operation| operation.value)
            .collect(),
    })
}

/// A mapping that keeps its grammar. Keys `x-…` are the author's own; keys `x-vauban-…` are ours and must be known.
fn grammar<'n>(report: &mut Report, node: &'n Node, grammar: &Grammar) -> Option<Fields<'n>> {
    let mut known: Vec<&str> = grammar.known.to_vec();
    for entry in node.entries() {
        if let Some((key, instead)) = grammar
            .unsupported
            .iter()
            .find(|(key, _)| *key == entry.key)
        {
            report.mistake_hint(
                entry.spot,
                format!("`{key}` in {} is not supported", grammar.what),
                *instead,
            );
            known.push(key);
        } else if entry.key.starts_with("x-") && !entry.key.starts_with("x-vauban-") {
            known.push(&entry.key);
        }
    }
    report.fields(node, grammar.what, &known)
}

/// True for keys `x-…`; refuses `x-vauban-…` where none is expected.
fn is_extension(report: &mut Report, entry: &Entry) -> bool {
    if entry.key.starts_with("x-vauban-") {
        report.mistake(entry.spot, format!("unknown key `{}`", entry.key));
    }
    entry.key.starts_with("x-")
}

fn judge_version(report: &mut Report, fields: &Fields<'_>) {
    if let Some(version) = fields.need_text(report, "openapi")
        && !(version.value == "3.1" || version.value.starts_with("3.1."))
    {
        let hint = "documents of OpenAPI 3.1 are read";
        report.mistake_hint(
            version.spot,
            format!("OpenAPI `{}` is not supported", version.value),
            hint,
        );
    }
}

/// A server's path would move every operation.
fn judge_servers(report: &mut Report, servers: &Node) {
    for server in report.list(servers, "`servers`").unwrap_or_default() {
        let Some(url) = server.get("url") else {
            report.mistake(server.spot, "a server lacks the key `url`");
            continue;
        };
        let text = url.scalar().unwrap_or_default();
        let rest = text.split_once("://").map_or(text, |(_, rest)| {
            rest.split_once('/').map_or("", |(_, path)| path)
        });
        if !rest.trim_start_matches('/').is_empty() {
            let hint = "write the whole path under `paths`";
            report.mistake_hint(url.spot, "a server with a path is not supported", hint);
        }
    }
}

impl<'n> Source<'n> {
    /// The object itself, or the one that it refers to under `#/components/{section}/`.
    fn resolve(&self, report: &mut Report, node: &'n Node, section: &str) -> Option<&'n Node> {
        let mut current = node;
        for _ in 0..REFERENCES_MAX {
            let Some(reference) = current.get("$ref") else {
                return Some(current);
            };
            for entry in current.entries() {
                if !matches!(entry.key.as_str(), "$ref" | "summary" | "description") {
                    report.mistake(
                        entry.spot,
                        format!("`{}` beside `$ref` does nothing", entry.key),
                    );
                }
            }
            current = self.component(report, reference, section)?;
        }
        report.mistake(
            node.spot,
            format!("more than {REFERENCES_MAX} references lead to one another"),
        );
        None
    }

    /// A component by reference.
    fn component(&self, report: &mut Report, reference: &Node, section: &str) -> Option<&'n Node> {
        let text = reference.scalar().unwrap_or_default();
        let Some(name) = component_name(text, section) else {
            let hint = format!("references look like `#/components/{section}/NAME`");
            report.mistake_hint(
                reference.spot,
                format!("reference `{text}` is not supported"),
                hint,
            );
            return None;
        };
        let found = self
            .root
            .get("components")
            .and_then(|components| components.get(section)?.get(name));
        if found.is_none() {
            report.mistake(reference.spot, format!("there is no `{text}`"));
        }
        found
    }
}

/// The name in `#/components/{section}/NAME`.
fn component_name<'t>(reference: &'t str, section: &str) -> Option<&'t str> {
    let rest = reference
        .strip_prefix("#/components/")?
        .strip_prefix(section)?
        .strip_prefix('/')?;
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (!rest.is_empty() && rest.chars().all(good)).then_some(rest)
}

/// One of some words.
fn one_of<T: Copy>(report: &mut Report, node: &Node, what: &str, words: &[(&str, T)]) -> Option<T> {
    if let Some((_, value)) = words.iter().find(|(word, _)| node.scalar() == Some(*word)) {
        return Some(*value);
    }
    let written = match (&node.kind, node.scalar()) {
        (Kind::Scalar { .. }, Some(text)) if !text.is_empty() => format!("`{text}`"),
        _ => node.describe().to_owned(),
    };
    let known = list_of(words.iter().map(|(word, _)| *word));
    report.mistake(
        node.spot,
        format!("{what} must be one of {known}, found {written}"),
    );
    None
}
