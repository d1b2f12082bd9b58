//! Identifiers that count once.

use tokio::task::JoinSet;

use super::super::{Ground, NOW};
use super::RACERS;
use crate::store::Store;
use crate::store::database::Database;
use crate::store::sessions::CLEANED_MAX;

async fn spent(store: &Store) -> i64 {
    let statement = "SELECT count(*) FROM once";
    let row: Option<(i64,)> = store.database.row(statement, &[]).await.unwrap();
    row.unwrap().0
}

pub(in super::super) async fn an_identifier_counts_once_until_it_is_cleaned_away(ground: &Ground) {
    let store = &ground.store;
    assert!(store.spend_once(&[1; 32], NOW + 100).await.unwrap());
    assert!(!store.spend_once(&[1; 32], NOW + 100).await.unwrap());
    assert!(store.spend_once(&[2; 32], NOW + 101).await.unwrap());
    assert!(!store.clean_once(NOW + 100).await.unwrap());
    assert!(store.spend_once(&[1; 32], NOW + 200).await.unwrap());
    assert!(!store.spend_once(&[2; 32], NOW + 101).await.unwrap());
}

pub(in super::super) async fn of_many_uses_of_an_identifier_one_is_first(ground: &Ground) {
    let stores = [ground.store.clone(), ground.another().await];
    let mut racing = JoinSet::new();
    for store in stores.into_iter().cycle().take(RACERS) {
        racing.spawn(async move { store.spend_once(&[7; 32], NOW + 100).await.unwrap() });
    }
    let first = racing.join_all().await;
    assert_eq!(first.iter().filter(|first| **first).count(), 1);
}

pub(in super::super) async fn used_identifiers_go_in_bounded_batches(ground: &Ground) {
    let store = &ground.store;
    let seeded = 2 * CLEANED_MAX + 7;
    let hash = match &store.database {
        Database::Sqlite(_) => "CAST(printf('o%031d', n) AS BLOB)",
        Database::Postgres(_) => "convert_to('o' || lpad(n::text, 31, '0'), 'UTF8')",
    };
    let numbers = format!(
        "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {seeded})"
    );
    let insert =
        format!("INSERT INTO once (hash, expires_at) {numbers} SELECT {hash}, {NOW} FROM number");
    store.database.run(&insert).await;
    assert!(store.spend_once(&[1; 32], NOW + 1).await.unwrap());
    assert!(store.clean_once(NOW).await.unwrap());
    assert_eq!(spent(store).await, seeded + 1 - CLEANED_MAX);
    store.clean_all_once(NOW).await.unwrap();
    assert_eq!(spent(store).await, 1, "what is not over stays");
}
