//! Parameters: path, query and header, with the styles that have one reading.

use super::operation::NamedParameter;
use super::schema::{Direction, compile};
use super::{Grammar, Source, grammar, one_of};
use crate::contract::{Parameter, Place, Reading, Scalar};
use crate::load::report::{Fields, Report};
use crate::load::words::is_header;
use crate::load::yaml::Node;

const PARAMETER: Grammar = Grammar {
    what: "a parameter",
    known: &[
        "name",
        "in",
        "required",
        "description",
        "deprecated",
        "schema",
        "style",
        "explode",
        "example",
        "examples",
        "x-vauban-no-object",
    ],
    unsupported: &[
        ("content", "describe the parameter with `schema`"),
        ("allowReserved", "percent-encoded values are decoded anyway"),
        ("allowEmptyValue", "use `minLength: 0`"),
    ],
};

const PLACES: &[(&str, Option<Place>)] = &[
    ("path", Some(Place::Path)),
    ("query", Some(Place::Query)),
    ("header", Some(Place::Header)),
    ("cookie", None),
];

const SCALARS: &[(&str, Scalar)] = &[
    ("string", Scalar::String),
    ("integer", Scalar::Integer),
    ("number", Scalar::Number),
    ("boolean", Scalar::Boolean),
];

/// Headers that the lines read or write themselves; an operation can neither have them as parameters nor believe them.
const OWN_HEADERS: &[&str] = &[
    "accept",
    "authorization",
    "client-cert",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// Beginnings of further such names.
const OWN_PREFIXES: &[&str] = &["vauban-", "x-forwarded-", "x-ssl-"];

/// Reads one parameter. `None` means that not even its name could be read.
pub(super) fn read<'n>(
    report: &mut Report,
    source: &Source<'n>,
    node: &'n Node,
) -> Option<NamedParameter> {
    let node = source.resolve(report, node, "parameters")?;
    let fields = grammar(report, node, &PARAMETER)?;
    let name = fields.need_text(report, "name");
    let place = fields
        .need(report, "in")
        .and_then(|node| one_of(report, node, "`in`", PLACES));
    let required = match fields.get("required") {
        Some(node) => report.boolean(node, "`required`").unwrap_or_default(),
        None => false,
    };
    let no_object = match fields.get("x-vauban-no-object") {
        Some(node) => report
            .boolean(node, "`x-vauban-no-object`")
            .unwrap_or_default(),
        None => false,
    };
    let name = name?;
    let Some(place) = place? else {
        report.mistake_hint(
            node.spot,
            "cookies as parameters are not supported",
            "cookies do not pass the edge",
        );
        return None;
    };
    if place == Place::Path && !required {
        report.mistake(
            node.spot,
            format!("path parameter `{}` must have `required: true`", name.value),
        );
    }
    if place == Place::Header {
        judge_header(report, &name);
    }
    let parameter = read_value(report, source, &fields, place, required, &name.value);
    Some(NamedParameter {
        name: name.value,
        place,
        no_object,
        required,
        parameter,
        after: None,
    })
}

/// True for headers that the lines keep to themselves, so that the edge would refuse to start with them.
pub(super) fn is_own_header(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    OWN_HEADERS.contains(&lower.as_str())
        || OWN_PREFIXES.iter().any(|prefix| lower.starts_with(prefix))
}

fn judge_header(report: &mut Report, name: &crate::load::report::At<String>) {
    if !is_header(&name.value) {
        report.mistake(name.spot, format!("`{}` is no header name", name.value));
    } else if is_own_header(&name.value) {
        report.mistake(
            name.spot,
            format!(
                "header `{}` belongs to the lines and cannot be a parameter",
                name.value
            ),
        );
    }
}

fn read_value<'n>(
    report: &mut Report,
    source: &Source<'n>,
    fields: &Fields<'n>,
    place: Place,
    required: bool,
    name: &str,
) -> Option<Parameter> {
    let schema = fields.need(report, "schema")?;
    let reading = read_reading(report, source, fields, place, schema)?;
    let schema = compile(report, source, schema, Direction::Request)?;
    Some(Parameter {
        name: name.to_owned(),
        place,
        required,
        reading,
        schema,
    })
}

fn read_reading<'n>(
    report: &mut Report,
    source: &Source<'n>,
    fields: &Fields<'n>,
    place: Place,
    schema: &'n Node,
) -> Option<Reading> {
    let default = if place == Place::Query {
        "form"
    } else {
        "simple"
    };
    if let Some(style) = fields.get("style") {
        one_of(report, style, "`style`", &[(default, ())])?;
    }
    let explode = match fields.get("explode") {
        Some(node) => report.boolean(node, "`explode`")?,
        None => place == Place::Query,
    };
    let shape = source.resolve(report, schema, "schemas")?;
    let Some(kind) = shape.get("type") else {
        report.mistake(shape.spot, "the schema of a parameter must have a `type`");
        return None;
    };
    if kind.scalar() != Some("array") {
        return one_of(report, kind, "the type of a parameter", SCALARS).map(Reading::One);
    }
    let items = shape
        .get("items")
        .and_then(|items| source.resolve(report, items, "schemas"));
    let Some(kind) = items.and_then(|items| items.get("type")) else {
        report.mistake(shape.spot, "the items of a parameter must have a `type`");
        return None;
    };
    let scalar = one_of(report, kind, "the type of an item", SCALARS)?;
    Some(if place == Place::Query && explode {
        Reading::Repeated(scalar)
    } else {
        Reading::Commas(scalar)
    })
}
