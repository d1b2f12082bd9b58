use std::sync::Arc;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use vauban_audit::{Kind, Outcome};
use vauban_authority::{Claimed, Issued, JudgeRegistry, RegistryRefusal, Vouched};

use crate::client::Answer;
use crate::world::{Tokens, World, claims, part};

const EXCHANGE: &str = "POST /internal/exchange HTTP/1.1";

async fn exchange(world: &World, body: &Value) -> Answer {
    world.ask(Some(&world.edge), EXCHANGE, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_ours_becomes_an_internal_one() {
    let world = World::start().await;
    let alice = world.session("alice").await;
    let answer = world.exchange(&alice, "1001").await;
    let body = answer.fine().json();
    assert_eq!(
        (&body["expires_in"], &body["session"]),
        (&json!(60), &json!(alice.session))
    );
    let token = answer.text("internal_token");
    let keys = world
        .ask(
            Some(&world.guard),
            "GET /internal/keys HTTP/1.1",
            &Value::Null,
        )
        .await
        .fine()
        .json();
    assert_eq!(
        part(&token, 0),
        json!({"alg": "EdDSA", "typ": "vauban-int+jwt", "kid": keys["keys"][0]["kid"]})
    );
    let found = claims(&token);
    let (issued, expires) = (
        found["iat"].as_u64().unwrap(),
        found["exp"].as_u64().unwrap(),
    );
    assert_eq!(expires - issued, 60);
    let expected = json!({
        "iss": "https://authority.bank.internal/internal", "sub": "1001", "aud": "accounts", "sid": alice.session,
        "client_id": "bank-web", "tenant": "north", "roles": ["user"], "permissions": ["read:accounts"], "iat": issued,
        "exp": expires, "jti": found["jti"],
    });
    assert_eq!(found, expected);
    let x = URL_SAFE_NO_PAD
        .decode(keys["keys"][0]["x"].as_str().unwrap())
        .unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&ED25519, x)
        .verify(signed.as_bytes(), &signature)
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_come_from_the_session_and_permissions_from_role_and_client() {
    let world = World::start().await;
    let erin = world.session("erin").await;
    let mut body = erin.truth("1005");
    body["tenant"] = json!("south");
    let token = exchange(&world, &body).await.fine().text("internal_token");
    let found = claims(&token);
    // The client `bank-web` has not `admin:profiles`, whatever role its user has.
    assert_eq!(
        (&found["roles"], &found["permissions"]),
        (&json!(["admin"]), &json!(["read:accounts"]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_difference_to_the_registry_refuses() {
    let world = World::start().await;
    let (alice, bob) = (world.session("alice").await, world.session("bob").await);
    let forged = forge(&alice.access, "sub", "1002");
    for (member, value, fact) in [
        (
            "subject",
            json!("1002"),
            "subject differs from the stored session",
        ),
        (
            "client_id",
            json!("back-office"),
            "client differs from the stored session",
        ),
        (
            "tenant",
            json!("south"),
            "tenant differs from the stored session",
        ),
        (
            "sid",
            json!(bob.session),
            "session differs from the stored one",
        ),
        (
            "subject_token",
            json!(bob.access),
            "session differs from the stored one",
        ),
        (
            "subject_token",
            json!(forged),
            "token is not in the registry",
        ),
        (
            "subject_token",
            json!(alice.refresh),
            "token is not in the registry",
        ),
        ("subject_token", json!(""), "token is not in the registry"),
        (
            "audience",
            json!("ledger"),
            "`ledger` is not a service that the edge may call",
        ),
        (
            "audience",
            json!("authority"),
            "`authority` is not a service that the edge may call",
        ),
        (
            "audience",
            json!("nothing"),
            "`nothing` is not a service that the edge may call",
        ),
    ] {
        let mut body = alice.truth("1001");
        body[member] = value;
        let answer = exchange(&world, &body).await;
        answer.refused(401, "exchange.refused");
        let event = world.remembered(Kind::Exchange).pop().unwrap();
        assert_eq!(
            (event.outcome, &*event.controls.last().unwrap().fact),
            (Outcome::Refused, fact),
            "{member}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_subject_with_the_attackers_own_live_session_is_refused() {
    let world = World::start().await;
    let (alice, bob) = (world.session("alice").await, world.session("bob").await);
    // Everything is true but the subject, in the token and beside it.
    let mut body = bob.truth("1001");
    body["subject_token"] = json!(forge(&bob.access, "sub", "1001"));
    exchange(&world, &body)
        .await
        .refused(401, "exchange.refused");
    exchange(&world, &alice.truth("1001")).await.fine();
}

/// A token whose payload says something else, with the old signature.
fn forge(token: &str, claim: &str, value: &str) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let mut payload = claims(token);
    payload[claim] = json!(value);
    format!(
        "{}.{}.{}",
        parts[0],
        URL_SAFE_NO_PAD.encode(payload.to_string()),
        parts[2]
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_internal_token_never_outlives_the_access_token() {
    let world = World::start().await;
    let alice = world.session("alice").await;
    world.clock.advance_ms(870_000);
    let answer = world.exchange(&alice, "1001").await;
    let token = answer.fine().text("internal_token");
    assert_eq!(answer.json()["expires_in"], 30);
    assert_eq!(claims(&token)["exp"], claims(&alice.access)["exp"]);
    world.clock.advance_ms(30_000);
    world
        .exchange(&alice, "1001")
        .await
        .refused(401, "exchange.refused");
    let event = world.remembered(Kind::Exchange).pop().unwrap();
    assert_eq!(event.controls.last().unwrap().fact, "token has expired");
    assert_eq!(
        event.subject.as_deref(),
        Some("1001"),
        "the stored subject is recorded"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_access_token_of_a_live_session_still_works_until_it_ends() {
    let world = World::start().await;
    let first = world.session("alice").await;
    let second = Tokens::of(world.refresh(&first.refresh).await.fine());
    world.exchange(&first, "1001").await.fine();
    world.exchange(&second, "1001").await.fine();
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_break_the_contract_are_refused() {
    let world = World::start().await;
    let alice = world.session("alice").await;
    let mut extra = alice.truth("1001");
    extra["roles"] = json!(["admin"]);
    let mut typed = alice.truth("1001");
    typed["subject"] = json!(1001);
    for body in [extra, typed, json!({}), json!([])] {
        exchange(&world, &body)
            .await
            .refused(400, "contract.violated");
    }
}

/// What a drill puts in place of the registry: it trusts what the edge says.
#[derive(Debug)]
struct Trusting;

impl JudgeRegistry for Trusting {
    fn judge(
        &self,
        claimed: &Claimed,
        stored: Option<&Issued>,
        now: u64,
    ) -> Result<Vouched, RegistryRefusal> {
        Ok(Vouched {
            subject: claimed.subject.clone(),
            client_id: claimed.client_id.clone(),
            tenant: claimed.tenant.clone(),
            session: claimed.session.clone(),
            roles: stored
                .map(|stored| stored.roles.clone())
                .unwrap_or_default(),
            scope: None,
            ends_at: now + 60,
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opened_registry_lets_the_forgery_through() {
    let world = World::start_with(|parts| parts.registry = Arc::new(Trusting)).await;
    let bob = world.session("bob").await;
    let mut body = bob.truth("1001");
    body["subject_token"] = json!(forge(&bob.access, "sub", "1001"));
    let token = exchange(&world, &body).await.fine().text("internal_token");
    assert_eq!(
        (&claims(&token)["sub"], &claims(&token)["sid"]),
        (&json!("1001"), &json!(bob.session))
    );
}
