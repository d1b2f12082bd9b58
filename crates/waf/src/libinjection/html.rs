//! HTML cut into pieces: the tokenizer of HTML 5 with what old browsers do besides, as the C library has it.
//!
//! Where it differs from the standard, that is the C library's doing and decides verdicts: NUL is part of tag names but ends
//! attributes; byte 255 where an attribute may begin ends everything (C reads it as the end of input); a closing tag with a space
//! in it makes the next tag a closing tag.

use super::bytes::{ByteTable, after, first};

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Between tags.
    Data,
    /// In a tag, in a value without quotes.
    Unquoted,
    /// In a value that this byte ends.
    Quoted(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceKind {
    Text,
    /// `<name` or `</name` with something behind it.
    TagOpen,
    /// The `>` of a tag.
    TagEnd,
    /// `/>`
    TagSelfClose,
    /// `</name>`
    TagClose,
    AttributeName,
    AttributeValue,
    Comment,
    Doctype,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub(super) kind: PieceKind,
    pub(super) text: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Data,
    TagOpen,
    TagEnd,
    SelfClose,
    BeforeAttribute,
    AfterAttribute,
    BeforeValue,
    Value(u8),
    AfterQuotedValue,
    End,
}

static WHITE: ByteTable = ByteTable::of(b"\0 \t\n\x0b\x0c\r");
static TAG_NAME_END: ByteTable = ByteTable::of(b" \t\n\x0b\x0c\r/>");
static ATTRIBUTE_NAME_END: ByteTable = ByteTable::of(b"\0 \t\n\x0b\x0c\r/=>");
static UNQUOTED_VALUE_END: ByteTable = ByteTable::of(b"\0 \t\n\x0b\x0c\r>");

/// Gives one piece after the other.
#[derive(Debug)]
pub(super) struct Html<'a> {
    input: &'a [u8],
    at: usize,
    state: State,
    /// Whether the tag being read began with `</`.
    closing: bool,
}

impl<'a> Html<'a> {
    pub(super) const fn new(input: &'a [u8], place: Place) -> Self {
        Self {
            input,
            at: 0,
            state: match place {
                Place::Data => State::Data,
                Place::Unquoted => State::BeforeAttribute,
                Place::Quoted(quote) => State::Value(quote),
            },
            closing: false,
        }
    }

    /// Whether nothing but text, names without values and ends of tags can come any more, given where the last `<` or `=` is.
    pub(super) fn is_past(&self, last: usize) -> bool {
        self.at > last
            && !matches!(
                self.state,
                State::TagOpen | State::BeforeValue | State::Value(_)
            )
    }

    fn rest(&self) -> &'a [u8] {
        after(self.input, self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    /// A piece of the next `len` bytes; reading goes on `skip` bytes behind it.
    #[expect(clippy::unnecessary_wraps, reason = "every caller answers an option")]
    fn take(
        &mut self,
        kind: PieceKind,
        len: usize,
        skip: usize,
        state: State,
    ) -> Option<Piece<'a>> {
        let text = first(self.rest(), len);
        self.at += len + skip;
        self.state = state;
        Some(Piece { kind, text })
    }

    /// A piece of everything that is left.
    fn take_rest(&mut self, kind: PieceKind) -> Option<Piece<'a>> {
        self.take(kind, self.rest().len(), 0, State::End)
    }

    /// A piece up to `end`, which is `skip` bytes long, or of everything that is left.
    fn take_to(
        &mut self,
        kind: PieceKind,
        end: Option<usize>,
        skip: usize,
        state: State,
    ) -> Option<Piece<'a>> {
        match end {
            Some(end) => self.take(kind, end, skip, state),
            None => self.take_rest(kind),
        }
    }

    fn data(&mut self) -> Option<Piece<'a>> {
        match memchr::memchr(b'<', self.rest()) {
            None if self.rest().is_empty() => None,
            None => self.take_rest(PieceKind::Text),
            Some(0) => {
                self.at += 1;
                self.tag_open()
            }
            Some(len) => self.take(PieceKind::Text, len, 1, State::TagOpen),
        }
    }

    /// Behind `<`.
    fn tag_open(&mut self) -> Option<Piece<'a>> {
        match self.peek()? {
            b'!' => {
                self.at += 1;
                self.declaration()
            }
            b'/' => {
                self.at += 1;
                self.end_tag_open()
            }
            b'?' => {
                self.at += 1;
                self.bogus_comment()
            }
            b'%' => {
                self.at += 1;
                // Internet Explorer before 10.
                let end = super::bytes::find_pair(self.rest(), b'%', b'>');
                self.take_to(PieceKind::Comment, end, 2, State::Data)
            }
            b'a'..=b'z' | b'A'..=b'Z' | 0 => self.tag_name(),
            _ => {
                // The `<` was text. The next piece begins behind it.
                self.state = State::Data;
                let text = after(first(self.input, self.at), self.at - 1);
                Some(Piece {
                    kind: PieceKind::Text,
                    text,
                })
            }
        }
    }

    fn end_tag_open(&mut self) -> Option<Piece<'a>> {
        self.closing = true;
        match self.peek()? {
            b'>' => self.data(),
            b'a'..=b'z' | b'A'..=b'Z' => self.tag_name(),
            _ => {
                self.closing = false;
                self.bogus_comment()
            }
        }
    }

    fn tag_name(&mut self) -> Option<Piece<'a>> {
        let len = TAG_NAME_END.span_outside(self.rest());
        match self.rest().get(len) {
            None => self.take_rest(PieceKind::TagOpen),
            Some(b'/') => self.take(PieceKind::TagOpen, len, 1, State::SelfClose),
            Some(b'>') if self.closing => {
                self.closing = false;
                self.take(PieceKind::TagClose, len, 1, State::Data)
            }
            Some(b'>') => self.take(PieceKind::TagOpen, len, 0, State::TagEnd),
            Some(_) => self.take(PieceKind::TagOpen, len, 1, State::BeforeAttribute),
        }
    }

    fn tag_end(&mut self) -> Option<Piece<'a>> {
        self.closing = false;
        self.take(PieceKind::TagEnd, 1, 0, State::Data)
    }

    /// What stands behind white space; nothing at the end of the input and at byte 255.
    fn skip_white(&mut self) -> Option<u8> {
        self.at += WHITE.span(self.rest());
        self.peek().filter(|byte| *byte != 0xff)
    }

    fn before_attribute(&mut self) -> Option<Piece<'a>> {
        loop {
            match self.skip_white()? {
                b'/' => {
                    self.at += 1;
                    if self.peek()? == b'>' {
                        return self.self_close();
                    }
                }
                b'>' => return self.take(PieceKind::TagEnd, 1, 0, State::Data),
                _ => return self.attribute_name(),
            }
        }
    }

    /// At the `>` of `/>`.
    fn self_close(&mut self) -> Option<Piece<'a>> {
        self.at = self.at.saturating_sub(1);
        self.take(PieceKind::TagSelfClose, 2, 0, State::Data)
    }

    fn behind_slash(&mut self) -> Option<Piece<'a>> {
        if self.peek()? == b'>' {
            return self.self_close();
        }
        self.before_attribute()
    }

    /// The first byte of a name may be anything.
    fn attribute_name(&mut self) -> Option<Piece<'a>> {
        let len = 1 + ATTRIBUTE_NAME_END.span_outside(after(self.rest(), 1));
        let name = PieceKind::AttributeName;
        match self.rest().get(len) {
            None => self.take_rest(name),
            Some(b'/') => self.take(name, len, 1, State::SelfClose),
            Some(b'=') => self.take(name, len, 1, State::BeforeValue),
            Some(b'>') => self.take(name, len, 0, State::TagEnd),
            Some(_) => self.take(name, len, 1, State::AfterAttribute),
        }
    }

    fn after_attribute(&mut self) -> Option<Piece<'a>> {
        match self.skip_white()? {
            b'/' => {
                self.at += 1;
                self.behind_slash()
            }
            b'=' => {
                self.at += 1;
                self.before_value()
            }
            b'>' => self.tag_end(),
            _ => self.attribute_name(),
        }
    }

    fn before_value(&mut self) -> Option<Piece<'a>> {
        match self.skip_white()? {
            // The last is for Internet Explorer.
            quote @ (b'"' | b'\'' | b'`') => {
                self.at += 1;
                self.quoted_value(quote)
            }
            _ => self.unquoted_value(),
        }
    }

    fn quoted_value(&mut self, quote: u8) -> Option<Piece<'a>> {
        let end = memchr::memchr(quote, self.rest());
        self.take_to(PieceKind::AttributeValue, end, 1, State::AfterQuotedValue)
    }

    fn unquoted_value(&mut self) -> Option<Piece<'a>> {
        let len = UNQUOTED_VALUE_END.span_outside(self.rest());
        match self.rest().get(len) {
            None => self.take_rest(PieceKind::AttributeValue),
            Some(b'>') => self.take(PieceKind::AttributeValue, len, 0, State::TagEnd),
            Some(_) => self.take(PieceKind::AttributeValue, len, 1, State::BeforeAttribute),
        }
    }

    fn after_quoted_value(&mut self) -> Option<Piece<'a>> {
        match self.peek()? {
            b'/' => {
                self.at += 1;
                self.behind_slash()
            }
            b'>' => self.take(PieceKind::TagEnd, 1, 0, State::Data),
            _ => self.before_attribute(),
        }
    }

    fn bogus_comment(&mut self) -> Option<Piece<'a>> {
        let end = memchr::memchr(b'>', self.rest());
        self.take_to(PieceKind::Comment, end, 1, State::Data)
    }

    /// Behind `<!`.
    fn declaration(&mut self) -> Option<Piece<'a>> {
        let rest = self.rest();
        if first(rest, 7).eq_ignore_ascii_case(b"DOCTYPE") {
            return self.take_to(
                PieceKind::Doctype,
                memchr::memchr(b'>', rest),
                1,
                State::Data,
            );
        }
        if rest.starts_with(b"[CDATA[") {
            self.at += 7;
            let rest = self.rest();
            let end =
                memchr::memchr_iter(b']', rest).find(|at| after(rest, *at).starts_with(b"]]>"));
            return self.take_to(PieceKind::Text, end, 3, State::Data);
        }
        if rest.starts_with(b"--") {
            self.at += 2;
            return self.comment();
        }
        self.bogus_comment()
    }

    /// Up to `-->` or `-!>`, both with any number of NULs behind the first byte.
    fn comment(&mut self) -> Option<Piece<'a>> {
        let rest = self.rest();
        for at in memchr::memchr_iter(b'-', rest) {
            let behind = after(rest, at + 1);
            let nulls = behind.iter().take_while(|byte| **byte == 0).count();
            if let [b'-' | b'!', b'>', ..] = after(behind, nulls) {
                return self.take(PieceKind::Comment, at, nulls + 3, State::Data);
            }
        }
        self.take_rest(PieceKind::Comment)
    }
}

impl<'a> Iterator for Html<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        match self.state {
            State::Data => self.data(),
            State::TagOpen => self.tag_open(),
            State::TagEnd => self.tag_end(),
            State::SelfClose => self.behind_slash(),
            State::BeforeAttribute => self.before_attribute(),
            State::AfterAttribute => self.after_attribute(),
            State::BeforeValue => self.before_value(),
            State::Value(quote) => self.quoted_value(quote),
            State::AfterQuotedValue => self.after_quoted_value(),
            State::End => None,
        }
    }
}
