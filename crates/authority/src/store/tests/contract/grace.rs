//! The grace of a used refresh token, on every database.

use tokio::task::JoinSet;

use super::super::{ENDS, Ground, NOW, begin, counts, key};
use super::{RACERS, attempt, minted};
use crate::call::Unable;
use crate::identifier::token_hash;
use crate::judge::{Rotation, RotationRefusal};
use crate::store::grace::Sealed;
use crate::store::{HashKey, RefreshTimes, Rotate, Rotated, SessionFacts, Store, StoreError};
use vauban_secret::Secret;

const TIMES: RefreshTimes = RefreshTimes {
    grace_seconds: 5,
    idle_seconds: 300,
};

/// What came of it: the successor and whether it was the first use, or why not.
async fn rotate(store: &Store, attempt: &Rotate<'_>) -> Result<(String, bool), RotationRefusal> {
    // Every access token is another one, as signed ones are.
    let mint = |facts: &SessionFacts| {
        let mut next = minted(facts);
        next.hash = token_hash(&[attempt.successor, b" access"].concat());
        Ok(next)
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    match store.rotate::<Unable>(attempt, &mint).await.unwrap() {
        Rotated::Done(..) => Ok((text(attempt.successor), true)),
        Rotated::Again(_, _, successor) => Ok((text(successor.expose()), false)),
        Rotated::Refused(refusal, _) => Err(refusal),
    }
}

async fn at(
    store: &Store,
    presented: &str,
    successor: &str,
    now: u64,
) -> Result<(String, bool), RotationRefusal> {
    let attempt = Rotate {
        times: TIMES,
        now,
        ..attempt(presented, successor, &Rotation)
    };
    rotate(store, &attempt).await
}

/// Requirements 17, 20 (RFC 9700 §4.14.2, FAPI 2.0 §5.3.2.1): tabs that refresh at the same moment, through two authorities.
pub(in super::super) async fn of_64_racing_refreshes_all_get_one_successor(ground: &Ground) {
    assert!(begin(&ground.store, "s", ENDS).await);
    let stores = [ground.store.clone(), ground.another().await];
    let mut racing = JoinSet::new();
    for (number, store) in stores.into_iter().cycle().take(RACERS).enumerate() {
        racing.spawn(async move {
            let successor = format!("successor {number}");
            at(&store, "refresh s", &successor, NOW).await.unwrap()
        });
    }
    let ended = racing.join_all().await;
    let first: Vec<_> = ended.iter().filter(|(_, first)| *first).collect();
    assert_eq!(first.len(), 1, "exactly one rotation");
    assert!(ended.iter().all(|(successor, _)| *successor == first[0].0));
    // One more refresh token, an access token for each, and no end of the session.
    let racers = i64::try_from(RACERS).unwrap();
    assert_eq!(counts(&ground.store).await, [1 + racers, 1, 2, 0, 0]);
}

/// Requirement 17 (RFC 9700 §4.14.2).
pub(in super::super) async fn a_grace_gives_one_successor_until_that_is_used(ground: &Ground) {
    let store = &ground.store;
    for session in ["s", "t"] {
        assert!(begin(store, session, ENDS).await);
    }
    let yes = |text: &str, first| Ok((text.to_owned(), first));
    let no = Err(RotationRefusal::Reused);
    assert_eq!(at(store, "refresh s", "s1", NOW).await, yes("s1", true));
    // A restart forgets nothing.
    let reopened = ground.reopen().await.unwrap();
    assert_eq!(
        at(&reopened, "refresh s", "x1", NOW + 4).await,
        yes("s1", false)
    );
    assert_eq!(at(store, "s1", "s2", NOW + 4).await, yes("s2", true));
    assert_eq!(at(store, "s1", "x2", NOW + 4).await, yes("s2", false));
    assert!(!store.session("s").await.unwrap().unwrap().ended);
    assert_eq!(at(store, "refresh s", "x3", NOW + 4).await, no);
    assert!(store.session("s").await.unwrap().unwrap().ended);
    let ended = Err(RotationRefusal::Ended);
    assert_eq!(at(store, "s1", "x4", NOW + 4).await, ended);
    assert_eq!(at(store, "refresh t", "t1", NOW).await, yes("t1", true));
    assert_eq!(at(store, "refresh t", "y1", NOW + 5).await, no);
    assert!(store.session("t").await.unwrap().unwrap().ended);
}

/// Requirement 21 (OAuth 2.1 §7.7): who has the database has no successor, nor has another key or another token.
pub(in super::super) async fn a_successor_lies_sealed_and_is_forgotten(ground: &Ground) {
    let store = &ground.store;
    assert!(begin(store, "s", ENDS).await);
    let stored = async || -> Option<Vec<u8>> {
        let statement = "SELECT sealed FROM refresh_tokens WHERE sealed IS NOT NULL";
        let row: Option<(Vec<u8>,)> = store.database.row(statement, &[]).await.unwrap();
        row.map(|(sealed,)| sealed)
    };
    at(store, "refresh s", "successor", NOW).await.unwrap();
    let bytes = stored().await.unwrap();
    assert!(!bytes.windows(9).any(|part| part == b"successor"));
    let sealed = Sealed::of_row(bytes.clone());
    let opened = sealed.open(&key(), b"refresh s", "s").unwrap();
    assert_eq!(opened.expose(), b"successor");
    let other = HashKey::new(&Secret::from("a5".repeat(32))).unwrap();
    let mut bent = bytes.clone();
    bent[20] ^= 1;
    for opened in [
        sealed.open(&key(), b"refresh t", "s"),
        sealed.open(&key(), b"refresh s", "t"),
        sealed.open(&other, b"refresh s", "s"),
        Sealed::of_row(bent).open(&key(), b"refresh s", "s"),
        Sealed::of_row(bytes[..11].to_vec()).open(&key(), b"refresh s", "s"),
    ] {
        assert!(matches!(opened, Err(StoreError::Value("sealed successor"))));
    }
    assert!(!store.forget_graces(NOW + 4).await.unwrap());
    assert!(stored().await.is_some());
    store.forget_graces(NOW + 5).await.unwrap();
    assert_eq!(stored().await, None, "the grace is over");
    at(store, "successor", "third", NOW + 6).await.unwrap();
    at(store, "third", "fourth", NOW + 7).await.unwrap();
    at(store, "fourth", "fifth", NOW + 8).await.unwrap();
    let row: Option<(i64,)> = store
        .database
        .row(
            "SELECT count(*) FROM refresh_tokens WHERE sealed IS NOT NULL",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(row.unwrap().0, 1, "whoever uses a successor has got it");
}

/// Requirement 18 (OAuth 2.0 for Browser-Based Apps §6.3.2.3): neither the grace nor a rotation moves the family's end, and what
/// lies idle ends.
pub(in super::super) async fn the_grace_lengthens_nothing(ground: &Ground) {
    let store = &ground.store;
    for (session, ends) in [
        ("s", NOW + 3),
        ("idle", ENDS),
        ("off", ENDS),
        ("scope", ENDS),
    ] {
        assert!(begin(store, session, ends).await);
    }
    let expired = Err(RotationRefusal::Expired);
    assert!(at(store, "refresh s", "s1", NOW).await.is_ok());
    assert!(at(store, "refresh s", "x", NOW + 2).await.is_ok());
    assert_eq!(at(store, "refresh s", "y", NOW + 3).await, expired);
    assert_eq!(at(store, "s1", "z", NOW + 3).await, expired);
    assert_eq!(at(store, "refresh idle", "i", NOW + 300).await, expired);
    assert!(at(store, "refresh idle", "i", NOW + 299).await.is_ok());
    assert!(at(store, "i", "j", NOW + 299 + 299).await.is_ok());
    assert_eq!(at(store, "j", "k", NOW + 299 + 299 + 300).await, expired);
    // Who switches the grace off switches it off for what was used a moment ago.
    assert!(at(store, "refresh off", "o", NOW).await.is_ok());
    let off = Rotate {
        now: NOW + 1,
        ..attempt("refresh off", "p", &Rotation)
    };
    assert_eq!(rotate(store, &off).await, Err(RotationRefusal::Reused));
    // Requirement 19 (RFC 6749 §6): the grace widens nothing either, and is its client's alone.
    assert!(at(store, "refresh scope", "q", NOW).await.is_ok());
    let wider = ["read:accounts".to_owned()];
    let wider = Rotate {
        times: TIMES,
        scope: Some(&wider),
        ..attempt("refresh scope", "r", &Rotation)
    };
    assert_eq!(rotate(store, &wider).await, Err(RotationRefusal::Scope));
    let other = Rotate {
        times: TIMES,
        client_id: "other",
        ..attempt("refresh scope", "r", &Rotation)
    };
    assert_eq!(rotate(store, &other).await, Err(RotationRefusal::Client));
    assert!(!store.session("scope").await.unwrap().unwrap().ended);
}
