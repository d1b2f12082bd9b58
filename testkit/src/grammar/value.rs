//! Values close to what a pattern matches.

use super::{MadeUp, Part};
use crate::choices::Choices;

/// Bytes of a value, near enough.
const VALUE_BYTES_MAX: usize = 64;
const SURROUNDINGS: &[u8] = b"a \nb-";
const REPLACEMENTS: &[u8] = b"\n aAbc-\xe9";

impl MadeUp {
    /// A value that it matches, unless a place or an assertion forbids that; one in three a little different.
    pub fn value(&self, choices: &mut Choices<'_>) -> Vec<u8> {
        let mut value = Vec::new();
        if choices.one_in(3) {
            value.extend(choices.pick(SURROUNDINGS));
        }
        self.write_value(choices, &mut value, &mut Vec::new());
        if choices.one_in(3) {
            value.extend(choices.pick(SURROUNDINGS));
        }
        if choices.one_in(3) {
            mutate(&mut value, choices);
        }
        value
    }

    fn write_value(&self, choices: &mut Choices<'_>, out: &mut Vec<u8>, groups: &mut Vec<Vec<u8>>) {
        for piece in choices.pick(&self.branches).into_iter().flatten() {
            let (least, most) = piece
                .quantifier
                .map_or((1, 1), |(_, least, most)| (*least, *most));
            for _ in 0..least + choices.below(most - least + 1) {
                if out.len() < VALUE_BYTES_MAX {
                    piece.part.write_value(choices, out, groups);
                }
            }
        }
    }
}

impl Part {
    fn write_value(&self, choices: &mut Choices<'_>, out: &mut Vec<u8>, groups: &mut Vec<Vec<u8>>) {
        match self {
            Self::Atom((_, texts)) => {
                out.extend_from_slice(choices.pick(texts).copied().unwrap_or_default());
            }
            Self::Back(_, group) => {
                let text = groups.get(group.wrapping_sub(1));
                out.extend_from_slice(text.map_or(&[], Vec::as_slice));
            }
            Self::Place(place) => {
                if matches!(*place, "^" | "$" | "\\Z") && choices.one_in(4) {
                    out.push(b'\n');
                }
            }
            Self::Group(opening, inside) => {
                let start = out.len();
                let skipped = match *opening {
                    "(?!" | "(?<!" => true,
                    "(?=" => choices.one_in(2),
                    _ => false,
                };
                if !skipped {
                    inside.write_value(choices, out, groups);
                }
                let text = out.get_mut(start..).unwrap_or_default();
                if *opening == "(?i:" {
                    text.make_ascii_uppercase();
                }
                if *opening == "(" {
                    groups.push(text.to_vec());
                }
            }
        }
    }
}

fn mutate(value: &mut Vec<u8>, choices: &mut Choices<'_>) {
    let at = choices.below(value.len());
    let byte = choices.pick(REPLACEMENTS).copied().unwrap_or_default();
    match (choices.below(4), value.get_mut(at)) {
        (0, Some(there)) => *there = byte,
        (1, Some(_)) => drop(value.remove(at)),
        (2, Some(_)) => value.truncate(at),
        _ => value.push(byte),
    }
}
