//! Slow clients.

use std::time::Duration;

use vauban_net::{Acceptor, ServerLimits};

use crate::support::{LIMITS, connect, start};

const SHORT: Duration = Duration::from_millis(50);

const SLOW_HEAD: ServerLimits = ServerLimits {
    header_time: SHORT,
    ..LIMITS
};
const SLOW_BODY: ServerLimits = ServerLimits {
    body_time: SHORT,
    ..LIMITS
};

#[tokio::test]
async fn a_slow_first_head_gets_408() {
    let server = start(Acceptor::Plain, SLOW_HEAD).await;
    let mut client = connect(server.address).await;
    client.write("GET / HTTP/1.1\r\nHost:").await;
    let answer = client.rest().await;
    assert!(
        answer.starts_with("HTTP/1.1 408 ") && answer.ends_with("http.head_too_slow"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_slow_second_head_gets_408() {
    let server = start(Acceptor::Plain, SLOW_HEAD).await;
    let mut client = connect(server.address).await;
    client
        .write("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HT")
        .await;
    assert_eq!(client.answer().await, (200, "GET / 0".to_owned()));
    assert_eq!(
        client.answer().await,
        (408, "http.head_too_slow".to_owned())
    );
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let server = start(Acceptor::Plain, SLOW_HEAD).await;
    assert_eq!(connect(server.address).await.rest().await, "");
    assert!(server.recorder.seen().is_empty());
}

#[tokio::test]
async fn a_slow_body_gets_408() {
    let server = start(Acceptor::Plain, SLOW_BODY).await;
    for body in [
        "Content-Length: 5\r\n\r\nhel",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
    ] {
        let mut client = connect(server.address).await;
        client
            .write(format!("POST / HTTP/1.1\r\nHost: a\r\n{body}"))
            .await;
        let answer = client.rest().await;
        assert!(
            answer.starts_with("HTTP/1.1 408 ") && answer.ends_with("body.too_slow"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_slow_handshake_is_closed() {
    let ca = crate::support::Ca::new();
    let acceptor = Acceptor::Mutual(
        ca.workload("spiffe://t/line/edge"),
        vauban_net::ClientAuth::Optional,
    );
    let server = start(acceptor, SLOW_HEAD).await;
    assert_eq!(connect(server.address).await.rest().await, "");
}
