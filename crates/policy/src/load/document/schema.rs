//! Schemas of OpenAPI 3.1 become JSON Schema 2020-12 with closed objects and local definitions, compiled at load.
//!
//! An object that lists its properties accepts no others unless it says so. Where schemas are composed, the composition as a
//! whole is closed and its parts stay open, so that `allOf` still works.

mod keywords;

use std::collections::BTreeSet;

use jsonschema::{Draft, PatternOptions};
use serde_json::{Map, Number, Value};

use self::keywords::{FORMATS, MANY, NAMED, NOTES, ONE, PLAIN, REFUSED};
use super::{Source, component_name};
use crate::contract::Schema;
use crate::load::report::Report;
use crate::load::words::list_of;
use crate::load::yaml::{Entry, Kind, Node};

/// Which way a message goes; `readOnly` fields do not come in, `writeOnly` fields do not go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Request,
    Answer,
}

/// Compiles the schema of a value.
pub(super) fn compile<'n>(
    report: &mut Report,
    source: &Source<'n>,
    node: &'n Node,
    direction: Direction,
) -> Option<Schema> {
    let mut schemas = Converter {
        source,
        direction,
        wanted: BTreeSet::new(),
        clean: true,
    };
    let schema = schemas.schema(report, node, Form::Closed)?;
    let mut definitions = Map::new();
    while let Some((name, form)) = schemas
        .wanted
        .iter()
        .find(|key| !definitions.contains_key(&definition(key)))
        .cloned()
    {
        let node = source
            .root
            .get("components")
            .and_then(|components| components.get("schemas")?.get(&name))?;
        let converted = schemas
            .schema(report, node, form)
            .unwrap_or(Value::Bool(false));
        definitions.insert(definition(&(name, form)), converted);
    }
    if !schemas.clean {
        return None;
    }
    let mut root = Map::new();
    root.insert("$defs".to_owned(), Value::Object(definitions));
    root.insert("allOf".to_owned(), Value::Array(vec![schema]));
    let root = Value::Object(root);
    let mut words = BTreeSet::new();
    collect_words(&root, &mut words);
    let validator = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .with_pattern_options(PatternOptions::regex())
        .with_format("byte", is_base64)
        .offline()
        .build(&root);
    match validator {
        Ok(validator) => Some(Schema {
            validator,
            words: words.into_iter().collect(),
        }),
        Err(error) => {
            let why: String = error.to_string().chars().take(200).collect();
            report.mistake(node.spot, format!("the schema is not valid: {why}"));
            None
        }
    }
}

/// The texts that `enum` and `const` list, wherever they stand.
fn collect_words(schema: &Value, words: &mut BTreeSet<String>) {
    match schema {
        Value::Object(keywords) => {
            for (key, value) in keywords {
                match (key.as_str(), value) {
                    ("enum", Value::Array(values)) => {
                        words.extend(values.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    ("const", Value::String(word)) => {
                        words.insert(word.clone());
                    }
                    _ => collect_words(value, words),
                }
            }
        }
        Value::Array(parts) => {
            for part in parts {
                collect_words(part, words);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_base64(text: &str) -> bool {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .is_ok()
}

/// Whether an object without a word about further properties accepts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// It does not.
    Closed,
    /// It does, because it is a part of a composition that is closed as a whole.
    Part,
}

type Wanted = (String, Form);

fn definition((name, form): &Wanted) -> String {
    match form {
        Form::Closed => name.clone(),
        Form::Part => format!("{name}~part"),
    }
}

struct Converter<'s, 'n> {
    source: &'s Source<'n>,
    direction: Direction,
    wanted: BTreeSet<Wanted>,
    clean: bool,
}

impl<'n> Converter<'_, 'n> {
    fn mistake(
        &mut self,
        report: &mut Report,
        node: &Node,
        message: impl Into<String>,
        hint: &str,
    ) {
        report.mistake_hint(node.spot, message, hint);
        self.clean = false;
    }

    fn schema(&mut self, report: &mut Report, node: &'n Node, form: Form) -> Option<Value> {
        match &node.kind {
            Kind::Scalar { text, plain: true } if text == "true" => return Some(Value::Bool(true)),
            Kind::Scalar { text, plain: true } if text == "false" => {
                return Some(Value::Bool(false));
            }
            Kind::Map(_) => {}
            Kind::Scalar { .. } | Kind::List(_) => {
                self.mistake(
                    report,
                    node,
                    format!("a schema must be a mapping, found {}", node.describe()),
                    "e.g. `{ type: string }`",
                );
                return None;
            }
        }
        let composed = is_composed(node);
        let inner = if composed || form == Form::Part {
            Form::Part
        } else {
            Form::Closed
        };
        let mut schema = Map::new();
        for entry in node.entries() {
            self.keyword(report, entry, inner, &mut schema)?;
        }
        self.drop_other_direction(node, &mut schema);
        replace_format(&mut schema);
        self.close(report, node, form, composed, &mut schema);
        Some(Value::Object(schema))
    }

    /// Converts one keyword; those that say nothing about what is accepted are left out.
    fn keyword(
        &mut self,
        report: &mut Report,
        entry: &'n Entry,
        inner: Form,
        schema: &mut Map<String, Value>,
    ) -> Option<()> {
        let (key, value) = (entry.key.as_str(), &entry.value);
        let kept = if key == "$ref" {
            self.reference(report, value, inner)?
        } else if ONE.contains(&key) {
            let form = if matches!(key, "not" | "if" | "then" | "else") {
                Form::Part
            } else {
                Form::Closed
            };
            self.schema(report, value, form)?
        } else if MANY.contains(&key) {
            let form = if key == "prefixItems" {
                Form::Closed
            } else {
                Form::Part
            };
            let items = report.list(value, &format!("`{key}`"))?;
            let parts: Option<Vec<Value>> = items
                .iter()
                .map(|item| self.schema(report, item, form))
                .collect();
            Value::Array(parts?)
        } else if NAMED.contains(&key) {
            self.named(report, key, value)?
        } else if PLAIN.contains(&key) {
            if key == "format"
                && !value
                    .scalar()
                    .is_some_and(|format| FORMATS.contains(&format))
            {
                let hint = format!("formats are {}", list_of(FORMATS.iter().copied()));
                self.mistake(report, value, "this format is not known", &hint);
            }
            self.plain(report, value)?
        } else {
            if let Some((_, hint)) = REFUSED.iter().find(|(word, _)| *word == key) {
                self.mistake(
                    report,
                    value,
                    format!("keyword `{key}` is not supported"),
                    hint,
                );
            } else if !NOTES.contains(&key)
                && (!key.starts_with("x-") || key.starts_with("x-vauban-"))
            {
                self.mistake(
                    report,
                    value,
                    format!("there is no keyword `{key}`"),
                    "see JSON Schema 2020-12",
                );
            }
            return Some(());
        };
        schema.insert(key.to_owned(), kept);
        Some(())
    }

    fn reference(&mut self, report: &mut Report, node: &Node, form: Form) -> Option<Value> {
        if self.source.component(report, node, "schemas").is_none() {
            self.clean = false;
            return None;
        }
        let name = component_name(node.scalar().unwrap_or_default(), "schemas")?.to_owned();
        let key = (name, form);
        let text = format!("#/$defs/{}", definition(&key).replace('~', "~0"));
        self.wanted.insert(key);
        Some(Value::String(text))
    }

    fn named(&mut self, report: &mut Report, key: &str, node: &'n Node) -> Option<Value> {
        if !matches!(node.kind, Kind::Map(_)) {
            self.mistake(
                report,
                node,
                format!("`{key}` must be a mapping, found {}", node.describe()),
                "names and their schemas",
            );
            return None;
        }
        let form = if key == "dependentSchemas" {
            Form::Part
        } else {
            Form::Closed
        };
        let mut named = Map::new();
        for entry in node.entries() {
            let converted = self.schema(report, &entry.value, form)?;
            named.insert(entry.key.clone(), converted);
        }
        Some(Value::Object(named))
    }

    /// A value of the document as JSON.
    fn plain(&mut self, report: &mut Report, node: &Node) -> Option<Value> {
        match &node.kind {
            Kind::List(items) => items
                .iter()
                .map(|item| self.plain(report, item))
                .collect::<Option<_>>()
                .map(Value::Array),
            Kind::Map(entries) => {
                let pair =
                    |entry: &Entry| Some((entry.key.clone(), self.plain(report, &entry.value)?));
                entries
                    .iter()
                    .map(pair)
                    .collect::<Option<_>>()
                    .map(Value::Object)
            }
            Kind::Scalar { text, .. } => match node.describe() {
                "nothing" => Some(Value::Null),
                "true or false" => Some(Value::Bool(text.eq_ignore_ascii_case("true"))),
                "a number" => {
                    let number = read_number(text);
                    if number.is_none() {
                        self.mistake(
                            report,
                            node,
                            format!("number `{text}` is not supported"),
                            "write it as JSON does",
                        );
                    }
                    number.map(Value::Number)
                }
                _ => Some(Value::String(text.clone())),
            },
        }
    }

    /// A request cannot set what is read-only; an answer does not tell what is write-only.
    fn drop_other_direction(&self, node: &Node, schema: &mut Map<String, Value>) {
        let marker = if self.direction == Direction::Request {
            "readOnly"
        } else {
            "writeOnly"
        };
        let properties = node
            .get("properties")
            .map(Node::entries)
            .unwrap_or_default();
        let hidden = |value: &Node| value.get(marker).and_then(Node::scalar) == Some("true");
        for entry in properties.iter().filter(|entry| hidden(&entry.value)) {
            if let Some(Value::Object(properties)) = schema.get_mut("properties") {
                properties.remove(&entry.key);
            }
            if let Some(Value::Array(required)) = schema.get_mut("required") {
                required.retain(|name| name.as_str() != Some(&entry.key));
            }
        }
    }

    fn close(
        &mut self,
        report: &mut Report,
        node: &Node,
        form: Form,
        composed: bool,
        schema: &mut Map<String, Value>,
    ) {
        let said = ["additionalProperties", "unevaluatedProperties"]
            .iter()
            .any(|key| node.get(key).is_some());
        if said || form == Form::Part {
            return;
        }
        if composed {
            schema.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
        } else if node.get("properties").is_some() || node.get("patternProperties").is_some() {
            schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        } else if node.get("type").and_then(Node::scalar) == Some("object") {
            let hint = "write `additionalProperties: true` or `false`, or list `properties`";
            self.mistake(
                report,
                node,
                "an object without `properties` must say which it accepts",
                hint,
            );
        }
    }
}

/// Formats of OpenAPI that JSON Schema does not have.
fn replace_format(schema: &mut Map<String, Value>) {
    let range = match schema.get("format").and_then(Value::as_str) {
        Some("int32") => Some((Value::from(i32::MIN), Value::from(i32::MAX))),
        Some("int64") => Some((Value::from(i64::MIN), Value::from(i64::MAX))),
        Some("float" | "double" | "password") => None,
        _ => return,
    };
    schema.remove("format");
    if let Some((low, high)) = range {
        schema.entry("minimum").or_insert(low);
        schema.entry("maximum").or_insert(high);
    }
}

/// True when several schemas decide together about one value.
fn is_composed(node: &Node) -> bool {
    let parts = ["allOf", "anyOf", "oneOf", "if", "dependentSchemas"];
    let notes = |key: &str| NOTES.contains(&key) || key == "$ref" || key.starts_with("x-");
    let beside =
        node.get("$ref").is_some() && node.entries().iter().any(|entry| !notes(&entry.key));
    beside || parts.iter().any(|key| node.get(key).is_some())
}

fn read_number(text: &str) -> Option<Number> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(number.into());
    }
    if let Ok(number) = text.parse::<u64>() {
        return Some(number.into());
    }
    Number::from_f64(text.parse().ok()?)
}
