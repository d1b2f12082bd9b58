//! What every database must do for the store: one suite, run on each.

pub(super) mod exchange;
pub(super) mod grace;
pub(super) mod grants;
pub(super) mod keeping;
pub(super) mod once;

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{ENDS, Ground, NOW, begin, begin_knowing, counts};
use crate::call::Unable;
use crate::hasher::Cost;
use crate::identifier::token_hash;
use crate::judge::{Rotation, RotationRefusal};
use crate::store::{
    Change, Minted, PasswordHash, RefreshTimes, Rotate, Rotated, SessionFacts, StoreError,
    UserToAdd,
};

/// Uses of one token at the same time.
const RACERS: usize = 64;

pub(super) async fn cleaning_removes_what_is_over_and_nothing_else(ground: &Ground) {
    let store = &ground.store;
    assert!(begin(store, "short", NOW + 50).await);
    assert!(begin(store, "long", ENDS).await);
    store
        .add_join_token(&[7; 32], "spiffe://d/line/edge", NOW + 600)
        .await
        .unwrap();
    assert!(store.end_session("short", "test", "", NOW).await.unwrap());
    assert_eq!(counts(store).await, [2, 2, 2, 1, 1]);
    for (now, expected) in [
        (NOW + 49, [2, 2, 2, 1, 1]),
        // Past its end the first session goes with its tokens; its revocation stays until somebody has heard of it.
        (NOW + 50, [1, 1, 1, 1, 1]),
        (NOW + 100, [0, 1, 1, 1, 1]),
        (NOW + 600, [0, 1, 1, 0, 1]),
    ] {
        assert!(!store.clean(now).await.unwrap());
        assert_eq!(counts(store).await, expected, "{now}");
    }
    store.settle(&[1], NOW + 600).await.unwrap();
    store.clean(NOW + 600).await.unwrap();
    assert_eq!(counts(store).await, [0, 1, 1, 0, 0]);
    store.clean(ENDS).await.unwrap();
    assert_eq!(counts(store).await, [0; 5]);
}

pub(super) const STRICT: RefreshTimes = RefreshTimes {
    grace_seconds: 0,
    idle_seconds: 604_800,
};

pub(super) fn attempt<'a>(
    presented: &'a str,
    successor: &'a str,
    judge: &'a Rotation,
) -> Rotate<'a> {
    Rotate {
        scope: None,
        judge,
        presented: presented.as_bytes(),
        successor: successor.as_bytes(),
        client_id: "web",
        times: STRICT,
        decision: "d",
        now: NOW,
    }
}

pub(super) fn minted(facts: &SessionFacts) -> Minted {
    let token = format!("next of {}", facts.session);
    Minted {
        hash: token_hash(token.as_bytes()),
        token,
        expires_at: NOW + 100,
        scope: String::new(),
    }
}

pub(super) async fn a_failed_signature_leaves_the_token_unused(ground: &Ground) {
    let store = &ground.store;
    assert!(begin(store, "s", ENDS).await);
    let attempt = attempt("refresh s", "successor", &Rotation);
    let failed = store
        .rotate::<Unable>(&attempt, &|_facts| Err(Unable))
        .await;
    assert!(failed.is_err());
    assert_eq!(counts(store).await, [1, 1, 1, 0, 0]);
    let done = store
        .rotate::<Unable>(&attempt, &|facts| Ok(minted(facts)))
        .await;
    assert!(matches!(done, Ok(Rotated::Done(facts, _)) if facts.session == "s"));
    assert_eq!(counts(store).await, [2, 1, 2, 0, 0]);
}

pub(super) async fn another_process_that_rotates_at_the_same_time_is_seen(ground: &Ground) {
    let store = &ground.store;
    assert!(begin(store, "s", ENDS).await);
    let other = ground.another().await;
    let (first, second) = (
        attempt("refresh s", "a", &Rotation),
        attempt("refresh s", "b", &Rotation),
    );
    let mint_a = |facts: &SessionFacts| Ok(minted(facts));
    let mint_b = |facts: &SessionFacts| Ok(minted(facts));
    let (first, second) = tokio::join!(
        store.rotate::<Unable>(&first, &mint_a),
        other.rotate::<Unable>(&second, &mint_b)
    );
    let won = |result: &Result<Rotated, Unable>| matches!(result, Ok(Rotated::Done(..)));
    let reused = |result: &Result<Rotated, Unable>| {
        matches!(
            result,
            Ok(Rotated::Refused(RotationRefusal::Reused, Some(_)))
        )
    };
    assert!((won(&first) && reused(&second)) || (won(&second) && reused(&first)));
    assert!(store.session("s").await.unwrap().unwrap().ended);
}

pub(super) async fn disabling_ends_sessions_once_and_begins_no_more(ground: &Ground) {
    let store = &ground.store;
    assert!(begin(store, "a", ENDS).await);
    assert!(begin(store, "b", ENDS).await);
    assert!(store.end_session("a", "logout", "d", NOW).await.unwrap());
    assert!(!store.end_session("a", "logout", "d", NOW).await.unwrap());
    for _ in 0..2 {
        let change = Change::Disabled;
        assert!(store.change_user("1", change, NOW).await.unwrap());
    }
    assert!(!begin(store, "c", ENDS).await);
    let told: Vec<_> = store
        .unsettled()
        .await
        .unwrap()
        .into_iter()
        .map(|one| (one.number, one.session, one.because))
        .collect();
    let expected = [
        (1, "a".to_owned(), "logout".to_owned()),
        (2, "b".to_owned(), "user disabled".to_owned()),
    ];
    assert_eq!(told, expected);
    store.settle(&[1], NOW).await.unwrap();
    assert_eq!(store.unsettled().await.unwrap().len(), 1);
}

pub(super) async fn a_login_that_began_before_a_change_begins_no_session_after_it(ground: &Ground) {
    let store = &ground.store;
    let hash = PasswordHash("other".to_owned());
    let roles = ["admin".to_owned()];
    let changes = [
        (Change::Password(&hash), "password reset"),
        (Change::Roles(&roles), "roles changed"),
        (Change::Disabled, "user disabled"),
    ];
    for (count, (change, because)) in (0..).zip(changes) {
        let user = store.user_named("alice").await.unwrap().unwrap();
        assert_eq!(user.changes, count);
        let before = format!("before {because}");
        let after = format!("after {because}");
        assert!(begin_knowing(store, &before, ENDS, count).await);
        assert!(store.change_user("1", change, NOW).await.unwrap());
        assert!(!begin_knowing(store, &after, ENDS, count).await);
        let told = store.unsettled().await.unwrap();
        let last = told.last().unwrap();
        assert_eq!(
            (last.session.as_str(), last.because.as_str()),
            (before.as_str(), because)
        );
    }
    // Giving back takes nothing.
    assert!(!begin_knowing(store, "while disabled", ENDS, 3).await);
    assert!(store.change_user("1", Change::Enabled, NOW).await.unwrap());
    assert!(begin_knowing(store, "enabled", ENDS, 3).await);
    let told = store.unsettled().await.unwrap().len();
    assert!(store.change_user("1", Change::Enabled, NOW).await.unwrap());
    assert_eq!(store.unsettled().await.unwrap().len(), told);
    assert!(!store.change_user("2", Change::Enabled, NOW).await.unwrap());
}

pub(super) async fn a_stored_value_that_we_never_write_is_an_error(ground: &Ground) {
    let store = &ground.store;
    let damage = "UPDATE users SET roles = 'admin'";
    store.database.execute(damage, &[]).await.unwrap();
    let error = store.user_named("alice").await.unwrap_err();
    assert!(matches!(error, StoreError::Value("roles")));
    assert_eq!(
        error.to_string(),
        "the authority database holds a damaged `roles`"
    );
}

pub(super) async fn of_many_refreshes_at_once_one_wins(ground: &Ground) {
    assert!(begin(&ground.store, "s", ENDS).await);
    let stores = [ground.store.clone(), ground.another().await];
    let mut racing = JoinSet::new();
    for (number, store) in stores.into_iter().cycle().take(RACERS).enumerate() {
        racing.spawn(async move {
            let successor = format!("successor {number}");
            let attempt = attempt("refresh s", &successor, &Rotation);
            let mint = |facts: &SessionFacts| Ok(minted(facts));
            store.rotate::<Unable>(&attempt, &mint).await.unwrap()
        });
    }
    let ended = racing.join_all().await;
    let won = |one: &&Rotated| matches!(one, Rotated::Done(..));
    let reused = |one: &&Rotated| matches!(one, Rotated::Refused(RotationRefusal::Reused, Some(_)));
    assert_eq!(ended.iter().filter(won).count(), 1);
    assert_eq!(ended.iter().filter(reused).count(), RACERS - 1);
    // One successor, one more access token, and one end of the session.
    assert_eq!(counts(&ground.store).await, [2, 1, 2, 0, 1]);
}

pub(super) async fn of_many_uses_of_a_join_token_one_is_served(ground: &Ground) {
    let store = &ground.store;
    let spiffe = "spiffe://d/line/edge";
    store.add_join_token(&[7; 32], spiffe, ENDS).await.unwrap();
    store.add_join_token(&[8; 32], spiffe, NOW).await.unwrap();
    let other = Arc::new(ground.another().await);
    let mut racing = JoinSet::new();
    for number in 0..RACERS {
        let store = if number % 2 == 0 {
            Arc::new(store.clone())
        } else {
            Arc::clone(&other)
        };
        racing.spawn(async move { store.redeem_join_token(&[7; 32], NOW).await.unwrap() });
    }
    let served: Vec<String> = racing.join_all().await.into_iter().flatten().collect();
    assert_eq!(served, [spiffe]);
    let expired = store.redeem_join_token(&[8; 32], NOW).await.unwrap();
    assert_eq!(expired, None, "its time is over");
}

/// Whatever the order, a user who was disabled while logins ended has no live session.
pub(super) async fn a_login_that_races_a_change_leaves_no_session(ground: &Ground) {
    let other = ground.another().await;
    let mut racing = JoinSet::new();
    for number in 0..RACERS {
        let store = ground.store.clone();
        racing.spawn(async move { begin(&store, &format!("s{number}"), ENDS).await });
        if number == RACERS / 2 {
            let other = other.clone();
            racing.spawn(async move {
                let changed = other.change_user("1", Change::Disabled, NOW).await;
                changed.unwrap()
            });
        }
    }
    racing.join_all().await;
    for number in 0..RACERS {
        let session = ground.store.session(&format!("s{number}")).await.unwrap();
        assert!(session.is_none_or(|session| session.ended), "{number}");
    }
}

pub(super) async fn names_and_subjects_are_taken_once(ground: &Ground) {
    let store = &ground.store;
    let password = PasswordHash("hash".to_owned());
    for (subject, username, added) in [
        ("2", "bob", true),
        ("2", "carol", false),
        ("3", "bob", false),
        ("3", "carol", true),
    ] {
        let user = UserToAdd {
            subject,
            username,
            password: &password,
            tenant: "north",
            roles: &[],
        };
        assert_eq!(
            store.add_user(user, NOW).await.unwrap(),
            added,
            "{subject} {username}"
        );
    }
    assert_eq!(
        store.username_of("2").await.unwrap().as_deref(),
        Some("bob")
    );
    assert_eq!(store.username_of("9").await.unwrap(), None);
    let carol = store.user_named("carol").await.unwrap().unwrap();
    assert_eq!((carol.subject.as_str(), carol.disabled), ("3", false));
    assert!(store.user_named("dave").await.unwrap().is_none());
}

pub(super) async fn a_stronger_hash_replaces_only_the_one_it_was_made_from(ground: &Ground) {
    let store = &ground.store;
    let hash = |text: &str| PasswordHash(text.to_owned());
    for (old, new, expected) in [("other", "new", "hash"), ("hash", "new", "new")] {
        store.strengthen("1", &hash(old), &hash(new)).await.unwrap();
        let user = store.user_named("alice").await.unwrap().unwrap();
        assert_eq!(user.password.0, expected);
    }
}

pub(super) async fn the_cost_of_a_password_is_remembered(ground: &Ground) {
    let store = &ground.store;
    assert_eq!(store.password_cost().await.unwrap(), None);
    for memory_kib in [19_456, 65_536] {
        let cost = Cost {
            memory_kib,
            iterations: 2,
        };
        store.remember_password_cost(cost).await.unwrap();
        assert_eq!(store.password_cost().await.unwrap(), Some(cost));
    }
}

pub(super) async fn a_token_is_known_until_it_is_cleaned(ground: &Ground) {
    let store = &ground.store;
    assert!(begin(store, "s", ENDS).await);
    let issued = store
        .issued(&token_hash(b"access s"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (issued.session.as_str(), issued.roles.as_slice()),
        ("s", &["user".to_owned()][..])
    );
    assert_eq!(
        (issued.token_expires_at, issued.session_ends_at),
        (NOW + 100, ENDS)
    );
    assert!(!issued.session_ended);
    assert!(store.issued(&[0; 32]).await.unwrap().is_none());
    assert!(store.session("t").await.unwrap().is_none());
}
