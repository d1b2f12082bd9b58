//! The document as UTF-8.

use std::borrow::Cow;

use memchr::memmem;

use super::super::{BodyError, BodyErrorKind};

/// As much of `input` as is text, and an error if that is not all of it.
pub(super) fn decode(input: &[u8]) -> (Cow<'_, str>, Option<BodyError>) {
    let (text, error) = match input {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0, b'<', 0, _, ..] => utf16(input, u16::from_be_bytes),
        [b'<', 0, _, 0, ..] => utf16(input, u16::from_le_bytes),
        _ => match declared(input) {
            None => utf8(input),
            Some(name) if is_one_of(name, &["UTF-8", "UTF8", "US-ASCII", "ASCII"]) => utf8(input),
            Some(name)
                if is_one_of(
                    name,
                    &["ISO-8859-1", "ISO-LATIN-1", "ISO LATIN 1", "LATIN1"],
                ) =>
            {
                (
                    Cow::Owned(input.iter().copied().map(char::from).collect()),
                    None,
                )
            }
            Some(_) => {
                let (text, _) = utf8(input);
                (text, Some(invalid("an encoding that is not supported")))
            }
        },
    };
    match text
        .char_indices()
        .find(|(_, character)| !is_character(*character))
    {
        Some((at, _)) => (
            prefix(text, at),
            Some(invalid("a character that is not allowed")),
        ),
        None => (text, error),
    }
}

/// `Char` of XML 1.0.
pub(super) const fn is_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn invalid(what: &str) -> BodyError {
    BodyError::new(
        BodyErrorKind::Encoding,
        format!("XML parsing error: {what}"),
    )
}

fn is_one_of(name: &[u8], names: &[&str]) -> bool {
    names
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

fn prefix(text: Cow<'_, str>, end: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..end).unwrap_or_default()),
        Cow::Owned(mut text) => {
            text.truncate(end);
            Cow::Owned(text)
        }
    }
}

fn utf8(input: &[u8]) -> (Cow<'_, str>, Option<BodyError>) {
    match std::str::from_utf8(input) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(error) => {
            let valid = input.get(..error.valid_up_to()).unwrap_or_default();
            (
                Cow::Borrowed(std::str::from_utf8(valid).unwrap_or_default()),
                Some(invalid("text that is not UTF-8")),
            )
        }
    }
}

fn utf16(input: &[u8], unit: fn([u8; 2]) -> u16) -> (Cow<'static, str>, Option<BodyError>) {
    let (units, odd) = input.as_chunks::<2>();
    let mut text = String::with_capacity(units.len());
    for character in char::decode_utf16(units.iter().map(|pair| unit(*pair))) {
        match character {
            Ok(character) => text.push(character),
            Err(_) => return (Cow::Owned(text), Some(invalid("text that is not UTF-16"))),
        }
    }
    (
        Cow::Owned(text),
        (!odd.is_empty()).then(|| invalid("text that is not UTF-16")),
    )
}

/// The encoding that the XML declaration names.
fn declared(input: &[u8]) -> Option<&[u8]> {
    let start = input
        .strip_prefix(b"<?xml")
        .filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))?;
    let declaration = start.get(..memmem::find(start, b"?>")?)?;
    let after = declaration.get(memmem::find(declaration, b"encoding")? + b"encoding".len()..)?;
    let value = after
        .trim_ascii_start()
        .strip_prefix(b"=")?
        .trim_ascii_start();
    let (quote, value) = value.split_first()?;
    value.get(..memchr::memchr(*quote, value)?)
}
