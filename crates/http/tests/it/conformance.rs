//! Suites by others, run as data. `VAUBAN_CORPORA` names the folder that holds them; without it they are not run.
//!
//! Where the gate deliberately differs from a suite, `conformance/SUITE/ledger.toml` says so, case by case, with the gate's
//! answer and a reason. An entry without a reason, one that matches no case, and one whose case needs none, fail.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use vauban_http::{BodyFraming, ChunkReader, FramingRefusal, HeadLimits, read_head};

mod desync;
mod llhttp;
mod smuggler;

const LIMITS: HeadLimits = HeadLimits {
    head_bytes_max: 65_536,
    headers_max: 100,
    target_bytes_max: 8192,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Accept,
    Refuse,
}

#[derive(Debug)]
struct Case {
    id: String,
    bytes: Vec<u8>,
    expected: Expected,
}

#[derive(Debug, Default)]
struct Entry {
    id: String,
    answer: String,
    reason: String,
}

/// Reads messages until the bytes end or one is refused. A head without an end never reaches anybody: it is not accepted.
fn converse(mut bytes: &[u8]) -> Result<&'static str, FramingRefusal> {
    while !bytes.is_empty() {
        let Some((end, framing)) = read_head(bytes, 0, &LIMITS)? else {
            return Ok("unfinished");
        };
        bytes = &bytes[end..];
        let body = match framing {
            BodyFraming::None => 0,
            BodyFraming::Length(length) => bytes.len().min(usize::try_from(length).unwrap()),
            BodyFraming::Chunked => ChunkReader::new().advance(bytes)?.consumed,
        };
        bytes = &bytes[body..];
    }
    Ok("accepted")
}

/// A suite may stop in the middle of a head that it finds wrong already. The gate judges whole heads, so it gets the end.
fn answer(case: &Case) -> &'static str {
    let ends: [&[u8]; 3] = [b"", b"\r\n", b"\r\n\r\n"];
    let answers =
        ends.map(|end| converse(&[&case.bytes, end].concat()).unwrap_or_else(FramingRefusal::code));
    answers
        .into_iter()
        .find(|answer| *answer != "unfinished")
        .unwrap_or("unfinished")
}

/// The small part of TOML that a ledger needs: tables `[[case]]` of strings.
fn ledger(suite: &str) -> Vec<Entry> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../conformance")
        .join(suite)
        .join("ledger.toml");
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut entries: Vec<Entry> = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if line == "[[case]]" {
            entries.push(Entry::default());
            continue;
        }
        let (key, value) = line
            .split_once(" = ")
            .unwrap_or_else(|| panic!("{suite}: {line}"));
        let value: String =
            serde_json::from_str(value).unwrap_or_else(|error| panic!("{suite}: {line}: {error}"));
        let entry = entries
            .last_mut()
            .unwrap_or_else(|| panic!("{suite}: {line} stands before the first case"));
        match key {
            "id" => entry.id = value,
            "answer" => entry.answer = value,
            "reason" => entry.reason = value,
            _ => panic!("{suite}: unknown key {key}"),
        }
    }
    entries
}

fn corpora() -> Option<PathBuf> {
    std::env::var_os("VAUBAN_CORPORA").map(PathBuf::from)
}

fn run(suite: &str, read: impl FnOnce(&Path) -> Vec<Case>) {
    let Some(corpora) = corpora() else {
        println!("{suite}: not run, VAUBAN_CORPORA is not set");
        return;
    };
    let mut ledger: BTreeMap<_, _> = ledger(suite)
        .into_iter()
        .map(|entry| (entry.id.clone(), entry))
        .collect();
    let cases = read(&corpora.join(suite));
    assert!(!cases.is_empty(), "{suite}: no case was found");
    let mut wrong = Vec::new();
    for case in &cases {
        let answer = answer(case);
        let agrees = (answer == "accepted") == (case.expected == Expected::Accept);
        match (ledger.remove(&case.id), agrees) {
            (None, false) => wrong.push(format!(
                "{}: {answer}, but the suite says {:?}",
                case.id, case.expected
            )),
            (Some(_), true) => wrong.push(format!(
                "{}: agrees with the suite, its entry is stale",
                case.id
            )),
            (Some(entry), false) if entry.answer != answer => {
                wrong.push(format!(
                    "{}: {answer}, but the ledger says {}",
                    case.id, entry.answer
                ));
            }
            (Some(entry), false) if entry.reason.len() < 10 => {
                wrong.push(format!("{}: no reason", case.id));
            }
            (None, true) | (Some(_), false) => {}
        }
    }
    wrong.extend(ledger.keys().map(|id| format!("{id}: matches no case")));
    assert!(
        wrong.is_empty(),
        "{suite}, {} cases:\n{}",
        cases.len(),
        wrong.join("\n")
    );
    println!("{suite}: {} cases", cases.len());
}

/// Cases that do not speak of `Host` get one, so that they are judged for what they are about.
fn with_host(bytes: &str) -> String {
    let has_host = bytes.to_ascii_lowercase().contains("\r\nhost:");
    match bytes.split_once(" HTTP/1.1\r\n") {
        Some((first, rest)) if !has_host => format!("{first} HTTP/1.1\r\nHost: a\r\n{rest}"),
        _ => bytes.to_owned(),
    }
}

/// One byte per character.
fn latin1(text: &str) -> Vec<u8> {
    text.chars()
        .map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?'))
        .collect()
}

/// An id that occurs again gets a number.
fn number_repeated(cases: &mut [Case]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for case in cases {
        let count = seen.entry(case.id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            case.id = format!("{} #{count}", case.id);
        }
    }
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

#[test]
fn llhttp_requests() {
    run("llhttp", llhttp::read);
}

#[test]
fn http_desync_guardian_requests() {
    run("http-desync-guardian", desync::read);
}

#[test]
fn smuggler_mutations() {
    run("smuggler", smuggler::read);
}
