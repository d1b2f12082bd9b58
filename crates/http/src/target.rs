//! The request target: one reading of path and query, and one way to write it.

use std::fmt;

use crate::TargetRefusal;

mod percent;

/// Appends a value to a URI's query: unreserved characters as they are, everything else as `%XX` (RFC 3986 §2.1).
pub fn encode_component(value: &str, text: &mut String) {
    percent::encode(value, text);
}

/// The longest canonical form. A canonical form is its own canonical form, so the limit cannot part two readers.
pub const TARGET_CANONICAL_BYTES_MAX: usize = 16_384;

/// A request target in origin form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The path.
    pub path: CanonicalPath,
    /// The query; empty when there is none.
    pub query: Query,
}

impl Target {
    /// Reads a target such as `/accounts/1?limit=5`, or says why it has no single reading.
    pub fn parse(text: &str) -> Result<Self, TargetRefusal> {
        if text.contains('#') {
            return Err(TargetRefusal::Fragment);
        }
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let target = Self {
            path: CanonicalPath::parse(path)?,
            query: Query::parse(query)?,
        };
        if target.to_canonical().len() > TARGET_CANONICAL_BYTES_MAX {
            return Err(TargetRefusal::TooLong);
        }
        Ok(target)
    }

    /// The only way to write this target. Reading it gives an equal target.
    pub fn to_canonical(&self) -> String {
        let mut text = self.path.text.clone();
        if !self.query.pairs.is_empty() {
            text.push('?');
            self.query.write(&mut text);
        }
        text
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_canonical())
    }
}

/// A path without dot segments, empty segments, encoded separators or a second spelling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CanonicalPath {
    text: String,
    segments: Vec<String>,
}

impl CanonicalPath {
    /// Reads a path, without a query.
    pub fn parse(text: &str) -> Result<Self, TargetRefusal> {
        let rest = text.strip_prefix('/').ok_or(TargetRefusal::NotOriginForm)?;
        let mut path = Self {
            text: String::with_capacity(text.len()),
            segments: Vec::new(),
        };
        if rest.is_empty() {
            path.text.push('/');
            return Ok(path);
        }
        for raw in rest.split('/') {
            let segment = percent::decode(raw, percent::Plus::Literal)?;
            judge_segment(&segment)?;
            path.text.push('/');
            percent::encode(&segment, &mut path.text);
            path.segments.push(segment);
        }
        if path.text.len() > TARGET_CANONICAL_BYTES_MAX {
            return Err(TargetRefusal::TooLong);
        }
        Ok(path)
    }

    /// The canonical text; begins with `/`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The decoded segments; none for `/`.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }
}

impl fmt::Display for CanonicalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn judge_segment(segment: &str) -> Result<(), TargetRefusal> {
    match segment {
        "" => return Err(TargetRefusal::EmptySegment),
        "." | ".." => return Err(TargetRefusal::DotSegment),
        _ => {}
    }
    for byte in segment.bytes() {
        match byte {
            b'/' => return Err(TargetRefusal::EncodedSlash),
            b'\\' => return Err(TargetRefusal::Backslash),
            b';' => return Err(TargetRefusal::PathParameter),
            _ => {}
        }
    }
    Ok(())
}

/// The query as names and values, in the order of the request; a name may occur more than once.
///
/// `+` is a space, as in HTML forms; the canonical form writes a space as `%20` and a plus as `%2B`, so that no later reader
/// has to know. `a` and `a=` are the same; `&&` is the same as `&`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads a query, without its question mark.
    pub fn parse(text: &str) -> Result<Self, TargetRefusal> {
        let mut pairs = Vec::new();
        for raw in text.split('&').filter(|raw| !raw.is_empty()) {
            let (name, value) = raw.split_once('=').unwrap_or((raw, ""));
            if name.is_empty() {
                return Err(TargetRefusal::QueryNameEmpty);
            }
            pairs.push((
                percent::decode(name, percent::Plus::Space)?,
                percent::decode(value, percent::Plus::Space)?,
            ));
        }
        Ok(Self { pairs })
    }

    /// The decoded names and values.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// The only way to write this query, without the question mark.
    pub fn to_canonical(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        for (index, (name, value)) in self.pairs.iter().enumerate() {
            if index > 0 {
                text.push('&');
            }
            percent::encode(name, text);
            text.push('=');
            percent::encode(value, text);
        }
    }
}

#[cfg(test)]
mod tests;
