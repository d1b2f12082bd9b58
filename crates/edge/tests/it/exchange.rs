//! The exchange: what the authority is shown, and how long its answer is remembered.

use serde_json::{Value, json};
use vauban_token::Claims;

use crate::world::{World, user};

/// Attempts until something that happens soon must have happened.
const ATTEMPTS: usize = 2000;

impl World {
    fn exchanges(&self) -> usize {
        self.authority.seen_at("/internal/exchange").len()
    }

    /// Asks until an answer is remembered: the revocation stream is then being followed.
    fn until_remembered(&self, token: &str) {
        for _ in 0..ATTEMPTS {
            let before = self.exchanges();
            assert_eq!(self.get("/things/1", token).status, 200);
            if self.exchanges() == before {
                return;
            }
        }
        panic!("nothing is ever remembered");
    }

    /// Asks until an answer is fetched anew.
    fn until_fetched(&self, token: &str) {
        for _ in 0..ATTEMPTS {
            let before = self.exchanges();
            assert_eq!(self.get("/things/1", token).status, 200);
            if self.exchanges() > before {
                return;
            }
        }
        panic!("it is remembered for ever");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_is_shown_the_token_and_what_the_edge_read() {
    let world = World::new().await;
    let token = world.token();
    let answer = world.get("/things/1", &token);
    let seen = world.authority.seen_at("/internal/exchange").pop().unwrap();
    let expected = json!({
        "subject_token": token, "audience": "things", "subject": "1001", "client_id": "web", "tenant": "north", "sid": "s1",
    });
    assert_eq!(
        serde_json::from_slice::<Value>(&seen.body).unwrap(),
        expected
    );
    assert_eq!(seen.headers["vauban-decision"], answer.decision());
    assert!(!seen.headers.contains_key("authorization"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_remembered_for_ten_seconds_and_no_longer() {
    let world = World::new().await;
    let token = world.token();
    world.until_remembered(&token);
    world.clock.advance_ms(9_999);
    let before = world.exchanges();
    assert_eq!(world.get("/things/1", &token).status, 200);
    assert_eq!(world.exchanges(), before, "just before the end");
    world.clock.advance_ms(1);
    assert_eq!(world.get("/things/1", &token).status, 200);
    assert_eq!(world.exchanges(), before + 1, "at the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_never_remembered_past_the_token() {
    let world = World::new().await;
    let token = world.token_of(&Claims {
        expires_at: crate::world::NOW + 3,
        ..user()
    });
    world.until_remembered(&token);
    world.clock.advance_ms(3_000);
    let before = world.exchanges();
    for _ in 0..3 {
        assert_eq!(world.get("/things/1", &token).status, 200, "the leeway");
    }
    assert_eq!(
        world.exchanges(),
        before + 3,
        "each request asks for itself"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_serves_no_other_token() {
    let world = World::new().await;
    world.until_remembered(&world.token());
    let before = world.exchanges();
    let other = world.token_of(&Claims {
        jti: "j2".into(),
        ..user()
    });
    assert_eq!(world.get("/things/1", &other).status, 200);
    assert_eq!(world.exchanges(), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_drops_what_its_session_was_given() {
    let world = World::new().await;
    let (mine, other) = (
        world.token(),
        world.token_of(&Claims {
            session: "s2".into(),
            ..user()
        }),
    );
    world.until_remembered(&mine);
    world.until_remembered(&other);
    world.authority.revoke(r#"{"session":"s1"}"#).await;
    world.until_fetched(&mine);
    let before = world.exchanges();
    assert_eq!(world.get("/things/1", &other).status, 200);
    assert_eq!(world.exchanges(), before, "another session's answer stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_stream_nothing_is_remembered() {
    let world = World::new().await;
    let token = world.token();
    world.until_remembered(&token);
    world.authority.end_streams();
    world.until_fetched(&token);
    world.until_remembered(&token);
    world.authority.revoke("not json").await;
    world.until_fetched(&token);
}
