//! Words and numbers.

use super::super::bytes::{ByteTable, after, first};
use super::super::tables;
use super::super::token::{Kind, Token};
use super::{Lexeme, WHITE, mark};

/// The C library asks with `strchr`, which finds the NUL that ends its own list: in these sets NUL counts as a digit.
pub(super) static BITS: ByteTable = ByteTable::of(b"01\0");
pub(super) static HEX: ByteTable = ByteTable::of(b"0123456789ABCDEFabcdef\0");

static WORD_END: ByteTable = ByteTable::of(b" []{}<>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r\"\xa0\0");
/// What ends a word or may divide it: `SELECT.1` and ``SELECT`a` `` begin with a keyword.
static WORD_END_OR_JOINT: ByteTable =
    ByteTable::of(b".` []{}<>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r\"\xa0\0");

/// Words longer than this, in bytes, are never looked up.
const WORD_BYTES_MAX: usize = 31;

/// A word. The part before a joint is looked up first, and the rest of a long word is only read when no part is a keyword: without
/// that, `or.or.or…` would take quadratic time, as it does in C.
pub(super) fn word(rest: &[u8]) -> Lexeme<'_> {
    let near = first(rest, WORD_BYTES_MAX);
    let mut len = WORD_END_OR_JOINT.span_outside(near);
    while let Some(b'.' | b'`') = near.get(len) {
        let part = first(near, len);
        if let Some(kind) = tables::word(part)
            && kind != Kind::Bareword
        {
            return (Token::new(kind, part), len);
        }
        len += 1;
        len += WORD_END_OR_JOINT.span_outside(after(near, len));
    }
    if len == near.len() {
        len += WORD_END.span_outside(after(rest, len));
    }
    let text = first(rest, len);
    let kind = match len {
        0..=WORD_BYTES_MAX => tables::word(text).unwrap_or(Kind::Bareword),
        _ => Kind::Bareword,
    };
    (Token::new(kind, text), len)
}

/// `0xff` and `0b01`; without a digit it is a word.
fn prefixed<'a>(rest: &'a [u8], digits: &ByteTable) -> Lexeme<'a> {
    let count = digits.span(after(rest, 2));
    let kind = if count == 0 {
        Kind::Bareword
    } else {
        Kind::Number
    };
    (Token::new(kind, first(rest, 2 + count)), 2 + count)
}

fn decimal_digits(rest: &[u8]) -> usize {
    rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// A number, or what only begins like one: a dot, or `1e` without an exponent, which is a name.
pub(super) fn number(rest: &[u8]) -> Lexeme<'_> {
    match rest {
        [b'0', b'x' | b'X', ..] => return prefixed(rest, &HEX),
        [b'0', b'b' | b'B', ..] => return prefixed(rest, &BITS),
        _ => {}
    }
    let mut len = decimal_digits(rest);
    if rest.get(len) == Some(&b'.') {
        len += 1 + decimal_digits(after(rest, len + 1));
        if len == 1 {
            return mark(Kind::Dot, rest);
        }
    }
    let mut kind = Kind::Number;
    if let [b'e' | b'E', behind @ ..] = after(rest, len) {
        let sign = usize::from(matches!(behind.first(), Some(b'+' | b'-')));
        let exponent = decimal_digits(after(behind, sign));
        if exponent == 0 {
            kind = Kind::Bareword;
        }
        len += 1 + sign + exponent;
    }
    // Oracle's suffix for a float or a double, and a special case for `1fUNION`; but `1FROM` is a number and a word.
    if let [b'd' | b'D' | b'f' | b'F', behind @ ..] = after(rest, len)
        && behind
            .first()
            .is_none_or(|next| matches!(next, b';' | b'u' | b'U') || WHITE.has(*next))
    {
        len += 1;
    }
    (Token::new(kind, first(rest, len)), len)
}
