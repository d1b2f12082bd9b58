//! What a long search remembers: the steps that failed, and where.
//!
//! What follows a step depends on the step and the place alone, unless something looks back at what was matched; of programs
//! that do, nothing is remembered. Most searches end before remembering is worth it.

use super::{Machine, RUN_BYTES_PER_STEP, Record, STEPS_MAX, narrow, place};
use crate::pattern::program::{Remembered, Step};
use crate::pattern::syntax::Greed;
use crate::transform::ByteSet;

/// Steps after which a search begins to remember.
const STEPS_UNTIL_MEMORY: usize = 10_000;
/// Words of 64 bits to remember with.
const WORDS_MAX: usize = 512 * 1024;

/// What is known of a step at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recall {
    /// Nothing, and nobody has to watch.
    Nothing,
    /// It fails.
    Fails,
    /// Nothing yet: whether it fails is to be noticed.
    Watch,
    /// As before; and a run that is longer than the shortest by so many bytes fails.
    WatchShorter(u32),
}

impl Machine<'_> {
    pub(super) fn recall(&mut self, number: u32, at: usize) -> Recall {
        if !self.remembers() {
            return Recall::Nothing;
        }
        let program = self.program;
        let remembered = program.remembered.get(place(number)).copied().flatten();
        let Some(remembered) = remembered.filter(|_| self.make_room()) else {
            return Recall::Nothing;
        };
        if self.has_failed(remembered, at) {
            return Recall::Fails;
        }
        if remembered.is_final {
            // It fails, or the search is over: there is nothing to notice.
            self.note(remembered, at);
            return Recall::Nothing;
        }
        match program.steps.get(place(number)) {
            Some(Step::Run {
                set,
                most: u32::MAX,
                greed: Greed::Greedy | Greed::Lazy,
                ..
            }) => match self.steps_to_failed(remembered, *set, at) {
                Some(bytes) => Recall::WatchShorter(narrow(bytes)),
                None => Recall::Watch,
            },
            _ => Recall::Watch,
        }
    }

    /// How many bytes further the same run failed, if it did. From there on it could have ended where it can end from here, but
    /// for the first places.
    fn steps_to_failed(
        &mut self,
        remembered: Remembered,
        set: ByteSet,
        at: usize,
    ) -> Option<usize> {
        let mut inside = at;
        let mut found = None;
        while found.is_none() && self.begins_with(set, inside) {
            inside += 1;
            found = self.has_failed(remembered, inside).then_some(inside - at);
        }
        self.pay((inside - at) / RUN_BYTES_PER_STEP);
        found
    }

    /// Has the failure of that step noticed by whoever takes back what comes after.
    pub(super) fn watch(&mut self, number: u32, at: usize) {
        self.stack.records.push(Record::Trying {
            step: number,
            at: narrow(at),
        });
    }

    /// Has the failure of a run noticed where that was asked for; the most bytes that it is worth trying with.
    pub(super) fn watch_run(
        &mut self,
        number: u32,
        at: usize,
        recall: Recall,
        (least, most): (u32, u32),
    ) -> u32 {
        if recall != Recall::Nothing {
            self.watch(number, at);
        }
        match recall {
            // The end at that distance is the first that was tried from there.
            Recall::WatchShorter(bytes) => least.saturating_add(bytes.saturating_sub(1)),
            Recall::Nothing | Recall::Fails | Recall::Watch => most,
        }
    }

    /// Takes note that the step failed there. A run without an end then fails from everywhere inside, for it ends at the same
    /// places or fewer.
    pub(super) fn failed(&mut self, number: u32, at: usize) {
        let program = self.program;
        let remembered = program.remembered.get(place(number)).copied().flatten();
        let Some(remembered) = remembered else {
            return;
        };
        self.note(remembered, at);
        if let Some(Step::Run {
            set,
            most: u32::MAX,
            ..
        }) = program.steps.get(place(number))
        {
            let mut inside = at;
            while self.begins_with(*set, inside) && !self.has_failed(remembered, inside + 1) {
                inside += 1;
                self.note(remembered, inside);
            }
            self.pay((inside - at) / RUN_BYTES_PER_STEP);
        }
    }

    fn begins_with(&self, set: ByteSet, at: usize) -> bool {
        self.text.get(at).is_some_and(|byte| set.contains(*byte))
    }

    fn remembers(&self) -> bool {
        #[cfg(test)]
        if self.stack.remembers_at_once {
            return true;
        }
        self.left < STEPS_MAX - STEPS_UNTIL_MEMORY
    }

    fn make_room(&mut self) -> bool {
        if !self.stack.failed.is_empty() {
            return true;
        }
        let words = self.width().saturating_mul(self.program.remembered_steps) / 64 + 1;
        if words <= WORDS_MAX {
            self.stack.failed.resize(words, 0);
        }
        words <= WORDS_MAX
    }

    /// Places of a value: one more than bytes.
    fn width(&self) -> usize {
        self.text.len() + 1
    }

    fn bit(&self, remembered: Remembered, at: usize) -> (usize, u64) {
        let row = place(remembered.number).saturating_mul(self.width());
        let bit = row.saturating_add(at);
        (bit / 64, 1 << (bit % 64))
    }

    fn has_failed(&self, remembered: Remembered, at: usize) -> bool {
        let (word, mask) = self.bit(remembered, at);
        self.stack
            .failed
            .get(word)
            .is_some_and(|word| word & mask != 0)
    }

    fn note(&mut self, remembered: Remembered, at: usize) {
        let (word, mask) = self.bit(remembered, at);
        if let Some(word) = self.stack.failed.get_mut(word) {
            *word |= mask;
        }
    }
}
