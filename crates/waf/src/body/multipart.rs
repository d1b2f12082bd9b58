//! `multipart/form-data`, with every sign of ambiguity flagged: what this reader and a backend may read differently is where
//! attacks hide.
//!
//! The input is read as `libmodsecurity` reads it: in lines, a line of more than [`LINE`] bytes in pieces. It differs, always
//! to the safe side, where `libmodsecurity` 3.0.9
//!
//! - drops line breaks inside a field's value: they are kept here;
//! - hands out nothing when the final boundary is missing: everything read is handed out here, the unfinished part included;
//! - ignores a header that a part repeats, an empty boundary and a missing closing quote: these are errors here;
//! - leaves the line end in `MULTIPART_PART_HEADERS`: it is cut off here, as rules 922110 and 922120 expect.

mod boundary;
mod disposition;
mod flags;
mod part;
#[cfg(test)]
mod tests;

use memchr::{memchr, memmem};

pub use self::flags::MultipartFlags;
use self::part::Part;
use super::{BodyError, BodyErrorKind, is_space};

/// Longest line of a part's header, and longest piece of data that is looked at, in bytes.
const LINE: usize = 4096;

/// Receives what a body is made of, part by part. Each returns false when no more is wanted.
pub trait Parts {
    /// A part without file name: an argument (`ARGS_POST`).
    fn field(&mut self, name: &[u8], value: &[u8]) -> bool;
    /// A part with file name: `FILES` is `filename`, `FILES_NAMES` is `name`, and the length of `content` is its `FILES_SIZES`.
    fn file(&mut self, name: &[u8], filename: &[u8], content: &[u8]) -> bool;
    /// A header of the part that comes next, without its line end; a folded one is joined (`MULTIPART_PART_HEADERS`).
    fn part_header(&mut self, part_name: &[u8], header_line: &[u8]) -> bool;
}

/// Limits of [`multipart`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultipartLimits {
    /// Parts in a body.
    pub parts_max: usize,
    /// Files among them (`SecUploadFileLimit`); one more sets `MULTIPART_FILE_LIMIT_EXCEEDED` and is an error.
    pub files_max: usize,
    /// Headers of a part.
    pub part_headers_max: usize,
}

impl Default for MultipartLimits {
    /// 1,000 parts (as many as the stock configuration allows arguments), 100 files (the documented default), 32 headers.
    fn default() -> Self {
        Self {
            parts_max: 1000,
            files_max: 100,
            part_headers_max: 32,
        }
    }
}

/// An error together with the flags up to there: rules may ask for either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultipartError {
    /// What is wrong.
    pub error: BodyError,
    /// What was seen before; [`MultipartFlags::strict_error`] is true.
    pub flags: MultipartFlags,
}

/// Hands out the parts of `input`, whose `Content-Type` header is `content_type`.
///
/// # Errors
/// The first violation of the format or of a limit, or [`BodyErrorKind::Stopped`] when `out` wants no more.
pub fn multipart(
    input: &[u8],
    content_type: &[u8],
    limits: &MultipartLimits,
    out: &mut dyn Parts,
) -> Result<MultipartFlags, MultipartError> {
    let mut flags = MultipartFlags::default();
    let result = boundary::boundary(content_type, &mut flags).and_then(|boundary| {
        let dashed = [b"--", boundary].concat();
        let mut reader = Reader {
            input,
            boundary,
            dashed: memmem::Finder::new(&dashed),
            limits,
            out,
            flags: &mut flags,
            state: State::Preamble,
            boundaries: 0,
            files: 0,
            line_break: LineBreak::None,
            header_error: None,
        };
        let result = reader.read();
        reader.header_error.map_or(result, Err)
    });
    match result {
        Ok(()) => Ok(flags),
        Err(error) => {
            flags.error = true;
            Err(MultipartError { error, flags })
        }
    }
}

fn invalid(what: &str) -> BodyError {
    BodyError::new(
        BodyErrorKind::Syntax,
        format!("Multipart parsing error: {what}"),
    )
}

fn stopped() -> BodyError {
    BodyError::new(
        BodyErrorKind::Stopped,
        "Multipart parsing error: too many parts or headers",
    )
}

fn too_many(what: &str, limit: usize) -> BodyError {
    BodyError::new(
        BodyErrorKind::Limit,
        format!("Multipart parsing error: more than {limit} {what}"),
    )
}

/// Where reading stands.
enum State<'a> {
    /// Before the first boundary.
    Preamble,
    Headers(Part<'a>),
    /// In the part's data, which begins at `start`; `begun` once a line of it was read.
    Data {
        part: Part<'a>,
        start: usize,
        begun: bool,
    },
    /// Behind the final boundary.
    Done,
}

/// How the line before ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineBreak {
    /// It did not; what follows is the next piece of it. Also at the start.
    None,
    Lf,
    CrLf,
}

struct Reader<'a, 'o> {
    input: &'a [u8],
    boundary: &'a [u8],
    /// Finds the boundary anywhere.
    dashed: memmem::Finder<'o>,
    limits: &'o MultipartLimits,
    out: &'o mut dyn Parts,
    flags: &'o mut MultipartFlags,
    state: State<'a>,
    boundaries: usize,
    files: usize,
    line_break: LineBreak,
    /// The first error in a part's headers. Reading goes on, as in `libmodsecurity`: the lines that follow are taken for headers.
    header_error: Option<BodyError>,
}

impl<'a> Reader<'a, '_> {
    fn read(&mut self) -> Result<(), BodyError> {
        let mut at = 0;
        let mut is_line_start = true;
        loop {
            let rest = self.input.get(at..).unwrap_or_default();
            let Some(length) = piece(rest) else {
                return self.finish(at, is_line_start);
            };
            let line = rest.get(..length).unwrap_or_default();
            let is_boundary = match self.boundary_line(line, at, is_line_start) {
                Ok(is_boundary) => is_boundary,
                Err(error) => {
                    // The values before the error are wanted; an error of theirs is as good.
                    return self.next_part(at, true).and(Err(error));
                }
            };
            if !is_boundary {
                self.content(line, at)?;
            }
            at += length;
            self.line_break = match line {
                [.., b'\r', b'\n'] => LineBreak::CrLf,
                [.., b'\n'] => LineBreak::Lf,
                _ => LineBreak::None,
            };
            is_line_start = self.line_break != LineBreak::None;
            if matches!(self.state, State::Done) {
                self.flags.data_after = at < self.input.len();
                return Ok(());
            }
        }
    }

    /// Whether `line` was a boundary; then it was dealt with.
    fn boundary_line(
        &mut self,
        line: &[u8],
        at: usize,
        is_line_start: bool,
    ) -> Result<bool, BodyError> {
        if !is_line_start {
            return Ok(false);
        }
        let text = memchr(0, line)
            .and_then(|end| line.get(..end))
            .unwrap_or(line);
        let dashed = text.strip_prefix(b"--").filter(|_| text.len() > 3);
        let Some(name) = dashed else {
            self.flags.note_unmatched(self.dashed.find(line).is_some());
            return Ok(false);
        };
        let Some(tail) = name.strip_prefix(self.boundary) else {
            self.other_boundary(name)?;
            return Ok(false);
        };
        if self.line_break == LineBreak::Lf {
            self.flags.lf_line = true;
        }
        if self.boundaries > 0 && !self.data_has_begun() {
            self.flags.invalid_part = true;
            return Ok(false);
        }
        self.flags.note_matched(self.boundaries);
        let (is_final, line_end) = match tail.strip_prefix(b"--") {
            Some(line_end) => (true, line_end),
            None => (false, tail),
        };
        match line_end {
            b"\n" => self.flags.lf_line = true,
            b"\r\n" => self.flags.crlf_line = true,
            _ => return Err(invalid("something behind the boundary on its line")),
        }
        self.boundaries += 1;
        self.next_part(at, is_final)?;
        Ok(true)
    }

    /// A line that begins like a boundary and is not ours.
    fn other_boundary(&mut self, name: &[u8]) -> Result<(), BodyError> {
        let is_ours = |text: &[u8]| text.starts_with(self.boundary);
        if self.flags.boundary_quoted && name.strip_prefix(b"\"").is_some_and(is_ours) {
            return Err(invalid("quotes around the boundary"));
        }
        let spaces = name.iter().take_while(|byte| is_space(**byte)).count();
        if spaces > 0 && name.get(spaces..).is_some_and(is_ours) {
            return Err(invalid("white space before the boundary"));
        }
        self.flags.note_unmatched(true);
        Ok(())
    }

    fn data_has_begun(&self) -> bool {
        matches!(self.state, State::Data { begun: true, .. })
    }

    /// Hands out the part that the boundary at `end` closes, and begins the next.
    fn next_part(&mut self, end: usize, is_final: bool) -> Result<(), BodyError> {
        let next = if is_final {
            State::Done
        } else {
            State::Headers(Part::default())
        };
        match std::mem::replace(&mut self.state, next) {
            State::Data { part, start, .. } => self.hand_out(&part, start, end)?,
            State::Headers(part) => self.hand_out_headers(&part)?,
            State::Preamble | State::Done => {}
        }
        if !is_final && self.boundaries > self.limits.parts_max {
            return Err(too_many("parts", self.limits.parts_max));
        }
        Ok(())
    }

    /// The data reaches to `end`, without the line break before it, which belongs to the boundary.
    fn hand_out(&mut self, part: &Part<'a>, start: usize, end: usize) -> Result<(), BodyError> {
        let data = self.input.get(start..end).unwrap_or_default();
        let data = data
            .strip_suffix(b"\n")
            .map_or(data, |line| line.strip_suffix(b"\r").unwrap_or(line));
        self.hand_out_headers(part)?;
        let goes_on = match &part.filename {
            Some(filename) => {
                if self.files >= self.limits.files_max {
                    self.flags.file_limit_exceeded = true;
                    return Err(too_many("files", self.limits.files_max));
                }
                self.files += 1;
                self.out.file(&part.name, filename, data)
            }
            None => self.out.field(&part.name, data),
        };
        if goes_on { Ok(()) } else { Err(stopped()) }
    }

    fn hand_out_headers(&mut self, part: &Part<'a>) -> Result<(), BodyError> {
        let goes_on = part
            .header_lines()
            .all(|line| self.out.part_header(&part.name, line));
        if goes_on { Ok(()) } else { Err(stopped()) }
    }

    /// A line that is no boundary.
    fn content(&mut self, line: &'a [u8], at: usize) -> Result<(), BodyError> {
        match &mut self.state {
            State::Preamble => self.flags.data_before = true,
            State::Headers(part) => {
                if line.len() >= LINE || !line.ends_with(b"\n") {
                    return Err(invalid("a part header that is too long"));
                }
                match part.header_line(line, self.limits, self.flags) {
                    Ok(false) => {}
                    Ok(true) => {
                        let (part, start) = (std::mem::take(part), at + line.len());
                        self.state = State::Data {
                            part,
                            start,
                            begun: false,
                        };
                    }
                    Err(error) if error.kind == BodyErrorKind::Syntax => {
                        self.header_error.get_or_insert(error);
                    }
                    Err(error) => return Err(error),
                }
            }
            State::Data { begun, .. } => *begun = true,
            State::Done => {}
        }
        Ok(())
    }

    /// The input ends, with an unfinished line from `at` on. It may be the final boundary.
    fn finish(&mut self, at: usize, is_line_start: bool) -> Result<(), BodyError> {
        if self.input.is_empty() {
            return Ok(());
        }
        if self.boundaries == 0 {
            return Err(invalid("no boundary found"));
        }
        let rest = self.input.get(at..).unwrap_or_default();
        let is_final = is_line_start
            && rest
                .strip_prefix(b"--")
                .and_then(|name| name.strip_prefix(self.boundary))
                == Some(b"--".as_slice());
        if is_final {
            self.flags.lf_line |= self.line_break == LineBreak::Lf;
            self.flags.invalid_part |= !self.data_has_begun();
            return self.next_part(at, true);
        }
        self.next_part(self.input.len(), true)?;
        Err(invalid("the final boundary is missing"))
    }
}

/// The length of the next piece of `rest`: a line with its end, or [`LINE`] bytes of one, which never part `\r` from `\n`.
/// `None` for an unfinished line.
fn piece(rest: &[u8]) -> Option<usize> {
    let window = rest.get(..LINE).unwrap_or(rest);
    if let Some(end) = memchr(b'\n', window) {
        return Some(end + 1);
    }
    match window.get(LINE - 1) {
        Some(b'\r') => Some(LINE - 1),
        Some(_) => Some(LINE),
        None => None,
    }
}
