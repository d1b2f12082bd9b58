//! One pattern on some values, beside PCRE2; without PCRE2, on its own.

use std::cell::RefCell;

use vauban_testkit::PartError;
use vauban_testkit::pcre2::{Answer, Manner, Pcre2};
use vauban_waf::pattern::{Groups, Memory, Pattern};
use vauban_waf::transform::ByteSet;

/// What is refused though PCRE2 takes it: what this crate does not have, and its own bounds.
const REFUSED_HERE: &[&str] = &[
    "recursion into a group",
    "conditional group",
    "a verb `(*…)`",
    "callout",
    "Unicode property or `\\X`",
    "a character above 0xff",
    "branch reset",
    "non-atomic look-around",
    "`\\K`",
    "groups nested too deep",
    "a pattern that grows too large",
    "a pattern of more than",
    "look-behind of no fixed length",
];

thread_local! {
    static ORACLE: RefCell<Option<Pcre2>> = RefCell::new(match Pcre2::start(Manner::Plainly) {
        Ok(oracle) => Some(oracle),
        Err(error @ PartError::Missing(_)) => {
            println!("{error}");
            None
        }
        Err(error) => panic!("{error}"),
    });
}

/// Every value from the place `from` on.
pub(crate) fn check<V: AsRef<[u8]>>(source: &[u8], from: usize, values: &[V]) {
    let theirs = ORACLE.with_borrow_mut(|oracle| {
        oracle
            .as_mut()
            .map(|oracle| oracle.ask_from(source, from, values).expect("it runs"))
    });
    let shown = source.escape_ascii();
    let pattern = match Pattern::compile(source) {
        Ok(pattern) => pattern,
        Err(error) => {
            let text = error.to_string();
            let takes = theirs.is_some_and(|all| !all.contains(&Answer::Refused));
            let known = REFUSED_HERE.iter().any(|known| text.contains(known));
            assert!(!takes || known, "/{shown}/: {text}; PCRE2 takes it");
            return;
        }
    };
    let mut memory = Memory::default();
    for (number, value) in values.iter().enumerate() {
        let ours = answer(&pattern, value.as_ref(), from, &mut memory);
        let theirs = theirs.as_ref().and_then(|all| all.get(number));
        match theirs {
            None | Some(Answer::Limit) => {}
            Some(Answer::Refused) => assert!(is_lenient(source), "/{shown}/: PCRE2 refuses it"),
            Some(_) if ours == Answer::Limit => {}
            Some(theirs) => assert_eq!(
                ours,
                *theirs,
                "/{shown}/ on \"{}\" from {from}",
                value.as_ref().escape_ascii()
            ),
        }
    }
}

/// Whether the pattern has a class: a range whose end is a class (`[\d-z]`) is read as PCRE1 did.
fn is_lenient(source: &[u8]) -> bool {
    source.contains(&b'[')
}

fn answer(pattern: &Pattern, value: &[u8], from: usize, memory: &mut Memory) -> Answer {
    let mut groups = Groups::default();
    let found = pattern.captures_at(value, from, memory, &mut groups);
    let mut limit = memory.take_exhausted();
    if from == 0 {
        let matched = pattern.is_match(value, memory);
        limit |= memory.take_exhausted();
        assert!(limit || matched == found, "the ways to search differ");
    }
    if limit {
        return Answer::Limit;
    }
    if !found {
        return Answer::No;
    }
    let range = groups.range(0).expect("a match has a place");
    promises(pattern, value.get(range).expect("inside of the value"));
    let place = |group| groups.range(group).map(|range| (range.start, range.end));
    Answer::Yes((0..10).map(place).collect())
}

/// What every match has, this one has.
fn promises(pattern: &Pattern, found: &[u8]) {
    assert!(found.len() >= pattern.minimum_length());
    let required = pattern.required();
    let there = ByteSet::of_value(found);
    assert!(required.classes.iter().all(|set| set.intersects(there)));
    let lower = found.to_ascii_lowercase();
    let has = |literal: &Vec<u8>| lower.windows(literal.len()).any(|part| part == literal);
    assert!(
        required
            .literals
            .as_ref()
            .is_none_or(|all| all.iter().any(has))
    );
}
