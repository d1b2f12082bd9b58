//! Strings, quoted names, variables and `$` in all their forms.

use super::super::bytes::{ByteTable, after, find_pair, first};
use super::super::tables;
use super::super::token::{Kind, Token};
use super::{Lexeme, mark, word};

/// What may stand between the digits of an amount; NUL counts among them as in the C library.
static MONEY: ByteTable = ByteTable::of(b"0123456789.,\0");
/// The name between the dollars of `$name$…$name$`; NUL likewise.
static DOLLAR_NAME: ByteTable =
    ByteTable::of(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\0");
static VARIABLE_END: ByteTable = ByteTable::of(b" <>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r`\"\0");

/// A string up to `quote`, which a backslash before it or a second quote behind it keeps from ending the string.
///
/// `body` begins behind the opening quote; the length counts from there. Every byte is looked at twice at most: the backslashes
/// before one quote do not stand before another.
pub(super) fn until_quote(body: &[u8], open: u8, quote: u8) -> Lexeme<'_> {
    let string = |text, close| Token {
        open,
        close,
        ..Token::new(Kind::String, text)
    };
    let mut from = 0;
    while let Some(found) = memchr::memchr(quote, after(body, from)) {
        let at = from + found;
        let text = first(body, at);
        let backslashes = text.iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes % 2 == 1 {
            from = at + 1;
        } else if body.get(at + 1) == Some(&quote) {
            from = at + 2;
        } else {
            return (string(text, quote), at + 1);
        }
    }
    (string(body, 0), body.len())
}

/// The same with the opening quote and what stands before it, `skip` bytes together.
fn quoted(rest: &[u8], skip: usize, quote: u8) -> Lexeme<'_> {
    let (token, len) = until_quote(after(rest, skip), quote, quote);
    (token, skip + len)
}

pub(super) fn string(rest: &[u8]) -> Lexeme<'_> {
    quoted(rest, 1, rest.first().copied().unwrap_or(0))
}

/// `MySQL`'s quoted name. It may be a function; whatever else it says, it is a name.
pub(super) fn tick(rest: &[u8]) -> Lexeme<'_> {
    let (mut token, len) = quoted(rest, 1, b'`');
    token.kind = match tables::word(token.text) {
        Some(Kind::Function) => Kind::Function,
        _ => Kind::Bareword,
    };
    (token, len)
}

/// A quoted name of SQL Server; the brackets belong to it.
pub(super) fn bracket(rest: &[u8]) -> Lexeme<'_> {
    let len = memchr::memchr(b']', rest).map_or(rest.len(), |end| end + 1);
    (Token::new(Kind::Bareword, first(rest, len)), len)
}

/// `b'01'` or `x'ff'`, if all between the quotes are `digits`.
pub(super) fn digits<'a>(rest: &'a [u8], digits: &ByteTable) -> Lexeme<'a> {
    if let [_, b'\'', body @ ..] = rest {
        let count = digits.span(body);
        if body.get(count) == Some(&b'\'') {
            let len = count + 3;
            return (Token::new(Kind::Number, first(rest, len)), len);
        }
    }
    word::word(rest)
}

/// PostgreSQL's `e'…'`, also `n'…'`.
pub(super) fn escaped(rest: &[u8]) -> Lexeme<'_> {
    match rest {
        [_, b'\'', _, ..] => quoted(rest, 2, b'\''),
        _ => word::word(rest),
    }
}

/// `n'…'` of `MySQL` or `nq'[…]'` of Oracle.
pub(super) fn national(rest: &[u8]) -> Lexeme<'_> {
    match rest {
        [_, b'\'', _, ..] => escaped(rest),
        _ => oracle(rest, 1),
    }
}

pub(super) fn unicode(rest: &[u8]) -> Lexeme<'_> {
    let [_, b'&', b'\'', ..] = rest else {
        return word::word(rest);
    };
    let (mut token, len) = quoted(rest, 3, b'\'');
    token.open = b'u';
    token.close = if token.close == b'\'' { b'u' } else { 0 };
    (token, len)
}

/// Oracle's `q'[…]'` with any visible byte for a bracket; the `q` stands `skip` bytes into `rest`.
pub(super) fn oracle(rest: &[u8], skip: usize) -> Lexeme<'_> {
    let [b'q' | b'Q', b'\'', bracket, body @ ..] = after(rest, skip) else {
        return word::word(rest);
    };
    let end = match *bracket {
        b'(' => b')',
        b'[' => b']',
        b'{' => b'}',
        b'<' => b'>',
        visible @ 33..=127 => visible,
        _ => return word::word(rest),
    };
    let start = skip + 3;
    let (text, close, len) = match find_pair(body, end, b'\'') {
        None => (body, 0, rest.len()),
        Some(at) => (first(body, at), b'q', start + at + 2),
    };
    (
        Token {
            open: b'q',
            close,
            ..Token::new(Kind::String, text)
        },
        len,
    )
}

/// `@name`, `@@name` and both with a quoted name.
pub(super) fn variable(rest: &[u8]) -> Lexeme<'_> {
    let ats = if rest.get(1) == Some(&b'@') { 2 } else { 1 };
    let name = after(rest, ats);
    let (token, len) = match name.first() {
        Some(b'`') => tick(name),
        Some(b'\'' | b'"') => string(name),
        _ => {
            let len = VARIABLE_END.span_outside(name);
            (Token::new(Kind::Variable, first(name, len)), len)
        }
    };
    (
        Token {
            kind: Kind::Variable,
            ..token
        },
        ats + len,
    )
}

/// An amount, a string of PostgreSQL between `$$` or `$name$`, or just a dollar.
pub(super) fn money(rest: &[u8]) -> Lexeme<'_> {
    let behind = after(rest, 1);
    match (MONEY.span(behind), behind) {
        (0, [b'$', body @ ..]) => dollar_string(rest, 2, find_pair(body, b'$', b'$')),
        (0, _) => named_dollar_string(rest),
        (1, [b'.', ..]) => word::word(rest),
        (len, _) => (Token::new(Kind::Number, first(rest, 1 + len)), 1 + len),
    }
}

fn named_dollar_string(rest: &[u8]) -> Lexeme<'_> {
    let name = DOLLAR_NAME.span(after(rest, 1));
    if name == 0 || rest.get(1 + name) != Some(&b'$') {
        return mark(Kind::Bareword, rest);
    }
    let fence = name + 2;
    dollar_string(
        rest,
        fence,
        memchr::memmem::find(after(rest, fence), first(rest, fence)),
    )
}

/// The string behind an opening mark of `fence` bytes, up to the closing one, which begins `end` bytes later.
fn dollar_string(rest: &[u8], fence: usize, end: Option<usize>) -> Lexeme<'_> {
    let body = after(rest, fence);
    let (text, close, len) = match end {
        None => (body, 0, rest.len()),
        Some(end) => (first(body, end), b'$', fence + end + fence),
    };
    (
        Token {
            open: b'$',
            close,
            ..Token::new(Kind::String, text)
        },
        len,
    )
}
