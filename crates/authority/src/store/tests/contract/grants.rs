//! Codes, waiting requests, clients' own sessions and their secrets.

use tokio::task::JoinSet;

use super::super::{ENDS, Ground, NOW, counts};
use super::{RACERS, minted};
use crate::call::Unable;
use crate::identifier::token_hash;
use crate::store::{
    Change, CodeRefusal, NewGrant, OwnSession, Redeem, Redeemed, SessionFacts, Stage, Store,
};

fn facts(session: &str) -> SessionFacts {
    SessionFacts {
        session: session.to_owned(),
        subject: "1".to_owned(),
        client_id: "portal".to_owned(),
        tenant: "north".to_owned(),
        roles: vec!["user".to_owned()],
        scope: Some(vec!["read:accounts".to_owned(), "openid".to_owned()]),
        ends_at: ENDS,
    }
}

/// Begins a session with a code for a user who had been changed so often when the password was compared.
async fn grant(store: &Store, session: &str, changes: i64) -> bool {
    let new = NewGrant {
        facts: &facts(session),
        changes,
        now: NOW,
        code: token_hash(format!("code {session}").as_bytes()),
        code_expires_at: NOW + 60,
        redirect_uri: "https://portal.example/cb",
        challenge: "challenge",
    };
    store.begin_grant(&new).await.unwrap()
}

async fn redeem(store: &Store, session: &str, successor: &str) -> Redeemed {
    let attempt = Redeem {
        code: token_hash(format!("code {session}").as_bytes()),
        refresh: Some(token_hash(successor.as_bytes())),
        judge: &|stored| {
            if stored.used {
                Err(CodeRefusal::Reused)
            } else {
                Ok(())
            }
        },
        decision: "d",
        now: NOW,
    };
    let mint = |facts: &SessionFacts| Ok(minted(facts));
    store.redeem::<Unable>(&attempt, &mint).await.unwrap()
}

pub(in super::super) async fn of_many_uses_of_a_code_one_wins_and_its_session_ends(
    ground: &Ground,
) {
    assert!(grant(&ground.store, "s", 0).await);
    let stores = [ground.store.clone(), ground.another().await];
    let mut racing = JoinSet::new();
    for (number, store) in stores.into_iter().cycle().take(RACERS).enumerate() {
        racing.spawn(async move { redeem(&store, "s", &format!("refresh {number}")).await });
    }
    let ended = racing.join_all().await;
    let won = |one: &&Redeemed| matches!(one, Redeemed::Done(..));
    let reused = |one: &&Redeemed| matches!(one, Redeemed::Refused(CodeRefusal::Reused, Some(_)));
    assert_eq!(ended.iter().filter(won).count(), 1);
    assert_eq!(ended.iter().filter(reused).count(), RACERS - 1);
    // One access token, one refresh token, and one end of the session.
    assert_eq!(counts(&ground.store).await, [1, 1, 1, 0, 1]);
    assert!(ground.store.session("s").await.unwrap().unwrap().ended);
}

pub(in super::super) async fn a_code_gives_back_what_was_agreed_to(ground: &Ground) {
    let store = &ground.store;
    assert!(grant(store, "s", 0).await);
    let Redeemed::Done(found, _) = redeem(store, "s", "refresh").await else {
        panic!("refused");
    };
    assert_eq!(found, facts("s"));
    let unknown = redeem(store, "t", "another").await;
    assert!(matches!(
        unknown,
        Redeemed::Refused(CodeRefusal::Unknown, None)
    ));
    let hash = token_hash(b"refresh");
    let session = store.session_of_token(&hash, "portal").await.unwrap();
    assert_eq!(session.as_deref(), Some("s"));
    assert_eq!(store.session_of_token(&hash, "desk").await.unwrap(), None);
}

pub(in super::super) async fn a_grant_that_began_before_a_change_is_none(ground: &Ground) {
    let store = &ground.store;
    let roles = ["admin".to_owned()];
    let change = Change::Roles(&roles);
    assert!(store.change_user("1", change, NOW).await.unwrap());
    assert!(!grant(store, "before", 0).await);
    assert!(grant(store, "after", 1).await);
}

pub(in super::super) async fn of_many_uses_of_a_pushed_request_one_is_served(ground: &Ground) {
    let store = &ground.store;
    let keep = |hash, stage, ends| store.keep_request(hash, stage, "desk", "request", ends);
    keep(&[7; 32], Stage::Pushed, ENDS).await.unwrap();
    keep(&[8; 32], Stage::Pushed, NOW).await.unwrap();
    keep(&[9; 32], Stage::Login, ENDS).await.unwrap();
    let taken = |hash, stage, client| async move {
        store.take_request(hash, stage, client, NOW).await.unwrap()
    };
    assert_eq!(taken(&[7; 32], Stage::Pushed, Some("portal")).await, None);
    assert_eq!(taken(&[7; 32], Stage::Login, Some("desk")).await, None);
    assert_eq!(taken(&[8; 32], Stage::Pushed, Some("desk")).await, None);
    let stores = [store.clone(), ground.another().await];
    let mut racing = JoinSet::new();
    for store in stores.into_iter().cycle().take(RACERS) {
        racing.spawn(async move {
            let taken = store.take_request(&[7; 32], Stage::Pushed, Some("desk"), NOW);
            taken.await.unwrap()
        });
    }
    let served: Vec<String> = racing.join_all().await.into_iter().flatten().collect();
    assert_eq!(served, ["request"]);
    // A page may be shown again until its form was sent.
    for _ in 0..2 {
        let waiting = store.waiting_request(&[9; 32], NOW).await.unwrap();
        assert_eq!(waiting.as_deref(), Some("request"));
    }
    assert_eq!(
        taken(&[9; 32], Stage::Login, None).await.as_deref(),
        Some("request")
    );
    assert_eq!(store.waiting_request(&[9; 32], NOW).await.unwrap(), None);
}

pub(in super::super) async fn a_replaced_secret_of_a_client_is_none(ground: &Ground) {
    let store = &ground.store;
    let add = |hash, replace, now| store.add_client_secret("reports", hash, replace, now);
    add(&[1; 32], false, NOW).await.unwrap();
    add(&[2; 32], false, NOW).await.unwrap();
    let good =
        |client, hash, now| async move { store.client_secret_is(client, hash, now).await.unwrap() };
    assert!(good("reports", &[1; 32], NOW).await && good("reports", &[2; 32], NOW).await);
    assert!(!good("desk", &[1; 32], NOW).await && !good("reports", &[3; 32], NOW).await);
    add(&[3; 32], true, NOW + 10).await.unwrap();
    assert!(!good("reports", &[1; 32], NOW + 10).await);
    assert!(!good("reports", &[2; 32], NOW + 10).await);
    assert!(good("reports", &[3; 32], NOW + 10).await);
}

pub(in super::super) async fn clients_of_their_own_get_sessions_at_once(ground: &Ground) {
    let stores = [ground.store.clone(), ground.another().await];
    let mut racing = JoinSet::new();
    for (number, store) in stores.into_iter().cycle().take(RACERS).enumerate() {
        racing.spawn(async move {
            let facts = SessionFacts {
                subject: "client:reports".to_owned(),
                // Every other one finds other roles than those that are stored.
                roles: vec![format!("role{}", number % 2)],
                ..facts(&format!("own{number}"))
            };
            let new = OwnSession {
                facts: &facts,
                now: NOW,
                access_hash: token_hash(facts.session.as_bytes()),
                access_expires_at: NOW + 100,
            };
            store.begin_own(&new).await.unwrap();
        });
    }
    racing.join_all().await;
    let racers = i64::try_from(RACERS).unwrap();
    assert_eq!(
        counts(&ground.store).await,
        [racers, racers, 0, 0, 0],
        "each has its session and its token"
    );
    // Nobody logs in under the client's name.
    let found = ground.store.user_named("client:reports").await.unwrap();
    assert!(found.is_none());
}
