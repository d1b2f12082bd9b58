//! Refusals of the decision and of the answer: budget, object, facts, service.

use serde_json::json;
use vauban_policy::Denial;

use crate::client::Reply;
use crate::denials::check;
use crate::house::{House, Site, execute, post, unchanged};
use crate::service::Does;

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
