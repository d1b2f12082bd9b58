//! Every refusal of the guard has a test here that names it.

use serde_json::json;
use vauban_audit::{Outcome, Verdict, control};
use vauban_policy::Denial;

use crate::client::{self, Reply};
use crate::house::{DECISION, House, Site, execute, get, post, unchanged};
use crate::pki::{Ca, TokenKey};
use crate::service::Does;

const EDGE: &str = "spiffe://notes.internal/line/edge";
const INDEXER: &str = "spiffe://notes.internal/service/indexer";
const SCANNER: &str = "spiffe://notes.internal/service/scanner";

/// The answer is the denial, in the one shape of RFC 9457, and the service has seen nothing.
#[track_caller]
fn check(house: &House, reply: &Reply, denial: &Denial) {
    assert_eq!(
        (reply.code().as_str(), reply.status),
        (denial.code(), denial.status()),
        "{reply:?}"
    );
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("www-authenticate"), denial.challenge());
    let problem: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(problem["decision"].as_str().map(str::len), Some(26));
    assert!(!reply.body.contains("canary"), "{reply:?}");
    assert_eq!(
        house.site.service.seen().len(),
        0,
        "the service must not hear of it"
    );
}

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

#[tokio::test]
async fn internal_token_missing() {
    let house = House::open().await;
    check(
        &house,
        &house.send(&get("/notes/500101", "")).await,
        &Denial::InternalTokenMissing,
    );
    let token = house.token(&json!({}));
    // Two tokens are none, and neither `authorization` nor the query is a place for one.
    for (target, headers) in [
        (
            "/notes/500101",
            format!("vauban-internal-token: {token}\r\nvauban-internal-token: {token}\r\n"),
        ),
        (
            "/notes/500101",
            format!("authorization: Bearer {token}\r\n"),
        ),
        (
            "/notes/500101",
            "vauban-subject: 1001\r\nvauban-tenant: north\r\nvauban-roles: user\r\n".to_owned(),
        ),
    ] {
        check(
            &house,
            &house.send(&get(target, &headers)).await,
            &Denial::InternalTokenMissing,
        );
    }
}

#[tokio::test]
async fn internal_token_invalid() {
    let house = House::open().await;
    let send = async |token: &str| {
        house
            .send(&get(
                "/notes/500101",
                &format!("vauban-internal-token: {token}\r\n"),
            ))
            .await
    };
    for (name, value) in [
        ("aud", json!("folders")),
        ("iss", json!("https://authority.notes.internal")),
        ("exp", json!(crate::house::NOW - 6)),
        ("exp", json!(crate::house::NOW + 61)),
        ("roles", json!("user")),
        ("nbf", json!(1)),
    ] {
        let token = house.token(&json!({ name: value }));
        check(&house, &send(&token).await, &Denial::InternalTokenInvalid);
    }
    for token in ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        check(&house, &send(token).await, &Denial::InternalTokenInvalid);
    }
    let forged = TokenKey::new("key-b").sign(&House::claims());
    check(&house, &send(&forged).await, &Denial::InternalTokenInvalid);
    let unknown = TokenKey::new("key-z").sign(&House::claims());
    check(&house, &send(&unknown).await, &Denial::InternalTokenInvalid);
}

#[tokio::test]
async fn authority_unavailable_for_the_session() {
    let house = House::open().await;
    assert_eq!(house.get("/notes/500101").await.status, 200);
    house.site.authority.set(|says| says.status = 500);
    let reply = house.get("/notes/500101").await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (503, "authority.unavailable")
    );
    house.site.authority.set(|says| {
        says.status = 200;
        says.session = json!({ "subject": "1001" });
    });
    let token = house.site.key.sign(&House::claims());
    let reply = house
        .send(&get(
            "/notes/500101",
            &format!("vauban-internal-token: {token}\r\n"),
        ))
        .await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (503, "authority.unavailable"),
        "an answer that does not say"
    );
    assert_eq!(house.site.service.seen().len(), 1);
}

#[tokio::test]
async fn authority_unavailable_for_the_keys() {
    let site = Site::new(&unchanged).await;
    site.authority.set(|says| says.status = 500);
    let house = site.run().await;
    check(
        &house,
        &house.get("/notes/500101").await,
        &Denial::AuthorityUnavailable,
    );
}

#[tokio::test]
async fn authority_that_is_somebody_else_is_no_authority() {
    let mut site = Site::new(&unchanged).await;
    let says = site.authority.says.lock().unwrap().clone();
    let impostor = site.ca.identity("spiffe://notes.internal/service/scanner");
    let impostor = crate::authority::Authority::start(&impostor, says).await;
    site.setting.authority = impostor.address;
    let house = site.run().await;
    check(
        &house,
        &house.get("/notes/500101").await,
        &Denial::AuthorityUnavailable,
    );
    assert_eq!(impostor.asked("/internal/keys"), 0, "it is not even asked");
}

#[tokio::test]
async fn session_ended() {
    let house = House::open().await;
    let token = house.token(&json!({}));
    let request = get(
        "/notes/500101",
        &format!("vauban-internal-token: {token}\r\n"),
    );
    assert_eq!(house.send(&request).await.status, 200);
    house
        .site
        .authority
        .set(|says| says.session = json!({ "live": false }));
    let reply = house.send(&request).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (401, "session.ended"),
        "at once, with a token that is still good"
    );
    let other = house.token(&json!({ "sid": "s-2" }));
    let reply = house
        .send(&get(
            "/notes/500101",
            &format!("vauban-internal-token: {other}\r\n"),
        ))
        .await;
    assert_eq!(reply.code(), "session.ended", "a session that never was");
}

#[tokio::test]
async fn session_mismatch() {
    let house = House::open().await;
    let token = house.token(&json!({}));
    for (name, value) in [
        ("subject", "1002"),
        ("client_id", "other"),
        ("tenant", "south"),
    ] {
        house.site.authority.set(|says| {
            says.session =
                json!({ "live": true, "subject": "1001", "client_id": "app", "tenant": "north" });
            says.session[name] = json!(value);
        });
        let reply = house
            .send(&get(
                "/notes/500101",
                &format!("vauban-internal-token: {token}\r\n"),
            ))
            .await;
        check(&house, &reply, &Denial::SessionMismatch);
    }
}

#[tokio::test]
async fn budget_endpoint() {
    let house = House::open().await;
    let body = r#"{"note":500101,"to":"mine"}"#;
    for _ in 0..3 {
        assert_eq!(house.post("/notes/move", body).await.status, 200);
    }
    let reply = house.post("/notes/move", body).await;
    assert_eq!(
        (
            reply.status,
            reply.code().as_str(),
            reply.header("retry-after")
        ),
        (429, "budget.endpoint", Some("60"))
    );
    assert_eq!(house.site.service.seen().len(), 3);
    let bob = house.token(&json!({ "sub": "1002" }));
    let headers = format!("vauban-internal-token: {bob}\r\ncontent-type: application/json\r\n");
    let reply = house
        .send(&post(
            "/notes/move",
            &headers,
            r#"{"note":500201,"to":"x"}"#,
        ))
        .await;
    assert_eq!(reply.status, 200, "it is alice's budget");
    house.site.clock.advance_ms(59_999);
    assert_eq!(house.post("/notes/move", body).await.status, 429);
    house.site.clock.advance_ms(1);
    assert_eq!(
        house.post("/notes/move", body).await.status,
        200,
        "a minute buys one"
    );
    assert_eq!(house.post("/notes/move", body).await.status, 429);
}

#[tokio::test]
async fn budget_user() {
    let house = House::open().await;
    for _ in 0..8 {
        assert_eq!(house.get("/folders/mine").await.status, 200);
    }
    let reply = house.get("/folders/mine").await;
    assert_eq!(
        (
            reply.status,
            reply.code().as_str(),
            reply.header("retry-after")
        ),
        (429, "budget.user", Some("60"))
    );
}

#[tokio::test]
async fn object_foreign_hidden() {
    let house = House::open().await;
    let problem = |reply: &Reply| {
        let mut problem: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        problem["decision"] = json!("");
        (
            reply.status,
            problem,
            reply
                .headers
                .iter()
                .filter(|(name, _)| name != "date")
                .cloned()
                .collect::<Vec<_>>(),
        )
    };
    let foreign = house.get("/notes/500201").await;
    check(&house, &foreign, &Denial::ObjectForeignHidden);
    for target in [
        "/notes/7",
        "/notes/500301",
        "/notes/500401",
        "/notes/0500101",
        "/notes/+500101",
        "/notes/x",
    ] {
        let reply = house.get(target).await;
        check(&house, &reply, &Denial::ObjectForeignHidden);
        assert_eq!(
            problem(&reply),
            problem(&foreign),
            "{target} must not tell whether it exists"
        );
    }
}

#[tokio::test]
async fn object_foreign() {
    let house = House::open().await;
    for target in ["/folders/inbox", "/folders/none"] {
        check(&house, &house.get(target).await, &Denial::ObjectForeign);
    }
}

#[tokio::test]
async fn permission_missing() {
    let house = House::open().await;
    let reply = house
        .get_with("/notes", &json!({ "roles": ["guest"] }), "")
        .await;
    check(&house, &reply, &Denial::PermissionMissing);
}

#[tokio::test]
async fn decision_error() {
    let house = House::open().await;
    // The permit would hold; the forbid overflows, which Cedar alone would skip.
    check(
        &house,
        &house.get("/notes/500101/weight").await,
        &Denial::DecisionError,
    );
    assert_eq!(
        house.get("/notes/5/weight").await.status,
        200,
        "where nothing overflows, the permit holds"
    );
}

#[tokio::test]
async fn facts_unavailable() {
    let house = House::open().await;
    assert_eq!(house.get("/notes/500101").await.status, 200);
    let facts = house.site.dir.path().join("notes.db");
    std::fs::remove_file(&facts).unwrap();
    // The open file would still answer; what stands under the name is what counts.
    let gone = house.get("/notes/500101").await;
    assert_eq!(
        (gone.status, gone.code().as_str()),
        (503, "facts.unavailable")
    );
    execute(&facts, "CREATE TABLE other (id INTEGER)").await;
    let other = house.get("/notes/500101").await;
    assert_eq!(
        (other.status, other.code().as_str()),
        (503, "facts.unavailable")
    );
    assert_eq!(house.site.service.seen().len(), 1);
}

#[tokio::test]
async fn upstream_unavailable() {
    let house = House::open().await;
    for status in [500, 503, 599] {
        let body = "stack trace of canary-notes".to_owned();
        house.site.service.set(Does::Answers {
            status,
            headers: vec![("server", "canary")],
            body,
        });
        let reply = house.get("/notes/500101").await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (502, "upstream.unavailable")
        );
        assert!(
            !format!("{reply:?}").contains("canary"),
            "a failing service is not quoted: {reply:?}"
        );
    }
    std::fs::remove_file(&house.site.service.path).unwrap();
    let fresh = Site::new(&unchanged).await;
    std::fs::remove_file(&fresh.service.path).unwrap();
    let fresh = fresh.run().await;
    check(
        &fresh,
        &fresh.get("/notes/500101").await,
        &Denial::UpstreamUnavailable,
    );
}

#[tokio::test]
async fn upstream_timeout() {
    let house = House::open().await;
    house.site.service.set(Does::NeverAnswers);
    let reply = house.get("/notes/500101").await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (504, "upstream.timeout")
    );
}

#[tokio::test]
async fn answer_violated() {
    let house = House::open().await;
    let big = |bytes: usize| Does::Answers {
        status: 200,
        headers: Vec::new(),
        body: "a".repeat(bytes),
    };
    house.site.service.set(big(4 * 1024 * 1024));
    assert_eq!(house.get("/notes/500101").await.status, 200);
    house.site.service.set(big(4 * 1024 * 1024 + 1));
    let reply = house.get("/notes/500101").await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (502, "answer.violated")
    );
}

#[tokio::test]
async fn audit_unavailable() {
    let house = House::open().await;
    house.site.setting.audit.clone().close().await.unwrap();
    // A refusal that is not durable, and a permission that is not recorded, are both no answer.
    for request in [get("/notes/500101", ""), get("/nothing", "")] {
        check(
            &house,
            &house.send(&request).await,
            &Denial::AuditUnavailable,
        );
    }
    let reply = house.get("/notes/500101").await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (503, "audit.unavailable")
    );
    assert!(!reply.body.contains("canary"), "{reply:?}");
}

#[tokio::test]
async fn each_request_leaves_one_event_with_every_control() {
    let house = House::open().await;
    let decision = format!("vauban-decision: {DECISION}\r\n");
    let reply = house.get_with("/notes/500201", &json!({}), &decision).await;
    assert!(reply.body.contains(DECISION), "{reply:?}");
    let events = house.close(DECISION).await;
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!(
        (
            event.line.as_str(),
            event.method.as_str(),
            event.route.as_str()
        ),
        ("guard-notes", "GET", "/notes/{id}")
    );
    assert_eq!(
        (event.operation.as_str(), event.status, event.outcome),
        ("readNote", 404, Outcome::Refused)
    );
    assert_eq!(event.denial.as_deref(), Some("object.foreign_hidden"));
    assert_eq!(event.subject.as_deref(), Some("1001"));
    assert_eq!(event.session.as_deref(), Some("s-1"));
    assert_eq!(event.peer.as_deref(), Some(EDGE));
    let seen: Vec<(&str, Verdict, &str)> = event
        .controls
        .iter()
        .map(|c| (c.name.as_str(), c.verdict, c.fact.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (control::GUARD_PEER, Verdict::Passed, EDGE),
            (
                control::GUARD_TOKEN,
                Verdict::Passed,
                "jti j-1, subject 1001"
            ),
            (
                control::GUARD_SESSION,
                Verdict::Passed,
                "session s-1 is live and stored for subject 1001, tenant north"
            ),
            (
                control::GUARD_BUDGET,
                Verdict::Skipped,
                "no budget counts this operation"
            ),
            (
                control::GUARD_OWNERSHIP,
                Verdict::Refused,
                "Note 500201, stored row: owner 1002, tenant north; no permit"
            ),
        ]
    );
}

#[tokio::test]
async fn an_undeclared_peer_cannot_write_under_a_strangers_id() {
    let house = House::open().await;
    let reply = house
        .send_as(
            SCANNER,
            &get("/notes", &format!("vauban-decision: {DECISION}\r\n")),
        )
        .await;
    check(&house, &reply, &Denial::PeerUndeclared);
    let problem: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    let own = problem["decision"].as_str().unwrap().to_owned();
    assert_ne!(own, DECISION);
    let events = house.close(&own).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].peer.as_deref(), Some(SCANNER));
    assert_eq!(
        events[0].controls[0].fact,
        "spiffe://notes.internal/service/scanner stands in the isolated zone quarantine, which may call nobody"
    );
}
