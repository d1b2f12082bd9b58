use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use vauban_testkit::PartError;
use vauban_testkit::https::{Client, End, Raw, Request};

/// Certificates of a test: a CA, a server for `localhost` and a client.
struct Keys {
    folder: tempfile::TempDir,
    server: Arc<rustls::ServerConfig>,
}

impl Keys {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.distinguished_name.push(DnType::CommonName, "the CA");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
        let make = |name: &str| {
            let key = KeyPair::generate().unwrap();
            let certificate = CertificateParams::new(vec![name.to_owned()])
                .unwrap()
                .signed_by(&key, &ca)
                .unwrap();
            (certificate, key)
        };
        let (client, client_key) = make("client");
        for (name, text) in [
            ("ca", ca.pem()),
            ("cert", client.pem()),
            ("key", client_key.serialize_pem()),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mut roots = rustls::RootCertStore::empty();
        roots.add(ca.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::clone(&provider),
        )
        .allow_unauthenticated()
        .build()
        .unwrap();
        let (certificate, key) = make("localhost");
        let server = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![certificate.der().clone()],
                key.serialize_der().try_into().unwrap(),
            )
            .unwrap();
        Self {
            folder,
            server: Arc::new(server),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn client(&self) -> Client {
        Client::start(Some(&self.path("ca"))).unwrap()
    }
}

/// What one connection of the server does: for each request an answer.
struct Connection {
    requests: Vec<String>,
    had_certificate: bool,
}

/// Serves connections one after the other; each inner list answers one connection's requests.
fn serve(keys: &Keys, answers: Vec<Vec<&'static str>>) -> (String, JoinHandle<Vec<Connection>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let config = Arc::clone(&keys.server);
    let server = thread::spawn(move || {
        answers
            .into_iter()
            .map(|answers| converse(listener.accept().unwrap().0, &config, &answers))
            .collect()
    });
    (address, server)
}

fn converse(socket: TcpStream, config: &Arc<rustls::ServerConfig>, answers: &[&str]) -> Connection {
    let tls = rustls::ServerConnection::new(Arc::clone(config)).unwrap();
    let mut stream = rustls::StreamOwned::new(tls, socket);
    let mut requests = Vec::new();
    for answer in answers {
        let Some(request) = read_request(&mut stream) else {
            break;
        };
        requests.push(request);
        stream.write_all(answer.as_bytes()).unwrap();
    }
    stream.conn.send_close_notify();
    drop(stream.flush());
    Connection {
        requests,
        had_certificate: stream.conn.peer_certificates().is_some(),
    }
}

/// A head and as much body as it announces.
fn read_request(stream: &mut impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    let mut one = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut one).ok()?;
        bytes.push(one[0]);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8(body).unwrap())
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Two: a\r\nX-Two: b\r\nContent-Length: 7\r\n\r\n{\"n\":1}";
const GONE: &str = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";

#[test]
fn requests_go_out_as_asked_and_answers_come_back_whole() {
    let keys = Keys::new();
    let (address, server) = serve(&keys, vec![vec![OK, GONE]]);
    let port = address.rsplit_once(':').unwrap().1;
    let mut client = keys.client();
    let mut request = Request::new("POST", &format!("https://localhost:{port}/a%20b?c=d&c=e"))
        .header("Authorization", "Bearer x")
        .header("X-Twice", "1")
        .header("X-Twice", "2")
        .body("application/json", "{\"ä\":1}");
    request.connect = Some(address.clone());
    let answer = client.send(&request).unwrap();
    assert_eq!(
        (
            answer.status,
            answer.header("x-two"),
            answer.text().as_str()
        ),
        (200, Some("a"), "{\"n\":1}")
    );
    assert_eq!(
        answer
            .headers
            .iter()
            .filter(|(name, _)| name == "X-Two")
            .count(),
        2
    );
    assert_eq!(answer.json()["n"], 1);
    let mut second = Request::new("GET", &format!("https://localhost:{port}"));
    second.connect = Some(address.clone());
    assert_eq!(client.send(&second).unwrap().status, 204);
    let connections = server.join().unwrap();
    let due = format!(
        "POST /a%20b?c=d&c=e HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 8\r\nAuthorization: Bearer x\r\n\
         X-Twice: 1\r\nX-Twice: 2\r\ncontent-type: application/json\r\n\r\n{{\"ä\":1}}"
    );
    // Both on one connection: it was kept.
    assert_eq!(
        connections[0].requests,
        [
            due,
            format!("GET / HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n")
        ]
    );
    assert!(!connections[0].had_certificate);
}

#[test]
fn a_connection_that_the_server_closed_while_idle_is_replaced() {
    let keys = Keys::new();
    let (address, server) = serve(&keys, vec![vec![OK], vec![OK]]);
    let mut client = keys.client();
    let mut request = Request::new("GET", "https://localhost/");
    request.connect = Some(address);
    assert_eq!(client.send(&request).unwrap().status, 200);
    assert_eq!(client.send(&request).unwrap().status, 200);
    assert_eq!(
        server
            .join()
            .unwrap()
            .iter()
            .map(|connection| connection.requests.len())
            .sum::<usize>(),
        2
    );
}

#[test]
fn a_client_comes_with_its_certificate() {
    let keys = Keys::new();
    let (address, server) = serve(&keys, vec![vec![OK]]);
    let mut client = keys.client();
    client.identify(&keys.path("cert"), &keys.path("key"));
    let mut request = Request::new("GET", "https://localhost/");
    request.connect = Some(address);
    assert_eq!(client.send(&request).unwrap().status, 200);
    assert!(server.join().unwrap()[0].had_certificate);
}

fn refused(client: &mut Client, url: &str, address: &str) -> String {
    let mut request = Request::new("GET", url);
    request.connect = Some(address.to_owned());
    match client.send(&request) {
        Err(PartError::Failed { reason, .. }) => reason,
        other => panic!("{url}: {other:?}"),
    }
}

#[test]
fn a_server_that_cannot_prove_its_name_is_refused() {
    let keys = Keys::new();
    let check = |client: &mut Client, url: &str, due: &str| {
        let (address, _server) = serve(&keys, vec![vec![OK]]);
        let reason = refused(client, url, &address);
        assert!(reason.contains(due), "{url}: {reason}");
    };
    check(
        &mut keys.client(),
        "https://elsewhere.example/",
        "Hostname mismatch",
    );
    check(
        &mut Keys::new().client(),
        "https://localhost/",
        "CERTIFICATE_VERIFY_FAILED",
    );
    check(
        &mut keys.client(),
        "ftp://localhost/",
        "the scheme is neither http nor https",
    );
}

#[test]
fn raw_bytes_go_out_as_they_are() {
    let keys = Keys::new();
    let (address, server) = serve(&keys, vec![vec![GONE]]);
    let bytes = b"GET /../x HTTP/1.1\r\nHost : a\r\nHost: b\r\n\r\n";
    let raw = Raw {
        address: &address,
        server_name: Some("localhost"),
        bytes,
        half_close: false,
    };
    let answer = keys.client().raw(&raw).unwrap();
    assert_eq!(
        (
            String::from_utf8(answer.bytes).unwrap().as_str(),
            answer.end
        ),
        (GONE, End::Closed)
    );
    assert_eq!(
        server.join().unwrap()[0].requests,
        [String::from_utf8(bytes.to_vec()).unwrap()]
    );
}

/// Plain TCP: `act` is the server.
fn raw_plain(act: impl FnOnce(TcpStream) + Send + 'static, half_close: bool) -> (String, End) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || act(listener.accept().unwrap().0));
    let mut client = Client::start(None).unwrap();
    client.patience(Duration::from_millis(300));
    let answer = client
        .raw(&Raw {
            address: &address,
            server_name: None,
            bytes: b"ask",
            half_close,
        })
        .unwrap();
    drop(client);
    server.join().unwrap();
    (String::from_utf8(answer.bytes).unwrap(), answer.end)
}

#[test]
fn the_end_of_a_raw_exchange_is_told_apart() {
    let hear = |socket: &mut TcpStream| {
        let mut heard = [0; 3];
        socket.read_exact(&mut heard).unwrap();
        socket.write_all(b"part").unwrap();
    };
    let closed = raw_plain(move |mut socket| hear(&mut socket), false);
    assert_eq!(closed, ("part".to_owned(), End::Closed));
    let hear_to_the_end = |mut socket: TcpStream| {
        let mut heard = String::new();
        socket.read_to_string(&mut heard).unwrap();
        socket.write_all(heard.as_bytes()).unwrap();
    };
    assert_eq!(
        raw_plain(hear_to_the_end, true),
        ("ask".to_owned(), End::Closed)
    );
    let held = raw_plain(
        move |mut socket| {
            hear(&mut socket);
            // Until the client has given up.
            socket.read_to_end(&mut Vec::new()).unwrap();
        },
        false,
    );
    assert_eq!(held, ("part".to_owned(), End::Timeout));
}

#[test]
fn a_missing_file_is_an_error_and_the_client_goes_on() {
    let keys = Keys::new();
    let mut client = Client::start(Some(Path::new("/nowhere/ca.pem"))).unwrap();
    let reason = refused(&mut client, "https://localhost/", "127.0.0.1:1");
    assert!(reason.starts_with("FileNotFoundError"), "{reason}");
    let (address, _server) = serve(&keys, vec![vec![]]);
    assert!(refused(&mut client, "https://localhost/", &address).starts_with("FileNotFoundError"));
}
