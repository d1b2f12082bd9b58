//! Does a pattern of PCRE match? Patterns of `@rx` as `libmodsecurity` compiles them: bytes, `.` matches line feeds, `^` and `$`
//! match at every line.
//!
//! The text is read by a parser of our own into what it means, since the crates for regular expressions read another dialect,
//! and read some of PCRE's without a word as something else (`a*+`). What is a regular language then runs in linear time on
//! `regex-automata`. Look-around, references and possessive parts run on a small backtracking machine behind it, which gives up
//! after a million steps. Rejected: PCRE2 itself (C code on hostile input, exponential time), `fancy-regex` (text, not bytes).

use regex_automata::Input;
use regex_automata::meta::Regex;

use crate::form::Form;
use crate::transform::ByteSet;

mod backtrack;
mod class;
mod error;
mod forms;
mod memory;
mod parse;
mod program;
mod reader;
mod required;
mod settle;
mod syntax;
#[cfg(test)]
mod tests;
mod translate;

pub use self::error::PatternError;
pub use self::memory::{Groups, Memory};
pub use self::required::Required;

use self::backtrack::Found;
use self::error::Problem;
use self::forms::Forms;
use self::program::Program;
use self::settle::Exact;

/// A compiled pattern. It is shared among threads; what a search needs beside it is in a [`Memory`].
#[derive(Debug)]
pub struct Pattern {
    number: u64,
    /// Finds at least all that the pattern matches.
    engine: Regex,
    exact: Exact,
    /// The machine where the engine is not exact.
    program: Option<Program>,
    /// The bytes with which a match begins, when each match has a byte.
    first: Option<ByteSet>,
    length_min: usize,
    required: Required,
    forms: Forms,
}

impl Pattern {
    /// Compiles the text of a pattern.
    ///
    /// # Errors
    ///
    /// When PCRE refuses it, or when it asks for what this crate does not have: recursion, conditions, verbs, Unicode.
    pub fn compile(source: &[u8]) -> Result<Self, PatternError> {
        let mut node = parse::parse(source)?;
        settle::settle(&mut node);
        let exact = Exact::of(&node);
        let engine =
            translate::engine(&node).map_err(|_too_large| PatternError::new(Problem::Size, 0))?;
        let length_min = node.length_min();
        let first = (length_min > 0).then(|| settle::first(&node));
        let required = Required::of(&node);
        let forms = Forms::of(&node);
        let program = match exact {
            Exact::Always => None,
            Exact::UnlessLastLineFeed
            | Exact::UnlessLastLineFeedButGroups
            | Exact::ButGroups
            | Exact::Never => {
                settle::hasten(&mut node);
                match Program::of(&node) {
                    Ok(program) => Some(program),
                    Err(error) if exact == Exact::Never => return Err(error),
                    // A program too large for the machine still has its engine.
                    Err(_) => None,
                }
            }
        };
        Ok(Self {
            number: memory::number(),
            engine,
            exact,
            program,
            first,
            length_min,
            required,
            forms,
        })
    }

    /// Does it match anywhere in the value? When the search is given up the answer is no, and `memory` knows.
    pub fn is_match(&self, value: &[u8], memory: &mut Memory) -> bool {
        if let Some(program) = self.machine(value, false) {
            return self.backtrack(program, value, 0, memory);
        }
        let input = Input::new(value).earliest(true);
        memory.with(self.number, &self.engine, |cache| {
            self.engine.search_half_with(cache, &input).is_some()
        })
    }

    /// [`Self::captures_at`] the start of the value.
    pub fn captures(&self, value: &[u8], memory: &mut Memory, groups: &mut Groups) -> bool {
        self.captures_at(value, 0, memory, groups)
    }

    /// Finds the first match that begins at `start` or behind it, and its groups. What stands before `start` is seen by
    /// assertions. Without a match the groups are all unset.
    pub fn captures_at(
        &self,
        value: &[u8],
        start: usize,
        memory: &mut Memory,
        groups: &mut Groups,
    ) -> bool {
        groups.slots.fill(None);
        if start > value.len() {
            return false;
        }
        if let Some(program) = self.machine(value, true) {
            let found = self.backtrack(program, value, start, memory);
            if found {
                groups.read(memory.stack.places(program.groups));
            }
            return found;
        }
        let input = Input::new(value).range(start..);
        memory.with(self.number, &self.engine, |cache| {
            let slots = &mut groups.slots;
            self.engine
                .search_slots_with(cache, &input, slots)
                .is_some()
        })
    }

    /// Bytes that every match has at least.
    pub fn minimum_length(&self) -> usize {
        self.length_min
    }

    /// What a value must have for the pattern to match.
    pub fn required(&self) -> &Required {
        &self.required
    }

    /// Whether it may match in a value of that form. No is certain, yes is not.
    pub(crate) fn may_match(&self, form: Form) -> bool {
        self.forms.contain(form)
    }

    /// The machine, when the engine's answer for that value would be a candidate only.
    fn machine(&self, value: &[u8], groups: bool) -> Option<&Program> {
        match self.exact {
            Exact::Always => None,
            Exact::ButGroups if !groups => None,
            Exact::UnlessLastLineFeed if value.last() != Some(&b'\n') => None,
            Exact::UnlessLastLineFeedButGroups if !groups && value.last() != Some(&b'\n') => None,
            Exact::UnlessLastLineFeed
            | Exact::UnlessLastLineFeedButGroups
            | Exact::ButGroups
            | Exact::Never => self.program.as_ref(),
        }
    }

    /// The engine says where a match can begin at the earliest; the machine says whether there is one.
    fn backtrack(
        &self,
        program: &Program,
        value: &[u8],
        start: usize,
        memory: &mut Memory,
    ) -> bool {
        let input = Input::new(value).range(start..);
        let candidate = memory.with(self.number, &self.engine, |cache| {
            self.engine.search_with(cache, &input)
        });
        let Some(candidate) = candidate else {
            return false;
        };
        let text = backtrack::Text {
            bytes: value,
            origin: start,
            from: candidate.start(),
        };
        match backtrack::search(program, self.first, text, &mut memory.stack) {
            Found::Yes => true,
            Found::No => false,
            Found::GaveUp => {
                memory.exhausted = true;
                false
            }
        }
    }
}
