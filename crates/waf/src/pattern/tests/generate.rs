//! Values for which a pattern may match, and their mutants.

use crate::pattern::syntax::{Node, Place, bytes};

/// Xorshift; the seed is not zero.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

const SURROUNDINGS: &[&[u8]] = &[
    b"", b"", b"a", b" ", b"\n", b"x=1&", b"\\", b"/", b"\r\n", b"'", b"\0", b"9",
];

/// A value around a text that `node` is likely to match.
pub(super) fn value(node: &Node, random: &mut Random) -> Vec<u8> {
    let mut out = SURROUNDINGS[random.below(SURROUNDINGS.len())].to_vec();
    let mut groups = vec![Vec::new(); 32];
    write(node, random, &mut groups, &mut out);
    out.extend_from_slice(SURROUNDINGS[random.below(SURROUNDINGS.len())]);
    if random.one_in(3) {
        mutate(&mut out, random);
    }
    out
}

fn mutate(value: &mut Vec<u8>, random: &mut Random) {
    if value.is_empty() {
        return;
    }
    let at = random.below(value.len());
    match random.below(5) {
        0 => drop(value.remove(at)),
        1 => value.insert(at, b"\n a1'\\-\xe9"[random.below(8)]),
        2 => value[at] = value[at].wrapping_add(1),
        3 => value.truncate(at),
        _ => value.extend_from_within(at..),
    }
}

fn write(node: &Node, random: &mut Random, groups: &mut Vec<Vec<u8>>, out: &mut Vec<u8>) {
    match node {
        Node::Empty => {}
        Node::Set(set) => {
            let all: Vec<u8> = bytes(*set).collect();
            let plain: Vec<u8> = all.iter().copied().filter(u8::is_ascii_graphic).collect();
            let from = if plain.is_empty() || random.one_in(4) {
                &all
            } else {
                &plain
            };
            if !from.is_empty() {
                out.push(from[random.below(from.len())]);
            }
        }
        Node::Place(place) => match place {
            Place::LineStart | Place::LineEnd | Place::LastLineEnd if random.one_in(4) => {
                out.push(b'\n');
            }
            Place::WordEdge if random.one_in(3) => out.push(b' '),
            Place::TextStart
            | Place::TextEnd
            | Place::LastLineEnd
            | Place::LineStart
            | Place::LineEnd
            | Place::WordEdge
            | Place::NotWordEdge
            | Place::SearchStart => {}
        },
        Node::Concat(parts) => parts
            .iter()
            .for_each(|part| write(part, random, groups, out)),
        Node::Alternate(parts) => write(&parts[random.below(parts.len())], random, groups, out),
        Node::Repeat {
            node, least, most, ..
        } => {
            let most = most.unwrap_or(u32::MAX).saturating_sub(*least).min(3);
            let more = random.below(usize::try_from(most).unwrap() + 1);
            for _ in 0..usize::try_from(*least).unwrap() + more {
                write(node, random, groups, out);
            }
        }
        Node::Group(group, node) => {
            let start = out.len();
            write(node, random, groups, out);
            if let Some(kept) = groups.get_mut(usize::try_from(*group).unwrap()) {
                *kept = out[start..].to_vec();
            }
        }
        Node::Atomic(node) => write(node, random, groups, out),
        Node::Around(around, node) => {
            if !around.negative && random.one_in(2) {
                write(node, random, groups, out);
            }
        }
        Node::Back(group, _) => {
            if let Some(kept) = groups.get(usize::try_from(*group).unwrap()) {
                out.extend_from_slice(kept);
            }
        }
    }
}
