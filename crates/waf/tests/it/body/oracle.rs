//! Beside libmodsecurity: the same values from the same bytes.
//!
//! `VAUBAN_ORACLE_ROUNDS` says how many spoiled requests each processor gets. Where the two differ on purpose, the comparison
//! says so and asks for what then holds instead: never fewer values, never an error less.

use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use vauban_waf::body::BodyErrorKind;

use super::mutation::{Chance, seeds, spoil};
use super::seen::{MULTIPART_FLAGS, Processor, Request, Seen, see};

/// `modsec-values`, compiled and running.
pub(super) struct Oracle {
    child: Child,
    input: BufWriter<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Oracle {
    /// `None` without libmodsecurity or a compiler.
    pub(super) fn start() -> Option<Self> {
        if !Path::new("/usr/include/modsecurity/transaction.h").exists() {
            println!("not run: libmodsecurity's headers are not installed");
            return None;
        }
        let program = PROGRAM.get_or_init(compile).as_ref()?;
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = BufWriter::new(child.stdin.take().unwrap());
        let output = BufReader::new(child.stdout.take().unwrap());
        Some(Self {
            child,
            input,
            output,
        })
    }

    pub(super) fn ask(&mut self, request: &Request) -> Seen {
        let processor: &[u8] = match request.processor {
            Processor::Json => b"JSON",
            Processor::Xml => b"XML",
            Processor::Head | Processor::Urlencoded | Processor::Multipart => b"",
        };
        let fields = [
            b"POST",
            &*request.target,
            &request.content_type,
            &request.cookie,
            processor,
            &request.body,
        ];
        for field in fields {
            self.input
                .write_all(&u32::try_from(field.len()).unwrap().to_le_bytes())
                .unwrap();
            self.input.write_all(field).unwrap();
        }
        self.input.flush().unwrap();
        let mut seen = Seen::default();
        loop {
            let variable = String::from_utf8(self.field()).unwrap();
            if variable.is_empty() {
                return seen;
            }
            let (name, value) = (self.field(), self.field());
            if variable.starts_with("XML:") {
                for value in value
                    .split(|byte| *byte == b'/')
                    .skip(1)
                    .take_while_but_last()
                {
                    seen.values
                        .push((variable.clone(), Vec::new(), from_hex(value)));
                }
            } else {
                seen.values.push((variable, name, value));
            }
        }
    }

    fn field(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.output.read_exact(&mut length).unwrap();
        let mut field = vec![0; usize::try_from(u32::from_le_bytes(length)).unwrap()];
        self.output.read_exact(&mut field).unwrap();
        field
    }
}

/// Compiled once for all tests.
static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();

fn compile() -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testkit/c/modsec-values.cc");
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("modsec-values");
    let compiler = Command::new("c++")
        .arg("-std=c++17")
        .arg("-o")
        .arg(&program)
        .arg(&source)
        .arg("-lmodsecurity")
        .status();
    match compiler {
        Ok(status) => assert!(status.success(), "modsec-values does not compile"),
        Err(error) => {
            println!("not run: c++: {error}");
            return None;
        }
    }
    Some(program)
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// All but the last item.
trait TakeWhileButLast: Iterator + Sized {
    fn take_while_but_last(self) -> std::vec::IntoIter<Self::Item> {
        let mut items: Vec<_> = self.collect();
        items.pop();
        items.into_iter()
    }
}

impl<I: Iterator> TakeWhileButLast for I {}

fn from_hex(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
    text.chunks(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

/// How the two differ beyond what is meant, in words; empty when they do not.
pub(super) fn difference(request: &Request, theirs: &Seen) -> Option<String> {
    let ours = see(request);
    let difference = match request.processor {
        Processor::Head => head(&ours, theirs),
        Processor::Urlencoded => same(&ours, theirs, &["ARGS_POST", "URLENCODED_ERROR"]),
        Processor::Json => json(request, &ours, theirs),
        Processor::Xml => xml(request, &ours, theirs),
        Processor::Multipart => multipart(request, &ours, theirs),
    };
    difference.map(|what| {
        format!(
            "{what}\n  type {}\n  body {}\n  head {} | {}\n  ours   {:?}\n  error {}",
            request.content_type.escape_ascii(),
            request.body.escape_ascii(),
            request.target.escape_ascii(),
            request.cookie.escape_ascii(),
            ours.error,
            theirs.one("REQBODY_ERROR_MSG").escape_ascii(),
        )
    })
}

/// All alike, but that an encoded `?` ends their path and not ours.
fn head(ours: &Seen, theirs: &Seen) -> Option<String> {
    let ours_path = ours.one("REQUEST_FILENAME");
    let question = ours_path.iter().position(|byte| *byte == b'?');
    let mut variables = vec![
        "ARGS_GET",
        "REQUEST_COOKIES",
        "REQUEST_URI",
        "REQUEST_URI_RAW",
        "QUERY_STRING",
        "URLENCODED_ERROR",
    ];
    match question {
        None => variables.extend(["REQUEST_FILENAME", "REQUEST_BASENAME"]),
        Some(at) => {
            let theirs_path = theirs.one("REQUEST_FILENAME");
            if ours_path.get(..at) != Some(theirs_path) {
                return Some(format!(
                    "REQUEST_FILENAME: ours `{}` up to its `?`, theirs `{}`",
                    ours_path.escape_ascii(),
                    theirs_path.escape_ascii()
                ));
            }
        }
    }
    same(ours, theirs, &variables)
}

fn same(ours: &Seen, theirs: &Seen, variables: &[&str]) -> Option<String> {
    variables.iter().find_map(|variable| {
        let (ours, theirs) = (ours.of(&[variable]), theirs.of(&[variable]));
        (ours != theirs)
            .then(|| format!("{variable}: ours {}, theirs {}", show(&ours), show(&theirs)))
    })
}

fn show(values: &[super::seen::Value]) -> String {
    let shown = values
        .iter()
        .map(|(_, name, value)| format!("`{}`=`{}`", name.escape_ascii(), value.escape_ascii()));
    shown.collect::<Vec<_>>().join(" ")
}

fn failed(theirs: &Seen) -> bool {
    theirs.one("REQBODY_ERROR") == b"1"
}

/// Errors of the same bodies and the same values before them, but for strings that are not UTF-8, and an empty body.
fn json(request: &Request, ours: &Seen, theirs: &Seen) -> Option<String> {
    if ours
        .error
        .as_ref()
        .is_some_and(|error| error.kind == BodyErrorKind::Encoding)
    {
        let is_meant = std::str::from_utf8(&request.body).is_err();
        return (!is_meant).then(|| "an encoding error".to_owned());
    }
    // yajl takes a string that begins behind the document and does not end for nothing.
    let is_stricter = ours
        .error
        .as_ref()
        .is_some_and(|error| error.message.contains("behind the document"));
    if ours.error.is_some() != failed(theirs) && !request.body.is_empty() && !is_stricter {
        return Some("error or not".to_owned());
    }
    same(ours, theirs, &["ARGS"])
}

fn xml(request: &Request, ours: &Seen, theirs: &Seen) -> Option<String> {
    match &ours.error {
        None if failed(theirs) => Some("no error".to_owned()),
        None => same(ours, theirs, &["XML:/*", "XML://@*"]),
        Some(error) if !failed(theirs) => {
            let is_meant = match error.kind {
                BodyErrorKind::Forbidden => memmem(&request.body, b"<!DOCTYPE"),
                BodyErrorKind::Encoding => memmem(&request.body, b"encoding"),
                BodyErrorKind::Syntax | BodyErrorKind::Limit | BodyErrorKind::Stopped => false,
            };
            (!is_meant).then(|| "an error".to_owned())
        }
        Some(_) => None,
    }
}

fn memmem(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Values without line breaks, which libmodsecurity drops; part headers without their ends, which it keeps. Headers of a part
/// that has no name, and empty values, do not count where the body is an error.
fn multipart(request: &Request, ours: &Seen, theirs: &Seen) -> Option<String> {
    let prefix = request.content_type.get(..19).unwrap_or_default();
    if !prefix.eq_ignore_ascii_case(b"multipart/form-data") {
        return None;
    }
    let strip = |seen: &Seen| Seen {
        values: seen
            .values
            .iter()
            .filter(|(variable, name, _)| variable != "MULTIPART_PART_HEADERS" || !name.is_empty())
            .map(|(variable, name, value)| {
                let value = match variable.as_str() {
                    "ARGS_POST" => without_breaks(value),
                    "MULTIPART_PART_HEADERS" => without_breaks(value).trim_ascii_end().to_vec(),
                    _ => value.clone(),
                };
                (variable.clone(), name.clone(), value)
            })
            .collect(),
        error: seen.error.clone(),
    };
    let (ours, theirs) = (strip(ours), strip(theirs));
    let values = [
        "ARGS_POST",
        "FILES",
        "FILES_NAMES",
        "FILES_SIZES",
        "MULTIPART_PART_HEADERS",
    ];
    match (&ours.error, failed(&theirs)) {
        (None, true) => Some("no error".to_owned()),
        (None, false) => {
            same(&ours, &theirs, &values).or_else(|| same(&ours, &theirs, &MULTIPART_FLAGS))
        }
        (Some(error), false) => {
            let meant = ["repeated", "boundary is empty", "without closing quote"];
            let is_meant = meant.iter().any(|what| error.message.contains(what));
            (!is_meant).then(|| "an error".to_owned())
        }
        (Some(_), true) => {
            let mut left = ours.of(&values);
            let mut wanted = theirs.of(&values);
            wanted.retain(|(variable, name, value)| {
                variable != "MULTIPART_PART_HEADERS" && !name.is_empty() && !value.is_empty()
            });
            let lost =
                wanted
                    .into_iter()
                    .find(|value| match left.iter().position(|one| one == value) {
                        Some(at) => {
                            left.swap_remove(at);
                            false
                        }
                        None => true,
                    });
            lost.filter(|_| !has_open_quote(&request.body))
                .map(|value| format!("lost {}", show(&[value])))
        }
    }
}

/// Whether a line has a quote too many, or may have one (a backslash). libmodsecurity reads beyond the end of such a header.
fn has_open_quote(body: &[u8]) -> bool {
    body.split(|byte| *byte == b'\n').any(|line| {
        line.contains(&b'\\')
            || [b'"', b'\'']
                .iter()
                .any(|quote| line.split(|byte| byte == quote).count() % 2 == 0)
    })
}

fn without_breaks(value: &[u8]) -> Vec<u8> {
    let mut left = Vec::new();
    for line in value.split_inclusive(|byte| *byte == b'\n') {
        let line = line
            .strip_suffix(b"\n")
            .map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        left.extend_from_slice(line);
    }
    left
}

fn check(processor: Processor) {
    let Some(mut oracle) = Oracle::start() else {
        return;
    };
    let rounds = std::env::var_os("VAUBAN_ORACLE_ROUNDS")
        .and_then(|rounds| rounds.to_str()?.parse().ok())
        .unwrap_or(1000);
    let seeds = seeds(processor);
    let mut chance = Chance::new(0x5eed + 2 * seeds.len() as u64);
    let mut differences = Vec::new();
    for request in &seeds {
        differences.extend(difference(request, &oracle.ask(request)));
    }
    for _ in 0..rounds {
        let mut request = seeds[chance.below(seeds.len())].clone();
        spoil(&mut request, &seeds, &mut chance);
        differences.extend(difference(&request, &oracle.ask(&request)));
    }
    let shown: Vec<_> = differences.iter().take(12).map(String::as_str).collect();
    assert!(
        differences.is_empty(),
        "{} of {rounds} differ\n{}",
        differences.len(),
        shown.join("\n\n")
    );
}

#[test]
fn the_head_is_read_alike() {
    check(Processor::Head);
}

#[test]
fn urlencoded_is_read_alike() {
    check(Processor::Urlencoded);
}

#[test]
fn json_is_read_alike() {
    check(Processor::Json);
}

#[test]
fn xml_is_read_alike() {
    check(Processor::Xml);
}

#[test]
fn multipart_is_read_alike() {
    check(Processor::Multipart);
}
