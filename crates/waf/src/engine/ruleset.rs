//! A loaded rule set.

use super::compile::compile;
use super::filter::Filter;
use super::program::{Left, Program};
use crate::seclang::syntax::EngineMode;
use crate::seclang::{self, Files, RuleMistake, Source};

/// Phases 1 and 2.
const REQUEST: [usize; 2] = [0, 1];
/// Phases 3 and 4.
const RESPONSE: [usize; 2] = [2, 3];

/// Rules, compiled and ready. Immutable: a reload builds a new one, and transactions keep the one that they began with.
#[derive(Debug)]
pub struct RuleSet {
    pub(crate) program: Program,
    pub(crate) filters: [Filter; 2],
}

/// How much a transaction may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// What `SecRuleEngine` says.
    #[default]
    AsConfigured,
    /// Rules run and interventions are asked for.
    Block,
    /// Rules run; interventions are reported as withheld.
    Monitor,
    /// No rule runs.
    Off,
}

/// What a rule set consists of, and what it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Heads: rules and actions with an id.
    pub rules: usize,
    /// Compiled patterns.
    pub patterns: usize,
    /// Words of `@pm` lists.
    pub words: usize,
    /// Rules that the filter of the request phases knows.
    pub filtered: usize,
    /// Bytes of both filters' automata.
    pub automata_bytes: usize,
}

impl RuleSet {
    /// Reads and compiles `sources` in their order.
    ///
    /// # Errors
    /// All mistakes, each with file and line.
    pub fn load(sources: &[Source<'_>], files: &dyn Files) -> Result<Self, Vec<RuleMistake>> {
        let document = seclang::read(sources, files)?;
        let mut program = compile(&document)?;
        let request = Filter::build(&mut program, &REQUEST);
        let response = Filter::build(&mut program, &RESPONSE);
        super::guard::guard(&mut program);
        Ok(Self {
            program,
            filters: [request, response],
        })
    }

    /// Tells the rules words that values often are, such as those of the enumerations of a contract. What each rule says of each
    /// is found now, so that a value that is just such a word is shown only to the rules that match it. No verdict changes. The
    /// first 1,024 words of at most 128 bytes count.
    pub fn settle(&mut self, words: &[&[u8]]) {
        for filter in &mut self.filters {
            filter.settle(&self.program, words);
        }
    }

    /// Of the rules that [`Figures::filtered`] counts, those that may match `value`. `None`: nothing is settled beforehand about
    /// such a value.
    pub fn settled(&self, value: &[u8]) -> Option<usize> {
        self.filters.first()?.settled(value)
    }

    /// What the rules ask for and this engine does not do (logs, files, lists on the network, variables that nothing fills),
    /// each kind once. It is not refused, because rule sets that people have ask for it; whoever loads rules should tell.
    pub fn left_to_caller(&self) -> &[Left] {
        &self.program.left
    }

    /// What it consists of.
    pub fn figures(&self) -> Figures {
        Figures {
            rules: self.program.sizes.rules,
            patterns: self.program.sizes.patterns,
            words: self.program.sizes.words,
            filtered: self.filters.first().map_or(0, Filter::slots),
            automata_bytes: self.filters.iter().map(Filter::memory).sum(),
        }
    }

    /// Whether it reads request bodies at all (`SecRequestBodyAccess On`).
    pub fn reads_request_bodies(&self) -> bool {
        self.program.settings.request_body_access
    }

    pub(crate) fn mode(&self, mode: Mode) -> EngineMode {
        match mode {
            Mode::AsConfigured => self.program.settings.mode,
            Mode::Block => EngineMode::On,
            Mode::Monitor => EngineMode::DetectionOnly,
            Mode::Off => EngineMode::Off,
        }
    }
}
