//! What becomes of tokens: requirements 17, 18, 19, 23, 24.

use serde_json::json;

use super::{Oauth, basic, check};
use crate::world::Tokens;

async fn introspect(oauth: &Oauth, headers: &str, token: &str) -> serde_json::Value {
    oauth
        .post("/oauth/introspect", headers, &[("token", token)])
        .await
        .fine()
        .json()
}

/// Requirement 23 (RFC 7662 §2.1, §4).
#[tokio::test(flavor = "multi_thread")]
async fn introspection_tells_a_token_to_its_client_only() {
    let oauth = Oauth::start().await;
    let own = oauth.own(&[("scope", "read:accounts")]).await;
    let token = own.fine().text("access_token");
    let found = introspect(&oauth, &oauth.basic(), &token).await;
    assert_eq!(
        (&found["active"], &found["sub"], &found["scope"]),
        (
            &json!(true),
            &json!("client:reports"),
            &json!("read:accounts")
        )
    );
    let inactive = json!({ "active": false });
    // A token of alice's session is not this client's business, and looks like one that never was.
    let alice = oauth.world.session("alice").await;
    for other in [
        alice.access.as_str(),
        alice.refresh.as_str(),
        "never issued",
    ] {
        assert_eq!(introspect(&oauth, &oauth.basic(), other).await, inactive);
    }
    oauth.world.clock.advance_ms(900_000);
    assert_eq!(introspect(&oauth, &oauth.basic(), &token).await, inactive);
    let answer = oauth
        .post(
            "/oauth/introspect",
            "",
            &[("token", &token), ("client_id", "portal")],
        )
        .await;
    check("public client", &answer, 401, "invalid_client");
    let answer = oauth
        .post("/oauth/introspect", "", &[("token", &token)])
        .await;
    check("nobody", &answer, 400, "invalid_request");
}

/// Requirement 24 (RFC 7009 §2.1).
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_ends_its_grant_and_a_foreign_one_changes_nothing() {
    let oauth = Oauth::start().await;
    let code = oauth.code(&[]).await;
    let tokens = Tokens::of(oauth.redeem(&code, &[]).await.fine());
    let portal = ("client_id", "portal");
    for foreign in [
        oauth
            .post(
                "/oauth/revoke",
                &oauth.basic(),
                &[("token", &tokens.refresh)],
            )
            .await,
        oauth
            .post("/oauth/revoke", "", &[("token", "never issued"), portal])
            .await,
    ] {
        assert_eq!((foreign.status, foreign.body.as_str()), (200, ""));
    }
    assert_eq!(oauth.world.is_live(&tokens.session).await["live"], true);
    let mut watch = oauth.world.watch().await;
    let pairs = [("token", tokens.refresh.as_str()), portal];
    let answer = oauth.post("/oauth/revoke", "", &pairs).await;
    assert_eq!(answer.status, 200);
    watch
        .until(&format!("{{\"session\":\"{}\"}}", tokens.session))
        .await;
    assert_eq!(
        oauth.world.is_live(&tokens.session).await,
        json!({"live": false})
    );
    let answer = oauth.refresh(&tokens.refresh, &[]).await;
    check("after", &answer, 400, "invalid_grant");
}

/// Requirements 17 and 19 (RFC 9700 §4.14.2; OAuth 2.1 §4.3).
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_good_once_for_its_client_and_its_scope() {
    let oauth = Oauth::start().await;
    let code = oauth.code(&[("scope", "read:accounts")]).await;
    let first = Tokens::of(oauth.redeem(&code, &[]).await.fine());
    let wider = oauth
        .refresh(&first.refresh, &[("scope", "read:accounts admin:profiles")])
        .await;
    check("wider", &wider, 400, "invalid_scope");
    let pairs = [
        ("grant_type", "refresh_token"),
        ("client_id", "desk"),
        ("client_secret", oauth.desk.as_str()),
        ("refresh_token", first.refresh.as_str()),
    ];
    let answer = oauth.post("/oauth/token", "", &pairs).await;
    check(
        "client without the grant",
        &answer,
        400,
        "unauthorized_client",
    );
    let again = oauth
        .refresh(&first.refresh, &[("scope", "read:accounts")])
        .await;
    let second = Tokens::of(again.fine());
    assert_eq!(again.json()["scope"], "read:accounts");
    assert_eq!(second.session, first.session);
    let answer = oauth.refresh(&first.refresh, &[]).await;
    check("second use", &answer, 400, "invalid_grant");
    let answer = oauth.refresh(&second.refresh, &[]).await;
    check("its family", &answer, 400, "invalid_grant");
    assert_eq!(
        oauth.world.is_live(&first.session).await,
        json!({"live": false})
    );
}

/// Requirement 20 (FAPI 2.0 §5.3.2.1): a confidential client may try again after a lost answer, 30 seconds later, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_confidential_client_may_ask_again_after_a_lost_answer() {
    let oauth = Oauth::start().await;
    let batch = super::secret(&oauth.world, "batch").await;
    let proof = [("client_id", "batch"), ("client_secret", batch.as_str())];
    let code = oauth.code(&[("client_id", "batch")]).await;
    let first = Tokens::of(oauth.redeem(&code, &proof).await.fine());
    let refresh = async |token: &str, client: &[(&str, &str)]| {
        let mut pairs = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
        pairs.extend(client);
        oauth.post("/oauth/token", "", &pairs).await
    };
    let second = Tokens::of(refresh(&first.refresh, &proof).await.fine());
    oauth.world.clock.advance_ms(30_000);
    let again = Tokens::of(refresh(&first.refresh, &proof).await.fine());
    assert_eq!(again.refresh, second.refresh);
    // Another client gets nothing by it, and costs the family nothing.
    let other = refresh(&first.refresh, &[("client_id", "tabs")]).await;
    check("other client", &other, 400, "invalid_grant");
    assert_eq!(oauth.world.is_live(&first.session).await["live"], true);
    oauth.world.clock.advance_ms(30_000);
    let answer = refresh(&first.refresh, &proof).await;
    check("after the grace", &answer, 400, "invalid_grant");
    assert_eq!(oauth.world.is_live(&first.session).await["live"], false);
}

/// Requirement 19 (OAuth 2.1 §4.3).
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_of_the_direct_login_is_its_client_s_alone() {
    let oauth = Oauth::start().await;
    let alice = oauth.world.session("alice").await;
    let answer = oauth.refresh(&alice.refresh, &[]).await;
    check("other client", &answer, 400, "invalid_grant");
    oauth.world.refresh(&alice.refresh).await.fine();
    let wrong = basic("reports", "x");
    let answer = oauth
        .post("/oauth/revoke", &wrong, &[("token", &alice.access)])
        .await;
    check("no client", &answer, 401, "invalid_client");
}
