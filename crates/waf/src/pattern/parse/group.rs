//! What a parenthesis begins.

use super::Parser;
use crate::pattern::error::{PatternError, Problem};
use crate::pattern::syntax::{Around, Node};

/// Longest name of a group, as in PCRE.
const NAME_BYTES_MAX: usize = 32;

impl<'a> Parser<'a> {
    /// A group whose `(` has been read; `None` when it only sets flags.
    pub(super) fn group(
        &mut self,
        start: usize,
        depth: usize,
    ) -> Result<Option<Node>, PatternError> {
        if self.reader.peek() == Some(b'*') {
            return Err(PatternError::new(Problem::Verb, start));
        }
        if !self.reader.take(b"?") {
            return if self.reader.flags.no_capture {
                self.body(start, depth)
            } else {
                self.capture(start, depth)
            };
        }
        for (mark, behind, negative) in [
            (&b"="[..], false, false),
            (b"!", false, true),
            (b"<=", true, false),
            (b"<!", true, true),
        ] {
            if self.reader.take(mark) {
                return self.around(Around { behind, negative }, start, depth);
            }
        }
        match (self.reader.peek(), self.reader.peek_at(1)) {
            (Some(b'>'), _) => {
                self.reader.skip(1);
                let body = self.body(start, depth)?;
                Ok(body.map(|body| Node::Atomic(Box::new(body))))
            }
            (Some(b'*'), _) | (Some(b'<'), Some(b'*')) => {
                Err(PatternError::new(Problem::NonAtomic, start))
            }
            (Some(b'<' | b'\''), _) => self.named_group(start, depth),
            (Some(b'P'), Some(b'<')) => {
                self.reader.skip(1);
                self.named_group(start, depth)
            }
            (Some(b'P'), Some(b'=')) => {
                self.reader.skip(2);
                self.named(b")", start).map(Some)
            }
            (Some(b'|'), _) => Err(PatternError::new(Problem::BranchReset, start)),
            (Some(b'('), _) => Err(PatternError::new(Problem::Conditional, start)),
            (Some(b'C'), _) => Err(PatternError::new(Problem::Callout, start)),
            (Some(b'R' | b'0'..=b'9' | b'+' | b'&'), _)
            | (Some(b'P'), Some(b'>'))
            | (Some(b'-'), Some(b'0'..=b'9')) => Err(PatternError::new(Problem::Recursion, start)),
            (Some(byte), _)
                if byte.is_ascii_alphabetic() || matches!(byte, b':' | b')' | b'-' | b'^') =>
            {
                self.with_flags(start, depth)
            }
            (Some(_), _) => Err(PatternError::new(Problem::Group, start)),
            (None, _) => Err(PatternError::new(Problem::Parenthesis, start)),
        }
    }

    /// Alternatives up to `)`. Flags set inside end with it.
    fn body(&mut self, start: usize, depth: usize) -> Result<Option<Node>, PatternError> {
        let flags = self.reader.flags;
        let node = self.alternation(depth + 1)?;
        if !self.reader.take(b")") {
            return Err(PatternError::new(Problem::Parenthesis, start));
        }
        self.reader.flags = flags;
        Ok(Some(node))
    }

    fn capture(&mut self, start: usize, depth: usize) -> Result<Option<Node>, PatternError> {
        self.groups += 1;
        let group = self.groups;
        let body = self.body(start, depth)?;
        Ok(body.map(|body| Node::Group(group, Box::new(body))))
    }

    fn around(
        &mut self,
        around: Around,
        start: usize,
        depth: usize,
    ) -> Result<Option<Node>, PatternError> {
        let Some(body) = self.body(start, depth)? else {
            return Ok(None);
        };
        let has_lengths = if let Node::Alternate(parts) = &body {
            parts.iter().all(|part| part.length_fixed().is_some())
        } else {
            body.length_fixed().is_some()
        };
        if around.behind && !has_lengths {
            return Err(PatternError::new(Problem::LookBehind, start));
        }
        Ok(Some(Node::Around(around, Box::new(body))))
    }

    /// A group whose name begins with the next byte, `<` or `'`.
    fn named_group(&mut self, start: usize, depth: usize) -> Result<Option<Node>, PatternError> {
        let end: &[u8] = if self.reader.next() == Some(b'<') {
            b">"
        } else {
            b"'"
        };
        let name = self.name(end, start)?;
        if self.names.iter().any(|(known, _)| *known == name) {
            return Err(PatternError::new(Problem::GroupName, start));
        }
        self.names.push((name, self.groups + 1));
        self.capture(start, depth)
    }

    /// A name up to `end`, which is read too.
    pub(super) fn name(&mut self, end: &[u8], start: usize) -> Result<&'a [u8], PatternError> {
        let rest = self.reader.rest();
        let length = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count();
        let name = rest.get(..length).unwrap_or_default();
        self.reader.skip(length);
        let well_formed = name.first().is_some_and(|byte| !byte.is_ascii_digit());
        if !well_formed || length > NAME_BYTES_MAX || !self.reader.take(end) {
            return Err(PatternError::new(Problem::GroupName, start));
        }
        Ok(name)
    }

    /// `(?i)` up to the end of the group around it, or `(?i:…)`.
    fn with_flags(&mut self, start: usize, depth: usize) -> Result<Option<Node>, PatternError> {
        let before = self.reader.flags;
        if self.reader.read_flags()? == b')' {
            return Ok(None);
        }
        let body = self.body(start, depth);
        self.reader.flags = before;
        body
    }
}
