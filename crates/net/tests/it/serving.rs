//! What a good client gets.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use vauban_net::{Acceptor, ServeError, ServerLimits};

use crate::support::{LIMITS, connect, soon, start, start_on, tcp};

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

#[tokio::test]
async fn a_connection_is_kept() {
    let server = start(Acceptor::Plain, LIMITS).await;
    let mut client = connect(server.address).await;
    for number in 0..3 {
        client.write(get(&format!("/{number}"))).await;
        assert_eq!(client.answer().await, (200, format!("GET /{number} 0")));
    }
    let peers = server.recorder.peers.lock().unwrap().clone();
    assert!(
        peers
            .iter()
            .all(|peer| peer.address == client.0.local_addr().ok()
                && peer.uid.is_none()
                && peer.spiffe.is_none()),
        "{peers:?}"
    );
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = start(Acceptor::Plain, LIMITS).await;
    let mut client = connect(server.address).await;
    let chunked = "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n";
    let counted = "POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    client
        .write(format!("{}{chunked}{counted}{}", get("/1"), get("/4")))
        .await;
    for expected in ["GET /1 0", "POST /2 6", "POST /3 3", "GET /4 0"] {
        assert_eq!(client.answer().await, (200, expected.to_owned()));
    }
}

#[tokio::test]
async fn a_request_in_single_bytes_is_read() {
    let server = start(Acceptor::Plain, LIMITS).await;
    let mut client = connect(server.address).await;
    client.0.set_nodelay(true).unwrap();
    let request =
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            .to_owned()
            + &get("/b");
    for byte in request.as_bytes() {
        client.write([*byte]).await;
    }
    assert_eq!(client.answer().await, (200, "POST /a 5".to_owned()));
    assert_eq!(client.answer().await, (200, "GET /b 0".to_owned()));
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_before_it_is_read() {
    let server = start(Acceptor::Plain, LIMITS).await;
    let mut client = connect(server.address).await;
    client
        .write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")
        .await;
    assert_eq!(client.answer().await, (413, "body.too_large".to_owned()));
    let mut client = connect(server.address).await;
    client
        .write(format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{}",
            "x".repeat(1000)
        ))
        .await;
    assert_eq!(client.answer().await, (200, "POST / 1000".to_owned()));
}

#[tokio::test]
async fn a_chunked_body_beyond_the_limit_is_refused() {
    let server = start(Acceptor::Plain, LIMITS).await;
    let mut client = connect(server.address).await;
    let chunk = format!("64\r\n{}\r\n", "x".repeat(100));
    client
        .write(format!(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
            chunk.repeat(11)
        ))
        .await;
    assert_eq!(client.answer().await, (413, "body.too_large".to_owned()));
}

#[tokio::test]
async fn an_unread_large_body_does_not_lose_the_answer() {
    let server = start(Acceptor::Plain, LIMITS).await;
    let mut client = connect(server.address).await;
    client
        .write(format!(
            "POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n{}",
            "x".repeat(400_000)
        ))
        .await;
    let answer = client.rest().await;
    assert!(
        answer.starts_with("HTTP/1.1 403 ") && answer.ends_with("not read"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_client_that_leaves_in_the_body_is_gone() {
    let server = start(Acceptor::Plain, LIMITS).await;
    let mut client = connect(server.address).await;
    client
        .write("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel")
        .await;
    server.recorder.arrived.notified().await;
    drop(client);
    soon(server.recorder.arrived.notified()).await;
    assert_eq!(server.recorder.seen(), ["POST /a", "gone"]);
}

#[tokio::test]
async fn connections_beyond_the_cap_wait() {
    let server = start(
        Acceptor::Plain,
        ServerLimits {
            connections_max: 1,
            ..LIMITS
        },
    )
    .await;
    let mut first = connect(server.address).await;
    first.write(get("/first")).await;
    assert_eq!(first.answer().await.0, 200);
    let mut second = connect(server.address).await;
    second.write(get("/second")).await;
    first.write(get("/first-again")).await;
    assert_eq!(first.answer().await.0, 200);
    assert_eq!(server.recorder.seen(), ["GET /first", "GET /first-again"]);
    drop(first);
    assert_eq!(second.answer().await, (200, "GET /second 0".to_owned()));
}

#[tokio::test]
async fn drain_finishes_what_is_in_flight_and_closes_what_is_idle() {
    let server = start(Acceptor::Plain, LIMITS).await;
    let mut idle = connect(server.address).await;
    idle.write(get("/idle")).await;
    assert_eq!(idle.answer().await.0, 200);
    server.recorder.arrived.notified().await;
    let mut busy = connect(server.address).await;
    busy.write(get("/hold")).await;
    soon(server.recorder.arrived.notified()).await;
    server.stopper.stop();
    assert_eq!(idle.rest().await, "");
    assert!(!server.ended.is_finished());
    server.recorder.release.notify_one();
    assert_eq!(busy.answer().await, (200, "GET /hold 0".to_owned()));
    assert_eq!(busy.rest().await, "");
    soon(server.ended).await.unwrap().unwrap();
    assert!(
        tokio::net::TcpStream::connect(server.address)
            .await
            .is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn drain_ends_at_its_time() {
    let server = start(
        Acceptor::Plain,
        ServerLimits {
            drain_time: Duration::from_millis(50),
            ..LIMITS
        },
    )
    .await;
    let mut busy = connect(server.address).await;
    busy.write(get("/hold")).await;
    server.recorder.arrived.notified().await;
    server.stopper.stop();
    soon(server.ended).await.unwrap().unwrap();
    let mut byte = [0];
    assert!(matches!(soon(busy.0.read(&mut byte)).await, Ok(0) | Err(_)));
}

#[tokio::test]
async fn limits_of_zero_are_refused() {
    for (limits, name) in [
        (
            ServerLimits {
                connections_max: 0,
                ..LIMITS
            },
            "connections_max",
        ),
        (
            ServerLimits {
                header_time: Duration::ZERO,
                ..LIMITS
            },
            "header_time",
        ),
        (
            ServerLimits {
                body_time: Duration::ZERO,
                ..LIMITS
            },
            "body_time",
        ),
    ] {
        let ended = soon(start_on(tcp().await, Acceptor::Plain, limits).ended)
            .await
            .unwrap();
        assert!(matches!(ended, Err(ServeError::Limit(limit)) if limit == name));
    }
}
