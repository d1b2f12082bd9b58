//! Patterns made up from a grammar, beside what PCRE2 answers.

use vauban_testkit::choices::Choices;
use vauban_testkit::grammar::MadeUp;

use super::{Answer, Groups, Manner, Memory, Pattern, pcre2};

const PATTERNS: u64 = 1500;
const VALUES: usize = 6;
const LETTERS: &[u8] = b"aabbcA \n";

/// How many times more patterns than usual: `VAUBAN_PATIENCE`.
fn patience() -> u64 {
    let times = std::env::var_os("VAUBAN_PATIENCE");
    let times = times.and_then(|times| times.to_str()?.parse().ok());
    times.unwrap_or(1)
}

/// From that place on, with the groups.
fn answer_from(pattern: &Pattern, from: usize, value: &[u8], memory: &mut Memory) -> Answer {
    let mut groups = Groups::default();
    let found = pattern.captures_at(value, from, memory, &mut groups);
    match (memory.take_exhausted(), found) {
        (true, _) => Answer::Limit,
        (false, false) => Answer::No,
        (false, true) => {
            let place = |group| groups.range(group).map(|range| (range.start, range.end));
            Answer::Yes((0..10).map(place).collect())
        }
    }
}

#[test]
fn made_up_patterns_are_answered_as_by_pcre() {
    let Some(mut oracle) = pcre2(Manner::Plainly) else {
        return;
    };
    let mut memory = Memory::default();
    let (mut compared, mut matches, mut refused) = (0, 0, 0);
    let mut limits = [0, 0];
    let mut wrong = Vec::new();
    for seed in 0..PATTERNS * patience() {
        let choices = &mut Choices::seeded(seed);
        let made_up = MadeUp::new(choices);
        let source = made_up.text();
        let values: Vec<Vec<u8>> = (0..VALUES)
            .map(|number| match number % 3 {
                0 => (0..choices.below(9))
                    .filter_map(|_| choices.pick(LETTERS).copied())
                    .collect(),
                _ => made_up.value(choices),
            })
            .collect();
        let from = if choices.one_in(3) {
            choices.below(4)
        } else {
            0
        };
        let answers = oracle.ask_from(source.as_bytes(), from, &values).unwrap();
        let ours = Pattern::compile(source.as_bytes());
        let Ok(ours) = ours else {
            refused += 1;
            if !answers.contains(&Answer::Refused) {
                wrong.push(format!("seed {seed}: {source}: {}", ours.unwrap_err()));
            }
            continue;
        };
        for (theirs, value) in answers.iter().zip(&values) {
            // Short searches never come to remember by themselves.
            memory.stack.remembers_at_once = false;
            let answer = answer_from(&ours, from, value, &mut memory);
            memory.stack.remembers_at_once = true;
            let remembering = answer_from(&ours, from, value, &mut memory);
            assert_eq!(answer, remembering, "seed {seed}: {source}");
            compared += 1;
            matches += usize::from(matches!(answer, Answer::Yes(_)));
            let no_answer = *theirs == Answer::Limit || answer == Answer::Limit;
            limits[0] += usize::from(*theirs == Answer::Limit);
            limits[1] += usize::from(answer == Answer::Limit);
            if !no_answer && *theirs != answer {
                wrong.push(format!(
                    "seed {seed}: {source} on \"{}\" from {from}\n PCRE {theirs:?}\n ours {answer:?}",
                    value.escape_ascii()
                ));
            }
        }
    }
    println!(
        "{compared} answers, {matches} matches, limits {limits:?}, {refused} patterns refused by both, {} differ",
        wrong.len()
    );
    assert!(
        wrong.is_empty(),
        "{}",
        wrong[..wrong.len().min(12)].join("\n")
    );
    assert!(matches > compared / 3);
}
