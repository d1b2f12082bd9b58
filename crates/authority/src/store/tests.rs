use std::path::PathBuf;

use tempfile::TempDir;

use super::{
    Change, Minted, NewSession, PasswordHash, Rotate, Rotated, SessionFacts, Store, StoreError,
    UserToAdd,
};
use crate::call::Unable;
use crate::identifier::token_hash;
use crate::judge::{Rotation, RotationRefusal};

const NOW: u64 = 1_000;
const ENDS: u64 = 2_000;

struct Ground {
    store: Store,
    path: PathBuf,
    folder: TempDir,
}

/// A database with one user.
async fn ground() -> Ground {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("authority.db");
    Store::create(&path).await.unwrap();
    let store = Store::open(&path).await.unwrap();
    let password = PasswordHash("hash".to_owned());
    let user = UserToAdd {
        subject: "1",
        username: "alice",
        password: &password,
        tenant: "north",
        roles: &["user".to_owned()],
    };
    assert!(store.add_user(user, NOW).await.unwrap());
    Ground {
        store,
        path,
        folder,
    }
}

async fn begin(store: &Store, id: &str, ends_at: u64) -> bool {
    begin_knowing(store, id, ends_at, 0).await
}

/// Begins a session for a user who had been changed so often when the password was compared.
async fn begin_knowing(store: &Store, id: &str, ends_at: u64, changes: i64) -> bool {
    let new = NewSession {
        id,
        subject: "1",
        client_id: "web",
        tenant: "north",
        roles: &["user".to_owned()],
        changes,
        now: NOW,
        ends_at,
        access_hash: token_hash(format!("access {id}").as_bytes()),
        access_expires_at: NOW + 100,
        refresh_hash: token_hash(format!("refresh {id}").as_bytes()),
    };
    store.begin_session(&new).await.unwrap()
}

async fn count(store: &Store, table: &'static str) -> i64 {
    let statement = match table {
        "issued_tokens" => "SELECT count(*) FROM issued_tokens",
        "sessions" => "SELECT count(*) FROM sessions",
        "refresh_tokens" => "SELECT count(*) FROM refresh_tokens",
        "join_tokens" => "SELECT count(*) FROM join_tokens",
        "revocations" => "SELECT count(*) FROM revocations",
        other => panic!("{other}"),
    };
    sqlx::query_scalar(statement)
        .fetch_one(&store.reads)
        .await
        .unwrap()
}

async fn counts(store: &Store) -> [i64; 5] {
    let mut counts = [0; 5];
    for (at, table) in [
        "issued_tokens",
        "sessions",
        "refresh_tokens",
        "join_tokens",
        "revocations",
    ]
    .into_iter()
    .enumerate()
    {
        counts[at] = count(store, table).await;
    }
    counts
}

#[tokio::test]
async fn writing_waits_for_the_disk() {
    let ground = ground().await;
    for pool in [&ground.store.reads, &ground.store.writes] {
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(pool)
            .await
            .unwrap();
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
            .fetch_one(pool)
            .await
            .unwrap();
        let keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys")
            .fetch_one(pool)
            .await
            .unwrap();
        let busy: i64 = sqlx::query_scalar("PRAGMA busy_timeout")
            .fetch_one(pool)
            .await
            .unwrap();
        assert_eq!(
            (mode.as_str(), synchronous, keys, busy),
            ("wal", 2, 1, 5_000)
        );
    }
}

#[tokio::test]
async fn cleaning_removes_what_is_over_and_nothing_else() {
    let Ground {
        store,
        folder: _folder,
        ..
    } = ground().await;
    assert!(begin(&store, "short", NOW + 50).await);
    assert!(begin(&store, "long", ENDS).await);
    store
        .add_join_token(&[7; 32], "spiffe://d/line/edge", NOW + 600)
        .await
        .unwrap();
    assert!(store.end_session("short", "test", "", NOW).await.unwrap());
    assert_eq!(counts(&store).await, [2, 2, 2, 1, 1]);
    for (now, expected) in [
        (NOW + 49, [2, 2, 2, 1, 1]),
        // Past its end the first session goes with its tokens; its revocation stays until somebody has heard of it.
        (NOW + 50, [1, 1, 1, 1, 1]),
        (NOW + 100, [0, 1, 1, 1, 1]),
        (NOW + 600, [0, 1, 1, 0, 1]),
    ] {
        assert!(!store.clean(now).await.unwrap());
        assert_eq!(counts(&store).await, expected, "{now}");
    }
    store.settle(1, NOW + 600).await.unwrap();
    store.clean(NOW + 600).await.unwrap();
    assert_eq!(counts(&store).await, [0, 1, 1, 0, 0]);
    store.clean(ENDS).await.unwrap();
    assert_eq!(counts(&store).await, [0; 5]);
}

fn attempt<'a>(presented: &str, successor: &str, judge: &'a Rotation) -> Rotate<'a> {
    Rotate {
        scope: None,
        judge,
        presented: token_hash(presented.as_bytes()),
        successor: token_hash(successor.as_bytes()),
        client_id: "web",
        decision: "d",
        now: NOW,
    }
}

fn minted(facts: &SessionFacts) -> Minted {
    let token = format!("next of {}", facts.session);
    Minted {
        hash: token_hash(token.as_bytes()),
        token,
        expires_at: NOW + 100,
        scope: String::new(),
    }
}

#[tokio::test]
async fn a_failed_signature_leaves_the_token_unused() {
    let Ground {
        store,
        folder: _folder,
        ..
    } = ground().await;
    assert!(begin(&store, "s", ENDS).await);
    let attempt = attempt("refresh s", "successor", &Rotation);
    let failed = store
        .rotate::<Unable>(&attempt, &|_facts| Err(Unable))
        .await;
    assert!(failed.is_err());
    assert_eq!(counts(&store).await, [1, 1, 1, 0, 0]);
    let done = store
        .rotate::<Unable>(&attempt, &|facts| Ok(minted(facts)))
        .await;
    assert!(matches!(done, Ok(Rotated::Done(facts, _)) if facts.session == "s"));
    assert_eq!(counts(&store).await, [2, 1, 2, 0, 0]);
}

#[tokio::test]
async fn another_process_that_rotates_at_the_same_time_is_seen() {
    let Ground {
        store,
        path,
        folder: _folder,
    } = ground().await;
    assert!(begin(&store, "s", ENDS).await);
    let other = Store::open(&path).await.unwrap();
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

#[tokio::test]
async fn disabling_ends_sessions_once_and_begins_no_more() {
    let Ground {
        store,
        folder: _folder,
        ..
    } = ground().await;
    assert!(begin(&store, "a", ENDS).await);
    assert!(begin(&store, "b", ENDS).await);
    assert!(store.end_session("a", "logout", "d", NOW).await.unwrap());
    assert!(!store.end_session("a", "logout", "d", NOW).await.unwrap());
    for _ in 0..2 {
        let change = Change::Disabled;
        assert!(store.change_user("1", change, NOW).await.unwrap());
    }
    assert!(!begin(&store, "c", ENDS).await);
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
    store.settle(1, NOW).await.unwrap();
    assert_eq!(store.unsettled().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_login_that_began_before_a_change_begins_no_session_after_it() {
    let Ground {
        store,
        folder: _folder,
        ..
    } = ground().await;
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
        assert!(begin_knowing(&store, &before, ENDS, count).await);
        assert!(store.change_user("1", change, NOW).await.unwrap());
        assert!(!begin_knowing(&store, &after, ENDS, count).await);
        let told = store.unsettled().await.unwrap();
        let last = told.last().unwrap();
        assert_eq!(
            (last.session.as_str(), last.because.as_str()),
            (before.as_str(), because)
        );
    }
    // Giving back takes nothing.
    assert!(!begin_knowing(&store, "while disabled", ENDS, 3).await);
    assert!(store.change_user("1", Change::Enabled, NOW).await.unwrap());
    assert!(begin_knowing(&store, "enabled", ENDS, 3).await);
    let told = store.unsettled().await.unwrap().len();
    assert!(store.change_user("1", Change::Enabled, NOW).await.unwrap());
    assert_eq!(store.unsettled().await.unwrap().len(), told);
    assert!(!store.change_user("2", Change::Enabled, NOW).await.unwrap());
}

#[tokio::test]
async fn a_stored_value_that_we_never_write_is_an_error() {
    let Ground {
        store,
        folder: _folder,
        ..
    } = ground().await;
    sqlx::query("UPDATE users SET roles = 'admin'")
        .execute(&store.writes)
        .await
        .unwrap();
    let error = store.user_named("alice").await.unwrap_err();
    assert!(matches!(error, StoreError::Value("roles")));
    assert_eq!(
        error.to_string(),
        "the authority database holds a damaged `roles`"
    );
}
