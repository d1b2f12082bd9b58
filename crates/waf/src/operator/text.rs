//! Comparing and finding text.

use memchr::memmem;

/// `@beginsWith`
pub(crate) fn begins_with(value: &[u8], parameter: &[u8]) -> bool {
    value.starts_with(parameter)
}

/// `@endsWith`
pub(crate) fn ends_with(value: &[u8], parameter: &[u8]) -> bool {
    value.ends_with(parameter)
}

/// `@streq`
pub(crate) fn streq(value: &[u8], parameter: &[u8]) -> bool {
    value == parameter
}

/// `@contains`
pub(crate) fn contains(value: &[u8], parameter: &[u8]) -> bool {
    parameter.len() <= value.len() && memmem::find(value, parameter).is_some()
}

/// `@strmatch`: in `libmodsecurity` the same as `@contains`, but that it captures nothing.
pub(crate) fn strmatch(value: &[u8], parameter: &[u8]) -> bool {
    contains(value, parameter)
}

/// `@within`: the value is a part of the parameter; the empty value always is.
pub(crate) fn within(value: &[u8], parameter: &[u8]) -> bool {
    contains(parameter, value)
}

/// `@containsWord`: the parameter stands in the value with no letter (A to Z, in either case) on either side. Digits and `_` do
/// not continue a word. The empty parameter is everywhere.
pub(crate) fn contains_word(value: &[u8], parameter: &[u8]) -> bool {
    if parameter.is_empty() {
        return true;
    }
    let Some(first) = memmem::find(value, parameter) else {
        return false;
    };
    if stands_alone(value, first, parameter.len()) {
        return true;
    }
    let rest = value.get(first + 1..).unwrap_or_default();
    Overlapping::new(rest, parameter).any(|at| stands_alone(value, first + 1 + at, parameter.len()))
}

fn stands_alone(value: &[u8], at: usize, length: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| value.get(before));
    let behind = value.get(at + length);
    !before.is_some_and(u8::is_ascii_alphabetic) && !behind.is_some_and(u8::is_ascii_alphabetic)
}

/// Every place of a needle, overlapping ones too, in linear time (Knuth, Morris and Pratt). Searching anew behind each place
/// would be quadratic when both are one letter repeated.
struct Overlapping<'a> {
    bytes: std::iter::Enumerate<std::slice::Iter<'a, u8>>,
    needle: &'a [u8],
    /// For each number of matching bytes less one: how many match still when the needle is moved on.
    shorter: Vec<usize>,
    matching: usize,
}

impl<'a> Overlapping<'a> {
    fn new(value: &'a [u8], needle: &'a [u8]) -> Self {
        let mut all = Self {
            bytes: value.iter().enumerate(),
            needle,
            shorter: Vec::with_capacity(needle.len()),
            matching: 0,
        };
        all.shorter.push(0);
        for byte in needle.iter().skip(1) {
            let matching = all.step(*byte);
            all.shorter.push(matching);
        }
        all.matching = 0;
        all
    }

    fn step(&mut self, byte: u8) -> usize {
        while self.matching > 0 && self.needle.get(self.matching) != Some(&byte) {
            let shorter = self.shorter.get(self.matching - 1);
            self.matching = shorter.copied().unwrap_or(0);
        }
        if self.needle.get(self.matching) == Some(&byte) {
            self.matching += 1;
        }
        self.matching
    }
}

impl Iterator for Overlapping<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while let Some((at, byte)) = self.bytes.next() {
            if self.step(*byte) == self.needle.len() {
                return (at + 1).checked_sub(self.needle.len());
            }
        }
        None
    }
}
