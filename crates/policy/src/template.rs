//! Templates of paths: literal segments and parameters, e.g. `/accounts/{id}/statements`.

use std::fmt;

use vauban_http::CanonicalPath;

/// One segment of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Exactly this text, decoded.
    Literal(String),
    /// Any one segment, under this name.
    Parameter(String),
}

/// A checked template of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathTemplate {
    text: String,
    segments: Vec<Segment>,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It does not begin with `/`.
    #[error("a path begins with `/`")]
    NoSlash,
    /// A segment is empty: `//` or a `/` at the end.
    #[error("a path has no empty segment and does not end with `/`")]
    EmptySegment,
    /// A segment mixes text and braces, or the braces do not close.
    #[error("`{0}` is neither a literal segment nor one `{{parameter}}`")]
    MixedSegment(String),
    /// A parameter's name has unexpected characters.
    #[error("`{0}` is not a parameter name: letters, digits, `_` and `-` only")]
    ParameterName(String),
    /// A name stands twice.
    #[error("parameter `{0}` stands twice in one path")]
    Twice(String),
    /// A literal holds a character that no canonical path holds undecoded.
    #[error("segment `{0}` may hold letters, digits and `-._~!$&'()*+,=:@` only")]
    Literal(String),
}

impl PathTemplate {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let inner = text.strip_prefix('/').ok_or(TemplateError::NoSlash)?;
        let mut segments = Vec::new();
        if !inner.is_empty() {
            for part in inner.split('/') {
                segments.push(parse_segment(part)?);
            }
        }
        let template = Self {
            text: text.to_owned(),
            segments,
        };
        let mut seen: Vec<&str> = Vec::new();
        for name in template.parameters() {
            if seen.contains(&name) {
                return Err(TemplateError::Twice(name.to_owned()));
            }
            seen.push(name);
        }
        Ok(template)
    }

    /// The template as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its segments.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Names of its parameters, from left to right.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// The values of the parameters when the path has this template's form.
    pub fn matches(&self, path: &CanonicalPath) -> Option<Vec<(String, String)>> {
        let given = path.segments();
        if given.len() != self.segments.len() {
            return None;
        }
        let mut values = Vec::new();
        for (segment, value) in self.segments.iter().zip(given) {
            match segment {
                Segment::Literal(text) if text == value => {}
                Segment::Literal(_) => return None,
                Segment::Parameter(name) => values.push((name.clone(), value.clone())),
            }
        }
        Some(values)
    }

    /// True when both stand for the same paths, whatever the parameters are called.
    pub(crate) fn same_shape(&self, other: &Self) -> bool {
        self.segments.len() == other.segments.len()
            && self
                .segments
                .iter()
                .zip(&other.segments)
                .all(|pair| match pair {
                    (Segment::Literal(left), Segment::Literal(right)) => left == right,
                    (Segment::Parameter(_), Segment::Parameter(_)) => true,
                    (Segment::Literal(_), Segment::Parameter(_))
                    | (Segment::Parameter(_), Segment::Literal(_)) => false,
                })
    }

    /// True when some path has both forms and neither template is the more literal one everywhere.
    pub(crate) fn crosses(&self, other: &Self) -> bool {
        if self.segments.len() != other.segments.len() {
            return false;
        }
        let (mut more, mut less) = (false, false);
        for pair in self.segments.iter().zip(&other.segments) {
            match pair {
                (Segment::Literal(left), Segment::Literal(right)) if left != right => return false,
                (Segment::Literal(_), Segment::Parameter(_)) => more = true,
                (Segment::Parameter(_), Segment::Literal(_)) => less = true,
                (Segment::Literal(_), Segment::Literal(_))
                | (Segment::Parameter(_), Segment::Parameter(_)) => {}
            }
        }
        more && less
    }
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn parse_segment(part: &str) -> Result<Segment, TemplateError> {
    if part.is_empty() {
        return Err(TemplateError::EmptySegment);
    }
    if let Some(name) = part
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(good) {
            return Err(TemplateError::ParameterName(name.to_owned()));
        }
        return Ok(Segment::Parameter(name.to_owned()));
    }
    if part.contains(['{', '}']) {
        return Err(TemplateError::MixedSegment(part.to_owned()));
    }
    let good = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,=:@".contains(c);
    if part == "." || part == ".." || !part.chars().all(good) {
        return Err(TemplateError::Literal(part.to_owned()));
    }
    Ok(Segment::Literal(part.to_owned()))
}

#[cfg(test)]
mod tests;
