//! Which rules are worth a look for which value.
//!
//! Most rules match almost nothing, and most of what they would match contains some literal text. One automaton finds the literals
//! of all rules in one pass over a value; only the rules whose literal was found (or that have none) are asked, each for just that
//! value. Transformations are shared: rules with the same list see the same result, and a value that a list cannot change is
//! searched once for all lists. What is found here is a superset; the rule itself decides.
//!
//! The literals are searched without case, so a list that only changes case needs no search of its own.

use aho_corasick::MatchKind;
use aho_corasick::automaton::Automaton as _;
use aho_corasick::dfa::DFA;

use super::collections::Tx;
use super::names::NameId;
use super::program::{
    After, ChainId, Condition, NumberTest, Operator, Program, Rule, RuleId, Source, Step, TextTest,
};
use super::table::{Kind, RowId, Span, Table};
use crate::transform::ByteSet;

mod build;
mod scan;
mod settled;

pub(crate) use scan::{Candidate, Findings};
use settled::Settled;

/// Literals longer than this are searched by their beginning.
const LITERAL_BYTES_MAX: usize = 6;
/// Slots of one filter: fifty times what CRS has. Rules beyond are asked for every value, which is right and slow.
const SLOTS_MAX: usize = 16_384;

/// The prefilter of some phases.
#[derive(Debug)]
pub(crate) struct Filter {
    /// 64-bit words in a set of slots.
    words: usize,
    slots: Vec<Slot>,
    /// Per [`Kind`].
    kinds: Vec<KindPlan>,
    /// Slots that no literal can rule out.
    always: Vec<u64>,
    automaton: Option<DFA>,
    /// Per literal, where its slots begin in `literal_slots`.
    literal_starts: Vec<u32>,
    literal_slots: Vec<u16>,
    gates: Vec<Gate>,
    settled: Settled,
}

#[derive(Debug)]
struct Slot {
    rule: RuleId,
    minimum: u32,
    /// A match contains a byte of each.
    classes: Vec<ByteSet>,
    chain: ChainId,
    /// The results of all the chain's beginnings count too, and the rule applies its steps itself.
    multi_match: bool,
}

/// What is wanted of the values of one kind.
#[derive(Debug, Default)]
struct KindPlan {
    wants: Vec<u64>,
    /// Lists of transformations that rules on this kind use, parents first, with the slots that use just that list.
    chains: Vec<(ChainId, Vec<u64>)>,
    /// Bytes without which no list of this kind changes a value; `None` when some list changes any value.
    triggers: Option<ByteSet>,
}

/// A rule that skips others when a `TX` number says so; while it would, those need no look.
#[derive(Debug)]
struct Gate {
    name: NameId,
    test: NumberTest,
    constant: i64,
    negated: bool,
    slots: Vec<u64>,
}

impl Filter {
    /// Slots that no gate closes now.
    fn open(&self, tx: &Tx) -> Vec<u64> {
        let mut open = vec![u64::MAX; self.words];
        for gate in &self.gates {
            let closed = tx.slot(gate.name).is_some_and(|value| {
                gate.test.holds(value.number(), gate.constant) != gate.negated
            });
            if closed {
                for (word, closed) in open.iter_mut().zip(&gate.slots) {
                    *word &= !closed;
                }
            }
        }
        open
    }

    /// Finds out beforehand which rules match each of `words`.
    pub(crate) fn settle(&mut self, program: &Program, words: &[&[u8]]) {
        for word in words {
            self.settled.add(program, &self.slots, word);
        }
    }

    /// How many slots may match `value`, if that is settled.
    pub(crate) fn settled(&self, value: &[u8]) -> Option<usize> {
        let slots = self.settled.slots(value)?;
        Some(slots.iter().map(|word| word.count_ones() as usize).sum())
    }

    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Bytes that the automaton takes.
    pub(crate) fn memory(&self) -> usize {
        self.automaton.as_ref().map_or(0, DFA::memory_usage)
    }
}

fn set_bit(words: &mut [u64], index: usize) {
    if let Some(word) = words.get_mut(index / 64) {
        *word |= 1 << (index % 64);
    }
}

fn bit(words: &[u64], index: usize) -> bool {
    words
        .get(index / 64)
        .is_some_and(|word| word >> (index % 64) & 1 == 1)
}
