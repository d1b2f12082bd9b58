//! A raw TLS client: rustls and bytes, none of the code under test.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A connection to the edge.
pub(crate) struct Client(StreamOwned<ClientConnection, TcpStream>);

/// What the edge answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr, ca_pem: &str) -> Self {
        Self::over(TcpStream::connect(address).unwrap(), ca_pem)
    }

    /// Over a connection that is there already.
    pub(crate) fn over(tcp: TcpStream, ca_pem: &str) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tls =
            ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap())
                .unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self(StreamOwned::new(tls, tcp))
    }

    /// Sends bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
        self.0.flush().unwrap();
    }

    /// Reads one answer, by its `Content-Length`.
    pub(crate) fn read(&mut self) -> Answer {
        let mut answer = self.read_head();
        let length = answer
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        while answer.body.len() < length {
            self.more(&mut answer.body);
        }
        assert_eq!(answer.body.len(), length, "nothing follows the answer");
        answer
    }

    /// Reads the head of one answer, and whatever came with it.
    pub(crate) fn read_head(&mut self) -> Answer {
        let mut bytes = Vec::new();
        let head_end = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            self.more(&mut bytes);
        };
        let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Answer {
            status,
            headers,
            body: bytes[head_end + 4..].to_vec(),
        }
    }

    fn more(&mut self, bytes: &mut Vec<u8>) {
        let mut piece = [0; 4096];
        let count = self.0.read(&mut piece).unwrap();
        assert!(
            count > 0,
            "closed after {:?}",
            String::from_utf8_lossy(bytes)
        );
        bytes.extend_from_slice(&piece[..count]);
    }
}

impl Answer {
    /// The only value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(one, _)| one == name)
            .map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "`{name}` occurs twice");
        value
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The decision's id.
    pub(crate) fn decision(&self) -> &str {
        self.header("vauban-decision").unwrap()
    }
}
