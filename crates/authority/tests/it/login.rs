use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use serde_json::{Value, json};
use vauban_audit::{Kind, Outcome};
use vauban_authority::{Argon2id, HashError, HashPassword, disable_user};

use crate::client::Caller;
use crate::world::{PASSWORD, Tokens, World, claims, part};

fn body(username: &str, password: &str, client: &str) -> Value {
    json!({"username": username, "password": password, "client_id": client})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_gets_tokens_of_the_profile() {
    let mut world = World::start().await;
    let answer = world.login("alice", PASSWORD).await;
    let tokens = answer.fine().json();
    assert_eq!(answer.headers["content-type"], "application/json");
    let members: Vec<&String> = tokens.as_object().unwrap().keys().collect();
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
    disable_user(&world.state, "1005", &*world.clock)
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
        .map(|event| event.controls.last().unwrap().fact.clone())
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

/// Holds every hash until it is let go.
#[derive(Debug)]
struct Held {
    inner: Argon2id,
    state: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Held {
    fn wait(&self, until: impl Fn(&(usize, bool)) -> bool) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        drop(
            self.changed
                .wait_while(state, |state| !until(state))
                .unwrap(),
        );
    }

    fn change(&self, change: impl Fn(&mut (usize, bool))) {
        change(&mut self.state.lock().unwrap());
        self.changed.notify_all();
    }
}

impl HashPassword for Held {
    fn hash(&self, password: &str) -> Result<String, HashError> {
        self.inner.hash(password)
    }

    fn verify(&self, password: &str, stored: &str) -> Result<bool, HashError> {
        self.change(|(entered, _)| *entered += 1);
        self.wait(|(_, open)| *open);
        self.inner.verify(password, stored)
    }

    fn dummy(&self) -> &str {
        self.inner.dummy()
    }

    fn outdated(&self, stored: &str) -> bool {
        self.inner.outdated(stored)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_answers_busy_at_once_and_those_inside_are_served() {
    let inner = Argon2id::with(64, 2).unwrap();
    let held = Arc::new(Held {
        inner,
        state: Mutex::default(),
        changed: Condvar::new(),
    });
    let part: Arc<dyn HashPassword> = Arc::<Held>::clone(&held);
    let world = Arc::new(World::start_with(|parts| parts.hasher = part).await);
    // One hashes and one waits; of three logins at least one is sent away, and it is while none has been served.
    let mut logins = tokio::task::JoinSet::new();
    for username in ["alice", "bob", "alice"] {
        let world = Arc::clone(&world);
        logins.spawn(async move { world.login(username, PASSWORD).await });
    }
    let busy = logins.join_next().await.unwrap().unwrap();
    busy.refused(503, "login.busy");
    let waiting = Arc::clone(&held);
    tokio::task::spawn_blocking(move || waiting.wait(|(entered, _)| *entered == 1))
        .await
        .unwrap();
    held.change(|(_, open)| *open = true);
    for answer in logins.join_all().await {
        drop(Tokens::of(answer.fine()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weaker_hash_is_replaced_at_login() {
    let world =
        World::start_with(|parts| parts.hasher = Arc::new(Argon2id::with(128, 3).unwrap())).await;
    let stored = || async {
        let database = world.state.authority_database();
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(database)
            .read_only(true);
        let pool = sqlx::sqlite::SqlitePool::connect_with(options)
            .await
            .unwrap();
        let hash: String =
            sqlx::query_scalar("SELECT password FROM users WHERE username = 'alice'")
                .fetch_one(&pool)
                .await
                .unwrap();
        pool.close().await;
        hash
    };
    let weak = stored().await;
    assert!(!weak.contains("m=128,t=3"), "{weak}");
    world
        .login("alice", "a wrong password it is")
        .await
        .refused(401, "login.refused");
    assert_eq!(stored().await, weak);
    world.login("alice", PASSWORD).await.fine();
    assert!(stored().await.contains("m=128,t=3"));
    world.login("alice", PASSWORD).await.fine();
}
