//! The boundary, from the `Content-Type` header.

use memchr::{memchr, memmem};

use super::{MultipartFlags, invalid};
use crate::body::{BodyError, is_space};

const MEDIA_TYPE: &[u8] = b"multipart/form-data";
const PARAMETER: &[u8] = b"boundary";

/// Longest header, in bytes.
const HEADER: usize = 1024;

/// The boundary that `content_type` names. Nothing but white space and one semicolon may stand between type and parameter; what
/// follows the boundary behind a semicolon is tolerated.
pub(super) fn boundary<'a>(
    content_type: &'a [u8],
    flags: &mut MultipartFlags,
) -> Result<&'a [u8], BodyError> {
    if content_type.len() > HEADER {
        return Err(invalid("the Content-Type header is too long"));
    }
    if memchr(0, content_type).is_some() {
        return Err(invalid("a NUL in the Content-Type header"));
    }
    let Some((media_type, parameters)) = content_type.split_at_checked(MEDIA_TYPE.len()) else {
        return Err(invalid("the Content-Type is not multipart/form-data"));
    };
    if !media_type.eq_ignore_ascii_case(MEDIA_TYPE) {
        return Err(invalid("the Content-Type is not multipart/form-data"));
    }
    if mentions(content_type) > 1 {
        return Err(invalid(
            "several boundary parameters in the Content-Type header",
        ));
    }
    let Some((before, after)) = split_at_parameter(parameters) else {
        return Err(invalid(if mentions(parameters) > 0 {
            "the boundary parameter of the Content-Type header is not in lower case"
        } else {
            "no boundary parameter in the Content-Type header"
        }));
    };
    let mut marks = before.iter().filter(|byte| !is_space(**byte));
    match (marks.next(), marks.next()) {
        (None, _) => flags.missing_semicolon = true,
        (Some(b';'), None) => {}
        _ => {
            return Err(invalid(
                "something before the boundary parameter of the Content-Type header",
            ));
        }
    }
    let value = value(after, flags)?;
    if mentions(value) > 0 {
        return Err(invalid("the boundary contains `boundary`"));
    }
    let value = if is_valid(value) {
        value
    } else {
        memchr(b';', value)
            .and_then(|end| value.get(..end))
            .unwrap_or(value)
    };
    match value {
        [] => Err(invalid("the boundary is empty")),
        value if is_valid(value) => Ok(value),
        _ => Err(invalid(
            "the boundary contains characters that are not allowed",
        )),
    }
}

/// What follows the `=`, without quotes.
fn value<'a>(after: &'a [u8], flags: &mut MultipartFlags) -> Result<&'a [u8], BodyError> {
    let Some((name_end, value)) =
        memchr(b'=', after).and_then(|at| Some((after.get(..at)?, after.get(at + 1..)?)))
    else {
        return Err(invalid("the boundary parameter has no value"));
    };
    if !name_end.iter().copied().all(is_space) {
        return Err(invalid("the name of the boundary parameter goes on"));
    }
    flags.boundary_whitespace =
        !name_end.is_empty() || value.first().copied().is_some_and(is_space);
    match value {
        [b'"', quoted @ .., b'"'] => {
            flags.boundary_quoted = true;
            Ok(quoted)
        }
        [b'"', ..] | [_, .., b'"'] => Err(invalid("a single quote around the boundary")),
        value => Ok(value),
    }
}

fn split_at_parameter(parameters: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memmem::find(parameters, PARAMETER)?;
    Some((
        parameters.get(..at)?,
        parameters.get(at + PARAMETER.len()..)?,
    ))
}

/// How often `text` names the parameter, in any case and with an `=` anywhere behind.
fn mentions(text: &[u8]) -> usize {
    let lower = text.to_ascii_lowercase();
    memmem::find_iter(&lower, PARAMETER)
        .filter(|at| {
            lower
                .get(at + PARAMETER.len()..)
                .is_some_and(|after| memchr(b'=', after).is_some())
        })
        .count()
}

/// RFC 2046: letters, digits, some signs, and spaces but for the last character.
fn is_valid(boundary: &[u8]) -> bool {
    boundary.last() != Some(&b' ')
        && boundary.iter().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b' ' | b'\''
                        | b'('
                        | b')'
                        | b'+'
                        | b'_'
                        | b','
                        | b'-'
                        | b'.'
                        | b'/'
                        | b':'
                        | b'='
                        | b'?'
                )
        })
}
