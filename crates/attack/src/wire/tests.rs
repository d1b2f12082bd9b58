use super::{Request, Wire, WireError, read_answer};

fn check(bytes: &str, status: u16, body: &str) {
    let answer = read_answer(&mut bytes.as_bytes()).unwrap();
    assert_eq!(
        (
            answer.status,
            String::from_utf8(answer.body).unwrap().as_str()
        ),
        (status, body),
        "{bytes}"
    );
}

fn refused(bytes: &str, message: &str) {
    let error = read_answer(&mut bytes.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), message, "{bytes}");
}

#[test]
fn every_framing_of_an_answer_is_read() {
    check(
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef",
        200,
        "abc",
    );
    check(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n",
        200,
        "abc",
    );
    check("HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end");
    check("HTTP/1.1 204 No Content\r\n\r\n", 204, "");
}

#[test]
fn half_an_answer_is_none() {
    refused(
        "HTTP/1.1 200 OK\r\nContent-Len",
        "the connection broke: unexpected end of file",
    );
    refused(
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        "the connection broke: unexpected end of file",
    );
    refused("SSH-2.0\r\n\r\n", "not an answer: it has no status");
    refused(
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        "not an answer: it is too large",
    );
    refused(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "not an answer: a chunk size is not a number",
    );
}

#[test]
fn a_request_is_written_as_it_was_given() {
    let request = Request {
        method: "POST",
        path: "/a/../b",
        headers: Vec::new(),
        body: b"{}",
    }
    .with("X-Odd", "a,b");
    assert_eq!(
        String::from_utf8(request.to_bytes("localhost")).unwrap(),
        "POST /a/../b HTTP/1.1\r\nHost: localhost\r\nX-Odd: a,b\r\nContent-Length: 2\r\n\r\n{}"
    );
}

#[test]
fn attacks_go_nowhere_but_loopback() {
    let stage = crate::stage::certificates();
    let error =
        Wire::outside("192.0.2.1:443".parse().unwrap(), "localhost", &stage.ca_pem).unwrap_err();
    assert!(matches!(error, WireError::NotLoopback(_)));
    assert_eq!(
        error.to_string(),
        "`192.0.2.1:443` is not a loopback address"
    );
}
