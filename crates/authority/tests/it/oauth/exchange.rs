//! Token exchange: requirement 22 (RFC 8693 §2, §4.1; RFC 9700 §2.3).

use serde_json::{Value, json};
use vauban_audit::Kind;

use super::{Oauth, check, secret};
use crate::client::Answer;
use crate::world::{Tokens, claims};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const AUDIENCE: &str = "https://api.bank.example";

/// A service that was called with a token of alice's session at the portal.
struct Relay {
    oauth: Oauth,
    secret: String,
    narrow: String,
    alice: Tokens,
}

impl Relay {
    async fn start() -> Self {
        let oauth = Oauth::start().await;
        let (relay, narrow) = (
            secret(&oauth.world, "relay").await,
            secret(&oauth.world, "narrow").await,
        );
        let code = oauth.code(&[]).await;
        let alice = Tokens::of(oauth.redeem(&code, &[]).await.fine());
        Self {
            oauth,
            secret: relay,
            narrow,
            alice,
        }
    }

    /// Exchanges a token, with some parameters replaced; an empty value leaves one away.
    async fn exchange(&self, token: &str, changes: &[(&str, &str)]) -> Answer {
        let mut pairs = vec![
            ("grant_type", GRANT),
            ("client_id", "relay"),
            ("client_secret", self.secret.as_str()),
            ("subject_token", token),
            ("subject_token_type", ACCESS),
        ];
        for (name, value) in changes {
            pairs.retain(|(own, _)| own != name);
            pairs.push((name, value));
        }
        self.oauth.post("/oauth/token", "", &pairs).await
    }

    async fn own(&self) -> String {
        let pairs = [
            ("grant_type", "client_credentials"),
            ("client_id", "relay"),
            ("client_secret", self.secret.as_str()),
        ];
        let answer = self.oauth.post("/oauth/token", "", &pairs).await;
        answer.fine().text("access_token")
    }

    async fn introspect(&self, token: &str) -> Value {
        let pairs = [
            ("token", token),
            ("client_id", "relay"),
            ("client_secret", self.secret.as_str()),
        ];
        let answer = self.oauth.post("/oauth/introspect", "", &pairs).await;
        answer.fine().json()
    }

    async fn refuses(&self, token: &str, changes: &[(&str, &str)], error: &str, fact: &str) {
        let answer = self.exchange(token, changes).await;
        check(fact, &answer, 400, error);
        assert_eq!(self.fact(), fact);
    }

    /// What the record says of the last exchange.
    fn fact(&self) -> String {
        let event = self.oauth.world.remembered(Kind::Exchange).pop().unwrap();
        event.controls.last().unwrap().fact.to_string()
    }

    /// The internal token for `accounts`, as the edge asks for it.
    async fn inside(&self, token: &str) -> Answer {
        let said = claims(token);
        let truth = json!({
            "subject_token": token, "audience": "accounts", "subject": said["sub"], "client_id": said["client_id"],
            "tenant": said["tenant"], "sid": said["sid"],
        });
        let head = "POST /internal/exchange HTTP/1.1";
        let world = &self.oauth.world;
        world.ask(Some(&world.edge), head, &truth).await
    }
}

/// Requirement 22 (RFC 8693 §2.2.1).
#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_client_becomes_one_s_own_and_ends_with_its_session() {
    let relay = Relay::start().await;
    let answer = relay.exchange(&relay.alice.access, &[]).await;
    let body = answer.fine().json();
    assert_eq!(
        (&body["issued_token_type"], &body["token_type"]),
        (&json!(ACCESS), &json!("Bearer"))
    );
    assert_eq!(body.get("refresh_token"), None);
    // Alice may read accounts, and so may this client.
    assert_eq!(body["scope"], "read:accounts");
    let token = answer.text("access_token");
    let said = claims(&token);
    assert_eq!(
        (&said["sub"], &said["client_id"], &said["act"]),
        (
            &json!("1001"),
            &json!("relay"),
            &json!({"sub": "client:relay"})
        )
    );
    assert_ne!(said["sid"], relay.alice.session.as_str());
    assert!(relay.fact().contains(&relay.alice.session));
    relay.inside(&token).await.fine();
    let found = relay.introspect(&token).await;
    assert_eq!(
        (&found["active"], &found["act"]),
        (&json!(true), &json!({"sub": "client:relay"}))
    );
    let mut watch = relay.oauth.world.watch().await;
    relay.oauth.world.logout(&relay.alice.access).await;
    let below = said["sid"].as_str().unwrap();
    watch.until(&format!("{{\"session\":\"{below}\"}}")).await;
    relay.inside(&token).await.refused(401, "exchange.refused");
    assert_eq!(relay.oauth.world.is_live(below).await["live"], false);
    assert_eq!(relay.introspect(&token).await, json!({"active": false}));
}

/// Requirement 22 (RFC 8693 §4.1): the chain is kept, and short.
#[tokio::test(flavor = "multi_thread")]
async fn who_acts_stands_before_whoever_acted_and_the_chain_is_bounded() {
    let relay = Relay::start().await;
    let mut token = relay.alice.access.clone();
    let own = relay.own().await;
    for depth in 1..=3 {
        let changes = [("actor_token", own.as_str()), ("actor_token_type", ACCESS)];
        let changes = if depth == 2 { &changes[..] } else { &[] };
        token = relay
            .exchange(&token, changes)
            .await
            .fine()
            .text("access_token");
        let mut act = claims(&token)["act"].clone();
        for _ in 0..depth {
            assert_eq!(act["sub"], "client:relay");
            act = act["act"].clone();
        }
        assert_eq!(act, Value::Null, "{depth}");
    }
    let answer = relay.exchange(&token, &[]).await;
    check("fourth", &answer, 400, "invalid_request");
    assert_eq!(relay.fact(), "more actors than the plan allows");
    // The lowest ends with the highest.
    relay.oauth.world.logout(&relay.alice.access).await;
    assert_eq!(relay.introspect(&token).await, json!({"active": false}));
}

/// Requirement 22 (RFC 8693 §2.2.2): every refusal with its error and its words in the record.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_other_kinds_and_holders_are_not_exchanged() {
    let relay = Relay::start().await;
    let (alice, own) = (relay.alice.access.as_str(), relay.own().await);
    let stranger = relay.oauth.world.session("bob").await.access;
    let exchanged = relay.exchange(alice, &[]).await.fine().text("access_token");
    let jwt = "urn:ietf:params:oauth:token-type:jwt";
    let invalid = "invalid_request";
    let kind = "subject token is of a kind that is not exchanged";
    relay
        .refuses("", &[], invalid, "there is no subject token")
        .await;
    for other in [jwt, ""] {
        let changes = [("subject_token_type", other)];
        relay.refuses(alice, &changes, invalid, kind).await;
    }
    let changes = [("requested_token_type", jwt)];
    let fact = "another kind of token is asked for";
    relay.refuses(alice, &changes, invalid, fact).await;
    let fact = "actor token and its type go together";
    for changes in [("actor_token", own.as_str()), ("actor_token_type", ACCESS)] {
        relay.refuses(alice, &[changes], invalid, fact).await;
    }
    for (actor, kind, fact) in [
        (
            own.as_str(),
            jwt,
            "actor token is of a kind that is not taken",
        ),
        ("never issued", ACCESS, "actor token is not in the registry"),
        (alice, ACCESS, "actor token belongs to another client"),
        (&exchanged, ACCESS, "actor token was itself exchanged"),
    ] {
        let changes = [("actor_token", actor), ("actor_token_type", kind)];
        relay.refuses(alice, &changes, invalid, fact).await;
    }
    for (subject, fact) in [
        ("never issued", "subject token is not in the registry"),
        (&relay.alice.refresh, "subject token is not in the registry"),
        (
            &stranger,
            "the client may not exchange tokens of `bank-web`",
        ),
    ] {
        relay.refuses(subject, &[], invalid, fact).await;
    }
    let portal = [("client_id", "portal"), ("client_secret", "")];
    let answer = relay.exchange(alice, &portal).await;
    check("without the grant", &answer, 400, "unauthorized_client");
    let wrong = [("client_secret", "guess")];
    let answer = relay.exchange(alice, &wrong).await;
    check("without proof", &answer, 401, "invalid_client");
}

/// Requirement 22 (RFC 8693 §2.1; RFC 9700 §2.3): neither audience nor scope grows.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_widens_or_is_not_listed_is_refused() {
    let relay = Relay::start().await;
    let alice = relay.alice.access.as_str();
    let reports = relay.oauth.own(&[]).await.fine().text("access_token");
    let narrow = [
        ("client_id", "narrow"),
        ("client_secret", relay.narrow.as_str()),
    ];
    let (target, scope) = ("invalid_target", "invalid_scope");
    let fact = "the client may not exchange for this audience";
    for name in ["audience", "resource"] {
        let changes = [(name, "https://other.example")];
        relay.refuses(alice, &changes, target, fact).await;
        relay.exchange(alice, &[(name, AUDIENCE)]).await.fine();
    }
    relay.refuses(&reports, &narrow, target, fact).await;
    let wider = ("scope", "admin:profiles");
    let fact = "scope is more than the client may have";
    relay.refuses(alice, &[wider], scope, fact).await;
    let fact = "subject token and client have no permission in common";
    relay.refuses(alice, &narrow, scope, fact).await;
    let fact = "scope is more than the subject token holds";
    let changes = [&narrow[..], &[wider]].concat();
    relay.refuses(alice, &changes, scope, fact).await;
}

/// Requirement 22: the new token lives no longer than the subject's and the actor's, and is revoked alone.
#[tokio::test(flavor = "multi_thread")]
async fn an_exchanged_token_is_no_longer_good_than_what_it_came_from() {
    let relay = Relay::start().await;
    let own = relay.own().await;
    relay.oauth.world.clock.advance_ms(600_000);
    let answer = relay.exchange(&relay.alice.access, &[]).await;
    assert_eq!(answer.fine().json()["expires_in"], 300);
    let code = relay.oauth.code(&[]).await;
    let later = Tokens::of(relay.oauth.redeem(&code, &[]).await.fine());
    let actor = [("actor_token", own.as_str()), ("actor_token_type", ACCESS)];
    let acted = relay.exchange(&later.access, &actor).await;
    assert_eq!(acted.fine().json()["expires_in"], 300);
    let token = acted.text("access_token");
    let pairs = [
        ("token", token.as_str()),
        ("client_id", "relay"),
        ("client_secret", relay.secret.as_str()),
    ];
    let revoked = relay.oauth.post("/oauth/revoke", "", &pairs).await;
    assert_eq!(revoked.status, 200);
    assert_eq!(relay.introspect(&token).await, json!({"active": false}));
    assert_eq!(
        relay.oauth.world.is_live(&later.session).await["live"],
        true
    );
    relay.oauth.world.clock.advance_ms(300_000);
    let late = relay.exchange(&relay.alice.access, &[]).await;
    check("expired", &late, 400, "invalid_request");
    assert_eq!(relay.fact(), "subject token has expired");
    relay.oauth.world.logout(&later.access).await;
    let ended = relay.exchange(&later.access, &[]).await;
    check("ended", &ended, 400, "invalid_request");
    assert_eq!(relay.fact(), "subject session has ended");
}
