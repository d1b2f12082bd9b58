//! Which object does a request name?

use serde_json::Value;

use super::accept::texts_of;
use super::{Input, Place};
use crate::openapi::{Locate, Operation, Ownership};

impl Operation {
    /// The id of the object that the operation is about, as text.
    ///
    /// `None` when the operation has no ownership rule, or when the request does not name the object in exactly one way.
    pub fn object_id(&self, input: &Input<'_>) -> Option<String> {
        let Ownership::Object(rule) = &self.ownership else {
            return None;
        };
        match &rule.locate {
            Locate::Path(name) => only(&texts_of(Place::Path, name, input)),
            Locate::Query(name) => only(&texts_of(Place::Query, name, input)),
            Locate::Header(name) => only(&texts_of(Place::Header, name, input)),
            Locate::Body(pointer) => {
                super::scan(input.body).ok()?;
                let body: Value = serde_json::from_slice(input.body).ok()?;
                match body.pointer(pointer)? {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(number) if number.is_i64() || number.is_u64() => {
                        Some(number.to_string())
                    }
                    Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::Array(_)
                    | Value::Object(_) => None,
                }
            }
        }
        .filter(|id| !id.is_empty())
    }
}

fn only(texts: &[&str]) -> Option<String> {
    match texts {
        [text] => Some((*text).to_owned()),
        _ => None,
    }
}
