//! Folding: tokens become at most five, by rules that keep what an attack needs and drop what only fills space.
//!
//! A window slides over the tokens. What stands before `left` is settled; from there two tokens are read and tried against the
//! rules for pairs, then a third against the rules for triples. A rule that changes something mostly starts again from the left.
//! Rules that drop the second and the third token drop the *last* two of the window, which are others when the window was set
//! back before: the C library does so, and fingerprints depend on it.

use super::lexer::Lexer;
use super::tables;
use super::token::{Kind, KindSet, Token};

/// How many kinds a fingerprint has at most.
pub(super) const TOKENS_MAX: usize = 5;

/// Names that become functions before a parenthesis, although they are mostly columns or variables.
const NAMES_OF_FUNCTIONS: [&[u8]; 11] = [
    b"USER_ID",
    b"USER_NAME",
    b"DATABASE",
    b"PASSWORD",
    b"USER",
    b"CURRENT_USER",
    b"CURRENT_DATE",
    b"CURRENT_TIME",
    b"CURRENT_TIMESTAMP",
    b"LOCALTIME",
    b"LOCALTIMESTAMP",
];

/// What may begin a phrase of several words.
const PHRASE_START: KindSet = KindSet::of(&[
    Kind::Keyword,
    Kind::Bareword,
    Kind::Operator,
    Kind::Union,
    Kind::Function,
    Kind::Expression,
    Kind::Tsql,
    Kind::SqlType,
]);
/// What may go on with it.
const PHRASE_END: KindSet = KindSet::of(&[
    Kind::Keyword,
    Kind::Bareword,
    Kind::Operator,
    Kind::Union,
    Kind::Function,
    Kind::Expression,
    Kind::Tsql,
    Kind::SqlType,
    Kind::Logic,
]);
/// Operands behind which a type says nothing more.
const TYPED: KindSet = KindSet::of(&[
    Kind::Bareword,
    Kind::Number,
    Kind::SqlType,
    Kind::LeftParen,
    Kind::Function,
    Kind::Variable,
    Kind::String,
]);
const OPERAND: KindSet = KindSet::of(&[Kind::Number, Kind::Bareword, Kind::Variable, Kind::String]);
const NAME_OR_NUMBER: KindSet = KindSet::of(&[Kind::Number, Kind::Bareword]);
/// What no statement begins with that has an effect.
const LEADING: KindSet = KindSet::of(&[Kind::Comment, Kind::LeftParen, Kind::SqlType]);

/// What is left of the input.
#[derive(Debug)]
pub(super) struct Folded<'a> {
    /// One more than a fingerprint has: an evil one may stand last.
    pub(super) tokens: [Token<'a>; TOKENS_MAX + 1],
    pub(super) len: usize,
    /// How many tokens were read.
    pub(super) read: usize,
    /// Whether another dialect would have read something otherwise.
    pub(super) ambiguous: bool,
}

impl Folded<'_> {
    pub(super) fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.tokens.iter().take(self.len).map(|token| token.kind)
    }

    /// Forgets everything but that the input is an attack.
    pub(super) fn become_evil(&mut self) {
        self.tokens = [Token {
            kind: Kind::Evil,
            ..Token::BLANK
        }; TOKENS_MAX + 1];
        self.len = 1;
    }
}

/// What a rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Something changed: start over.
    Again,
    /// No rule fits, or one that lets the others go on.
    Further,
    /// The input is an attack by itself.
    Evil,
}

#[derive(Debug)]
struct Window<'a> {
    lexer: Lexer<'a>,
    /// One more than a fingerprint has, because the sixth token may decide what the fifth is.
    tokens: [Token<'a>; TOKENS_MAX + 1],
    /// How many tokens the window holds.
    len: usize,
    /// How many of them are settled.
    left: usize,
    /// The comment that was read last, if no token came after it.
    comment: Option<Token<'a>>,
    /// Whether the lexer may have more.
    more: bool,
}

/// Reads and folds everything that `lexer` has, or enough of it.
pub(super) fn fold(lexer: Lexer<'_>) -> Folded<'_> {
    let mut window = Window {
        lexer,
        tokens: [Token::BLANK; TOKENS_MAX + 1],
        len: 0,
        left: 0,
        comment: None,
        more: true,
    };
    let first = window
        .lexer
        .find(|token| !LEADING.has(token.kind) && !token.is_unary());
    if let Some(first) = first {
        window.push(first);
        window.fold();
    }
    Folded {
        tokens: window.tokens,
        len: window.left,
        read: window.lexer.tokens,
        ambiguous: window.lexer.ambiguous,
    }
}

impl<'a> Window<'a> {
    fn fold(&mut self) {
        loop {
            self.drop_noise();
            if !self.more || self.left >= TOKENS_MAX {
                self.left = self.len;
                break;
            }
            self.read_up_to(2);
            if self.len - self.left < 2 {
                self.left = self.len;
                continue;
            }
            match self.fold_pair() {
                Next::Again => continue,
                Next::Further => {}
                Next::Evil => {
                    self.set_kind(self.left + 1, Kind::Evil);
                    self.left += 2;
                    return;
                }
            }
            self.read_up_to(3);
            if self.len - self.left < 3 {
                self.left = self.len;
                continue;
            }
            if self.fold_triple() == Next::Further {
                self.left += 1;
            }
        }
        if let Some(comment) = self.comment
            && self.left < TOKENS_MAX
        {
            self.put(self.left, comment);
            self.left += 1;
        }
        // The sixth token only helped to judge the fifth.
        self.left = self.left.min(TOKENS_MAX);
    }

    /// The token `ahead` places behind the settled ones.
    fn token(&self, ahead: usize) -> &Token<'a> {
        self.tokens.get(self.left + ahead).unwrap_or(&Token::BLANK)
    }

    fn kind(&self, ahead: usize) -> Kind {
        self.token(ahead).kind
    }

    fn put(&mut self, place: usize, token: Token<'a>) {
        if let Some(slot) = self.tokens.get_mut(place) {
            *slot = token;
        }
    }

    fn set_kind(&mut self, place: usize, kind: Kind) {
        if let Some(token) = self.tokens.get_mut(place) {
            token.kind = kind;
        }
    }

    fn push(&mut self, token: Token<'a>) {
        self.put(self.len, token);
        self.len += 1;
    }

    /// Reads until `count` tokens stand behind the settled ones, or the window is full.
    fn read_up_to(&mut self, count: usize) {
        while self.more && self.len <= TOKENS_MAX && self.len - self.left < count {
            match self.lexer.next() {
                None => self.more = false,
                Some(token) if token.kind == Kind::Comment => self.comment = Some(token),
                Some(token) => {
                    self.comment = None;
                    self.push(token);
                }
            }
        }
    }

    /// Sums, lists and products in parentheses that fill the window: only their beginning is kept.
    fn drop_noise(&mut self) {
        use Kind::{Bareword, Comma, LeftParen, Number, Operator, RightParen};
        if self.len < TOKENS_MAX {
            return;
        }
        let [first, second, third, fourth, fifth, last] = &self.tokens;
        match (first.kind, second.kind, third.kind, fourth.kind, fifth.kind) {
            (Number, Operator | Comma, LeftParen, Number, RightParen)
            | (Bareword, Operator, LeftParen, Bareword | Number, RightParen)
            | (Number, RightParen, Comma, LeftParen, Number)
            | (Bareword, RightParen, Operator, LeftParen, Bareword) => {}
            _ => return,
        }
        let last = *last;
        let overfull = self.len > TOKENS_MAX;
        self.left = 0;
        self.len = 1;
        if overfull {
            self.push(last);
        }
    }

    /// Drops the last `count` tokens and starts from the left.
    fn drop_last(&mut self, count: usize) -> Next {
        self.len -= count;
        self.left = 0;
        Next::Again
    }

    /// The third token takes the place of the second, `count` tokens are dropped from the end.
    fn drop_second(&mut self, count: usize) -> Next {
        self.put(self.left + 1, *self.token(2));
        self.drop_last(count)
    }

    /// The second token takes the place of the first.
    fn drop_first(&mut self) -> Next {
        self.put(self.left, *self.token(1));
        self.drop_last(1)
    }

    /// Two words become one phrase, if there is such a phrase.
    fn merge(&mut self) -> bool {
        if !PHRASE_START.has(self.kind(0)) || !PHRASE_END.has(self.kind(1)) {
            return false;
        }
        let Some(phrase) = tables::phrase(self.token(0).text, self.token(1).text) else {
            return false;
        };
        if let Some(token) = self.tokens.get_mut(self.left) {
            token.kind = phrase.kind;
            token.text = phrase.text;
        }
        true
    }

    /// Drops the second token and looks again from one before the first.
    fn step_back(&mut self) -> Next {
        self.len -= 1;
        self.left = self.left.saturating_sub(1);
        Next::Again
    }

    fn fold_pair(&mut self) -> Next {
        let kinds = (self.kind(0), self.kind(1));
        match kinds {
            (Kind::String, Kind::String) | (Kind::Semicolon, Kind::Semicolon) => {
                self.len -= 1;
                return Next::Again;
            }
            (Kind::Operator | Kind::Logic, Kind::SqlType) => return self.drop_last(1),
            (Kind::Operator | Kind::Logic, Kind::Operator) if self.token(1).is_unary() => {
                return self.drop_last(1);
            }
            (Kind::LeftParen, Kind::Operator) if self.token(1).is_unary() => {
                return self.step_back();
            }
            _ => {}
        }
        if self.merge() {
            return self.step_back();
        }
        match kinds {
            (
                Kind::Bareword | Kind::Variable | Kind::Keyword | Kind::Operator | Kind::Semicolon,
                _,
            ) => self.fold_name(),
            (Kind::SqlType, operand) if TYPED.has(operand) => self.drop_first(),
            (Kind::Collate, Kind::Bareword) => {
                // Collations are too many to list, but their names have an underscore.
                if super::bytes::before_nul(self.token(1).text).contains(&b'_') {
                    self.set_kind(self.left + 1, Kind::SqlType);
                    self.left = 0;
                }
                Next::Further
            }
            (Kind::Backslash, _) if self.token(1).is_arithmetic() => {
                self.set_kind(self.left, Kind::Number);
                self.left = 0;
                Next::Again
            }
            (Kind::Backslash, _) => self.drop_first(),
            (Kind::LeftParen, Kind::LeftParen) | (Kind::RightParen, Kind::RightParen) => {
                self.drop_last(1)
            }
            // MySQL takes {``.``.x} for a column, other databases take it for nothing.
            (Kind::LeftBrace, Kind::Bareword) if self.token(1).text.is_empty() => Next::Evil,
            (Kind::LeftBrace, Kind::Bareword) => self.drop_last(2),
            _ => self.fold_brace(),
        }
    }

    /// A closing brace never counts.
    fn fold_brace(&mut self) -> Next {
        if self.kind(1) == Kind::RightBrace {
            return self.drop_last(1);
        }
        Next::Further
    }

    /// Words whose kind depends on what comes behind them.
    fn fold_name(&mut self) -> Next {
        match (self.kind(0), self.kind(1)) {
            (Kind::Bareword | Kind::Variable, Kind::LeftParen)
                if NAMES_OF_FUNCTIONS.iter().any(|name| self.token(0).is(name)) =>
            {
                self.set_kind(self.left, Kind::Function);
                Next::Again
            }
            (Kind::Keyword, behind) if self.token(0).is(b"IN") || self.token(0).is(b"NOT IN") => {
                let is_operator = behind == Kind::LeftParen;
                let kind = if is_operator {
                    Kind::Operator
                } else {
                    Kind::Bareword
                };
                self.set_kind(self.left, kind);
                Next::Again
            }
            (Kind::Operator, behind)
                if self.token(0).is(b"LIKE") || self.token(0).is(b"NOT LIKE") =>
            {
                if behind == Kind::LeftParen {
                    self.set_kind(self.left, Kind::Function);
                }
                Next::Further
            }
            // In Transact-SQL a statement may begin with IF; elsewhere it is a function.
            (Kind::Semicolon, Kind::Function) if starts_with_if(self.token(1).text) => {
                self.set_kind(self.left + 1, Kind::Tsql);
                Next::Again
            }
            _ => self.fold_brace(),
        }
    }

    fn fold_triple(&mut self) -> Next {
        match (self.kind(0), self.kind(1), self.kind(2)) {
            (Kind::Operator, between, Kind::Operator) if between != Kind::LeftParen => {
                self.drop_last(2)
            }
            (Kind::Logic, _, Kind::Logic)
            | (Kind::Variable, Kind::Operator, Kind::Variable)
            | (Kind::Bareword, Kind::Dot, Kind::Bareword) => self.drop_last(2),
            (Kind::Variable | Kind::Bareword | Kind::Number, Kind::Operator, kind)
                if NAME_OR_NUMBER.has(kind) =>
            {
                self.drop_last(2)
            }
            (kind, Kind::Operator, Kind::SqlType)
                if OPERAND.has(kind) && self.token(1).text == b"::" =>
            {
                self.drop_last(2)
            }
            (kind, Kind::Comma, other) if OPERAND.has(kind) && OPERAND.has(other) => {
                self.drop_last(2)
            }
            (
                Kind::Keyword | Kind::Expression | Kind::Group | Kind::Comma,
                Kind::Operator,
                kind,
            ) if self.token(1).is_unary() => self.fold_sign(self.kind(0), kind),
            (Kind::Expression, Kind::Dot, Kind::Bareword) => self.drop_second(1),
            (Kind::Function, Kind::LeftParen, kind) => {
                // USER() is a function, USER(x) is not.
                if kind != Kind::RightParen && self.token(0).is(b"USER") {
                    self.set_kind(self.left, Kind::Bareword);
                }
                Next::Further
            }
            _ => Next::Further,
        }
    }

    /// A sign before an operand of kind `behind`, after a word or a comma of kind `before`.
    fn fold_sign(&mut self, before: Kind, behind: Kind) -> Next {
        match (before, behind) {
            (Kind::Expression | Kind::Group | Kind::Comma, Kind::LeftParen)
            | (_, Kind::Function) => self.drop_second(1),
            // The comma goes too: `1,-1` is as good as `1`.
            (Kind::Comma, kind) if OPERAND.has(kind) => self.drop_second(3),
            (_, kind) if OPERAND.has(kind) => self.drop_second(1),
            _ => Next::Further,
        }
    }
}

fn starts_with_if(text: &[u8]) -> bool {
    matches!(text, [b'I' | b'i', b'F' | b'f', ..])
}
