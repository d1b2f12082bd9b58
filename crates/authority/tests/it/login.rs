use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use vauban_audit::{Kind, Outcome};
use vauban_authority::disable_user;

use crate::client::Caller;
use crate::world::{PASSWORD, World, claims, part};

fn body(username: &str, password: &str, client: &str) -> Value {
    json!({"username": username, "password": password, "client_id": client})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_gets_tokens_of_the_profile() {
    let mut world = World::start().await;
    let answer = world.login("alice", PASSWORD).await;
    let tokens = answer.fine().json();
    assert_eq!(answer.headers["content-type"], "application/json");
    let mut members: Vec<&String> = tokens.as_object().unwrap().keys().collect();
    members.sort_unstable();
    assert_eq!(
        members,
        [
            "access_token",
            "expires_in",
            "refresh_expires_in",
            "refresh_token",
            "scope",
            "token_type"
        ]
    );
    assert_eq!(
        (&tokens["token_type"], &tokens["scope"]),
        (&json!("Bearer"), &json!("read:accounts"))
    );
    assert_eq!(
        (&tokens["expires_in"], &tokens["refresh_expires_in"]),
        (&json!(900), &json!(604_800))
    );
    let access = answer.text("access_token");
    let keys = world
        .ask(
            Some(&world.edge),
            "GET /.well-known/jwks.json HTTP/1.1",
            &Value::Null,
        )
        .await
        .fine()
        .json();
    let kid = &keys["keys"][0]["kid"];
    assert_eq!(
        part(&access, 0),
        json!({"alg": "ES256", "typ": "at+jwt", "kid": kid})
    );
    let found = claims(&access);
    let (issued, expires) = (
        found["iat"].as_u64().unwrap(),
        found["exp"].as_u64().unwrap(),
    );
    assert_eq!(expires - issued, 900);
    let expected = json!({
        "iss": "https://authority.bank.internal", "aud": "https://api.bank.example", "sub": "1001", "client_id": "bank-web",
        "tenant": "north", "roles": ["user"], "scope": "read:accounts", "iat": issued, "exp": expires, "jti": found["jti"],
        "sid": found["sid"],
    });
    assert_eq!(found, expected);
    signature_holds(&access, &keys["keys"][0]);
    let events = world.remembered(Kind::Login);
    assert_eq!(
        (
            events.len(),
            events[0].outcome,
            events[0].subject.as_deref()
        ),
        (1, Outcome::Allowed, Some("1001"))
    );
    assert_eq!(events[0].peer.as_deref(), Some("192.0.2.1"));
    world.stop().await;
}

/// ECDSA over the compact form, with the key set's point, by a library call that knows nothing of tokens.
fn signature_holds(token: &str, key: &Value) {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use base64::Engine as _;
    let decode = |text: &str| {
        base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(text)
            .unwrap()
    };
    let point = [
        vec![4],
        decode(key["x"].as_str().unwrap()),
        decode(key["y"].as_str().unwrap()),
    ]
    .concat();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(signed.as_bytes(), &decode(signature))
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_unknown_disabled_and_foreign_are_refused_alike_and_each_costs_a_hash() {
    let world = World::start().await;
    disable_user(&world.storage, "1005", &*world.clock)
        .await
        .unwrap();
    let mut shapes = Vec::new();
    for (username, password, client) in [
        ("alice", "not the password of alice", "bank-web"),
        ("nobody", PASSWORD, "bank-web"),
        ("erin", PASSWORD, "bank-web"),
        ("alice", PASSWORD, "unknown-client"),
        ("ALICE", PASSWORD, "bank-web"),
    ] {
        let before = world.hashes.load(Ordering::SeqCst);
        let answer = world
            .relay(
                "192.0.2.1",
                "/auth/login",
                &body(username, password, client),
            )
            .await;
        answer.refused(401, "login.refused");
        assert_eq!(
            world.hashes.load(Ordering::SeqCst) - before,
            1,
            "{username}: the way leads through the hash"
        );
        let mut shape = answer.json();
        shape["decision"] = Value::Null;
        shapes.push((shape, answer.headers.keys().cloned().collect::<Vec<_>>()));
    }
    assert!(
        shapes.windows(2).all(|pair| pair[0] == pair[1]),
        "{shapes:?}"
    );
    let facts: Vec<String> = world
        .remembered(Kind::Login)
        .iter()
        .map(|event| event.controls.last().unwrap().fact.to_string())
        .collect();
    let expected = [
        "password of account 2bd806c97f0e is wrong",
        "account 0b4ac4a1cc4f is unknown",
        "user is disabled",
        "client is unknown",
    ];
    assert_eq!(facts[0], expected[0]);
    assert!(
        facts[1].ends_with("is unknown") && facts[2..4] == expected[2..4],
        "{facts:?}"
    );
    let log = format!("{:?}", world.remembered(Kind::Login));
    assert!(
        !log.contains(PASSWORD) && !log.contains("nobody"),
        "neither passwords nor typed names are recorded"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_throttled_before_hashing_whether_it_exists_or_not() {
    for username in ["alice", "nobody"] {
        let world = World::start().await;
        for source in 0..5 {
            let source = format!("198.51.100.{source}");
            let answer = world
                .relay(
                    &source,
                    "/auth/login",
                    &body(username, "a wrong password it is", "bank-web"),
                )
                .await;
            answer.refused(401, "login.refused");
        }
        let before = world.hashes.load(Ordering::SeqCst);
        let answer = world
            .relay(
                "203.0.113.1",
                "/auth/login",
                &body(username, PASSWORD, "bank-web"),
            )
            .await;
        answer.refused(429, "login.throttled");
        assert_eq!(answer.headers["retry-after"], "12");
        assert_eq!(
            world.hashes.load(Ordering::SeqCst),
            before,
            "{username}: no hash is spent"
        );
        let event = world.remembered(Kind::Login).pop().unwrap();
        assert_eq!(
            event.controls.last().unwrap().fact,
            "budget `login-account` is spent"
        );
        world.clock.advance_ms(12_000);
        let answer = world
            .relay(
                "203.0.113.1",
                "/auth/login",
                &body(username, PASSWORD, "bank-web"),
            )
            .await;
        assert_eq!(answer.status, if username == "alice" { 200 } else { 401 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_throttled_over_all_accounts() {
    let world = World::start().await;
    for number in 0..8 {
        let guess = body(
            &format!("user{number}"),
            "a wrong password it is",
            "bank-web",
        );
        world
            .relay("2001:db8::1", "/auth/login", &guess)
            .await
            .refused(401, "login.refused");
    }
    let right = body("alice", PASSWORD, "bank-web");
    // The customer's other addresses are the same source; somebody else is not.
    world
        .relay("2001:db8::ffff", "/auth/login", &right)
        .await
        .refused(429, "login.throttled");
    world
        .relay("2001:db8:0:1::1", "/auth/login", &right)
        .await
        .fine();
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_break_the_contract_cost_nothing() {
    let world = World::start().await;
    let long = "x".repeat(1025);
    for (text, status, code) in [
        ("{}".to_owned(), 400, "contract.violated"),
        (
            format!(r#"["alice","{PASSWORD}","bank-web"]"#),
            400,
            "contract.violated",
        ),
        (
            format!(
                r#"{{"username":"alice","password":"{PASSWORD}","client_id":"bank-web","role":"admin"}}"#
            ),
            400,
            "contract.violated",
        ),
        (
            r#"{"username":"alice","username":"bob","password":"x","client_id":"bank-web"}"#
                .to_owned(),
            400,
            "contract.violated",
        ),
        (
            r#"{"username":"","password":"x","client_id":"bank-web"}"#.to_owned(),
            400,
            "contract.violated",
        ),
        (
            body("alice", &long, "bank-web").to_string(),
            400,
            "contract.violated",
        ),
        (
            body(&long, "x", "bank-web").to_string(),
            400,
            "contract.violated",
        ),
        (
            body("alice", &"x".repeat(20_000), "bank-web").to_string(),
            413,
            "body.too_large",
        ),
    ] {
        let head = "POST /auth/login HTTP/1.1\r\nvauban-client-address: 192.0.2.1";
        let answer =
            crate::client::send(world.address, &world.ca_pem, Some(&world.edge), head, &text).await;
        answer.refused(status, code);
    }
    assert_eq!(world.hashes.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_edge_may_relay_and_it_must_name_the_client() {
    let world = World::start().await;
    let service = world.join("spiffe://bank.internal/service/accounts").await;
    let targets = [
        "POST /auth/login",
        "POST /auth/refresh",
        "POST /auth/logout",
        "GET /.well-known/jwks.json",
        "POST /internal/exchange",
    ];
    let callers: [Option<&Caller>; 3] = [None, Some(&world.guard), Some(&service)];
    for target in targets {
        for caller in callers {
            let head = format!("{target} HTTP/1.1\r\nvauban-client-address: 192.0.2.1");
            world
                .ask(caller, &head, &Value::Null)
                .await
                .refused(403, "caller.refused");
        }
    }
    for head in [
        "POST /auth/login HTTP/1.1",
        "POST /auth/login HTTP/1.1\r\nvauban-client-address: somewhere",
        "POST /auth/login HTTP/1.1\r\nvauban-client-address: 192.0.2.1\r\nvauban-client-address: 192.0.2.2",
    ] {
        world
            .ask(
                Some(&world.edge),
                head,
                &body("alice", PASSWORD, "bank-web"),
            )
            .await
            .refused(403, "caller.refused");
    }
    for target in ["GET /internal/sessions/abc", "GET /internal/keys"] {
        for caller in [None, Some(&world.edge), Some(&service)] {
            world
                .ask(caller, &format!("{target} HTTP/1.1"), &Value::Null)
                .await
                .refused(403, "caller.refused");
        }
    }
    world
        .ask(
            Some(&world.guard),
            "GET /internal/revocations HTTP/1.1",
            &Value::Null,
        )
        .await
        .refused(403, "caller.refused");
    assert_eq!(world.hashes.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_decision_of_the_edge_is_kept_and_a_strangers_is_not() {
    let world = World::start().await;
    let id = "0123456789abcdefghjkmnpqrs";
    let head = format!(
        "POST /auth/login HTTP/1.1\r\nvauban-client-address: 192.0.2.1\r\nvauban-decision: {id}"
    );
    let wrong = body("alice", "a wrong password it is", "bank-web");
    assert_eq!(
        world
            .ask(Some(&world.edge), &head, &wrong)
            .await
            .text("decision"),
        id
    );
    let events = vauban_audit::find(&world.state.audit(), id).unwrap();
    assert_eq!(
        (events.len(), events[0].denial.as_deref()),
        (1, Some("login.refused"))
    );
    assert_ne!(world.ask(None, &head, &wrong).await.text("decision"), id);
}
