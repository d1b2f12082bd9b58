//! `utf8toUnicode`: characters beyond ASCII become `%uHHHH`.

use super::{ByteSet, start};

/// Bytes beyond ASCII, and NUL.
pub(super) const REWRITTEN: ByteSet = {
    let mut table = [true; 256];
    let (ascii, _) = table.split_at_mut(128);
    let mut rest = ascii;
    while let Some((entry, behind)) = rest.split_first_mut() {
        *entry = false;
        rest = behind;
    }
    ByteSet::of_table(&table).union(ByteSet::of(b"\0"))
};

/// As `libmodsecurity` does, oddities included: a NUL is dropped, a first byte without what must follow it is dropped, bytes
/// that can never stand first are kept, and what is overlong, a surrogate or beyond the last character is followed (from 0xf5
/// on: preceded) by its first byte.
pub(super) fn to_unicode(input: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(first) = input.iter().position(|byte| REWRITTEN.contains(*byte)) else {
        return false;
    };
    start(out, input, first);
    let mut rest = input.get(first..).unwrap_or_default();
    while let Some((byte, behind)) = rest.split_first() {
        rest = match byte {
            0 => behind,
            1..=0x7f | 0x80..=0xbf | 0xf8..=0xff => {
                out.push(*byte);
                behind
            }
            0xc0..=0xdf => {
                character(*byte, 0x1f, behind.split_first_chunk::<1>(), out).unwrap_or(behind)
            }
            0xe0..=0xef => {
                character(*byte, 0x0f, behind.split_first_chunk::<2>(), out).unwrap_or(behind)
            }
            0xf0..=0xf7 => {
                if *byte >= 0xf5 {
                    out.push(*byte);
                }
                character(*byte, 0x07, behind.split_first_chunk::<3>(), out).unwrap_or(behind)
            }
        };
    }
    out.as_slice() != input
}

/// Appends one character of `1 + N` bytes; what is behind it. `None`: it is none.
fn character<'a, const N: usize>(
    first: u8,
    mask: u8,
    behind: Option<(&'a [u8; N], &'a [u8])>,
    out: &mut Vec<u8>,
) -> Option<&'a [u8]> {
    let (following, behind) = behind?;
    let mut number = u32::from(first & mask);
    for byte in following {
        if byte & 0xc0 != 0x80 {
            return None;
        }
        number = (number << 6) | u32::from(byte & 0x3f);
    }
    out.extend_from_slice(b"%u");
    let digits = 8 - (number.leading_zeros() / 4);
    for place in (0..digits.max(4)).rev() {
        let digit = (number >> (4 * place)) & 0xf;
        out.extend(char::from_digit(digit, 16).and_then(|digit| u8::try_from(digit).ok()));
    }
    let least = match N {
        1 => 0x80,
        2 => 0x800,
        _ => 0x1_0000,
    };
    if (0xd800..=0xdfff).contains(&number) {
        out.push(first);
    }
    if number < least {
        out.push(first);
    }
    Some(behind)
}
