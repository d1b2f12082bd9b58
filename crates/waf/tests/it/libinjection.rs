//! The verdicts beside those of libinjection's C code.
//!
//! `VAUBAN_LIBINJECTION_SRC` names the folder of its sources (`others/libinjection/src` of `apt-get source modsecurity`);
//! `VAUBAN_CORPORA` the folder with its test data. `VAUBAN_LIBINJECTION_MUTATIONS` asks for more than a million mutated values,
//! `VAUBAN_LIBINJECTION_SEED` for others.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use vauban_waf::libinjection::{sqli, xss};

mod mutation;

use mutation::{Mutator, Random, WORDS};

/// How many values are judged at once.
const BATCH: usize = 50_000;

/// What the C program answers for a value: two flags and a fingerprint.
type Answer = [u8; 8];

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

fn number(name: &str) -> Option<u64> {
    variable(name)?.to_str()?.parse().ok()
}

/// The C program, built once per test, or `None` without its sources.
struct Oracle {
    program: PathBuf,
    _folder: tempfile::TempDir,
}

impl Oracle {
    fn build(test: &str) -> Option<Self> {
        let Some(sources) = variable("VAUBAN_LIBINJECTION_SRC").map(PathBuf::from) else {
            println!("{test}: not run, VAUBAN_LIBINJECTION_SRC is not set");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("libinjection-verdicts");
        let main =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testkit/c/libinjection-verdicts.c");
        let status = Command::new("cc")
            .args(["-O2", "-w", "-I"])
            .arg(&sources)
            .arg("-o")
            .arg(&program)
            .arg(main)
            .args(
                [
                    "libinjection_sqli.c",
                    "libinjection_html5.c",
                    "libinjection_xss.c",
                ]
                .map(|file| sources.join(file)),
            )
            .status()
            .unwrap();
        assert!(status.success(), "the C program does not build");
        Some(Self {
            program,
            _folder: folder,
        })
    }

    fn answers(&self, values: &[Vec<u8>]) -> Vec<Answer> {
        let mut child = Command::new(&self.program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut output = Vec::with_capacity(values.len() * 8);
        thread::scope(|scope| {
            scope.spawn(move || {
                let mut input = Vec::new();
                for value in values {
                    input.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
                    input.extend(value);
                }
                stdin.write_all(&input).unwrap();
            });
            child
                .stdout
                .take()
                .unwrap()
                .read_to_end(&mut output)
                .unwrap();
        });
        assert!(child.wait().unwrap().success());
        let answers: Vec<Answer> = output
            .chunks_exact(8)
            .map(|chunk| chunk.try_into().unwrap())
            .collect();
        assert_eq!(answers.len(), values.len());
        answers
    }
}

fn ours(value: &[u8]) -> Answer {
    let mut answer = [0; 8];
    if let Some(fingerprint) = sqli(value) {
        answer[0] = 1;
        let letters = fingerprint.as_bytes();
        answer[2..2 + letters.len()].copy_from_slice(letters);
    }
    answer[1] = u8::from(xss(value));
    answer
}

fn shown(answer: Answer) -> String {
    format!(
        "sqli {} {}, xss {}",
        answer[0],
        answer[2..].escape_ascii(),
        answer[1]
    )
}

/// Compares a batch and gives our answers; the shortest differing values are shown.
fn assert_same(oracle: &Oracle, what: &str, values: &[Vec<u8>]) -> Vec<Answer> {
    let answers: Vec<Answer> = values.iter().map(|value| ours(value)).collect();
    let mut wrong: Vec<_> = values
        .iter()
        .zip(oracle.answers(values))
        .zip(&answers)
        .filter(|((_, theirs), ours)| theirs != *ours)
        .collect();
    wrong.sort_by_key(|((value, _), _)| value.len());
    let lines: Vec<_> = wrong
        .iter()
        .take(20)
        .map(|((value, theirs), ours)| {
            let value = value.escape_ascii();
            format!("{value}\n  C: {}\n  we: {}", shown(*theirs), shown(**ours))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{what}: {} of {} differ:\n{}",
        wrong.len(),
        values.len(),
        lines.join("\n")
    );
    answers
}

/// Every line of the data and every input of the unit tests, as they are and with `%xx` decoded.
fn corpus() -> Vec<Vec<u8>> {
    let mut values = Vec::new();
    if let Some(corpora) = variable("VAUBAN_CORPORA").map(PathBuf::from) {
        for folder in ["libinjection/data", "libinjection/tests"] {
            let mut paths: Vec<_> = fs::read_dir(corpora.join(folder))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect();
            paths.sort();
            for path in paths {
                let text = fs::read(path).unwrap();
                values.extend(text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec));
            }
        }
    }
    let decoded: Vec<_> = values
        .iter()
        .filter(|value| value.contains(&b'%'))
        .map(|value| percent_decoded(value))
        .collect();
    values.extend(decoded);
    values.extend(WORDS.iter().map(|word| word.to_vec()));
    values.sort();
    values.dedup();
    values
}

fn percent_decoded(value: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = value;
    while let Some((first, later)) = rest.split_first() {
        rest = later;
        let byte = match (first, later) {
            (b'%', [high, low, behind @ ..]) => {
                let digits = [*high, *low];
                match std::str::from_utf8(&digits)
                    .ok()
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok())
                {
                    Some(byte) => {
                        rest = behind;
                        byte
                    }
                    None => b'%',
                }
            }
            (b'+', _) => b' ',
            (other, _) => *other,
        };
        decoded.push(byte);
    }
    decoded
}

#[test]
fn the_corpora_get_the_verdicts_of_the_c_code() {
    let Some(oracle) = Oracle::build("corpora") else {
        return;
    };
    let values = corpus();
    assert_same(&oracle, "corpora", &values);
    println!("corpora: {} values", values.len());
}

#[test]
fn mutated_values_get_the_verdicts_of_the_c_code() {
    let Some(oracle) = Oracle::build("mutations") else {
        return;
    };
    let seed = number("VAUBAN_LIBINJECTION_SEED").unwrap_or(1);
    let count =
        usize::try_from(number("VAUBAN_LIBINJECTION_MUTATIONS").unwrap_or(1_000_000)).unwrap();
    let mut mutator = Mutator::new(corpus(), Random::new(seed));
    let mut done = 0;
    let (mut injections, mut scripts) = (BTreeMap::<_, usize>::new(), 0);
    while done < count {
        let values: Vec<_> = (0..BATCH.min(count - done))
            .map(|_| mutator.value())
            .collect();
        let answers = assert_same(&oracle, &format!("seed {seed} after {done}"), &values);
        for [injection, script, fingerprint @ ..] in answers {
            if injection == 1 {
                *injections.entry(fingerprint).or_default() += 1;
            }
            scripts += usize::from(script);
        }
        done += values.len();
    }
    let attacks: usize = injections.values().sum();
    println!(
        "mutations: {done} values of seed {seed}; {attacks} injections with {} fingerprints, {scripts} scripts",
        injections.len()
    );
    // A comparison of harmless values would say nothing.
    assert!(attacks > done / 50 && scripts > done / 50 && injections.len() > 200);
}

/// The fast path for letters, digits and underscores, beside the C code, which has none: every word behind everything that can
/// come before it.
#[test]
fn plain_words_are_no_attack_in_c_either() {
    let Some(oracle) = Oracle::build("plain words") else {
        return;
    };
    let table = include_str!("../../data/libinjection-words.txt");
    let words = table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.get(2..));
    let plain = words.filter(|word| {
        word.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    let starts = [
        "0x", "0b", "0b0", "0x0", "1", "1e", "1e1", "1f", "2d", "0b2", "0b02", "0b2e", "0b02e",
        "0b2e3", "0b02e3", "0b02f",
    ];
    let mut values = Vec::new();
    for word in plain.chain(["", "x", "_", "0"]) {
        values.push(word.as_bytes().to_vec());
        for start in starts {
            values.push(format!("{start}{word}").into_bytes());
            values.extend(starts.map(|second| format!("{start}{second}{word}").into_bytes()));
        }
    }
    let answers = oracle.answers(&values);
    let attacks: Vec<_> = values
        .iter()
        .zip(answers)
        .filter(|(_, answer)| answer[0] == 1)
        .collect();
    assert!(attacks.is_empty(), "{attacks:?}");
    assert_same(&oracle, "plain words", &values);
}
