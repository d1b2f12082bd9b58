//! Building the filter: which rules take part, and what each requires of a value.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    After, ByteSet, ChainId, Condition, DFA, Filter, Gate, Kind, KindPlan, LITERAL_BYTES_MAX,
    MatchKind, Operator, Program, Rule, RuleId, SLOTS_MAX, Settled, Slot, Source, Step, TextTest,
    set_bit,
};
use crate::engine::program::Selector;

/// What every value that matches has.
struct Required {
    /// One of these, in lower case.
    literals: Option<Vec<Vec<u8>>>,
    classes: Vec<ByteSet>,
    minimum: usize,
}

impl Filter {
    /// Numbers the slots of the rules of `phases` and builds their filter.
    pub(crate) fn build(program: &mut Program, phases: &[usize]) -> Self {
        let mut slots: Vec<(RuleId, Slot, Required)> = Vec::new();
        for phase in phases {
            let steps = program.phases.get(*phase).cloned().unwrap_or_default();
            for step in steps {
                if let Step::Rule(id, _) = step {
                    enlist(program, id, &mut slots);
                }
            }
        }
        let words = slots.len().div_ceil(64).max(1);
        let mut filter = Self {
            words,
            slots: Vec::new(),
            kinds: Vec::new(),
            always: vec![0; words],
            automaton: None,
            literal_starts: Vec::new(),
            literal_slots: Vec::new(),
            gates: gates(program, phases, words),
            settled: Settled::default(),
        };
        filter.kinds = kinds(program, &slots, words);
        filter.literals(&slots);
        filter.slots = slots.into_iter().map(|(_, slot, _)| slot).collect();
        filter.settled = Settled::of(program, &filter.slots);
        filter
    }

    fn literals(&mut self, slots: &[(RuleId, Slot, Required)]) {
        let mut found: BTreeMap<Vec<u8>, BTreeSet<u16>> = BTreeMap::new();
        for (index, (_, _, required)) in slots.iter().enumerate() {
            let number = u16::try_from(index).unwrap_or(u16::MAX);
            match &required.literals {
                Some(literals) => {
                    for literal in literals {
                        let cut = literal.get(..LITERAL_BYTES_MAX).unwrap_or(literal);
                        found.entry(cut.to_vec()).or_default().insert(number);
                    }
                }
                None => set_bit(&mut self.always, index),
            }
        }
        for slots in found.values() {
            self.literal_starts
                .push(u32::try_from(self.literal_slots.len()).unwrap_or(u32::MAX));
            self.literal_slots.extend(slots);
        }
        self.literal_starts
            .push(u32::try_from(self.literal_slots.len()).unwrap_or(u32::MAX));
        self.automaton = DFA::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .start_kind(aho_corasick::StartKind::Unanchored)
            .build(found.keys())
            .ok();
        if self.automaton.is_none() {
            // Too many literals for the automaton's numbers: every rule is asked for every value, which is slow and right.
            self.always = vec![u64::MAX; self.words];
        }
    }
}

fn enlist(program: &mut Program, id: RuleId, slots: &mut Vec<(RuleId, Slot, Required)>) {
    let Some(condition) = program
        .rules
        .get_mut(id as usize)
        .and_then(|rule| rule.links.first_mut())
        .and_then(|link| link.condition.as_mut())
    else {
        return;
    };
    if slots.len() >= SLOTS_MAX || !suits(condition) {
        return;
    }
    let Some(required) = required(&condition.operator) else {
        return;
    };
    condition.slot = u16::try_from(slots.len()).ok();
    let slot = Slot {
        rule: id,
        minimum: u32::try_from(required.minimum).unwrap_or(u32::MAX),
        classes: required.classes.clone(),
        chain: condition.chain,
        multi_match: condition.multi_match,
    };
    slots.push((id, slot, required));
}

/// Whether the filter may decide which values the rule sees: all its targets are rows, and not only rows that a name picks out.
fn suits(condition: &Condition) -> bool {
    let rows = condition
        .targets
        .iter()
        .all(|target| !target.counted && matches!(target.source, Source::Rows(_)));
    let named = condition
        .targets
        .iter()
        .all(|target| matches!(target.selector, Some(Selector::Name(_))));
    rows && !named && !condition.negated
}

/// `None` for operators that the filter cannot help.
fn required(operator: &Operator) -> Option<Required> {
    let none = Required {
        literals: None,
        classes: Vec::new(),
        minimum: 0,
    };
    Some(match operator {
        Operator::Rx(pattern) => {
            let own = pattern.required();
            Required {
                literals: own.literals.clone(),
                classes: own.classes.clone(),
                minimum: pattern.minimum_length(),
            }
        }
        Operator::Words(automaton) => return words(automaton),
        Operator::Text(test, template) => return text(*test, template.constant()?),
        // A word or a number alone is never an injection.
        Operator::DetectSqli => Required {
            classes: vec![word_bytes().complement()],
            ..none
        },
        // Without one of these there is neither a tag nor an attribute.
        Operator::DetectXss => Required {
            classes: vec![ByteSet::of(b"<=")],
            ..none
        },
        Operator::ByteRange(ranges) => Required {
            classes: vec![crate::operator::bytes_refused(ranges)],
            ..none
        },
        Operator::UrlEncoding => Required {
            classes: vec![ByteSet::of(b"%")],
            ..none
        },
        Operator::Utf8Encoding => {
            let mut high = ByteSet::empty();
            for byte in 128..=255 {
                high.insert(byte);
            }
            Required {
                classes: vec![high],
                ..none
            }
        }
        Operator::RxMade(_)
        | Operator::RxGlobal(_)
        | Operator::Number(..)
        | Operator::NumberConstant(..)
        | Operator::IpMatch(_)
        | Operator::VerifyCc(_)
        | Operator::VerifyCpf(_)
        | Operator::VerifySsn(_)
        | Operator::GeoLookup
        | Operator::Always
        | Operator::Never => return None,
    })
}

fn words(automaton: &super::super::program::Words) -> Option<Required> {
    let literals: Vec<Vec<u8>> = automaton
        .words
        .iter()
        .map(|word| word.to_ascii_lowercase())
        .collect();
    let shortest = literals.iter().map(Vec::len).min()?;
    if shortest == 0 {
        return None;
    }
    Some(Required {
        literals: Some(literals),
        classes: Vec::new(),
        minimum: shortest,
    })
}

fn text(test: TextTest, constant: &[u8]) -> Option<Required> {
    let contained = match test {
        TextTest::BeginsWith
        | TextTest::Contains
        | TextTest::ContainsWord
        | TextTest::EndsWith
        | TextTest::Equals
        | TextTest::Strmatch => true,
        TextTest::Within => false,
    };
    (contained && !constant.is_empty()).then(|| Required {
        literals: Some(vec![constant.to_ascii_lowercase()]),
        classes: Vec::new(),
        minimum: constant.len(),
    })
}

fn kinds(program: &Program, slots: &[(RuleId, Slot, Required)], words: usize) -> Vec<KindPlan> {
    let mut plans: Vec<KindPlan> = (0..Kind::COUNT)
        .map(|_| KindPlan {
            wants: vec![0; words],
            ..KindPlan::default()
        })
        .collect();
    for (index, (rule, slot, _)) in slots.iter().enumerate() {
        for kind in kinds_of(program, *rule) {
            let Some(plan) = plans.get_mut(kind.index()) else {
                continue;
            };
            set_bit(&mut plan.wants, index);
            with_parents(program, slot.chain, |chain| {
                if !plan.chains.iter().any(|(own, _)| *own == chain) {
                    plan.chains.push((chain, vec![0; words]));
                }
            });
            for (own, mask) in &mut plan.chains {
                let begins = slot.multi_match && begins_with(program, slot.chain, *own);
                if *own == slot.chain || begins {
                    set_bit(mask, index);
                }
            }
        }
    }
    for plan in &mut plans {
        // A list has a higher number than its beginnings.
        plan.chains.sort_unstable_by_key(|(chain, _)| *chain);
        plan.triggers = plan
            .chains
            .iter()
            .try_fold(ByteSet::empty(), |all, (chain, _)| {
                let own = program.chains.get(usize::from(*chain))?.triggers?;
                Some(all.union(own))
            });
    }
    plans
}

/// Whether `beginning` is a beginning of `chain`, the empty one included.
fn begins_with(program: &Program, chain: ChainId, beginning: ChainId) -> bool {
    let mut found = false;
    with_parents(program, chain, |own| found |= own == beginning);
    found
}

fn word_bytes() -> ByteSet {
    let mut set = ByteSet::of(b"_");
    for byte in (b'0'..=b'9').chain(b'a'..=b'z').chain(b'A'..=b'Z') {
        set.insert(byte);
    }
    set
}

fn with_parents(program: &Program, chain: ChainId, mut visit: impl FnMut(ChainId)) {
    let mut next = chain;
    while next != 0 {
        visit(next);
        next = program
            .chains
            .get(usize::from(next))
            .map_or(0, |chain| chain.parent);
    }
    visit(0);
}

fn kinds_of(program: &Program, rule: RuleId) -> Vec<Kind> {
    let mut all: Vec<Kind> = program
        .rules
        .get(rule as usize)
        .and_then(|rule| rule.links.first())
        .and_then(|link| link.condition.as_ref())
        .map(|condition| {
            condition
                .targets
                .iter()
                .flat_map(|target| match &target.source {
                    Source::Rows(kinds) => kinds.clone(),
                    Source::TxSlot(_)
                    | Source::Tx
                    | Source::TxPattern(_)
                    | Source::Stored
                    | Source::Made => Vec::new(),
                })
                .collect()
        })
        .unwrap_or_default();
    all.sort_unstable();
    all.dedup();
    all
}

/// Rules of the form `SecRule TX:level "@lt 2" "…,skipAfter:END"` with the slots between them and their marker.
fn gates(program: &Program, phases: &[usize], words: usize) -> Vec<Gate> {
    let mut gates = Vec::new();
    for phase in phases {
        let steps = program
            .phases
            .get(*phase)
            .map_or([].as_slice(), Vec::as_slice);
        for (position, step) in steps.iter().enumerate() {
            let Step::Rule(id, _) = step else { continue };
            let Some((mut gate, marker)) = program
                .rules
                .get(*id as usize)
                .and_then(|rule| gate_of(rule, words))
            else {
                continue;
            };
            let guarded = steps
                .iter()
                .skip(position + 1)
                .take_while(|step| !matches!(step, Step::Marker(own) if *own == marker));
            let slots = guarded.filter_map(|step| match step {
                Step::Rule(id, _) => slot_of(program, *id),
                Step::Marker(_) => None,
            });
            for slot in slots {
                set_bit(&mut gate.slots, usize::from(slot));
            }
            gates.push(gate);
        }
    }
    gates
}

fn slot_of(program: &Program, id: RuleId) -> Option<u16> {
    program
        .rules
        .get(id as usize)?
        .links
        .first()?
        .condition
        .as_ref()?
        .slot
}

fn gate_of(rule: &Rule, words: usize) -> Option<(Gate, u32)> {
    let [link] = rule.links.as_slice() else {
        return None;
    };
    let condition = link.condition.as_ref()?;
    let [target] = condition.targets.as_slice() else {
        return None;
    };
    let Source::TxSlot(name) = target.source else {
        return None;
    };
    let Operator::NumberConstant(test, constant) = condition.operator else {
        return None;
    };
    if target.counted || condition.chain != 0 || condition.multi_match {
        return None;
    }
    let marker = link.after.iter().find_map(|after| {
        if let After::SkipAfter(marker) = after {
            Some(*marker)
        } else {
            None
        }
    })?;
    let gate = Gate {
        name,
        test,
        constant,
        negated: condition.negated,
        slots: vec![0; words],
    };
    Some((gate, marker))
}
