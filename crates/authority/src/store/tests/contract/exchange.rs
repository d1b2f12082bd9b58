//! Sessions below sessions, on every database. Requirement 22 (RFC 8693 §2.2).

use tokio::task::JoinSet;

use super::super::{ENDS, Ground, NOW, begin, counts};
use super::{RACERS, minted};
use crate::call::Unable;
use crate::identifier::token_hash;
use crate::store::{Change, Exchange, SessionFacts, Store};

/// Exchanges a token of `parent`; the session of the new one.
async fn exchange(
    store: &Store,
    parent: &str,
    session: &str,
    scope: &str,
    actors: &[&str],
) -> Option<SessionFacts> {
    let actors: Vec<String> = actors.iter().map(|actor| (*actor).to_owned()).collect();
    let new = Exchange {
        parent,
        session,
        client_id: "relay",
        scope: &[scope.to_owned()],
        actors: &actors,
        ends_at: NOW + 50,
        now: NOW,
    };
    let mint = |facts: &SessionFacts| {
        let mut next = minted(facts);
        next.hash = token_hash(format!("exchanged {session}").as_bytes());
        Ok(next)
    };
    let done = store.exchange::<Unable>(&new, &mint).await.unwrap();
    done.map(|(facts, _)| facts)
}

async fn is_live(store: &Store, session: &str) -> bool {
    !store.session(session).await.unwrap().unwrap().ended
}

pub(in super::super) async fn a_session_that_came_of_an_exchange_ends_with_the_one_above(
    ground: &Ground,
) {
    let store = &ground.store;
    for session in ["s", "t", "u"] {
        assert!(begin(store, session, ENDS).await);
    }
    let below = exchange(store, "s", "s1", "read", &["relay"])
        .await
        .unwrap();
    assert_eq!(
        (below.session.as_str(), below.subject.as_str()),
        ("s1", "1")
    );
    assert_eq!(
        (below.client_id.as_str(), below.ends_at),
        ("relay", NOW + 50)
    );
    assert_eq!(below.roles, ["user"]);
    let deeper = exchange(store, "s1", "s2", "read", &["next", "relay"]).await;
    assert_eq!(deeper.unwrap().session, "s2");
    let known = store.issued(&token_hash(b"exchanged s2")).await.unwrap();
    let known = known.unwrap();
    assert_eq!(known.actors, ["next", "relay"]);
    assert_eq!(known.session_ends_at, ENDS);
    assert!(exchange(store, "t", "t1", "read", &[]).await.is_some());
    assert!(exchange(store, "u", "u1", "read", &[]).await.is_some());
    // The lower one ends alone.
    assert!(store.end_session("u1", "revoked", "d", NOW).await.unwrap());
    assert!(is_live(store, "u").await);
    assert!(store.end_session("s", "logout", "d", NOW).await.unwrap());
    for (session, live) in [("s", false), ("s1", false), ("s2", false), ("t1", true)] {
        assert_eq!(is_live(store, session).await, live, "{session}");
    }
    let told: Vec<String> = store
        .unsettled()
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.session)
        .collect();
    assert_eq!(
        told,
        ["u1", "s", "s1", "s2"],
        "edge and guards hear of each"
    );
    for (parent, session) in [("s", "s3"), ("s1", "s3"), ("nobody", "s3")] {
        let none = exchange(store, parent, session, "read", &[]).await;
        assert_eq!(none, None, "{parent}");
    }
    assert!(store.change_user("1", Change::Disabled, NOW).await.unwrap());
    assert!(!is_live(store, "t1").await);
    assert_eq!(store.unsettled().await.unwrap().len(), 7, "each once");
}

pub(in super::super) async fn exchanges_of_one_kind_share_a_session(ground: &Ground) {
    let store = &ground.store;
    assert!(begin(store, "s", ENDS).await);
    let session = async |name: &str, scope: &str, actors: &[&str]| {
        let facts = exchange(store, "s", name, scope, actors).await;
        facts.unwrap().session
    };
    assert_eq!(session("a", "read", &["relay"]).await, "a");
    assert_eq!(session("b", "read", &["relay"]).await, "a");
    assert_eq!(session("c", "write", &["relay"]).await, "c");
    assert_eq!(session("d", "read", &["other"]).await, "d");
    assert!(store.end_session("a", "revoked", "d", NOW).await.unwrap());
    assert_eq!(session("e", "read", &["relay"]).await, "e");
    // A token for each, beside the first one's.
    assert_eq!(counts(store).await, [6, 5, 1, 0, 1]);
    // They go with their time like every other one.
    store.clean(ENDS).await.unwrap();
    assert_eq!(counts(store).await[1], 0);
}

/// Whatever the order, nothing that came of an exchange outlives its session.
pub(in super::super) async fn of_64_exchanges_that_race_an_end_none_stays_live(ground: &Ground) {
    assert!(begin(&ground.store, "s", ENDS).await);
    let other = ground.another().await;
    let mut racing = JoinSet::new();
    for number in 0..RACERS {
        let store = ground.store.clone();
        racing.spawn(async move {
            let (session, scope) = (format!("x{number}"), format!("scope {number}"));
            exchange(&store, "s", &session, &scope, &[]).await.is_some()
        });
        if number == RACERS / 2 {
            let other = other.clone();
            racing.spawn(async move { other.end_session("s", "logout", "d", NOW).await.unwrap() });
        }
    }
    racing.join_all().await;
    for number in 0..RACERS {
        let session = ground.store.session(&format!("x{number}")).await.unwrap();
        assert!(session.is_none_or(|session| session.ended), "{number}");
    }
}
