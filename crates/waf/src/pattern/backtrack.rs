//! A machine for what is no regular language: look-around, references, possessive parts. It tries in the order of PCRE, keeps
//! its choices on a stack of its own, and gives up after so many steps.

use self::recall::Recall;
use super::program::{Program, Step};
use super::syntax::{Greed, Place, is_word};
use crate::transform::ByteSet;

mod recall;

/// Steps of one search. About ten milliseconds.
pub(super) const STEPS_MAX: usize = 1_000_000;
/// Records of the stack, of 16 bytes.
const RECORDS_MAX: usize = 512 * 1024;
/// Records that a stack keeps for the next search.
const RECORDS_KEPT: usize = 16 * 1024;
/// Bytes of a run that count as one step.
const RUN_BYTES_PER_STEP: usize = 8;
/// Words of 64 bits, remembered failures, that a stack keeps for the next search.
const FAILED_KEPT: usize = 16 * 1024;
const UNSET: u32 = u32::MAX;

/// What to do when the way taken fails.
#[derive(Clone, Copy, Debug)]
enum Record {
    /// Go on with that step at that place.
    Choice { step: u32, at: u32 },
    /// A greedy run: go on with that step, one byte earlier, down to `low`.
    Shorter { step: u32, low: u32, high: u32 },
    /// A lazy run, whose step it is: take one byte more, `left` times at most.
    Longer { step: u32, at: u32, left: u32 },
    /// Go on with the second way of that split at that place.
    Second { split: u32, at: u32 },
    /// Nothing is left to try of that step at that place: it failed.
    Trying { step: u32, at: u32 },
    /// Put back what a slot held.
    Restore { slot: u32, old: u32 },
}

/// Memory of the machine, kept between searches.
#[derive(Debug, Default)]
pub(super) struct Stack {
    records: Vec<Record>,
    pub(super) slots: Vec<u32>,
    /// Height of the stack and place at which each frame began.
    frames: Vec<(usize, u32)>,
    /// One bit for each remembered step and place: it failed. Empty until a search is long.
    failed: Vec<u64>,
    /// Steps that further searches may take together; `None`: each has its own.
    pub(super) allowance: Option<usize>,
    /// What the last search took.
    #[cfg(test)]
    pub(super) steps: usize,
    /// Whether to remember from the first step on.
    #[cfg(test)]
    pub(super) remembers_at_once: bool,
}

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Yes,
    No,
    /// Steps or memory were used up.
    GaveUp,
}

/// What is searched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    pub(super) bytes: &'a [u8],
    /// Where the search begins, as the caller sees it.
    pub(super) origin: usize,
    /// No match begins before this place.
    pub(super) from: usize,
}

impl Stack {
    /// Places of the match and of the first groups.
    pub(super) fn places(&self, groups: usize) -> impl Iterator<Item = Option<usize>> {
        let slots = self.slots.iter().take((groups + 1) * 2);
        slots.map(|at| (*at != UNSET).then(|| place(*at)))
    }
}

/// Searches; `first` are the bytes with which a match can begin, when it has any byte. The places are then in `stack`.
pub(super) fn search(
    program: &Program,
    first: Option<ByteSet>,
    text: Text<'_>,
    stack: &mut Stack,
) -> Found {
    if narrow(text.bytes.len()) == UNSET {
        return Found::GaveUp;
    }
    let most = stack
        .allowance
        .map_or(STEPS_MAX, |left| left.min(STEPS_MAX));
    let mut machine = Machine {
        program,
        text: text.bytes,
        origin: text.origin,
        left: most,
        stack,
    };
    machine.stack.failed.clear();
    let mut found = Found::No;
    for at in text.from..=text.bytes.len() {
        let begins = match (first, text.bytes.get(at)) {
            (Some(first), Some(byte)) => first.contains(*byte),
            (Some(_), None) => false,
            (None, _) => true,
        };
        if !begins {
            continue;
        }
        found = machine.run(at);
        if found != Found::No {
            break;
        }
    }
    #[cfg(test)]
    {
        machine.stack.steps = most - machine.left;
    }
    let used = most - machine.left;
    if let Some(left) = &mut stack.allowance {
        *left = left.saturating_sub(used);
    }
    stack.records.clear();
    stack.records.shrink_to(RECORDS_KEPT);
    stack.failed.clear();
    stack.failed.shrink_to(FAILED_KEPT);
    found
}

struct Machine<'a> {
    program: &'a Program,
    text: &'a [u8],
    /// Where the search began.
    origin: usize,
    left: usize,
    stack: &'a mut Stack,
}

/// What a step asks for.
enum Then {
    /// The next step, at that place.
    Next(usize),
    /// That step, at that place.
    Go(u32, usize),
    Fail,
    Matched,
}

impl Machine<'_> {
    fn run(&mut self, start: usize) -> Found {
        let Program { slots, frames, .. } = *self.program;
        self.pay((slots + frames) / RUN_BYTES_PER_STEP);
        self.stack.records.clear();
        self.stack.slots.clear();
        self.stack.slots.resize(slots, UNSET);
        self.stack.frames.clear();
        self.stack.frames.resize(frames, (0, 0));
        let mut step = 0_u32;
        let mut at = start;
        loop {
            if !self.pay(1) || self.stack.records.len() > RECORDS_MAX {
                return Found::GaveUp;
            }
            match self.step(step, at) {
                Then::Next(place) => {
                    step += 1;
                    at = place;
                }
                Then::Go(to, place) => {
                    step = to;
                    at = place;
                }
                Then::Fail => match self.back() {
                    Some((to, place)) => {
                        step = to;
                        at = place;
                    }
                    None => return Found::No,
                },
                Then::Matched => {
                    self.set(0, start);
                    self.set(1, at);
                    return Found::Yes;
                }
            }
        }
    }

    fn pay(&mut self, steps: usize) -> bool {
        let left = self.left.checked_sub(steps);
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    fn step(&mut self, number: u32, at: usize) -> Then {
        let program = self.program;
        let Some(step) = program.steps.get(place(number)) else {
            return Then::Fail;
        };
        let recall = self.recall(number, at);
        if recall == Recall::Fails {
            return Then::Fail;
        }
        match *step {
            Step::Set(set) => match self.text.get(at) {
                Some(byte) if set.contains(*byte) => Then::Next(at + 1),
                _ => Then::Fail,
            },
            Step::Run {
                set,
                least,
                most,
                greed,
            } => {
                let most = self.watch_run(number, at, recall, (least, most));
                self.enter_run(number, at, set, (least, most, greed))
            }
            Step::Place(place) if self.is_at(place, at) => Then::Next(at),
            Step::Place(_) => Then::Fail,
            Step::Split(first, second) => {
                self.split(number, second, at, recall);
                Then::Go(first, at)
            }
            Step::Jump(to) => Then::Go(to, at),
            Step::Keep(slot) => {
                self.set(slot, at);
                Then::Next(at)
            }
            Step::Close { group, start } => {
                let from = self.get(start).unwrap_or(at);
                self.set(group * 2, from);
                self.set(group * 2 + 1, at);
                Then::Next(at)
            }
            Step::IfStill { slot, to } if self.get(slot) == Some(at) => Then::Go(to, at),
            Step::IfStill { .. } => Then::Next(at),
            Step::Back(group, caseless) => self.again(group, caseless, at),
            Step::GoBack(bytes) => match at.checked_sub(place(bytes)) {
                Some(before) => Then::Next(before),
                None => Then::Fail,
            },
            Step::Begin(frame) => {
                self.begin(frame, at);
                Then::Next(at)
            }
            Step::BeginDenied { frame, to } => {
                self.begin(frame, at);
                self.choice(to, at);
                Then::Next(at)
            }
            Step::Commit(frame, rewind) => self.commit(frame, at, rewind),
            Step::Deny(frame) => {
                self.unwind(frame);
                Then::Fail
            }
            Step::Match => Then::Matched,
        }
    }

    fn is_at(&self, wanted: Place, at: usize) -> bool {
        let before = at
            .checked_sub(1)
            .and_then(|before| self.text.get(before))
            .copied();
        let behind = self.text.get(at).copied();
        let is_edge = || before.is_some_and(is_word) != behind.is_some_and(is_word);
        match wanted {
            Place::TextStart => at == 0,
            Place::TextEnd => behind.is_none(),
            Place::LastLineEnd => match behind {
                None => true,
                Some(byte) => byte == b'\n' && at + 1 == self.text.len(),
            },
            Place::LineStart => at == 0 || (before == Some(b'\n') && behind.is_some()),
            Place::LineEnd => behind.is_none_or(|byte| byte == b'\n'),
            Place::WordEdge => is_edge(),
            Place::NotWordEdge => !is_edge(),
            Place::SearchStart => at == self.origin,
        }
    }

    fn enter_run(
        &mut self,
        number: u32,
        at: usize,
        set: ByteSet,
        (least, most, greed): (u32, u32, Greed),
    ) -> Then {
        let wanted = if greed == Greed::Lazy { least } else { most };
        let rest = self.text.get(at..).unwrap_or_default();
        let taken = rest
            .iter()
            .take(place(wanted))
            .take_while(|byte| set.contains(**byte))
            .count();
        // What cannot be paid ends the search at the next step.
        self.pay(taken / RUN_BYTES_PER_STEP);
        if taken < place(least) {
            return Then::Fail;
        }
        let end = at + taken;
        match greed {
            Greed::Greedy if taken > place(least) => self.stack.records.push(Record::Shorter {
                step: number + 1,
                low: narrow(at + place(least)),
                high: narrow(end),
            }),
            Greed::Lazy if most > least => self.stack.records.push(Record::Longer {
                step: number,
                at: narrow(end),
                left: most - least,
            }),
            Greed::Greedy | Greed::Lazy | Greed::Possessive => {}
        }
        Then::Next(end)
    }

    fn again(&mut self, group: u32, caseless: bool, at: usize) -> Then {
        let (Some(start), Some(end)) = (self.get(group * 2), self.get(group * 2 + 1)) else {
            return Then::Fail;
        };
        let wanted = self.text.get(start..end).unwrap_or_default();
        let there = self.text.get(at..at + wanted.len());
        let equal = there.is_some_and(|there| {
            there == wanted || (caseless && there.eq_ignore_ascii_case(wanted))
        });
        let bytes = wanted.len();
        self.pay(bytes / RUN_BYTES_PER_STEP);
        if equal {
            Then::Next(at + bytes)
        } else {
            Then::Fail
        }
    }

    /// Keeps the second way of a split.
    fn split(&mut self, number: u32, second: u32, at: usize, recall: Recall) {
        if recall == Recall::Nothing {
            self.choice(second, at);
        } else {
            let at = narrow(at);
            let record = Record::Second { split: number, at };
            self.stack.records.push(record);
        }
    }

    fn choice(&mut self, step: u32, at: usize) {
        self.stack.records.push(Record::Choice {
            step,
            at: narrow(at),
        });
    }

    fn get(&self, slot: u32) -> Option<usize> {
        let place_of = self.stack.slots.get(place(slot)).copied();
        place_of.filter(|at| *at != UNSET).map(place)
    }

    fn set(&mut self, slot: u32, at: usize) {
        if let Some(there) = self.stack.slots.get_mut(place(slot)) {
            let old = std::mem::replace(there, narrow(at));
            self.stack.records.push(Record::Restore { slot, old });
        }
    }

    fn restore(&mut self, slot: u32, old: u32) {
        if let Some(there) = self.stack.slots.get_mut(place(slot)) {
            *there = old;
        }
    }

    /// Back to the last choice: the step to go on with, and where.
    fn back(&mut self) -> Option<(u32, usize)> {
        loop {
            let record = self.stack.records.pop()?;
            match record {
                Record::Choice { step, at } => return Some((step, place(at))),
                Record::Second { split, at } => {
                    let steps = &self.program.steps;
                    if let Some(Step::Split(_, second)) = steps.get(place(split)) {
                        self.watch(split, place(at));
                        return Some((*second, place(at)));
                    }
                }
                Record::Trying { step, at } => self.failed(step, place(at)),
                Record::Restore { slot, old } => self.restore(slot, old),
                Record::Shorter { step, low, high } => {
                    let high = high.saturating_sub(1);
                    if high > low {
                        self.stack.records.push(Record::Shorter { step, low, high });
                    }
                    return Some((step, place(high)));
                }
                Record::Longer { step, at, left } => {
                    let steps = &self.program.steps;
                    let byte = self.text.get(place(at));
                    let (Some(Step::Run { set, .. }), Some(byte)) = (steps.get(place(step)), byte)
                    else {
                        continue;
                    };
                    if !set.contains(*byte) {
                        continue;
                    }
                    // `u32::MAX` bytes are more than any text has.
                    let (at, left) = (at + 1, left - 1);
                    if left > 0 {
                        self.stack.records.push(Record::Longer { step, at, left });
                    }
                    return Some((step + 1, place(at)));
                }
            }
        }
    }

    fn begin(&mut self, frame: u32, at: usize) {
        let height = self.stack.records.len();
        if let Some(there) = self.stack.frames.get_mut(place(frame)) {
            *there = (height, narrow(at));
        }
    }

    fn frame(&self, frame: u32) -> (usize, u32) {
        self.stack
            .frames
            .get(place(frame))
            .copied()
            .unwrap_or_default()
    }

    /// Only what restores slots stays of the frame.
    fn commit(&mut self, frame: u32, at: usize, rewind: bool) -> Then {
        let (height, start) = self.frame(frame);
        let mut kept = height;
        let records = &mut self.stack.records;
        let above = records.len().saturating_sub(height);
        for from in height..records.len() {
            if let Some(record @ Record::Restore { .. }) = records.get(from).copied() {
                if let Some(there) = records.get_mut(kept) {
                    *there = record;
                }
                kept += 1;
            }
        }
        records.truncate(kept);
        self.pay(above / RUN_BYTES_PER_STEP);
        Then::Next(if rewind { place(start) } else { at })
    }

    fn unwind(&mut self, frame: u32) {
        let (height, _) = self.frame(frame);
        while self.stack.records.len() > height {
            if let Some(Record::Restore { slot, old }) = self.stack.records.pop() {
                self.restore(slot, old);
            }
        }
    }
}

/// Places fit in 32 bits: longer texts are not searched.
fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(UNSET)
}

fn place(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}
