//! The server: accept, TLS, framing gate, hyper, deadlines, drain.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1::Builder;
use tokio::sync::Semaphore;
use tracing::warn;
use vauban_http::{FramingRefusal, HeadLimits};

use crate::stream::Stream;
use crate::{Body, ClientAuth, IncomingBody, Peer, PublicTls, Socket, Stop, Workload, task};

mod connection;

use connection::Shared;

/// After a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Beyond the drain time, until the server returns whatever is left.
const DRAIN_MARGIN: Duration = Duration::from_secs(1);

/// hyper's read buffer beyond a head: body data in transit.
const HYPER_BUFFER_BYTES: usize = 64 * 1024;

/// Up to this many header fields hyper keeps on the stack.
const HYPER_HEADERS: usize = 100;

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
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every arrival is the large one; a box would cost each request"
)]
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

/// Why a server does not serve.
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
    judge_limits(&limits)?;
    let slots_max = limits
        .connections_max
        .min(Semaphore::MAX_PERMITS)
        .min(u32::MAX as usize);
    let slots = Arc::new(Semaphore::new(slots_max));
    let builder = builder(&limits);
    let shared = Arc::new(Shared {
        acceptor,
        limits,
        builder,
        answer,
        stop: stop.clone(),
    });
    let mut stopped = pin!(stop.stopped());
    loop {
        // Without a free slot nothing is accepted: the kernel's queue waits, and costs us nothing.
        let accepted = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, accept(&socket).await)
        };
        let (slot, accepted) = tokio::select! {
            biased;
            () = stopped.as_mut() => break,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let shared = Arc::clone(&shared);
                drop(task::spawn("connection", async move {
                    connection::serve(shared, stream, peer, Arc::new(slot)).await;
                }));
            }
            Err(error) => {
                // Out of descriptors, mostly: they come back when connections end, not by asking again at once.
                warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(socket);
    let all = u32::try_from(slots_max).unwrap_or(u32::MAX);
    // Each connection ends itself within the drain time; the margin is for those between two awaits.
    if tokio::time::timeout(limits.drain_time + DRAIN_MARGIN, slots.acquire_many(all))
        .await
        .is_err()
    {
        warn!("connections were left at the end of the drain time");
    }
    Ok(())
}

async fn accept(socket: &Socket) -> io::Result<(Stream, Peer)> {
    match socket {
        Socket::Tcp(listener) => {
            let (stream, address) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok((
                Stream::Tcp(stream),
                Peer {
                    address: Some(address),
                    ..Peer::default()
                },
            ))
        }
        Socket::Unix(listener) => {
            let (stream, _) = listener.accept().await?;
            let uid = Some(stream.peer_cred()?.uid());
            Ok((
                Stream::Unix(stream),
                Peer {
                    uid,
                    ..Peer::default()
                },
            ))
        }
    }
}

fn builder(limits: &ServerLimits) -> Builder {
    let mut builder = Builder::new();
    // The gate has the deadlines: it can answer them, hyper could only hang up.
    builder
        .half_close(false)
        .keep_alive(true)
        .header_read_timeout(None);
    builder.max_buf_size(
        limits
            .head
            .head_bytes_max
            .saturating_add(HYPER_BUFFER_BYTES),
    );
    if limits.head.headers_max > HYPER_HEADERS {
        builder.max_headers(limits.head.headers_max);
    }
    builder
}

const fn judge_limits(limits: &ServerLimits) -> Result<(), ServeError> {
    let zero = if limits.connections_max == 0 {
        "connections_max"
    } else if limits.header_time.is_zero() {
        "header_time"
    } else if limits.body_time.is_zero() {
        "body_time"
    } else if limits.head.head_bytes_max == 0 {
        "head_bytes_max"
    } else {
        return Ok(());
    };
    Err(ServeError::Limit(zero))
}
