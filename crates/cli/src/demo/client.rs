//! The story's HTTPS client: one connection a request, over rustls and hyper, trusting the demo's public CA only.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::line::ANSWER_TIME;

/// An answer larger than this is not read.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// A client of one address.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Client({})", self.address)
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Status.
    pub(crate) status: u16,
    /// Decision id of the edge.
    pub(crate) decision: String,
    /// JSON body, `null` when there is none.
    pub(crate) body: serde_json::Value,
    /// `Strict-Transport-Security`, for the story's first layer.
    pub(crate) hsts: String,
    /// TLS version of the connection.
    pub(crate) tls: String,
}

/// What is asked.
#[derive(Debug, Default)]
pub(crate) struct Ask<'a> {
    /// Access token.
    pub(crate) token: Option<&'a str>,
    /// Further header.
    pub(crate) header: Option<(&'a str, &'a str)>,
    /// JSON body.
    pub(crate) body: Option<serde_json::Value>,
}

impl Client {
    /// Trusts the certificates in `ca_pem`; connects as nobody.
    pub(crate) fn new(address: SocketAddr, ca_pem: &str) -> anyhow::Result<Self> {
        Ok(Self {
            address,
            connector: Self::connector(ca_pem)?,
            name: ServerName::try_from("localhost").context("name")?,
        })
    }

    fn connector(ca_pem: &str) -> anyhow::Result<TlsConnector> {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
            let certificate = certificate.context("CA certificate")?;
            roots.add(certificate).context("CA certificate")?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("TLS")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(TlsConnector::from(Arc::new(config)))
    }

    /// Sends one request and reads the whole answer.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        ask: Ask<'_>,
    ) -> anyhow::Result<Answer> {
        tokio::time::timeout(ANSWER_TIME, self.exchange(method, path, ask))
            .await
            .with_context(|| format!("no answer from {} in time", self.address))?
    }

    async fn exchange(&self, method: &str, path: &str, ask: Ask<'_>) -> anyhow::Result<Answer> {
        let stream = TcpStream::connect(self.address)
            .await
            .context("connection")?;
        let stream = self
            .connector
            .connect(self.name.clone(), stream)
            .await
            .context("TLS")?;
        let tls = stream.get_ref().1.protocol_version();
        let tls = tls.map_or_else(String::new, |version| format!("{version:?}"));
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driver = vauban_net::task::spawn("story", connection);
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).context("method")?)
            .uri(path)
            .header("host", format!("localhost:{}", self.address.port()))
            .header("accept", "application/json");
        if let Some(token) = ask.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some((name, value)) = ask.header {
            request = request.header(name, value);
        }
        let body = match ask.body {
            None => Bytes::new(),
            Some(json) => {
                request = request.header("content-type", "application/json");
                Bytes::from(json.to_string())
            }
        };
        let answer = sender
            .send_request(request.body(Full::new(body)).context("request")?)
            .await?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX)
            .collect()
            .await
            .map_err(|error| anyhow::anyhow!("answer: {error}"))?
            .to_bytes();
        driver.abort();
        let header = |name: &str| {
            head.headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
                .to_owned()
        };
        Ok(Answer {
            status: head.status.as_u16(),
            decision: header("vauban-decision"),
            hsts: header("strict-transport-security"),
            tls,
            body: serde_json::from_slice(&body).unwrap_or(serde_json::Value::Null),
        })
    }
}
