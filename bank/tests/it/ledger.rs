//! The judge of the ledger and the seed: tests that must be able to fail.

use sqlx::SqlitePool;
use vauban_bank::{Database, Seed, SeedError, ledger_balances, seed};

use crate::house::{Ground, canaries};

async fn check(statements: &'static str, wanted: &str) {
    let ground = Ground::sqlite().await;
    let Database::Sqlite(file) = &ground.database else {
        panic!("sqlite")
    };
    let pool = SqlitePool::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    sqlx::raw_sql(statements).execute(&pool).await.unwrap();
    pool.close().await;
    let judged = ledger_balances(&ground.database).await;
    assert_eq!(judged.unwrap_err().to_string(), wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn books_that_do_not_balance_are_found() {
    check(
        "DROP TRIGGER entries_stay; UPDATE entries SET amount_cents = amount_cents + 1 WHERE id = 2",
        "all entries together come to 1 cents instead of none",
    )
    .await;
    check(
        "DROP TRIGGER entries_stay; UPDATE entries SET amount_cents = amount_cents - 1 WHERE id = 1; \
         UPDATE entries SET amount_cents = amount_cents + 1 WHERE id = 4",
        "transfer `1` does not have two entries that sum to zero",
    )
    .await;
    check(
        "UPDATE balances SET balance_cents = balance_cents + 1 WHERE account_id = 500101",
        "the balance of account `500101` is not the sum of its entries",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_booked_stays() {
    let ground = Ground::sqlite().await;
    let Database::Sqlite(file) = &ground.database else {
        panic!("sqlite")
    };
    let pool = SqlitePool::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    for (statement, wanted) in [
        (
            "UPDATE entries SET amount_cents = 1",
            "entries are never changed",
        ),
        ("DELETE FROM entries", "entries are never deleted"),
        (
            "UPDATE transfers SET amount_cents = 1",
            "transfers are never changed",
        ),
        ("DELETE FROM transfers", "transfers are never deleted"),
        (
            "UPDATE balances SET balance_cents = -1 WHERE account_id = 500101",
            "balances_never_negative",
        ),
    ] {
        let refused = sqlx::raw_sql(statement)
            .execute(&pool)
            .await
            .unwrap_err()
            .to_string();
        assert!(refused.contains(wanted), "{statement}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seed_is_sown_once_and_its_canaries_stand_where_they_are_said_to() {
    let folder = tempfile::TempDir::new().unwrap();
    let database = Database::Sqlite(folder.path().join("bank.db"));
    let sown = seed(&database, &canaries()).await.unwrap();
    let accounts: Vec<i64> = sown.canary_transfers.keys().copied().collect();
    assert_eq!(accounts, [500_101, 500_102, 500_201, 500_401]);
    let before = ledger_balances(&database).await.unwrap();
    seed(&database, &Seed::default()).await.unwrap();
    assert_eq!(ledger_balances(&database).await.unwrap(), before);
    let late = seed(&database, &canaries()).await.unwrap_err();
    assert!(matches!(late, SeedError::SeededAlready), "{late}");

    let lost = Seed {
        account_canaries: [(100_001, "x".to_owned())].into(),
        ..Seed::default()
    };
    let refused = seed(&database, &lost).await.unwrap_err().to_string();
    assert_eq!(
        refused,
        "a canary is meant for `100001`, and there is no such account or profile"
    );
    let long = Seed {
        profile_canaries: [(1001, "x".repeat(101))].into(),
        ..Seed::default()
    };
    let refused = seed(&database, &long).await.unwrap_err().to_string();
    assert!(
        refused.starts_with("the canary for `1001` has more than 100 characters"),
        "{refused}"
    );
}
