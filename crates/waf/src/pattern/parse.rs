//! From the text of a pattern to what it means, as PCRE2 10 reads it without UTF.

use super::class::{class, literal};
use super::error::{PatternError, Problem};
use super::reader::Reader;
use super::syntax::{Node, Place};
use crate::transform::ByteSet;

mod escape;
mod group;
mod quantifier;

/// Longest pattern, in bytes.
const SOURCE_BYTES_MAX: usize = 65_536;
/// Deepest nesting of groups.
const DEPTH_MAX: usize = 200;

/// What the pattern means.
pub(super) fn parse(source: &[u8]) -> Result<Node, PatternError> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(PatternError::new(Problem::Long, SOURCE_BYTES_MAX));
    }
    let mut parser = Parser::new(source);
    let node = parser.alternation(0)?;
    if parser.reader.peek().is_some() {
        return Err(PatternError::new(Problem::Unopened, parser.reader.at()));
    }
    parser.check_references()?;
    Ok(node)
}

#[derive(Debug)]
struct Parser<'a> {
    reader: Reader<'a>,
    groups: u32,
    names: Vec<(&'a [u8], u32)>,
    /// Groups referred to, and where.
    references: Vec<(u32, usize)>,
}

impl<'a> Parser<'a> {
    fn new(source: &'a [u8]) -> Self {
        Self {
            reader: Reader::new(source),
            groups: 0,
            names: Vec::new(),
            references: Vec::new(),
        }
    }

    fn check_references(&self) -> Result<(), PatternError> {
        match self
            .references
            .iter()
            .find(|(group, _)| *group > self.groups)
        {
            Some((_, at)) => Err(PatternError::new(Problem::GroupUnknown, *at)),
            None => Ok(()),
        }
    }

    /// Alternatives up to `)` or the end, which is not read.
    fn alternation(&mut self, depth: usize) -> Result<Node, PatternError> {
        if depth > DEPTH_MAX {
            return Err(PatternError::new(Problem::Deep, self.reader.at()));
        }
        let mut all = vec![self.sequence(depth)?];
        while self.reader.take(b"|") {
            all.push(self.sequence(depth)?);
        }
        Ok(match all.len() {
            1 => all.swap_remove(0),
            _ => Node::Alternate(all),
        })
    }

    fn sequence(&mut self, depth: usize) -> Result<Node, PatternError> {
        let mut parts: Vec<Node> = Vec::new();
        loop {
            if self.skip_nothing()? {
                continue;
            }
            let quoted = self.reader.quoting();
            let node = match self.reader.peek() {
                None => break,
                Some(b'|' | b')') if !quoted => break,
                Some(_) if quoted => self.literal(),
                Some(_) => self.item(depth)?,
            };
            if let Some(node) = node {
                parts.push(self.quantified(node)?);
            }
        }
        Ok(match parts.len() {
            0 => Node::Empty,
            1 => parts.swap_remove(0),
            _ => Node::Concat(parts),
        })
    }

    /// Reads one thing that stands for nothing: `\Q`, `\E`, a comment, white space under the flag `x`.
    fn skip_nothing(&mut self) -> Result<bool, PatternError> {
        let reader = &mut self.reader;
        if reader.quoting() {
            return Ok(reader.take(br"\E") && reader.quote(false));
        }
        if reader.take(br"\Q") {
            return Ok(reader.quote(true));
        }
        if reader.take(br"\E") {
            return Ok(true);
        }
        let start = reader.at();
        if reader.take(b"(?#") {
            while let Some(byte) = reader.next() {
                if byte == b')' {
                    return Ok(true);
                }
            }
            return Err(PatternError::new(Problem::Parenthesis, start));
        }
        if !reader.flags.extended {
            return Ok(false);
        }
        match reader.peek() {
            Some(b'\t'..=b'\r' | b' ') => {
                reader.skip(1);
                Ok(true)
            }
            Some(b'#') => {
                while reader.next().is_some_and(|byte| byte != b'\n') {}
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn literal(&mut self) -> Option<Node> {
        let caseless = self.reader.flags.caseless;
        self.reader
            .next()
            .map(|byte| Node::Set(literal(byte, caseless)))
    }

    /// One thing that a quantifier can follow; `None` for flags.
    fn item(&mut self, depth: usize) -> Result<Option<Node>, PatternError> {
        let start = self.reader.at();
        let mark = self.reader.save();
        let flags = self.reader.flags;
        let Some(byte) = self.reader.next() else {
            return Ok(None);
        };
        Ok(Some(match byte {
            b'(' => return self.group(start, depth),
            b'[' => Node::Set(class(&mut self.reader)?),
            b'\\' => self.escape(start)?,
            b'.' if flags.dot_all => Node::Set(ByteSet::all()),
            b'.' => Node::Set(ByteSet::of(b"\n").complement()),
            b'^' if flags.multi_line => Node::Place(Place::LineStart),
            b'^' => Node::Place(Place::TextStart),
            b'$' if flags.multi_line => Node::Place(Place::LineEnd),
            b'$' => Node::Place(Place::LastLineEnd),
            b'*' | b'+' | b'?' => return Err(PatternError::new(Problem::Nothing, start)),
            b'{' => {
                self.reader.restore(mark);
                if self.counts()?.is_some() {
                    return Err(PatternError::new(Problem::Nothing, start));
                }
                self.reader.skip(1);
                Node::Set(literal(b'{', false))
            }
            byte => Node::Set(literal(byte, flags.caseless)),
        }))
    }
}
