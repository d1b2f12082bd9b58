//! A file to directives, a directive to words.

use memchr::memchr;

use super::fault::{Fault, quote};

/// One directive with its continuation lines joined.
#[derive(Debug, Default)]
pub(super) struct Logical {
    pub(super) text: Vec<u8>,
    /// Where in `text` each line of the file begins.
    starts: Vec<(usize, u32)>,
}

impl Logical {
    /// Line of the file that holds the byte at `at`.
    pub(super) fn line_at(&self, at: usize) -> u32 {
        let after = self.starts.partition_point(|(start, _)| *start <= at);
        self.starts
            .get(after.saturating_sub(1))
            .map_or(1, |(_, line)| *line)
    }
}

/// A place in a file that is being read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lines {
    position: usize,
    /// Lines taken so far, which is the number of the line taken last.
    line: u32,
}

impl Lines {
    /// Begins at that byte of the file.
    pub(super) fn at(position: usize) -> Self {
        Self { position, line: 0 }
    }

    /// Puts the next directive of `file` into `to`; false at the end of the file. Mistakes come with their line.
    pub(super) fn next(
        &mut self,
        file: &[u8],
        to: &mut Logical,
        faults: &mut Vec<(u32, Fault)>,
    ) -> bool {
        loop {
            let Some(line) = self.take(file) else {
                return false;
            };
            let content = line.trim_ascii();
            if content.starts_with(b"#") {
                self.finish_comment(file, content, faults);
            } else if !content.is_empty() {
                self.join(file, line, to, faults);
                return true;
            }
        }
    }

    fn take<'a>(&mut self, file: &'a [u8]) -> Option<&'a [u8]> {
        let rest = file.get(self.position..).filter(|rest| !rest.is_empty())?;
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..length)?;
        self.position += length + 1;
        self.line = self.line.saturating_add(1);
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// A comment that ends in `\` goes on in the next line. There ModSecurity swallows even a live directive; we refuse that.
    fn finish_comment(&mut self, file: &[u8], comment: &[u8], faults: &mut Vec<(u32, Fault)>) {
        let mut goes_on = comment.ends_with(b"\\");
        while goes_on {
            let mut peek = *self;
            let Some(line) = peek.take(file) else { return };
            let content = line.trim_ascii();
            if content.starts_with(b"#") {
                return;
            }
            if looks_like_a_directive(content) {
                let message = format!(
                    "the comment above ends in `\\`, so {} could be part of it",
                    quote(first_word(content))
                );
                faults.push((
                    peek.line,
                    Fault::new(message).hint("remove the `\\` at the end of the comment"),
                ));
                return;
            }
            *self = peek;
            goes_on = content.ends_with(b"\\");
        }
    }

    fn join(
        &mut self,
        file: &[u8],
        first: &[u8],
        to: &mut Logical,
        faults: &mut Vec<(u32, Fault)>,
    ) {
        to.text.clear();
        to.starts.clear();
        let mut line = first;
        loop {
            to.starts.push((to.text.len(), self.line));
            if let Some(kept) = line.strip_suffix(b"\\") {
                to.text.extend_from_slice(kept);
            } else {
                let end = line.trim_ascii_end();
                if let Some(kept) = end.strip_suffix(b"\\") {
                    let fault = Fault::new("blanks stand behind the `\\` that ends this line");
                    faults.push((
                        self.line,
                        fault.hint("a line goes on only when `\\` is its last character"),
                    ));
                    to.text.extend_from_slice(kept);
                } else {
                    to.text.extend_from_slice(line);
                }
                break;
            }
            let Some(next) = self.take_inside(file, faults) else {
                break;
            };
            line = next;
        }
        if memchr(0, &to.text).is_some() {
            faults.push((
                to.line_at(0),
                Fault::new("a NUL byte stands in this directive"),
            ));
        }
    }

    /// The next line of a directive that goes on; comments in between are mistakes.
    fn take_inside<'a>(
        &mut self,
        file: &'a [u8],
        faults: &mut Vec<(u32, Fault)>,
    ) -> Option<&'a [u8]> {
        loop {
            let Some(line) = self.take(file) else {
                faults.push((
                    self.line,
                    Fault::new("the file ends where `\\` says that the line goes on"),
                ));
                return None;
            };
            let content = line.trim_ascii();
            if !content.starts_with(b"#") {
                return Some(line);
            }
            let message = format!("the comment {} stands inside a directive", quote(content));
            faults.push((
                self.line,
                Fault::new(message).hint("put it above the directive"),
            ));
            if !content.ends_with(b"\\") {
                return None;
            }
        }
    }
}

fn first_word(line: &[u8]) -> &[u8] {
    line.split(u8::is_ascii_whitespace).next().unwrap_or(line)
}

fn looks_like_a_directive(line: &[u8]) -> bool {
    let word = first_word(line);
    let begins = |with: &[u8]| {
        word.get(..with.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(with))
    };
    begins(b"Sec") || begins(b"Include") || begins(b"<")
}

/// One word of a directive, without its quotes and otherwise as it stands: `ModSecurity` removes no backslash.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    /// Where it begins in the directive.
    pub(super) at: usize,
    pub(super) quoted: bool,
    pub(super) text: &'a [u8],
}

/// The words of a directive, its name first.
pub(super) fn words(text: &[u8]) -> Result<Vec<Word<'_>>, Fault> {
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        at += rest.len() - rest.trim_ascii_start().len();
        let rest = rest.trim_ascii_start();
        let Some((first, inside)) = rest.split_first() else {
            return Ok(words);
        };
        if *first == b'"' {
            let length = closing(inside, b'"').ok_or_else(|| {
                Fault::new(format!(
                    "the quoted text {} has no closing `\"`",
                    quote(inside)
                ))
                .or_at(at)
            })?;
            let word = inside.get(..length).unwrap_or_default();
            words.push(Word {
                at: at + 1,
                quoted: true,
                text: word,
            });
            at += length + 2;
            if text
                .get(at)
                .is_some_and(|next| !next.is_ascii_whitespace() && *next != b'"')
            {
                return Err(Fault::new(format!(
                    "a blank is missing behind `\"` of {}",
                    quote(word)
                ))
                .hint("a `\"` inside a quoted text is written `\\\"`")
                .or_at(at));
            }
        } else {
            let length = rest
                .iter()
                .position(u8::is_ascii_whitespace)
                .unwrap_or(rest.len());
            let word = rest.get(..length).unwrap_or_default();
            if *first == b'\'' {
                return Err(Fault::new(format!(
                    "single quotes do not hold {} together",
                    quote(word)
                ))
                .hint("use double quotes")
                .or_at(at));
            }
            if memchr(b'"', word).is_some() {
                return Err(Fault::new(format!(
                    "a blank is missing before `\"` in {}",
                    quote(word)
                ))
                .or_at(at));
            }
            words.push(Word {
                at,
                quoted: false,
                text: word,
            });
            at += length;
        }
    }
}

/// Where `mark` stands first without a backslash that escapes it.
pub(super) fn closing(text: &[u8], mark: u8) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|&one| {
        let found = one == mark && !escaped;
        escaped = one == b'\\' && !escaped;
        found
    })
}
