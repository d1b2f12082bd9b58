//! The operators of `SecLang` that need nothing but a value and their parameter, in which macros are already expanded.
//!
//! Each function is the operator's own question; `!@…` is the caller's business. What finds something says where, when the log
//! or a capture wants to know.

mod number;
#[cfg(test)]
mod tests;
mod text;
mod validate;

pub(crate) use number::{ip_match, parse_number, verify_cc, verify_cpf, verify_ssn};
pub(crate) use text::{begins_with, contains, contains_word, ends_with, streq, strmatch, within};
pub(crate) use validate::{
    bytes_refused, validate_byte_range, validate_url_encoding, validate_utf8_encoding,
};
