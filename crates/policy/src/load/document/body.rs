//! Bodies of requests and answers, by media type.

use super::schema::{Direction, compile};
use super::{Grammar, Source, grammar, is_extension};
use crate::contract::{AnswerContract, BodyContract, Content, MediaContract, StatusPattern};
use crate::load::report::Report;
use crate::load::yaml::{Entry, Node};

const REQUEST: Grammar = Grammar {
    what: "`requestBody`",
    known: &["description", "required", "content"],
    unsupported: &[],
};

const ANSWER: Grammar = Grammar {
    what: "a response",
    known: &["description", "content", "headers"],
    unsupported: &[("links", "remove it")],
};

const MEDIA: Grammar = Grammar {
    what: "a media type",
    known: &["schema", "example", "examples"],
    unsupported: &[("encoding", "forms are not supported; use JSON")],
};

/// Keys of the schema of a body that nobody looks into.
const OPAQUE_KEYS: &[&str] = &[
    "type",
    "format",
    "maxLength",
    "title",
    "description",
    "contentMediaType",
];

/// Reads a `requestBody`.
pub(super) fn read_request<'n>(
    report: &mut Report,
    source: &Source<'n>,
    node: &'n Node,
) -> Option<BodyContract> {
    let node = source.resolve(report, node, "requestBodies")?;
    let fields = grammar(report, node, &REQUEST)?;
    let required = match fields.get("required") {
        Some(node) => report.boolean(node, "`required`")?,
        None => false,
    };
    let content = fields.need(report, "content")?;
    if content.entries().is_empty() {
        report.mistake(content.spot, "`content` must name at least one media type");
    }
    Some(BodyContract {
        required,
        media: read_content(report, source, content, Direction::Request),
    })
}

/// Reads `responses`.
pub(super) fn read_answers<'n>(
    report: &mut Report,
    source: &Source<'n>,
    node: &'n Node,
) -> Vec<AnswerContract> {
    if report.fields_of_any(node, "`responses`").is_none() {
        return Vec::new();
    }
    if node.entries().is_empty() {
        report.mistake(node.spot, "`responses` must describe at least one answer");
    }
    let mut answers = Vec::new();
    for entry in node.entries() {
        if is_extension(report, entry) {
            continue;
        }
        let Some(status) = read_status(report, entry) else {
            continue;
        };
        let media = source
            .resolve(report, &entry.value, "responses")
            .and_then(|node| {
                let fields = grammar(report, node, &ANSWER)?;
                Some(
                    fields
                        .get("content")
                        .map(|content| read_content(report, source, content, Direction::Answer)),
                )
            });
        answers.push(AnswerContract {
            status,
            media: media.flatten().unwrap_or_default(),
        });
    }
    answers
}

fn read_status(report: &mut Report, entry: &Entry) -> Option<StatusPattern> {
    if entry.key == "default" {
        return Some(StatusPattern::Any);
    }
    if let Some(first) = entry.key.strip_suffix("XX")
        && let Ok(hundred @ 1..=5) = first.parse::<u16>()
        && first.len() == 1
    {
        return Some(StatusPattern::Hundred(hundred));
    }
    match entry.key.parse::<u16>() {
        Ok(status @ 100..=599) if entry.key.len() == 3 => Some(StatusPattern::Exactly(status)),
        _ => {
            let hint = "statuses are `200`, `4XX` and `default`";
            report.mistake_hint(entry.spot, format!("`{}` is no status", entry.key), hint);
            None
        }
    }
}

fn read_content<'n>(
    report: &mut Report,
    source: &Source<'n>,
    node: &'n Node,
    direction: Direction,
) -> Vec<MediaContract> {
    if report.fields_of_any(node, "`content`").is_none() {
        return Vec::new();
    }
    let mut media = Vec::new();
    for entry in node.entries() {
        media.extend(read_media(report, source, entry, direction));
    }
    media
}

fn read_media<'n>(
    report: &mut Report,
    source: &Source<'n>,
    entry: &'n Entry,
    direction: Direction,
) -> Option<MediaContract> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "!#$&^_.+-".contains(c);
    let token = |part: &str| !part.is_empty() && part.chars().all(good);
    if !entry
        .key
        .split_once('/')
        .is_some_and(|(main, sub)| token(main) && token(sub))
    {
        let hint = "lower case, without parameters and wildcards, e.g. `application/json`";
        report.mistake_hint(
            entry.spot,
            format!("`{}` is no media type that can be enforced", entry.key),
            hint,
        );
        return None;
    }
    let fields = grammar(report, &entry.value, &MEDIA)?;
    let schema = fields.get("schema");
    let content = if entry.key == "application/json" || entry.key.ends_with("+json") {
        let Some(schema) = schema else {
            report.mistake(entry.spot, format!("`{}` needs a `schema`", entry.key));
            return None;
        };
        Content::Json(compile(report, source, schema, direction)?)
    } else {
        Content::Opaque {
            bytes_max: schema.and_then(|schema| read_opaque(report, source, schema, &entry.key)),
        }
    };
    Some(MediaContract {
        media_type: entry.key.clone(),
        content,
    })
}

/// A body that is not JSON is bytes; a schema that says more could not be enforced.
fn read_opaque<'n>(
    report: &mut Report,
    source: &Source<'n>,
    schema: &'n Node,
    media: &str,
) -> Option<u64> {
    let schema = source.resolve(report, schema, "schemas")?;
    let text = schema
        .get("type")
        .is_none_or(|kind| kind.scalar() == Some("string"));
    let odd = schema
        .entries()
        .iter()
        .find(|entry| !OPAQUE_KEYS.contains(&entry.key.as_str()));
    if let Some(entry) = odd {
        let hint = "bytes can have `type: string` and `maxLength`";
        report.mistake_hint(
            entry.spot,
            format!("`{}` cannot be enforced in `{media}`", entry.key),
            hint,
        );
    } else if !text {
        report.mistake(
            schema.spot,
            format!("the schema of `{media}` must have `type: string`"),
        );
    }
    schema
        .get("maxLength")
        .and_then(|node| report.number(node, "`maxLength`", 1..=u64::from(u32::MAX)))
}
