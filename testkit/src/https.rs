//! An HTTPS client that shares no code with us: Python's standard library in a process of its own (`py/client.py`).

use crate::PartError;
use crate::process::Process;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const PART: &str = "https client";
const PACKAGE: &str = "package python3";
const SOURCE: &str = include_str!("../py/client.py");

/// A client process. It keeps connections alive between requests, as a browser would.
#[derive(Debug)]
pub struct Client {
    process: Process,
    trust: Trust,
    limit: Duration,
}

/// Whom the client believes, and as whom it comes.
#[derive(Clone, Debug, Default)]
struct Trust {
    ca: Option<PathBuf>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET` …
    pub method: String,
    /// `https://localhost:8443/path?query`; its host is checked against the server's certificate.
    pub url: String,
    /// In order; repeated ones are sent repeatedly.
    pub headers: Vec<(String, String)>,
    /// Sent with its length.
    pub body: Vec<u8>,
    /// Another `address:port` to connect to than the one in `url`.
    pub connect: Option<String>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: &str, url: &str) -> Self {
        Self {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            connect: None,
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a body of this type.
    #[must_use]
    pub fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", media_type)
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// In order, as received.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, `null` if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Bytes to send exactly as they are.
#[derive(Clone, Debug)]
pub struct Raw<'a> {
    /// `address:port`.
    pub address: &'a str,
    /// The name to ask for and to check over TLS; without it, plain TCP.
    pub server_name: Option<&'a str>,
    /// What to send.
    pub bytes: &'a [u8],
    /// Whether to end the sending side afterwards (plain TCP only).
    pub half_close: bool,
}

/// What came back until the connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAnswer {
    /// All bytes received.
    pub bytes: Vec<u8>,
    /// How it ended.
    pub end: End,
}

/// How a raw exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The server closed in good order.
    Closed,
    /// The connection broke.
    Reset,
    /// The server kept the connection open.
    Timeout,
    /// More than 16 MiB came.
    Full,
}

impl Client {
    /// Starts a client that believes certificates under `ca` (a PEM file), or plain HTTP only without it.
    pub fn start(ca: Option<&Path>) -> Result<Self, PartError> {
        let mut command = Command::new("python3");
        command.args(["-I", "-c", SOURCE]);
        let process =
            Process::spawn(command).map_err(|source| PartError::start(PART, PACKAGE, source))?;
        let trust = Trust {
            ca: ca.map(Path::to_owned),
            ..Trust::default()
        };
        Ok(Self {
            process,
            trust,
            limit: Duration::from_secs(20),
        })
    }

    /// From now on comes with a client certificate; PEM files.
    pub fn identify(&mut self, cert: &Path, key: &Path) {
        self.trust.cert = Some(cert.to_owned());
        self.trust.key = Some(key.to_owned());
    }

    /// Waits this long for any single read or write; 20 s otherwise.
    pub fn patience(&mut self, limit: Duration) {
        self.limit = limit;
    }

    /// Sends a request and reads the whole answer.
    pub fn send(&mut self, request: &Request) -> Result<Response, PartError> {
        let told: Told = self.tell(&serde_json::json!({
            "url": request.url, "method": request.method, "headers": request.headers, "body": hex(&request.body),
            "connect": request.connect, "ca": self.trust.ca, "cert": self.trust.cert, "key": self.trust.key,
            "seconds": self.limit.as_secs_f64(),
        }))?;
        let Told::Answer {
            status,
            headers,
            body,
        } = told
        else {
            return Err(failed(&told));
        };
        Ok(Response {
            status,
            headers,
            body: unhex(&body)?,
        })
    }

    /// Sends exact bytes over a connection of its own and reads until it ends.
    pub fn raw(&mut self, raw: &Raw<'_>) -> Result<RawAnswer, PartError> {
        let told: Told = self.tell(&serde_json::json!({
            "raw": hex(raw.bytes), "address": raw.address, "server_name": raw.server_name, "half_close": raw.half_close,
            "ca": self.trust.ca, "cert": self.trust.cert, "key": self.trust.key, "seconds": self.limit.as_secs_f64(),
        }))?;
        let Told::Raw { bytes, end } = told else {
            return Err(failed(&told));
        };
        Ok(RawAnswer {
            bytes: unhex(&bytes)?,
            end,
        })
    }

    fn tell(&mut self, ask: &impl Serialize) -> Result<Told, PartError> {
        let system = PartError::system(PART);
        let mut text = serde_json::to_string(ask).map_err(|error| system(error.into()))?;
        text.push('\n');
        self.process.say(&text).map_err(&system)?;
        // Connecting, sending and reading each have the limit of their own.
        let line = self
            .process
            .line(self.limit.saturating_mul(10))
            .map_err(&system)?;
        serde_json::from_str(&line).map_err(|error| system(error.into()))
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Told {
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
    Raw {
        bytes: String,
        end: End,
    },
    Error {
        error: String,
    },
}

fn failed(told: &Told) -> PartError {
    let reason = match told {
        Told::Error { error } => error.clone(),
        Told::Answer { .. } | Told::Raw { .. } => "it answered another question".to_owned(),
    };
    PartError::Failed { part: PART, reason }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn unhex(text: &str) -> Result<Vec<u8>, PartError> {
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
    bytes.ok_or_else(|| PartError::Failed {
        part: PART,
        reason: "its answer is not hexadecimal".to_owned(),
    })
}

fn byte(pair: &[u8]) -> Option<u8> {
    u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()
}
