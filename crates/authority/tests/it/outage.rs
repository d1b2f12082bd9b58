//! Losing PostgreSQL, and two authorities that share one.

use vauban_net::{Clock as _, SystemClock};
use vauban_testkit::postgres::Cluster;

use crate::oauth::Oauth;
use crate::world::{PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_refuses_says_so_and_comes_back_without_a_restart() {
    let Some(cluster) = Cluster::start().unwrap() else {
        return;
    };
    let world = World::start_on(&cluster.database("outage").unwrap()).await;
    world.until_ready(true).await;
    let oauth = Oauth::of(world).await;
    let world = &oauth.world;
    let (before, code) = (world.session("alice").await, oauth.code(&[]).await);
    let mut watch = world.watch().await;

    cluster.crash().unwrap();
    watch.until_end().await;
    world.until_ready(false).await;
    let refused = "authority.unavailable";
    for answer in [
        world.login("alice", PASSWORD).await,
        world.refresh(&before.refresh).await,
        world.logout(&before.access).await,
        world.exchange(&before, "1001").await,
    ] {
        answer.refused(503, refused);
    }
    for answer in [oauth.own(&[]).await, oauth.redeem(&code, &[]).await] {
        assert_eq!(answer.status, 503, "{answer:?}");
    }
    // Nobody is told that all is well while it is not known.
    let head = "GET /internal/revocations HTTP/1.1";
    let stream = world.ask(Some(&world.edge), head, &serde_json::Value::Null);
    stream.await.refused(503, refused);
    // Keys and metadata need no database.
    let keys = "GET /.well-known/jwks.json HTTP/1.1";
    let keys = world.ask(Some(&world.edge), keys, &serde_json::Value::Null);
    keys.await.fine();

    cluster.resume().unwrap();
    world.until_ready(true).await;
    // What was given out is still good, and what was refused was not used up.
    world.exchange(&before, "1001").await.fine();
    world.refresh(&before.refresh).await.fine();
    oauth.redeem(&code, &[]).await.fine();
    oauth.own(&[]).await.fine();
    world.session("bob").await;
    let mut watch = world.watch().await;
    world.logout(&before.access).await;
    watch.until(&before.session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_one_authority_ends_is_told_by_the_other() {
    let Some(cluster) = Cluster::start().unwrap() else {
        return;
    };
    let world = World::start_on(&cluster.database("shared").unwrap()).await;
    let twin = world.twin().await;
    world.until_ready(true).await;
    world.until_ready_at(twin.address, true).await;
    let mut told_ms = Vec::new();
    let mut watch = world.watch_at(twin.address).await;
    // As many logins as the budgets of two accounts allow.
    for user in ["alice", "bob"].into_iter().cycle().take(8) {
        let tokens = world.session(user).await;
        let begun = SystemClock.unix_ms();
        assert_eq!(world.logout(&tokens.access).await.status, 204);
        watch.until(&tokens.session).await;
        told_ms.push(SystemClock.unix_ms() - begun);
    }
    told_ms.sort_unstable();
    println!("from logout at one authority until the other's subscriber heard, ms: {told_ms:?}");
}

/// Cut connections, with a server that goes on: what was missed in between cannot be known, so subscribers have to forget.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_channel_closes_the_stream_even_when_the_database_goes_on() {
    let Some(cluster) = Cluster::start().unwrap() else {
        return;
    };
    let world = World::start_on(&cluster.database("cut").unwrap()).await;
    world.until_ready(true).await;
    let mut watch = world.watch().await;
    cluster
        .execute(
            "cut",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'",
        )
        .unwrap();
    watch.until_end().await;
    world.until_ready(true).await;
    let tokens = world.session("alice").await;
    let mut watch = world.watch().await;
    world.logout(&tokens.access).await;
    watch.until(&tokens.session).await;
}
