//! What a thread keeps between transactions: caches of patterns, buffers, and the tables of transactions that ended.

use std::collections::HashMap;

use super::state::State;
use crate::pattern::{Groups, Memory, Pattern};

/// Patterns with macros that stay compiled, per thread.
const MADE_PATTERNS_MAX: usize = 64;
/// Longest text that becomes a pattern, bytes.
const MADE_BYTES_MAX: usize = 4 * 1024;
/// A state that grew beyond this many bytes is not kept.
const STATE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// States kept for later transactions, all together, bytes. Where requests wait for their origins, as many transactions are
/// under way as there are requests, and all end one after another.
const STATES_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Reusable memory of one thread, for all transactions of one rule set. Bounded: caches of patterns by [`Memory`], 64 patterns
/// with macros, tables of at most 8 MiB in all.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) memory: Memory,
    pub(crate) groups: Groups,
    pub(crate) made: Made,
    /// Two buffers for transformations outside the filter.
    pub(crate) first: Vec<u8>,
    pub(crate) second: Vec<u8>,
    /// A value that is not a row.
    pub(crate) value: Vec<u8>,
    /// Expanded parameter of an operator.
    pub(crate) parameter: Vec<u8>,
    /// With the bytes that each holds.
    states: Vec<(State, usize)>,
    states_bytes: usize,
}

impl Scratch {
    pub(crate) fn state(&mut self) -> State {
        let Some((state, bytes)) = self.states.pop() else {
            return State::default();
        };
        self.states_bytes = self.states_bytes.saturating_sub(bytes);
        state
    }

    pub(crate) fn keep(&mut self, state: State) {
        let bytes = state.capacity();
        if bytes <= STATE_BYTES_MAX && self.states_bytes + bytes <= STATES_BYTES_MAX {
            self.states_bytes += bytes;
            self.states.push((state, bytes));
        }
        for buffer in [&mut self.first, &mut self.second, &mut self.parameter] {
            if buffer.capacity() > STATE_BYTES_MAX {
                *buffer = Vec::new();
            }
        }
    }
}

/// Patterns whose text was only known once its macros were. Each has caches of its own, so that they end with it.
#[derive(Debug, Default)]
pub(crate) struct Made {
    patterns: HashMap<Box<[u8]>, Option<(Pattern, Memory)>>,
}

impl Made {
    /// The pattern of that text; `None` when it does not compile or is too long.
    pub(crate) fn pattern(&mut self, source: &[u8]) -> Option<&mut (Pattern, Memory)> {
        if !self.patterns.contains_key(source) {
            if self.patterns.len() >= MADE_PATTERNS_MAX {
                self.patterns.clear();
            }
            let made = Some(source)
                .filter(|source| source.len() <= MADE_BYTES_MAX)
                .and_then(|source| Pattern::compile(source).ok())
                .map(|pattern| (pattern, Memory::default()));
            self.patterns.insert(source.into(), made);
        }
        self.patterns.get_mut(source).and_then(Option::as_mut)
    }
}
