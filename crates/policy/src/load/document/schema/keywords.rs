//! The keywords of JSON Schema, by what becomes of them.

/// Keywords with one schema.
pub(super) const ONE: &[&str] = &[
    "items",
    "contains",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "propertyNames",
    "not",
    "if",
    "then",
    "else",
];
/// Keywords with a list of schemas.
pub(super) const MANY: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords with schemas by name.
pub(super) const NAMED: &[&str] = &["properties", "patternProperties", "dependentSchemas"];
/// Keywords with values.
pub(super) const PLAIN: &[&str] = &[
    "type",
    "enum",
    "const",
    "required",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minContains",
    "maxContains",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "format",
];
/// Keywords that say nothing about what is accepted.
pub(super) const NOTES: &[&str] = &[
    "title",
    "description",
    "default",
    "example",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$comment",
    "externalDocs",
    "x-vauban-no-object",
];
/// Keywords that this build refuses, with what to write instead.
pub(super) const REFUSED: &[(&str, &str)] = &[
    ("nullable", "OpenAPI 3.1 writes `type: [string, \"null\"]`"),
    (
        "discriminator",
        "`oneOf` is decided by the schemas alone; remove it",
    ),
    ("xml", "only JSON is read"),
    ("contentEncoding", "use `format: byte` for base64"),
    ("contentMediaType", "remove it"),
    ("contentSchema", "remove it"),
    ("$id", "references are local"),
    ("$schema", "schemas are read as JSON Schema 2020-12"),
    ("$anchor", "references are local"),
    ("$dynamicRef", "references are local"),
    ("$dynamicAnchor", "references are local"),
    ("$defs", "write it under `components.schemas`"),
    ("definitions", "write it under `components.schemas`"),
    ("$vocabulary", "remove it"),
];

/// Formats that are enforced: those of JSON Schema that the validator knows, and those of OpenAPI.
pub(super) const FORMATS: &[&str] = &[
    "byte",
    "date",
    "date-time",
    "double",
    "duration",
    "email",
    "float",
    "hostname",
    "int32",
    "int64",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "password",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];
