//! One named test per refusal; each has a twin nearby that is accepted, so that the refusal is for the named reason.

use super::*;
use FramingRefusal as R;

const LIMITS: HeadLimits = HeadLimits {
    head_bytes_max: 512,
    headers_max: 8,
    target_bytes_max: 64,
};

fn check(head: &str, expected: Result<BodyFraming, R>) {
    assert_eq!(judge_head(head.as_bytes(), &LIMITS), expected, "{head:?}");
    // The same, arriving byte by byte, as long as it has not been refused for being incomplete.
    for cut in 1..head.len() {
        match read_head(&head.as_bytes()[..cut], cut - 1, &LIMITS) {
            Ok(None) => {}
            Ok(Some(found)) => panic!("{head:?} ended early, at {cut}: {found:?}"),
            Err(early) => assert_eq!(Err(early), expected, "{head:?} at {cut}"),
        }
    }
}

/// A POST with these header lines behind `Host`.
fn post(lines: &str) -> String {
    format!("POST /a HTTP/1.1\r\nHost: bank.example\r\n{lines}\r\n")
}

fn refused(head: &str, refusal: R) {
    check(head, Err(refusal));
}

fn refused_lines(lines: &str, refusal: R) {
    refused(&post(lines), refusal);
}

#[test]
fn what_is_accepted() {
    check(&post(""), Ok(BodyFraming::None));
    check(&post("Content-Length: 0\r\n"), Ok(BodyFraming::Length(0)));
    check(&post("content-length:5\r\n"), Ok(BodyFraming::Length(5)));
    check(
        &post("CONTENT-LENGTH: 999999999999999999\r\n"),
        Ok(BodyFraming::Length(999_999_999_999_999_999)),
    );
    check(
        &post("Transfer-Encoding: chunked\r\n"),
        Ok(BodyFraming::Chunked),
    );
    check(
        &post("transfer-encoding:Chunked\r\n"),
        Ok(BodyFraming::Chunked),
    );
    check(&post("Expect: 100-continue\r\n"), Ok(BodyFraming::None));
    check(
        &post("X-Tab:\ta\tb\t\r\nX-Empty:\r\nX-Latin: \u{e9}\r\n"),
        Ok(BodyFraming::None),
    );
    check("GET / HTTP/1.0\r\n\r\n", Ok(BodyFraming::None));
    check(
        "POST /a?b=%20&c={[|]} HTTP/1.0\r\nContent-Length: 3\r\n\r\n",
        Ok(BodyFraming::Length(3)),
    );
    for host in [
        "a",
        "A.b-c_d:80",
        "127.0.0.1:65535",
        "[::1]",
        "[::ffff:1.2.3.4]:8443",
    ] {
        check(
            &format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            Ok(BodyFraming::None),
        );
    }
}

#[test]
fn head_too_large() {
    let fits = 512 - post("X: \r\n").len();
    check(
        &post(&format!("X: {}\r\n", "x".repeat(fits))),
        Ok(BodyFraming::None),
    );
    refused_lines(&format!("X: {}\r\n", "x".repeat(fits + 1)), R::HeadTooLarge);
    // Also when its end never comes.
    let endless = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(500));
    assert_eq!(
        read_head(endless.as_bytes(), 0, &LIMITS),
        Err(R::HeadTooLarge)
    );
}

#[test]
fn too_many_headers() {
    check(&post(&"X: y\r\n".repeat(7)), Ok(BodyFraming::None));
    refused_lines(&"X: y\r\n".repeat(8), R::TooManyHeaders);
    // The ceiling holds whatever the limit says.
    let limits = HeadLimits {
        head_bytes_max: 65_536,
        headers_max: 1000,
        target_bytes_max: 64,
    };
    assert_eq!(
        judge_head(post(&"X: y\r\n".repeat(127)).as_bytes(), &limits),
        Ok(BodyFraming::None)
    );
    assert_eq!(
        judge_head(post(&"X: y\r\n".repeat(128)).as_bytes(), &limits),
        Err(R::TooManyHeaders)
    );
}

#[test]
fn target_too_long() {
    let line = |length: usize| {
        format!(
            "GET /{} HTTP/1.1\r\nHost: a\r\n\r\n",
            "x".repeat(length - 1)
        )
    };
    check(&line(64), Ok(BodyFraming::None));
    refused(&line(65), R::TargetTooLong);
    refused(&line(2000), R::TargetTooLong);
}

#[test]
fn bare_line_feed() {
    refused("GET / HTTP/1.1\nHost: a\r\n\r\n", R::BareLineFeed);
    refused("GET / HTTP/1.1\r\nHost: a\n\r\n", R::BareLineFeed);
    refused("GET / HTTP/1.1\r\nHost: a\r\n\n", R::BareLineFeed);
    refused("GET / HTTP/1.1\n\n", R::BareLineFeed);
}

#[test]
fn request_line() {
    for head in [
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / x HTTP/1.1\r\nHost: a\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTQ/1.1\r\nHost: a\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/11\r\nHost: a\r\n\r\n",
        "GET /\r\nHost: a\r\n\r\n",
        "GET\r\n\r\n",
        "\u{16}\u{3}\u{1} hello\r\n\r\n",
    ] {
        refused(head, R::RequestLine);
    }
    // Not a whole head, or more than one.
    assert_eq!(
        judge_head(b"GET / HTTP/1.1\r\nHost: a\r\n", &LIMITS),
        Err(R::RequestLine)
    );
    assert_eq!(
        judge_head(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nG", &LIMITS),
        Err(R::RequestLine)
    );
}

#[test]
fn version() {
    for version in ["0.9", "1.2", "2.0", "3.0", "9.9"] {
        refused(
            &format!("GET / HTTP/{version}\r\nHost: a\r\n\r\n"),
            R::Version,
        );
    }
    refused("PRI * HTTP/2.0\r\n\r\n", R::Version);
}

#[test]
fn method_connect() {
    refused(
        "CONNECT bank.example:443 HTTP/1.1\r\nHost: bank.example\r\n\r\n",
        R::MethodConnect,
    );
    refused(
        "CONNECT / HTTP/1.1\r\nHost: bank.example\r\n\r\n",
        R::MethodConnect,
    );
}

#[test]
fn method_trace() {
    refused("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", R::MethodTrace);
}

#[test]
fn target_form() {
    for target in [
        "http://bank.example/a",
        "https://bank.example",
        "*",
        "bank.example:443",
        "a",
        "?a=1",
    ] {
        refused(
            &format!("GET {target} HTTP/1.1\r\nHost: bank.example\r\n\r\n"),
            R::TargetForm,
        );
    }
    refused("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", R::TargetForm);
}

#[test]
fn target_fragment() {
    refused("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", R::TargetFragment);
    refused("GET /a?b#c HTTP/1.1\r\nHost: a\r\n\r\n", R::TargetFragment);
}

#[test]
fn target_character() {
    for target in [
        "/\"", "/<", "/>", "/`", "/a\u{7f}", "/\u{e9}", "/a\u{0}b", "/a\tb",
    ] {
        refused(
            &format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"),
            R::TargetCharacter,
        );
    }
}

#[test]
fn header_name() {
    for lines in [
        "X : y\r\n",
        ": y\r\n",
        "X\u{e9}: y\r\n",
        "X Y: z\r\n",
        "X\u{0}: y\r\n",
        "novalue\r\n",
        "Transfer-Encoding : chunked\r\n",
        "X(: y\r\n",
    ] {
        refused_lines(lines, R::HeaderName);
    }
}

#[test]
fn header_underscore() {
    refused_lines("X_Y: z\r\n", R::HeaderUnderscore);
    refused_lines("Transfer_Encoding: chunked\r\n", R::HeaderUnderscore);
    refused_lines("Content_Length: 5\r\n", R::HeaderUnderscore);
}

#[test]
fn header_value() {
    for lines in [
        "X: a\u{0}b\r\n",
        "X: a\rb\r\n",
        "X: a\u{7f}\r\n",
        "X: a\u{1}\r\n",
        "X: a\rTransfer-Encoding: chunked\r\n",
    ] {
        refused_lines(lines, R::HeaderValue);
    }
}

#[test]
fn header_folded() {
    refused_lines("X: a\r\n b\r\n", R::HeaderFolded);
    refused_lines("X: a\r\n\tb\r\n", R::HeaderFolded);
    refused("GET / HTTP/1.1\r\n Host: a\r\n\r\n", R::HeaderFolded);
}

#[test]
fn host_missing() {
    refused("GET / HTTP/1.1\r\n\r\n", R::HostMissing);
    refused("GET / HTTP/1.1\r\nHosts: a\r\n\r\n", R::HostMissing);
}

#[test]
fn host_repeated() {
    refused_lines("Host: bank.example\r\n", R::HostRepeated);
    refused_lines("hOST: other.example\r\n", R::HostRepeated);
    refused(
        "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
        R::HostRepeated,
    );
}

#[test]
fn host_invalid() {
    for host in [
        "",
        "a@b",
        "a/b",
        "a b",
        "a,b",
        "a:",
        "a:b",
        "a:80:80",
        "a:65536",
        "a:000080",
        "a:99999999999999999999",
        ":80",
        "a?b",
        "a#b",
        "[::1",
        "[]",
        "[x]",
        "::1",
        "[::1]x",
        "a%20",
        "\u{e9}",
        "http://a",
    ] {
        refused(
            &format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            R::HostInvalid,
        );
    }
}

#[test]
fn length_repeated() {
    refused_lines(
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        R::LengthRepeated,
    );
    refused_lines(
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        R::LengthRepeated,
    );
    refused_lines("Content-Length: 5, 5\r\n", R::LengthRepeated);
    refused_lines("Content-Length: 5,6\r\n", R::LengthRepeated);
}

#[test]
fn length_invalid() {
    for value in [
        " ",
        "",
        " +5",
        " -5",
        " 0x5",
        " 5 5",
        " 5.0",
        " five",
        " 05",
        " 00",
        "\t5",
        " 5\t",
        " 5 ",
        "  5",
        " 1000000000000000000",
    ] {
        refused_lines(&format!("Content-Length:{value}\r\n"), R::LengthInvalid);
    }
}

#[test]
fn encoding_repeated() {
    refused_lines(
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        R::EncodingRepeated,
    );
    refused_lines(
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        R::EncodingRepeated,
    );
    refused_lines("Transfer-Encoding: gzip, chunked\r\n", R::EncodingRepeated);
    refused_lines("Transfer-Encoding: chunked,\r\n", R::EncodingRepeated);
}

#[test]
fn encoding_unknown() {
    for value in [
        "",
        " gzip",
        " identity",
        " xchunked",
        " chunkedx",
        "\tchunked",
        " chunked\t",
        " chunked ",
        "  chunked",
        " \"chunked\"",
        " chunked;q=1",
        " chunke\u{212a}",
        " x\tchunked",
    ] {
        refused_lines(
            &format!("Transfer-Encoding:{value}\r\n"),
            R::EncodingUnknown,
        );
    }
    refused_lines(
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        R::EncodingUnknown,
    );
}

#[test]
fn encoding_old_version() {
    refused(
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        R::EncodingOldVersion,
    );
}

#[test]
fn length_and_encoding() {
    refused_lines(
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        R::LengthAndEncoding,
    );
    refused_lines(
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        R::LengthAndEncoding,
    );
    refused_lines(
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        R::LengthAndEncoding,
    );
}

#[test]
fn body_unexpected() {
    for method in ["GET", "HEAD"] {
        for lines in ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"] {
            refused(&post(lines).replacen("POST", method, 1), R::BodyUnexpected);
        }
        let empty = post("Content-Length: 0\r\n").replacen("POST", method, 1);
        check(&empty, Ok(BodyFraming::Length(0)));
    }
    let delete = post("Content-Length: 5\r\n").replacen("POST", "DELETE", 1);
    check(&delete, Ok(BodyFraming::Length(5)));
}

#[test]
fn upgrade() {
    refused_lines("Upgrade: websocket\r\n", R::Upgrade);
    refused_lines(
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n",
        R::Upgrade,
    );
}

#[test]
fn expectation() {
    refused_lines("Expect: 200-ok\r\n", R::Expectation);
    refused_lines("Expect:\r\n", R::Expectation);
    refused_lines("Expect: 100-continue, x\r\n", R::Expectation);
}
