//! `*`, `+`, `?` and `{…}`.

use super::Parser;
use crate::pattern::error::{PatternError, Problem};
use crate::pattern::syntax::{Greed, Node};

/// Highest count in a quantifier, as in PCRE.
const COUNT_MAX: u32 = 65_535;
impl Parser<'_> {
    /// The node under the quantifier that follows it, if one does.
    pub(super) fn quantified(&mut self, node: Node) -> Result<Node, PatternError> {
        let Some((least, most)) = self.quantifier()? else {
            return Ok(node);
        };
        let greed = if self.reader.take(b"+") {
            Greed::Possessive
        } else if self.reader.take(b"?") == self.reader.flags.ungreedy {
            Greed::Greedy
        } else {
            Greed::Lazy
        };
        let second = self.reader.at();
        if self.quantifier()?.is_some() {
            return Err(PatternError::new(Problem::Nothing, second));
        }
        Ok(Node::Repeat {
            node: Box::new(node),
            least,
            most,
            greed,
        })
    }

    fn quantifier(&mut self) -> Result<Option<(u32, Option<u32>)>, PatternError> {
        while self.skip_nothing()? {}
        if self.reader.quoting() {
            return Ok(None);
        }
        let counts = match self.reader.peek() {
            Some(b'*') => (0, None),
            Some(b'+') => (1, None),
            Some(b'?') => (0, Some(1)),
            Some(b'{') => return self.counts(),
            _ => return Ok(None),
        };
        self.reader.skip(1);
        Ok(Some(counts))
    }

    /// `{n}`, `{n,}` or `{n,m}`. Anything else behind a brace leaves it a literal one, and nothing is read.
    pub(super) fn counts(&mut self) -> Result<Option<(u32, Option<u32>)>, PatternError> {
        let mark = self.reader.save();
        let start = self.reader.at();
        self.reader.skip(1);
        let counts = self.counts_in_braces();
        let Some((least, most)) = counts else {
            self.reader.restore(mark);
            return Ok(None);
        };
        if most.unwrap_or(least) > COUNT_MAX || least > most.unwrap_or(COUNT_MAX) {
            return Err(PatternError::new(Problem::Quantifier, start));
        }
        Ok(Some((least, most)))
    }

    fn counts_in_braces(&mut self) -> Option<(u32, Option<u32>)> {
        let least = self.reader.number()?;
        if self.reader.take(b"}") {
            return Some((least, Some(least)));
        }
        if !self.reader.take(b",") {
            return None;
        }
        let most = self.reader.number();
        self.reader.take(b"}").then_some((least, most))
    }
}
