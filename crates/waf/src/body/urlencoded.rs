//! `application/x-www-form-urlencoded` and the query string.

#[cfg(test)]
mod tests;

use memchr::{memchr, memchr2};

use super::{Arguments, hex};

/// How reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UrlEncoded {
    /// A `%` without two hexadecimal digits was seen (`URLENCODED_ERROR`); it was taken literally.
    pub invalid_encoding: bool,
    /// All arguments were wanted; false when the receiver stopped.
    pub complete: bool,
}

/// Hands out the arguments of `input`, divided by `separator` (`&`, or what `SecArgumentSeparator` says).
///
/// Two separators in a row make an argument without name and value, a separator at the very end makes none, and `a` without `=`
/// has the empty value, all as in `libmodsecurity`.
pub fn urlencoded(input: &[u8], separator: u8, out: &mut dyn Arguments) -> UrlEncoded {
    let mut result = UrlEncoded {
        invalid_encoding: false,
        complete: true,
    };
    let mut name_buffer = Vec::new();
    let mut value_buffer = Vec::new();
    let mut rest = input;
    while !rest.is_empty() {
        let (pair, after) = cut(rest, separator);
        rest = after;
        let (name, value) = cut(pair, b'=');
        let name = form_decode(name, &mut name_buffer, &mut result.invalid_encoding);
        let value = form_decode(value, &mut value_buffer, &mut result.invalid_encoding);
        if !out.argument(name, value) {
            result.complete = false;
            break;
        }
    }
    result
}

/// What stands before the first `separator` and what stands behind it.
pub(super) fn cut(input: &[u8], separator: u8) -> (&[u8], &[u8]) {
    let split = memchr(separator, input).and_then(|at| input.split_at_checked(at));
    match split {
        Some((before, [_, after @ ..])) => (before, after),
        Some(_) | None => (input, &[]),
    }
}

/// Decodes `%xx` and `+`; borrows when there is none.
fn form_decode<'a>(input: &'a [u8], buffer: &'a mut Vec<u8>, invalid: &mut bool) -> &'a [u8] {
    if memchr2(b'%', b'+', input).is_none() {
        return input;
    }
    buffer.clear();
    *invalid |= !decode(input, Plus::IsSpace, buffer);
    buffer
}

/// Appends `input` to `out` with every `%xx` replaced by its byte; `+` stays. A `%` without two hexadecimal digits stays too.
/// Returns whether there was none of those.
pub fn percent_decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    decode(input, Plus::Stays, out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Plus {
    IsSpace,
    Stays,
}

fn decode(input: &[u8], plus: Plus, out: &mut Vec<u8>) -> bool {
    out.reserve(input.len());
    let mut valid = true;
    let mut rest = input;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'%', [high, low, tail @ ..]) => {
                if let (Some(high), Some(low)) = (hex(*high), hex(*low)) {
                    out.push(high << 4 | low);
                    rest = tail;
                } else {
                    out.push(b'%');
                    valid = false;
                }
            }
            (b'%', _) => {
                out.push(b'%');
                valid = false;
            }
            (b'+', _) if plus == Plus::IsSpace => out.push(b' '),
            (other, _) => out.push(other),
        }
    }
    valid
}
