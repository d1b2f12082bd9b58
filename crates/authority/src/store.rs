//! The authority's database: SQLite, written through before anything is acknowledged.

mod clients;
mod codes;
mod joins;
mod profile;
mod refresh;
mod requests;
mod revocations;
mod sessions;
mod users;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, Sqlite, Transaction};
use vauban_secret::{FileError, write_private};

pub(crate) use codes::{CodeRefusal, NewGrant, OwnSession, Redeem, Redeemed};
pub(crate) use refresh::{Minted, Rotate, Rotated, SessionFacts};
pub(crate) use requests::Stage;
pub(crate) use revocations::Revoked;
pub(crate) use sessions::NewSession;
pub(crate) use users::{Change, PasswordHash, UserRow, UserToAdd};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// `VBNA`: says whose SQLite file it is.
const APPLICATION_ID: i64 = 0x5642_4e41;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Connections of one process that read.
const READERS_MAX: u32 = 4;
/// How long one process waits while another writes.
const BUSY_TIME: Duration = Duration::from_secs(5);

/// The open database.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    /// Connections that only read; they see whatever was committed before they ask.
    reads: SqlitePool,
    /// The one connection that writes: SQLite has one writer, and who waits for it should wait in a fair queue of ours, not
    /// in its polling one, which is only for other processes.
    writes: SqlitePool,
}

/// The database cannot be used or did not answer. Nothing in it was overwritten.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is none.
    #[error("there is no authority database at `{}`\n  hint: provision the state directory first", .0.display())]
    Missing(PathBuf),
    /// It is not a whole SQLite database.
    #[error(
        "the authority database `{}` is damaged: {what}\n  hint: nothing was changed; put a good copy in its place",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// It is a database of something else.
    #[error("`{}` is a database, but not the authority's", .0.display())]
    Foreign(PathBuf),
    /// It was made by another build.
    #[error("the authority database `{}` was made by another build ({what})\n  hint: use that build, or a newer one", path.display())]
    Build {
        /// The file.
        path: PathBuf,
        /// Which difference.
        what: String,
    },
    /// The file cannot be made or read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The system refused.
    #[error("cannot use the authority database `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A statement failed.
    #[error("the authority database did not answer")]
    Sql(#[from] sqlx::Error),
    /// A stored value has a form that we never write.
    #[error("the authority database holds a damaged `{0}`")]
    Value(&'static str),
}

impl Store {
    /// Opens the database that [`Store::create`] made, after looking at it read-only.
    pub(crate) async fn open(path: &Path) -> Result<Self, StoreError> {
        check(path).await?;
        let options = options(path)
            .busy_timeout(BUSY_TIME)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let pool = |connections_max| {
            SqlitePoolOptions::new()
                .max_connections(connections_max)
                .acquire_timeout(BUSY_TIME * 2)
                .connect_with(options.clone())
        };
        let writes = pool(1).await?;
        migrate(&writes, path).await?;
        let reads = pool(READERS_MAX).await?;
        Ok(Self { reads, writes })
    }

    /// Makes an empty database, or leaves the one that is there alone. A crash leaves either none or a whole one.
    pub(crate) async fn create(path: &Path) -> Result<(), StoreError> {
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

    /// Closes all connections; the write-ahead log is folded in.
    pub(crate) async fn close(&self) {
        self.reads.close().await;
        self.writes.close().await;
    }

    /// A transaction that writes: it takes the only writer's place at once, so that what it reads stays true until it commits.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writes.begin_with("BEGIN IMMEDIATE").await?)
    }
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
    MIGRATIONS.run(pool).await.map_err(|error| {
        if let MigrateError::Execute(error) = error {
            StoreError::Sql(error)
        } else {
            StoreError::Build {
                path: path.to_owned(),
                what: error.to_string(),
            }
        }
    })
}

/// Unix seconds as the database stores them.
pub(crate) fn stored_time(unix_s: u64) -> i64 {
    i64::try_from(unix_s).unwrap_or(i64::MAX)
}

fn read_time(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

fn stored_roles(roles: &[String]) -> String {
    serde_json::Value::from(roles.to_vec()).to_string()
}

fn stored_scope(scope: Option<&[String]>) -> Option<String> {
    scope.map(|scope| scope.join(" "))
}

fn read_scope(stored: Option<String>) -> Option<Vec<String>> {
    stored.map(|text| text.split_whitespace().map(str::to_owned).collect())
}

fn read_roles(stored: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(stored).map_err(|_error| StoreError::Value("roles"))
}

#[cfg(test)]
mod tests;
