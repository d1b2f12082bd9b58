//! Patterns and values of the well-known shapes that make backtracking exponential or of a high degree: each ends within the
//! budget of steps, and where it has no answer it says so.

use std::time::Duration;

use super::{Exact, Groups, Memory, Pattern, processor_time};
use crate::pattern::backtrack::STEPS_MAX;

const LENGTH: usize = 5_000;

/// What is promised of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promise {
    /// No choice is ever taken back: the machine does not run.
    Regular,
    /// The machine runs, and always has an answer.
    Answers,
    /// The machine gives up on some value.
    GivesUp,
}

use Promise::{Answers, GivesUp, Regular};

/// Written from the shapes, not from anybody's list. Where the engine without choices could rule a value out, an assertion at
/// the end sees to it that it cannot.
const PATTERNS: &[(&str, Promise)] = &[
    // A repetition inside a repetition.
    (r"^(a+)+$", Regular),
    (r"^([a-z]+)*!$", Regular),
    (r"(x+x+)+y", Regular),
    (r"(\w+\s*)+:", Regular),
    (r"(([a-z])+.)+[A-Z]([a-z])+$", Regular),
    (r"((a+)+)+((a+)+)+c", Regular),
    (r"(?:a*)*b", Regular),
    (r"(a*)*(a*)*(a*)*b", Regular),
    // Alternatives that begin alike.
    (r"(a|aa)+$", Regular),
    (r"(a|a?)+$", Regular),
    (r"(a|a|a|a)*c", Regular),
    (r"(?:[a-z]|\w|.)+;", Regular),
    // Many repetitions beside each other: a polynomial of that degree.
    (r"(.*a){20}", Regular),
    (r"(.*?a){20}c", Regular),
    (r"(?:a?){40}a{40}c", Regular),
    (r"\s*\s*\s*\s*\s*\s*x", Regular),
    (r".*.*.*=.*;", Regular),
    (r"[^=]*=[^;]*;[^=]*=[^;]*;$x", Regular),
    (r"^\s+|\s+$", Regular),
    // The same before an assertion: the machine has to remember where it failed.
    (r"(a+)+(?=c)", Answers),
    (r"(a|aa)+(?=c)", Answers),
    (r"(\w+\s*)+(?=:)", Answers),
    (r"(([a-z])+.)+(?=[A-Z])", Answers),
    (r"(.*a){20}(?=c)", Answers),
    (r"(.*?a){20}(?=c)", Answers),
    (r"(?:a?){40}a{40}(?=c)", Answers),
    (r"\s*\s*\s*\s*\s*(?=x)", Answers),
    (r"(.*)(.*)(.*)(.*)(?=c)", Answers),
    (r"(.*?)(.*?)(.*?)(?=c)", Answers),
    (r"\w+(?=:)", Answers),
    (r"\w+?(?=:)", Answers),
    (r"\w++(?=:)", Answers),
    (r"\w{3,}(?=:)", Answers),
    (r"(?<![a-z ])(a+)+(?!.?)", Answers),
    // Inside of an assertion or an atomic part.
    (r"(?=(?:a|b)*c)\w+", Answers),
    (r"(?=(a+)+c)", Answers),
    (r"(?=.*c)\w", Answers),
    (r"(?=.*?c)\w", Answers),
    (r"(?=(.*a){20}c)\w", Answers),
    (r"(?!(a|aa)+c)a(?=c)", Answers),
    (r"\w(?<=a)(?:(?!(?:a|aa)+c)a)+(?=c)", Answers),
    (r"(?:(?=(?:a|aa)*c)a)+", Answers),
    (r"(?>(?:a+|b)*c)", Regular),
    (r"(?:(?:a|ab)++c)", Answers),
    (r"^(?:(?!c).)*(?=c)x", Answers),
    // An atomic part or an assertion that ends well is gone through again from every place.
    (r"(?!(a|aa)+$)a(?=c)", GivesUp),
    (r"(?>(?:a|aa)+)(?=c)", GivesUp),
    (r"(?:a|b)++(?=c)", GivesUp),
    // References: nothing can be remembered where a failure depends on what a group matched.
    (r"(a+)+\1(?=c)", GivesUp),
    (r"(\w+)\s*\1\s*\1(?=!!)", GivesUp),
    (r"(.*)(.*)(.*)(.*)\1(?=c)", GivesUp),
    (r"(a*)(a*)(a*)\3\2\1(?=c)", GivesUp),
    (r"^(?=((?:a|aa)+)\1c)", GivesUp),
    // And where a repeated part may match nothing.
    (r"(?:a?b?)*(?=c)", GivesUp),
];

fn values() -> Vec<Vec<u8>> {
    let units = [
        "a", "x", "ab", "a ", "aA", "\n", "a\n", " ", "=;", "a=b; ", "0", "\\'",
    ];
    let repeated = |unit: &str| unit.bytes().cycle().take(LENGTH).collect::<Vec<u8>>();
    let plain: Vec<Vec<u8>> = units.map(repeated).into();
    let tails = [&b"!"[..], b"\n", b"b", b"\0"];
    let tailed = plain
        .iter()
        .flat_map(|value| tails.map(|tail| [value, tail].concat()));
    tailed.chain(plain.iter().cloned()).collect()
}

/// What the values cost one pattern.
#[derive(Default)]
struct Cost {
    steps: usize,
    /// Nanoseconds of the slowest.
    taken: u64,
    given_up: usize,
}

fn cost(pattern: &Pattern, values: &[Vec<u8>], memory: &mut Memory) -> Cost {
    let mut cost = Cost::default();
    let mut groups = Groups::default();
    for value in values {
        memory.stack.steps = 0;
        let began = processor_time();
        let found = pattern.captures(value, memory, &mut groups);
        cost.taken = cost.taken.max(processor_time() - began);
        let exhausted = memory.take_exhausted();
        assert!(!found || !exhausted, "an answer and none");
        cost.steps = cost.steps.max(memory.stack.steps);
        cost.given_up += usize::from(exhausted);
    }
    cost
}

/// The most steps and the most time of all, for the person who reads along.
fn show_worst<'a>(costs: impl Iterator<Item = (&'a str, &'a Cost)> + Clone) {
    let steps = costs.clone().max_by_key(|(_, cost)| cost.steps);
    let taken = costs.max_by_key(|(_, cost)| cost.taken);
    if let (Some((most, steps)), Some((slowest, taken))) = (steps, taken) {
        println!(
            "most steps: {} of {STEPS_MAX} ({most}); slowest: {:?} ({slowest})",
            steps.steps,
            Duration::from_nanos(taken.taken)
        );
    }
}

#[test]
fn hostile_values_stay_within_the_budget() {
    let values = values();
    let mut memory = Memory::default();
    let mut costs = Vec::new();
    let mut broken = Vec::new();
    for (source, promise) in PATTERNS {
        let pattern = Pattern::compile(source.as_bytes()).unwrap();
        let cost = cost(&pattern, &values, &mut memory);
        let given_up = cost.given_up;
        println!("{source}: {} steps, {given_up} given up", cost.steps);
        let kept = match promise {
            Regular => pattern.exact != Exact::Never && given_up == 0,
            Answers => pattern.exact == Exact::Never && given_up == 0,
            GivesUp => given_up > 0,
        };
        // The step that finds the budget used up is not paid.
        if !kept || cost.steps > STEPS_MAX {
            broken.push(format!(
                "{source}: {} steps, {given_up} given up, not {promise:?}",
                cost.steps
            ));
        }
        costs.push((*source, cost));
    }
    show_worst(costs.iter().map(|(source, cost)| (*source, cost)));
    println!(
        "{} patterns, {} values of {LENGTH} bytes",
        PATTERNS.len(),
        values.len()
    );
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn crs_has_an_answer_for_hostile_values() {
    let values = values();
    let mut memory = Memory::default();
    let all = super::rules::patterns();
    let costs: Vec<(String, Cost)> = all
        .iter()
        .map(|(id, source)| {
            (
                id.clone(),
                cost(&Pattern::compile(source).unwrap(), &values, &mut memory),
            )
        })
        .collect();
    show_worst(costs.iter().map(|(id, cost)| (id.as_str(), cost)));
    let without: Vec<&str> = costs
        .iter()
        .filter(|(_, cost)| cost.given_up > 0)
        .map(|(id, _)| id.as_str())
        .collect();
    println!("{} patterns of CRS, {} values", all.len(), values.len());
    assert_eq!(without, Vec::<&str>::new(), "no answer");
}
