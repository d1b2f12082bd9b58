//! Codes: requirements 4, 5, 6, 7.

use std::sync::Arc;

use serde_json::json;
use vauban_authority::disable_user;

use super::{Oauth, VERIFIER, basic, challenge, check};
use crate::world::{Tokens, claims};

#[tokio::test(flavor = "multi_thread")]
async fn a_code_becomes_tokens_of_its_user() {
    let oauth = Oauth::start().await;
    let code = oauth.code(&[]).await;
    let answer = oauth.redeem(&code, &[]).await;
    let tokens = Tokens::of(answer.fine());
    let found = claims(&tokens.access);
    assert_eq!(
        (&found["sub"], &found["client_id"], &found["scope"]),
        (&json!("1001"), &json!("portal"), &json!("read:accounts"))
    );
    oauth.refresh(&tokens.refresh, &[]).await.fine();
}

/// Requirements 4, 5 and 7 (RFC 9700 §2.1.1, §4.8.2).
#[tokio::test(flavor = "multi_thread")]
async fn only_the_verifier_behind_the_challenge_redeems_it() {
    let oauth = Oauth::start().await;
    let code = oauth.code(&[]).await;
    let other = format!("{VERIFIER}x");
    let answer = oauth.redeem(&code, &[("code_verifier", &other)]).await;
    check("other verifier", &answer, 400, "invalid_grant");
    let plain = challenge(VERIFIER);
    let answer = oauth.redeem(&code, &[("code_verifier", &plain)]).await;
    check("the challenge itself", &answer, 400, "invalid_grant");
    for verifier in ["", "short"] {
        let answer = oauth.redeem(&code, &[("code_verifier", verifier)]).await;
        check("no verifier", &answer, 400, "invalid_request");
    }
    let answer = oauth
        .redeem(&code, &[("redirect_uri", "https://portal.example/cb2")])
        .await;
    check("other redirect URI", &answer, 400, "invalid_grant");
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", "desk"),
        ("client_secret", oauth.desk.as_str()),
        ("code", code.as_str()),
        ("code_verifier", VERIFIER),
    ];
    let answer = oauth.post("/oauth/token", "", &pairs).await;
    check("other client", &answer, 400, "invalid_grant");
    let answer = oauth.redeem("never-given", &[]).await;
    check("unknown", &answer, 400, "invalid_grant");
    // None of these used it up.
    oauth.redeem(&code, &[]).await.fine();
}

/// Requirements 6 and 7 (OAuth 2.1 §4.1.3).
#[tokio::test(flavor = "multi_thread")]
async fn a_code_lives_a_minute_and_a_second_use_ends_what_came_of_the_first() {
    let oauth = Oauth::start().await;
    let late = oauth.code(&[]).await;
    oauth.world.clock.advance_ms(60_000);
    let answer = oauth.redeem(&late, &[]).await;
    check("late", &answer, 400, "invalid_grant");
    let code = oauth.code(&[]).await;
    let tokens = Tokens::of(oauth.redeem(&code, &[]).await.fine());
    let answer = oauth.redeem(&code, &[]).await;
    check("second use", &answer, 400, "invalid_grant");
    assert_eq!(
        oauth.world.is_live(&tokens.session).await,
        json!({"live": false})
    );
    let answer = oauth.refresh(&tokens.refresh, &[]).await;
    check("its tokens", &answer, 400, "invalid_grant");
}

/// Requirement 6 (OAuth 2.1 §4.1.3).
#[tokio::test(flavor = "multi_thread")]
async fn of_64_racing_uses_exactly_one_wins() {
    let oauth = Arc::new(Oauth::start().await);
    let code = Arc::new(oauth.code(&[]).await);
    // Public clients spend the source's budget, so each comes from its own address.
    let racing = (0..64).map(|index| {
        let (oauth, code) = (Arc::clone(&oauth), Arc::clone(&code));
        vauban_net::task::spawn("race", async move {
            let head = format!(
                "POST /oauth/token HTTP/1.1\r\nvauban-client-address: 198.51.100.{index}\r\n\
                 content-type: application/x-www-form-urlencoded"
            );
            let body = format!(
                "grant_type=authorization_code&client_id=portal&code={code}&code_verifier={VERIFIER}"
            );
            let edge = Some(&oauth.world.edge);
            oauth.world.ask_text(edge, &head, &body).await.status
        })
    });
    let mut won = 0;
    for one in racing.collect::<Vec<_>>() {
        won += usize::from(one.await.unwrap() == 200);
    }
    assert_eq!(won, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_a_disabled_user_is_worth_nothing() {
    let oauth = Oauth::start().await;
    let code = oauth.code(&[]).await;
    disable_user(&oauth.world.storage, "1001", &*oauth.world.clock)
        .await
        .unwrap();
    let answer = oauth.redeem(&code, &[]).await;
    check("disabled", &answer, 400, "invalid_grant");
    let answer = oauth
        .post(
            "/oauth/token",
            &basic("portal", "x"),
            &[("grant_type", "authorization_code")],
        )
        .await;
    check(
        "public client with a header",
        &answer,
        401,
        "invalid_client",
    );
}
