//! XML: the text of the document (`XML:/*`) and the values of its attributes (`XML://@*`).
//!
//! The tokens come from `quick-xml`; what it leaves open of well-formedness is checked here, since a body that a backend's
//! parser reads in another way than ours is what an attacker wants. As `libxml2` without options, which `libmodsecurity` uses:
//! no external entity is ever read, comments and processing instructions are no values, and namespace declarations are no
//! attributes. Stricter: a document type with an internal subset is refused, because entities and default attributes declared
//! there are text that no rule would see, and because there is no other use for them in an API.

mod encoding;
mod syntax;
#[cfg(test)]
mod tests;

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

use super::{BodyError, BodyErrorKind};

/// Limits of [`xml`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XmlLimits {
    /// Elements inside each other.
    pub depth_max: usize,
}

impl Default for XmlLimits {
    /// The depth that `libxml2` allows.
    fn default() -> Self {
        Self { depth_max: 256 }
    }
}

/// What rules see of a document. To be used again: [`xml`] clears it first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct XmlValues {
    text: Vec<u8>,
    /// Where the text of each element ends and the next one's begins.
    breaks: Vec<usize>,
    has_root: bool,
    attribute_bytes: Vec<u8>,
    attributes: Vec<Range<usize>>,
}

impl XmlValues {
    /// `XML:/*`: the text inside the root element, all of it joined, in UTF-8. `None` without a root element.
    pub fn text(&self) -> Option<&[u8]> {
        self.has_root.then_some(&self.text)
    }

    /// The text between two tags each, where it is more than white space; nothing when that is all of the text.
    pub fn texts(&self) -> impl Iterator<Item = &[u8]> {
        let ends = self.breaks.iter().copied().chain([self.text.len()]);
        let all = ends.scan(0, |start, end| {
            let text = self.text.get(*start..end).unwrap_or_default();
            *start = end;
            Some(text)
        });
        all.filter(|text| text.len() < self.text.len() && !text.trim_ascii().is_empty())
    }

    /// `XML://@*`: the value of each attribute, in UTF-8.
    pub fn attributes(&self) -> impl Iterator<Item = &[u8]> {
        self.attributes
            .iter()
            .map(|range| self.attribute_bytes.get(range.clone()).unwrap_or_default())
    }

    fn clear(&mut self) {
        self.text.clear();
        self.breaks.clear();
        self.has_root = false;
        self.attribute_bytes.clear();
        self.attributes.clear();
    }
}

/// Reads `input` into `out`.
///
/// # Errors
/// The first violation of well-formedness, an encoding other than UTF-8, UTF-16, ISO-8859-1 and US-ASCII, nesting beyond the
/// limit, or an internal subset; behind the last one the values of the rest are still read. What was read before is kept.
pub fn xml(input: &[u8], limits: &XmlLimits, out: &mut XmlValues) -> Result<(), BodyError> {
    out.clear();
    let (document, encoding_error) = encoding::decode(input);
    let mut walk = Walk {
        limits,
        out,
        depth: 0,
        place: Place::Start,
        forbidden: None,
        foreign_entities: false,
    };
    let result = walk.document(&document);
    match (encoding_error, walk.forbidden) {
        (Some(error), _) => Err(error),
        (None, Some(error)) => result.and(Err(error)),
        (None, None) => result,
    }
}

fn malformed(what: &str) -> BodyError {
    BodyError::new(BodyErrorKind::Syntax, format!("XML parsing error: {what}"))
}

/// What of the document was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing.
    Start,
    Prolog,
    /// The prolog, behind the document type.
    Typed,
    Root,
    /// Behind the root element.
    End,
}

struct Walk<'o> {
    limits: &'o XmlLimits,
    out: &'o mut XmlValues,
    depth: usize,
    place: Place,
    /// An error that does not end the reading.
    forbidden: Option<BodyError>,
    /// Entities may be declared elsewhere, so an unknown one is no error.
    foreign_entities: bool,
}

impl Walk<'_> {
    fn document(&mut self, document: &str) -> Result<(), BodyError> {
        let mut reader = Reader::from_str(document);
        reader.config_mut().expand_empty_elements = true;
        reader.config_mut().check_comments = true;
        loop {
            let start = usize::try_from(reader.buffer_position()).ok();
            match reader.read_event() {
                Ok(Event::Eof) => break,
                Ok(Event::DocType(doctype)) => {
                    // The keyword is in capitals; `quick-xml` takes any case.
                    let markup = start.and_then(|start| document.get(start..));
                    if !markup.is_some_and(|markup| markup.starts_with("<!DOCTYPE")) {
                        return Err(malformed("a malformed document type"));
                    }
                    self.doctype(&doctype)?;
                }
                Ok(event) => self.event(&event)?,
                Err(error) => return Err(malformed(&syntax::describe(&error))),
            }
        }
        if self.place == Place::End {
            Ok(())
        } else {
            Err(malformed("the document ends too early"))
        }
    }

    fn event(&mut self, event: &Event<'_>) -> Result<(), BodyError> {
        if matches!(event, Event::Start(_) | Event::Empty(_) | Event::End(_))
            && self.out.breaks.last().copied().unwrap_or_default() < self.out.text.len()
        {
            self.out.breaks.push(self.out.text.len());
        }
        match event {
            Event::Start(start) | Event::Empty(start) => self.start(start)?,
            Event::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.place = Place::End;
                }
            }
            Event::Text(text) => self.text(text)?,
            // Line ends stay as they are here: so does `libxml2`, against the specification.
            Event::CData(text) if self.depth > 0 => {
                self.out.text.extend_from_slice(text.as_bytes());
            }
            Event::CData(_) => return Err(malformed("text outside of the root element")),
            Event::GeneralRef(reference) => self.reference(reference)?,
            Event::Decl(declaration) => self.declaration(declaration)?,
            Event::PI(instruction) => syntax::instruction(instruction).map_err(malformed)?,
            Event::DocType(_) | Event::Comment(_) | Event::Eof => {}
        }
        if self.place == Place::Start {
            self.place = Place::Prolog;
        }
        Ok(())
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), BodyError> {
        if self.place == Place::End {
            return Err(malformed("a second root element"));
        }
        if self.depth >= self.limits.depth_max {
            return Err(BodyError::new(
                BodyErrorKind::Limit,
                "XML parsing error: nesting is too deep",
            ));
        }
        if !syntax::is_name(start.name().as_ref()) {
            return Err(malformed("an element whose name is not allowed"));
        }
        self.depth += 1;
        self.place = Place::Root;
        self.out.has_root = true;
        let mut names = Vec::new();
        let mut rest = start.attributes_raw();
        while let Some((name, value, after)) = syntax::attribute(rest).map_err(malformed)? {
            names.push(name);
            if syntax::is_namespace(name) {
                syntax::attribute_value(value, self.foreign_entities, &mut Vec::new())
                    .map_err(malformed)?;
            } else {
                self.attribute(value)?;
            }
            rest = after;
        }
        names.sort_unstable();
        if names.array_windows().any(|[one, other]| one == other) {
            return Err(malformed("an attribute that is repeated"));
        }
        Ok(())
    }

    fn attribute(&mut self, value: &str) -> Result<(), BodyError> {
        let start = self.out.attribute_bytes.len();
        let result =
            syntax::attribute_value(value, self.foreign_entities, &mut self.out.attribute_bytes);
        self.out
            .attributes
            .push(start..self.out.attribute_bytes.len());
        result.map_err(malformed)
    }

    fn text(&mut self, text: &str) -> Result<(), BodyError> {
        if self.depth > 0 {
            syntax::push_lines(text, &mut self.out.text);
            return if text.contains("]]>") {
                Err(malformed("`]]>` in text"))
            } else {
                Ok(())
            };
        }
        let is_blank = text
            .bytes()
            .all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        if is_blank {
            Ok(())
        } else {
            Err(malformed("text outside of the root element"))
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), BodyError> {
        if self.depth == 0 {
            return Err(malformed("text outside of the root element"));
        }
        syntax::push_reference(reference, self.foreign_entities, &mut self.out.text)
            .map_err(malformed)
    }

    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), BodyError> {
        if self.place != Place::Start {
            return Err(malformed("an XML declaration that is not at the start"));
        }
        syntax::declaration(declaration).map_err(malformed)
    }

    fn doctype(&mut self, doctype: &str) -> Result<(), BodyError> {
        if !matches!(self.place, Place::Start | Place::Prolog) {
            return Err(malformed(
                "a document type that is not before the root element",
            ));
        }
        self.place = Place::Typed;
        let kind = syntax::doctype(doctype).map_err(malformed)?;
        self.foreign_entities = kind != syntax::Doctype::Plain;
        if kind == syntax::Doctype::InternalSubset {
            let message = "XML parsing error: a document type with its own declarations is refused";
            self.forbidden = Some(BodyError::new(BodyErrorKind::Forbidden, message));
        }
        Ok(())
    }
}
