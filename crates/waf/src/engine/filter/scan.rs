//! Running the filter over the values of a transaction.

use super::DFA;
use super::{ByteSet, ChainId, Filter, KindPlan, Program, RowId, Span, Table, Tx, bit};
use aho_corasick::Anchored;
use aho_corasick::automaton::Automaton as _;

/// A value that a rule should look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) row: RowId,
    /// Of the row when it was looked at.
    pub(crate) version: u8,
    /// The value after the rule's transformations: in [`Findings::arena`], or the row's own when `None`.
    pub(crate) changed: Option<Span>,
}

/// What the filter found in one transaction so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    arena: Vec<u8>,
    /// Per slot, values in the order of their rows.
    lists: Vec<Vec<Candidate>>,
    /// Slots that have a list to clear.
    touched: Vec<u16>,
    /// Per row, one more than the version that was looked at; 0: not looked at.
    seen: Vec<u8>,
    /// Slots that were open whenever values were looked at. Of any other slot the list says nothing.
    complete: Vec<u64>,
    /// Slots with a list that is not empty.
    present: Vec<u64>,
    work: Work,
}

/// Results of one value's transformations, kept to save allocations.
#[derive(Debug, Default)]
struct Work {
    /// Per list of transformations: its result.
    results: Vec<Outcome>,
    groups: Vec<Group>,
    /// Sets of slots, `words` long each, one per group: hits of the automaton, and slots concerned.
    sets: Vec<u64>,
    buffer: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Outcome {
    changed: Option<Span>,
    group: u16,
}

/// Results that are equal but for case: searched once.
#[derive(Clone, Copy, Debug)]
struct Group {
    changed: Option<Span>,
    bytes: ByteSet,
}

impl Findings {
    pub(crate) fn reset(&mut self, filter: &Filter) {
        self.arena.clear();
        for slot in self.touched.drain(..) {
            if let Some(list) = self.lists.get_mut(usize::from(slot)) {
                list.clear();
            }
        }
        self.lists.resize_with(filter.slots.len(), Vec::new);
        self.seen.clear();
        self.complete.clear();
        self.complete.resize(filter.words, u64::MAX);
        self.present.clear();
        self.present.resize(filter.words, 0);
    }

    /// Bytes that it keeps for the next transaction.
    pub(crate) fn capacity(&self) -> usize {
        self.arena.capacity()
            + self.seen.capacity()
            + self.lists.capacity() * size_of::<Vec<Candidate>>()
            + self
                .lists
                .iter()
                .map(|list| list.capacity() * size_of::<Candidate>())
                .sum::<usize>()
    }

    /// Whether every value was looked at and none is for the slot.
    pub(crate) fn has_none(&self, slot: u16) -> bool {
        let index = usize::from(slot);
        bit(&self.complete, index) && !bit(&self.present, index)
    }

    /// The values that the slot should look at, or `None` when it must look at all.
    pub(crate) fn of_slot(&self, slot: u16) -> Option<&[Candidate]> {
        let index = usize::from(slot);
        if !bit(&self.complete, index) {
            return None;
        }
        self.lists.get(index).map(Vec::as_slice)
    }

    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        span.of(&self.arena)
    }

    /// Looks at every row that is new or changed since the last time.
    pub(crate) fn look(&mut self, program: &Program, filter: &Filter, table: &Table, tx: &Tx) {
        let rows = table.rows();
        self.seen.resize(rows.len(), 0);
        let mut open: Option<Vec<u64>> = None;
        for (index, row) in rows.iter().enumerate() {
            let mark = row.version.saturating_add(1);
            match self.seen.get_mut(index) {
                Some(seen) if *seen != mark || row.version == u8::MAX => *seen = mark,
                _ => continue,
            }
            let Some(plan) = filter.kinds.get(row.kind.index()) else {
                continue;
            };
            if plan.wants.iter().all(|word| *word == 0) {
                continue;
            }
            let open = open.get_or_insert_with(|| filter.open(tx));
            let id = RowId::try_from(index).unwrap_or(RowId::MAX);
            self.look_at(
                program,
                filter,
                plan,
                (id, row.version, table.bytes(row.value)),
                open,
            );
        }
        if let Some(open) = open {
            for (word, open) in self.complete.iter_mut().zip(&open) {
                *word &= open;
            }
        }
    }

    fn look_at(
        &mut self,
        program: &Program,
        filter: &Filter,
        plan: &KindPlan,
        (row, version, value): (RowId, u8, &[u8]),
        open: &[u64],
    ) {
        let words = filter.words;
        let settled = filter.settled.slots(value);
        if let Some(may) = settled
            && plan
                .wants
                .iter()
                .zip(may)
                .all(|(wants, may)| wants & may == 0)
        {
            return;
        }
        let bytes = ByteSet::of_value(value);
        self.work.groups.clear();
        self.work.sets.clear();
        self.work.groups.push(Group {
            changed: None,
            bytes,
        });
        self.work.sets.resize(2 * words, 0);
        let shared = plan
            .triggers
            .is_some_and(|triggers| !triggers.intersects(bytes));
        if shared {
            if let Some(concerned) = self.work.sets.get_mut(words..2 * words) {
                concerned.copy_from_slice(&plan.wants);
            }
        } else {
            self.transform(program, plan, value, words);
        }
        if let Some(may) = settled {
            for sets in self.work.sets.chunks_exact_mut(2 * words) {
                for (concerned, may) in sets.iter_mut().skip(words).zip(may) {
                    *concerned &= may;
                }
            }
        }
        for index in 0..self.work.groups.len() {
            self.judge(filter, (row, version, value), (index, shared), open);
        }
    }

    /// Applies every list of transformations that rules on this kind of value use, and groups equal results.
    fn transform(&mut self, program: &Program, plan: &KindPlan, value: &[u8], words: usize) {
        let Self { arena, work, .. } = self;
        work.results
            .resize(program.chains.len(), Outcome::default());
        for (chain, mask) in &plan.chains {
            let outcome = work.outcome(program, *chain, value, arena, words);
            if let Some(slot) = work.results.get_mut(usize::from(*chain)) {
                *slot = outcome;
            }
            let start = (usize::from(outcome.group) * 2 + 1) * words;
            if let Some(concerned) = work.sets.get_mut(start..start + words) {
                for (word, own) in concerned.iter_mut().zip(mask) {
                    *word |= own;
                }
            }
        }
    }

    /// Searches one group's bytes and notes the slots that should look.
    fn judge(
        &mut self,
        filter: &Filter,
        (row, version, value): (RowId, u8, &[u8]),
        (index, shared): (usize, bool),
        open: &[u64],
    ) {
        let words = filter.words;
        let Self {
            arena,
            lists,
            touched,
            present,
            work,
            ..
        } = self;
        let Some(group) = work.groups.get(index).copied() else {
            return;
        };
        let Some(sets) = work
            .sets
            .get_mut(index * 2 * words..(index + 1) * 2 * words)
        else {
            return;
        };
        let (hits, concerned) = sets.split_at_mut(words);
        let text = group.changed.map_or(value, |span| span.of(arena));
        if let Some(automaton) = &filter.automaton {
            search(filter, automaton, text, hits);
        }
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        for (position, (hit, concerned)) in hits.iter().zip(concerned.iter()).enumerate() {
            let always = filter.always.get(position).copied().unwrap_or(u64::MAX);
            let open = open.get(position).copied().unwrap_or(u64::MAX);
            let mut left = (hit | always) & concerned & open;
            while left != 0 {
                let number = position * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                let Some(slot) = filter.slots.get(number) else {
                    continue;
                };
                let possible = length >= slot.minimum
                    && slot
                        .classes
                        .iter()
                        .all(|class| class.intersects(group.bytes));
                if !possible {
                    continue;
                }
                let changed = if shared || slot.multi_match {
                    None
                } else {
                    work.results
                        .get(usize::from(slot.chain))
                        .and_then(|outcome| outcome.changed)
                };
                let Some(list) = lists.get_mut(number) else {
                    continue;
                };
                // Several results of one value may hit a rule that looks at all of them itself.
                if slot.multi_match
                    && list
                        .last()
                        .is_some_and(|last| last.row == row && last.version == version)
                {
                    continue;
                }
                if list.is_empty() {
                    super::set_bit(present, number);
                    touched.push(u16::try_from(number).unwrap_or(u16::MAX));
                }
                list.push(Candidate {
                    row,
                    version,
                    changed,
                });
            }
        }
    }
}

impl Work {
    /// The result of one list for `value`; the results of its beginnings are known.
    fn outcome(
        &mut self,
        program: &Program,
        id: ChainId,
        value: &[u8],
        arena: &mut Vec<u8>,
        words: usize,
    ) -> Outcome {
        let Some(chain) = program.chains.get(usize::from(id)) else {
            return Outcome::default();
        };
        let Some(step) = chain.steps.last().copied() else {
            return Outcome::default();
        };
        let parent = self
            .results
            .get(usize::from(chain.parent))
            .copied()
            .unwrap_or_default();
        let before = parent.changed.map_or(value, |span| span.of(arena));
        let bytes = self
            .groups
            .get(usize::from(parent.group))
            .map_or(ByteSet::all(), |group| group.bytes);
        let map = &program.settings.unicode;
        let untouched = step
            .triggers(map)
            .is_some_and(|triggers| !triggers.intersects(bytes));
        if untouched || !step.apply(before, map, &mut self.buffer) {
            return parent;
        }
        let same = self.groups.iter().position(|group| {
            group
                .changed
                .map_or(value, |span| span.of(arena))
                .eq_ignore_ascii_case(&self.buffer)
        });
        let start = u32::try_from(arena.len()).unwrap_or(u32::MAX);
        arena.extend_from_slice(&self.buffer);
        let changed = Some(Span {
            start,
            length: u32::try_from(self.buffer.len()).unwrap_or(u32::MAX),
        });
        let bytes = ByteSet::of_value(&self.buffer);
        let group = if let Some(position) = same {
            // The group's bytes must cover this member too: classes are asked of the group.
            if let Some(group) = self.groups.get_mut(position) {
                group.bytes = group.bytes.union(bytes);
            }
            position
        } else {
            self.groups.push(Group { changed, bytes });
            self.sets.resize(self.groups.len() * 2 * words, 0);
            self.groups.len() - 1
        };
        Outcome {
            changed,
            group: u16::try_from(group).unwrap_or(u16::MAX),
        }
    }
}

fn search(filter: &Filter, automaton: &DFA, text: &[u8], hits: &mut [u64]) {
    let Ok(mut state) = automaton.start_state(Anchored::No) else {
        hits.fill(u64::MAX);
        return;
    };
    for byte in text {
        state = automaton.next_state(Anchored::No, state, *byte);
        if automaton.is_special(state) && automaton.is_match(state) {
            for index in 0..automaton.match_len(state) {
                let literal = automaton.match_pattern(state, index).as_usize();
                let from = filter.literal_starts.get(literal).copied().unwrap_or(0) as usize;
                let to = filter.literal_starts.get(literal + 1).copied().unwrap_or(0) as usize;
                for slot in filter.literal_slots.get(from..to).unwrap_or_default() {
                    super::set_bit(hits, usize::from(*slot));
                }
            }
        }
    }
}
