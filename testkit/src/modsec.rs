//! `libmodsecurity` as an oracle for the rule engine: what does the library that everybody runs say about this request?
//!
//! A small C program (`testkit/c/modsec-engine.c`) is compiled with `cc` and linked to the distribution's library; it loads rules
//! once and judges one transaction after the other. Rejected: a binding in Rust, which would need unsafe code, and asking a web
//! server, which refuses some requests itself and whose own time would be measured with the library's.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;

use crate::PartError;

const SOURCE: &str = include_str!("../c/modsec-engine.c");
const PART: &str = "libmodsecurity";

/// A running engine with its rules loaded. Dropping it ends the process.
#[derive(Debug)]
pub struct Modsec {
    child: Child,
    stdin: Option<BufWriter<ChildStdin>>,
    stdout: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
}

/// A part of a rule set.
#[derive(Clone, Debug)]
pub enum Rules {
    /// Names in the file stand relative to it.
    File(PathBuf),
    /// Directives.
    Text(String),
}

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub struct Transaction<'a> {
    /// `GET`
    pub method: &'a [u8],
    /// `/a?b=c`
    pub target: &'a [u8],
    /// `HTTP/1.1`
    pub version: &'a [u8],
    /// Address of the client.
    pub client: &'a str,
    /// Names and values.
    pub headers: &'a [(Vec<u8>, Vec<u8>)],
    /// Whole.
    pub body: &'a [u8],
    /// `None` leaves the phases of the response out.
    pub response: Option<TransactionResponse<'a>>,
}

/// What the server behind the rules answered.
#[derive(Clone, Copy, Debug)]
pub struct TransactionResponse<'a> {
    /// Status code.
    pub status: u16,
    /// Names and values.
    pub headers: &'a [(Vec<u8>, Vec<u8>)],
    /// Whole.
    pub body: &'a [u8],
}

/// What the library found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Verdict {
    /// Rules that wrote to the server's log, in their order.
    pub ids: Vec<u64>,
    /// Status of the intervention that the rules ask for.
    pub status: Option<u16>,
    /// Processor time of the transaction, nanoseconds; 0 unless timed.
    pub cpu_ns: u64,
}

impl Modsec {
    /// Compiles the program, starts it and waits until it has loaded the rules, in their order.
    ///
    /// # Errors
    /// `Missing` without `cc` or the library's headers; `Failed` with what the library says about the rules.
    pub fn start(rules: &[Rules], timed: bool) -> Result<Self, PartError> {
        let folder = tempfile::tempdir().map_err(PartError::system(PART))?;
        let program = compile(folder.path())?;
        Self::run(&program, folder, rules, timed)
    }

    /// Starts another program that takes the same arguments and speaks the same form as `modsec-engine.c`.
    ///
    /// # Errors
    /// `Failed` with what the program says about the rules.
    pub fn start_other(program: &Path, rules: &[Rules], timed: bool) -> Result<Self, PartError> {
        let folder = tempfile::tempdir().map_err(PartError::system(PART))?;
        Self::run(program, folder, rules, timed)
    }

    fn run(
        program: &Path,
        folder: tempfile::TempDir,
        rules: &[Rules],
        timed: bool,
    ) -> Result<Self, PartError> {
        let mut command = Command::new(program);
        if timed {
            command.arg("--time");
        }
        for (index, part) in rules.iter().enumerate() {
            match part {
                Rules::File(path) => command.arg(path),
                Rules::Text(text) => {
                    let path = folder.path().join(format!("rules-{index}.conf"));
                    std::fs::write(&path, text).map_err(PartError::system(PART))?;
                    command.arg("--inline").arg(path)
                }
            };
        }
        let errors = File::create(folder.path().join("errors")).map_err(PartError::system(PART))?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(PartError::system(PART))?;
        let stdin = child.stdin.take().map(BufWriter::new);
        let stdout = child.stdout.take().ok_or_else(|| failed("no output"))?;
        let mut engine = Self {
            child,
            stdin,
            stdout: BufReader::new(stdout),
            folder,
        };
        engine.line()?;
        Ok(engine)
    }

    /// Judges one transaction.
    ///
    /// # Errors
    /// When the process has died, with what it said last.
    pub fn judge(&mut self, transaction: &Transaction<'_>) -> Result<Verdict, PartError> {
        let stdin = self.stdin.as_mut().ok_or_else(|| failed("no input"))?;
        let sent = write_transaction(stdin, transaction).and_then(|()| stdin.flush());
        if sent.is_err() {
            return Err(self.last_words());
        }
        let line = self.line()?;
        serde_json::from_str(&line).map_err(|error| failed(&format!("{error}: {line}")))
    }

    fn line(&mut self) -> Result<String, PartError> {
        let mut line = String::new();
        let read = self.stdout.read_line(&mut line);
        match read.map_err(PartError::system(PART))? {
            0 => Err(self.last_words()),
            _ => Ok(line),
        }
    }

    fn last_words(&self) -> PartError {
        let words = std::fs::read_to_string(self.folder.path().join("errors"));
        failed(&words.unwrap_or_default())
    }
}

impl Drop for Modsec {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It may have ended already, and there is nobody to tell.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The rule files of Debian's `modsecurity-crs` in their order: the setup, then the rules; `between` comes between them.
/// `None` when the package is not installed.
pub fn debian_rules(between: Rules) -> Option<Vec<Rules>> {
    let setup = Path::new("/etc/modsecurity/crs/crs-setup.conf");
    let folder = Path::new("/usr/share/modsecurity-crs/rules");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "conf")
        })
        .collect();
    files.sort();
    let mut rules = vec![Rules::File(setup.to_owned()), between];
    rules.extend(files.into_iter().map(Rules::File));
    Some(rules)
}

fn failed(reason: &str) -> PartError {
    PartError::Failed {
        part: PART,
        reason: reason.trim().to_owned(),
    }
}

fn compile(folder: &Path) -> Result<PathBuf, PartError> {
    let source = folder.join("modsec-engine.c");
    let program = folder.join("modsec-engine");
    std::fs::write(&source, SOURCE).map_err(PartError::system(PART))?;
    let output = Command::new("cc")
        .args(["-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&program)
        .arg(&source)
        .arg("-lmodsecurity")
        .output()
        .map_err(|error| PartError::start("cc", "gcc", error))?;
    if output.status.success() {
        return Ok(program);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("modsecurity/modsecurity.h: No such file") {
        return Err(PartError::Missing("libmodsecurity-dev"));
    }
    Err(failed(&said))
}

/// The form that `modsec-engine.c` describes.
fn write_transaction(to: &mut impl Write, transaction: &Transaction<'_>) -> io::Result<()> {
    for part in [
        transaction.method,
        transaction.target,
        transaction.version,
        transaction.client.as_bytes(),
        transaction.body,
    ] {
        write_field(to, part)?;
    }
    write_headers(to, transaction.headers)?;
    let response = transaction.response.as_ref();
    let status = response.map_or(0, |response| u32::from(response.status));
    to.write_all(&status.to_be_bytes())?;
    write_field(to, response.map_or(b"", |response| response.body))?;
    write_headers(to, response.map_or(&[], |response| response.headers))
}

fn write_headers(to: &mut impl Write, headers: &[(Vec<u8>, Vec<u8>)]) -> io::Result<()> {
    write_number(to, headers.len())?;
    for (name, value) in headers {
        write_field(to, name)?;
        write_field(to, value)?;
    }
    Ok(())
}

fn write_field(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    write_number(to, bytes.len())?;
    to.write_all(bytes)
}

fn write_number(to: &mut impl Write, number: usize) -> io::Result<()> {
    let number = u32::try_from(number).map_err(|_too_long| io::ErrorKind::InvalidInput)?;
    to.write_all(&number.to_be_bytes())
}
