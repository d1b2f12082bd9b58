//! A request as a server would hand it to the rules, and the response that comes back.

/// A request, taken apart and otherwise untouched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// As it stands before the target, leading white space included.
    pub method: Vec<u8>,
    /// As it stands in the first line.
    pub target: Vec<u8>,
    /// As it stands in the first line, `HTTP/1.1`.
    pub version: Vec<u8>,
    /// Names and values in order, white space around values removed.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// Without chunk framing, and no longer than `Content-Length` says.
    pub body: Vec<u8>,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Names and values in order.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Request {
    /// Takes the bytes of one HTTP/1 request apart. Nothing is refused: a missing part is empty, a line without a colon is a
    /// name without a value. Lines end in LF, a CR before it is not part of the line.
    pub fn from_wire(wire: &[u8]) -> Self {
        let (first, mut rest) = line(wire);
        let mut request = Self::default();
        (request.method, request.target, request.version) = request_line(first);
        while !rest.is_empty() {
            let (header, after) = line(rest);
            rest = after;
            if header.is_empty() {
                break;
            }
            let (name, value) = split(header, b':').unwrap_or((header, b""));
            request
                .headers
                .push((name.to_vec(), value.trim_ascii().to_vec()));
        }
        request.body = request.framed(rest);
        request
    }

    /// The value of the first header of that name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.as_slice())
    }

    /// The part of `rest` that a server reads as this request's body.
    fn framed(&self, rest: &[u8]) -> Vec<u8> {
        let chunked = self
            .header("Transfer-Encoding")
            .is_some_and(|value| value.trim_ascii().eq_ignore_ascii_case(b"chunked"));
        if let Some(body) = chunked.then(|| unchunked(rest)).flatten() {
            return body;
        }
        let length = self
            .header("Content-Length")
            .filter(|_| !chunked)
            .and_then(|value| std::str::from_utf8(value).ok())
            .and_then(|value| value.parse::<usize>().ok());
        rest.get(..length.unwrap_or(usize::MAX))
            .unwrap_or(rest)
            .to_vec()
    }
}

/// Leading white space belongs to the method, and the version is the last word, so that a target may hold spaces.
fn request_line(line: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let blank = line
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count();
    let (indent, words) = line.split_at(blank);
    let Some((method, after)) = split(words, b' ') else {
        return (line.to_vec(), Vec::new(), Vec::new());
    };
    let last = after.iter().rposition(|byte| *byte == b' ');
    let (target, version) = match last.and_then(|at| after.split_at_checked(at)) {
        Some((target, version)) => (target, version.get(1..).unwrap_or_default()),
        None => (after, &[][..]),
    };
    ([indent, method].concat(), target.to_vec(), version.to_vec())
}

/// The bytes of a chunked body; `None` when it is not one.
fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let (size, after) = line(rest);
        let size = size.split(|byte| *byte == b';').next()?;
        let size = std::str::from_utf8(size.trim_ascii()).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let (chunk, after) = after.split_at_checked(size)?;
        body.extend_from_slice(chunk);
        rest = after
            .strip_prefix(b"\r\n")
            .or_else(|| after.strip_prefix(b"\n"))?;
    }
}

/// The first line without its end, and what follows.
fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = split(bytes, b'\n').unwrap_or((bytes, b""));
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

/// What stands before and after the first `separator`.
fn split(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(separator, bytes)?;
    let (before, after) = bytes.split_at_checked(at)?;
    Some((before, after.get(1..)?))
}
