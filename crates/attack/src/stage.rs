//! Tiny servers for the tests: what they answer is a function of the bytes that came.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::target::{Door, Flood, Person, Read, Sibling, Stolen, Target, Upload, Write};
use crate::witness::{Witness, WitnessError, contains};

/// A certificate authority, a certificate that it signed and its key.
pub(crate) struct Certificates {
    pub(crate) ca_pem: String,
    pub(crate) certificate_pem: String,
    pub(crate) key: rcgen::KeyPair,
}

pub(crate) fn certificates() -> Certificates {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate_pem = leaf.signed_by(&key, &issuer).unwrap().pem();
    Certificates {
        ca_pem,
        certificate_pem,
        key,
    }
}

/// What came in, as text; binary bodies are shown lossily.
pub(crate) type Seen = Arc<Mutex<Vec<String>>>;

/// Serves on a port of the system until the test process ends. With `mutual` it asks for a client certificate.
pub(crate) fn serve(
    certificates: &Certificates,
    mutual: bool,
    answer: impl Fn(&str) -> String + Send + 'static,
) -> (SocketAddr, Seen) {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if mutual {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(certificates.ca_pem.as_bytes()).unwrap())
            .unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .unwrap();
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let chain =
        vec![CertificateDer::from_pem_slice(certificates.certificate_pem.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(certificates.key.serialize_pem().as_bytes()).unwrap();
    let config = Arc::new(builder.with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let shown = Arc::clone(&seen);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            one_connection(
                StreamOwned::new(connection, socket.unwrap()),
                &shown,
                &answer,
            );
        }
    });
    (address, seen)
}

fn one_connection(
    mut stream: StreamOwned<ServerConnection, TcpStream>,
    seen: &Seen,
    answer: &impl Fn(&str) -> String,
) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() >= length(head)
        {
            seen.lock().unwrap().push(text.clone());
            let reply = answer(&text);
            if stream
                .write_all(reply.as_bytes())
                .and_then(|()| stream.flush())
                .is_err()
            {
                return;
            }
            bytes.clear();
            continue;
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

fn length(head: &str) -> usize {
    head.lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .map_or(0, |length| length.parse().unwrap())
}

/// A complete answer.
pub(crate) fn reply(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Some\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A token without meaning, readable like any other.
pub(crate) fn token(subject: &str) -> String {
    // {"alg":"ES256","kid":"k1"} and claims, by the RFC's alphabet.
    let claims = crate::forge::encode(
        format!(r#"{{"sub":"{subject}","exp":7,"sid":"s-{subject}"}}"#).as_bytes(),
    );
    format!("eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0.{claims}.c2ln")
}

fn person(subject: &str) -> Person {
    Person {
        subject: subject.to_owned(),
        access_token: token(subject),
    }
}

/// A target whose doors are all the same address.
pub(crate) fn target(certificates: &Certificates, address: SocketAddr) -> Target {
    let read = |operation: &str, path: &str| Read {
        operation: operation.to_owned(),
        service: "accounts".to_owned(),
        path: path.to_owned(),
        canary: format!("canary-{operation}"),
    };
    Target {
        edge: Door {
            address,
            host: "localhost".to_owned(),
            ca_pem: certificates.ca_pem.clone(),
        },
        guards: BTreeMap::from([
            ("accounts".to_owned(), address),
            ("payments".to_owned(), address),
        ]),
        sibling: Sibling {
            service: "images".to_owned(),
            certificate_pem: certificates.certificate_pem.clone(),
            key_pem: certificates.key.serialize_pem(),
            internal_token: Some(token("1002")),
        },
        attacker: person("1001"),
        victim: person("1002"),
        admin: person("1003"),
        crowd: vec![person("1001"), person("1004")],
        reads: vec![
            read("statements", "/accounts/7/statements"),
            read("profile", "/profile/1002"),
        ],
        write: Write {
            operation: "transfer".to_owned(),
            service: "payments".to_owned(),
            method: "POST".to_owned(),
            path: "/transfers".to_owned(),
            body: r#"{"from":"7","reference":"{reference}"}"#.to_owned(),
            idempotency_header: Some("Idempotency-Key".to_owned()),
        },
        admin_read: read("admin", "/admin"),
        flood: Flood {
            operation: "list".to_owned(),
            path: "/accounts".to_owned(),
            address_burst: Some(4),
            user_burst: Some(3),
        },
        upload: Upload {
            operation: "upload".to_owned(),
            path: "/images".to_owned(),
            content_type: "image/png".to_owned(),
            body: b"\x89PNG".to_vec(),
            canary: "canary-upload".to_owned(),
        },
        evidence_headers: vec!["X-Odd-Owner".to_owned(), "x-owner".to_owned()],
        limit_headers: vec!["X-Odd-Address".to_owned()],
        stolen: Stolen {
            expired_token: Some(token("1002")),
            ..Stolen::default()
        },
        run: "run".to_owned(),
    }
}

/// Sees what it is told to see.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) blind: bool,
    pub(crate) moved: bool,
    pub(crate) seen: Seen,
    pub(crate) served_max: Option<usize>,
}

impl Witness for Told {
    fn leaked(&self, answer: &[u8], canary: &str) -> bool {
        !self.blind && contains(answer, canary)
    }

    fn money_moved(&self, _reference: &str) -> Result<bool, WitnessError> {
        Ok(self.moved && !self.blind)
    }

    fn served(&self, _operation: &str, subject: &str) -> Result<u64, WitnessError> {
        let bearer = format!("Bearer {}", token(subject));
        let count = self
            .seen
            .lock()
            .unwrap()
            .iter()
            .filter(|request| request.contains(&bearer))
            .count();
        Ok(if self.blind {
            0
        } else {
            count.min(self.served_max.unwrap_or(usize::MAX)) as u64
        })
    }
}
