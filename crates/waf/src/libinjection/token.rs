//! Tokens and their kinds.

/// How long a token's text is kept, in bytes: the C library has room for 31, so what comes later never counts.
const TEXT_BYTES_MAX: usize = 31;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $letter:literal;)*) => {
        /// What a token is to SQL.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// The letter in fingerprints.
            pub(super) const fn letter(self) -> u8 {
                match self {
                    $(Self::$kind => $letter,)*
                }
            }

            /// The kind that has that letter.
            pub(super) const fn of_letter(letter: u8) -> Option<Self> {
                match letter {
                    $($letter => Some(Self::$kind),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    Bareword = b'n';
    Number = b'1';
    /// A quoted text.
    String = b's';
    /// `@name`
    Variable = b'v';
    Keyword = b'k';
    Function = b'f';
    Operator = b'o';
    /// `AND`, `OR` and the like.
    Logic = b'&';
    /// The name of a type.
    SqlType = b't';
    /// `SELECT` and others that take an expression.
    Expression = b'E';
    Union = b'U';
    /// `GROUP BY`, `LIMIT` and others behind a selection.
    Group = b'B';
    Collate = b'A';
    /// A word that begins a statement of Transact-SQL.
    Tsql = b'T';
    Comment = b'c';
    /// What no two databases read alike: an attack by itself.
    Evil = b'X';
    LeftParen = b'(';
    RightParen = b')';
    LeftBrace = b'{';
    RightBrace = b'}';
    Comma = b',';
    Dot = b'.';
    Colon = b':';
    Semicolon = b';';
    Backslash = b'\\';
    Unknown = b'?';
}

impl Kind {
    /// One to 26, so that five kinds fit into 25 bits. Known attacks are kept without regard to case: both kinds of letter T count
    /// as one, and no other letter occurs twice.
    pub(super) const fn code(self) -> u32 {
        let folded = if matches!(self, Self::Tsql) {
            Self::SqlType
        } else {
            self
        };
        folded as u32 + 1
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug)]
pub(super) struct KindSet(u32);

impl KindSet {
    pub(super) const fn of(mut kinds: &[Kind]) -> Self {
        let mut bits = 0;
        while let [first, later @ ..] = kinds {
            bits |= 1 << *first as u32;
            kinds = later;
        }
        Self(bits)
    }

    #[inline]
    pub(super) const fn has(self, kind: Kind) -> bool {
        self.0 >> (kind as u32) & 1 == 1
    }
}

/// A piece of the input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// The mark that opened a string: a quote, `$`, `q` or `u`, or 0 when the quote is only supposed or there is none.
    pub(super) open: u8,
    /// The mark that closed it; 0 when the input ended first.
    pub(super) close: u8,
    /// The text without its quotes. Words that were merged into a phrase have the table's upper-case text.
    pub(super) text: &'a [u8],
}

impl<'a> Token<'a> {
    /// What stands in a place not yet filled.
    pub(super) const BLANK: Self = Token {
        kind: Kind::Unknown,
        open: 0,
        close: 0,
        text: &[],
    };

    #[inline]
    pub(super) fn new(kind: Kind, text: &'a [u8]) -> Self {
        Self {
            kind,
            open: 0,
            close: 0,
            text: super::bytes::first(text, TEXT_BYTES_MAX),
        }
    }

    /// Whether the text is `word` but for case.
    pub(super) fn is(&self, word: &[u8]) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    /// The first byte of the text, 0 when it is empty.
    pub(super) fn first(&self) -> u8 {
        self.text.first().copied().unwrap_or(0)
    }

    /// An operator that can stand before a single operand.
    pub(super) fn is_unary(&self) -> bool {
        self.kind == Kind::Operator
            && match self.text {
                [b'+' | b'-' | b'!' | b'~'] | b"!!" => true,
                [_, _, _] => self.is(b"NOT"),
                _ => false,
            }
    }

    pub(super) fn is_arithmetic(&self) -> bool {
        self.kind == Kind::Operator && matches!(self.text, [b'*' | b'/' | b'-' | b'+' | b'%'])
    }
}
