//! Every refusal that the edge itself makes, by its code; and that nothing of a refused request goes inside.

use serde_json::json;
use vauban_token::Claims;

use crate::client::Answer;
use crate::world::{NOW, World, authority_script, user};

/// The answer is this refusal, in the one shape that refusals have.
pub(crate) fn check(name: &str, answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (status, &json!(code)),
        "case `{name}`: {}",
        answer.text()
    );
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "case `{name}`"
    );
    let problem = answer.json();
    assert_eq!(
        problem["type"],
        format!("urn:vauban:denial:{code}"),
        "case `{name}`"
    );
    assert_eq!(problem["status"], status, "case `{name}`");
    assert_eq!(problem["decision"], answer.decision(), "case `{name}`");
    assert!(
        problem["title"]
            .as_str()
            .is_some_and(|title| !title.is_empty()),
        "case `{name}`"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn framing() {
    let world = World::new().await;
    let cases: [(&str, &str, u16, &str); 7] = [
        (
            "body of a GET",
            "GET /ping HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
            400,
            "http.body_unexpected",
        ),
        (
            "both framings",
            "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "http.length_and_encoding",
        ),
        (
            "bare line feed",
            "GET /ping HTTP/1.1\nHost: localhost\n\n",
            400,
            "http.bare_line_feed",
        ),
        (
            "no host",
            "GET /ping HTTP/1.1\r\n\r\n",
            400,
            "http.host_missing",
        ),
        (
            "two hosts",
            "GET /ping HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
            400,
            "http.host_repeated",
        ),
        (
            "TRACE",
            "TRACE /ping HTTP/1.1\r\nHost: localhost\r\n\r\n",
            501,
            "http.method_trace",
        ),
        (
            "underscore",
            "GET /ping HTTP/1.1\r\nHost: localhost\r\nX_Y: 1\r\n\r\n",
            400,
            "http.header_underscore",
        ),
    ];
    for (name, bytes, status, code) in cases {
        let answer = world.raw(bytes.as_bytes());
        check(name, &answer, status, code);
    }
    world.assert_nothing_inside("framing");
}

#[tokio::test(flavor = "multi_thread")]
async fn canonical_target() {
    let world = World::new().await;
    let cases = [
        ("/things/../ping", "http.path_dot_segment"),
        ("/things/%2e%2e/ping", "http.path_dot_segment"),
        ("/things//1", "http.path_empty_segment"),
        ("/ping/", "http.path_empty_segment"),
        ("/things/a%2Fb", "http.path_encoded_slash"),
        ("/things/a%5Cb", "http.path_backslash"),
        ("/things/a%00", "http.path_control"),
        ("/things/a;b", "http.path_parameter"),
        ("/things/%zz", "http.path_percent_encoding"),
        ("/things/%ff", "http.path_utf8"),
    ];
    for (target, code) in cases {
        check(target, &world.get(target, &world.token()), 400, code);
    }
    world.assert_nothing_inside("canonical target");
}

#[tokio::test(flavor = "multi_thread")]
async fn host_unknown() {
    let world = World::new().await;
    for host in [
        "evil.example",
        "localhost.evil.example",
        "authority",
        "[::1]",
        "127.0.0.2",
    ] {
        let answer = world.raw(format!("GET /ping HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        check(host, &answer, 421, "host.unknown");
    }
    world.assert_nothing_inside("host.unknown");
    for host in [
        "localhost",
        "LOCALHOST",
        "localhost:8443",
        "127.0.0.1",
        "127.0.0.1:1",
    ] {
        let answer = world.raw(format!("GET /ping HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        assert_eq!(answer.status, 200, "host `{host}`");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn route_unknown() {
    let world = World::new().await;
    for target in [
        "/",
        "/things",
        "/things/1/2",
        "/THINGS/1",
        "/internal/exchange",
        "/internal/keys",
        "/admin",
    ] {
        check(
            target,
            &world.send("GET", target, "", ""),
            404,
            "route.unknown",
        );
    }
    world.assert_nothing_inside("route.unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn method_refused() {
    let world = World::new().await;
    for method in ["DELETE", "POST", "OPTIONS", "get", "PATCH"] {
        let answer = world.send(method, "/things/1", "", "");
        check(method, &answer, 405, "method.refused");
        assert_eq!(
            answer.header("allow"),
            Some("GET, PUT"),
            "method `{method}`"
        );
    }
    let mut client = world.connect();
    client.write(b"HEAD /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let answer = client.read_head();
    assert_eq!(
        (answer.status, answer.header("allow")),
        (405, Some("GET, PUT")),
        "HEAD only where it is declared"
    );
    world.assert_nothing_inside("method.refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn budget_ip() {
    let world = World::with(
        "    - { name: ip, at: edge, key: ip, requests: 1, seconds: 7, burst: 2 }",
        |_| {},
    )
    .await;
    assert_eq!(world.send("GET", "/ping", "", "").status, 200);
    check(
        "a path without a route costs as well",
        &world.send("GET", "/nowhere", "", ""),
        404,
        "route.unknown",
    );
    let forwarded = "X-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\n";
    let answer = world.send("GET", "/ping", forwarded, "");
    check("third", &answer, 429, "budget.ip");
    assert_eq!(answer.header("retry-after"), Some("7"));
    assert_eq!(world.plain.seen().len(), 1);
    world.clock.advance_ms(7000);
    assert_eq!(
        world.send("GET", "/ping", "", "").status,
        200,
        "after the wait"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn budget_of_listed_operations() {
    let budget = "    - { name: pings, at: edge, key: ip, operations: [ping], requests: 1, seconds: 60, burst: 1 }";
    let world = World::with(budget, |_| {}).await;
    assert_eq!(world.send("GET", "/ping", "", "").status, 200);
    check(
        "second ping",
        &world.send("GET", "/ping", "", ""),
        429,
        "budget.ip",
    );
    assert_eq!(
        world.get("/things/1", &world.token()).status,
        200,
        "another operation is not counted"
    );
}

/// A budget keyed by what the client writes is what it says: dangerous.
#[tokio::test(flavor = "multi_thread")]
async fn budget_by_header() {
    let budget = "    - { name: xff, at: edge, key: { danger_header: X-Forwarded-For }, requests: 1, seconds: 60, burst: 1 }";
    let world = World::with(budget, |_| {}).await;
    for address in ["1.1.1.1", "2.2.2.2"] {
        let header = format!("X-Forwarded-For: {address}\r\n");
        assert_eq!(
            world.send("GET", "/ping", &header, "").status,
            200,
            "{address}"
        );
        check(
            address,
            &world.send("GET", "/ping", &header, ""),
            429,
            "budget.ip",
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn budget_user() {
    let world = World::with(
        "    - { name: user, at: edge, key: user, requests: 1, seconds: 60, burst: 1 }",
        |_| {},
    )
    .await;
    assert_eq!(world.get("/things/1", &world.token()).status, 200);
    let again = world.token_of(&Claims {
        jti: "j2".into(),
        session: "s2".into(),
        ..user()
    });
    let answer = world.get("/things/2", &again);
    check(
        "another session of the same user",
        &answer,
        429,
        "budget.user",
    );
    assert_eq!(answer.header("retry-after"), Some("60"));
    let other = world.token_of(&Claims {
        subject: "1002".into(),
        ..user()
    });
    assert_eq!(world.get("/things/1", &other).status, 200, "another user");
    assert_eq!(world.guard.seen().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn role_missing() {
    let world = World::new().await;
    for roles in [vec!["user".to_owned()], vec![], vec!["ADMIN".to_owned()]] {
        let permissions = vec!["admin:things".to_owned()];
        let token = world.token_of(&Claims {
            roles: roles.clone(),
            permissions,
            ..user()
        });
        check(
            &format!("{roles:?}"),
            &world.get("/admin/things", &token),
            403,
            "role.missing",
        );
    }
    world.assert_nothing_inside("role.missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn permission_missing() {
    let world = World::new().await;
    let of = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    for permissions in [of(&[]), of(&["read:things"]), of(&["admin:things"])] {
        let token = world.token_of(&Claims {
            permissions: permissions.clone(),
            ..user()
        });
        check(
            &format!("{permissions:?}"),
            &world.get("/admin/export", &token),
            403,
            "permission.missing",
        );
    }
    world.assert_nothing_inside("permission.missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_unavailable() {
    let world = World::new().await;
    // A line whose log is gone before it has begun does not begin.
    assert_eq!(world.send("GET", "/ping", "", "").status, 200);
    world.log.clone().close().await.unwrap();
    check(
        "an answer",
        &world.send("GET", "/ping", "", ""),
        503,
        "audit.unavailable",
    );
    check(
        "a refusal",
        &world.send("GET", "/nowhere", "", ""),
        503,
        "audit.unavailable",
    );
}

/// The clock of the world and the tokens of the tests agree, so that no other test passes for a wrong reason.
#[tokio::test(flavor = "multi_thread")]
async fn the_legitimate_twin() {
    let world = World::new().await;
    authority_script(
        &world.authority,
        json!({ "keys": [world.key.jwk()] }).to_string(),
    );
    let answer = world.get(
        "/things/1?q=a",
        &world.token_of(&Claims {
            issued_at: NOW,
            ..user()
        }),
    );
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({"name": "canary"}))
    );
}
