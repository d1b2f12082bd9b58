//! What crosses to the service, and what comes back.

use serde_json::json;

use crate::house::{DECISION, House, Site, post, unchanged};
use crate::service::Does;

/// Names of the headers that the service saw, sorted.
fn names(headers: &http::HeaderMap) -> Vec<String> {
    let mut names: Vec<String> = headers
        .keys()
        .map(|name| name.as_str().to_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_service_sees_only_listed_headers() {
    let house = House::open().await;
    let more = format!(
        "vauban-decision: {DECISION}\r\naccept: application/json\r\naccept-language: de\r\nx-trace: t-1\r\nx-owner: 1002\r\n\
         vauban-subject: 1002\r\nvauban-tenant: south\r\nvauban-roles: admin\r\nvauban-operation: moveNote\r\n\
         vauban-db-context: forged\r\nvauban-anything: x\r\nauthorization: Bearer a\r\ncookie: a=b\r\nx-forwarded-for: 1.2.3.4\r\n\
         forwarded: for=1.2.3.4\r\nclient-cert: x\r\nuser-agent: a\r\nidempotency-key: k\r\n"
    );
    assert_eq!(
        house
            .get_with(
                "/notes/500101",
                &json!({ "roles": ["user", "admin"] }),
                &more
            )
            .await
            .status,
        200
    );
    let seen = house.site.service.seen().remove(0);
    assert_eq!(
        names(&seen.headers),
        [
            "accept",
            "accept-language",
            "host",
            "vauban-decision",
            "vauban-operation",
            "vauban-roles",
            "vauban-subject",
            "vauban-tenant",
            "x-trace",
        ]
    );
    for (name, value) in [
        ("vauban-subject", "1001"),
        ("vauban-tenant", "north"),
        ("vauban-roles", "user,admin"),
        ("vauban-decision", DECISION),
        ("vauban-operation", "readNote"),
        ("x-trace", "t-1"),
    ] {
        assert_eq!(
            seen.headers.get_all(name).iter().collect::<Vec<_>>(),
            [value],
            "{name}"
        );
    }
    assert_eq!(
        (seen.method.as_str(), seen.target.as_str()),
        ("GET", "/notes/500101")
    );
}

#[tokio::test]
async fn the_body_crosses_as_it_was_judged() {
    let house = House::open().await;
    let token = house.token(&json!({}));
    let body = "{ \"note\" : 500101, \"to\" : \"m\u{fc}ne\" }";
    let headers = format!(
        "vauban-internal-token: {token}\r\ncontent-type: application/json; charset=utf-8\r\nidempotency-key: k-1\r\n"
    );
    let chunked = format!(
        "POST /notes/move HTTP/1.1\r\nhost: g\r\nconnection: close\r\ntransfer-encoding: chunked\r\n{headers}\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    assert_eq!(
        house
            .send(&post("/notes/move", &headers, body))
            .await
            .status,
        200
    );
    assert_eq!(house.send(&chunked).await.status, 200);
    for seen in house.site.service.seen() {
        assert_eq!(seen.body, body.as_bytes());
        assert_eq!(
            seen.headers["content-type"],
            "application/json; charset=utf-8"
        );
        assert_eq!(seen.headers["idempotency-key"], "k-1");
        assert_eq!(
            seen.headers["content-length"],
            body.len().to_string().as_str()
        );
        assert!(!seen.headers.contains_key("transfer-encoding"));
    }
}

#[tokio::test]
async fn the_target_crosses_in_its_canonical_form() {
    let house = House::open().await;
    for (sent, seen) in [
        ("/folders/%6Dine", "/folders/mine"),
        (
            "/notes/search?note=%35%30%30101",
            "/notes/search?note=500101",
        ),
    ] {
        assert_eq!(house.get(sent).await.status, 200);
        assert_eq!(house.site.service.seen().last().unwrap().target, seen);
    }
}

#[tokio::test]
async fn only_listed_headers_come_back() {
    let house = House::open().await;
    house.site.service.set(Does::Answers {
        status: 201,
        headers: vec![
            ("content-type", "application/json"),
            ("location", "/notes/7"),
            ("etag", "\"a\""),
            ("retry-after", "3"),
            ("content-language", "de"),
            ("set-cookie", "a=b"),
            ("server", "canary/1.0"),
            ("x-internal", "1"),
            ("vauban-subject", "1001"),
        ],
        body: "{}".to_owned(),
    });
    let reply = house.get("/notes/500101").await;
    assert_eq!((reply.status, reply.body.as_str()), (201, "{}"));
    let mut names: Vec<&str> = reply
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    names.retain(|name| !["date", "connection", "content-length"].contains(name));
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "content-language",
            "content-type",
            "etag",
            "location",
            "retry-after"
        ]
    );
}

#[tokio::test]
async fn a_refusal_of_the_service_is_its_own() {
    let house = House::open().await;
    house.site.service.set(Does::Answers {
        status: 422,
        headers: vec![],
        body: "no".to_owned(),
    });
    let reply = house.get("/notes/500101").await;
    assert_eq!((reply.status, reply.body.as_str()), (422, "no"));
}

#[tokio::test]
async fn the_database_context_is_signed_when_there_is_a_key() {
    let house = Site::new(&unchanged).await.with_context_key().run().await;
    let forged = "vauban-db-context: 1.1002.south.1.9999999999.00\r\n";
    assert_eq!(
        house
            .get_with("/notes/500101", &json!({}), forged)
            .await
            .status,
        200
    );
    let seen = house.site.service.seen().remove(0);
    let contexts: Vec<_> = seen.headers.get_all("vauban-db-context").iter().collect();
    assert_eq!(contexts.len(), 1);
    let context = contexts[0].to_str().unwrap();
    // `printf %s "1.1001.north.0.1790000030|svc_notes" | openssl dgst -sha256 -mac hmac …`
    assert_eq!(
        context,
        "1.1001.north.0.1790000030.b3bcf3fb635e81e71a7a70f16444c31746cbe7f031542eada3e329ab66e3911b"
    );
    let unsignable = house
        .get_with(
            "/folders/inbox",
            &json!({ "sub": "a.b", "roles": ["admin"] }),
            "",
        )
        .await;
    assert_eq!(
        unsignable.code(),
        "decision.error",
        "what cannot be signed does not go on without"
    );
}
