//! Who may connect to whom.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use vauban_net::{
    Acceptor, ClientAuth, Identity, PublicTls, TlsError, Upstream, UpstreamError, UpstreamLimits,
    Workload,
};

use crate::support::{Ca, Client, LIMITS, Running, connect, soon, start};

const EDGE: &str = "spiffe://bank.internal/line/edge";
const GUARD: &str = "spiffe://bank.internal/guard/accounts";
const GET: &str = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

const UPSTREAM: UpstreamLimits = UpstreamLimits {
    answer_time: Duration::from_secs(20),
    answer_bytes_max: 1000,
    idle_max: 4,
};

/// A client that believes any server: here the server is on trial.
#[derive(Debug)]
struct Gullible;

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

async fn shake_hands(
    server: &Running,
    identity: Option<&Identity>,
    version: &'static SupportedProtocolVersion,
) -> io::Result<Client<TlsStream<TcpStream>>> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Gullible));
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = CertificateDer::pem_slice_iter(identity.chain_pem.as_bytes())
                .map(Result::unwrap)
                .collect();
            builder
                .with_client_auth_cert(
                    chain,
                    PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap(),
                )
                .unwrap()
        }
    };
    let name = ServerName::IpAddress(server.address.ip().into());
    let stream = connect(server.address).await.0;
    Ok(Client(
        soon(TlsConnector::from(Arc::new(config)).connect(name, stream)).await?,
    ))
}

/// With TLS 1.3 a client learns of its refusal only when it reads.
async fn is_refused(server: &Running, identity: Option<&Identity>) -> bool {
    let Ok(mut client) = shake_hands(server, identity, &TLS13).await else {
        return true;
    };
    let written = client.0.write_all(GET.as_bytes()).await;
    let mut answer = Vec::new();
    let read = soon(client.0.read_to_end(&mut answer)).await;
    assert!(
        answer.is_empty(),
        "{written:?} {read:?} {}",
        String::from_utf8_lossy(&answer)
    );
    read.is_err()
}

async fn mutual(ca: &Ca, auth: ClientAuth) -> Running {
    start(Acceptor::Mutual(ca.workload(GUARD), auth), LIMITS).await
}

#[tokio::test]
async fn a_declared_peer_is_known_by_its_certificate() {
    let ca = Ca::new();
    for auth in [ClientAuth::Required, ClientAuth::Optional] {
        let server = mutual(&ca, auth).await;
        let edge = ca.identity_of(&[EDGE]);
        let mut client = shake_hands(&server, Some(&edge), &TLS13).await.unwrap();
        client.write(GET).await;
        assert_eq!(client.answer().await, (200, "GET /a 0".to_owned()));
        let peer = server.recorder.peers.lock().unwrap()[0].clone();
        let der = CertificateDer::from_pem_slice(edge.chain_pem.as_bytes()).unwrap();
        assert_eq!(peer.spiffe.as_deref(), Some(EDGE));
        assert_eq!(peer.certificate_sha256, Some(Sha256::digest(&der).into()));
    }
}

#[tokio::test]
async fn a_peer_without_a_good_certificate_is_refused() {
    let ca = Ca::new();
    let expired =
        |params: &mut rcgen::CertificateParams| params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let early = |params: &mut rcgen::CertificateParams| {
        params.not_before = rcgen::date_time_ymd(2090, 1, 1);
    };
    let cases = [
        ("another CA", Ca::new().identity_of(&[EDGE])),
        ("no SPIFFE id", ca.identity_of(&[])),
        (
            "another kind of URI",
            ca.identity_of(&["https://bank.internal/line/edge"]),
        ),
        ("two SPIFFE ids", ca.identity_of(&[EDGE, GUARD])),
        ("expired", ca.identity(&[EDGE], expired)),
        ("not valid yet", ca.identity(&[EDGE], early)),
    ];
    for auth in [ClientAuth::Required, ClientAuth::Optional] {
        let server = mutual(&ca, auth).await;
        for (name, identity) in &cases {
            assert!(
                is_refused(&server, Some(identity)).await,
                "{name} with {auth:?}"
            );
        }
        assert!(server.recorder.seen().is_empty());
    }
}

#[tokio::test]
async fn no_certificate_is_refused_where_one_is_required() {
    let ca = Ca::new();
    assert!(is_refused(&mutual(&ca, ClientAuth::Required).await, None).await);
    let server = mutual(&ca, ClientAuth::Optional).await;
    let mut client = shake_hands(&server, None, &TLS13).await.unwrap();
    client.write(GET).await;
    assert_eq!(client.answer().await.0, 200);
    assert_eq!(server.recorder.peers.lock().unwrap()[0].spiffe, None);
}

#[tokio::test]
async fn plain_bytes_are_refused_where_tls_is_spoken() {
    let server = mutual(&Ca::new(), ClientAuth::Optional).await;
    let mut client = connect(server.address).await;
    client.write(GET).await;
    let mut answer = Vec::new();
    drop(soon(client.0.read_to_end(&mut answer)).await);
    assert!(!answer.starts_with(b"HTTP"));
    assert!(server.recorder.seen().is_empty());
}

async fn ask(upstream: &Upstream) -> Result<u16, UpstreamError> {
    Ok(
        soon(upstream.send(Request::get("/a").body(Bytes::new()).unwrap()))
            .await?
            .status()
            .as_u16(),
    )
}

#[tokio::test]
async fn a_client_refuses_a_server_that_is_another() {
    let ca = Ca::new();
    let server = mutual(&ca, ClientAuth::Required).await;
    let towards = |expected: &str, ca: &Ca| {
        Upstream::mutual(
            server.address,
            expected.to_owned(),
            ca.workload(EDGE),
            UPSTREAM,
        )
    };
    assert_eq!(ask(&towards(GUARD, &ca)).await.unwrap(), 200);
    for (expected, ca) in [
        ("spiffe://bank.internal/guard/payments", &ca),
        ("spiffe://other.internal/guard/accounts", &ca),
        (GUARD, &Ca::new()),
    ] {
        let error = ask(&towards(expected, ca)).await.unwrap_err();
        assert!(matches!(error, UpstreamError::WrongPeer(_)), "{error:?}");
        assert_eq!(
            error.to_string(),
            format!("the upstream is not `{expected}`")
        );
    }
    assert_eq!(server.recorder.seen().len(), 1);
}

#[tokio::test]
async fn a_replaced_identity_is_used_at_once() {
    let ca = Ca::new();
    let server = mutual(&ca, ClientAuth::Required).await;
    let workload = ca.workload(EDGE);
    let upstream = Upstream::mutual(server.address, GUARD.to_owned(), workload.clone(), UPSTREAM);
    ask(&upstream).await.unwrap();
    workload.replace(ca.identity_of(&[EDGE])).unwrap();
    ask(&upstream).await.unwrap();
    ask(&upstream).await.unwrap();
    let shown: Vec<_> = server
        .recorder
        .peers
        .lock()
        .unwrap()
        .iter()
        .map(|peer| peer.certificate_sha256)
        .collect();
    assert_ne!(shown[0], shown[1]);
    assert_eq!(shown[1], shown[2]);
}

#[test]
fn an_identity_whose_parts_do_not_belong_together_is_refused() {
    let ca = Ca::new();
    let good = ca.identity_of(&[EDGE]);
    let check = |change: &dyn Fn(&mut Identity), message: &str| {
        let mut identity = good.clone();
        change(&mut identity);
        assert_eq!(Workload::fixed(identity).unwrap_err().to_string(), message);
    };
    check(
        &|it| it.spiffe = GUARD.to_owned(),
        &format!("the certificate is not for `{GUARD}`"),
    );
    check(
        &|it| it.key_pem = ca.identity_of(&[EDGE]).key_pem,
        "the certificate and the private key cannot be used together",
    );
    check(
        &|it| it.key_pem = String::new().into(),
        "the private key is not readable as PEM",
    );
    check(
        &|it| it.chain_pem = "x".to_owned(),
        "the certificate chain is not readable as PEM",
    );
    check(
        &|it| it.ca_pem = String::new(),
        "the CA certificate is not readable as PEM",
    );

    let workload = Workload::fixed(good.clone()).unwrap();
    assert!(
        matches!(workload.replace(ca.identity_of(&[GUARD])), Err(TlsError::WrongSpiffe(expected)) if expected == EDGE)
    );
    assert_eq!(workload.current().chain_pem, good.chain_pem);
}

#[test]
fn nothing_secret_is_shown() {
    let workload = Ca::new().workload(EDGE);
    let shown = format!(
        "{workload:?} {:?} {:?}",
        workload.current(),
        public(&Ca::new())
    );
    assert!(
        shown.contains(EDGE) && !shown.contains("KEY") && !shown.contains("BEGIN"),
        "{shown}"
    );
}

fn public(ca: &Ca) -> PublicTls {
    let identity = ca.identity_of(&["https://bank.example"]);
    PublicTls::from_pem(&identity.chain_pem, &identity.key_pem).unwrap()
}

#[tokio::test]
async fn a_server_outside_is_known_by_its_name_and_its_ca() {
    let ca = Ca::new();
    let server = |dns: &str| {
        let name = rcgen::SanType::DnsName(dns.try_into().unwrap());
        let identity = ca.identity(&[], |params| params.subject_alt_names = vec![name]);
        PublicTls::from_pem(&identity.chain_pem, &identity.key_pem).unwrap()
    };
    let good = start(Acceptor::Public(server("localhost")), LIMITS).await;
    let ask = async |ca_pem: &str, port: u16| {
        let upstream = Upstream::https("localhost", port, ca_pem, UPSTREAM).unwrap();
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = "/a".parse().unwrap();
        soon(upstream.send(request)).await
    };
    let answer = ask(&ca.pem, good.address.port()).await.unwrap();
    assert_eq!(answer.body(), "GET /a 0");
    // Another CA, another name.
    for (ca_pem, names) in [(&Ca::new().pem, "localhost"), (&ca.pem, "elsewhere")] {
        let bad = start(Acceptor::Public(server(names)), LIMITS).await;
        let error = ask(ca_pem, bad.address.port()).await.unwrap_err();
        assert_eq!(error.to_string(), "the upstream is not `localhost`");
    }
    assert!(matches!(
        Upstream::https("localhost", 443, "no certificate", UPSTREAM),
        Err(TlsError::Ca)
    ));
}

#[tokio::test]
async fn the_public_listener_speaks_tls_1_2_and_1_3_and_the_internal_one_only_1_3() {
    let ca = Ca::new();
    let server = start(Acceptor::Public(public(&ca)), LIMITS).await;
    for version in [&TLS12, &TLS13] {
        let mut client = shake_hands(&server, None, version).await.unwrap();
        client.write(GET).await;
        assert_eq!(client.answer().await.0, 200, "{version:?}");
    }
    let internal = mutual(&ca, ClientAuth::Optional).await;
    assert!(shake_hands(&internal, None, &TLS12).await.is_err());
}

/// A greeting whose highest version is 3.`minor`, and that is otherwise complete: one modern cipher suite, signature
/// algorithms, a group and a point format.
fn hello(minor: u8) -> Vec<u8> {
    let mut hello = vec![3, minor];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]);
    hello.extend([
        0, 22, 0, 13, 0, 4, 0, 2, 4, 3, 0, 10, 0, 4, 0, 2, 0, 29, 0, 11, 0, 2, 1, 0,
    ]);
    let length = u8::try_from(hello.len()).unwrap();
    let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(hello);
    record
}

#[tokio::test]
async fn tls_1_1_and_older_are_refused_by_version() {
    let ca = Ca::new();
    let first_bytes = async |server: &Running, minor| {
        let mut client = connect(server.address).await;
        client.write(hello(minor)).await;
        let mut answer = vec![0; 7];
        soon(client.0.read_exact(&mut answer)).await.unwrap();
        answer
    };
    let outer = start(Acceptor::Public(public(&ca)), LIMITS).await;
    let inner = mutual(&ca, ClientAuth::Optional).await;
    // A fatal alert, `protocol_version`.
    let refused = [21, 3, 3, 0, 2, 2, 70];
    for minor in [0, 1, 2] {
        assert_eq!(first_bytes(&outer, minor).await, refused, "3.{minor}");
        assert_eq!(first_bytes(&inner, minor).await, refused, "3.{minor}");
    }
    // The same greeting for TLS 1.2 is answered with a handshake outside, and refused inside.
    assert_eq!(first_bytes(&outer, 3).await[0], 22);
    assert_eq!(first_bytes(&inner, 3).await, refused);
}

#[tokio::test]
async fn a_replaced_public_certificate_is_shown_at_once() {
    let ca = Ca::new();
    let tls = public(&ca);
    let server = start(Acceptor::Public(tls.clone()), LIMITS).await;
    let shown = async || {
        let client = shake_hands(&server, None, &TLS13).await.unwrap();
        client.0.get_ref().1.peer_certificates().unwrap()[0].clone()
    };
    let first = shown().await;
    assert_eq!(
        tls.replace("", "").unwrap_err().to_string(),
        "the private key is not readable as PEM"
    );
    assert_eq!(shown().await, first);
    let other = ca.identity_of(&["https://bank.example"]);
    tls.replace(&other.chain_pem, &other.key_pem).unwrap();
    assert_ne!(shown().await, first);
}
