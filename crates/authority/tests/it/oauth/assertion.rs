//! Clients that sign: requirements 14 and 15 at the endpoints. What an assertion must say is in `vauban-token`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use vauban_audit::Kind;
use vauban_net::Clock as _;
use vauban_token::{Es256Key, Signer as _};

use super::{Oauth, check};
use crate::client::Answer;
use crate::world::{ROBOT, claims};

const ISSUER: &str = "https://authority.bank.internal";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Oauth {
    /// An assertion of the client `robot`, with some claims replaced.
    fn assertion(&self, key: &Es256Key, jti: &str, changes: &Value) -> String {
        let now = self.world.clock.unix_ms() / 1000;
        let mut payload = json!({
            "iss": "robot", "sub": "robot", "aud": ISSUER, "exp": now + 60, "iat": now, "jti": jti,
        });
        for (name, value) in changes.as_object().unwrap() {
            payload[name] = value.clone();
        }
        let header = json!({ "alg": "ES256", "kid": "k1" });
        let mut text = URL_SAFE_NO_PAD.encode(header.to_string());
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(payload.to_string(), &mut text);
        let signature = key.sign(text.as_bytes()).unwrap();
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        text
    }

    async fn asserted(&self, assertion: &str, more: &[(&str, &str)]) -> Answer {
        let mut pairs = vec![
            ("grant_type", "client_credentials"),
            ("client_assertion_type", JWT_BEARER),
            ("client_assertion", assertion),
        ];
        pairs.extend(more);
        self.post("/oauth/token", "", &pairs).await
    }
}

/// Requirement 15 (FAPI 2.0 §5.3.2.1, rfc7523bis).
#[tokio::test(flavor = "multi_thread")]
async fn a_client_proves_itself_by_its_registered_key_once_per_assertion() {
    let oauth = Oauth::start().await;
    let none = json!({});
    let first = oauth.assertion(&ROBOT, "1", &none);
    let answer = oauth.asserted(&first, &[("client_id", "robot")]).await;
    let token = answer.fine().text("access_token");
    assert_eq!(claims(&token)["sub"], "client:robot");
    let again = oauth.asserted(&first, &[]).await;
    check("used before", &again, 401, "invalid_client");
    // The same `jti` in another assertion is no first use either.
    let renamed = oauth.assertion(&ROBOT, "1", &json!({ "extra": 1 }));
    let answer = oauth.asserted(&renamed, &[]).await;
    check("jti used before", &answer, 401, "invalid_client");
    oauth
        .asserted(&oauth.assertion(&ROBOT, "2", &none), &[])
        .await
        .fine();
    // The same way is the way at the other endpoints.
    let ask = oauth.assertion(&ROBOT, "3", &none);
    let pairs = [
        ("token", token.as_str()),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", &ask),
    ];
    let found = oauth.post("/oauth/introspect", "", &pairs).await;
    assert_eq!(found.fine().json()["active"], true);
}

/// Requirement 15 (FAPI 2.0 §5.3.2.1, rfc7523bis).
#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_for_anything_else_proves_nothing() {
    let oauth = Oauth::start().await;
    let stranger = Es256Key::generate().unwrap();
    let now = oauth.world.clock.unix_ms() / 1000;
    let cases = [
        (
            "endpoint",
            json!({ "aud": format!("{ISSUER}/oauth/token") }),
        ),
        ("list", json!({ "aud": [ISSUER] })),
        ("too long", json!({ "exp": now + 400 })),
        ("expired", json!({ "exp": now - 1 })),
        ("other issuer", json!({ "iss": "reports" })),
        (
            "a client with a secret",
            json!({ "iss": "reports", "sub": "reports" }),
        ),
        (
            "a public client",
            json!({ "iss": "portal", "sub": "portal" }),
        ),
        (
            "unknown client",
            json!({ "iss": "nobody", "sub": "nobody" }),
        ),
        ("no client", json!({ "sub": 1 })),
    ];
    let mut bodies = Vec::new();
    for (name, changes) in cases {
        let assertion = oauth.assertion(&ROBOT, name, &changes);
        let answer = oauth.asserted(&assertion, &[]).await;
        check(name, &answer, 401, "invalid_client");
        bodies.push(answer.body);
    }
    let forged = oauth.assertion(&stranger, "forged", &json!({}));
    bodies.push(oauth.asserted(&forged, &[]).await.body);
    bodies.push(oauth.asserted("x.y.z", &[]).await.body);
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    let events = format!("{:?}", oauth.world.remembered(Kind::Request));
    for fact in [
        "assertion's `aud` is not the issuer as one text",
        "assertion would live longer than 300 seconds",
        "assertion's signature does not verify",
        "client does not authenticate in its registered way",
    ] {
        assert!(events.contains(fact), "{fact}: {events}");
    }
}

/// Requirement 14 (OAuth 2.1 §2.4).
#[tokio::test(flavor = "multi_thread")]
async fn one_way_per_request_and_the_registered_one() {
    let oauth = Oauth::start().await;
    let fresh = |jti: &str| oauth.assertion(&ROBOT, jti, &json!({}));
    let secret = ("client_secret", oauth.reports.as_str());
    let answer = oauth.asserted(&fresh("1"), &[secret]).await;
    check("with a secret", &answer, 400, "invalid_request");
    let pairs = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", &fresh("2")),
    ];
    let answer = oauth.post("/oauth/token", &oauth.basic(), &pairs).await;
    check("with a header", &answer, 400, "invalid_request");
    let answer = oauth.asserted(&fresh("3"), &[("client_id", "desk")]).await;
    check("for another client", &answer, 401, "invalid_client");
    let no_type = [pairs[0], pairs[2]];
    let answer = oauth.post("/oauth/token", "", &no_type).await;
    check("without type", &answer, 401, "invalid_client");
    let answer = oauth.post("/oauth/token", "", &pairs[..2]).await;
    check("without assertion", &answer, 400, "invalid_request");
    let downgraded = [pairs[0], ("client_id", "robot")];
    let answer = oauth.post("/oauth/token", "", &downgraded).await;
    check("no proof", &answer, 401, "invalid_client");
    // None of those refusals used the assertion up for the client.
    oauth.asserted(&fresh("1"), &[]).await.fine();
}

/// Requirement 15 (FAPI 2.0 §5.3.2.1, rfc7523bis).
#[tokio::test(flavor = "multi_thread")]
async fn of_64_racing_uses_of_an_assertion_exactly_one_wins() {
    let oauth = Arc::new(Oauth::start().await);
    let assertion = oauth.assertion(&ROBOT, "race", &json!({}));
    let racers = (0..64).map(|_| {
        let (oauth, assertion) = (Arc::clone(&oauth), assertion.clone());
        vauban_net::task::spawn("race", async move {
            oauth.asserted(&assertion, &[]).await.status
        })
    });
    let racers: Vec<_> = racers.collect();
    let mut statuses = Vec::new();
    for racer in racers {
        statuses.push(racer.await.unwrap());
    }
    let won = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(won, 1, "{statuses:?}");
    assert!(
        statuses
            .iter()
            .all(|status| [200, 401, 429].contains(status)),
        "{statuses:?}"
    );
}
