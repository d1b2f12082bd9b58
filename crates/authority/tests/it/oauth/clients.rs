//! Who asks: requirements 13, 14, 16, 23, 24, 25.

use serde_json::json;
use vauban_audit::Kind;
use vauban_authority::issue_client_secret;

use super::{Oauth, basic, check};
use crate::world::{Tokens, claims};

/// The parameters of a form.
type Pairs<'p> = &'p [(&'p str, &'p str)];

/// Requirements 3, 8 and 25 (RFC 8414 §3.3; RFC 9207 §3).
#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_says_what_is_offered_and_nothing_else() {
    let oauth = Oauth::start().await;
    let found = oauth
        .get("/.well-known/oauth-authorization-server")
        .await
        .fine()
        .json();
    let at = |path: &str| format!("https://authority.bank.internal{path}");
    let ways = [
        "none",
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    ];
    let algorithms = ["ES256", "EdDSA"];
    let expected = json!({
        "issuer": at(""),
        "authorization_endpoint": at("/oauth/authorize"),
        "token_endpoint": at("/oauth/token"),
        "pushed_authorization_request_endpoint": at("/oauth/par"),
        "introspection_endpoint": at("/oauth/introspect"),
        "revocation_endpoint": at("/oauth/revoke"),
        "jwks_uri": at("/.well-known/jwks.json"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            "authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange",
        ],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ways,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": &ways[1..],
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": ways,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "authorization_response_iss_parameter_supported": true,
        "scopes_supported": ["admin:profiles", "read:accounts"],
    });
    assert_eq!(found, expected);
}

/// Requirement 16 (RFC 9700 §4.15).
#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_a_token_of_its_own_that_no_user_could_have() {
    let oauth = Oauth::start().await;
    let answer = oauth.own(&[]).await;
    let body = answer.fine().json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["scope"], "admin:profiles read:accounts");
    assert!(body.get("refresh_token").is_none(), "{body}");
    let access = answer.text("access_token");
    let found = claims(&access);
    assert_eq!(
        (&found["sub"], &found["client_id"], &found["tenant"]),
        (&json!("client:reports"), &json!("reports"), &json!("north"))
    );
    let tokens = Tokens {
        session: found["sid"].as_str().unwrap().to_owned(),
        access,
        refresh: String::new(),
    };
    let mut truth = tokens.truth("client:reports");
    truth["client_id"] = json!("reports");
    let exchange = "POST /internal/exchange HTTP/1.1";
    oauth
        .world
        .ask(Some(&oauth.world.edge), exchange, &truth)
        .await
        .fine();
    // The row behind it opens no login.
    for name in ["client:reports", "reports"] {
        oauth
            .world
            .login(name, "")
            .await
            .refused(400, "contract.violated");
        oauth
            .world
            .login(name, "some password or other")
            .await
            .refused(401, "login.refused");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrower_token_is_narrower_inside_too() {
    let oauth = Oauth::start().await;
    let answer = oauth.own(&[("scope", "read:accounts")]).await;
    assert_eq!(answer.fine().json()["scope"], "read:accounts");
    let access = answer.text("access_token");
    let found = claims(&access);
    let body = json!({
        "subject_token": access, "audience": "accounts", "subject": "client:reports", "client_id": "reports",
        "tenant": "north", "sid": found["sid"],
    });
    let inner = oauth
        .world
        .ask(
            Some(&oauth.world.edge),
            "POST /internal/exchange HTTP/1.1",
            &body,
        )
        .await;
    let inner = claims(&inner.fine().text("internal_token"));
    assert_eq!(inner["permissions"], json!(["read:accounts"]));
    check(
        "scope",
        &oauth.own(&[("scope", "write:everything")]).await,
        400,
        "invalid_scope",
    );
    check(
        "resource",
        &oauth
            .own(&[("resource", "https://elsewhere.example")])
            .await,
        400,
        "invalid_target",
    );
}

/// Requirement 14 (OAuth 2.1 §2.4).
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_prove_itself_is_refused_in_one_way() {
    let oauth = Oauth::start().await;
    let grant = ("grant_type", "client_credentials");
    let (id, secret) = (("client_id", "reports"), oauth.reports.clone());
    let in_body = ("client_secret", secret.as_str());
    let wrong = basic("reports", &"0".repeat(64));
    let unknown = basic("nobody", &secret);
    let other = basic("reports", &oauth.desk);
    let cases: [(&str, &str, Pairs<'_>); 6] = [
        ("wrong secret", &wrong, &[grant]),
        ("unknown client", &unknown, &[grant]),
        ("secret of another client", &other, &[grant]),
        ("other way than registered", "", &[grant, id, in_body]),
        ("no proof at all", "", &[grant, id]),
        ("not Basic", "\r\nauthorization: Bearer x", &[grant]),
    ];
    let mut bodies = Vec::new();
    for (name, headers, pairs) in cases {
        let answer = oauth.post("/oauth/token", headers, pairs).await;
        check(name, &answer, 401, "invalid_client");
        assert!(
            answer.headers["www-authenticate"].starts_with("Basic"),
            "{name}"
        );
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    let both = oauth
        .post("/oauth/token", &oauth.basic(), &[grant, id, in_body])
        .await;
    check("two ways", &both, 400, "invalid_request");
    let named = [grant, ("client_id", "desk")];
    let answer = oauth.post("/oauth/token", &oauth.basic(), &named).await;
    check("two names", &answer, 400, "invalid_request");
    let events = oauth.world.remembered(Kind::Request);
    let text = format!("{events:?}");
    assert!(!text.contains(&secret) && !text.contains(&oauth.desk));
    assert!(text.contains("client's secret is wrong"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_secrets_spends_the_source_and_serving_does_not() {
    let oauth = Oauth::start().await;
    // The budget of the source is 60 a minute.
    for _ in 0..70 {
        oauth.own(&[]).await.fine();
    }
    let wrong = basic("reports", "guess");
    let mut statuses = Vec::new();
    for _ in 0..70 {
        let pairs = [("grant_type", "client_credentials")];
        statuses.push(oauth.post("/oauth/token", &wrong, &pairs).await.status);
    }
    assert_eq!((statuses[0], statuses[69]), (401, 429), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_replaced_without_a_gap() {
    let oauth = Oauth::start().await;
    let world = &oauth.world;
    let second = issue_client_secret(&world.storage, &world.plan, "reports", false, &*world.clock)
        .await
        .unwrap();
    let second = basic("reports", second.expose_text().unwrap());
    let pairs = [("grant_type", "client_credentials")];
    oauth.own(&[]).await.fine();
    oauth.post("/oauth/token", &second, &pairs).await.fine();
    let third = issue_client_secret(&world.storage, &world.plan, "reports", true, &*world.clock)
        .await
        .unwrap();
    let third = basic("reports", third.expose_text().unwrap());
    oauth.post("/oauth/token", &third, &pairs).await.fine();
    for old in [oauth.basic(), second] {
        let answer = oauth.post("/oauth/token", &old, &pairs).await;
        check("old secret", &answer, 401, "invalid_client");
    }
    for client in ["nobody", "portal"] {
        issue_client_secret(&world.storage, &world.plan, client, false, &*world.clock)
            .await
            .unwrap_err();
    }
}

/// Requirements 3, 12, 13 and 16 (OAuth 2.1 §2.4.1, §3.2, §4.2).
#[tokio::test(flavor = "multi_thread")]
async fn a_client_asks_only_for_what_it_is_registered_for() {
    let oauth = Oauth::start().await;
    let portal = [
        ("grant_type", "client_credentials"),
        ("client_id", "portal"),
    ];
    let answer = oauth.post("/oauth/token", "", &portal).await;
    check(
        "public client for itself",
        &answer,
        400,
        "unauthorized_client",
    );
    for grant in [
        "password",
        "implicit",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ] {
        let answer = oauth
            .post("/oauth/token", &oauth.basic(), &[("grant_type", grant)])
            .await;
        check(grant, &answer, 400, "unsupported_grant_type");
    }
    let answer = oauth.post("/oauth/token", &oauth.basic(), &[]).await;
    check("no grant", &answer, 400, "invalid_request");
    let twice = "grant_type=client_credentials&grant_type=client_credentials";
    let answer = oauth.post_text("/oauth/token", &oauth.basic(), twice).await;
    check("twice", &answer, 400, "invalid_request");
    let get = oauth.get("/oauth/token").await;
    get.refused(405, "method.refused");
    oauth
        .post(
            "/oauth/token?grant_type=client_credentials",
            &oauth.basic(),
            &[],
        )
        .await
        .refused(404, "route.unknown");
    let json = "POST /oauth/token HTTP/1.1\r\nvauban-client-address: 192.0.2.1";
    oauth
        .world
        .ask_text(Some(&oauth.world.edge), json, "{}")
        .await
        .refused(415, "contract.media_type");
    oauth
        .world
        .ask_text(None, json, "{}")
        .await
        .refused(403, "caller.refused");
}
