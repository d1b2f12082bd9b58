//! Refusals because of what stands behind the edge.

use serde_json::json;

use crate::denials::check;
use crate::recorder::{NEVER, Reply};
use crate::world::{WIDE, World};

#[tokio::test(flavor = "multi_thread")]
async fn exchange_refused() {
    let world = World::new().await;
    let keys = json!({ "keys": [world.key.jwk()] }).to_string();
    world
        .authority
        .answer_by(move |seen| match seen.target.as_str() {
            "/.well-known/jwks.json" => Reply::json(200, &keys),
            _ => Reply::problem(403, "exchange.refused"),
        });
    let answer = world.get("/things/1", &world.token());
    check("unknown to the authority", &answer, 401, "exchange.refused");
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Bearer error=\"invalid_token\"")
    );
    assert!(world.guard.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn authority_unavailable() {
    let world = World::new().await;
    let keys = json!({ "keys": [world.key.jwk()] }).to_string();
    let replies = [
        Reply::json(500, "{}"),
        Reply::json(200, "{}"),
        Reply::json(
            200,
            r#"{"internal_token":"a\nb","expires_in":60,"session":"s"}"#,
        ),
        Reply::problem(403, "caller.refused"),
        Reply::problem(503, "audit.unavailable"),
        Reply {
            status: NEVER,
            headers: Vec::new(),
            body: String::new(),
        },
    ];
    for reply in replies {
        let (name, keys) = (format!("{reply:?}"), keys.clone());
        world
            .authority
            .answer_by(move |seen| match seen.target.as_str() {
                "/.well-known/jwks.json" => Reply::json(200, &keys),
                _ => reply.clone(),
            });
        check(
            &name,
            &world.get("/things/1", &world.token()),
            503,
            "authority.unavailable",
        );
    }
    assert!(world.guard.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn authority_unavailable_before_any_key_came() {
    let world = World::with(WIDE, |parts| {
        // Keys that never come.
        #[derive(Debug)]
        struct Never;
        impl vauban_edge::KeepKeys for Never {
            fn ready(&self) -> bool {
                false
            }
            fn refresh_for_unknown(&self) -> vauban_edge::Pending<'_, ()> {
                Box::pin(std::future::ready(()))
            }
            fn keep(&self, _: vauban_net::Stop) -> vauban_edge::Pending<'_, ()> {
                Box::pin(std::future::ready(()))
            }
        }
        parts.keys = std::sync::Arc::new(Never);
    })
    .await;
    check(
        "no key yet",
        &world.get("/things/1", &world.token()),
        503,
        "authority.unavailable",
    );
    world.assert_nothing_inside("authority.unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn upstream_unavailable() {
    let world = World::new().await;
    for status in [500, 501, 502, 503, 599] {
        world.plain.answer_with(
            Reply::json(status, r#"{"stack":"at /srv/app.rb:17"}"#).with("server", "secret/1.0"),
        );
        let answer = world.send("GET", "/ping", "", "");
        check(&status.to_string(), &answer, 502, "upstream.unavailable");
        assert!(!answer.text().contains("app.rb"), "status {status}");
        assert_eq!(answer.header("server"), None);
    }
    world
        .plain
        .answer_with(Reply::problem(503, "facts.unavailable"));
    check(
        "an unguarded service speaks our codes",
        &world.send("GET", "/ping", "", ""),
        502,
        "upstream.unavailable",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn upstream_timeout() {
    let world = World::new().await;
    world.plain.answer_with(Reply {
        status: NEVER,
        headers: Vec::new(),
        body: String::new(),
    });
    check(
        "silent service",
        &world.send("GET", "/ping", "", ""),
        504,
        "upstream.timeout",
    );
}
