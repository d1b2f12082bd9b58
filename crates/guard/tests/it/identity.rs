//! Refusals of the identity: internal token, keys, session.

use serde_json::json;
use vauban_policy::Denial;

use crate::denials::check;
use crate::house::{House, Site, get, unchanged};
use crate::pki::TokenKey;

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
