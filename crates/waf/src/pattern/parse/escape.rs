//! What a backslash begins outside a class.

use super::Parser;
use crate::pattern::class::{byte_escape, literal, octal, shorthand};
use crate::pattern::error::{PatternError, Problem};
use crate::pattern::syntax::{Node, Place};
use crate::transform::ByteSet;

impl Parser<'_> {
    /// An escape whose backslash has been read.
    pub(super) fn escape(&mut self, start: usize) -> Result<Node, PatternError> {
        let caseless = self.reader.flags.caseless;
        let Some(letter) = self.reader.next() else {
            return Err(PatternError::new(Problem::Backslash, start));
        };
        Ok(match letter {
            b'A' => Node::Place(Place::TextStart),
            b'z' => Node::Place(Place::TextEnd),
            b'Z' => Node::Place(Place::LastLineEnd),
            b'b' => Node::Place(Place::WordEdge),
            b'B' => Node::Place(Place::NotWordEdge),
            b'G' => Node::Place(Place::SearchStart),
            b'C' => Node::Set(ByteSet::all()),
            b'R' => line_break(),
            b'K' => return Err(PatternError::new(Problem::Reset, start)),
            b'X' | b'p' | b'P' => return Err(PatternError::new(Problem::Property, start)),
            b'g' => self.group_reference(start)?,
            b'k' => self.name_reference(start)?,
            b'1'..=b'9' => self.digits(start, letter)?,
            letter => match shorthand(letter) {
                Some(set) => Node::Set(set),
                None => match byte_escape(&mut self.reader, start, letter)? {
                    Some(byte) => Node::Set(literal(byte, caseless)),
                    None => return Err(PatternError::new(Problem::Escape(letter), start)),
                },
            },
        })
    }

    /// `\1` to `\9`, and more digits when there are so many groups before: a reference. Else a code in octal, as PCRE reads it.
    fn digits(&mut self, start: usize, first: u8) -> Result<Node, PatternError> {
        let mark = self.reader.save();
        let one = u32::from(first - b'0');
        let length = self.reader.rest().len();
        let more = self.reader.number();
        let digits = length - self.reader.rest().len();
        let whole = match (more, u32::try_from(digits)) {
            (Some(more), Ok(digits @ 1..=4)) => 10_u32.pow(digits) * one + more,
            (None, _) => one,
            _ => u32::MAX,
        };
        if whole < 10 || whole <= self.groups {
            return Ok(self.reference(whole, start));
        }
        self.reader.restore(mark);
        let caseless = self.reader.flags.caseless;
        let byte = match first {
            b'8' | b'9' => first,
            _ => octal(&mut self.reader, one, 2, start)?,
        };
        Ok(Node::Set(literal(byte, caseless)))
    }

    pub(super) fn reference(&mut self, group: u32, at: usize) -> Node {
        self.references.push((group, at));
        Node::Back(group, self.reader.flags.caseless)
    }

    /// `\g1`, `\g{1}`, `\g{-1}`, `\g{name}`. `\g<…>` would be a call.
    fn group_reference(&mut self, start: usize) -> Result<Node, PatternError> {
        if matches!(self.reader.peek(), Some(b'<' | b'\'')) {
            return Err(PatternError::new(Problem::Recursion, start));
        }
        let braced = self.reader.take(b"{");
        if braced
            && self
                .reader
                .peek()
                .is_some_and(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+'))
        {
            return self.named(b"}", start);
        }
        let sign = match self.reader.peek() {
            Some(sign @ (b'-' | b'+')) => {
                self.reader.skip(1);
                Some(sign)
            }
            _ => None,
        };
        let number = self.reader.number().filter(|number| *number > 0);
        let group = number.and_then(|number| match sign {
            Some(b'-') => (self.groups + 1)
                .checked_sub(number)
                .filter(|group| *group > 0),
            Some(_) => self.groups.checked_add(number),
            None => Some(number),
        });
        match group {
            Some(group) if !braced || self.reader.take(b"}") => Ok(self.reference(group, start)),
            _ => Err(PatternError::new(Problem::GroupUnknown, start)),
        }
    }

    /// `\k<name>`, `\k'name'`, `\k{name}`.
    fn name_reference(&mut self, start: usize) -> Result<Node, PatternError> {
        match self.reader.next() {
            Some(b'<') => self.named(b">", start),
            Some(b'\'') => self.named(b"'", start),
            Some(b'{') => self.named(b"}", start),
            _ => Err(PatternError::new(Problem::GroupName, start)),
        }
    }

    /// A reference to the group of a name that ends with `end`. The group must come before it.
    pub(super) fn named(&mut self, end: &[u8], start: usize) -> Result<Node, PatternError> {
        let name = self.name(end, start)?;
        match self.names.iter().find(|(known, _)| *known == name) {
            Some((_, group)) => Ok(self.reference(*group, start)),
            None => Err(PatternError::new(Problem::GroupUnknown, start)),
        }
    }
}

/// `\R`: `(?>\r\n|[\n\v\f\r\x85])`.
fn line_break() -> Node {
    let single = |bytes: &[u8]| Node::Set(ByteSet::of(bytes));
    Node::Atomic(Box::new(Node::Alternate(vec![
        Node::Concat(vec![single(b"\r"), single(b"\n")]),
        single(b"\n\x0b\x0c\r\x85"),
    ])))
}
