//! Small sets of texts, in lowercase.

use crate::pattern::syntax::bytes;
use crate::transform::ByteSet;

/// Most texts of one set.
const TEXTS_MAX: usize = 400;
/// Longest start or end that is followed, in bytes. Longer texts are rarer, but not by much.
const EDGE_BYTES_MAX: usize = 12;
/// Longest text that is written out whole.
const TEXT_BYTES_MAX: usize = 64;
/// Shortest text that is worth looking for.
const USEFUL_BYTES_MIN: usize = 2;

/// A set of texts, sorted; one of them may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Texts(Vec<Vec<u8>>);

impl Texts {
    pub(super) fn empty_text() -> Self {
        Self(vec![Vec::new()])
    }

    /// The bytes of a set, when they are `most` or fewer.
    pub(super) fn of_set(set: ByteSet, most: usize) -> Option<Self> {
        let all: Vec<Vec<u8>> = bytes(set)
            .map(|byte| vec![byte.to_ascii_lowercase()])
            .collect();
        let all = Self(all).sorted();
        (all.0.len() <= most).then_some(all)
    }

    fn sorted(mut self) -> Self {
        self.0.sort_unstable();
        self.0.dedup();
        self
    }

    /// Each text of one followed by each of the other.
    pub(super) fn joined(&self, other: &Self) -> Option<Self> {
        if self.0.len().saturating_mul(other.0.len()) > TEXTS_MAX {
            return None;
        }
        let mut all = Vec::new();
        for one in &self.0 {
            for two in &other.0 {
                let text = [one.as_slice(), two].concat();
                if text.len() > TEXT_BYTES_MAX {
                    return None;
                }
                all.push(text);
            }
        }
        Some(Self(all).sorted())
    }

    /// Starts of what begins with one of these whole texts, behind which one of `next` begins.
    pub(super) fn joined_starts(&self, next: &Self) -> Self {
        match self.joined(next) {
            Some(all) => all.into_starts(),
            None => self.clone().into_starts(),
        }
    }

    /// Ends of what ends with one of these and then one of the whole texts `next`.
    pub(super) fn joined_ends(&self, next: &Self) -> Self {
        match self.joined(next) {
            Some(all) => all.into_ends(),
            None => next.clone().into_ends(),
        }
    }

    /// The texts of all sets.
    pub(super) fn united(all: Vec<Self>) -> Self {
        Self(all.into_iter().flat_map(|texts| texts.0).collect()).sorted()
    }

    pub(super) fn is_small(&self) -> bool {
        self.0.len() <= TEXTS_MAX
    }

    /// Cut at their ends until they are few.
    pub(super) fn into_starts(self) -> Self {
        self.cut(Vec::truncate)
    }

    /// Cut at their starts until they are few.
    pub(super) fn into_ends(self) -> Self {
        self.cut(|text, length| drop(text.drain(..text.len().saturating_sub(length))))
    }

    fn cut(self, cut: impl Fn(&mut Vec<u8>, usize)) -> Self {
        let mut all = self;
        let longest = all.0.iter().map(Vec::len).max().unwrap_or(0);
        if longest <= EDGE_BYTES_MAX && all.is_small() {
            return all;
        }
        for length in (0..=EDGE_BYTES_MAX).rev() {
            for text in &mut all.0 {
                cut(text, length);
            }
            all = all.sorted();
            if all.is_small() {
                break;
            }
        }
        all
    }

    pub(super) fn is_useful(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|text| text.len() >= USEFUL_BYTES_MIN)
    }

    /// How often one of them stands at a place in harmless values, roughly; a little more for each text.
    pub(super) fn cost(&self) -> f64 {
        let cost_of = |text: &Vec<u8>| {
            let all: f64 = text.iter().map(|byte| 1.5 * both_cases(*byte)).product();
            all + 1e-6
        };
        self.0.iter().map(cost_of).sum()
    }

    /// Without the texts that contain another one.
    pub(super) fn into_minimal(self) -> Vec<Vec<u8>> {
        let mut all = self.0;
        all.sort_unstable_by_key(|text| (text.len(), text.clone()));
        let mut kept: Vec<Vec<u8>> = Vec::new();
        for text in all {
            let is_longer = kept.iter().any(|short| {
                text.windows(short.len())
                    .any(|part| part == short.as_slice())
            });
            if !is_longer {
                kept.push(text);
            }
        }
        kept
    }
}

fn both_cases(byte: u8) -> f64 {
    if byte.is_ascii_lowercase() {
        frequency(byte) + frequency(byte.to_ascii_uppercase())
    } else {
        frequency(byte)
    }
}

/// How often the byte occurs among the bytes of harmless arguments, headers and bodies, roughly.
pub(super) fn frequency(byte: u8) -> f64 {
    match byte {
        b'e' | b'a' | b't' | b'i' | b'o' | b'n' | b'r' | b's' => 0.055,
        b'l' | b'c' | b'd' | b'u' | b'm' | b'p' | b'h' => 0.03,
        b'g' | b'f' | b'b' | b'y' | b'w' | b'v' | b'k' => 0.015,
        b' ' => 0.06,
        b'0'..=b'9' => 0.02,
        b'A'..=b'Z' => 0.006,
        b'.' | b'-' | b'/' | b',' | b'=' | b'_' | b'"' | b':' => 0.012,
        b'j' | b'q' | b'x' | b'z' | b';' | b'&' | b'%' | b'+' | b'\'' | b'(' | b')' | b'?' => 0.004,
        b'\n' | b'\r' | b'\t' => 0.003,
        0x21..=0x7e => 0.0015,
        0..=0x1f | 0x7f => 0.0002,
        0x80.. => 0.0005,
    }
}
