//! Other notations of the same bytes (base 16 and 64), digests, the length, and parity bits.

use sha1::Digest;

use super::{ByteSet, hex_pair, rewrite};

const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The two digits of a byte, in small letters.
pub(super) fn hex_digits(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 0xf].map(|digit| HEX.get(usize::from(digit)).copied().unwrap_or(b'0'))
}

pub(super) fn hex_encode(input: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    out.extend(input.iter().flat_map(|byte| hex_digits(*byte)));
    !input.is_empty()
}

/// Every pair becomes a byte, digits or not; a single last byte is dropped.
pub(super) fn hex_decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    let (pairs, _) = input.as_chunks::<2>();
    out.clear();
    out.extend(pairs.iter().map(|[high, low]| hex_pair(*high, *low)));
    !input.is_empty()
}

/// `0x4142` becomes `AB`. The byte behind the digits is copied without a look at it, as in `libmodsecurity`; but unlike there
/// a NUL does not end the value, and its last byte is not lost.
pub(super) fn sql_hex_decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    if memchr::memchr2(b'x', b'X', input).is_none() {
        return false;
    }
    rewrite(input, out, [b'0'], |rest, out| {
        let digits = match rest {
            [_, b'x' | b'X', digits @ ..] => digits,
            _ => &[],
        };
        let (pairs, _) = digits.as_chunks::<2>();
        let decoded = pairs
            .iter()
            .take_while(|pair| pair.iter().all(u8::is_ascii_hexdigit));
        let before = out.len();
        out.extend(decoded.map(|[high, low]| hex_pair(*high, *low)));
        let used = match out.len().saturating_sub(before) {
            0 => 0,
            count => 2 + 2 * count,
        };
        out.extend(rest.get(used));
        used + 1
    })
}

pub(super) fn base64_encode(input: &[u8], out: &mut Vec<u8>) -> bool {
    let digit = |bits: u8| {
        BASE64
            .get(usize::from(bits & 0x3f))
            .copied()
            .unwrap_or(b'=')
    };
    out.clear();
    let (triples, last) = input.as_chunks::<3>();
    for [a, b, c] in triples {
        let bits = [*a >> 2, (*a << 4) | (*b >> 4), (*b << 2) | (*c >> 6), *c];
        out.extend(bits.map(digit));
    }
    match last {
        [a] => out.extend([digit(*a >> 2), digit(*a << 4), b'=', b'=']),
        [a, b] => out.extend([
            digit(*a >> 2),
            digit((*a << 4) | (*b >> 4)),
            digit(*b << 2),
            b'=',
        ]),
        _ => {}
    }
    !input.is_empty()
}

const fn sextet(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// Strict: one byte that does not belong there, and the result is empty. Only what stands before a NUL is read, and only whole
/// groups of four digits become bytes.
pub(super) fn base64_decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    let text = input.split(|byte| *byte == 0).next().unwrap_or_default();
    if strict_groups(text, out).is_none() {
        out.clear();
    }
    out.as_slice() != input
}

/// `None`: it is not base64.
fn strict_groups(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (mut group, mut digits, mut padding) = (0_u32, 0_u8, 0_u8);
    let mut rest = text;
    loop {
        let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
        rest = rest.get(spaces..).unwrap_or_default();
        let (byte, behind) = match rest {
            [] => return Some(()),
            [b'\r', b'\n', behind @ ..] | [b'\n', behind @ ..] => {
                rest = behind;
                continue;
            }
            [byte, behind @ ..] => (*byte, behind),
        };
        rest = behind;
        // Blanks may stand at the end of a line, not within.
        let bits = match byte {
            _ if spaces > 0 => return None,
            b'=' if padding < 2 => {
                padding += 1;
                0
            }
            byte if padding == 0 => sextet(byte)?,
            _ => return None,
        };
        group = (group << 6) | u32::from(bits);
        digits += 1;
        if digits == 4 {
            let [_, bytes @ ..] = group.to_be_bytes();
            out.extend(bytes.iter().take(3 - usize::from(padding)));
            (group, digits) = (0, 0);
        }
    }
}

/// Forgiving: what is no digit is skipped. Padding behind the first digit of a group empties the result, and, as in
/// `libmodsecurity`, so does a last `9` that is alone in its group.
pub(super) fn base64_decode_forgiving(input: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    let (mut count, mut pending) = (0_u8, 0_u8);
    let mut rest = input;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        let alone = count == 1 && behind.first() != Some(&b'=');
        if *byte == b'=' && alone {
            out.clear();
            break;
        }
        let Some(bits) = sextet(*byte) else { continue };
        if *byte == b'9' && count == 0 && behind.is_empty() {
            out.clear();
            break;
        }
        match count {
            0 => pending = bits << 2,
            1 => {
                out.push(pending | (bits >> 4));
                pending = bits << 4;
            }
            2 => {
                out.push(pending | (bits >> 2));
                pending = bits << 6;
            }
            _ => out.push(pending | bits),
        }
        count = (count + 1) & 3;
    }
    out.as_slice() != input
}

/// The digest's bytes, not its hexadecimal form.
pub(super) fn digest<D: Digest>(input: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    out.extend_from_slice(&D::digest(input));
    out.as_slice() != input
}

/// The number of bytes, in decimal digits.
pub(super) fn length(input: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    let mut number = input.len();
    loop {
        out.extend(u8::try_from(number % 10).map(|digit| b'0' + digit));
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.reverse();
    out.as_slice() != input
}

/// What the eighth bit becomes.
#[derive(Clone, Copy)]
pub(super) enum Parity {
    Even,
    Odd,
    Zero,
}

impl Parity {
    const fn of(self, byte: u8) -> u8 {
        // The sum is over all eight bits, as in `libmodsecurity`, although one of them is replaced.
        let odd = byte.count_ones() % 2 == 1;
        match self {
            Self::Even if odd => byte | 0x80,
            Self::Odd if !odd => byte | 0x80,
            Self::Even | Self::Odd | Self::Zero => byte & 0x7f,
        }
    }

    /// The bytes that it changes.
    pub(super) const fn changes(self) -> ByteSet {
        let mut set = ByteSet::empty();
        let mut byte = 0_u8;
        loop {
            if self.of(byte) != byte {
                set = set.union(ByteSet::of(&[byte]));
            }
            if byte == u8::MAX {
                return set;
            }
            byte += 1;
        }
    }
}

pub(super) fn parity(input: &[u8], out: &mut Vec<u8>, parity: Parity) -> bool {
    let Some(first) = input.iter().position(|byte| parity.of(*byte) != *byte) else {
        return false;
    };
    super::start(out, input, first);
    out.extend(input.iter().skip(first).map(|byte| parity.of(*byte)));
    true
}
