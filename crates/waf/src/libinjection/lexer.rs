//! Bytes to tokens, in the union of the dialects that libinjection knows.

mod quoted;
mod word;

use super::bytes::{ByteTable, after, find_pair, first};
use super::tables;
use super::token::{Kind, Token};

/// How `#` and `--x` are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `#` is an operator, `--x` a comment.
    Ansi,
    /// `#` is a comment, `--x` is two operators.
    MySql,
}

/// What the input is supposed to stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Not in quotes.
    AsIs,
    /// Behind `'`, so that it begins with the rest of a string.
    Single,
    /// Behind `"`.
    Double,
}

/// A token and how many bytes it took.
type Lexeme<'a> = (Token<'a>, usize);

/// White space to databases; the last is a no-break space in Latin-1, and the first counts in Oracle.
static WHITE: ByteTable = ByteTable::of(b"\0 \t\n\x0b\x0c\r\xa0");

/// Which rule reads a token, told by its first byte.
#[derive(Clone, Copy, Debug)]
enum Start {
    White,
    /// An operator of one byte.
    Operator,
    /// An operator of up to three bytes.
    LongOperator,
    /// A mark that is a kind of its own.
    Mark(Kind),
    Hash,
    Dash,
    Slash,
    Backslash,
    Money,
    Number,
    Variable,
    Quote,
    Tick,
    Bracket,
    /// `b'01'`
    Bits,
    /// `x'ff'`
    Hex,
    /// `e'…'`
    Escaped,
    /// `n'…'` or `nq'[…]'`
    National,
    /// `q'[…]'`
    Oracle,
    /// `u&'…'`
    Unicode,
    Word,
}

const fn start_of(byte: u8) -> Start {
    match byte {
        0..=b' ' | 127 | 0xa0 => Start::White,
        b'%' | b'+' | b'^' | b'~' => Start::Operator,
        b'!' | b'&' | b'*' | b':' | b'<' | b'=' | b'>' | b'|' => Start::LongOperator,
        b'(' => Start::Mark(Kind::LeftParen),
        b')' => Start::Mark(Kind::RightParen),
        b'{' => Start::Mark(Kind::LeftBrace),
        b'}' => Start::Mark(Kind::RightBrace),
        b',' => Start::Mark(Kind::Comma),
        b';' => Start::Mark(Kind::Semicolon),
        b'?' | b']' => Start::Mark(Kind::Unknown),
        b'#' => Start::Hash,
        b'-' => Start::Dash,
        b'/' => Start::Slash,
        b'\\' => Start::Backslash,
        b'$' => Start::Money,
        b'.' | b'0'..=b'9' => Start::Number,
        b'@' => Start::Variable,
        b'\'' | b'"' => Start::Quote,
        b'`' => Start::Tick,
        b'[' => Start::Bracket,
        b'B' | b'b' => Start::Bits,
        b'X' | b'x' => Start::Hex,
        b'E' | b'e' => Start::Escaped,
        b'N' | b'n' => Start::National,
        b'Q' | b'q' => Start::Oracle,
        b'U' | b'u' => Start::Unicode,
        _ => Start::Word,
    }
}

/// Reads one token after the other.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    rest: &'a [u8],
    /// The quote that the input is supposed to stand behind; taken with the first token.
    supposed: Option<u8>,
    dialect: Dialect,
    /// How many tokens were read.
    pub(super) tokens: usize,
    /// Whether something was read that the other dialect reads otherwise.
    pub(super) ambiguous: bool,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(input: &'a [u8], context: Context, dialect: Dialect) -> Self {
        Self {
            rest: input,
            supposed: match context {
                Context::AsIs => None,
                Context::Single => Some(b'\''),
                Context::Double => Some(b'"'),
            },
            dialect,
            tokens: 0,
            ambiguous: false,
        }
    }

    fn lexeme(&mut self, rest: &'a [u8], start: Start) -> Lexeme<'a> {
        match start {
            Start::Operator | Start::White => mark(Kind::Operator, rest),
            Start::LongOperator => long_operator(rest),
            Start::Mark(kind) => mark(kind, rest),
            Start::Hash => self.hash(rest),
            Start::Dash => self.dash(rest),
            Start::Slash => slash(rest),
            Start::Backslash => match rest {
                // MySQL's short form of NULL.
                [_, b'N', ..] => (Token::new(Kind::Number, first(rest, 2)), 2),
                _ => mark(Kind::Backslash, rest),
            },
            Start::Money => quoted::money(rest),
            Start::Number => word::number(rest),
            Start::Variable => quoted::variable(rest),
            Start::Quote => quoted::string(rest),
            Start::Tick => quoted::tick(rest),
            Start::Bracket => quoted::bracket(rest),
            Start::Bits => quoted::digits(rest, &word::BITS),
            Start::Hex => quoted::digits(rest, &word::HEX),
            Start::Escaped => quoted::escaped(rest),
            Start::National => quoted::national(rest),
            Start::Oracle => quoted::oracle(rest, 0),
            Start::Unicode => quoted::unicode(rest),
            Start::Word => word::word(rest),
        }
    }

    fn hash(&mut self, rest: &'a [u8]) -> Lexeme<'a> {
        self.ambiguous = true;
        match self.dialect {
            Dialect::Ansi => mark(Kind::Operator, rest),
            Dialect::MySql => line_comment(rest),
        }
    }

    fn dash(&mut self, rest: &'a [u8]) -> Lexeme<'a> {
        match rest {
            [_, b'-'] => line_comment(rest),
            [_, b'-', next, ..] if WHITE.has(*next) => line_comment(rest),
            [_, b'-', ..] if self.dialect == Dialect::Ansi => {
                self.ambiguous = true;
                line_comment(rest)
            }
            _ => mark(Kind::Operator, rest),
        }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    #[inline]
    fn next(&mut self) -> Option<Token<'a>> {
        if let Some(quote) = self.supposed.take() {
            let (token, len) = quoted::until_quote(self.rest, 0, quote);
            self.rest = after(self.rest, len);
            self.tokens += 1;
            return Some(token);
        }
        loop {
            let start = start_of(*self.rest.first()?);
            if matches!(start, Start::White) {
                self.rest = after(self.rest, 1);
                continue;
            }
            let (token, len) = self.lexeme(self.rest, start);
            self.rest = after(self.rest, len);
            self.tokens += 1;
            return Some(token);
        }
    }
}

/// A token of one byte.
fn mark(kind: Kind, rest: &[u8]) -> Lexeme<'_> {
    (Token::new(kind, first(rest, 1)), 1)
}

fn line_comment(rest: &[u8]) -> Lexeme<'_> {
    match memchr::memchr(b'\n', rest) {
        None => (Token::new(Kind::Comment, rest), rest.len()),
        Some(end) => (Token::new(Kind::Comment, first(rest, end)), end + 1),
    }
}

/// `/*…*/`. A comment in a comment is read otherwise by PostgreSQL than by others, and `MySQL` runs what stands behind `/*!`.
fn slash(rest: &[u8]) -> Lexeme<'_> {
    let [_, b'*', body @ ..] = rest else {
        return mark(Kind::Operator, rest);
    };
    let end = find_pair(body, b'*', b'/');
    let nested = end.is_some_and(|end| find_pair(first(body, end + 1), b'/', b'*').is_some());
    let kind = match body {
        [b'!', ..] => Kind::Evil,
        _ if nested => Kind::Evil,
        _ => Kind::Comment,
    };
    let len = end.map_or(rest.len(), |end| end + 4);
    (Token::new(kind, first(rest, len)), len)
}

fn long_operator(rest: &[u8]) -> Lexeme<'_> {
    if let [b'<', b'=', b'>', ..] = rest {
        return (Token::new(Kind::Operator, first(rest, 3)), 3);
    }
    if let Some(pair) = rest.get(..2)
        && let Some(kind) = tables::word(pair)
    {
        return (Token::new(kind, pair), 2);
    }
    match rest {
        [b':', _, ..] => mark(Kind::Colon, rest),
        _ => mark(Kind::Operator, rest),
    }
}
