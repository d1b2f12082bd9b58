use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use vauban_audit::{Kind, Outcome};
use vauban_authority::{JudgeRotation, RotationRefusal, StoredRefresh, disable_user};

use crate::client::Answer;
use crate::world::{PASSWORD, Tokens, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_rotated_and_the_end_never_moves() {
    let world = World::start().await;
    let first = world.session("alice").await;
    world.clock.advance_ms(1_000_000);
    let answer = world.refresh(&first.refresh).await;
    let tokens = answer.fine().json();
    assert_eq!(
        (&tokens["expires_in"], &tokens["refresh_expires_in"]),
        (&json!(900), &json!(604_800 - 1_000))
    );
    let second = Tokens::of(&answer);
    assert_eq!(second.session, first.session, "a family is one session");
    assert!(second.access != first.access && second.refresh != first.refresh);
    world.exchange(&second, "1001").await.fine();
    world.clock.advance_ms((604_800 - 1_000 - 100) * 1_000);
    let third = world.refresh(&second.refresh).await;
    assert_eq!(
        third.fine().json()["expires_in"],
        100,
        "an access token does not outlive its session"
    );
    world.clock.advance_ms(100_000);
    world
        .refresh(&third.text("refresh_token"))
        .await
        .refused(401, "refresh.refused");
}

/// Requirement 17 (RFC 9700 §4.14.2).
#[tokio::test(flavor = "multi_thread")]
async fn a_used_token_ends_the_whole_family_at_once() {
    let world = World::start().await;
    let bystander = world.session("alice").await;
    let first = world.session("alice").await;
    let second = Tokens::of(world.refresh(&first.refresh).await.fine());
    let mut watch = world.watch().await;
    let answer = world.refresh(&first.refresh).await;
    answer.refused(401, "refresh.reused");
    watch
        .until(&format!("{{\"session\":\"{}\"}}", first.session))
        .await;
    world
        .refresh(&second.refresh)
        .await
        .refused(401, "refresh.refused");
    world
        .exchange(&second, "1001")
        .await
        .refused(401, "exchange.refused");
    assert_eq!(world.is_live(&first.session).await, json!({"live": false}));
    let revoked = world.remembered(Kind::Revocation).pop().unwrap();
    assert_eq!(revoked.session.as_deref(), Some(first.session.as_str()));
    assert_eq!(
        revoked.controls[0].fact,
        "session ended: refresh token used twice"
    );
    assert_eq!(revoked.decision, answer.text("decision"));
    // Again: still refused, and no second revocation.
    world
        .refresh(&first.refresh)
        .await
        .refused(401, "refresh.reused");
    assert_eq!(world.remembered(Kind::Revocation).len(), 1);
    assert_eq!(world.is_live(&bystander.session).await["live"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_attempts_one_wins_and_the_family_ends() {
    let world = Arc::new(World::start().await);
    let tokens = world.session("alice").await;
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (world, refresh) = (Arc::clone(&world), tokens.refresh.clone());
        attempts.spawn(async move { world.refresh(&refresh).await });
    }
    let answers = attempts.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 7));
    for answer in &lost {
        answer.refused(401, "refresh.reused");
    }
    world
        .refresh(&won[0].text("refresh_token"))
        .await
        .refused(401, "refresh.refused");
    assert_eq!(world.is_live(&tokens.session).await["live"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_others_and_of_nobody_are_refused() {
    let world = World::start().await;
    let tokens = world.session("alice").await;
    let ask = |token: &str, client: &str| json!({"refresh_token": token, "client_id": client});
    for (body, code) in [
        (ask(&"0".repeat(64), "bank-web"), "refresh.refused"),
        (
            ask(
                &tokens.access.chars().take(200).collect::<String>(),
                "bank-web",
            ),
            "refresh.refused",
        ),
        (ask(&tokens.refresh, "back-office"), "refresh.refused"),
        (
            ask(&tokens.refresh.to_uppercase(), "bank-web"),
            "refresh.refused",
        ),
    ] {
        world
            .relay("192.0.2.1", "/auth/refresh", &body)
            .await
            .refused(401, code);
    }
    // None of it has cost the owner anything.
    let next = Tokens::of(world.refresh(&tokens.refresh).await.fine());
    disable_user(&world.storage, "1001", &*world.clock)
        .await
        .unwrap();
    world
        .refresh(&next.refresh)
        .await
        .refused(401, "refresh.refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn refreshes_have_a_budget_by_source() {
    let world = World::start().await;
    let body = json!({"refresh_token": "x", "client_id": "bank-web"});
    for _ in 0..60 {
        world
            .relay("192.0.2.9", "/auth/refresh", &body)
            .await
            .refused(401, "refresh.refused");
    }
    let answer = world.relay("192.0.2.9", "/auth/refresh", &body).await;
    answer.refused(429, "budget.ip");
    assert_eq!(answer.headers["retry-after"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refresh_is_remembered_without_its_tokens() {
    let world = World::start().await;
    let first = world.session("alice").await;
    let second = Tokens::of(world.refresh(&first.refresh).await.fine());
    world
        .refresh(&first.refresh)
        .await
        .refused(401, "refresh.reused");
    let events = world.remembered(Kind::Refresh);
    let outcomes: Vec<_> = events
        .iter()
        .map(|event| {
            (
                event.outcome,
                event.denial.as_deref(),
                event.subject.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            (Outcome::Allowed, None, Some("1001")),
            (Outcome::Refused, Some("refresh.reused"), Some("1001"))
        ]
    );
    let whole: String = std::fs::read_dir(world.state.audit_line("authority"))
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let secrets: BTreeSet<&str> = [&first, &second]
        .iter()
        .flat_map(|one| [one.refresh.as_str(), one.access.as_str()])
        .collect();
    assert!(
        secrets.iter().all(|secret| !whole.contains(secret)),
        "the log holds a token"
    );
}

/// A session of a public client whose plan says nothing of a grace.
async fn of_tabs(world: &World) -> Tokens {
    let body = json!({"username": "alice", "password": PASSWORD, "client_id": "tabs"});
    Tokens::of(world.relay("192.0.2.1", "/auth/login", &body).await.fine())
}

async fn refresh_tabs(world: &World, token: &str) -> Answer {
    let body = json!({"refresh_token": token, "client_id": "tabs"});
    world.relay("192.0.2.1", "/auth/refresh", &body).await
}

/// Requirement 17 (RFC 9700 §4.14.2): two tabs, a lost answer, and a restart in between.
#[tokio::test(flavor = "multi_thread")]
async fn within_the_grace_a_used_token_gives_the_same_successor() {
    let mut world = World::start().await;
    let first = of_tabs(&world).await;
    let second = Tokens::of(refresh_tabs(&world, &first.refresh).await.fine());
    world.restart().await;
    world.clock.advance_ms(4_000);
    let again = Tokens::of(refresh_tabs(&world, &first.refresh).await.fine());
    assert_eq!(
        (&again.refresh, &again.session),
        (&second.refresh, &first.session)
    );
    assert_ne!(again.access, second.access);
    let facts: Vec<String> = world
        .remembered(Kind::Refresh)
        .iter()
        .map(|event| event.controls.last().unwrap().fact.to_string())
        .collect();
    assert_eq!(
        facts,
        [
            "first use of this refresh token",
            "used before, within the grace: the same successor again"
        ]
    );
    world.clock.advance_ms(1_000);
    refresh_tabs(&world, &first.refresh)
        .await
        .refused(401, "refresh.reused");
    assert_eq!(world.is_live(&first.session).await["live"], false);
}

/// Requirement 17 (RFC 9700 §4.14.2): who uses the successor has got it, so the former token is a thief's from then on.
#[tokio::test(flavor = "multi_thread")]
async fn the_grace_ends_when_the_successor_is_used() {
    let world = World::start().await;
    let first = of_tabs(&world).await;
    let second = Tokens::of(refresh_tabs(&world, &first.refresh).await.fine());
    refresh_tabs(&world, &second.refresh).await.fine();
    refresh_tabs(&world, &first.refresh)
        .await
        .refused(401, "refresh.reused");
    assert_eq!(world.is_live(&first.session).await["live"], false);
}

/// What a drill puts in place of the judge.
#[derive(Debug)]
struct Open;

impl JudgeRotation for Open {
    fn judge(
        &self,
        _client: &str,
        _stored: Option<&StoredRefresh>,
        _now: u64,
    ) -> Result<(), RotationRefusal> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opened_judge_lets_replays_through_but_invents_no_session() {
    let world = World::start_with(|parts| parts.rotation = Arc::new(Open)).await;
    let first = world.session("alice").await;
    world.refresh(&first.refresh).await.fine();
    world.refresh(&first.refresh).await.fine();
    world
        .refresh(&"0".repeat(64))
        .await
        .refused(401, "refresh.refused");
    assert_eq!(world.remembered(Kind::Revocation), []);
}
