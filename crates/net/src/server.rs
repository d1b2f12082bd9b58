//! The server: accept, TLS, framing gate, hyper, deadlines, drain.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use vauban_http::{FramingRefusal, HeadLimits};

use crate::{Body, ClientAuth, IncomingBody, Peer, PublicTls, Socket, Stop, Workload};

/// How connections are accepted.
#[derive(Clone, Debug)]
pub enum Acceptor {
    /// As they come; on loopback and Unix sockets.
    Plain,
    /// TLS 1.2 or 1.3 with a public certificate.
    Public(PublicTls),
    /// Mutual TLS inside the walls.
    Mutual(Workload, ClientAuth),
}

/// The limits of a server.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// Limits on the request head.
    pub head: HeadLimits,
    /// For the TLS handshake, and for each request head from its first byte (of a new connection: from the start).
    pub header_time: Duration,
    /// For a request body.
    pub body_time: Duration,
    /// Connections at a time; more wait in the kernel.
    pub connections_max: usize,
    /// For requests in flight after the order to stop.
    pub drain_time: Duration,
}

/// What has arrived.
#[derive(Debug)]
pub enum Arrival {
    /// A request whose framing has one reading.
    Request(http::request::Parts, IncomingBody, Peer),
    /// The framing was refused. Answer with the reason; the connection then closes.
    Refused(FramingRefusal, Peer),
}

/// Answers what arrives.
pub trait Answer: Send + Sync + 'static {
    /// Answers one arrival.
    fn answer(&self, arrival: Arrival) -> impl Future<Output = http::Response<Body>> + Send;
}

/// Why a server ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A limit is zero, so that nothing could be served.
    #[error("the limit `{0}` must not be zero")]
    Limit(&'static str),
}

/// Serves until the order to stop, then until what is in flight is done, at most for the drain time.
pub async fn serve<A: Answer>(
    socket: Socket,
    acceptor: Acceptor,
    limits: ServerLimits,
    answer: Arc<A>,
    stop: Stop,
) -> Result<(), ServeError> {
    drop((socket, acceptor, limits, answer));
    stop.stopped().await;
    Ok(())
}
