//! `urlDecode`, `urlDecodeUni`, `urlEncode`.

use super::{ByteSet, UnicodeMap, hex_pair, narrow, nibble, rewrite};

/// What `urlEncode` does not copy: all but `*`, letters and digits.
pub(super) const ENCODED: ByteSet =
    ByteSet::of(b"*0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz").complement();

pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    rewrite(input, out, [b'%', b'+'], one)
}

/// As `decode`, and `%uHHHH` as IIS reads it.
pub(super) fn decode_uni(input: &[u8], map: &UnicodeMap, out: &mut Vec<u8>) -> bool {
    rewrite(input, out, [b'%', b'+'], |rest, out| match rest {
        [b'%', b'u' | b'U', digits @ ..] => match digits.first_chunk::<4>() {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => {
                out.push(character(*digits, map));
                6
            }
            _ => {
                out.extend(rest.iter().take(2));
                2
            }
        },
        rest => one(rest, out),
    })
}

fn one(rest: &[u8], out: &mut Vec<u8>) -> usize {
    match rest {
        [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
            out.push(hex_pair(*high, *low));
            3
        }
        [b'+', ..] => {
            out.push(b' ');
            1
        }
        rest => {
            out.extend(rest.first());
            1
        }
    }
}

fn character([a, b, c, d]: [u8; 4], map: &UnicodeMap) -> u8 {
    let number = [a, b, c, d].into_iter().fold(0_u16, |number, digit| {
        (number << 4) | u16::from(nibble(digit))
    });
    map.byte(number)
        .unwrap_or_else(|| narrow([a, b], hex_pair(c, d)))
}

pub(super) fn encode(input: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(first) = input.iter().position(|byte| ENCODED.contains(*byte)) else {
        return false;
    };
    super::start(out, input, first);
    for byte in input.iter().skip(first) {
        match byte {
            b' ' => out.push(b'+'),
            byte if ENCODED.contains(*byte) => {
                out.push(b'%');
                out.extend(super::base::hex_digits(*byte));
            }
            byte => out.push(*byte),
        }
    }
    true
}
