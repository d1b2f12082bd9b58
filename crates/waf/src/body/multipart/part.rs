//! One part while its headers are read.

use std::borrow::Cow;

use memchr::memchr;

use super::{LINE, MultipartFlags, MultipartLimits, disposition, invalid, too_many};
use crate::body::{BodyError, is_space};

const DISPOSITION: &[u8] = b"content-disposition";

/// What the headers of a part say.
#[derive(Debug, Default)]
pub(super) struct Part<'a> {
    headers: Vec<Header<'a>>,
    pub(super) name: Cow<'a, [u8]>,
    /// `None` makes the part a field.
    pub(super) filename: Option<Cow<'a, [u8]>>,
}

#[derive(Debug)]
struct Header<'a> {
    name: &'a [u8],
    /// Where the value begins in `line`.
    value: usize,
    /// Without line end.
    line: Cow<'a, [u8]>,
}

impl<'a> Part<'a> {
    pub(super) fn header_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.headers.iter().map(|header| header.line.as_ref())
    }

    /// Takes one line of the headers, its end included. True when it is the empty one that ends them.
    pub(super) fn header_line(
        &mut self,
        line: &'a [u8],
        limits: &MultipartLimits,
        flags: &mut MultipartFlags,
    ) -> Result<bool, BodyError> {
        if memchr(0, line).is_some() {
            return Err(invalid("a NUL in a part header"));
        }
        if line.ends_with(b"\r\n") {
            flags.crlf_line = true;
        } else {
            flags.lf_line = true;
        }
        match line {
            b"\r\n" | b"\n" => self.headers_end(flags).map(|()| true),
            [first, ..] if is_space(*first) => self.folded(line, flags).map(|()| false),
            _ => self.header(line, limits).map(|()| false),
        }
    }

    fn header(&mut self, line: &'a [u8], limits: &MultipartLimits) -> Result<(), BodyError> {
        let line = chomp(line);
        let Some(colon) = memchr(b':', line) else {
            return Err(invalid("a part header without colon"));
        };
        let (name, value) = line.split_at_checked(colon).unwrap_or((line, &[]));
        if name.is_empty() {
            return Err(invalid("a part header without name"));
        }
        let is_repeated = self
            .headers
            .iter()
            .any(|header| header.name.eq_ignore_ascii_case(name));
        if self.headers.len() >= limits.part_headers_max {
            return Err(too_many("headers in a part", limits.part_headers_max));
        }
        let blanks = value
            .iter()
            .skip(1)
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        self.headers.push(Header {
            name,
            value: colon + 1 + blanks,
            line: Cow::Borrowed(line),
        });
        if is_repeated {
            return Err(invalid("a part header that is repeated"));
        }
        Ok(())
    }

    /// A line that goes on with the header before it. The line of a folded header is written anew, in one line.
    fn folded(&mut self, line: &[u8], flags: &mut MultipartFlags) -> Result<(), BodyError> {
        flags.header_folding = true;
        let blanks = line.iter().take_while(|byte| is_space(**byte)).count();
        let (prefix, text) = line.split_at_checked(blanks).unwrap_or((line, &[]));
        flags.invalid_header_folding |= prefix.iter().any(|byte| !matches!(byte, b' ' | b'\t'));
        let Some(header) = self.headers.last_mut() else {
            return Err(invalid("a folded line that follows no part header"));
        };
        if let Cow::Borrowed(first) = header.line {
            let value = first.get(header.value..).unwrap_or_default();
            header.line = Cow::Owned([header.name, b": ", value].concat());
            header.value = header.name.len() + 2;
        }
        let text = chomp(text);
        if header.line.len() - header.value + 1 + text.len() > LINE {
            return Err(invalid("a folded part header that is too long"));
        }
        let joined = header.line.to_mut();
        joined.push(b' ');
        joined.extend_from_slice(text);
        Ok(())
    }

    /// The empty line: name and file name come from `Content-Disposition`.
    fn headers_end(&mut self, flags: &mut MultipartFlags) -> Result<(), BodyError> {
        let Some(header) = self
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(DISPOSITION))
        else {
            return Err(invalid("a part without Content-Disposition"));
        };
        let found = match &header.line {
            Cow::Borrowed(line) => {
                disposition::parse(line.get(header.value..).unwrap_or_default(), flags)?
            }
            Cow::Owned(line) => {
                disposition::parse(line.get(header.value..).unwrap_or_default(), flags)?
                    .into_owned()
            }
        };
        self.name = found.name;
        self.filename = found.filename;
        Ok(())
    }
}

/// Without CR and LF at its end.
fn chomp(line: &[u8]) -> &[u8] {
    let end = line
        .iter()
        .rposition(|byte| !matches!(byte, b'\r' | b'\n'))
        .map_or(0, |last| last + 1);
    line.get(..end).unwrap_or_default()
}
