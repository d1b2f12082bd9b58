//! What leaves: declared answers under our headers.

use serde_json::json;

use crate::client::Answer;
use crate::denials::check;
use crate::recorder::Reply;
use crate::world::{World, bearer};

/// Every answer says this, whatever it is.
fn check_sealed(name: &str, answer: &Answer) {
    let said = [
        (
            "strict-transport-security",
            "max-age=31536000; includeSubDomains",
        ),
        ("x-content-type-options", "nosniff"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        ),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-frame-options", "DENY"),
    ];
    for (header, value) in said {
        assert_eq!(answer.header(header), Some(value), "case `{name}`");
    }
    for header in ["server", "x-powered-by", "via", "set-cookie"] {
        assert_eq!(answer.header(header), None, "case `{name}`");
    }
    let decision = answer.decision();
    assert_eq!(decision.len(), 26, "case `{name}`");
    assert!(
        decision
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()),
        "case `{name}`"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_sealed() {
    let world = World::new().await;
    let cases = [
        ("success", world.send("GET", "/ping", "", "")),
        ("route.unknown", world.send("GET", "/nowhere", "", "")),
        ("method.refused", world.send("DELETE", "/ping", "", "")),
        ("token.missing", world.send("GET", "/things/1", "", "")),
        ("framing", world.raw(b"GET /ping HTTP/1.1\n\n")),
        ("no HTTP at all", world.raw(b"\x16\x03\x01 hello\r\n\r\n")),
        (
            "login",
            world.send(
                "POST",
                "/auth/login",
                "Content-Type: application/json\r\n",
                r#"{"username":"a"}"#,
            ),
        ),
    ];
    for (name, answer) in &cases {
        check_sealed(name, answer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_headers_leave() {
    let world = World::new().await;
    let leaky = Reply::json(200, json!({"name": "x"}))
        .with("etag", "\"1\"")
        .with("content-language", "en")
        .with("server", "Secret/1.0")
        .with("x-powered-by", "Secret")
        .with("set-cookie", "a=b")
        .with("cache-control", "public")
        .with("strict-transport-security", "max-age=0")
        .with("vauban-decision", "forged")
        .with("access-control-allow-origin", "*");
    world.guard.answer_with(leaky);
    let answer = world.get("/things/1", &world.token());
    assert_eq!(answer.status, 200);
    check_sealed("leaky", &answer);
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!(answer.header("content-language"), Some("en"));
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert_ne!(answer.decision(), "forged");
    world.guard.answer_with(Reply {
        status: 302,
        headers: vec![("location", "/things/2".into())],
        body: String::new(),
    });
    let answer = world.get("/things/1", &world.token());
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, Some("/things/2"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_violated() {
    let world = World::new().await;
    let html = Reply {
        status: 200,
        headers: vec![("content-type", "text/html".into())],
        body: "<b>hi</b>".into(),
    };
    let cases = [
        (
            "undeclared field",
            Reply::json(200, json!({"name": "x", "password_hash": "argon"})),
        ),
        ("wrong type", Reply::json(200, json!({"name": 1}))),
        ("not JSON", Reply::json(200, "oops")),
        ("another media type", html),
        ("undeclared status", Reply::json(201, json!({"name": "x"}))),
        ("undeclared refusal", Reply::json(418, "{}")),
        (
            "no body",
            Reply {
                status: 200,
                headers: Vec::new(),
                body: String::new(),
            },
        ),
        (
            "two types",
            Reply::json(200, json!({"name": "x"})).with("content-type", "text/html"),
        ),
        (
            "our shape, unknown code",
            Reply::problem(404, "object.made_up"),
        ),
        (
            "our code, another status",
            Reply::problem(403, "object.foreign_hidden"),
        ),
    ];
    for (name, reply) in cases {
        world.guard.answer_with(reply);
        let answer = world.get("/things/1", &world.token());
        check(name, &answer, 502, "answer.violated");
        assert!(!answer.text().contains("argon"), "case `{name}`");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_guard_and_authority_pass_as_ours() {
    let world = World::new().await;
    let cases = [
        (404, "object.foreign_hidden"),
        (403, "object.foreign"),
        (401, "session.ended"),
        (401, "internal_token.invalid"),
        (403, "decision.error"),
        (503, "facts.unavailable"),
    ];
    for (status, code) in cases {
        world.guard.answer_with(Reply::problem(status, code));
        let answer = world.get("/things/1", &world.token());
        check(code, &answer, status, code);
        assert!(
            !answer.text().contains("inside"),
            "case `{code}`: our sentence, not the other line's"
        );
    }
    world
        .guard
        .answer_with(Reply::problem(429, "budget.endpoint").with("retry-after", "17"));
    let answer = world.get("/things/1", &world.token());
    check("budget", &answer, 429, "budget.endpoint");
    assert_eq!(answer.header("retry-after"), Some("17"));
    world
        .authority
        .answer_with(Reply::problem(401, "login.refused"));
    let answer = world.send(
        "POST",
        "/auth/login",
        "Content-Type: application/json\r\n",
        r#"{"username":"a"}"#,
    );
    check("login", &answer, 401, "login.refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_refusal_of_the_service_passes() {
    let world = World::new().await;
    world
        .guard
        .answer_with(Reply::json(404, json!({"reason": "gone"})));
    let answer = world.get("/things/1", &world.token());
    assert_eq!(
        (answer.status, answer.json()),
        (404, json!({"reason": "gone"}))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_serves_many_requests() {
    let world = World::new().await;
    let mut client = world.connect();
    let auth = bearer(&world.token());
    let mut decisions = std::collections::BTreeSet::new();
    for at in 0..20 {
        let target = if at % 2 == 0 { "/things/1" } else { "/nowhere" };
        client.write(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{auth}\r\n").as_bytes());
        let answer = client.read();
        assert_eq!(answer.status, if at % 2 == 0 { 200 } else { 404 });
        decisions.insert(answer.decision().to_owned());
    }
    assert_eq!(decisions.len(), 20, "every request has an id of its own");
}
