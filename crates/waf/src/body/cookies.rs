//! The `Cookie` header.

#[cfg(test)]
mod tests;

use super::urlencoded::cut;
use super::{Arguments, is_space};

/// Hands out `REQUEST_COOKIES` of one `Cookie` header.
///
/// Nothing is decoded. White space before a name is dropped, as is white space at the end of the header; elsewhere it belongs to
/// the value. A cookie without `=` is a name with the empty value, and one without a name is left out.
pub fn cookies(header: &[u8], out: &mut dyn Arguments) {
    let mut rest = header;
    while !rest.is_empty() {
        let (mut pair, after) = cut(rest, b';');
        rest = after;
        if rest.is_empty() {
            pair = trim_end(pair);
        }
        let (name, value) = cut(pair, b'=');
        let name = trim_start(name);
        if !name.is_empty() && !out.argument(name, value) {
            return;
        }
    }
}

fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_space(*first)
    {
        text = rest;
    }
    text
}

fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., last] = text
        && is_space(*last)
    {
        text = rest;
    }
    text
}
