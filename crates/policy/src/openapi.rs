//! What a service offers: operations, read from an OpenAPI 3.1 document whose every part is either enforced or refused.

use crate::contract::{AnswerContract, BodyContract, Content, Parameter};
use crate::template::PathTemplate;
use crate::{Place, Spot};

/// What one service offers.
#[derive(Debug)]
pub struct Document {
    /// File, as the configuration names it.
    pub file: String,
    /// `info.title`.
    pub title: String,
    /// `info.version`.
    pub version: String,
    /// Operations in the order in which they are written.
    pub operations: Vec<Operation>,
}

/// One operation.
#[derive(Debug)]
pub struct Operation {
    /// `operationId`.
    pub id: String,
    /// Where it stands in the document: its method's key.
    pub spot: Spot,
    /// Upper-case method.
    pub method: String,
    /// Template of the path.
    pub path: PathTemplate,
    /// Path, query and header parameters.
    pub parameters: Vec<Parameter>,
    /// The body; `None` accepts no body at all.
    pub body: Option<BodyContract>,
    /// Cedar action, `x-vauban-action`; the operation's id unless the document says otherwise.
    pub action: String,
    /// Whose object the operation is about.
    pub ownership: Ownership,
    /// Further names that look like object references and that no rule binds (`ownership` binds another one).
    pub unbound: Vec<String>,
    /// What may be answered.
    pub answers: Vec<AnswerContract>,
    /// True for methods that change nothing (GET, HEAD, OPTIONS).
    pub effect_safe: bool,
}

impl Operation {
    /// Words that its requests often consist of: names of query parameters, and what enumerations list. Some more than once.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let names = self
            .parameters
            .iter()
            .filter(|parameter| parameter.place == Place::Query)
            .map(|parameter| parameter.name.as_str());
        let listed = self.parameters.iter().map(|parameter| &parameter.schema);
        let media = self.body.iter().flat_map(|body| &body.media);
        let inside = media.filter_map(|media| match &media.content {
            Content::Json(schema) => Some(schema),
            Content::Opaque { .. } => None,
        });
        let enumerated = listed
            .chain(inside)
            .flat_map(|schema| schema.words.iter().map(String::as_str));
        names.chain(enumerated)
    }
}

/// Whose object an operation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// An object with an owner.
    Object(ObjectRule),
    /// No object is named.
    NoObject,
    /// The object is for everybody (`x-vauban-public-object`).
    Public {
        /// The author's reason.
        because: String,
    },
    /// The object has an owner and nobody checks it (`x-vauban-danger-unowned`).
    Unowned {
        /// The author's reason.
        because: String,
    },
    /// The operation names an object and the document does not say whose it is. `check` finds it; nothing runs with it.
    Undeclared {
        /// The names that look like object references.
        parameters: Vec<String>,
    },
}

/// How the object of an operation and its owner are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRule {
    /// Cedar entity type.
    pub entity: String,
    /// Where the request names the object.
    pub locate: Locate,
    /// What proves the owner.
    pub evidence: Evidence,
    /// What a caller learns about somebody else's object.
    pub foreign: Foreign,
}

/// Where a request names an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Locate {
    /// A path parameter.
    Path(String),
    /// A query parameter.
    Query(String),
    /// A header.
    Header(String),
    /// A JSON Pointer (RFC 6901) into the body.
    Body(String),
}

/// What proves the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// The stored row.
    Stored,
    /// A header that the caller writes (`danger_header`).
    DangerHeader(String),
}

/// What a caller learns about somebody else's object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// 404: not even that it exists.
    NotFound,
    /// 403.
    Forbidden,
}
