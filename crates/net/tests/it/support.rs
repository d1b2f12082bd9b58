//! A server that says what it saw, a raw client, and a certificate authority.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Response, StatusCode};
use rcgen::string::Ia5String;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use vauban_http::HeadLimits;
use vauban_net::{
    Acceptor, Answer, Arrival, Body, BodyError, Identity, Peer, ServeError, ServerLimits, Socket,
    Stopper, Workload, serve, stop_pair, task,
};
use zeroize::Zeroizing;

/// Longer than anything here takes, shorter than anybody's patience.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const LIMITS: ServerLimits = ServerLimits {
    head: HeadLimits {
        head_bytes_max: 2048,
        headers_max: 16,
        target_bytes_max: 256,
    },
    header_time: PATIENCE,
    body_time: PATIENCE,
    connections_max: 64,
    drain_time: PATIENCE,
};

/// Fails instead of hanging.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it takes too long")
}

/// Answers, and notes what it saw.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) seen: Mutex<Vec<String>>,
    pub(crate) peers: Mutex<Vec<Peer>>,
    pub(crate) arrived: Notify,
    pub(crate) release: Notify,
}

impl Recorder {
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn see(&self, what: String, peer: Peer) {
        self.seen.lock().unwrap().push(what);
        self.peers.lock().unwrap().push(peer);
        self.arrived.notify_one();
    }
}

fn reply(status: u16, text: impl Into<String>) -> Response<Body> {
    let mut response = Response::new(Body::full(text.into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

impl Answer for Recorder {
    async fn answer(&self, arrival: Arrival) -> Response<Body> {
        let (parts, body, peer) = match arrival {
            Arrival::Refused(refusal, peer) => {
                self.see(format!("refused {}", refusal.code()), peer);
                return reply(refusal.status(), refusal.code());
            }
            Arrival::Request(parts, body, peer) => (parts, body, peer),
        };
        self.see(format!("{} {}", parts.method, parts.uri), peer);
        match parts.uri.path() {
            "/hold" => self.release.notified().await,
            "/large" => return reply(200, "x".repeat(5000)),
            "/unread" => return reply(403, "not read"),
            _ => {}
        }
        match body.read(1000).await {
            Ok(bytes) => reply(
                200,
                format!("{} {} {}", parts.method, parts.uri, bytes.len()),
            ),
            Err(BodyError::TooLarge) => reply(413, "body.too_large"),
            Err(BodyError::TooSlow) => reply(408, "body.too_slow"),
            Err(BodyError::Broken(refusal)) => reply(400, refusal.code()),
            Err(BodyError::Gone) => {
                self.see("gone".to_owned(), Peer::default());
                reply(400, "gone")
            }
        }
    }
}

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) stopper: Stopper,
    pub(crate) ended: JoinHandle<Result<(), ServeError>>,
}

pub(crate) async fn tcp() -> Socket {
    Socket::bind_tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .unwrap()
}

pub(crate) async fn start(acceptor: Acceptor, limits: ServerLimits) -> Running {
    start_on(tcp().await, acceptor, limits)
}

pub(crate) fn start_on(socket: Socket, acceptor: Acceptor, limits: ServerLimits) -> Running {
    let address = socket
        .local_addr()
        .unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
    let recorder = Arc::new(Recorder::default());
    let (stopper, stop) = stop_pair();
    let ended = task::spawn(
        "server",
        serve(socket, acceptor, limits, Arc::clone(&recorder), stop),
    );
    Running {
        address,
        recorder,
        stopper,
        ended,
    }
}

/// A raw client over any stream.
pub(crate) struct Client<T>(pub(crate) T);

pub(crate) async fn connect(address: SocketAddr) -> Client<TcpStream> {
    Client(TcpStream::connect(address).await.unwrap())
}

impl<T: AsyncRead + AsyncWrite + Unpin> Client<T> {
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// One answer with a `Content-Length`: status and body.
    pub(crate) async fn answer(&mut self) -> (u16, String) {
        soon(async {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(
                    self.0
                        .read_u8()
                        .await
                        .expect("the connection ended in a head"),
                );
            }
            let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
            let length = head
                .split("content-length: ")
                .nth(1)
                .and_then(|rest| rest.split("\r\n").next())
                .expect("a length")
                .parse()
                .unwrap();
            let mut body = vec![0; length];
            self.0.read_exact(&mut body).await.unwrap();
            (
                head.split(' ').nth(1).unwrap().parse().unwrap(),
                String::from_utf8(body).unwrap(),
            )
        })
        .await
    }

    /// Whatever comes until the connection ends.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        soon(self.0.read_to_end(&mut rest)).await.unwrap();
        String::from_utf8(rest).unwrap()
    }
}

/// An internal certificate authority.
pub(crate) struct Ca {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    /// An identity whose certificate carries these URIs, the first of which it claims to be.
    pub(crate) fn identity_of(&self, uris: &[&str]) -> Identity {
        self.identity(uris, |_| {})
    }

    /// The same, with a certificate that differs from a good one.
    pub(crate) fn identity(
        &self,
        uris: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = uris
            .iter()
            .map(|uri| SanType::URI(Ia5String::try_from(*uri).unwrap()))
            .collect();
        change(&mut params);
        let chain_pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        let spiffe = uris.first().copied().unwrap_or_default().to_owned();
        Identity {
            spiffe,
            chain_pem,
            key_pem: Zeroizing::new(key.serialize_pem()),
            ca_pem: self.pem.clone(),
        }
    }

    pub(crate) fn sign_request(&self, csr_pem: &str) -> String {
        rcgen::CertificateSigningRequestParams::from_pem(csr_pem)
            .unwrap()
            .signed_by(&self.issuer)
            .unwrap()
            .pem()
    }

    pub(crate) fn workload(&self, spiffe: &str) -> Workload {
        Workload::fixed(self.identity_of(&[spiffe])).unwrap()
    }
}
