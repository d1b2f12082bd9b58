//! Why a pattern is refused.

use std::fmt;

/// A pattern that cannot be run as PCRE would run it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    pub(super) problem: Problem,
    offset: usize,
}

/// What is wrong at that place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Backslash,
    BranchReset,
    Class,
    CodePoint,
    Conditional,
    Control,
    Deep,
    Escape(u8),
    Flag(u8),
    Group,
    GroupName,
    GroupUnknown,
    Long,
    LookBehind,
    NonAtomic,
    Nothing,
    Number,
    Octal,
    Parenthesis,
    Posix,
    Property,
    Quantifier,
    Range,
    Recursion,
    Reset,
    Callout,
    Size,
    Unopened,
    Verb,
}

impl PatternError {
    pub(super) fn new(problem: Problem, offset: usize) -> Self {
        Self { problem, offset }
    }

    /// Where in the pattern, in bytes from its start.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.offset;
        match self.problem.texts() {
            (what, "") => write!(to, "{what} at byte {at} of the pattern")?,
            (what, hint) => write!(to, "{what} at byte {at} of the pattern; {hint}")?,
        }
        if let Problem::Escape(byte) | Problem::Flag(byte) = self.problem {
            write!(to, " (`{}`)", byte.escape_ascii())?;
        }
        Ok(())
    }
}

impl std::error::Error for PatternError {}

impl Problem {
    /// What is there, and what to do about it.
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Backslash => (
                "`\\` with nothing behind it",
                "write `\\\\` for a backslash",
            ),
            Self::BranchReset => ("branch reset `(?|…)`", "number the groups apart"),
            Self::Callout => ("callout `(?C…)`", "remove it"),
            Self::Class => ("`[` without its `]`", "write `\\[` for a bracket"),
            Self::CodePoint => (
                "a character above 0xff",
                "patterns match bytes: write the bytes of its encoding",
            ),
            Self::Conditional => ("conditional group `(?(…)…)`", "write an alternation"),
            Self::Control => ("`\\c` without a printable ASCII character", ""),
            Self::Deep => ("groups nested too deep", "at most 200 levels are read"),
            Self::Escape(_) => ("an escape of no meaning", "write the letter alone"),
            Self::Flag(_) => (
                "an unknown flag",
                "`i`, `m`, `s`, `x`, `n` and `U` are known",
            ),
            Self::NonAtomic => (
                "non-atomic look-around `(?*…)`",
                "write `(?=…)` or `(?<=…)`",
            ),
            Self::Group => ("an unknown kind of group", "write `(?:…)` for a plain one"),
            Self::GroupName => ("a group name that is none or given twice", ""),
            Self::GroupUnknown => ("a reference to a group that does not exist", ""),
            Self::Long => ("a pattern of more than 65536 bytes", "write several rules"),
            Self::LookBehind => (
                "look-behind of no fixed length",
                "give every alternative a fixed length",
            ),
            Self::Nothing => (
                "a quantifier with nothing before it",
                "write a backslash before it",
            ),
            Self::Number => ("a number or code that is not one", ""),
            Self::Octal => ("`\\o` without its `{`", ""),
            Self::Parenthesis => ("`(` without its `)`", "write `\\(` for a parenthesis"),
            Self::Posix => ("an unknown POSIX class", "write the characters"),
            Self::Property => (
                "Unicode property or `\\X`",
                "patterns match bytes: write a class",
            ),
            Self::Quantifier => ("a quantifier out of order or above 65535", ""),
            Self::Range => ("a range whose end is before its start", ""),
            Self::Recursion => ("recursion into a group", "write the group out"),
            Self::Reset => ("`\\K`", "use a capturing group"),
            Self::Size => (
                "a pattern that grows too large",
                "lower its repetition counts",
            ),
            Self::Unopened => ("`)` without its `(`", "write `\\)` for a parenthesis"),
            Self::Verb => ("a verb `(*…)`", "remove it"),
        }
    }
}
