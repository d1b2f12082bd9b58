//! Raw HTTP/1.1 over raw TLS: what is written is what is sent.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

/// Time for one read or write; a system that hangs is not a system that holds.
const PATIENCE: Duration = Duration::from_secs(15);
/// Largest head of an answer that is read, bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Largest body of an answer that is read, bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The attack did not reach the system, or no whole answer came back.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The address is not loopback; attacks go nowhere else.
    #[error("`{0}` is not a loopback address")]
    NotLoopback(SocketAddr),
    /// No connection.
    #[error("cannot connect to `{address}`: {cause}")]
    Connect {
        /// Where to.
        address: SocketAddr,
        /// Why not.
        cause: io::Error,
    },
    /// TLS could not be set up.
    #[error("TLS: {0}")]
    Tls(String),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    /// The target names no guard for a service.
    #[error("no address of a guard is known for `{0}`")]
    NoGuard(String),
    /// What came back is not an answer.
    #[error("not an answer: {0}")]
    NotAnAnswer(&'static str),
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status; kept for the report, never a verdict.
    pub status: u16,
    /// The whole answer, head and body: a canary in a header is a leak too.
    pub whole: Vec<u8>,
    /// The body alone.
    pub body: Vec<u8>,
    close: bool,
}

impl Answer {
    /// A text member of a JSON body, e.g. `code`.
    pub fn member(&self, name: &str) -> Option<String> {
        let value: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        value.get(name)?.as_str().map(str::to_owned)
    }
}

/// A place to send requests to, over one connection as long as the other side keeps it.
pub struct Wire {
    address: SocketAddr,
    host: String,
    config: Arc<ClientConfig>,
    stream: Option<StreamOwned<ClientConnection, TcpStream>>,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Wire {
    /// To the public door, whose certificate is verified.
    pub fn outside(address: SocketAddr, host: &str, ca_pem: &str) -> Result<Self, WireError> {
        Self::new(address, host, crate::tls::outside(ca_pem)?)
    }

    /// To an inner door, with a stolen certificate.
    pub fn inside(
        address: SocketAddr,
        certificate_pem: &str,
        key_pem: &str,
    ) -> Result<Self, WireError> {
        Self::new(
            address,
            "localhost",
            crate::tls::inside(certificate_pem, key_pem)?,
        )
    }

    fn new(address: SocketAddr, host: &str, config: Arc<ClientConfig>) -> Result<Self, WireError> {
        if !address.ip().is_loopback() {
            return Err(WireError::NotLoopback(address));
        }
        Ok(Self {
            address,
            host: host.to_owned(),
            config,
            stream: None,
        })
    }

    /// Sends one request exactly as given and reads the answer. `Host` and `Content-Length` are added.
    pub fn send(&mut self, request: &Request<'_>) -> Result<Answer, WireError> {
        let bytes = request.to_bytes(&self.host);
        let reused = self.stream.is_some();
        match self.exchange(&bytes) {
            // A kept connection may have been closed since; the request did not arrive then.
            Err(WireError::Broken(_)) if reused => self.exchange(&bytes),
            other => other,
        }
    }

    fn exchange(&mut self, bytes: &[u8]) -> Result<Answer, WireError> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connect()?,
        };
        stream
            .write_all(bytes)
            .and_then(|()| stream.flush())
            .map_err(WireError::Broken)?;
        let answer = read_answer(&mut stream)?;
        if !answer.close {
            self.stream = Some(stream);
        }
        Ok(answer)
    }

    fn connect(&self) -> Result<StreamOwned<ClientConnection, TcpStream>, WireError> {
        let broken = |cause| WireError::Connect {
            address: self.address,
            cause,
        };
        let socket = TcpStream::connect_timeout(&self.address, PATIENCE).map_err(broken)?;
        socket.set_read_timeout(Some(PATIENCE)).map_err(broken)?;
        socket.set_write_timeout(Some(PATIENCE)).map_err(broken)?;
        socket.set_nodelay(true).map_err(broken)?;
        let name = ServerName::try_from(self.host.clone())
            .map_err(|error| WireError::Tls(error.to_string()))?;
        let connection = ClientConnection::new(Arc::clone(&self.config), name)
            .map_err(|error| WireError::Tls(error.to_string()))?;
        Ok(StreamOwned::new(connection, socket))
    }
}

/// A request, before it is bytes.
#[derive(Debug)]
pub struct Request<'a> {
    /// Method.
    pub method: &'a str,
    /// Path and query, sent as they are.
    pub path: &'a str,
    /// Header fields, sent as they are.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// A GET without header fields.
    pub(crate) fn read(path: &'a str) -> Self {
        Self {
            method: "GET",
            path,
            headers: Vec::new(),
            body: &[],
        }
    }

    /// Adds a header field.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a bearer token.
    pub(crate) fn bearer(self, token: &str) -> Self {
        let value = format!("Bearer {token}");
        self.with("Authorization", &value)
    }

    fn to_bytes(&self, host: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {host}\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if !self.body.is_empty() {
            head.extend(["Content-Length: ", &self.body.len().to_string(), "\r\n"]);
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(self.body);
        bytes
    }
}

fn read_answer(stream: &mut impl Read) -> Result<Answer, WireError> {
    let mut whole = Vec::new();
    let head_end = loop {
        if let Some(at) = whole.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if whole.len() > HEAD_BYTES_MAX {
            return Err(WireError::NotAnAnswer("its head is too large"));
        }
        if more(stream, &mut whole)? == 0 {
            return Err(WireError::Broken(io::ErrorKind::UnexpectedEof.into()));
        }
    };
    let head = Head::parse(whole.get(..head_end).unwrap_or_default())?;
    let body = match head.framing() {
        Framing::Length(length) => {
            fill(stream, &mut whole, head_end.saturating_add(length))?;
            whole
                .get(head_end..head_end + length)
                .unwrap_or_default()
                .to_vec()
        }
        Framing::Chunked => read_chunks(stream, &mut whole, head_end)?,
        Framing::Close => {
            while more(stream, &mut whole)? > 0 {}
            whole.get(head_end..).unwrap_or_default().to_vec()
        }
    };
    Ok(Answer {
        status: head.status,
        whole,
        body,
        close: head.close,
    })
}

fn more(stream: &mut impl Read, whole: &mut Vec<u8>) -> Result<usize, WireError> {
    let mut buffer = [0_u8; 8192];
    let count = stream.read(&mut buffer).map_err(WireError::Broken)?;
    whole.extend_from_slice(buffer.get(..count).unwrap_or_default());
    if whole.len() > HEAD_BYTES_MAX + BODY_BYTES_MAX {
        return Err(WireError::NotAnAnswer("it is too large"));
    }
    Ok(count)
}

fn fill(stream: &mut impl Read, whole: &mut Vec<u8>, length: usize) -> Result<(), WireError> {
    if length > HEAD_BYTES_MAX + BODY_BYTES_MAX {
        return Err(WireError::NotAnAnswer("it is too large"));
    }
    while whole.len() < length {
        if more(stream, whole)? == 0 {
            return Err(WireError::Broken(io::ErrorKind::UnexpectedEof.into()));
        }
    }
    Ok(())
}

fn read_chunks(
    stream: &mut impl Read,
    whole: &mut Vec<u8>,
    start: usize,
) -> Result<Vec<u8>, WireError> {
    let mut at = start;
    let mut body = Vec::new();
    loop {
        let line_end = loop {
            let rest = whole.get(at..).unwrap_or_default();
            if let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
                break at + end;
            }
            let wanted = whole.len() + 1;
            fill(stream, whole, wanted)?;
        };
        let size = std::str::from_utf8(whole.get(at..line_end).unwrap_or_default())
            .ok()
            .and_then(|line| {
                usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16).ok()
            })
            .ok_or(WireError::NotAnAnswer("a chunk size is not a number"))?;
        let data = line_end + 2;
        let end = data.saturating_add(size);
        fill(stream, whole, end.saturating_add(2))?;
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(whole.get(data..end).unwrap_or_default());
        at = end + 2;
    }
}

struct Head {
    status: u16,
    length: Option<usize>,
    chunked: bool,
    close: bool,
}

enum Framing {
    Length(usize),
    Chunked,
    Close,
}

impl Head {
    fn parse(head: &[u8]) -> Result<Self, WireError> {
        let text = std::str::from_utf8(head)
            .map_err(|_utf8| WireError::NotAnAnswer("its head is not text"))?;
        let mut lines = text.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1."))
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|status| status.parse().ok())
            .ok_or(WireError::NotAnAnswer("it has no status"))?;
        let mut parsed = Self {
            status,
            length: None,
            chunked: false,
            close: false,
        };
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => parsed.length = value.parse().ok(),
                "transfer-encoding" => parsed.chunked = value.eq_ignore_ascii_case("chunked"),
                "connection" => parsed.close = value.eq_ignore_ascii_case("close"),
                _ => {}
            }
        }
        parsed.close |= !parsed.chunked && parsed.length.is_none() && parsed.has_body();
        Ok(parsed)
    }

    fn has_body(&self) -> bool {
        self.status >= 200 && self.status != 204 && self.status != 304
    }

    fn framing(&self) -> Framing {
        match (self.has_body(), self.chunked, self.length) {
            (false, _, _) => Framing::Length(0),
            (true, true, _) => Framing::Chunked,
            (true, false, Some(length)) => Framing::Length(length),
            (true, false, None) => Framing::Close,
        }
    }
}

#[cfg(test)]
mod tests;
