//! Escapes of other languages: `jsDecode`, `cssDecode`, `escapeSeqDecode`, `htmlEntityDecode`.

use super::{hex_pair, narrow, nibble, rewrite, whitespace::SPACES};

pub(super) fn js_decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    rewrite(input, out, [b'\\'], |rest, out| match rest {
        [_, b'u', a, b, c, d, ..] if [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit) => {
            out.push(narrow([*a, *b], hex_pair(*c, *d)));
            6
        }
        [_, b'x', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
            out.push(hex_pair(*a, *b));
            4
        }
        // No more than a byte can hold: three digits only up to `\377`.
        [_, b'0'..=b'3', ..] => octal(rest, 3, out),
        [_, b'4'..=b'7', ..] => octal(rest, 2, out),
        [_, byte, ..] => {
            out.push(control(*byte).unwrap_or(*byte));
            2
        }
        _ => {
            out.push(b'\\');
            1
        }
    })
}

/// The escapes of ANSI C, where `\777` is cut to a byte.
pub(super) fn escape_seq_decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    rewrite(input, out, [b'\\'], |rest, out| match rest {
        [_, b'x' | b'X', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
            out.push(hex_pair(*a, *b));
            4
        }
        [_, b'0'..=b'7', ..] => octal(rest, 3, out),
        [_, byte, ..] => {
            out.push(control(*byte).unwrap_or(*byte));
            2
        }
        _ => {
            out.push(b'\\');
            1
        }
    })
}

/// Appends the byte that the backslash and up to `most` octal digits stand for; the length of all that.
fn octal(escape: &[u8], most: usize, out: &mut Vec<u8>) -> usize {
    let digits = escape.iter().skip(1).take(most);
    let digits = digits.take_while(|digit| matches!(digit, b'0'..=b'7'));
    let (mut length, mut value) = (1, 0_u8);
    for digit in digits {
        value = value.wrapping_mul(8).wrapping_add(digit.wrapping_sub(b'0'));
        length += 1;
    }
    out.push(value);
    length
}

/// The control character that a letter behind a backslash stands for.
const fn control(letter: u8) -> Option<u8> {
    Some(match letter {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        _ => return None,
    })
}

pub(super) fn css_decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    rewrite(input, out, [b'\\'], |rest, out| {
        let behind = rest.get(1..).unwrap_or_default();
        let count = behind
            .iter()
            .take(6)
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        let (digits, behind) = behind.split_at(count);
        match (digits, behind) {
            // A line goes on behind a backslash, and a backslash at the end is dropped.
            ([], [b'\n', ..]) => 2,
            ([], []) => 1,
            ([], [byte, ..]) => {
                out.push(*byte);
                2
            }
            (digits, behind) => {
                out.push(css_byte(digits));
                // One white space ends the number and belongs to it.
                let space = behind.first().is_some_and(|byte| SPACES.contains(*byte));
                1 + count + usize::from(space)
            }
        }
    })
}

/// The last two digits; full-width forms count when nothing but zeros stands before four digits.
fn css_byte(digits: &[u8]) -> u8 {
    match digits {
        [one] => nibble(*one),
        [zeros @ .., a, b, c, d] if zeros.iter().all(|digit| *digit == b'0') => {
            narrow([*a, *b], hex_pair(*c, *d))
        }
        [.., high, low] => hex_pair(*high, *low),
        [] => 0,
    }
}

pub(super) fn html_entity_decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    rewrite(input, out, [b'&'], |rest, out| {
        let (prefix, digits, radix) = match rest {
            [_, b'#', b'x' | b'X', digits @ ..] => (3, digits, 16),
            [_, b'#', digits @ ..] => (2, digits, 10),
            [_, name @ ..] => return named_entity(rest, name, out),
            [] => return 0,
        };
        let digits = digits
            .iter()
            .map_while(|digit| char::from(*digit).to_digit(radix));
        let (mut count, mut value) = (0_usize, 0_i64);
        for digit in digits {
            let grown = value.checked_mul(i64::from(radix));
            let grown = grown.and_then(|value| value.checked_add(i64::from(digit)));
            // As `strtol` does: what is too large is the largest number, whose low byte is 0xff.
            value = grown.unwrap_or(i64::MAX);
            count += 1;
        }
        if count == 0 {
            out.extend(rest.iter().take(prefix));
            return prefix;
        }
        out.extend(value.to_le_bytes().first());
        with_semicolon(rest, prefix + count)
    })
}

fn named_entity(rest: &[u8], name: &[u8], out: &mut Vec<u8>) -> usize {
    let count = name
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    let (name, _) = name.split_at(count);
    let entities: [(&[u8], u8); 5] = [
        (b"quot", b'"'),
        (b"amp", b'&'),
        (b"lt", b'<'),
        (b"gt", b'>'),
        (b"nbsp", 0xa0),
    ];
    let entity = entities
        .iter()
        .find(|entity| name.eq_ignore_ascii_case(entity.0));
    if let Some((_, byte)) = entity {
        out.push(*byte);
        with_semicolon(rest, 1 + count)
    } else {
        out.extend(rest.iter().take(1 + count));
        1 + count
    }
}

/// The length of an entity, whose semicolon may be missing.
fn with_semicolon(rest: &[u8], length: usize) -> usize {
    length + usize::from(rest.get(length) == Some(&b';'))
}
