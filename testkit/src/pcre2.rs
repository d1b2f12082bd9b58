//! PCRE2 as an oracle for patterns: what does the library that everybody runs find?
//!
//! A small C program (`testkit/c/pcre2-matches.c`) is compiled with `cc`, linked to the distribution's library, and asked one
//! pattern after the other. Rejected: a binding in Rust, which would need unsafe code.

use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::PartError;

const SOURCE: &str = include_str!("../c/pcre2-matches.c");
const PART: &str = "PCRE2";
/// Groups whose places are answered, the match itself included.
const GROUPS: usize = 10;

/// What PCRE2 answers for one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It does not match.
    No,
    /// Start and end of the match and of the groups 1 to 9; `None` for a group that took no part.
    Yes(Vec<Option<(usize, usize)>>),
    /// The search was given up.
    Limit,
    /// The pattern does not compile.
    Refused,
}

/// How PCRE2 searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As `libmodsecurity` has it: with every short cut and machine code.
    AsUsual,
    /// Without either: short cuts of PCRE2 10.42 miss matches of some odd patterns.
    Plainly,
}

/// The running program. Dropping it ends the process.
#[derive(Debug)]
pub struct Pcre2 {
    child: Child,
    stdin: Option<BufWriter<ChildStdin>>,
    stdout: BufReader<ChildStdout>,
    _folder: tempfile::TempDir,
}

impl Pcre2 {
    /// Compiles the program and starts it.
    ///
    /// # Errors
    /// `Missing` without `cc` or the library's headers.
    pub fn start(manner: Manner) -> Result<Self, PartError> {
        let folder = tempfile::tempdir().map_err(PartError::system(PART))?;
        let program = compile(folder.path())?;
        let mut child = Command::new(program)
            .args((manner == Manner::Plainly).then_some("plainly"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(PartError::system(PART))?;
        let stdin = child.stdin.take().map(BufWriter::new);
        let stdout = child.stdout.take().ok_or_else(|| failed("no output"))?;
        Ok(Self {
            child,
            stdin,
            stdout: BufReader::new(stdout),
            _folder: folder,
        })
    }

    /// Searches each value for the pattern, from its start on.
    ///
    /// # Errors
    /// When the program has died.
    pub fn ask<V: AsRef<[u8]>>(
        &mut self,
        pattern: &[u8],
        values: &[V],
    ) -> Result<Vec<Answer>, PartError> {
        self.ask_from(pattern, 0, values)
    }

    /// Searches each value from the place `from` on; what stands before it is seen by assertions.
    ///
    /// # Errors
    /// When the program has died.
    pub fn ask_from<V: AsRef<[u8]>>(
        &mut self,
        pattern: &[u8],
        from: usize,
        values: &[V],
    ) -> Result<Vec<Answer>, PartError> {
        let stdin = self.stdin.as_mut().ok_or_else(|| failed("no input"))?;
        write_question(stdin, pattern, from, values).map_err(PartError::system(PART))?;
        values
            .iter()
            .map(|_| answer(&mut self.stdout).map_err(PartError::system(PART)))
            .collect()
    }
}

impl Drop for Pcre2 {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It may have ended already, and there is nobody to tell.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn failed(reason: &str) -> PartError {
    PartError::Failed {
        part: PART,
        reason: reason.trim().to_owned(),
    }
}

fn compile(folder: &Path) -> Result<PathBuf, PartError> {
    let source = folder.join("pcre2-matches.c");
    let program = folder.join("pcre2-matches");
    std::fs::write(&source, SOURCE).map_err(PartError::system(PART))?;
    let output = Command::new("cc")
        .args(["-O2", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&program)
        .arg(&source)
        .arg("-lpcre2-8")
        .output()
        .map_err(|error| PartError::start("cc", "gcc", error))?;
    if output.status.success() {
        return Ok(program);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("pcre2.h: No such file") {
        return Err(PartError::Missing("libpcre2-dev"));
    }
    Err(failed(&said))
}

/// The form that `pcre2-matches.c` describes.
fn write_question<V: AsRef<[u8]>>(
    to: &mut impl Write,
    pattern: &[u8],
    from: usize,
    values: &[V],
) -> io::Result<()> {
    write_text(to, pattern)?;
    write_number(to, from)?;
    write_number(to, values.len())?;
    for value in values {
        write_text(to, value.as_ref())?;
    }
    to.flush()
}

fn write_text(to: &mut impl Write, text: &[u8]) -> io::Result<()> {
    write_number(to, text.len())?;
    to.write_all(text)
}

fn write_number(to: &mut impl Write, number: usize) -> io::Result<()> {
    let number = u32::try_from(number).map_err(|_too_long| io::ErrorKind::InvalidInput)?;
    to.write_all(&number.to_le_bytes())
}

fn answer(from: &mut impl io::Read) -> io::Result<Answer> {
    let mut kind = [0];
    from.read_exact(&mut kind)?;
    Ok(match kind {
        [0] => Answer::No,
        [1] => {
            let mut places = [0; GROUPS * 8];
            from.read_exact(&mut places)?;
            Answer::Yes(places.chunks_exact(8).map(pair).collect())
        }
        [2] => Answer::Limit,
        _ => Answer::Refused,
    })
}

fn pair(raw: &[u8]) -> Option<(usize, usize)> {
    let (start, end) = raw.split_first_chunk()?;
    let place = |raw: [u8; 4]| usize::try_from(i32::from_le_bytes(raw)).ok();
    Some((place(*start)?, place(*end.first_chunk()?)?))
}
