//! Strings of JSON and their escapes.

use super::{Stop, Walk};
use crate::body::hex;

impl<'a> Walk<'a> {
    /// A string whose opening quote was read: borrowed from the input, or unescaped in `buffer`.
    pub(super) fn string<'t>(&mut self, buffer: &'t mut Vec<u8>) -> Result<&'t [u8], Stop>
    where
        'a: 't,
    {
        let start = self.at;
        let (end, shape) = self.string_end()?;
        let raw = self.input.get(start..end).unwrap_or_default();
        if shape.wide && std::str::from_utf8(raw).is_err() {
            return Err(Stop::Utf8);
        }
        if !shape.escaped {
            return Ok(raw);
        }
        buffer.clear();
        unescape(raw, buffer);
        Ok(buffer)
    }

    /// Reads up to and with the closing quote and returns where that stands. Escapes are checked.
    fn string_end(&mut self) -> Result<(usize, Shape), Stop> {
        let mut shape = Shape::default();
        loop {
            let rest = self.input.get(self.at..).unwrap_or_default();
            let plain = rest
                .iter()
                .take_while(|byte| PLAIN.get(usize::from(**byte)) == Some(&true))
                .count();
            self.at += plain;
            match rest.get(plain..).unwrap_or_default() {
                [b'"', ..] => {
                    self.at += 1;
                    return Ok((self.at - 1, shape));
                }
                [b'\\', b'u', a, b, c, d, ..] => {
                    if [a, b, c, d].iter().any(|digit| hex(**digit).is_none()) {
                        return Err(Stop::Escape);
                    }
                    self.at += 6;
                    shape.escaped = true;
                }
                [
                    b'\\',
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                    ..,
                ] => {
                    self.at += 2;
                    shape.escaped = true;
                }
                [0x80..=0xff, ..] => {
                    self.at += 1;
                    shape.wide = true;
                }
                [] | [b'\\'] => return Err(Stop::End),
                [b'\\', ..] => return Err(Stop::Escape),
                [_, ..] => return Err(Stop::Control),
            }
        }
    }
}

/// What a string is made of.
#[derive(Clone, Copy, Debug, Default)]
struct Shape {
    escaped: bool,
    wide: bool,
}

/// Bytes that stand for themselves and need no look: ASCII but for controls, quote and backslash.
const PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0x20;
    #[expect(
        clippy::indexing_slicing,
        reason = "evaluated by the compiler, which refuses an index out of bounds"
    )]
    while byte < 0x80 {
        table[byte] = byte != b'"' as usize && byte != b'\\' as usize;
        byte += 1;
    }
    table
};

/// Appends `raw`, whose escapes are valid, without them.
fn unescape(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        rest = match escape {
            [_, b'u', a, b, c, d, tail @ ..] => unicode([*a, *b, *c, *d], tail, out),
            [_, letter, tail @ ..] => {
                out.push(match letter {
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    other => *other,
                });
                tail
            }
            [_] | [] => &[],
        };
    }
    out.extend_from_slice(rest);
}

/// `\uXXXX`, with the second half of a pair if one follows. As in `yajl`, a first half alone is `?`, and a second half alone is
/// encoded as if it were a character. Returns what follows.
fn unicode<'a>(digits: [u8; 4], tail: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let unit = code_unit(digits);
    if unit & 0xfc00 != 0xd800 {
        push_utf8(unit, out);
        return tail;
    }
    let [b'\\', b'u', a, b, c, d, tail @ ..] = tail else {
        out.push(b'?');
        return tail;
    };
    let second = code_unit([*a, *b, *c, *d]);
    push_utf8((((unit & 0x3ff) << 10) | (second & 0x3ff)) + 0x1_0000, out);
    tail
}

fn code_unit(digits: [u8; 4]) -> u32 {
    digits.iter().fold(0, |unit, digit| {
        unit << 4 | u32::from(hex(*digit).unwrap_or(0))
    })
}

/// UTF-8 of `code`, surrogates included; they cannot be a `char`.
fn push_utf8(code: u32, out: &mut Vec<u8>) {
    let continuation = |shift: u32| 0x80 | u8::try_from(code >> shift & 0x3f).unwrap_or(0);
    let lead = |shift: u32, mark: u8| mark | u8::try_from(code >> shift).unwrap_or(0);
    match code {
        0..0x80 => out.push(lead(0, 0)),
        0x80..0x800 => out.extend([lead(6, 0xc0), continuation(0)]),
        0x800..0x1_0000 => out.extend([lead(12, 0xe0), continuation(6), continuation(0)]),
        0x1_0000.. => out.extend([
            lead(18, 0xf0),
            continuation(12),
            continuation(6),
            continuation(0),
        ]),
    }
}
