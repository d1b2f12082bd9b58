use std::future::poll_fn;
use std::path::PathBuf;
use std::task::Poll;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Connection as _, query, query_scalar};

use super::*;

struct Ground {
    _folder: tempfile::TempDir,
    file: PathBuf,
    writer: Writer,
}

impl Ground {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("db");
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal);
        let pool = SqlitePoolOptions::new().max_connections(1);
        let pool = pool.connect_with(options).await.unwrap();
        let tables = "CREATE TABLE of (n INTEGER PRIMARY KEY); \
                      CREATE TABLE t (n INTEGER PRIMARY KEY, of INTEGER REFERENCES of DEFERRABLE INITIALLY DEFERRED)";
        query(tables).execute(&pool).await.unwrap();
        Self {
            _folder: folder,
            file,
            writer: Writer::new(pool),
        }
    }

    /// What another process sees.
    async fn seen(&self) -> Vec<i64> {
        let options = SqliteConnectOptions::new().filename(&self.file);
        let mut other = SqliteConnection::connect_with(&options).await.unwrap();
        let seen = query_scalar("SELECT n FROM t ORDER BY n").fetch_all(&mut other);
        seen.await.unwrap()
    }

    /// Whether another process may write, at once.
    async fn is_free(&self) -> bool {
        let options = SqliteConnectOptions::new()
            .filename(&self.file)
            .busy_timeout(Duration::ZERO);
        let mut other = SqliteConnection::connect_with(&options).await.unwrap();
        query("BEGIN IMMEDIATE; ROLLBACK")
            .execute(&mut other)
            .await
            .is_ok()
    }

    async fn until_free(&self) {
        while !self.is_free().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

async fn add(turn: &mut Turn, statement: &'static str) {
    let connection = turn.connection().unwrap();
    query(statement).execute(connection).await.unwrap();
}

/// Polls once and expects that to be too early.
async fn not_yet<F: Future + Unpin>(future: &mut F) {
    let early =
        poll_fn(|context| Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending()));
    assert!(early.await);
}

/// Begins it and goes away.
async fn abandon<F: Future>(future: F) {
    let mut future = Box::pin(future);
    poll_fn(|context| {
        let _too_late = future.as_mut().poll(context).is_ready();
        Poll::Ready(())
    })
    .await;
}

/// The commit of a turn, which then waits in the queue behind another that has begun.
async fn commit_behind(
    ground: &Ground,
    turn: Turn,
) -> (impl Future<Output = Result<(), StoreError>>, Turn) {
    let mut begin = Box::pin(ground.writer.begin());
    not_yet(&mut begin).await;
    let commit = task::spawn("commit", turn.commit());
    let next = begin.await.unwrap();
    (async move { commit.await.unwrap() }, next)
}

#[tokio::test]
async fn who_is_alone_is_committed_at_once() {
    let ground = Ground::new().await;
    let mut turn = ground.writer.begin().await.unwrap();
    add(&mut turn, "INSERT INTO t VALUES (1, NULL)").await;
    assert!(!ground.is_free().await);
    turn.commit().await.unwrap();
    assert_eq!(ground.seen().await, [1]);
    assert!(ground.is_free().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_acknowledged_before_the_commit_of_all() {
    let ground = Ground::new().await;
    let mut first = ground.writer.begin().await.unwrap();
    add(&mut first, "INSERT INTO t VALUES (1, NULL)").await;
    let (first, mut second) = commit_behind(&ground, first).await;
    let mut first = Box::pin(first);
    add(&mut second, "INSERT INTO t VALUES (2, NULL)").await;
    not_yet(&mut first).await;
    assert!(ground.seen().await.is_empty());
    second.commit().await.unwrap();
    first.await.unwrap();
    assert_eq!(ground.seen().await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_takes_only_its_own_back() {
    let ground = Ground::new().await;
    let mut first = ground.writer.begin().await.unwrap();
    add(&mut first, "INSERT INTO t VALUES (1, NULL)").await;
    let (first, mut second) = commit_behind(&ground, first).await;
    add(&mut second, "INSERT INTO t VALUES (2, NULL)").await;
    drop(second);
    first.await.unwrap();
    assert_eq!(ground.seen().await, [1]);
    let mut third = ground.writer.begin().await.unwrap();
    add(&mut third, "INSERT INTO t VALUES (2, NULL)").await;
    third.commit().await.unwrap();
    assert_eq!(ground.seen().await, [1, 2]);
}

/// A lock that nobody holds any more would keep every other process from writing.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_to_leave_leaves_no_lock_behind() {
    let ground = Ground::new().await;
    let turn = ground.writer.begin().await.unwrap();
    drop(turn);
    ground.until_free().await;
    let mut turn = ground.writer.begin().await.unwrap();
    add(&mut turn, "INSERT INTO t VALUES (1, NULL)").await;
    abandon(turn.commit()).await;
    ground.until_free().await;
    abandon(ground.writer.begin()).await;
    ground.until_free().await;
    let mut turn = ground.writer.begin().await.unwrap();
    add(&mut turn, "INSERT INTO t VALUES (9, NULL)").await;
    turn.commit().await.unwrap();
    assert!(ground.seen().await.ends_with(&[9]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_fails_for_all_and_the_next_begins_anew() {
    let ground = Ground::new().await;
    let mut first = ground.writer.begin().await.unwrap();
    add(&mut first, "INSERT INTO t VALUES (1, NULL)").await;
    let (first, mut second) = commit_behind(&ground, first).await;
    add(&mut second, "INSERT INTO t VALUES (2, 404)").await;
    let second = second.commit().await;
    assert!(matches!(second, Err(StoreError::Together(_))), "{second:?}");
    let first = first.await;
    assert!(matches!(first, Err(StoreError::Together(_))), "{first:?}");
    assert!(ground.seen().await.is_empty());
    let mut third = ground.writer.begin().await.unwrap();
    add(&mut third, "INSERT INTO t VALUES (3, NULL)").await;
    third.commit().await.unwrap();
    assert_eq!(ground.seen().await, [3]);
}

/// Another process holds the lock for longer than SQLite waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_of_another_process_is_an_error_and_no_more() {
    let ground = Ground::new().await;
    let mut turn = ground.writer.begin().await.unwrap();
    let statement = "PRAGMA busy_timeout = 10";
    query(statement)
        .execute(turn.connection().unwrap())
        .await
        .unwrap();
    turn.commit().await.unwrap();
    let options = SqliteConnectOptions::new().filename(&ground.file);
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let refused = ground.writer.begin().await.map(drop);
    assert!(matches!(refused, Err(StoreError::Sql(_))), "{refused:?}");
    query("ROLLBACK").execute(&mut other).await.unwrap();
    let mut turn = ground.writer.begin().await.unwrap();
    add(&mut turn, "INSERT INTO t VALUES (1, NULL)").await;
    turn.commit().await.unwrap();
    assert_eq!(ground.seen().await, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_lose_nothing_of_those_that_stay() {
    let ground = Ground::new().await;
    let mut under_way = tokio::task::JoinSet::new();
    for number in 0..200_i64 {
        let writer = ground.writer.clone();
        let work = async move {
            let mut turn = writer.begin().await.unwrap();
            let insert = query("INSERT INTO t VALUES ($1, NULL)").bind(number);
            insert.execute(turn.connection().unwrap()).await.unwrap();
            if number % 3 == 0 {
                return None;
            }
            turn.commit().await.unwrap();
            Some(number)
        };
        under_way.spawn(work);
    }
    let mut stayed: Vec<i64> = under_way.join_all().await.into_iter().flatten().collect();
    stayed.sort_unstable();
    assert_eq!(stayed.len(), 133);
    assert_eq!(ground.seen().await, stayed);
}
