//! A recording authority: key set and sessions over mutual TLS, by hyper and rustls alone.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::server::WebPkiClientVerifier;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use vauban_net::Identity;

use crate::pki;

/// What the authority says, changed by a test as it goes.
#[derive(Debug, Clone)]
pub(crate) struct Says {
    pub(crate) keys: serde_json::Value,
    pub(crate) session: serde_json::Value,
    pub(crate) status: u16,
}

/// A running authority.
pub(crate) struct Authority {
    pub(crate) address: SocketAddr,
    pub(crate) says: Arc<Mutex<Says>>,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Authority {
    pub(crate) async fn start(identity: &Identity, says: Says) -> Self {
        let (chain, key) = pki::rustls_parts(identity);
        let verifier =
            WebPkiClientVerifier::builder_with_provider(pki::roots(identity), pki::provider())
                .build()
                .unwrap();
        let config = rustls::ServerConfig::builder_with_provider(pki::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let says = Arc::new(Mutex::new(says));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let authority = Self {
            address,
            says: Arc::clone(&says),
            asked: Arc::clone(&asked),
        };
        drop(vauban_net::task::spawn("test authority", async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (says, asked) = (Arc::clone(&says), Arc::clone(&asked));
                let connection = connection(acceptor.clone(), stream, says, asked);
                drop(vauban_net::task::spawn(
                    "test authority's connection",
                    connection,
                ));
            }
        }));
        authority
    }

    pub(crate) fn asked(&self, path: &str) -> usize {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .filter(|one| *one == path)
            .count()
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.says.lock().unwrap());
    }
}

async fn connection(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    says: Arc<Mutex<Says>>,
    asked: Arc<Mutex<Vec<String>>>,
) {
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let answer = service_fn(|request| answer(request, &says, &asked));
    let server = hyper::server::conn::http1::Builder::new();
    drop(server.serve_connection(TokioIo::new(stream), answer).await);
}

#[expect(clippy::unused_async, reason = "hyper asks for a future")]
async fn answer(
    request: Request<Incoming>,
    says: &Mutex<Says>,
    asked: &Mutex<Vec<String>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    asked.lock().unwrap().push(path.clone());
    let says = says.lock().unwrap().clone();
    let body = match path.as_str() {
        "/internal/keys" => says.keys,
        "/internal/sessions/s-1" => says.session,
        _ => serde_json::json!({ "live": false }),
    };
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = says.status.try_into().unwrap();
    Ok(response)
}
