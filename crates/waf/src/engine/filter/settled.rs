//! Values about which it is settled beforehand what can match them: typed forms, and words that are known.
//!
//! A number, a UUID, `true`, or a word that the contract of the service lists: most rules cannot match any of these, and those
//! that may are found when the rules are loaded. Such a value is then shown to them only. What a value is, is read from the value
//! itself, never from its name, nor from what somebody says of it.

use std::collections::HashMap;

use super::{Condition, Operator, Program, Slot, set_bit};
use crate::engine::operate;
use crate::form::Form;
use crate::pattern::Memory;
use crate::transform::{ByteSet, Transformation};

/// Words whose slots are kept; of more, the first count.
const WORDS_MAX: usize = 1024;
/// A longer word is inspected like any other value.
const WORD_BYTES_MAX: usize = 128;
/// Words that every service has.
const COMMON: [&[u8]; 4] = [b"", b"true", b"false", b"null"];

/// Per form and per word, the slots that may match it.
#[derive(Debug, Default)]
pub(super) struct Settled {
    forms: [Vec<u64>; Form::ALL.len()],
    words: HashMap<Box<[u8]>, Vec<u64>>,
    longest: usize,
}

impl Settled {
    pub(super) fn of(program: &Program, slots: &[Slot]) -> Self {
        let mut settled = Self {
            forms: Form::ALL.map(|form| {
                slots_where(program, slots, |condition| {
                    may_match_form(program, condition, form)
                })
            }),
            ..Self::default()
        };
        for word in COMMON {
            settled.add(program, slots, word);
        }
        settled
    }

    /// Finds out which slots match a word.
    pub(super) fn add(&mut self, program: &Program, slots: &[Slot], word: &[u8]) {
        if self.words.len() >= WORDS_MAX || word.len() > WORD_BYTES_MAX {
            return;
        }
        if self.words.contains_key(word) {
            return;
        }
        let mut memory = Memory::default();
        let own = slots_where(program, slots, |condition| {
            matches_word(program, condition, word, &mut memory)
        });
        self.longest = self.longest.max(word.len());
        self.words.insert(word.into(), own);
    }

    /// The slots that may match `value`; `None`: nothing is settled about it.
    pub(super) fn slots(&self, value: &[u8]) -> Option<&[u64]> {
        if value.len() <= self.longest
            && let Some(own) = self.words.get(value)
        {
            return Some(own);
        }
        self.forms.get(Form::of(value)?.index()).map(Vec::as_slice)
    }
}

fn slots_where(
    program: &Program,
    slots: &[Slot],
    mut may: impl FnMut(&Condition) -> bool,
) -> Vec<u64> {
    let mut own = vec![0; slots.len().div_ceil(64).max(1)];
    for (index, slot) in slots.iter().enumerate() {
        if condition_of(program, slot).is_none_or(&mut may) {
            set_bit(&mut own, index);
        }
    }
    own
}

fn condition_of<'p>(program: &'p Program, slot: &Slot) -> Option<&'p Condition> {
    let rule = program.rules.get(slot.rule as usize)?;
    rule.links.first()?.condition.as_ref()
}

fn steps<'p>(program: &'p Program, condition: &Condition) -> &'p [Transformation] {
    let chain = program.chains.get(usize::from(condition.chain));
    chain.map_or(&[], |chain| &chain.steps)
}

/// Whether a rule may match some value of the form.
fn may_match_form(program: &Program, condition: &Condition, form: Form) -> bool {
    let map = &program.settings.unicode;
    let alphabet = form.alphabet();
    // A form has its letters in both cases, so a change of case leaves a value in it.
    let inert = steps(program, condition).iter().all(|step| {
        matches!(step, Transformation::Lowercase | Transformation::Uppercase)
            || step
                .triggers(map)
                .is_some_and(|triggers| !triggers.intersects(alphabet))
    });
    !inert || may_match(&condition.operator, form, alphabet)
}

fn may_match(operator: &Operator, form: Form, alphabet: ByteSet) -> bool {
    match operator {
        Operator::Rx(pattern) => pattern.may_match(form),
        Operator::Words(words) => words.words.iter().any(|word| form.contains(word)),
        Operator::Text(_, template) => template
            .constant()
            .is_none_or(|constant| form.contains(constant)),
        // A number with its sign is one token or two, and no fingerprint is made of these.
        Operator::DetectSqli => form == Form::Uuid,
        // No form has a byte that begins a tag or an attribute.
        Operator::DetectXss => alphabet.intersects(ByteSet::of(b"<=")),
        Operator::ByteRange(ranges) => alphabet.intersects(crate::operator::bytes_refused(ranges)),
        Operator::UrlEncoding => alphabet.contains(b'%'),
        Operator::Utf8Encoding | Operator::Never => false,
        Operator::RxMade(_)
        | Operator::RxGlobal(_)
        | Operator::Number(..)
        | Operator::NumberConstant(..)
        | Operator::IpMatch(_)
        | Operator::VerifyCc(_)
        | Operator::VerifyCpf(_)
        | Operator::VerifySsn(_)
        | Operator::GeoLookup
        | Operator::Always => true,
    }
}

/// Whether a rule matches the word, or what its transformations make of it.
fn matches_word(
    program: &Program,
    condition: &Condition,
    word: &[u8],
    memory: &mut Memory,
) -> bool {
    let map = &program.settings.unicode;
    let mut value = word.to_vec();
    let mut next = Vec::new();
    let mut any = condition.multi_match && operate::may_match(&condition.operator, &value, memory);
    for step in steps(program, condition) {
        if step.apply(&value, map, &mut next) {
            std::mem::swap(&mut value, &mut next);
            any |= condition.multi_match && operate::may_match(&condition.operator, &value, memory);
        }
    }
    any || operate::may_match(&condition.operator, &value, memory)
}
