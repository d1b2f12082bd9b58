//! One connection to an upstream, polled together with the request that it carries.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::UpstreamError;
use super::muted::Muted;
use crate::body::{Stopped, collect};
use crate::deadline::Deadline;
use crate::stream::Stream;
use crate::workload::State;

/// The head of an answer, and body data in transit.
const BUFFER_BYTES_MAX: usize = 128 * 1024;

type Driven = Connection<TokioIo<Stream>, Full<Bytes>>;

pub(super) struct Link {
    sender: SendRequest<Full<Bytes>>,
    /// None when it has ended. Behind a pointer, because a link goes through many hands with every request.
    connection: Option<Box<Driven>>,
    deadline: Deadline,
    muted: Arc<Muted>,
    used: Instant,
    state: Option<Arc<State>>,
}

/// Why there is no head of an answer.
pub(super) enum Failure {
    /// Nothing was written; here is the request again.
    Unsent(Box<Request<Full<Bytes>>>),
    /// The connection ended before the answer.
    Closed(hyper::Error),
    /// Another connection would not help.
    Final(UpstreamError),
}

impl Link {
    pub(super) async fn open(
        stream: Stream,
        state: Option<Arc<State>>,
    ) -> Result<Self, UpstreamError> {
        let shaken = Builder::new()
            .max_buf_size(BUFFER_BYTES_MAX)
            .handshake(TokioIo::new(stream))
            .await;
        let (sender, connection) = shaken.map_err(|error| UpstreamError::Broken(Some(error)))?;
        let deadline = Deadline::default();
        Ok(Self {
            sender,
            connection: Some(Box::new(connection)),
            deadline,
            muted: Arc::default(),
            used: Instant::now(),
            state,
        })
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) async fn ask(
        &mut self,
        request: Box<Request<Full<Bytes>>>,
        until: Instant,
    ) -> Result<Response<Incoming>, Failure> {
        self.deadline.set(until);
        let answer = self.sender.try_send_request(*request);
        match self.drive(answer).await {
            // Nobody asked for another protocol.
            Some(Ok(answer)) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => {
                Err(Failure::Final(UpstreamError::Broken(None)))
            }
            Some(Ok(answer)) => Ok(answer),
            Some(Err(mut error)) => Err(match error.take_message() {
                Some(request) => Failure::Unsent(Box::new(request)),
                None => failed(error.into_error()),
            }),
            None => Err(Failure::Final(UpstreamError::Timeout)),
        }
    }

    /// Reads the body of the answer whole.
    pub(super) async fn collect(
        &mut self,
        body: Incoming,
        bytes_max: usize,
    ) -> Result<Bytes, UpstreamError> {
        match self.drive(collect(body, bytes_max)).await {
            Some(Ok(bytes)) => Ok(bytes),
            Some(Err(Stopped::TooLarge)) => Err(UpstreamError::TooLarge),
            Some(Err(Stopped::Failed(error))) => Err(UpstreamError::Broken(Some(error))),
            None => Err(UpstreamError::Timeout),
        }
    }

    /// To be called when the answer has been read: whether the connection can carry another request.
    pub(super) fn rest(&mut self) -> bool {
        self.deadline.clear();
        self.used = Instant::now();
        self.connection.is_some() && !self.sender.is_closed()
    }

    /// Whether a connection that rested has not ended meanwhile. Polls it once, with nobody to wake: whoever uses it polls
    /// it again, and its queue would otherwise wake the task for the request that the task itself puts in.
    pub(super) fn is_ready(&mut self) -> bool {
        poll_connection(
            &mut self.connection,
            &mut Context::from_waker(Waker::noop()),
        );
        self.connection.is_some() && self.sender.is_ready()
    }

    /// Polls a future together with the connection that it waits for. None when the deadline passes first.
    async fn drive<F: Future>(&mut self, future: F) -> Option<F::Output> {
        let Self {
            connection,
            deadline,
            muted,
            ..
        } = self;
        let mut future = pin!(future);
        poll_fn(|cx| {
            let polled = muted.poll(cx, |cx| {
                if let Poll::Ready(output) = future.as_mut().poll(cx) {
                    return Poll::Ready(output);
                }
                poll_connection(connection, cx);
                future.as_mut().poll(cx)
            });
            match polled {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending if deadline.poll_passed(cx) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    pub(super) fn is_older_than(&self, time: Duration) -> bool {
        self.used.elapsed() > time
    }

    pub(super) fn state(&self) -> Option<&Arc<State>> {
        self.state.as_ref()
    }

    pub(super) fn into_connection(self) -> Option<Box<Driven>> {
        self.connection
    }
}

fn failed(error: hyper::Error) -> Failure {
    if error.is_parse() || error.is_user() {
        Failure::Final(UpstreamError::Broken(Some(error)))
    } else {
        Failure::Closed(error)
    }
}

/// Polls the connection; notes when it has ended. Its error reaches the request by itself.
fn poll_connection(connection: &mut Option<Box<Driven>>, cx: &mut Context<'_>) {
    if connection
        .as_mut()
        .is_some_and(|connection| Pin::new(connection).poll(cx).is_ready())
    {
        *connection = None;
    }
}
