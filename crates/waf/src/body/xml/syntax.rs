//! What the XML specification demands of the parts of a token.

use memchr::{memchr, memchr2};
use quick_xml::events::{BytesDecl, BytesPI};

use super::encoding::is_character;

/// `Name` of XML 1.0, fifth edition.
pub(super) fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(is_name_start) && characters.all(is_name_part)
}

/// Whether an attribute of that name declares a namespace.
pub(super) fn is_namespace(name: &str) -> bool {
    let prefix = name
        .strip_prefix("xmlns:")
        .filter(|prefix| is_name(prefix) && !prefix.starts_with(':'));
    name == "xmlns" || prefix.is_some()
}

const fn is_name_start(character: char) -> bool {
    matches!(
        character,
        ':' | '_' | 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
            | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
            | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
            | '\u{10000}'..='\u{effff}'
    )
}

const fn is_name_part(character: char) -> bool {
    is_name_start(character)
        || matches!(character, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// What is wrong with the document, in our own words: a message never repeats the body.
pub(super) fn describe(error: &quick_xml::Error) -> String {
    match error {
        quick_xml::Error::Syntax(error) => error.to_string(),
        quick_xml::Error::IllFormed(_) => {
            "tags, comments or references that are not well-formed".to_owned()
        }
        quick_xml::Error::Io(_)
        | quick_xml::Error::InvalidAttr(_)
        | quick_xml::Error::Encoding(_)
        | quick_xml::Error::Escape(_)
        | quick_xml::Error::Namespace(_) => "not well-formed".to_owned(),
    }
}

/// The first attribute of `rest` (name, raw value, what follows); `None` at the end of the tag.
pub(super) fn attribute(rest: &str) -> Result<Option<(&str, &str, &str)>, &'static str> {
    let text = rest.trim_start_matches(SPACE);
    if text.is_empty() {
        return Ok(None);
    }
    let (name, value) = text.split_once('=').ok_or("an attribute without value")?;
    let name = name.trim_end_matches(SPACE);
    if text.len() == rest.len() || !is_name(name) {
        return Err("an attribute whose name is not allowed");
    }
    let value = value.trim_start_matches(SPACE);
    let mark = value
        .chars()
        .next()
        .filter(|mark| matches!(mark, '"' | '\''));
    let quote = mark.ok_or("an attribute value without quotes")?;
    let unquoted = value
        .strip_prefix(quote)
        .and_then(|value| value.split_once(quote));
    let (value, after) = unquoted.ok_or("an attribute value without closing quote")?;
    Ok(Some((name, value, after)))
}

/// Appends `raw` as an attribute value: references replaced, white space turned into spaces.
pub(super) fn attribute_value(
    raw: &str,
    foreign_entities: bool,
    out: &mut Vec<u8>,
) -> Result<(), &'static str> {
    if memchr(b'<', raw.as_bytes()).is_some() {
        return Err("`<` in an attribute value");
    }
    let mut rest = raw;
    while let Some((plain, reference)) = rest.split_once('&') {
        push_spaced(plain, out);
        let (name, after) = reference
            .split_once(';')
            .ok_or("a reference that is not closed")?;
        push_reference(name, foreign_entities, out)?;
        rest = after;
    }
    push_spaced(rest, out);
    Ok(())
}

fn push_spaced(text: &str, out: &mut Vec<u8>) {
    let start = out.len();
    push_lines(text, out);
    for byte in out.iter_mut().skip(start) {
        if matches!(byte, b'\t' | b'\n') {
            *byte = b' ';
        }
    }
}

/// Appends `text`; CR LF and CR alone become LF.
pub(super) fn push_lines(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    while let Some(end) = memchr(b'\r', rest) {
        let (line, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        out.extend_from_slice(line);
        out.push(b'\n');
        rest = after
            .strip_prefix(b"\r\n")
            .or_else(|| after.strip_prefix(b"\r"))
            .unwrap_or(after);
    }
    out.extend_from_slice(rest);
}

/// Appends what `&name;` stands for; nothing for an entity that is declared elsewhere.
pub(super) fn push_reference(
    name: &str,
    foreign_entities: bool,
    out: &mut Vec<u8>,
) -> Result<(), &'static str> {
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => match name.strip_prefix('#') {
            Some(number) => {
                numbered(number).ok_or("a reference to a character that is not allowed")?
            }
            None if foreign_entities && is_name(name) => return Ok(()),
            None => return Err("a reference to an entity that is not declared"),
        },
    };
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(())
}

fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if digits.starts_with('+') {
        return None;
    }
    u32::from_str_radix(digits, radix)
        .ok()
        .and_then(char::from_u32)
        .filter(|character| is_character(*character))
}

/// A processing instruction: its target is a name, and not that of the XML declaration, in any case.
pub(super) fn instruction(instruction: &BytesPI<'_>) -> Result<(), &'static str> {
    let target = instruction.target();
    if is_name(target) && !target.eq_ignore_ascii_case("xml") {
        Ok(())
    } else {
        Err("a processing instruction whose target is not allowed")
    }
}

/// `<?xml version="1.x" encoding="…" standalone="…"?>`, in this order.
pub(super) fn declaration(declaration: &BytesDecl<'_>) -> Result<(), &'static str> {
    const MALFORMED: &str = "a malformed XML declaration";
    let content: &str = declaration;
    let mut rest = content.strip_prefix("xml").ok_or(MALFORMED)?;
    let mut names = ["version", "encoding", "standalone"].into_iter();
    let mut is_first = true;
    while let Some((name, value, after)) = attribute(rest)? {
        let is_known = names.by_ref().any(|known| known == name);
        let is_valid = match name {
            "version" => value
                .strip_prefix("1.")
                .is_some_and(|minor| minor.bytes().all(|byte| byte.is_ascii_digit())),
            "standalone" => matches!(value, "yes" | "no"),
            _ => value.starts_with(|first: char| first.is_ascii_alphabetic()),
        };
        if !is_known || !is_valid || is_first != (name == "version") {
            return Err(MALFORMED);
        }
        is_first = false;
        rest = after;
    }
    if is_first { Err(MALFORMED) } else { Ok(()) }
}

/// What a document type brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doctype {
    /// A name.
    Plain,
    /// Declarations elsewhere, which are never read.
    External,
    /// Declarations of its own.
    InternalSubset,
}

/// Reads what stands between `<!DOCTYPE` and `>`.
pub(super) fn doctype(text: &str) -> Result<Doctype, &'static str> {
    const MALFORMED: &str = "a malformed document type";
    let text = text.trim_matches(SPACE);
    if memchr2(b'[', b']', text.as_bytes()).is_some() {
        return Ok(Doctype::InternalSubset);
    }
    let Some((name, rest)) = text.split_once(SPACE) else {
        return if is_name(text) {
            Ok(Doctype::Plain)
        } else {
            Err(MALFORMED)
        };
    };
    let rest = rest.trim_start_matches(SPACE);
    let is_public = rest.starts_with("PUBLIC");
    let literals = rest
        .strip_prefix("SYSTEM")
        .or_else(|| rest.strip_prefix("PUBLIC"));
    let literals = literals
        .filter(|_| is_name(name))
        .and_then(literal)
        .ok_or(MALFORMED)?;
    let rest = if is_public {
        literal(literals).ok_or(MALFORMED)?
    } else {
        literals
    };
    if rest.is_empty() {
        Ok(Doctype::External)
    } else {
        Err(MALFORMED)
    }
}

/// What follows white space and a quoted text.
fn literal(text: &str) -> Option<&str> {
    let quoted = text.trim_start_matches(SPACE);
    let quote = quoted
        .chars()
        .next()
        .filter(|mark| quoted.len() < text.len() && matches!(mark, '"' | '\''))?;
    quoted
        .strip_prefix(quote)?
        .split_once(quote)
        .map(|(_, rest)| rest)
}
