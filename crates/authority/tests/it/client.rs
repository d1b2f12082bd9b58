//! A client written by hand: rustls, HTTP/1.1 as text, and nothing of the lines.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Nothing here takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Certificate and key of a caller.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) chain_pem: String,
    pub(crate) key_pem: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn text(&self, member: &str) -> String {
        self.json()[member]
            .as_str()
            .unwrap_or_else(|| panic!("no `{member}`: {self:?}"))
            .to_owned()
    }

    /// Asserts a refusal in the one shape that refusals have.
    pub(crate) fn refused(&self, status: u16, code: &str) {
        let problem = self.json();
        assert_eq!(
            (self.status, problem["code"].as_str()),
            (status, Some(code)),
            "{self:?}"
        );
        assert_eq!(problem["type"], format!("urn:vauban:denial:{code}"));
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.headers["cache-control"], "no-store");
        let mut members: Vec<&String> = problem.as_object().unwrap().keys().collect();
        members.sort_unstable();
        let plain = ["code", "decision", "status", "title", "type"];
        assert!(
            members == plain || problem.get("violations").is_some(),
            "{self:?}"
        );
    }

    pub(crate) fn fine(&self) -> &Self {
        assert_eq!(self.status, 200, "{self:?}");
        // Only public keys may be kept, and only that long.
        let kept = if self.body.starts_with("{\"keys\":") {
            "public, max-age=60"
        } else {
            "no-store"
        };
        assert_eq!(self.headers["cache-control"], kept);
        self
    }
}

/// Sends one request on a connection of its own.
pub(crate) async fn send(
    address: SocketAddr,
    ca_pem: &str,
    caller: Option<&Caller>,
    head: &str,
    body: &str,
) -> Answer {
    let mut stream = connect(address, ca_pem, caller).await;
    let typed = if body.is_empty() {
        String::new()
    } else {
        let length = body.len();
        let media = if head.contains("content-type:") {
            ""
        } else {
            "content-type: application/json\r\n"
        };
        format!("{media}content-length: {length}\r\n")
    };
    let request = format!("{head}\r\nhost: authority\r\nconnection: close\r\n{typed}\r\n{body}");
    let whole = async {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut raw = Vec::new();
        // A server that closes without a closing alert is no matter here: the length says where the answer ends.
        drop(stream.read_to_end(&mut raw).await);
        raw
    };
    read(&tokio::time::timeout(PATIENCE, whole).await.unwrap())
}

/// A connection whose answer does not end.
pub(crate) struct Watch {
    stream: TlsStream<TcpStream>,
    seen: String,
}

impl Watch {
    pub(crate) async fn open(
        address: SocketAddr,
        ca_pem: &str,
        caller: &Caller,
        target: &str,
    ) -> Self {
        let mut stream = connect(address, ca_pem, Some(caller)).await;
        let request = format!("GET {target} HTTP/1.1\r\nhost: authority\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        Self {
            stream,
            seen: String::new(),
        }
    }

    /// Reads until `text` was seen.
    pub(crate) async fn until(&mut self, text: &str) {
        let reading = async {
            let mut piece = [0_u8; 1024];
            while !self.seen.contains(text) {
                let length = self.stream.read(&mut piece).await.unwrap();
                assert_ne!(length, 0, "the stream ended: {}", self.seen);
                self.seen
                    .push_str(std::str::from_utf8(&piece[..length]).unwrap());
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap();
    }

    /// Reads until the server ends the answer: with the last chunk, or with the connection.
    pub(crate) async fn until_end(&mut self) {
        let reading = async {
            let mut piece = [0_u8; 1024];
            while !self.seen.ends_with("\r\n0\r\n\r\n") {
                match self.stream.read(&mut piece).await {
                    Ok(0) | Err(_) => return,
                    Ok(length) => self
                        .seen
                        .push_str(std::str::from_utf8(&piece[..length]).unwrap()),
                }
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap();
    }

    /// How often `text` was seen so far.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.seen.matches(text).count()
    }
}

async fn connect(
    address: SocketAddr,
    ca_pem: &str,
    caller: Option<&Caller>,
) -> TlsStream<TcpStream> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let verifier = Inside {
        roots,
        provider: Arc::clone(&provider),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let config = match caller {
        None => builder.with_no_client_auth(),
        Some(caller) => {
            let chain = CertificateDer::pem_slice_iter(caller.chain_pem.as_bytes())
                .map(Result::unwrap)
                .collect();
            let key = PrivateKeyDer::from_pem_slice(caller.key_pem.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let tcp = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("authority").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
        .unwrap()
}

fn read(raw: &[u8]) -> Answer {
    let text = String::from_utf8(raw.to_vec()).unwrap();
    let (head, rest) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let headers: BTreeMap<String, String> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    assert_eq!(rest.len(), length, "{text:?}");
    Answer {
        status,
        headers,
        body: rest.to_owned(),
    }
}

/// Verifies the chain and that the certificate is the authority's by its SPIFFE id; there are no host names inside.
#[derive(Debug)]
struct Inside {
    roots: RootCertStore,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Inside {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let algorithms = self.provider.signature_verification_algorithms.all;
        let parsed = ParsedCertificate::try_from(leaf)?;
        verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &self.roots,
            intermediates,
            now,
            algorithms,
        )?;
        let names = spiffe_ids(leaf);
        assert_eq!(names, ["spiffe://bank.internal/line/authority"]);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 inside the walls".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// URI names of a certificate.
pub(crate) fn spiffe_ids(certificate: &[u8]) -> Vec<String> {
    use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};
    let (_, leaf) = X509Certificate::from_der(certificate).unwrap();
    let names = leaf
        .subject_alternative_name()
        .unwrap()
        .unwrap()
        .value
        .general_names
        .clone();
    let uri = |name: &GeneralName<'_>| {
        let GeneralName::URI(uri) = name else {
            panic!("{name:?}");
        };
        (*uri).to_owned()
    };
    names.iter().map(uri).collect()
}
