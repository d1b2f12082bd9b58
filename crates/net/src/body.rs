//! Bodies: what a line answers with, and what arrived with a request.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::mpsc;
use vauban_http::FramingRefusal;

use crate::gate::{Flight, Verdict};

/// The body of an answer.
#[derive(Debug)]
pub struct Body {
    kind: Kind,
    flight: Option<Flight>,
}

#[derive(Debug)]
enum Kind {
    Full(Bytes),
    Stream(mpsc::Receiver<Bytes>),
}

impl Body {
    /// A body that is known whole.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self::of(Kind::Full(bytes.into()))
    }

    /// No body.
    pub const fn empty() -> Self {
        Self::of(Kind::Full(Bytes::new()))
    }

    /// A body whose pieces are sent as they come; it ends when the sender is dropped.
    pub const fn stream(pieces: mpsc::Receiver<Bytes>) -> Self {
        Self::of(Kind::Stream(pieces))
    }

    const fn of(kind: Kind) -> Self {
        Self { kind, flight: None }
    }

    /// Until this body is sent, its connection is not idle.
    pub(crate) fn hold(&mut self, flight: Flight) {
        self.flight = Some(flight);
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.kind {
            Kind::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Stream(pieces) => pieces
                .poll_recv(cx)
                .map(|piece| piece.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.kind, Kind::Full(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Full(bytes) => {
                SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
            }
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}

/// Why the body of a request was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is longer than the limit.
    #[error("the request body is too large")]
    TooLarge,
    /// It did not arrive in time.
    #[error("the request body did not arrive in time")]
    TooSlow,
    /// Its framing has no single reading.
    #[error("the request body is broken")]
    Broken(#[source] FramingRefusal),
    /// The client went away.
    #[error("the client went away in the middle of the request body")]
    Gone,
}

/// The body of a request, not read yet.
pub struct IncomingBody {
    body: Incoming,
    verdict: Arc<Verdict>,
    time: Duration,
}

impl fmt::Debug for IncomingBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncomingBody")
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

impl IncomingBody {
    pub(crate) const fn new(body: Incoming, verdict: Arc<Verdict>, time: Duration) -> Self {
        Self {
            body,
            verdict,
            time,
        }
    }

    /// Reads the body whole. A declared length above the limit is refused before anything is read.
    pub async fn read(self, bytes_max: usize) -> Result<Bytes, BodyError> {
        let Self {
            body,
            verdict,
            time,
        } = self;
        let declared = http_body::Body::size_hint(&body).lower();
        if declared > u64::try_from(bytes_max).unwrap_or(u64::MAX) {
            return Err(BodyError::TooLarge);
        }
        if http_body::Body::is_end_stream(&body) {
            return Ok(Bytes::new());
        }
        // Behind a pointer: most requests have no body, and should not carry room for reading one.
        match Box::pin(tokio::time::timeout(time, collect(body, bytes_max))).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(Stopped::TooLarge)) => Err(BodyError::TooLarge),
            Ok(Err(Stopped::Failed(_))) => {
                Err(verdict.broken().map_or(BodyError::Gone, BodyError::Broken))
            }
            Err(_) => Err(BodyError::TooSlow),
        }
    }
}

/// Why [`collect`] did not reach the end.
#[derive(Debug)]
pub(crate) enum Stopped {
    TooLarge,
    Failed(hyper::Error),
}

/// Reads a body whole, without copying when it comes in one piece.
pub(crate) async fn collect(mut body: Incoming, bytes_max: usize) -> Result<Bytes, Stopped> {
    let declared = http_body::Body::size_hint(&body).lower();
    let capacity = usize::try_from(declared).unwrap_or(usize::MAX);
    if capacity > bytes_max {
        return Err(Stopped::TooLarge);
    }
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Trailers have been refused by the gate; from an upstream they are dropped.
        let Ok(data) = frame.map_err(Stopped::Failed)?.into_data() else {
            continue;
        };
        if data.len() > bytes_max - (first.len() + whole.len()) {
            return Err(Stopped::TooLarge);
        }
        if first.is_empty() && whole.is_empty() {
            first = data;
        } else {
            if whole.is_empty() {
                whole.reserve(capacity.max(first.len() + data.len()));
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(if whole.is_empty() {
        first
    } else {
        whole.freeze()
    })
}

#[cfg(test)]
mod tests;
