//! The text of a pattern, read from left to right.

use super::error::{PatternError, Problem};

/// Flags in force at a place.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "six letters of PCRE, each on or off on its own"
)]
pub(super) struct Flags {
    pub(super) caseless: bool,
    pub(super) multi_line: bool,
    pub(super) dot_all: bool,
    pub(super) extended: bool,
    pub(super) no_capture: bool,
    pub(super) ungreedy: bool,
}

impl Flags {
    /// What `libmodsecurity` compiles with: `PCRE2_DOTALL | PCRE2_MULTILINE`.
    pub(super) const INITIAL: Self = Self {
        multi_line: true,
        dot_all: true,
        ..Self::NONE
    };
    const NONE: Self = Self {
        caseless: false,
        multi_line: false,
        dot_all: false,
        extended: false,
        no_capture: false,
        ungreedy: false,
    };

    /// Sets the flag of that letter.
    fn set(&mut self, letter: u8, on: bool) -> bool {
        let flag = match letter {
            b'i' => &mut self.caseless,
            b'm' => &mut self.multi_line,
            b's' => &mut self.dot_all,
            b'x' => &mut self.extended,
            b'n' => &mut self.no_capture,
            b'U' => &mut self.ungreedy,
            _ => return false,
        };
        *flag = on;
        true
    }
}

/// A place to which a reader can return.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    at: usize,
    quoting: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    source: &'a [u8],
    at: usize,
    /// Between `\Q` and `\E`.
    quoting: bool,
    pub(super) flags: Flags,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            at: 0,
            quoting: false,
            flags: Flags::INITIAL,
        }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.source.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.source.get(self.at.saturating_add(ahead)).copied()
    }

    pub(super) fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// The byte read last.
    pub(super) fn last(&self) -> Option<u8> {
        self.source.get(self.at.checked_sub(1)?).copied()
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.source.len());
    }

    /// Reads `text` if it comes next.
    pub(super) fn take(&mut self, text: &[u8]) -> bool {
        let is_next = self.rest().starts_with(text);
        if is_next {
            self.skip(text.len());
        }
        is_next
    }

    pub(super) fn quoting(&self) -> bool {
        self.quoting
    }

    /// Begins or ends literal text. Always true, so that it can follow a condition.
    pub(super) fn quote(&mut self, on: bool) -> bool {
        self.quoting = on;
        true
    }

    pub(super) fn save(&self) -> Mark {
        Mark {
            at: self.at,
            quoting: self.quoting,
        }
    }

    pub(super) fn restore(&mut self, mark: Mark) {
        self.at = mark.at;
        self.quoting = mark.quoting;
    }

    /// Digits as a number; `None` and nothing read when there are none.
    pub(super) fn number(&mut self) -> Option<u32> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit());
        let mut length = 0;
        let number = digits.fold(0_u32, |number, byte| {
            length += 1;
            number
                .saturating_mul(10)
                .saturating_add(u32::from(byte - b'0'))
        });
        self.skip(length);
        (length > 0).then_some(number)
    }

    /// Flags behind `(?`, up to `)` or `:`, which is answered.
    pub(super) fn read_flags(&mut self) -> Result<u8, PatternError> {
        let start = self.at;
        let mut on = true;
        let mut flags = self.flags;
        if self.take(b"^") {
            flags = Flags::NONE;
        }
        loop {
            match self.next() {
                Some(end @ (b')' | b':')) => {
                    self.flags = flags;
                    return Ok(end);
                }
                Some(b'-') if on => on = false,
                Some(b'x') if self.peek() == Some(b'x') => {
                    return Err(PatternError::new(Problem::Flag(b'x'), self.at));
                }
                Some(letter) if flags.set(letter, on) => {}
                Some(letter) => return Err(PatternError::new(Problem::Flag(letter), self.at - 1)),
                None => return Err(PatternError::new(Problem::Parenthesis, start)),
            }
        }
    }
}
