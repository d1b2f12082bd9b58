//! One way in which a request or an answer breaks its contract. Values of the peer are never repeated at length.

use std::fmt;

/// Most characters of a peer's word that are repeated to it.
const WORD_CHARS_MAX: usize = 64;

/// One breach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which part of the message.
    pub place: Place,
    /// JSON Pointer (RFC 6901) into that part; for parameters `/name`.
    pub pointer: String,
    /// Why; the author's words in backticks.
    pub reason: String,
}

/// A part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The path.
    Path,
    /// The query.
    Query,
    /// A header.
    Header,
    /// The body.
    Body,
}

impl Place {
    /// The word that OpenAPI has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Body => "body",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Violation {
    /// A breach in a parameter.
    pub(crate) fn parameter(place: Place, name: &str, reason: impl Into<String>) -> Self {
        Self {
            place,
            pointer: step("", name),
            reason: reason.into(),
        }
    }

    /// A breach in the body.
    pub(crate) fn body(pointer: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            place: Place::Body,
            pointer: pointer.into(),
            reason: reason.into(),
        }
    }

    /// The form in problem details.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "pointer": self.pointer, "in": self.place.as_str(), "reason": self.reason })
    }
}

/// A pointer one step deeper; long words are cut.
pub(crate) fn step(pointer: &str, word: &str) -> String {
    format!(
        "{pointer}/{}",
        short(word).replace('~', "~0").replace('/', "~1")
    )
}

/// A word of the peer, cut to what may be repeated.
pub(crate) fn short(word: &str) -> String {
    let mut cut: String = word
        .chars()
        .take(WORD_CHARS_MAX)
        .filter(|c| !c.is_control())
        .collect();
    if word.chars().nth(WORD_CHARS_MAX).is_some() {
        cut.push('…');
    }
    cut
}
