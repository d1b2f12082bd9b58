//! A pattern compiles or is refused as by PCRE2, it finds what PCRE2 finds, and what it requires of a value is there wherever it
//! matches. The pattern ends at the first NUL, and so does each value behind it.

use super::beside_pcre2;

pub(crate) fn check(bytes: &[u8]) {
    let mut parts = bytes.split(|byte| *byte == 0);
    let source = parts.next().unwrap_or_default();
    let mut values: Vec<&[u8]> = parts.collect();
    values.push(bytes);
    beside_pcre2::check(source, 0, &values);
}
