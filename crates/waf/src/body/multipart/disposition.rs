//! The value of a part's `Content-Disposition`.

use std::borrow::Cow;

use memchr::memmem;

use super::{MultipartFlags, invalid};
use crate::body::{BodyError, hex};

/// What `Content-Disposition` names; `name` is never empty.
#[derive(Debug)]
pub(super) struct Disposition<'a> {
    pub(super) name: Cow<'a, [u8]>,
    pub(super) filename: Option<Cow<'a, [u8]>>,
}

impl Disposition<'_> {
    pub(super) fn into_owned(self) -> Disposition<'static> {
        Disposition {
            name: Cow::Owned(self.name.into_owned()),
            filename: self.filename.map(|name| Cow::Owned(name.into_owned())),
        }
    }
}

/// Reads `form-data; name="…"; filename="…"; filename*=…`. Anything else is an error: a backend might understand it.
pub(super) fn parse<'a>(
    header: &'a [u8],
    flags: &mut MultipartFlags,
) -> Result<Disposition<'a>, BodyError> {
    let Some(rest) = header.strip_prefix(b"form-data") else {
        return Err(invalid("a Content-Disposition that is not form-data"));
    };
    let mut rest = blanks(rest);
    let (mut name, mut filename, mut extended) = (None, None, false);
    while let [separator, parameter @ ..] = rest {
        if *separator != b';' {
            flags.invalid_quoting |= matches!(
                header.get(header.len() - rest.len() - 1),
                Some(b'"' | b'\'')
            );
            return Err(invalid(
                "a Content-Disposition with something behind a parameter",
            ));
        }
        if parameter.is_empty() && name.is_some() {
            // One semicolon at the very end is what some clients send.
            break;
        }
        let (key, text) = key(blanks(parameter))?;
        let (value, after) = if key == b"filename*" {
            extended_value(text)?
        } else {
            value(text, flags)?
        };
        let slot = match key {
            b"name" => &mut name,
            b"filename" => &mut filename,
            b"filename*" if !extended => {
                extended = !value.is_empty();
                rest = blanks(after);
                continue;
            }
            b"filename*" => {
                return Err(invalid(
                    "a Content-Disposition with two parameters of one name",
                ));
            }
            _ => return Err(invalid("a Content-Disposition with an unknown parameter")),
        };
        if slot.is_some() {
            return Err(invalid(
                "a Content-Disposition with two parameters of one name",
            ));
        }
        *slot = Some(value).filter(|value| !value.is_empty());
        rest = blanks(after);
    }
    if extended && filename.is_none() {
        return Err(invalid(
            "a Content-Disposition with filename* and without filename",
        ));
    }
    if filename.is_some() && memmem::find(header, b"filename=").is_none() {
        return Err(invalid(
            "a Content-Disposition whose file name is easily overlooked",
        ));
    }
    let Some(name) = name else {
        return Err(invalid("a Content-Disposition without name"));
    };
    Ok(Disposition { name, filename })
}

fn blanks(text: &[u8]) -> &[u8] {
    let count = text
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    text.get(count..).unwrap_or_default()
}

/// The name of a parameter, and the text behind its `=`, which is not empty.
fn key(text: &[u8]) -> Result<(&[u8], &[u8]), BodyError> {
    let end = text
        .iter()
        .position(|byte| matches!(byte, b'=' | b' ' | b'\t'));
    let split = end.and_then(|end| text.split_at_checked(end));
    let Some((key, rest)) = split else {
        return Err(invalid("a Content-Disposition parameter without value"));
    };
    let value = blanks(rest)
        .strip_prefix(b"=")
        .map(blanks)
        .filter(|value| !value.is_empty());
    value
        .map(|value| (key, value))
        .ok_or_else(|| invalid("a Content-Disposition parameter without value"))
}

type Value<'a> = (Cow<'a, [u8]>, &'a [u8]);

/// A value in quotes or a token, and what follows it.
fn value<'a>(text: &'a [u8], flags: &mut MultipartFlags) -> Result<Value<'a>, BodyError> {
    if let [quote @ (b'"' | b'\''), quoted @ ..] = text {
        let (value, after) = quoted_value(quoted, *quote)?;
        flags.invalid_quoting |= *quote == b'\'';
        return Ok((value, after));
    }
    let end = text.iter().take_while(|byte| is_token(**byte)).count();
    let (token, after) = text.split_at_checked(end).unwrap_or((text, &[]));
    flags.invalid_quoting |= token.contains(&b'\'');
    Ok((Cow::Borrowed(token), after))
}

/// Up to the closing quote. A backslash before a quote or a backslash is dropped; before anything else it stays.
fn quoted_value(text: &[u8], quote: u8) -> Result<Value<'_>, BodyError> {
    let mut owned: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let (byte, length) = match rest {
            [b'\\', escaped, ..] if *escaped == quote || *escaped == b'\\' => {
                owned.get_or_insert_with(|| text.get(..at).unwrap_or_default().to_vec());
                (*escaped, 2)
            }
            [b'\\'] => return Err(invalid("a Content-Disposition that ends with a backslash")),
            [byte, after @ ..] if *byte == quote => {
                let plain = text.get(..at).unwrap_or_default();
                return Ok((owned.map_or(Cow::Borrowed(plain), Cow::Owned), after));
            }
            [byte, ..] => (*byte, 1),
            [] => break,
        };
        if let Some(value) = &mut owned {
            value.push(byte);
        }
        at += length;
    }
    Err(invalid("a Content-Disposition without closing quote"))
}

/// `charset'language'value`, percent-encoded; checked and then left alone, as `filename` is what counts.
fn extended_value(text: &[u8]) -> Result<Value<'_>, BodyError> {
    let malformed = || invalid("a Content-Disposition with a malformed filename*");
    let charset = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"!#$%&+-^_`{}~".contains(byte))
        .count();
    let rest = text
        .get(charset..)
        .and_then(|rest| rest.strip_prefix(b"'"))
        .filter(|_| charset > 0);
    let rest = rest.ok_or_else(malformed)?;
    let language = rest
        .iter()
        .position(|byte| *byte == b'\'')
        .ok_or_else(malformed)?;
    let value = rest.get(language + 1..).unwrap_or_default();
    let end = value
        .iter()
        .position(|byte| *byte == b';')
        .unwrap_or(value.len());
    let (value, after) = value.split_at_checked(end).unwrap_or((value, &[]));
    let mut left = value;
    while let [byte, tail @ ..] = left {
        left = match (byte, tail) {
            (b'%', [high, low, tail @ ..]) if hex(*high).is_some() && hex(*low).is_some() => tail,
            (byte, tail) if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`~".contains(byte) => tail,
            _ => return Err(malformed()),
        };
    }
    Ok((Cow::Borrowed(value), after))
}

/// A character of a token: no control, no space, none of the separators.
const fn is_token(byte: u8) -> bool {
    byte > 32
        && byte < 127
        && !matches!(
            byte,
            b'(' | b')'
                | b'<'
                | b'>'
                | b'@'
                | b','
                | b';'
                | b':'
                | b'\\'
                | b'"'
                | b'/'
                | b'['
                | b']'
                | b'?'
                | b'='
        )
}
