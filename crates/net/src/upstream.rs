//! Upstreams: pooled HTTP/1.1 connections, driven by whoever asks.
//!
//! A connection is not a task of its own: the asking task polls it together with its request, which saves two hand-overs
//! between tasks per request. An idle connection is polled once before it is used again, which is when its end is noticed.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderValue, Request, Response, Uri, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use rustls::ClientConfig;
use tokio::time::Instant;

use crate::tls::{provider, roots};
use crate::workload::State;
use crate::{TlsError, Workload, task};

mod connect;
mod link;
mod muted;

use link::{Failure, Link};

/// An idle connection is not kept longer; servers of this crate hang up after sixty seconds.
const IDLE_TIME: Duration = Duration::from_secs(30);

/// The limits of an upstream.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamLimits {
    /// From the wish to send until the whole answer is there (for a stream: until its head is).
    pub answer_time: Duration,
    /// The body of an answer.
    pub answer_bytes_max: usize,
    /// Idle connections kept.
    pub idle_max: usize,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// No connection.
    #[error("the upstream cannot be reached")]
    Connect(#[source] io::Error),
    /// No answer in time.
    #[error("the upstream did not answer in time")]
    Timeout,
    /// The answer is longer than the limit.
    #[error("the answer of the upstream is too large")]
    TooLarge,
    /// The connection broke, or what came is not an answer.
    #[error("the upstream broke off its answer")]
    Broken(#[source] Option<hyper::Error>),
    /// The peer is not who it should be.
    #[error("the upstream is not `{0}`")]
    WrongPeer(String),
}

/// One upstream. Clones share its pool.
#[derive(Clone)]
pub struct Upstream {
    inner: Arc<Inner>,
}

struct Inner {
    place: Place,
    host: HeaderValue,
    limits: UpstreamLimits,
    idle: Mutex<Vec<Link>>,
}

enum Place {
    Plain(SocketAddr),
    Unix(PathBuf),
    Mutual(Box<Mutual>),
    /// TLS to a known peer, without a certificate of our own: only to join.
    Anonymous(SocketAddr, String, Arc<ClientConfig>),
    /// A server outside, known by its name.
    Named(String, u16, Arc<ClientConfig>),
}

struct Mutual {
    address: SocketAddr,
    expected: String,
    workload: Workload,
    /// The configuration of the identity that it was made from.
    config: ArcSwapOption<(Arc<State>, Arc<ClientConfig>)>,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.inner.place {
            Place::Plain(address) => write!(f, "Upstream({address})"),
            Place::Unix(path) => write!(f, "Upstream({})", path.display()),
            Place::Mutual(mutual) => {
                write!(f, "Upstream({} at {})", mutual.expected, mutual.address)
            }
            Place::Anonymous(address, expected, _) => {
                write!(f, "Upstream({expected} at {address})")
            }
            Place::Named(host, port, _) => write!(f, "Upstream(https://{host}:{port})"),
        }
    }
}

impl Upstream {
    /// Over mutual TLS to a peer that must be `expected_spiffe`.
    pub fn mutual(
        address: SocketAddr,
        expected_spiffe: String,
        workload: Workload,
        limits: UpstreamLimits,
    ) -> Self {
        let mutual = Mutual {
            address,
            expected: expected_spiffe,
            workload,
            config: ArcSwapOption::empty(),
        };
        Self::at(Place::Mutual(Box::new(mutual)), host_of(address), limits)
    }

    /// Over plain TCP.
    pub fn plain(address: SocketAddr, limits: UpstreamLimits) -> Self {
        Self::at(Place::Plain(address), host_of(address), limits)
    }

    /// Over TLS to a server outside, whose certificate must be for `host` and come from one of the CAs of `ca_pem`. The name is
    /// looked up for each connection. Redirections are answers like any other.
    pub fn https(
        host: &str,
        port: u16,
        ca_pem: &str,
        limits: UpstreamLimits,
    ) -> Result<Self, TlsError> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unusable)?
            .with_root_certificates(roots(ca_pem)?)
            .with_no_client_auth();
        let place = Place::Named(host.to_owned(), port, Arc::new(config));
        let named = match (host.contains(':'), port) {
            (false, 443) => host.to_owned(),
            (false, _) => format!("{host}:{port}"),
            (true, _) => format!("[{host}]:{port}"),
        };
        Ok(Self::at(place, HeaderValue::try_from(named).ok(), limits))
    }

    /// Over a Unix socket.
    pub fn unix(path: impl Into<PathBuf>, limits: UpstreamLimits) -> Self {
        Self::at(Place::Unix(path.into()), None, limits)
    }

    pub(crate) fn anonymous(
        address: SocketAddr,
        expected: String,
        config: Arc<ClientConfig>,
        limits: UpstreamLimits,
    ) -> Self {
        Self::at(
            Place::Anonymous(address, expected, config),
            host_of(address),
            limits,
        )
    }

    fn at(place: Place, host: Option<HeaderValue>, limits: UpstreamLimits) -> Self {
        let host = host.unwrap_or(HeaderValue::from_static("localhost"));
        Self {
            inner: Arc::new(Inner {
                place,
                host,
                limits,
                idle: Mutex::new(Vec::new()),
            }),
        }
    }

    /// Sends a request and reads the answer whole.
    ///
    /// Once more over a new connection if a kept one turns out to be closed, and only if nothing was written or the method
    /// is idempotent and nothing was answered.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, UpstreamError> {
        let again = request.method().is_idempotent().then(|| request.clone());
        self.send_or(request, || again).await
    }

    /// As [`Self::send`], for a request that is cheaper made again than copied each time in case it has to be.
    pub async fn send_made(
        &self,
        make: impl Fn() -> Request<Bytes> + Send,
    ) -> Result<Response<Bytes>, UpstreamError> {
        let request = make();
        let idempotent = request.method().is_idempotent();
        self.send_or(request, || idempotent.then(make)).await
    }

    async fn send_or(
        &self,
        request: Request<Bytes>,
        again: impl FnOnce() -> Option<Request<Bytes>> + Send,
    ) -> Result<Response<Bytes>, UpstreamError> {
        let limits = &self.inner.limits;
        let until = Instant::now() + limits.answer_time;
        let (mut link, response) = self.first_byte(request, again, until).await?;
        let (head, body) = response.into_parts();
        let body = link.collect(body, limits.answer_bytes_max).await?;
        self.keep(link);
        Ok(Response::from_parts(head, body))
    }

    /// Sends a request and returns as soon as the head of the answer is there. The body has no deadline and no limit: its
    /// reader decides.
    pub async fn stream(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let until = Instant::now() + self.inner.limits.answer_time;
        let again = request.method().is_idempotent().then(|| request.clone());
        let (link, response) = self.first_byte(request, || again, until).await?;
        if let Some(connection) = link.into_connection() {
            drop(task::spawn("upstream stream", connection));
        }
        Ok(response)
    }

    /// The framing is ours, whatever the request says; the target is in origin form; there is a host.
    fn prepare(&self, mut request: Request<Bytes>) -> Box<Request<Full<Bytes>>> {
        *request.version_mut() = Version::HTTP_11;
        if request.uri().authority().is_some() {
            let target = request.uri().path_and_query().cloned();
            *request.uri_mut() = target.map_or(Uri::from_static("/"), Uri::from);
        }
        let headers = request.headers_mut();
        for name in [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION] {
            headers.remove(name);
        }
        if !headers.contains_key(HOST) {
            headers.insert(HOST, self.inner.host.clone());
        }
        Box::new(request.map(Full::new))
    }

    /// Until the head of the answer is there. `again` makes the request anew if it may be sent twice.
    async fn first_byte(
        &self,
        request: Request<Bytes>,
        again: impl FnOnce() -> Option<Request<Bytes>> + Send,
        until: Instant,
    ) -> Result<(Link, Response<Incoming>), UpstreamError> {
        let mut request = self.prepare(request);
        if let Some(mut link) = self.kept() {
            match link.ask(request, until).await {
                Ok(response) => return Ok((link, response)),
                Err(Failure::Unsent(unsent)) => request = unsent,
                Err(Failure::Closed(error)) => match again() {
                    Some(again) => request = self.prepare(again),
                    None => return Err(UpstreamError::Broken(Some(error))),
                },
                Err(Failure::Final(error)) => return Err(error),
            }
        }
        // Behind a pointer: rare, and its handshake would make the future of every request larger.
        let connecting = Box::pin(tokio::time::timeout_at(until, self.connect()));
        let mut link = match connecting.await {
            Ok(connected) => connected?,
            Err(_) => return Err(UpstreamError::Timeout),
        };
        match link.ask(request, until).await {
            Ok(response) => Ok((link, response)),
            Err(Failure::Unsent(_)) => Err(UpstreamError::Broken(None)),
            Err(Failure::Closed(error)) => Err(UpstreamError::Broken(Some(error))),
            Err(Failure::Final(error)) => Err(error),
        }
    }

    /// The connection that was used last, if it is still good. The others behind it are older.
    fn kept(&self) -> Option<Link> {
        loop {
            let mut link = self.idle().pop()?;
            if link.is_older_than(IDLE_TIME) {
                let old = std::mem::take(&mut *self.idle());
                drop(old);
                return None;
            }
            if self.is_current(&link) && link.is_ready() {
                return Some(link);
            }
        }
    }

    fn keep(&self, mut link: Link) {
        if !link.rest() {
            return;
        }
        let mut idle = self.idle();
        if idle.len() < self.inner.limits.idle_max {
            idle.push(link);
        }
    }

    /// Whether the connection was made with the identity in use.
    fn is_current(&self, link: &Link) -> bool {
        match &self.inner.place {
            Place::Mutual(mutual) => link
                .state()
                .is_some_and(|state| mutual.workload.is_current(state)),
            Place::Plain(_) | Place::Unix(_) | Place::Anonymous(..) | Place::Named(..) => true,
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Link>> {
        self.inner
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn host_of(address: SocketAddr) -> Option<HeaderValue> {
    HeaderValue::try_from(address.to_string()).ok()
}
