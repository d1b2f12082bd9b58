//! Refusals before anybody is identified: caller, target, framing, body.

use serde_json::json;
use vauban_policy::Denial;

use crate::client;
use crate::denials::check;
use crate::denials::{EDGE, INDEXER, SCANNER};
use crate::house::{DECISION, House, get, post};
use crate::pki::Ca;

#[tokio::test]
async fn peer_undeclared() {
    let house = House::open().await;
    let token = house.token(&json!({}));
    let list = get("/notes", &format!("vauban-internal-token: {token}\r\n"));
    for stranger in [
        SCANNER,
        "spiffe://notes.internal/guard/scanner",
        "spiffe://notes.internal/guard/notes",
        "spiffe://notes.internal/line/authority",
        "spiffe://notes.internal/line/edge2",
        "spiffe://elsewhere.internal/line/edge",
    ] {
        check(
            &house,
            &house.send_as(stranger, &list).await,
            &Denial::PeerUndeclared,
        );
    }
    let read = get(
        "/notes/500101",
        &format!("vauban-internal-token: {token}\r\n"),
    );
    check(
        &house,
        &house.send_as(INDEXER, &read).await,
        &Denial::PeerUndeclared,
    );
    // It learns nothing about what exists either.
    check(
        &house,
        &house.send_as(SCANNER, &get("/nothing", "")).await,
        &Denial::PeerUndeclared,
    );
}

#[tokio::test]
async fn a_declared_service_reaches_its_operation_and_no_other() {
    let house = House::open().await;
    let token = house.token(&json!({}));
    let list = get("/notes", &format!("vauban-internal-token: {token}\r\n"));
    // The peer is declared for this operation; the policy then sees that it is not the edge.
    check(
        &house,
        &house.send_as(INDEXER, &list).await,
        &Denial::PermissionMissing,
    );
    assert_eq!(house.send_as(EDGE, &list).await.status, 200);
}

/// Requirement 36 (RFC 9700 §4.13).
#[tokio::test]
async fn no_certificate_or_another_ca_gets_no_answer_at_all() {
    let house = House::open().await;
    let request = get("/notes", "");
    assert!(
        client::send(house.address, None, request.as_bytes())
            .await
            .is_err()
    );
    let stranger = Ca::new().identity(EDGE);
    assert!(
        client::send(house.address, Some(&stranger), request.as_bytes())
            .await
            .is_err()
    );
    assert_eq!(house.site.service.seen().len(), 0);
}

#[tokio::test]
async fn route_unknown() {
    let house = House::open().await;
    for target in ["/", "/nothing", "/notes/500101/more", "/Notes/500101"] {
        check(&house, &house.get(target).await, &Denial::RouteUnknown);
    }
    check(
        &house,
        &house.post("/notes/500101", "{}").await,
        &Denial::RouteUnknown,
    );
}

#[tokio::test]
async fn path_without_one_reading() {
    let house = House::open().await;
    for target in [
        "/notes/../folders/inbox",
        "/notes/%2e%2e/x",
        "/notes//500101",
        "/notes/500101%2fx",
        "/notes/500101;a=1",
        "/notes/%00",
    ] {
        let reply = house.get(target).await;
        assert_eq!(reply.status, 400, "{target}: {reply:?}");
        assert!(
            Denial::catalogue()
                .iter()
                .any(|entry| entry.code == reply.code()),
            "{target}: {reply:?}"
        );
    }
    assert_eq!(house.site.service.seen().len(), 0);
}

#[tokio::test]
async fn http_framing() {
    let house = House::open().await;
    let both = "POST /notes/move HTTP/1.1\r\nhost: g\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    let reply = house.send(both).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (400, "http.length_and_encoding")
    );
    assert_eq!(house.site.service.seen().len(), 0);
}

#[tokio::test]
async fn body_too_large() {
    let house = House::open().await;
    let note =
        |length: usize| format!("{{\"note\":500101,\"to\":\"{}\"}}", "a".repeat(length - 23));
    assert_eq!(note(1024).len(), 1024);
    check(
        &house,
        &house.post("/notes/move", &note(1025)).await,
        &Denial::BodyTooLarge,
    );
    assert_eq!(house.post("/notes/move", &note(1024)).await.status, 200);
}

#[tokio::test]
async fn body_too_slow() {
    let house = House::open().await;
    let token = house.token(&json!({}));
    let request = format!(
        "POST /notes/move HTTP/1.1\r\nhost: g\r\nvauban-internal-token: {token}\r\ncontent-length: 9\r\n\r\n{{"
    );
    check(&house, &house.send(&request).await, &Denial::BodyTooSlow);
}

#[tokio::test]
async fn body_broken() {
    let house = House::open().await;
    let edge = house.site.ca.identity(EDGE);
    let request = format!(
        "POST /notes/move HTTP/1.1\r\nhost: g\r\nvauban-decision: {DECISION}\r\ncontent-length: 9\r\n\r\n{{"
    );
    client::hang_up(house.address, &edge, request.as_bytes()).await;
    assert_eq!(house.site.service.seen().len(), 0);
    let events = house.close(DECISION).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].denial.as_deref(), Some("body.broken"));
}

#[tokio::test]
async fn contract_violated_by_json_with_two_readings() {
    let house = House::open().await;
    for body in [
        r#"{"note":500101,"note":500201,"to":"mine"}"#,
        r#"{"note":500201,"to":"mine","\u006eote":500101}"#,
        r#"{"note":500101,"to":"mine","x":{"a":1,"a":2}}"#,
        r#"{"note":0500101,"to":"mine"}"#,
        r#"{"note":500101,"to":"mine"} {}"#,
        "\u{feff}{}",
        "[",
    ] {
        check(
            &house,
            &house.post("/notes/move", body).await,
            &Denial::ContractViolated {
                violations: Vec::new(),
            },
        );
    }
    let reply = house.post("/notes/move", r#"{"a":1,"a":2}"#).await;
    let problem: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    let violation = json!({ "in": "body", "pointer": "", "reason": "duplicate member" });
    assert_eq!(problem["violations"], json!([violation]));
}

#[tokio::test]
async fn contract_violated_by_depth() {
    let house = House::open().await;
    let body = |depth: usize| {
        // The object is the first level.
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        format!(r#"{{"note":500101,"to":"mine","x":{open}{close}}}"#)
    };
    let reply = house.post("/notes/move", &body(33)).await;
    assert_eq!(reply.status, 400, "{reply:?}");
    let problem: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(problem["violations"][0]["reason"], "nested too deeply");
    assert_eq!(house.site.service.seen().len(), 0);
    let reply = house.post("/notes/move", &body(32)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn contract_media_type() {
    let house = House::open().await;
    let token = house.token(&json!({}));
    let headers = format!(
        "vauban-internal-token: {token}\r\ncontent-type: application/json\r\ncontent-type: text/plain\r\n"
    );
    let reply = house
        .send(&post("/notes/move", &headers, r#"{"note":500101}"#))
        .await;
    check(&house, &reply, &Denial::ContractMediaType);
}
