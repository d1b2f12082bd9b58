//! SQLite: one file, write-ahead log, every commit flushed. It has no row-level security.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::{
    ACCOUNTS, ACCOUNTS_MAX, Account, BALANCE, BOOK, BOOKED, Booked, Booking, PROFILE, PROFILES,
    PROFILES_MAX, Profile, SOURCE, STATEMENTS, Source, Statements, StoreError, TRANSFER, Transfer,
};
use crate::caller::Caller;
use crate::order::Order;

static MIGRATOR: Migrator = sqlx::migrate!("sql/sqlite");

/// Readers and the one writer at a time.
const CONNECTIONS_MAX: u32 = 4;
/// Wait for the writer before, then for a connection.
const WAIT: Duration = Duration::from_secs(5);

/// An SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteStore(SqlitePool);

/// Makes the file if it is missing, readable for nobody else, and brings its tables to this version.
pub(crate) async fn prepare(path: &Path) -> Result<SqlitePool, StoreError> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(file) => drop(file),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => judge_mode(path)?,
        Err(source) => return Err(unable(path, source)),
    }
    let pool = connect(path).await?;
    // One connection for all of it: migrations of two processes wait for each other at the write lock.
    MIGRATOR.run(&pool).await?;
    Ok(pool)
}

/// Opens a file that was prepared.
pub(crate) async fn read(path: &Path) -> Result<SqlitePool, StoreError> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => judge_mode(path)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(StoreError::Missing(path.to_owned()));
        }
        Err(source) => return Err(unable(path, source)),
    }
    let pool = connect(path).await?;
    judge_tables(&pool, path).await?;
    Ok(pool)
}

fn unable(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::File {
        path: path.to_owned(),
        source,
    }
}

fn judge_mode(path: &Path) -> Result<(), StoreError> {
    let found = std::fs::symlink_metadata(path).map_err(|source| unable(path, source))?;
    if found.is_file() && found.permissions().mode().trailing_zeros() >= 6 {
        Ok(())
    } else {
        Err(StoreError::Exposed(path.to_owned()))
    }
}

async fn connect(path: &Path) -> Result<SqlitePool, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(WAIT);
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .acquire_timeout(WAIT * 2)
        .connect_with(options)
        .await;
    match pool {
        Ok(pool) => Ok(pool),
        Err(sqlx::Error::Database(error)) => {
            tracing::error!(%error, "the database could not be opened");
            Err(StoreError::Damaged(path.to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether the file is sound and has exactly this version's tables.
async fn judge_tables(pool: &SqlitePool, path: &Path) -> Result<(), StoreError> {
    let damaged = |error: sqlx::Error| {
        tracing::error!(%error, "the database could not be read");
        StoreError::Damaged(path.to_owned())
    };
    let sound: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(pool)
        .await
        .map_err(damaged)?;
    if sound != "ok" {
        return Err(StoreError::Damaged(PathBuf::from(path)));
    }
    let found: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version",
    )
    .fetch_all(pool)
    .await
    .map_err(damaged)?;
    let known: Vec<(i64, Vec<u8>)> = MIGRATOR
        .iter()
        .map(|step| (step.version, step.checksum.to_vec()))
        .collect();
    if found == known {
        Ok(())
    } else {
        Err(StoreError::Version(path.to_owned()))
    }
}

impl SqliteStore {
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        read(path).await.map(Self)
    }

    pub(super) async fn profile(&self, id: i64) -> Result<Option<Profile>, StoreError> {
        let row = sqlx::query_as(PROFILE)
            .bind(id)
            .fetch_optional(&self.0)
            .await?;
        Ok(row)
    }

    pub(super) async fn profiles(&self, caller: &Caller) -> Result<Vec<Profile>, StoreError> {
        let rows = sqlx::query_as(PROFILES)
            .bind(caller.tenant())
            .bind(PROFILES_MAX)
            .fetch_all(&self.0)
            .await?;
        Ok(rows)
    }

    pub(super) async fn accounts(&self, caller: &Caller) -> Result<Vec<Account>, StoreError> {
        let rows = sqlx::query_as(ACCOUNTS)
            .bind(caller.subject())
            .bind(ACCOUNTS_MAX)
            .fetch_all(&self.0)
            .await?;
        Ok(rows)
    }

    pub(super) async fn statements(
        &self,
        account: i64,
        limit: i64,
    ) -> Result<Option<Statements>, StoreError> {
        // One transaction, so that the balance and the entries are of the same moment.
        let mut transaction = self.0.begin().await?;
        let balance: Option<i64> = sqlx::query_scalar(BALANCE)
            .bind(account)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(balance_cents) = balance else {
            return Ok(None);
        };
        let entries = sqlx::query_as(STATEMENTS)
            .bind(account)
            .bind(limit)
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Some(Statements {
            account,
            balance_cents,
            entries,
        }))
    }

    pub(super) async fn transfer(&self, id: i64) -> Result<Option<Transfer>, StoreError> {
        let row = sqlx::query_as(TRANSFER)
            .bind(id)
            .fetch_optional(&self.0)
            .await?;
        Ok(row)
    }

    /// Begins with the write lock, so that what is read here stays true until the commit.
    pub(super) async fn book(
        &self,
        caller: &Caller,
        order: &Order,
        now_unix_ms: i64,
    ) -> Result<Booking, StoreError> {
        let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await?;
        let taken: Option<Booked> = sqlx::query_as(BOOKED)
            .bind(caller.subject())
            .bind(&order.key)
            .fetch_optional(&mut *transaction)
            .await?;
        if let Some(booked) = taken {
            return Ok(Booking::of_taken(booked, order));
        }
        let source: Option<Source> = sqlx::query_as(SOURCE)
            .bind(order.from_account)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(source) = source else {
            return Ok(Booking::SourceUnknown);
        };
        let booked = sqlx::query(BOOK)
            .bind(order.from_account)
            .bind(order.to_account)
            .bind(source.owner_id)
            .bind(&source.tenant_id)
            .bind(order.amount_cents)
            .bind(&order.reference)
            .bind(caller.subject())
            .bind(&order.key)
            .bind(&order.sha256)
            .bind(now_unix_ms)
            .execute(&mut *transaction)
            .await;
        let id = match booked {
            Ok(done) => done.last_insert_rowid(),
            Err(error) => return refused(error),
        };
        let transfer = sqlx::query_as(TRANSFER)
            .bind(id)
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Booking::New(transfer))
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

/// The constraints decide; what they say is told apart here. The source was found in the same transaction, so a foreign key
/// that does not hold is the destination's.
fn refused(error: sqlx::Error) -> Result<Booking, StoreError> {
    if let sqlx::Error::Database(known) = &error {
        if known.is_foreign_key_violation() {
            return Ok(Booking::DestinationUnknown);
        }
        if known.is_check_violation() && known.message().contains("balances_never_negative") {
            return Ok(Booking::InsufficientFunds);
        }
    }
    Err(error.into())
}
