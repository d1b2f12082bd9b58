//! The dialect as a table, and all patterns of CRS beside PCRE2.

use super::*;

mod dialect;
mod generate;
mod hostile;
mod made_up;
mod rules;

use generate::Random;
use vauban_testkit::PartError;
use vauban_testkit::pcre2::{Answer, Manner, Pcre2};

const SEED: u64 = 0x5eed_0001;
const GENERATED: usize = 300;

/// `None`, and a word about it, where the machine has no PCRE2.
fn pcre2(manner: Manner) -> Option<Pcre2> {
    match Pcre2::start(manner) {
        Ok(oracle) => Some(oracle),
        Err(error @ PartError::Missing(_)) => {
            println!("{error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn answer(pattern: &Pattern, value: &[u8], memory: &mut Memory) -> Answer {
    let mut groups = Groups::default();
    let found = pattern.captures(value, memory, &mut groups);
    let matched = pattern.is_match(value, memory);
    if memory.take_exhausted() {
        return Answer::Limit;
    }
    assert_eq!(
        found,
        matched,
        "is_match and captures differ on {}",
        value.escape_ascii()
    );
    if !found {
        return Answer::No;
    }
    let range = |group| groups.range(group).map(|range| (range.start, range.end));
    Answer::Yes((0..10).map(range).collect())
}

/// Payloads of CRS's regression tests: their scalars, near enough, whole and cut.
fn payloads() -> Vec<Vec<u8>> {
    let Some(folder) = std::env::var_os("VAUBAN_CRS_TESTS") else {
        println!("not run: VAUBAN_CRS_TESTS is not set");
        return Vec::new();
    };
    let mut values = std::collections::BTreeSet::new();
    let mut folders = vec![std::path::PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            for line in String::from_utf8_lossy(&std::fs::read(path).unwrap()).lines() {
                let value = line
                    .split_once(": ")
                    .map_or(line, |(_, value)| value)
                    .trim();
                let value = value.trim_matches(['"', '\'']);
                values.insert(value.as_bytes().to_vec());
                let plain = crate::transform::Transformation::UrlDecodeUni;
                let mut out = Vec::new();
                if plain.apply(
                    value.as_bytes(),
                    &crate::transform::UnicodeMap::default(),
                    &mut out,
                ) {
                    values.insert(out);
                }
            }
        }
    }
    values.into_iter().collect()
}

fn generated(source: &[u8]) -> Vec<Vec<u8>> {
    let node =
        parse::parse(source).unwrap_or_else(|error| panic!("{}: {error}", source.escape_ascii()));
    let mut random = Random(SEED);
    (0..GENERATED)
        .map(|_| generate::value(&node, &mut random))
        .collect()
}

#[test]
fn crs_is_answered_as_by_pcre() {
    let Some(mut oracle) = pcre2(Manner::AsUsual) else {
        return;
    };
    let shared = payloads();
    let mut memory = Memory::default();
    let (mut compared, mut matches, mut wrong, mut limits) = (0_usize, 0_usize, Vec::new(), 0);
    for (id, source) in rules::patterns() {
        let pattern = Pattern::compile(&source).unwrap();
        let own = generated(&source);
        let values: Vec<&Vec<u8>> = shared.iter().chain(&own).collect();
        for (theirs, value) in oracle.ask(&source, &values).unwrap().iter().zip(values) {
            let ours = answer(&pattern, value, &mut memory);
            compared += 1;
            matches += usize::from(matches!(theirs, Answer::Yes(_)));
            if *theirs == Answer::Limit || ours == Answer::Limit {
                println!("{id} limit: {theirs:?} {ours:?} {}", value.escape_ascii());
                limits += 1;
            } else if *theirs != ours {
                wrong.push(format!(
                    "{id}: {}\n PCRE {theirs:?}\n ours {ours:?}",
                    value.escape_ascii()
                ));
            }
        }
    }
    println!(
        "{compared} answers, {matches} matches, {} differ, {limits} limits, {} bytes of caches",
        wrong.len(),
        memory.bytes()
    );
    for text in wrong.iter().take(20) {
        println!("{text}");
    }
    assert!(wrong.is_empty());
}

#[test]
fn what_crs_requires_is_there() {
    let mut memory = Memory::default();
    let mut without = Vec::new();
    let (mut short, mut total, mut matches) = (Vec::new(), 0, 0);
    let all = rules::patterns();
    for (id, source) in &all {
        let pattern = Pattern::compile(source).unwrap();
        let required = pattern.required();
        match &required.literals {
            None => {
                if std::env::var_os("VAUBAN_VERBOSE").is_some() {
                    println!("{id} has none: {}", source.escape_ascii());
                }
                without.push(id.as_str());
            }
            Some(literals) => {
                total += literals.len();
                assert!(literals.len() <= 400);
                if literals.iter().any(|literal| literal.len() < 3) {
                    short.push(format!("{id}({})", literals.len()));
                }
            }
        }
        for value in generated(source) {
            if !pattern.is_match(&value, &mut memory) {
                continue;
            }
            matches += 1;
            let shown = value.escape_ascii().to_string();
            let lower = value.to_ascii_lowercase();
            assert!(value.len() >= pattern.minimum_length(), "{id}: {shown}");
            let has = |literal: &Vec<u8>| lower.windows(literal.len()).any(|part| part == literal);
            assert!(
                required
                    .literals
                    .as_ref()
                    .is_none_or(|all| all.iter().any(has)),
                "{id}: {shown}"
            );
            let there = ByteSet::of_value(&value);
            assert!(
                required.classes.iter().all(|set| set.intersects(there)),
                "{id}: {shown}"
            );
        }
    }
    println!(
        "{} patterns, {total} literals, {matches} matches; two bytes: {short:?}; none: {without:?}",
        all.len()
    );
}

/// Figures only: how long all patterns of CRS take to compile, and what they hold.
#[test]
fn crs_compiles() {
    let all = rules::patterns();
    let began = processor_time();
    let patterns: Vec<Pattern> = all
        .iter()
        .map(|(id, source)| {
            Pattern::compile(source).unwrap_or_else(|error| panic!("{id}: {error}"))
        })
        .collect();
    let taken = processor_time() - began;
    let nodes: Vec<_> = all
        .iter()
        .map(|(_, source)| parse::parse(source).unwrap())
        .collect();
    let began = processor_time();
    for node in &nodes {
        std::hint::black_box(Required::of(node));
    }
    let required = processor_time() - began;
    let began = processor_time();
    for node in &nodes {
        std::hint::black_box(translate::engine(node).unwrap());
    }
    let engines = processor_time() - began;
    println!(
        "required {} us, engines {} us",
        required / 1000,
        engines / 1000
    );
    let bytes: usize = patterns
        .iter()
        .map(|pattern| pattern.engine.memory_usage())
        .sum();
    let inexact = patterns
        .iter()
        .filter(|pattern| pattern.exact == Exact::Never)
        .count();
    let with_machine = patterns
        .iter()
        .filter(|pattern| pattern.program.is_some())
        .count();
    println!(
        "{} patterns in {} us, {bytes} bytes of automata, {inexact} on the machine, {with_machine} with a program",
        all.len(),
        taken / 1000
    );
}

/// Nanoseconds that this thread has run, from the kernel.
fn processor_time() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split(' ').next().and_then(|first| first.parse().ok());
    first.unwrap_or(0)
}
