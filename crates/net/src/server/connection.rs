//! One accepted connection: handshake, gate, hyper, end.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sha2::{Digest, Sha256};
use tokio::sync::{AcquireError, OwnedSemaphorePermit};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsStream};
use tracing::debug;

use super::{Acceptor, Answer, Arrival, ServerLimits};
use crate::gate::{Flight, Gate, Verdict};
use crate::stream::Stream;
use crate::task::Finishing;
use crate::workload::spiffe;
use crate::{IncomingBody, Peer, Stop};

/// A connection's place among all. It is free again when the connection has ended and every answer begun on it is made.
pub(super) type Place = Arc<Result<OwnedSemaphorePermit, AcquireError>>;

/// What every connection of a server needs.
pub(super) struct Shared<A> {
    pub(super) acceptor: Acceptor,
    pub(super) limits: ServerLimits,
    pub(super) builder: Builder,
    pub(super) answer: Arc<A>,
    pub(super) stop: Stop,
}

/// Serves a connection to its end. What goes wrong here concerns only this peer.
pub(super) async fn serve<A: Answer>(
    shared: Arc<Shared<A>>,
    stream: Stream,
    mut peer: Peer,
    place: Place,
) {
    let handshake = timeout(
        shared.limits.header_time,
        shake_hands(&shared.acceptor, stream, &mut peer),
    );
    let outcome = tokio::select! {
        outcome = handshake => outcome,
        () = shared.stop.stopped() => return,
    };
    match outcome {
        Ok(Ok(stream)) => answer_all(&shared, stream, &peer, &place).await,
        Ok(Err(error)) => debug!(peer = ?peer.address, %error, "a handshake failed"),
        Err(_) => debug!(peer = ?peer.address, "a handshake was too slow"),
    }
}

async fn shake_hands(acceptor: &Acceptor, stream: Stream, peer: &mut Peer) -> io::Result<Stream> {
    let config = match acceptor {
        Acceptor::Plain => return Ok(stream),
        Acceptor::Public(tls) => tls.config(),
        Acceptor::Mutual(workload, auth) => workload.server_config(*auth),
    };
    let stream = TlsAcceptor::from(config).accept(stream).await?;
    if let Some(certificate) = stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(<[_]>::first)
    {
        peer.spiffe = spiffe::of_certificate(certificate);
        peer.certificate_sha256 = Some(Sha256::digest(certificate).into());
        if peer.spiffe.is_none() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the peer's certificate carries no SPIFFE id",
            ));
        }
    }
    Ok(Stream::Tls(Box::new(TlsStream::Server(stream))))
}

async fn answer_all<A: Answer>(shared: &Shared<A>, stream: Stream, peer: &Peer, place: &Place) {
    let limits = &shared.limits;
    let verdict = Arc::new(Verdict::default());
    let gate = Gate::new(
        stream,
        limits.head,
        limits.header_time,
        Arc::clone(&verdict),
    );
    let service = service_fn(|request: Request<Incoming>| {
        // hyper calls this as soon as it has read a head, so the calls come in the order of the requests.
        let arrival = if let Some(refusal) = verdict.next_request() {
            Arrival::Refused(refusal, peer.clone())
        } else {
            let (parts, body) = request.into_parts();
            let body = IncomingBody::new(body, Arc::clone(&verdict), limits.body_time);
            Arrival::Request(parts, body, peer.clone())
        };
        let flight = Flight::new(&verdict);
        let (answer, place) = (Arc::clone(&shared.answer), Arc::clone(place));
        // hyper drops what it waits for when the client goes away, and what has begun must be decided and recorded to its
        // end, or leaving early would be a way to act without a trace.
        Finishing::new("answer", async move {
            let mut response = answer.answer(arrival).await;
            response.body_mut().hold(flight);
            drop(place);
            Ok::<_, Infallible>(response)
        })
    });
    let mut connection = pin!(shared.builder.serve_connection(TokioIo::new(gate), service));
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => Ok(ended),
        () = shared.stop.stopped() => {
            connection.as_mut().graceful_shutdown();
            timeout(limits.drain_time, connection).await
        }
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(peer = ?peer.address, %error, "a connection broke"),
        Err(_) => debug!(peer = ?peer.address, "a connection was cut at the end of the drain time"),
    }
}
