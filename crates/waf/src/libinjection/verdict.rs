//! From folded tokens to a verdict: known fingerprints, less those that ordinary texts have as well.

use super::Fingerprint;
use super::fold::{Folded, TOKENS_MAX, fold};
use super::lexer::{Context, Dialect, Lexer};
use super::tables;
use super::token::Kind;

/// SQL Server hides from its log whatever mentions this.
const LOG_EVASION: &[u8] = b"sp_password";

/// Every reading of `input` that it can have, until one is an attack.
pub(super) fn sqli(input: &[u8]) -> Option<Fingerprint> {
    if let Some(found) = both_dialects(input, Context::AsIs) {
        return Some(found);
    }
    if memchr::memchr(b'\'', input).is_some()
        && let Some(found) = both_dialects(input, Context::Single)
    {
        return Some(found);
    }
    memchr::memchr(b'"', input)?;
    Reading::new(input, Context::Double, Dialect::MySql).attack()
}

fn both_dialects(input: &[u8], context: Context) -> Option<Fingerprint> {
    let reading = Reading::new(input, context, Dialect::Ansi);
    if let Some(found) = reading.attack() {
        return Some(found);
    }
    if !reading.folded.ambiguous {
        return None;
    }
    Reading::new(input, context, Dialect::MySql).attack()
}

/// One way to read the input.
#[derive(Debug)]
struct Reading<'a> {
    input: &'a [u8],
    folded: Folded<'a>,
}

impl<'a> Reading<'a> {
    fn new(input: &'a [u8], context: Context, dialect: Dialect) -> Self {
        let mut folded = fold(Lexer::new(input, context, dialect));
        // PHP's habit: an empty name that is not closed hides the rest of a statement.
        if folded.len > 2
            && let Some(last) = folded.tokens.get_mut(folded.len - 1)
            && last.kind == Kind::Bareword
            && (last.open, last.close) == (b'`', 0)
            && last.text.is_empty()
        {
            last.kind = Kind::Comment;
        }
        if folded.kinds().any(|kind| kind == Kind::Evil) {
            folded.become_evil();
        }
        Self { input, folded }
    }

    fn attack(&self) -> Option<Fingerprint> {
        (tables::is_attack(self.folded.kinds()) && !self.is_ordinary()).then(|| self.fingerprint())
    }

    fn fingerprint(&self) -> Fingerprint {
        let mut letters = [0; TOKENS_MAX];
        let mut len = 0;
        for (slot, kind) in letters.iter_mut().zip(self.folded.kinds()) {
            *slot = kind.letter();
            len += 1;
        }
        Fingerprint { letters, len }
    }

    /// Whether a known fingerprint is no sign of an attack here.
    fn is_ordinary(&self) -> bool {
        let tokens = self.folded.kinds().count();
        if tokens > 1
            && self.folded.kinds().last() == Some(Kind::Comment)
            && memchr::memmem::find(self.input, LOG_EVASION).is_some()
        {
            return false;
        }
        match tokens {
            2 => self.is_ordinary_pair(),
            3 => self.is_ordinary_triple(),
            _ => false,
        }
    }

    /// Two tokens say little: a word or a number, and something that may be the end of a sentence.
    fn is_ordinary_pair(&self) -> bool {
        let [one, two, ..] = &self.folded.tokens;
        if two.kind == Kind::Union {
            // More tokens were read than are left: something was folded or commented away.
            return self.folded.read == 2;
        }
        if two.first() == b'#' {
            return true;
        }
        match (one.kind, two.kind, two.first()) {
            (Kind::Bareword, Kind::Comment, mark) if mark != b'/' => true,
            (Kind::Number, Kind::Comment, b'/') => false,
            (Kind::Number, Kind::Comment, _) => {
                self.folded.read <= 2 && !self.is_bare_number(one.text.len())
            }
            _ => two.text.len() > 2 && two.first() == b'-',
        }
    }

    /// Whether the input is really a number of `len` bytes and then a comment: parts of Base64 look nearly like that.
    fn is_bare_number(&self, len: usize) -> bool {
        match super::bytes::after(self.input, len) {
            [] | [0..=b' ' | 0x80.., ..] => true,
            behind => behind.starts_with(b"/*") || behind.starts_with(b"--"),
        }
    }

    fn is_ordinary_triple(&self) -> bool {
        let [one, two, three, ..] = &self.folded.tokens;
        match (one.kind, two.kind, three.kind) {
            (Kind::String, Kind::Operator | Kind::Logic, Kind::String) => {
                // Only `…foo' + 'bar…` breaks out of a string.
                !(one.open == 0 && three.close == 0 && one.close == three.open)
            }
            (Kind::String, Kind::Logic, Kind::Bareword)
            | (Kind::Bareword, Kind::Logic, Kind::Number)
            | (Kind::Number, Kind::Logic, Kind::Number | Kind::Variable | Kind::String) => {
                self.folded.read == 3
            }
            // `INTO OUTFILE` and `INTO DUMPFILE` write files.
            (_, Kind::Keyword, _) => {
                two.text.len() < 5
                    || !super::bytes::first(two.text, 4).eq_ignore_ascii_case(b"INTO")
            }
            _ => false,
        }
    }
}
