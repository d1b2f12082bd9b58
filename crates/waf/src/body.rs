//! *What did the client send?* Bytes turned into the values that rules see.
//!
//! Each processor takes a whole body (the caller has bounded it) and hands out values in the order of the input, borrowed where
//! nothing had to be decoded. Which processor a request needs is the engine's business; nothing here looks at a content type,
//! except for the boundary of [`multipart`]. The meaning is that of `libmodsecurity` 3.0.9; where it loses values or lets
//! something malformed pass, the difference is written at the processor concerned, and it is always to the safe side: more
//! values, or an error that rule 200002 of the stock configuration denies.
//!
//! Values found before an error are kept, as in `libmodsecurity`: a rule may still want to see them.
//!
//! Rejected: building a tree (`serde_json`, a DOM), because duplicate keys, the spelling of numbers and the values before an
//! error would be lost, and because it costs memory in a multiple of the body.

mod cookies;
mod json;
mod multipart;
mod target;
mod urlencoded;
mod xml;

pub use self::cookies::cookies;
pub use self::json::{JsonLimits, json};
pub use self::multipart::{MultipartError, MultipartFlags, MultipartLimits, Parts, multipart};
pub use self::target::{Target, target};
pub use self::urlencoded::{UrlEncoded, percent_decode, urlencoded};
pub use self::xml::{XmlLimits, XmlValues, xml};

/// Receives name and value pairs in the order of the input.
pub trait Arguments {
    /// One pair. False when no more are wanted (a limit of the receiver); this one may have been dropped then.
    fn argument(&mut self, name: &[u8], value: &[u8]) -> bool;
}

impl<F: FnMut(&[u8], &[u8]) -> bool> Arguments for F {
    fn argument(&mut self, name: &[u8], value: &[u8]) -> bool {
        self(name, value)
    }
}

/// Why a body could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BodyError {
    /// For `REQBODY_ERROR_MSG`; it never repeats bytes of the body.
    pub message: String,
    /// What sort of failure it is.
    pub kind: BodyErrorKind,
}

/// The sorts of [`BodyError`]; all of them set `REQBODY_ERROR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyErrorKind {
    /// The format is violated.
    Syntax,
    /// The bytes are not text in an encoding that is supported.
    Encoding,
    /// A limit of the processor was reached.
    Limit,
    /// The receiver wanted no more values.
    Stopped,
    /// Allowed by the format and refused here (a document type with its own declarations).
    Forbidden,
}

impl BodyError {
    fn new(kind: BodyErrorKind, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            kind,
        }
    }
}

/// `isspace` of the C locale.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

/// The value of a hexadecimal digit.
const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
