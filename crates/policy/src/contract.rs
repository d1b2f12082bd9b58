//! Does a request, or an answer, keep the operation's contract?

mod accept;
mod answer;
mod json;
mod object;
mod text;
mod violation;

use std::fmt;

use jsonschema::Validator;
use vauban_http::Query;

pub use accept::Refusal;
pub use json::{JSON_DEPTH_MAX, JsonFlaw, scan};
pub use violation::{Place, Violation};

/// What a request brings, read once by `vauban_http`.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Path parameters, decoded, as the route's template yields them.
    pub path_parameters: &'a [(String, String)],
    /// The query, decoded.
    pub query: &'a Query,
    /// Look-up of a header by name, whatever its case.
    pub headers: &'a dyn Fn(&str) -> Option<&'a str>,
    /// Value of `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The whole body.
    pub body: &'a [u8],
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A parameter of an operation.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// True when it must be there.
    pub required: bool,
    /// How text becomes a value.
    pub reading: Reading,
    /// What the value must be.
    pub schema: Schema,
}

/// How the text of a parameter becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// One value.
    One(Scalar),
    /// Values separated by commas (`style: simple`, or `form` with `explode: false`).
    Commas(Scalar),
    /// A query parameter that may be repeated (`style: form`, `explode: true`).
    Repeated(Scalar),
}

/// A scalar type of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    /// Any text.
    String,
    /// Decimal digits with an optional minus sign.
    Integer,
    /// A number as JSON writes it.
    Number,
    /// `true` or `false`.
    Boolean,
}

/// A compiled schema.
pub struct Schema {
    pub(crate) validator: Validator,
    /// Texts that its enumerations list.
    pub(crate) words: Vec<String>,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schema(…)")
    }
}

/// The body of a request.
#[derive(Debug)]
pub struct BodyContract {
    /// True when there must be one.
    pub required: bool,
    /// Accepted media types.
    pub media: Vec<MediaContract>,
}

/// One media type and what it may carry.
#[derive(Debug)]
pub struct MediaContract {
    /// Lower case, without parameters, e.g. `application/json`.
    pub media_type: String,
    /// What is inside.
    pub content: Content,
}

/// What a body of one media type may carry.
#[derive(Debug)]
pub enum Content {
    /// JSON that keeps this schema.
    Json(Schema),
    /// Bytes that nobody looks into.
    Opaque {
        /// Most bytes, where the document limits them (`maxLength`).
        bytes_max: Option<u64>,
    },
}

/// What may be answered.
#[derive(Debug)]
pub struct AnswerContract {
    /// For which statuses.
    pub status: StatusPattern,
    /// Media types; an empty list allows no body.
    pub media: Vec<MediaContract>,
}

/// For which statuses an answer is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusPattern {
    /// One status.
    Exactly(u16),
    /// A hundred, e.g. 4 for `4XX`.
    Hundred(u16),
    /// `default`.
    Any,
}
