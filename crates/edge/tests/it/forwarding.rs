//! What goes inside: the canonical form and the listed headers, and nothing a client made up.

use std::collections::BTreeSet;

use serde_json::json;

use crate::world::{World, bearer};

/// Headers that a stranger may try to have believed inside.
const FORGED: [(&str, &str); 17] = [
    ("Vauban-Subject", "1003"),
    ("Vauban-Roles", "admin"),
    ("Vauban-Tenant", "south"),
    ("Vauban-Internal-Token", "forged"),
    ("Vauban-Decision", "forged"),
    ("Vauban-Client-Address", "10.0.0.1"),
    ("Vauban-Db-Context", "forged"),
    ("Forwarded", "for=10.0.0.1"),
    ("X-Forwarded-For", "10.0.0.1"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Real-Ip", "10.0.0.1"),
    ("Client-Cert", "forged"),
    ("X-Ssl-Client-Cert", "forged"),
    ("X-Original-Url", "/admin/things"),
    ("X-Http-Method-Override", "DELETE"),
    ("Cookie", "session=forged"),
    ("X-Undeclared", "1"),
];

fn forged() -> String {
    FORGED
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .concat()
}

fn names(headers: &std::collections::BTreeMap<String, String>) -> BTreeSet<&str> {
    headers.keys().map(String::as_str).collect()
}

/// Requirement 36 (RFC 9700 §4.13).
#[tokio::test(flavor = "multi_thread")]
async fn identity_headers_are_stripped_before_the_guard() {
    let world = World::new().await;
    let listed = "Accept: application/json\r\nAccept-Language: fr\r\nX-Trace: t1\r\n";
    let headers = format!("{}{}{listed}", bearer(&world.token()), forged());
    let answer = world.send("GET", "/things/1", &headers, "");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = world.guard.seen().pop().unwrap();
    let expected = [
        "accept",
        "accept-language",
        "host",
        "vauban-decision",
        "vauban-internal-token",
        "x-trace",
    ];
    assert_eq!(names(&seen.headers), BTreeSet::from(expected));
    assert_eq!(seen.headers["vauban-internal-token"], "internal-for-things");
    assert_eq!(seen.headers["vauban-decision"], answer.decision());
    assert_eq!(seen.headers["x-trace"], "t1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unguarded_service_gets_no_token_at_all() {
    let world = World::new().await;
    let headers = format!("{}{}", bearer(&world.token()), forged());
    assert_eq!(world.send("GET", "/ping", &headers, "").status, 200);
    let seen = world.plain.seen().pop().unwrap();
    assert_eq!(
        names(&seen.headers),
        BTreeSet::from(["host", "vauban-decision"])
    );
    assert!(
        world.authority.seen_at("/internal/exchange").is_empty(),
        "nothing is exchanged for it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_authority_gets_the_credential_and_the_address() {
    let world = World::new().await;
    let token = world.token();
    let headers = format!("{}{}", bearer(&token), forged());
    assert_eq!(world.send("POST", "/auth/logout", &headers, "").status, 204);
    let seen = world.authority.seen_at("/auth/logout").pop().unwrap();
    assert_eq!(seen.headers["authorization"], format!("Bearer {token}"));
    assert_eq!(seen.headers["vauban-client-address"], "127.0.0.1");
    let named = names(&seen.headers);
    assert!(
        named.is_disjoint(&BTreeSet::from([
            "cookie",
            "forwarded",
            "x-forwarded-for",
            "vauban-subject"
        ])),
        "{named:?}"
    );
    let body = json!({"username": "alice"}).to_string();
    let answer = world.send(
        "POST",
        "/auth/login",
        "Content-Type: application/json\r\n",
        &body,
    );
    assert_eq!(answer.status, 200);
    let seen = world.authority.seen_at("/auth/login").pop().unwrap();
    assert_eq!(
        (seen.method.as_str(), seen.body.as_slice()),
        ("POST", body.as_bytes())
    );
    assert_eq!(seen.headers["vauban-decision"], answer.decision());
    assert!(!seen.headers.contains_key("authorization"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_inside_is_canonical() {
    let world = World::new().await;
    let cases = [
        ("/things/1", "/things/1"),
        ("/%74hings/%31", "/things/1"),
        ("/things/a%20b", "/things/a%20b"),
        ("/things/%c3%a9", "/things/%C3%A9"),
        ("/things/%7Ea", "/things/~a"),
        ("/things/1?", "/things/1"),
        ("/things/1?q=a+b", "/things/1?q=a%20b"),
        ("/things/1?%71=%61", "/things/1?q=a"),
        ("/things/1?&q=%2f&", "/things/1?q=%2F"),
    ];
    for (sent, expected) in cases {
        assert_eq!(
            world.get(sent, &world.token()).status,
            200,
            "target `{sent}`"
        );
        assert_eq!(
            world.guard.seen().pop().unwrap().target,
            expected,
            "target `{sent}`"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunked_body_arrives_whole_with_its_length() {
    let world = World::new().await;
    world.guard.answer_with(crate::recorder::Reply {
        status: 204,
        headers: Vec::new(),
        body: String::new(),
    });
    let auth = bearer(&world.token());
    let chunks = "3\r\n{\"n\r\nA\r\name\":\"xyz\"\r\n1\r\n}\r\n0\r\n\r\n";
    let head = format!(
        "PUT /things/1 HTTP/1.1\r\nHost: localhost\r\n{auth}Content-Type: application/json\r\n"
    );
    let answer = world.raw(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}").as_bytes());
    assert_eq!(answer.status, 204, "{}", answer.text());
    let seen = world.guard.seen().pop().unwrap();
    assert_eq!(seen.body, br#"{"name":"xyz"}"#);
    assert_eq!(seen.headers["content-length"], "14");
    assert!(!seen.headers.contains_key("transfer-encoding"));
}
