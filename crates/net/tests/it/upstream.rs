//! Asking a raw upstream.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::BodyExt;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use vauban_net::{Acceptor, Socket, Upstream, UpstreamError, UpstreamLimits};

use crate::support::{Client, LIMITS, soon, start, start_on};

const LONG: UpstreamLimits = UpstreamLimits {
    answer_time: Duration::from_secs(20),
    answer_bytes_max: 1000,
    idle_max: 4,
};
const SHORT: UpstreamLimits = UpstreamLimits {
    answer_time: Duration::from_millis(50),
    ..LONG
};

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn accept(listener: &TcpListener) -> Client<TcpStream> {
    Client(soon(listener.accept()).await.unwrap().0)
}

impl Client<TcpStream> {
    /// One request without a body.
    async fn request(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon(self.0.read_u8()).await.expect("the connection ended"));
        }
        String::from_utf8(head).unwrap()
    }
}

fn request(method: Method) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri("/a?b=c")
        .body(Bytes::new())
        .unwrap()
}

async fn get(upstream: &Upstream) -> Result<String, UpstreamError> {
    let answer = soon(upstream.send(request(Method::GET))).await?;
    Ok(format!(
        "{} {}",
        answer.status().as_u16(),
        String::from_utf8_lossy(answer.body())
    ))
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = start(Acceptor::Plain, LIMITS).await;
    let upstream = Upstream::plain(server.address, LONG);
    for _ in 0..5 {
        assert_eq!(get(&upstream).await.unwrap(), "200 GET /a?b=c 0");
    }
    let mut post = request(Method::POST);
    *post.body_mut() = Bytes::from_static(b"hello");
    assert_eq!(
        soon(upstream.send(post)).await.unwrap().body(),
        "POST /a?b=c 5"
    );
    let peers = server.recorder.peers.lock().unwrap().clone();
    assert_eq!(peers.len(), 6);
    assert!(peers.iter().all(|peer| peer == &peers[0]), "{peers:?}");
}

#[tokio::test]
async fn without_room_for_idle_ones_each_request_connects() {
    let server = start(Acceptor::Plain, LIMITS).await;
    let upstream = Upstream::plain(
        server.address,
        UpstreamLimits {
            idle_max: 0,
            ..LONG
        },
    );
    get(&upstream).await.unwrap();
    get(&upstream).await.unwrap();
    let peers = server.recorder.peers.lock().unwrap().clone();
    assert_ne!(peers[0].address, peers[1].address);
}

#[tokio::test]
async fn an_upstream_that_restarts_is_found_again() {
    let server = start(Acceptor::Plain, LIMITS).await;
    let upstream = Upstream::plain(server.address, LONG);
    for method in [Method::GET, Method::POST] {
        soon(upstream.send(request(method))).await.unwrap();
    }
    server.stopper.stop();
    soon(server.ended).await.unwrap().unwrap();
    assert!(matches!(
        get(&upstream).await,
        Err(UpstreamError::Connect(_))
    ));
    let server = start_on(
        Socket::bind_tcp(server.address).await.unwrap(),
        Acceptor::Plain,
        LIMITS,
    );
    soon(upstream.send(request(Method::POST))).await.unwrap();
    assert_eq!(server.recorder.seen(), ["POST /a?b=c"]);
}

/// The first answer is good; the second request is read, and then the connection ends without a byte.
async fn hang_up_on_second(method: Method) -> (Result<u16, UpstreamError>, bool) {
    let (listener, address) = listen().await;
    let upstream = Upstream::plain(address, LONG);
    let server = async {
        let mut first = accept(&listener).await;
        first.request().await;
        first.write(ok("one")).await;
        first.request().await;
        drop(first);
        // A second try, or the end of the client.
        let again = tokio::time::timeout(Duration::from_millis(300), listener.accept()).await;
        let Ok(again) = again else { return false };
        let mut second = Client(again.unwrap().0);
        second.request().await;
        second.write(ok("two")).await;
        true
    };
    let client = async {
        get(&upstream).await.unwrap();
        soon(upstream.send(request(method)))
            .await
            .map(|answer| answer.status().as_u16())
    };
    let (tried_again, answer) = tokio::join!(server, client);
    (answer, tried_again)
}

#[tokio::test]
async fn a_hang_up_is_tried_again_only_for_idempotent_methods() {
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let (answer, tried_again) = hang_up_on_second(method.clone()).await;
        assert!(
            matches!(answer, Ok(200)) && tried_again,
            "{method}: {answer:?}"
        );
    }
    for method in [Method::POST, Method::PATCH] {
        let (answer, tried_again) = hang_up_on_second(method.clone()).await;
        assert!(
            matches!(answer, Err(UpstreamError::Broken(_))) && !tried_again,
            "{method}: {answer:?}"
        );
    }
}

/// One raw answer to one request, then the connection stays open.
async fn answered(bytes: &str, limits: UpstreamLimits) -> Result<String, UpstreamError> {
    let (listener, address) = listen().await;
    let upstream = Upstream::plain(address, limits);
    let server = async {
        let mut client = accept(&listener).await;
        client.request().await;
        client.write(bytes).await;
        client
    };
    let (_open, answer) = tokio::join!(server, get(&upstream));
    answer
}

#[tokio::test]
async fn answers_are_bounded() {
    let chunk = format!("64\r\n{}\r\n", "x".repeat(100));
    let chunked = |count| {
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
            chunk.repeat(count)
        )
    };
    for good in [ok(&"x".repeat(1000)), chunked(10)] {
        assert_eq!(answered(&good, LONG).await.unwrap().len(), 1004);
    }
    for bad in [
        ok(&"x".repeat(1001)),
        chunked(11),
        "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n".to_owned(),
    ] {
        let answer = answered(&bad, LONG).await;
        assert!(matches!(answer, Err(UpstreamError::TooLarge)), "{answer:?}");
    }
}

#[tokio::test]
async fn slow_answers_are_given_up() {
    for slow in [
        "",
        "HTTP/1.1 200 OK\r\nContent-",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
    ] {
        let answer = answered(slow, SHORT).await;
        assert!(
            matches!(answer, Err(UpstreamError::Timeout)),
            "{slow:?}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn what_is_no_answer_is_broken() {
    for bad in [
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
    ] {
        let answer = answered(bad, LONG).await;
        assert!(
            matches!(answer, Err(UpstreamError::Broken(_))),
            "{bad:?}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn bytes_behind_an_answer_are_no_answer_to_the_next_request() {
    let (listener, address) = listen().await;
    let upstream = Upstream::plain(address, LONG);
    let server = async {
        let mut first = accept(&listener).await;
        first.request().await;
        first.write(ok("one") + &ok("planted")).await;
        let mut second = accept(&listener).await;
        second.request().await;
        second.write(ok("two")).await;
        (first, second)
    };
    let client = async { (get(&upstream).await.unwrap(), get(&upstream).await.unwrap()) };
    let (_open, answers) = tokio::join!(server, client);
    assert_eq!(answers, ("200 one".to_owned(), "200 two".to_owned()));
}

#[tokio::test]
async fn the_framing_and_the_host_are_ours() {
    let (listener, address) = listen().await;
    let upstream = Upstream::plain(address, LONG);
    let asked = Request::builder()
        .method(Method::POST)
        .uri("http://elsewhere.example/a?b=c")
        .header("content-length", "77")
        .header("transfer-encoding", "chunked")
        .header("connection", "upgrade")
        .header("x-kept", "yes")
        .body(Bytes::from_static(b"hello"))
        .unwrap();
    let server = async {
        let mut client = accept(&listener).await;
        let head = client.request().await;
        client.write(ok("")).await;
        head
    };
    let (head, answer) = tokio::join!(server, soon(upstream.send(asked)));
    answer.unwrap();
    let mut lines: Vec<_> = head
        .trim_end()
        .split("\r\n")
        .map(str::to_ascii_lowercase)
        .collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "content-length: 5".to_owned(),
            format!("host: {address}"),
            "post /a?b=c http/1.1".to_owned(),
            "x-kept: yes".to_owned()
        ]
    );
}

#[tokio::test]
async fn a_unix_socket_is_an_upstream_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sock");
    let server = start_on(Socket::bind_unix(&path).unwrap(), Acceptor::Plain, LIMITS);
    let upstream = Upstream::unix(&path, LONG);
    assert_eq!(get(&upstream).await.unwrap(), "200 GET /a?b=c 0");
    assert_eq!(get(&upstream).await.unwrap(), "200 GET /a?b=c 0");
    assert_eq!(server.recorder.seen().len(), 2);
    let nobody = Upstream::unix(dir.path().join("nobody.sock"), LONG);
    assert!(matches!(get(&nobody).await, Err(UpstreamError::Connect(_))));
}

#[tokio::test]
async fn a_stream_outlives_the_deadline_of_its_head() {
    let (listener, address) = listen().await;
    let upstream = Upstream::plain(address, SHORT);
    let server = async {
        let mut client = accept(&listener).await;
        client.request().await;
        client
            .write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
            .await;
        client
    };
    let (mut client, answer) = tokio::join!(server, soon(upstream.stream(request(Method::GET))));
    let mut body = answer.unwrap().into_body();
    let mut piece = async || {
        soon(body.frame())
            .await
            .map(|frame| frame.unwrap().into_data().unwrap())
    };
    assert_eq!(piece().await.unwrap(), "one");
    // Longer than the deadline.
    assert!(
        tokio::time::timeout(SHORT.answer_time * 3, client.0.read_u8())
            .await
            .is_err(),
        "the client hung up"
    );
    client.write("3\r\ntwo\r\n0\r\n\r\n").await;
    assert_eq!(piece().await.unwrap(), "two");
    assert_eq!(piece().await, None);
}
