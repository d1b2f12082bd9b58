//! The opened parts: each answers "yes" with plain data, and only this binary links them.
//!
//! They replace fields of the shipped wiring and nothing else, so what is drilled is what ships, less one control.

pub(crate) mod authority;
pub(crate) mod edge;
pub(crate) mod guard;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// What a token claims, read as leniently as it can be: no signature, no types, no times.
pub(crate) struct Believed(Map<String, Value>);

impl Believed {
    /// Reads the middle part of anything that has dots; whatever cannot be read claims nothing.
    pub(crate) fn of(token: Option<&str>) -> Self {
        let payload = token
            .and_then(|token| token.split('.').nth(1))
            .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        Self(
            payload
                .and_then(|bytes| serde_json::from_slice(&bytes).ok())
                .unwrap_or_default(),
        )
    }

    /// A claim as text; empty when it is not there.
    pub(crate) fn text(&self, name: &str) -> String {
        self.0
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    /// A claim as a list of words, from an array or from a text with spaces.
    pub(crate) fn words(&self, name: &str) -> Vec<String> {
        match self.0.get(name) {
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests;
