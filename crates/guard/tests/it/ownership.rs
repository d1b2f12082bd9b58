//! Whose object it is, through the whole line.

use serde_json::json;

use crate::house::{House, Site, execute, unchanged};

#[tokio::test]
async fn own_objects_are_reached_wherever_the_operation_names_them() {
    let house = House::open().await;
    for target in [
        "/notes/500101",
        "/notes/search?note=500101",
        "/folders/mine",
        "/notes",
        "/news/7",
    ] {
        let reply = house.get(target).await;
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (200, r#"{"note":"canary-notes"}"#),
            "{target}"
        );
    }
    assert_eq!(
        house
            .post("/notes/move", r#"{"note":500101,"to":"inbox"}"#)
            .await
            .status,
        200
    );
    let seen: Vec<String> = house
        .site
        .service
        .seen()
        .iter()
        .map(|seen| seen.target.clone())
        .collect();
    assert_eq!(
        seen,
        [
            "/notes/500101",
            "/notes/search?note=500101",
            "/folders/mine",
            "/notes",
            "/news/7",
            "/notes/move"
        ]
    );
}

#[tokio::test]
async fn foreign_objects_are_refused_wherever_the_operation_names_them() {
    // With room in the budget, so that it stays out of this.
    let roomy = |_: &str, text: String| text.replace("burst: 3", "burst: 100");
    let house = Site::new(&roomy).await.run().await;
    for target in [
        "/notes/500201",
        "/notes/search?note=500201",
        "/notes/search",
        "/notes/search?note=",
        "/notes/search?note=500101&note=500201",
        "/notes/search?note=500201&note=500101",
        "/notes/search?note=%20500101",
        "/notes/search?note=500101%00",
        "/notes/%EF%BC%95",
        "/notes/5e5",
        "/notes/500101.0",
        "/notes/0x7A185",
    ] {
        let reply = house.get(target).await;
        assert!(
            reply.status == 404 || reply.status == 400,
            "{target}: {reply:?}"
        );
    }
    for body in [
        r#"{"note":500201,"to":"mine"}"#,
        r#"{"note":"500201","to":"mine"}"#,
        r#"{"note":5001.01e2,"to":"mine"}"#,
        r#"{"note":[500101],"to":"mine"}"#,
        r#"{"note":null,"to":"mine"}"#,
        r#"{"to":"mine"}"#,
        "[500101]",
        r#"{"x":{"note":500101}}"#,
        r#"{"note":{"note":500101}}"#,
    ] {
        let reply = house.post("/notes/move", body).await;
        assert_eq!(reply.code(), "object.foreign_hidden", "{body}: {reply:?}");
    }
    assert_eq!(house.site.service.seen().len(), 0);
}

#[tokio::test]
async fn two_subjects_see_their_own_and_not_each_others() {
    let house = House::open().await;
    for (subject, own, foreign) in [
        ("1001", "/notes/500101", "/notes/500201"),
        ("1002", "/notes/500201", "/notes/500101"),
    ] {
        assert_eq!(
            house
                .get_with(own, &json!({ "sub": subject }), "")
                .await
                .status,
            200,
            "{subject} {own}"
        );
        assert_eq!(
            house
                .get_with(foreign, &json!({ "sub": subject }), "")
                .await
                .code(),
            "object.foreign_hidden"
        );
    }
}

#[tokio::test]
async fn an_administrator_reaches_what_the_policy_says_inside_the_tenant() {
    let house = House::open().await;
    let administrator =
        |tenant: &str| json!({ "sub": "1003", "tenant": tenant, "roles": ["admin"] });
    assert_eq!(
        house
            .get_with("/folders/inbox", &administrator("north"), "")
            .await
            .status,
        200
    );
    assert_eq!(
        house
            .get_with("/folders/inbox", &administrator("south"), "")
            .await
            .code(),
        "object.foreign"
    );
    assert_eq!(
        house
            .get_with("/notes/500101", &administrator("north"), "")
            .await
            .code(),
        "object.foreign_hidden"
    );
}

#[tokio::test]
async fn evidence_that_the_caller_writes_counts_only_where_danger_is_declared() {
    let house = House::open().await;
    let forged =
        "x-owner: 1001\r\nvauban-owner: 1001\r\nvauban-subject: 1002\r\nx-vauban-owner: 1001\r\n";
    let stored = house.get_with("/notes/500201", &json!({}), forged).await;
    assert_eq!(stored.code(), "object.foreign_hidden");
    let danger = house
        .get_with("/notes/500201/claimed", &json!({}), "x-owner: 1001\r\n")
        .await;
    assert_eq!(danger.status, 200, "this is what danger_header means");
    for headers in [
        "",
        "x-owner: 1002\r\n",
        "x-owner: 1001\r\nx-owner: 1001\r\n",
    ] {
        let reply = house
            .get_with("/notes/500101/claimed", &json!({}), headers)
            .await;
        assert_eq!(reply.code(), "object.foreign_hidden", "{headers:?}");
    }
}

#[tokio::test]
async fn the_row_counts_as_it_is_now() {
    let house = House::open().await;
    assert_eq!(house.get("/notes/500101").await.status, 200);
    let facts = house.site.dir.path().join("notes.db");
    execute(&facts, "UPDATE notes SET owner_id = 1002 WHERE id = 500101").await;
    assert_eq!(
        house.get("/notes/500101").await.code(),
        "object.foreign_hidden"
    );
    execute(&facts, "UPDATE notes SET owner_id = NULL WHERE id = 500101").await;
    assert_eq!(house.get("/notes/500101").await.code(), "decision.error");
}

#[tokio::test]
async fn the_session_is_asked_each_time_and_the_keys_are_not() {
    let house = House::open().await;
    for _ in 0..5 {
        assert_eq!(house.get("/notes/500101").await.status, 200);
    }
    assert_eq!(house.site.authority.asked("/internal/sessions/s-1"), 5);
    assert_eq!(house.site.authority.asked("/internal/keys"), 1);
}

#[tokio::test]
async fn keys_are_fetched_anew_for_an_unknown_kid_and_kept_when_the_authority_is_away() {
    let mut site = Site::new(&unchanged).await;
    let old = std::mem::replace(&mut site.key, crate::pki::TokenKey::new("key-c"));
    site.authority
        .set(|says| says.keys = json!({ "keys": [old.entry()] }));
    let house = site.run().await;
    assert_eq!(
        house.get("/notes/500101").await.code(),
        "internal_token.invalid"
    );
    assert_eq!(
        house.get("/notes/500101").await.code(),
        "internal_token.invalid"
    );
    assert_eq!(
        house.site.authority.asked("/internal/keys"),
        1,
        "an unknown kid is no storm"
    );
    let entry = house.site.key.entry();
    house
        .site
        .authority
        .set(|says| says.keys = json!({ "keys": [entry] }));
    house.site.clock.advance_ms(1_000);
    assert_eq!(
        house.get("/notes/500101").await.status,
        200,
        "a rotated key is found"
    );
    assert_eq!(house.site.authority.asked("/internal/keys"), 2);
    house.site.authority.set(|says| says.keys = json!("broken"));
    house.site.clock.advance_ms(58_000);
    assert_eq!(house.get("/notes/500101").await.status, 200, "kept");
}
