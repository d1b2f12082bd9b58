//! The two databases behind one face: statements go in, rows come out, and a transaction holds until it commits.
//!
//! This is the whole of what the backends do differently. The rules of the store (what is consumed, what ends with what) are
//! written once above it, so they cannot drift apart. A trait with every method of the store would have doubled each
//! transaction; `sqlx::Any` would have done without typed options, and so without what makes a commit durable (ADR 9).

use std::time::Duration;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, FromRow, Postgres};
use tokio::time::timeout;

use super::StoreError;
use super::grace::Sealed;
use super::keyed::Keyed;
use super::postgres::PostgresDatabase;
use super::sqlite::{SqliteDatabase, Turn};

/// Longer than PostgreSQL itself lets a statement run, so that this limit is only for one that does not answer at all.
const ANSWER_TIME: Duration = Duration::from_secs(6);

/// An open database. Clones share its connections.
#[derive(Debug, Clone)]
pub(super) enum Database {
    Sqlite(SqliteDatabase),
    Postgres(PostgresDatabase),
}

/// A transaction that may write. Dropped without [`Transaction::commit`], nothing of it happened.
///
/// On SQLite it has the only writer's place from its beginning, so whatever it reads stays true. On PostgreSQL others go on, so
/// whatever it reads and relies on has to be read with a lock: see [`locking`].
#[derive(Debug)]
pub(super) enum Transaction {
    Sqlite(Turn),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// A statement. Both databases read `$1`, `$2`, … and nearly always the same text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sql {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self {
            sqlite: text,
            postgres: text,
        }
    }
}

/// A statement with a row lock, which only PostgreSQL knows and needs: `locking!("SELECT …", "FOR UPDATE")`.
macro_rules! locking {
    ($text:literal, $lock:literal) => {
        $crate::store::database::Sql {
            sqlite: $text,
            postgres: concat!($text, " ", $lock),
        }
    };
}
pub(super) use locking;

/// A value of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Integer(i64),
    Text(&'a str),
    NoText,
    Hash(&'a [u8]),
    Sealed(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::NoText, Self::Text)
    }
}

/// Bytes have a way into a statement as this or as something sealed: a hash without the key is no value.
impl<'a> From<&'a Keyed> for Value<'a> {
    fn from(hash: &'a Keyed) -> Self {
        Self::Hash(hash.stored())
    }
}

impl<'a> From<&'a Sealed> for Value<'a> {
    fn from(sealed: &'a Sealed) -> Self {
        Self::Sealed(sealed.stored())
    }
}

/// What a row is read into: a tuple of `String`, `i64`, `Vec<u8>` and options of them.
pub(super) trait Columns:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Columns for T where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl Database {
    /// Begins a transaction that may write.
    pub(super) async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(match self {
            Self::Sqlite(database) => Transaction::Sqlite(database.writes.begin().await?),
            Self::Postgres(database) => {
                Transaction::Postgres(in_time(database.pool.begin()).await?)
            }
        })
    }

    /// Runs one statement that writes and says how many rows it touched. It is durable when this returns.
    pub(super) async fn execute(
        &self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let sql = sql.into();
        Ok(match self {
            Self::Sqlite(database) => {
                let mut turn = database.writes.begin().await?;
                let answer = sqlx::query_with(sql.sqlite, sqlite(values)?)
                    .execute(turn.connection()?)
                    .await?;
                turn.commit().await?;
                answer.rows_affected()
            }
            Self::Postgres(database) => {
                let answer =
                    sqlx::query_with(sql.postgres, postgres(values)?).execute(&database.pool);
                in_time(answer).await?.rows_affected()
            }
        })
    }

    /// Runs one statement that writes and returns the row that it touched, if it touched one: consuming something that is
    /// there once is one such statement. It is durable when this returns.
    pub(super) async fn change<T: Columns>(
        &self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<Option<T>, StoreError> {
        let sql = sql.into();
        Ok(match self {
            Self::Sqlite(database) => {
                let mut turn = database.writes.begin().await?;
                let row = sqlx::query_as_with(sql.sqlite, sqlite(values)?)
                    .fetch_optional(turn.connection()?)
                    .await?;
                turn.commit().await?;
                row
            }
            Self::Postgres(database) => {
                let answer = sqlx::query_as_with(sql.postgres, postgres(values)?)
                    .fetch_optional(&database.pool);
                in_time(answer).await?
            }
        })
    }

    /// Reads at most one row.
    pub(super) async fn row<T: Columns>(
        &self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<Option<T>, StoreError> {
        let sql = sql.into();
        Ok(match self {
            Self::Sqlite(database) => {
                let mut reader = database.reads.take().await?;
                let found = sqlx::query_as_with(sql.sqlite, sqlite(values)?)
                    .fetch_optional(reader.connection())
                    .await?;
                reader.give_back();
                found
            }
            Self::Postgres(database) => {
                let answer = sqlx::query_as_with(sql.postgres, postgres(values)?)
                    .fetch_optional(&database.pool);
                in_time(answer).await?
            }
        })
    }

    /// Reads all rows; the statement bounds their number.
    pub(super) async fn rows<T: Columns>(
        &self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<Vec<T>, StoreError> {
        let sql = sql.into();
        Ok(match self {
            Self::Sqlite(database) => {
                let mut reader = database.reads.take().await?;
                let found = sqlx::query_as_with(sql.sqlite, sqlite(values)?)
                    .fetch_all(reader.connection())
                    .await?;
                reader.give_back();
                found
            }
            Self::Postgres(database) => {
                let answer =
                    sqlx::query_as_with(sql.postgres, postgres(values)?).fetch_all(&database.pool);
                in_time(answer).await?
            }
        })
    }

    /// Runs a statement of a test, whatever is in it.
    #[cfg(test)]
    pub(super) async fn run(&self, statement: &str) {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        match self {
            Self::Sqlite(database) => {
                let mut turn = database.writes.begin().await.unwrap();
                let done = sqlx::query(statement)
                    .execute(turn.connection().unwrap())
                    .await;
                assert!(done.is_ok(), "{done:?}");
                turn.commit().await.unwrap();
            }
            Self::Postgres(database) => {
                let done = sqlx::query(statement).execute(&database.pool).await;
                assert!(done.is_ok(), "{done:?}");
            }
        }
    }

    /// Ends all connections.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(database) => database.close().await,
            Self::Postgres(database) => database.pool.close().await,
        }
    }
}

impl Transaction {
    /// Runs one statement and says how many rows it touched.
    pub(super) async fn execute(
        &mut self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let sql = sql.into();
        Ok(match self {
            Self::Sqlite(turn) => sqlx::query_with(sql.sqlite, sqlite(values)?)
                .execute(turn.connection()?)
                .await?
                .rows_affected(),
            Self::Postgres(transaction) => {
                let answer =
                    sqlx::query_with(sql.postgres, postgres(values)?).execute(&mut **transaction);
                in_time(answer).await?.rows_affected()
            }
        })
    }

    /// Reads, or changes and returns, at most one row.
    pub(super) async fn row<T: Columns>(
        &mut self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<Option<T>, StoreError> {
        let sql = sql.into();
        Ok(match self {
            Self::Sqlite(turn) => {
                sqlx::query_as_with(sql.sqlite, sqlite(values)?)
                    .fetch_optional(turn.connection()?)
                    .await?
            }
            Self::Postgres(transaction) => {
                let answer = sqlx::query_as_with(sql.postgres, postgres(values)?)
                    .fetch_optional(&mut **transaction);
                in_time(answer).await?
            }
        })
    }

    /// Reads all rows; the statement bounds their number.
    pub(super) async fn rows<T: Columns>(
        &mut self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<Vec<T>, StoreError> {
        let sql = sql.into();
        Ok(match self {
            Self::Sqlite(turn) => {
                sqlx::query_as_with(sql.sqlite, sqlite(values)?)
                    .fetch_all(turn.connection()?)
                    .await?
            }
            Self::Postgres(transaction) => {
                let answer = sqlx::query_as_with(sql.postgres, postgres(values)?)
                    .fetch_all(&mut **transaction);
                in_time(answer).await?
            }
        })
    }

    /// Whether authorities in other processes are told by the database itself.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Makes it all true; it is durable when this returns.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(turn) => turn.commit().await,
            Self::Postgres(transaction) => in_time(transaction.commit()).await,
        }
    }
}

/// A server that is gone, or stopped, may leave a statement without an answer for ever.
pub(super) async fn in_time<T>(
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    match timeout(ANSWER_TIME, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_elapsed) => Err(StoreError::Silent),
    }
}

fn sqlite(values: &[Value<'_>]) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match *value {
            Value::Integer(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text),
            Value::NoText => arguments.add(None::<&str>),
            Value::Hash(bytes) | Value::Sealed(bytes) => arguments.add(bytes),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn postgres(values: &[Value<'_>]) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        match *value {
            Value::Integer(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text),
            Value::NoText => arguments.add(None::<&str>),
            Value::Hash(bytes) | Value::Sealed(bytes) => arguments.add(bytes),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
