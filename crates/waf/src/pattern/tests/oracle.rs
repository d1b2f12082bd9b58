//! PCRE2 itself, through a small C program: built when a compiler and the library are there.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What PCRE2 answers for one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    No,
    Yes(Vec<Option<(usize, usize)>>),
    Limit,
    Refused,
}

/// A pattern and the values for it alone.
pub(super) type Question = (Vec<u8>, Vec<Vec<u8>>);

pub(super) struct Oracle {
    program: PathBuf,
    _folder: tempfile::TempDir,
}

impl Oracle {
    pub(super) fn build() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("pcre2-matches");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testkit/c/pcre2-matches.c");
        let built = Command::new("cc")
            .args(["-O2", "-o"])
            .arg(&program)
            .arg(source)
            .arg("-lpcre2-8")
            .stderr(Stdio::null())
            .status();
        if !built.is_ok_and(|status| status.success()) {
            println!("not run: no C compiler or no libpcre2-dev");
            return None;
        }
        Some(Self {
            program,
            _folder: folder,
        })
    }

    /// Answers for each question: the shared values, then its own.
    pub(super) fn ask(&self, shared: &[Vec<u8>], questions: &[Question]) -> Vec<Vec<Answer>> {
        let mut input = Vec::new();
        write_all(&mut input, shared);
        for (pattern, own) in questions {
            write_text(&mut input, pattern);
            write_all(&mut input, own);
        }
        let mut child = Command::new(&self.program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
        let mut output = Vec::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_end(&mut output)
            .unwrap();
        writer.join().unwrap();
        assert!(child.wait().unwrap().success());
        let mut rest = output.as_slice();
        questions
            .iter()
            .map(|(_, own)| {
                (0..shared.len() + own.len())
                    .map(|_| answer(&mut rest))
                    .collect()
            })
            .collect()
    }
}

fn write_text(to: &mut Vec<u8>, text: &[u8]) {
    to.extend_from_slice(&u32::try_from(text.len()).unwrap().to_le_bytes());
    to.extend_from_slice(text);
}

fn write_all(to: &mut Vec<u8>, values: &[Vec<u8>]) {
    to.extend_from_slice(&u32::try_from(values.len()).unwrap().to_le_bytes());
    for value in values {
        write_text(to, value);
    }
}

fn answer(rest: &mut &[u8]) -> Answer {
    let (kind, behind) = rest.split_first().unwrap();
    *rest = behind;
    match kind {
        0 => Answer::No,
        2 => Answer::Limit,
        3 => Answer::Refused,
        _ => {
            let (raw, behind) = rest.split_at(80);
            *rest = behind;
            let places: Vec<i32> = raw
                .chunks(4)
                .map(|four| i32::from_le_bytes(four.try_into().unwrap()))
                .collect();
            let pair = |pair: &[i32]| {
                Some((
                    usize::try_from(pair[0]).ok()?,
                    usize::try_from(pair[1]).ok()?,
                ))
            };
            Answer::Yes(places.chunks(2).map(pair).collect())
        }
    }
}
