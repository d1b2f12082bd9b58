//! Every row of what hyper would take: refused with a reason, and the connection closes.

use vauban_net::Acceptor;

use crate::support::{LIMITS, connect, start};

const HOST: &str = "Host: bank.example\r\n";

/// What is wrong, the header lines of a POST behind `Host`, the code. All are answered with 400.
const HEADERS: &[(&str, &str, &str)] = &[
    (
        "CL and TE",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "http.length_and_encoding",
    ),
    (
        "TE and CL",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "http.length_and_encoding",
    ),
    (
        "TE list",
        "Transfer-Encoding: gzip, chunked\r\n",
        "http.encoding_repeated",
    ),
    (
        "TE twice",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "http.encoding_repeated",
    ),
    (
        "TE with a tab",
        "Transfer-Encoding:\tchunked\r\n",
        "http.encoding_unknown",
    ),
    (
        "TE identity",
        "Transfer-Encoding: identity\r\n",
        "http.encoding_unknown",
    ),
    (
        "CL twice, equal",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "http.length_repeated",
    ),
    (
        "CL twice, different",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "http.length_repeated",
    ),
    (
        "CL list",
        "Content-Length: 5, 5\r\n",
        "http.length_repeated",
    ),
    (
        "CL with a sign",
        "Content-Length: +5\r\n",
        "http.length_invalid",
    ),
    (
        "CL in hex",
        "Content-Length: 0x5\r\n",
        "http.length_invalid",
    ),
    ("two Hosts, equal", HOST, "http.host_repeated"),
    (
        "two Hosts, different",
        "Host: other\r\n",
        "http.host_repeated",
    ),
    ("underscore", "X_Y: z\r\n", "http.header_underscore"),
    ("space before the colon", "X : z\r\n", "http.header_name"),
    ("folded", "X: y\r\n z\r\n", "http.header_folded"),
    ("bare LF", "X: y\nY: z\r\n", "http.bare_line_feed"),
    ("bare CR", "X: y\rz\r\n", "http.header_value"),
    ("NUL", "X: y\0z\r\n", "http.header_value"),
];

/// What is wrong, the lines, the status, the code.
const LINES: &[(&str, &str, u16, &str)] = &[
    ("no Host", "GET /a HTTP/1.1\r\n", 400, "http.host_missing"),
    (
        "Host with @",
        "GET /a HTTP/1.1\r\nHost: a@b\r\n",
        400,
        "http.host_invalid",
    ),
    (
        "Host with /",
        "GET /a HTTP/1.1\r\nHost: a/b\r\n",
        400,
        "http.host_invalid",
    ),
    (
        "bare LF",
        "GET /a HTTP/1.1\nHost: a\r\n",
        400,
        "http.bare_line_feed",
    ),
    (
        "TE on 1.0",
        "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n",
        400,
        "http.encoding_old_version",
    ),
    (
        "absolute form",
        "GET http://other.example/a HTTP/1.1\r\nHost: a\r\n",
        400,
        "http.target_form",
    ),
    (
        "absolute form, same host",
        "GET http://a/a HTTP/1.1\r\nHost: a\r\n",
        400,
        "http.target_form",
    ),
    (
        "OPTIONS *",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n",
        400,
        "http.target_form",
    ),
    (
        "fragment",
        "GET /a#b HTTP/1.1\r\nHost: a\r\n",
        400,
        "http.target_fragment",
    ),
    (
        "outside ASCII",
        "GET /\u{e9} HTTP/1.1\r\nHost: a\r\n",
        400,
        "http.target_character",
    ),
    (
        "CONNECT",
        "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n",
        501,
        "http.method_connect",
    ),
    (
        "TRACE",
        "TRACE /a HTTP/1.1\r\nHost: a\r\n",
        501,
        "http.method_trace",
    ),
    (
        "Upgrade",
        "GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\n",
        501,
        "http.upgrade",
    ),
    (
        "expectation",
        "GET /a HTTP/1.1\r\nHost: a\r\nExpect: x\r\n",
        417,
        "http.expectation",
    ),
    (
        "HTTP/1.2",
        "GET /a HTTP/1.2\r\nHost: a\r\n",
        505,
        "http.version",
    ),
    (
        "HTTP/2.0 in text",
        "GET /a HTTP/2.0\r\nHost: a\r\n",
        505,
        "http.version",
    ),
    (
        "HTTP/2 preface",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n",
        505,
        "http.version",
    ),
    ("HTTP/0.9", "GET /a\r\n", 400, "http.request_line"),
    (
        "two spaces",
        "GET  /a HTTP/1.1\r\nHost: a\r\n",
        400,
        "http.request_line",
    ),
    (
        "empty line first",
        "\r\nGET /a HTTP/1.1\r\nHost: a\r\n",
        400,
        "http.request_line",
    ),
];

/// Sends bytes, and behind them a request that must never be read.
async fn check_all(cases: &[(&str, String, u16, &str)]) {
    let server = start(Acceptor::Plain, LIMITS).await;
    for (name, bytes, status, code) in cases {
        let mut client = connect(server.address).await;
        client
            .write(format!("{bytes}GET /smuggled HTTP/1.1\r\n{HOST}\r\n"))
            .await;
        let answer = client.rest().await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{name}: {answer}"
        );
        assert!(
            answer.ends_with(&format!("\r\n\r\n{code}")),
            "{name}: {answer}"
        );
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{name}: {answer}");
    }
    let seen = server.recorder.seen();
    assert!(
        !seen.iter().any(|line| line.contains("smuggled")),
        "{seen:?}"
    );
}

fn post(lines: &str, body: &str) -> String {
    format!("POST /a HTTP/1.1\r\n{HOST}{lines}\r\n{body}")
}

fn get(lines: &str) -> String {
    post(lines, "").replacen("POST", "GET", 1)
}

#[tokio::test]
async fn headers_with_two_readings_are_refused() {
    let case = |(name, lines, code): &(&'static str, &str, &'static str)| {
        (*name, post(lines, "0\r\n\r\n"), 400, *code)
    };
    check_all(&HEADERS.iter().map(case).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn lines_methods_targets_and_versions_are_refused() {
    let case = |(name, lines, status, code): &(&'static str, &str, u16, &'static str)| {
        (*name, format!("{lines}\r\n"), *status, *code)
    };
    check_all(&LINES.iter().map(case).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn heads_beyond_a_limit_are_refused() {
    check_all(&[
        (
            "large head",
            get(&format!("X: {}\r\n", "x".repeat(3000))),
            431,
            "http.head_too_large",
        ),
        (
            "endless head",
            format!("{}X: {}", get("").trim_end(), "x".repeat(200_000)),
            431,
            "http.head_too_large",
        ),
        (
            "many headers",
            get(&"X: y\r\n".repeat(16)),
            431,
            "http.too_many_headers",
        ),
        (
            "long target",
            format!("GET /{} HTTP/1.1\r\n{HOST}\r\n", "x".repeat(256)),
            414,
            "http.target_too_long",
        ),
        (
            "endless target",
            format!("GET /{}", "x".repeat(100_000)),
            414,
            "http.target_too_long",
        ),
    ])
    .await;
}

#[tokio::test]
async fn broken_bodies_are_broken_and_not_too_large() {
    let chunked = |body: &str| post("Transfer-Encoding: chunked\r\n", body);
    check_all(&[
        (
            "extension",
            chunked("5;a=b\r\nhello\r\n0\r\n\r\n"),
            400,
            "http.chunk_extension",
        ),
        (
            "size with a space",
            chunked("5 \r\nhello\r\n0\r\n\r\n"),
            400,
            "http.chunk_size",
        ),
        (
            "size in decimal letters",
            chunked("five\r\nhello\r\n0\r\n\r\n"),
            400,
            "http.chunk_size",
        ),
        (
            "negative size",
            chunked("-5\r\nhello\r\n0\r\n\r\n"),
            400,
            "http.chunk_size",
        ),
        (
            "huge size",
            chunked("ffffffffffffffff\r\nhello"),
            400,
            "http.chunk_size",
        ),
        (
            "data too long",
            chunked("4\r\nhello\r\n0\r\n\r\n"),
            400,
            "http.chunk_end",
        ),
        (
            "bare LF after data",
            chunked("5\r\nhello\n0\r\n\r\n"),
            400,
            "http.chunk_end",
        ),
        (
            "second chunk",
            chunked("5\r\nhello\r\nx\r\n"),
            400,
            "http.chunk_size",
        ),
        (
            "trailer",
            chunked("5\r\nhello\r\n0\r\nX: y\r\n\r\n"),
            400,
            "http.trailer",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_refused_head_arriving_byte_by_byte_is_refused_the_same() {
    let server = start(Acceptor::Plain, LIMITS).await;
    let mut client = connect(server.address).await;
    client.0.set_nodelay(true).unwrap();
    let head = post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "");
    for byte in head.as_bytes() {
        client.write([*byte]).await;
    }
    let answer = client.rest().await;
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.ends_with("http.length_and_encoding"),
        "{answer}"
    );
    assert_eq!(server.recorder.seen(), ["refused http.length_and_encoding"]);
}

#[tokio::test]
async fn the_request_before_a_refused_one_is_answered() {
    let server = start(Acceptor::Plain, LIMITS).await;
    let mut client = connect(server.address).await;
    client
        .write(format!("{}{}", get(""), get("X_Y: z\r\n")))
        .await;
    assert_eq!(client.answer().await, (200, "GET /a 0".to_owned()));
    assert_eq!(
        client.answer().await,
        (400, "http.header_underscore".to_owned())
    );
    assert_eq!(client.rest().await, "");
    assert_eq!(
        server.recorder.seen(),
        ["GET /a", "refused http.header_underscore"]
    );
}

#[tokio::test]
async fn a_refusal_behind_a_request_in_flight_does_not_touch_it() {
    let server = start(Acceptor::Plain, LIMITS).await;
    let mut client = connect(server.address).await;
    client.write(get("").replace("/a", "/hold")).await;
    server.recorder.arrived.notified().await;
    client.write(get("X_Y: z\r\n")).await;
    server.recorder.release.notify_one();
    assert_eq!(client.answer().await, (200, "GET /hold 0".to_owned()));
    assert_eq!(
        client.answer().await,
        (400, "http.header_underscore".to_owned())
    );
}
