//! SQL injection and XSS judged by tokens, with the verdicts of libinjection 3.9.2.
//!
//! The C library is the reference that rule writers know: its fingerprints stand in their exceptions and their logs. So the
//! verdicts here equal its own, quirks included, and a test runs both side by side. Rejected: a binding (C on hostile input),
//! and an approximation (a rule would find another set of requests than its author tested).
//!
//! [`sqli`] reads a value as a fragment of SQL, once as it stands and once behind each kind of quote that occurs in it; it folds
//! what it reads to at most five tokens and looks their kinds up among known attacks. [`xss`] reads a value as HTML, from the
//! text between tags and from inside each kind of attribute value. Both take time linear in the input and allocate nothing.

mod bytes;
mod fold;
mod html;
mod lexer;
mod tables;
#[cfg(test)]
mod tests;
mod token;
mod verdict;
mod xss;

use std::fmt;

use bytes::ByteTable;

/// The kinds of up to five tokens, one letter each, as the C library writes them: `s&1c` is a string, a logical operator, a
/// number and a comment.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    letters: [u8; 5],
    len: u8,
}

impl Fingerprint {
    /// The letters, one to five.
    pub fn as_str(&self) -> &str {
        let letters = self.letters.get(..usize::from(self.len));
        letters
            .and_then(|letters| std::str::from_utf8(letters).ok())
            .unwrap_or_default()
    }

    /// The letters as bytes, the form in which rules keep what they captured.
    pub fn as_bytes(&self) -> &[u8] {
        self.as_str().as_bytes()
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Letters, digits and underscores: at most two numbers and a word, and no attack is that short.
static PLAIN: ByteTable =
    ByteTable::of(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");

/// The fingerprint of an SQL injection, if `input` holds one.
pub fn sqli(input: &[u8]) -> Option<Fingerprint> {
    if PLAIN.span(input) == input.len() {
        return None;
    }
    verdict::sqli(input)
}

/// Whether `input` would run a script if it were written into a page.
pub fn xss(input: &[u8]) -> bool {
    // Only `<` begins a tag, a comment or a declaration, and only `=` gives an attribute its value.
    match memchr::memrchr2(b'<', b'=', input) {
        Some(last) => xss::xss_until(input, last),
        None => false,
    }
}
