use serde_json::{Value, json};
use vauban_audit::Kind;
use vauban_authority::{change_roles, disable_user, enable_user, reset_password, revoke_session};

use vauban_secret::Secret;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_ends_the_session_everywhere_at_once() {
    let world = World::start().await;
    let (alice, bob) = (world.session("alice").await, world.session("bob").await);
    let expected =
        json!({"live": true, "subject": "1001", "client_id": "bank-web", "tenant": "north"});
    assert_eq!(world.is_live(&alice.session).await, expected);
    let mut watch = world.watch().await;
    let answer = world.logout(&alice.access).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(world.is_live(&alice.session).await, json!({"live": false}));
    watch
        .until(&format!("{{\"session\":\"{}\"}}\n", alice.session))
        .await;
    let revoked = world.remembered(Kind::Revocation);
    assert_eq!(
        (revoked.len(), revoked[0].subject.as_deref()),
        (1, Some("1001"))
    );
    assert_eq!(revoked[0].controls[0].fact, "session ended: logout");
    assert_eq!(world.remembered(Kind::Logout).len(), 1);
    world
        .exchange(&alice, "1001")
        .await
        .refused(401, "exchange.refused");
    world
        .refresh(&alice.refresh)
        .await
        .refused(401, "refresh.refused");
    world
        .logout(&alice.access)
        .await
        .refused(401, "session.ended");
    assert_eq!(world.is_live(&bob.session).await["live"], true);
    world.exchange(&bob, "1002").await.fine();
    assert_eq!(watch.count(&bob.session), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_needs_a_token_of_ours() {
    let world = World::start().await;
    let alice = world.session("alice").await;
    for (header, code) in [
        (String::new(), "token.missing"),
        ("\r\nauthorization: Bearer ".to_owned(), "token.invalid"),
        (
            format!("\r\nauthorization: Basic {}", alice.access),
            "token.invalid",
        ),
        (
            format!("\r\nauthorization: Bearer {}x", alice.access),
            "token.invalid",
        ),
        (
            format!("\r\nauthorization: Bearer {}", alice.refresh),
            "token.invalid",
        ),
        (
            format!(
                "\r\nauthorization: Bearer {0}\r\nauthorization: Bearer {0}",
                alice.access
            ),
            "token.invalid",
        ),
    ] {
        let head =
            format!("POST /auth/logout HTTP/1.1\r\nvauban-client-address: 192.0.2.1{header}");
        let answer = world.ask(Some(&world.edge), &head, &Value::Null).await;
        answer.refused(401, code);
        let challenge = if code == "token.missing" {
            "Bearer"
        } else {
            "Bearer error=\"invalid_token\""
        };
        assert_eq!(answer.headers["www-authenticate"], challenge);
    }
    world.clock.advance_ms(900_000);
    world
        .logout(&alice.access)
        .await
        .refused(401, "token.expired");
    assert_eq!(world.is_live(&alice.session).await["live"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_ended_from_outside_the_line_are_told_as_well() {
    let world = World::start().await;
    let (first, second, bob) = (
        world.session("alice").await,
        world.session("alice").await,
        world.session("bob").await,
    );
    let mut watch = world.watch().await;
    revoke_session(&world.storage, &bob.session, &*world.clock)
        .await
        .unwrap();
    assert_eq!(
        world.is_live(&bob.session).await,
        json!({"live": false}),
        "before anybody was told"
    );
    watch.until(&bob.session).await;
    disable_user(&world.storage, "1001", &*world.clock)
        .await
        .unwrap();
    watch.until(&first.session).await;
    watch.until(&second.session).await;
    for tokens in [&first, &second] {
        assert_eq!(world.is_live(&tokens.session).await, json!({"live": false}));
        world
            .exchange(tokens, "1001")
            .await
            .refused(401, "exchange.refused");
    }
    world
        .login("alice", crate::world::PASSWORD)
        .await
        .refused(401, "login.refused");
}

/// Why a session ended, as the log says. Another one is ended behind it; when that one is told, the first is on record.
async fn why_ended(world: &World, session: &str) -> String {
    let bob = world.session("bob").await;
    assert_eq!(world.logout(&bob.access).await.status, 204);
    let mut events = world.remembered(Kind::Revocation);
    events.retain(|event| event.session.as_deref() == Some(session));
    assert_eq!(events.len(), 1);
    events[0].controls.last().unwrap().fact.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_reset_ends_every_session_and_the_old_password() {
    let world = World::start().await;
    let alice = world.session("alice").await;
    let mut watch = world.watch().await;
    let reset = async |password: &str| {
        let password = Secret::from(password);
        reset_password(&world.storage, "1001", &password, &*world.clock).await
    };
    for (poor, why) in [
        ("14 characters.", "a password has at least 15 characters"),
        (
            "Alice Alice Alice",
            "a password may not contain the user's name",
        ),
    ] {
        assert_eq!(reset(poor).await.unwrap_err().to_string(), why);
    }
    assert_eq!(
        world.is_live(&alice.session).await["live"],
        json!(true),
        "a refused reset changes nothing"
    );
    reset("another horse, another battery").await.unwrap();
    watch.until(&alice.session).await;
    assert_eq!(world.is_live(&alice.session).await, json!({"live": false}));
    world
        .refresh(&alice.refresh)
        .await
        .refused(401, "refresh.refused");
    world
        .login("alice", crate::world::PASSWORD)
        .await
        .refused(401, "login.refused");
    world
        .login("alice", "another horse, another battery")
        .await
        .fine();
    assert_eq!(
        why_ended(&world, &alice.session).await,
        "session ended: password reset"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_roles_end_sessions_and_are_in_the_next_token() {
    let world = World::start().await;
    let alice = world.session("alice").await;
    let mut watch = world.watch().await;
    let roles = ["admin".to_owned()];
    change_roles(&world.storage, &world.plan, "1001", &roles, &*world.clock)
        .await
        .unwrap();
    watch.until(&alice.session).await;
    assert_eq!(world.is_live(&alice.session).await, json!({"live": false}));
    let next = world.session("alice").await;
    assert_eq!(
        crate::world::claims(&next.access)["roles"],
        json!(["admin"])
    );
    assert_eq!(
        why_ended(&world, &alice.session).await,
        "session ended: roles changed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enabled_user_logs_in_again_and_old_sessions_stay_ended() {
    let world = World::start().await;
    let alice = world.session("alice").await;
    disable_user(&world.storage, "1001", &*world.clock)
        .await
        .unwrap();
    enable_user(&world.storage, "1001", &*world.clock)
        .await
        .unwrap();
    world.session("alice").await;
    assert_eq!(world.is_live(&alice.session).await, json!({"live": false}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_made_while_the_line_is_down_is_recorded_at_its_start() {
    let mut world = World::start().await;
    let alice = world.session("alice").await;
    world.stop().await;
    revoke_session(&world.storage, &alice.session, &*world.clock)
        .await
        .unwrap();
    assert_eq!(world.remembered(Kind::Revocation), []);
    world.restart().await;
    // Another revocation is settled behind it; when that one is told, the first one is on record.
    let bob = world.session("bob").await;
    assert_eq!(world.logout(&bob.access).await.status, 204);
    let sessions: Vec<_> = world
        .remembered(Kind::Revocation)
        .into_iter()
        .filter_map(|event| event.session)
        .collect();
    assert_eq!(sessions, [alice.session, bob.session]);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_sessions_are_not_live_and_their_names_are_plain() {
    let world = World::start().await;
    assert_eq!(
        world.is_live("0123456789abcdefghjkmnpqrs").await,
        json!({"live": false})
    );
    for target in [
        "/internal/sessions/a%27b",
        "/internal/sessions/",
        "/internal/sessions/a?b",
        "/internal/other",
    ] {
        world
            .ask(
                Some(&world.guard),
                &format!("GET {target} HTTP/1.1"),
                &Value::Null,
            )
            .await
            .refused(404, "route.unknown");
    }
    let answer = world
        .ask(
            Some(&world.guard),
            "POST /internal/keys HTTP/1.1",
            &Value::Null,
        )
        .await;
    answer.refused(405, "method.refused");
    assert_eq!(answer.headers["allow"], "GET");
    let alice = world.session("alice").await;
    world.clock.advance_ms(604_800_000);
    assert_eq!(
        world.is_live(&alice.session).await,
        json!({"live": false}),
        "past its absolute end"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn state_survives_a_restart() {
    let mut world = World::start().await;
    let (alice, bob) = (world.session("alice").await, world.session("bob").await);
    assert_eq!(world.logout(&bob.access).await.status, 204);
    let keys = world
        .ask(
            Some(&world.guard),
            "GET /internal/keys HTTP/1.1",
            &Value::Null,
        )
        .await
        .fine()
        .json();
    world.restart().await;
    world.exchange(&alice, "1001").await.fine();
    world
        .exchange(&bob, "1002")
        .await
        .refused(401, "exchange.refused");
    world.refresh(&alice.refresh).await.fine();
    world
        .refresh(&alice.refresh)
        .await
        .refused(401, "refresh.reused");
    assert_eq!(
        world
            .ask(
                Some(&world.guard),
                "GET /internal/keys HTTP/1.1",
                &Value::Null
            )
            .await
            .fine()
            .json(),
        keys
    );
    world.restart().await;
    world
        .exchange(&alice, "1001")
        .await
        .refused(401, "exchange.refused");
}
