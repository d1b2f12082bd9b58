//! SQLite: one file of the state directory, one writer.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _};
use vauban_secret::write_private;

use super::{StoreError, unmigrated};

mod reader;
mod writer;

pub(super) use reader::Readers;
pub(super) use writer::{Turn, Writer};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/sqlite");

/// `VBNA`: says whose SQLite file it is.
const APPLICATION_ID: i64 = 0x5642_4e41;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Page cache of the connection that writes, KiB (a negative number to SQLite): tokens and sessions are found by random names, so
/// that all of the indexes is touched.
const WRITER_CACHE_KIB: &str = "-8192";
/// The write-ahead log is folded in when it has so many pages, 16 MiB: what is written often is then written to the file once.
const CHECKPOINT_PAGES: &str = "4096";
/// How long one process waits while another writes.
const BUSY_TIME: Duration = Duration::from_secs(5);

/// The open file.
#[derive(Debug, Clone)]
pub(super) struct SqliteDatabase {
    /// Connections that only read; they see whatever was committed before they ask.
    pub(super) reads: Readers,
    /// The one connection that writes: SQLite has one writer, and who waits for it should wait in a fair queue of ours, not
    /// in its polling one, which is only for other processes.
    pub(super) writes: Writer,
}

impl SqliteDatabase {
    /// Opens the file that [`create`] made, after looking at it read-only.
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        check(path).await?;
        let options = options(path)
            .busy_timeout(BUSY_TIME)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let writes = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(BUSY_TIME * 2)
            .connect_with(
                options
                    .clone()
                    .pragma("cache_size", WRITER_CACHE_KIB)
                    .pragma("wal_autocheckpoint", CHECKPOINT_PAGES),
            )
            .await?;
        migrate(&writes, path).await?;
        Ok(Self {
            reads: Readers::new(options),
            writes: Writer::new(writes),
        })
    }

    /// Closes all connections; the write-ahead log is folded in.
    pub(super) async fn close(&self) {
        self.reads.close().await;
        self.writes.close().await;
    }
}

/// Makes an empty database, or leaves the one that is there alone. A crash leaves either none or a whole one.
pub(super) async fn create(path: &Path) -> Result<(), StoreError> {
    if path.exists() {
        return Ok(());
    }
    let fresh = path.with_extension("db.new");
    write_private(&fresh, b"")?;
    let options = options(&fresh)
        .pragma("application_id", APPLICATION_ID.to_string())
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await?;
    migrate(&pool, &fresh).await?;
    pool.close().await;
    let io = |source| StoreError::Io {
        path: path.to_owned(),
        source,
    };
    std::fs::rename(&fresh, path).map_err(io)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io)
}

fn options(path: &Path) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true);
    // Statements carry hashes and names; they have no place in a log.
    options.disable_statement_logging()
}

/// Looks at the file without writing a byte.
async fn check(path: &Path) -> Result<(), StoreError> {
    let damaged = |what: String| StoreError::Damaged {
        path: path.to_owned(),
        what,
    };
    let mut magic = [0_u8; MAGIC.len()];
    let read = match File::open(path) {
        Ok(mut file) => file.read_exact(&mut magic),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(StoreError::Missing(path.to_owned()));
        }
        Err(source) => {
            return Err(StoreError::Io {
                path: path.to_owned(),
                source,
            });
        }
    };
    if read.is_err() || &magic != MAGIC {
        return Err(damaged(
            "it does not begin like an SQLite database".to_owned(),
        ));
    }
    let unreadable = |error: sqlx::Error| damaged(reason(&error));
    let mut connection: SqliteConnection = options(path)
        .busy_timeout(BUSY_TIME)
        .read_only(true)
        .connect()
        .await
        .map_err(unreadable)?;
    let id: i64 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut connection)
        .await
        .map_err(unreadable)?;
    if id != APPLICATION_ID {
        return Err(StoreError::Foreign(path.to_owned()));
    }
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(&mut connection)
        .await
        .map_err(unreadable)?;
    connection.close().await.map_err(unreadable)?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(damaged(
            verdict.lines().next().unwrap_or("unknown").to_owned(),
        ))
    }
}

fn reason(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(
        || "it cannot be read".to_owned(),
        |error| error.message().to_owned(),
    )
}

async fn migrate(pool: &SqlitePool, path: &Path) -> Result<(), StoreError> {
    let migrated = MIGRATIONS.run(pool).await;
    migrated.map_err(|error| unmigrated(error, format!("`{}`", path.display())))
}
