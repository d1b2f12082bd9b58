//! Payload folders become requests: how many attacks does a rule set block, and how many harmless requests?
//!
//! Three kinds of file are read: payloads with encoders and placeholders in the form of `gotestwaf`, one value per line (plain,
//! URL-encoded or as JSON), and requests as they stand on the wire. What cannot be sent is listed with a reason and never
//! silently left out, because a rate means nothing without its total.
//!
//! Rejected: fetching payloads or sending requests. Bytes come in, requests come out, and every run makes the same ones: names
//! that `gotestwaf` takes at random are derived from the request's id.

mod encoder;
mod gotestwaf;
mod lines;
mod placeholder;
#[cfg(test)]
mod tests;

pub use lines::Placement;
pub(crate) use lines::decoded;

use crate::regression::{RegressionMistake, Request};

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Lists `payload`, `encoder` and `placeholder`, and a `type`.
    GoTestWaf,
    /// A value per line; empty lines and lines that begin with `#` are passed over.
    Lines(Placement),
    /// The same, URL-encoded (`+` is a space), as `libinjection` has its data.
    EncodedLines(Placement),
    /// A JSON object per line, the value under `text`.
    JsonLines(Placement),
    /// One request as it stands on the wire.
    Wire,
}

/// A file's requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// In the order of the file.
    pub requests: Vec<Replayed>,
    /// Ids of what is not sent, with the reason.
    pub skipped: Vec<(String, &'static str)>,
}

/// A request with what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// File, payload, encoder and placeholder: `owasp/crlf.yml/3/Plain/URLPath`; or file and line.
    pub id: String,
    /// What is sent.
    pub request: Request,
    /// `Some(false)` for what must not be blocked; `None` when the file does not say.
    pub attack: Option<bool>,
}

/// Reads one file. Payloads in the form of `gotestwaf` are harmless when `false-pos` occurs in the name, and attacks otherwise.
///
/// # Errors
/// The first thing that is not of the given form.
pub fn read(name: &str, bytes: &[u8], form: Form) -> Result<Replay, RegressionMistake> {
    match form {
        Form::GoTestWaf => gotestwaf::read(name, bytes),
        Form::Lines(placement) => {
            lines::read(name, bytes, placement, |line| Ok(lines::plain(line)))
        }
        Form::EncodedLines(placement) => {
            lines::read(name, bytes, placement, |line| Ok(lines::encoded(line)))
        }
        Form::JsonLines(placement) => lines::read(name, bytes, placement, lines::json),
        Form::Wire => Ok(Replay {
            requests: vec![Replayed {
                id: name.to_owned(),
                request: Request::from_wire(bytes),
                attack: None,
            }],
            skipped: Vec::new(),
        }),
    }
}

fn mistake(file: &str, line: usize, what: impl Into<String>) -> RegressionMistake {
    RegressionMistake {
        file: file.to_owned(),
        line,
        what: what.into(),
    }
}
