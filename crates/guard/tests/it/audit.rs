//! What is recorded, and what happens when it cannot be.

use serde_json::json;
use vauban_audit::{Kind, Outcome, RecordError, Verdict, control};
use vauban_guard::RunError;
use vauban_policy::Denial;

use crate::denials::check;
use crate::denials::{EDGE, SCANNER};
use crate::house::{DECISION, House, NOW, Site, get, unchanged};

#[tokio::test]
async fn audit_unavailable() {
    let house = House::open().await;
    // A guard whose log is gone before it has begun does not begin.
    assert_ne!(house.send(&get("/nothing", "")).await.status, 503);
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
        (&*event.line, event.method.as_str(), event.route.as_str()),
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
        .map(|c| (&*c.name, c.verdict, &*c.fact))
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

/// What the line says of itself, and when.
fn own(house: &House) -> Vec<(String, Kind, Outcome, u64)> {
    house
        .own_events()
        .into_iter()
        .map(|event| {
            let line = event.line.into_owned();
            (line, event.kind, event.outcome, event.at_unix_ms)
        })
        .collect()
}

#[tokio::test]
async fn beginning_and_ending_are_on_record() {
    let mut house = House::open().await;
    // An answer that is only noted; what is read here was durable before it.
    assert_eq!(house.get("/notes/500101").await.status, 200);
    let said = |kind, at| ("guard-notes".to_owned(), kind, Outcome::Allowed, at);
    let began = said(Kind::Start, NOW * 1000);
    assert_eq!(own(&house), std::slice::from_ref(&began));
    house.site.clock.advance_ms(5);
    house.stop().await;
    let ended = said(Kind::Stop, NOW * 1000 + 5);
    assert_eq!(own(&house), [began, ended]);
}

#[tokio::test]
async fn a_guard_that_cannot_record_its_beginning_does_not_serve() {
    let site = Site::new(&unchanged).await;
    site.setting.audit.clone().close().await.unwrap();
    let ended = site.run().await.running.await.unwrap();
    assert!(
        matches!(ended, Err(RunError::Audit(RecordError::Closed { .. }))),
        "{ended:?}"
    );
}
