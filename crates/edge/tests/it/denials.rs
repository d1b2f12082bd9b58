//! Every refusal that the edge itself makes, by its code; and that nothing of a refused request goes inside.

use serde_json::json;
use vauban_token::Claims;

use crate::client::Answer;
use crate::recorder::{NEVER, Reply};
use crate::world::{NOW, WIDE, World, authority_script, bearer, user};

const JSON: &str = "Content-Type: application/json\r\n";

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
    let cases: [(&str, &str, u16, &str); 6] = [
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
async fn contract_violated() {
    let world = World::new().await;
    let auth = bearer(&world.token());
    let cases = [
        (
            "unknown query",
            "GET",
            "/things/1?admin=1",
            "",
            "",
            "/admin",
            "query",
        ),
        (
            "parameter too long",
            "GET",
            &format!("/things/1?q={}", "q".repeat(65)),
            "",
            "",
            "/q",
            "query",
        ),
        (
            "path too long",
            "GET",
            &format!("/things/{}", "1".repeat(65)),
            "",
            "",
            "/id",
            "path",
        ),
        ("body of a GET", "GET", "/things/1", JSON, "{}", "", "body"),
        ("missing body", "PUT", "/things/1", "", "", "", "body"),
        (
            "unknown field",
            "PUT",
            "/things/1",
            JSON,
            r#"{"name":"x","owner":"1002"}"#,
            "/owner",
            "body",
        ),
        (
            "wrong type",
            "PUT",
            "/things/1",
            JSON,
            r#"{"name":1}"#,
            "/name",
            "body",
        ),
        (
            "duplicate key",
            "PUT",
            "/things/1",
            JSON,
            r#"{"name":"x","name":"y"}"#,
            "/name",
            "body",
        ),
        ("not JSON", "PUT", "/things/1", JSON, "{", "", "body"),
        (
            "header twice",
            "GET",
            "/things/1",
            "X-Trace: a\r\nX-Trace: b\r\n",
            "",
            "/X-Trace",
            "header",
        ),
    ];
    for (name, method, target, headers, body, pointer, place) in cases {
        let answer = world.send(method, target, &format!("{auth}{headers}"), body);
        check(name, &answer, 400, "contract.violated");
        let violation = &answer.json()["violations"][0];
        assert_eq!(violation["in"], place, "case `{name}`");
        assert!(
            violation["pointer"].as_str().unwrap().starts_with(pointer),
            "case `{name}`: {violation}"
        );
    }
    world.assert_nothing_inside("contract.violated");
}

#[tokio::test(flavor = "multi_thread")]
async fn contract_media_type() {
    let world = World::new().await;
    for kind in [
        "text/plain",
        "application/xml",
        "application/json; charset=utf-16",
        "application/jsonx",
    ] {
        let headers = format!("{}Content-Type: {kind}\r\n", bearer(&world.token()));
        check(
            kind,
            &world.send("PUT", "/things/1", &headers, r#"{"name":"x"}"#),
            415,
            "contract.media_type",
        );
    }
    world.assert_nothing_inside("contract.media_type");
}

#[tokio::test(flavor = "multi_thread")]
async fn body_too_large() {
    let world = World::new().await;
    let headers = format!("{}{JSON}", bearer(&world.token()));
    let declared = format!(
        "PUT /things/1 HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: 1025\r\n\r\n"
    );
    check(
        "declared",
        &world.raw(declared.as_bytes()),
        413,
        "body.too_large",
    );
    let chunk = format!("401\r\n{}\r\n0\r\n\r\n", " ".repeat(1025));
    let chunked = format!(
        "PUT /things/1 HTTP/1.1\r\nHost: localhost\r\n{headers}Transfer-Encoding: chunked\r\n\r\n{chunk}"
    );
    check(
        "chunked",
        &world.raw(chunked.as_bytes()),
        413,
        "body.too_large",
    );
    world.assert_nothing_inside("body.too_large");
    let fits = format!(r#"{{"name":"{}"}}"#, "n".repeat(900));
    world.guard.answer_with(Reply {
        status: 204,
        headers: Vec::new(),
        body: String::new(),
    });
    let spaces = " ".repeat(1024 - fits.len());
    assert_eq!(
        world
            .send("PUT", "/things/1", &headers, &format!("{fits}{spaces}"))
            .status,
        204,
        "exactly the limit"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn body_too_slow() {
    let world = World::new().await;
    let headers = format!("{}{JSON}", bearer(&world.token()));
    let start = format!(
        "PUT /things/1 HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: 20\r\n\r\n{{"
    );
    check(
        "stops after a byte",
        &world.raw(start.as_bytes()),
        408,
        "body.too_slow",
    );
    world.assert_nothing_inside("body.too_slow");
}

#[tokio::test(flavor = "multi_thread")]
async fn body_broken() {
    let world = World::new().await;
    let headers = format!("{}{JSON}", bearer(&world.token()));
    for chunk in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "2;x=1\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}X0\r\n\r\n",
    ] {
        let bytes = format!(
            "PUT /things/1 HTTP/1.1\r\nHost: localhost\r\n{headers}Transfer-Encoding: chunked\r\n\r\n{chunk}"
        );
        let answer = world.raw(bytes.as_bytes());
        assert_eq!(answer.status, 400, "chunk {chunk:?}: {}", answer.text());
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        assert!(
            code == "body.broken" || code.starts_with("http.chunk"),
            "chunk {chunk:?}: {code}"
        );
    }
    world.assert_nothing_inside("body.broken");
}

#[tokio::test(flavor = "multi_thread")]
async fn exchange_refused() {
    let world = World::new().await;
    let keys = json!({ "keys": [world.key.jwk()] }).to_string();
    world
        .authority
        .answer_by(move |seen| match seen.target.as_str() {
            "/.well-known/jwks.json" => Reply::json(200, &keys),
            _ => Reply::problem(403, "exchange.refused"),
        });
    let answer = world.get("/things/1", &world.token());
    check("unknown to the authority", &answer, 401, "exchange.refused");
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Bearer error=\"invalid_token\"")
    );
    assert!(world.guard.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn authority_unavailable() {
    let world = World::new().await;
    let keys = json!({ "keys": [world.key.jwk()] }).to_string();
    let replies = [
        Reply::json(500, "{}"),
        Reply::json(200, "{}"),
        Reply::json(
            200,
            r#"{"internal_token":"a\nb","expires_in":60,"session":"s"}"#,
        ),
        Reply::problem(403, "caller.refused"),
        Reply::problem(503, "audit.unavailable"),
        Reply {
            status: NEVER,
            headers: Vec::new(),
            body: String::new(),
        },
    ];
    for reply in replies {
        let (name, keys) = (format!("{reply:?}"), keys.clone());
        world
            .authority
            .answer_by(move |seen| match seen.target.as_str() {
                "/.well-known/jwks.json" => Reply::json(200, &keys),
                _ => reply.clone(),
            });
        check(
            &name,
            &world.get("/things/1", &world.token()),
            503,
            "authority.unavailable",
        );
    }
    assert!(world.guard.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn authority_unavailable_before_any_key_came() {
    let world = World::with(WIDE, |parts| {
        // Keys that never come.
        #[derive(Debug)]
        struct Never;
        impl vauban_edge::KeepKeys for Never {
            fn ready(&self) -> bool {
                false
            }
            fn refresh_for_unknown(&self) -> vauban_edge::Pending<'_, ()> {
                Box::pin(std::future::ready(()))
            }
            fn keep(&self, _: vauban_net::Stop) -> vauban_edge::Pending<'_, ()> {
                Box::pin(std::future::ready(()))
            }
        }
        parts.keys = std::sync::Arc::new(Never);
    })
    .await;
    check(
        "no key yet",
        &world.get("/things/1", &world.token()),
        503,
        "authority.unavailable",
    );
    world.assert_nothing_inside("authority.unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn upstream_unavailable() {
    let world = World::new().await;
    for status in [500, 501, 502, 503, 599] {
        world.plain.answer_with(
            Reply::json(status, r#"{"stack":"at /srv/app.rb:17"}"#).with("server", "secret/1.0"),
        );
        let answer = world.send("GET", "/ping", "", "");
        check(&status.to_string(), &answer, 502, "upstream.unavailable");
        assert!(!answer.text().contains("app.rb"), "status {status}");
        assert_eq!(answer.header("server"), None);
    }
    world
        .plain
        .answer_with(Reply::problem(503, "facts.unavailable"));
    check(
        "an unguarded service speaks our codes",
        &world.send("GET", "/ping", "", ""),
        502,
        "upstream.unavailable",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn upstream_timeout() {
    let world = World::new().await;
    world.plain.answer_with(Reply {
        status: NEVER,
        headers: Vec::new(),
        body: String::new(),
    });
    check(
        "silent service",
        &world.send("GET", "/ping", "", ""),
        504,
        "upstream.timeout",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_unavailable() {
    let world = World::new().await;
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
