//! The head of a request: judged whole, before any HTTP library reads it.

use std::mem::MaybeUninit;

use crate::FramingRefusal;

/// More header fields than this are refused whatever the limit says; the array for them stands on the stack.
const HEADERS_CEILING: usize = 128;

/// The `http` crate's URI holds 16-bit offsets; a longer target would be refused behind us without a reason.
const TARGET_CEILING: usize = 65_534;

/// Eighteen digits fit `u64` without an overflow check, and no body is that long.
const LENGTH_DIGITS_MAX: usize = 18;

/// Limits on a request head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadLimits {
    /// The whole head, with the empty line at its end.
    pub head_bytes_max: usize,
    /// Header fields; never more than 128.
    pub headers_max: usize,
    /// The request target.
    pub target_bytes_max: usize,
}

/// How the body behind a head is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFraming {
    /// There is no body.
    None,
    /// `Content-Length`.
    Length(u64),
    /// `Transfer-Encoding: chunked`, to be followed by a [`crate::ChunkReader`].
    Chunked,
}

/// Judges a whole head, up to and including the empty line that ends it.
pub fn judge_head(head: &[u8], limits: &HeadLimits) -> Result<BodyFraming, FramingRefusal> {
    match read_head(head, 0, limits)? {
        Some((end, framing)) if end == head.len() => Ok(framing),
        Some(_) | None => Err(FramingRefusal::RequestLine),
    }
}

/// Looks for a whole head at the start of `bytes` and judges it. `None` means that more bytes are needed; the next call may
/// then say in `seen` how many bytes this call was given.
pub fn read_head(
    bytes: &[u8],
    seen: usize,
    limits: &HeadLimits,
) -> Result<Option<(usize, BodyFraming)>, FramingRefusal> {
    if matches!(bytes.first(), Some(b'\r' | b'\n')) {
        return Err(FramingRefusal::RequestLine);
    }
    let Some(end) = head_end(bytes, seen)? else {
        return if bytes.len() > limits.head_bytes_max {
            Err(too_large(bytes, limits))
        } else {
            Ok(None)
        };
    };
    let head = bytes.get(..end).unwrap_or_default();
    if head.len() > limits.head_bytes_max {
        return Err(too_large(head, limits));
    }
    Ok(Some((end, judge(head, limits)?)))
}

/// The index behind the first CR LF CR LF. Any line feed without its carriage return is refused on the way.
fn head_end(bytes: &[u8], seen: usize) -> Result<Option<usize>, FramingRefusal> {
    let from = seen.min(bytes.len());
    for offset in memchr::memchr_iter(b'\n', bytes.get(from..).unwrap_or_default()) {
        let line = bytes.get(..=from + offset).unwrap_or_default();
        if !line.ends_with(b"\r\n") {
            return Err(FramingRefusal::BareLineFeed);
        }
        if line.ends_with(b"\r\n\r\n") {
            return Ok(Some(line.len()));
        }
    }
    Ok(None)
}

fn too_large(head: &[u8], limits: &HeadLimits) -> FramingRefusal {
    // A method and a version are shorter than this; what else the first line holds is the target.
    let rest_of_line_max = 32;
    let line = memchr::memchr(b'\n', head).unwrap_or(head.len());
    if line > limits.target_bytes_max.saturating_add(rest_of_line_max) {
        FramingRefusal::TargetTooLong
    } else {
        FramingRefusal::HeadTooLarge
    }
}

fn judge(head: &[u8], limits: &HeadLimits) -> Result<BodyFraming, FramingRefusal> {
    let mut fields = [const { MaybeUninit::uninit() }; HEADERS_CEILING];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(head, &mut fields) {
        Ok(httparse::Status::Complete(end)) if end == head.len() => {}
        Ok(_) => return Err(FramingRefusal::RequestLine),
        Err(error) => return Err(classify(head, error)),
    }
    let (Some(method), Some(target), Some(version)) =
        (request.method, request.path, request.version)
    else {
        return Err(FramingRefusal::RequestLine);
    };
    match method {
        "CONNECT" => return Err(FramingRefusal::MethodConnect),
        "TRACE" => return Err(FramingRefusal::MethodTrace),
        _ => {}
    }
    judge_target(target, limits)?;
    if request.headers.len() > limits.headers_max {
        return Err(FramingRefusal::TooManyHeaders);
    }
    let mut framing = Framing {
        head,
        ..Framing::default()
    };
    for field in request.headers.iter() {
        framing.take(field)?;
    }
    let framing = framing.conclude(version)?;
    match (method, framing) {
        (_, BodyFraming::None | BodyFraming::Length(0)) => Ok(framing),
        ("GET" | "HEAD", BodyFraming::Length(_) | BodyFraming::Chunked) => {
            Err(FramingRefusal::BodyUnexpected)
        }
        (_, BodyFraming::Length(_) | BodyFraming::Chunked) => Ok(framing),
    }
}

fn judge_target(target: &str, limits: &HeadLimits) -> Result<(), FramingRefusal> {
    if target.len() > limits.target_bytes_max.min(TARGET_CEILING) {
        return Err(FramingRefusal::TargetTooLong);
    }
    if !target.starts_with('/') {
        return Err(FramingRefusal::TargetForm);
    }
    for byte in target.bytes() {
        match byte {
            b'#' => return Err(FramingRefusal::TargetFragment),
            b'"' | b'<' | b'>' | b'`' | 0..=b' ' | 0x7f..=0xff => {
                return Err(FramingRefusal::TargetCharacter);
            }
            _ => {}
        }
    }
    Ok(())
}

/// What the headers say about framing, gathered field by field.
#[derive(Default)]
struct Framing<'a> {
    head: &'a [u8],
    host: bool,
    length: Option<u64>,
    chunked: bool,
}

impl Framing<'_> {
    fn take(&mut self, field: &httparse::Header<'_>) -> Result<(), FramingRefusal> {
        let name = field.name;
        if name.as_bytes().contains(&b'_') {
            return Err(FramingRefusal::HeaderUnderscore);
        }
        match name.len() {
            4 if name.eq_ignore_ascii_case("host") => self.take_host(field.value),
            6 if name.eq_ignore_ascii_case("expect")
                && !field.value.eq_ignore_ascii_case(b"100-continue") =>
            {
                Err(FramingRefusal::Expectation)
            }
            7 if name.eq_ignore_ascii_case("upgrade") => Err(FramingRefusal::Upgrade),
            14 if name.eq_ignore_ascii_case("content-length") => self.take_length(field),
            17 if name.eq_ignore_ascii_case("transfer-encoding") => self.take_encoding(field),
            _ => Ok(()),
        }
    }

    fn take_host(&mut self, value: &[u8]) -> Result<(), FramingRefusal> {
        if self.host {
            return Err(FramingRefusal::HostRepeated);
        }
        self.host = true;
        if is_host(value) {
            Ok(())
        } else {
            Err(FramingRefusal::HostInvalid)
        }
    }

    fn take_length(&mut self, field: &httparse::Header<'_>) -> Result<(), FramingRefusal> {
        let digits = field.value;
        if self.length.is_some() || digits.contains(&b',') {
            return Err(FramingRefusal::LengthRepeated);
        }
        let plain = digits.len() <= LENGTH_DIGITS_MAX && digits.iter().all(u8::is_ascii_digit);
        let leading_zero = digits.len() > 1 && digits.starts_with(b"0");
        if digits.is_empty() || !plain || leading_zero || !self.is_bare(field) {
            return Err(FramingRefusal::LengthInvalid);
        }
        self.length = Some(
            digits
                .iter()
                .fold(0, |number, digit| number * 10 + u64::from(digit - b'0')),
        );
        Ok(())
    }

    fn take_encoding(&mut self, field: &httparse::Header<'_>) -> Result<(), FramingRefusal> {
        if self.chunked || field.value.contains(&b',') {
            return Err(FramingRefusal::EncodingRepeated);
        }
        if !field.value.eq_ignore_ascii_case(b"chunked") || !self.is_bare(field) {
            return Err(FramingRefusal::EncodingUnknown);
        }
        self.chunked = true;
        Ok(())
    }

    /// Whether at most one space, and no tab, stands around the value; readers differ in what they trim.
    fn is_bare(&self, field: &httparse::Header<'_>) -> bool {
        let start = self.head.as_ptr().addr();
        let name_end = field.name.as_ptr().addr() - start + field.name.len();
        let value_start = field.value.as_ptr().addr() - start;
        let before = self.head.get(name_end..value_start);
        let after = self.head.get(value_start + field.value.len()..);
        matches!(before, Some(b":" | b": "))
            && after.is_some_and(|after| after.starts_with(b"\r\n"))
    }

    fn conclude(self, version: u8) -> Result<BodyFraming, FramingRefusal> {
        let newest = version == 1;
        if newest && !self.host {
            return Err(FramingRefusal::HostMissing);
        }
        match (self.chunked, self.length) {
            (true, Some(_)) => Err(FramingRefusal::LengthAndEncoding),
            (true, None) if !newest => Err(FramingRefusal::EncodingOldVersion),
            (true, None) => Ok(BodyFraming::Chunked),
            (false, Some(length)) => Ok(BodyFraming::Length(length)),
            (false, None) => Ok(BodyFraming::None),
        }
    }
}

/// A name or an IPv4 address, or an IPv6 address in brackets, and an optional port.
fn is_host(value: &[u8]) -> bool {
    let (host_ok, port) = if let Some(rest) = value.strip_prefix(b"[") {
        let Some(end) = memchr::memchr(b']', rest) else {
            return false;
        };
        let (address, port) = rest.split_at(end);
        let digits = address
            .iter()
            .all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
        (
            digits && address.contains(&b':'),
            port.strip_prefix(b"]").unwrap_or_default(),
        )
    } else {
        let (name, port) = value.split_at(memchr::memchr(b':', value).unwrap_or(value.len()));
        let plain = name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
        (plain && !name.is_empty(), port)
    };
    host_ok && is_port(port)
}

fn is_port(port: &[u8]) -> bool {
    let Some(digits) = port.strip_prefix(b":") else {
        return port.is_empty();
    };
    // Five digits cannot overflow.
    if !(1..=5).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    digits
        .iter()
        .fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
        <= 65_535
}

/// Names what `httparse` refused. Slow, and only for refused heads.
fn classify(head: &[u8], error: httparse::Error) -> FramingRefusal {
    if let Err(refusal) =
        classify_line(head.split(|byte| *byte == b'\r').next().unwrap_or_default())
    {
        return refusal;
    }
    let folded = head.windows(2).any(|pair| matches!(pair, b"\n " | b"\n\t"));
    match error {
        httparse::Error::TooManyHeaders => FramingRefusal::TooManyHeaders,
        _ if folded => FramingRefusal::HeaderFolded,
        httparse::Error::HeaderName => FramingRefusal::HeaderName,
        httparse::Error::HeaderValue | httparse::Error::NewLine => FramingRefusal::HeaderValue,
        httparse::Error::Token | httparse::Error::Version | httparse::Error::Status => {
            FramingRefusal::RequestLine
        }
    }
}

fn classify_line(line: &[u8]) -> Result<(), FramingRefusal> {
    let mut parts = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(FramingRefusal::RequestLine);
    };
    if method.is_empty() || target.is_empty() || !method.iter().all(u8::is_ascii_graphic) {
        return Err(FramingRefusal::RequestLine);
    }
    if !target.iter().all(u8::is_ascii_graphic) {
        return Err(FramingRefusal::TargetCharacter);
    }
    match version {
        b"HTTP/1.0" | b"HTTP/1.1" => Ok(()),
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Err(FramingRefusal::Version)
        }
        _ => Err(FramingRefusal::RequestLine),
    }
}

#[cfg(test)]
mod tests;
