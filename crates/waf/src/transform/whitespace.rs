//! White space and NUL bytes: `compressWhitespace`, `removeWhitespace`, `trim…`, `removeNulls`, `replaceNulls`.

use super::{ByteSet, start};

/// White space of the C locale.
pub(super) const SPACES: ByteSet = ByteSet::of(b" \t\n\x0b\x0c\r");
/// What `removeWhitespace` removes: also the bytes of a no-break space, in Latin-1 and in UTF-8.
pub(super) const REMOVED: ByteSet = SPACES.union(ByteSet::of(b"\xa0\xc2"));

pub(super) fn compress(input: &[u8], out: &mut Vec<u8>) -> bool {
    let is_space = |byte: &u8| SPACES.contains(*byte);
    // Single blanks between words are the common case, and stay.
    let mut behind = input.iter().skip(1);
    let first = input.iter().position(|byte| {
        let next_is_space = behind.next().is_some_and(is_space);
        is_space(byte) && (*byte != b' ' || next_is_space)
    });
    let Some(first) = first else {
        return false;
    };
    start(out, input, first);
    let mut within = false;
    for byte in input.iter().skip(first) {
        if !is_space(byte) {
            out.push(*byte);
        } else if !within {
            out.push(b' ');
        }
        within = is_space(byte);
    }
    true
}

pub(super) fn remove(input: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(first) = input.iter().position(|byte| REMOVED.contains(*byte)) else {
        return false;
    };
    start(out, input, first);
    let rest = input.iter().skip(first);
    out.extend(rest.filter(|byte| !REMOVED.contains(**byte)));
    true
}

pub(super) fn remove_nulls(input: &[u8], out: &mut Vec<u8>) -> bool {
    super::rewrite(input, out, [0], |_, _| 1)
}

pub(super) fn replace_nulls(input: &[u8], out: &mut Vec<u8>) -> bool {
    super::rewrite(input, out, [0], |_, out| {
        out.push(b' ');
        1
    })
}

pub(super) fn trim(input: &[u8], out: &mut Vec<u8>) -> bool {
    keep(input, without_right(without_left(input)), out)
}

pub(super) fn trim_left(input: &[u8], out: &mut Vec<u8>) -> bool {
    keep(input, without_left(input), out)
}

pub(super) fn trim_right(input: &[u8], out: &mut Vec<u8>) -> bool {
    keep(input, without_right(input), out)
}

fn without_left(mut input: &[u8]) -> &[u8] {
    while let Some((byte, rest)) = input.split_first()
        && SPACES.contains(*byte)
    {
        input = rest;
    }
    input
}

fn without_right(mut input: &[u8]) -> &[u8] {
    while let Some((byte, rest)) = input.split_last()
        && SPACES.contains(*byte)
    {
        input = rest;
    }
    input
}

fn keep(input: &[u8], kept: &[u8], out: &mut Vec<u8>) -> bool {
    if kept.len() == input.len() {
        return false;
    }
    out.clear();
    out.extend_from_slice(kept);
    true
}
