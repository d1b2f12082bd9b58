//! The hash key, the tables' versions, and removal in batches.

use super::super::{ENDS, Ground, NOW, begin, counts, key};
use crate::identifier::token_hash;
use crate::store::database::{Database, Value};
use crate::store::sessions::CLEANED_MAX;
use crate::store::{HashKey, Store, StoreError};
use vauban_secret::Secret;

pub(in super::super) async fn another_key_opens_nothing(ground: &Ground) {
    let other = HashKey::new(&Secret::from("a5".repeat(32))).unwrap();
    let error = Store::open(&ground.place, other).await.unwrap_err();
    assert!(matches!(error, StoreError::Key { .. }), "{error}");
    let said = error.to_string();
    assert!(
        said.starts_with(&format!(
            "the authority database {} was made with another hash key",
            ground.place
        )),
        "{said}"
    );
}

/// A database from before there was a key: its rows hold plain hashes, and nobody wrote a proof.
pub(in super::super) async fn hashes_from_before_the_key_are_put_under_it(ground: &Ground) {
    let store = &ground.store;
    assert!(begin(store, "s", ENDS).await);
    let secret = token_hash(b"secret");
    store
        .add_client_secret("reports", &secret, false, NOW)
        .await
        .unwrap();
    for (statement, plain) in [
        ("UPDATE issued_tokens SET hash = $1", b"access s".as_slice()),
        ("UPDATE refresh_tokens SET hash = $1", b"refresh s"),
        ("UPDATE client_secrets SET hash = $1", b"secret"),
    ] {
        let plain = token_hash(plain);
        let values = [Value::Hash(&plain)];
        assert_eq!(store.database.execute(statement, &values).await.unwrap(), 1);
    }
    assert!(
        !store
            .client_secret_is("reports", &secret, NOW)
            .await
            .unwrap()
    );
    let forget = "DELETE FROM hash_key";
    store.database.execute(forget, &[]).await.unwrap();
    // Two start at the same time; the hashes are rewritten once.
    let (first, second) = tokio::join!(
        Store::open(&ground.place, key()),
        Store::open(&ground.place, key())
    );
    for opened in [first.unwrap(), second.unwrap()] {
        assert!(
            opened
                .client_secret_is("reports", &secret, NOW)
                .await
                .unwrap()
        );
        let access = opened.issued(&token_hash(b"access s")).await.unwrap();
        assert_eq!(access.unwrap().session, "s");
        let refresh = opened
            .session_of_token(&token_hash(b"refresh s"), "web")
            .await;
        assert_eq!(refresh.unwrap().as_deref(), Some("s"));
        opened.close().await;
    }
}

/// What docs/storage.md says to do.
pub(in super::super) async fn a_lost_key_costs_what_was_hashed_and_nothing_else(ground: &Ground) {
    let store = &ground.store;
    assert!(begin(store, "s", ENDS).await);
    for statement in [
        "DELETE FROM sessions",
        "DELETE FROM join_tokens",
        "DELETE FROM client_secrets",
        "DELETE FROM waiting_requests",
        "DELETE FROM hash_key",
    ] {
        store.database.execute(statement, &[]).await.unwrap();
    }
    let other = HashKey::new(&Secret::from("a5".repeat(32))).unwrap();
    let opened = Store::open(&ground.place, other).await.unwrap();
    assert_eq!(counts(&opened).await, [0; 5]);
    assert!(opened.user_named("alice").await.unwrap().is_some());
    assert!(begin(&opened, "t", ENDS).await);
    assert!(ground.reopen().await.is_err());
}

pub(in super::super) async fn a_newer_database_is_refused(ground: &Ground) {
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'of another build', true, $1, 0)";
    let values = [Value::Hash(&[0; 32])];
    ground.store.database.execute(newer, &values).await.unwrap();
    let error = ground.reopen().await.unwrap_err();
    assert!(matches!(error, StoreError::Build { .. }), "{error}");
    let said = error.to_string();
    let expected = format!(
        "the authority database {} was made by another build (",
        ground.place
    );
    assert!(
        said.starts_with(&expected) && said.contains("9999"),
        "{said}"
    );
}

pub(in super::super) async fn a_changed_step_of_the_tables_is_refused(ground: &Ground) {
    let changed = "UPDATE _sqlx_migrations SET checksum = $1 WHERE version = 1";
    let values = [Value::Hash(&[0; 32])];
    ground
        .store
        .database
        .execute(changed, &values)
        .await
        .unwrap();
    let error = ground.reopen().await.unwrap_err();
    assert!(matches!(error, StoreError::Build { .. }), "{error}");
}

/// Sessions with tokens of each kind, all of them over, among which one is live.
pub(in super::super) async fn what_is_over_goes_in_bounded_batches(ground: &Ground) {
    let store = &ground.store;
    assert!(begin(store, "live", ENDS).await);
    let seeded = 2 * CLEANED_MAX + 7;
    seed(store, seeded).await;
    let before = counts(store).await;
    assert_eq!(before, [seeded + 1, seeded + 1, seeded + 1, seeded, 0]);
    let (mut rounds, mut more, mut last) = (0, true, before);
    while more {
        more = store.clean(NOW + 60).await.unwrap();
        let left = counts(store).await;
        for (before, after) in last.iter().zip(left) {
            // Tokens of two kinds: those that expired themselves, and those of sessions that are over.
            assert!(before - after <= 2 * CLEANED_MAX, "{last:?} {left:?}");
        }
        (rounds, last) = (rounds + 1, left);
    }
    assert_eq!(last, [1, 1, 1, 0, 0], "what is live stays");
    assert!(rounds >= 3, "{rounds} rounds");
}

/// Sessions that are over, each with one token of each kind, and join tokens.
pub(in super::super) async fn seed(store: &Store, count: i64) {
    let hash = |mark: &str| match &store.database {
        Database::Sqlite(_) => format!("CAST(printf('{mark}%031d', n) AS BLOB)"),
        Database::Postgres(_) => format!("convert_to('{mark}' || lpad(n::text, 31, '0'), 'UTF8')"),
    };
    for (into, values) in [
        (
            "sessions (id, subject, client_id, tenant, roles, started_at, ends_at)",
            format!("'old' || n, '1', 'web', 'north', '[]', {NOW}, {NOW} + 50"),
        ),
        (
            "issued_tokens (hash, session, expires_at)",
            format!("{}, 'old' || n, {NOW} + 40", hash("a")),
        ),
        (
            "refresh_tokens (hash, session, issued_at, ends_at)",
            format!("{}, 'old' || n, {NOW}, {NOW} + 50", hash("r")),
        ),
        (
            "join_tokens (hash, spiffe, expires_at)",
            format!("{}, 'spiffe://d/x', {NOW} + 10", hash("j")),
        ),
    ] {
        // In pieces that no database takes for a statement that hangs.
        for begin in (1..=count).step_by(20_000) {
            let end = count.min(begin + 19_999);
            let numbers = format!(
                "WITH RECURSIVE number(n) AS (SELECT {begin} UNION ALL SELECT n + 1 FROM number WHERE n < {end})"
            );
            let insert = format!("INSERT INTO {into} {numbers} SELECT {values} FROM number");
            store.database.run(&insert).await;
        }
    }
}
