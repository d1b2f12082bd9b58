//! The authority's database: SQLite or PostgreSQL, written through before anything is acknowledged.
//!
//! Every method here is one step that happens whole or not at all. What differs between the two databases is in
//! [`database`], [`sqlite`] and [`postgres`]; the steps themselves are written once.

mod clients;
mod codes;
mod database;
mod exchange;
mod grace;
mod joins;
mod keyed;
mod listen;
mod once;
mod postgres;
mod profile;
mod refresh;
mod requests;
mod revocations;
mod sessions;
mod sqlite;
mod users;

use std::fmt;
use std::path::PathBuf;

use sqlx::migrate::MigrateError;
use vauban_secret::{FileError, Secret};

use database::Database;
use postgres::PostgresDatabase;
use sqlite::SqliteDatabase;

pub(crate) use codes::{CodeRefusal, NewGrant, OwnSession, Redeem, Redeemed};
pub(crate) use exchange::Exchange;
pub(crate) use keyed::{HashKey, KEY_DIGITS};
pub(crate) use listen::Ended;
pub(crate) use refresh::{Minted, RefreshTimes, Rotate, Rotated, SessionFacts};
pub(crate) use requests::Stage;
pub(crate) use revocations::Revoked;
pub(crate) use sessions::NewSession;
pub use sessions::{LiveSession, Sought};
pub(crate) use users::{Change, PasswordHash, UserRow, UserToAdd};

/// Which database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file.
    Sqlite(PathBuf),
    /// A URL, which holds a password and appears in no error.
    Postgres(Secret),
}

/// In errors.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "`{}`", path.display()),
            Self::Postgres(_) => formatter.write_str("on PostgreSQL"),
        }
    }
}

/// The open database.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    database: Database,
    key: HashKey,
}

/// The database cannot be used or did not answer. Nothing in it was overwritten.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is none.
    #[error("there is no authority database at `{}`\n  hint: provision the state directory first", .0.display())]
    Missing(PathBuf),
    /// The URL is none of PostgreSQL's. What it says is not repeated: it holds a password.
    #[error("the authority's database URL is not `postgres://ROLE:PASSWORD@HOST/DATABASE`")]
    Url,
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
    #[error(
        "the authority database {place} was made by another build ({what})\n  hint: use that build, or a newer one"
    )]
    Build {
        /// The file in backticks, or `on PostgreSQL`.
        place: String,
        /// Which difference.
        what: String,
    },
    /// Its hashes are under another key.
    #[error(
        "the authority database {place} was made with another hash key\n  hint: put back the `authority/storage.key` of the state directory that it was made with"
    )]
    Key {
        /// The file in backticks, or `on PostgreSQL`.
        place: String,
    },
    /// What should be the key is none.
    #[error("`{}` is no hash key: it must hold {KEY_DIGITS} hexadecimal digits", .0.display())]
    KeyFile(PathBuf),
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
    /// What several wrote was to become durable at once, and did not.
    #[error("the authority database did not commit")]
    Together(#[source] std::sync::Arc<sqlx::Error>),
    /// It is gone, or stopped.
    #[error("the authority database did not answer in time")]
    Silent,
    /// A stored value has a form that we never write.
    #[error("the authority database holds a damaged `{0}`")]
    Value(&'static str),
}

impl Store {
    /// Opens what [`Store::create`] made, and brings it to this build's tables and under this key.
    pub(crate) async fn open(place: &Place, key: HashKey) -> Result<Self, StoreError> {
        let database = match place {
            Place::Sqlite(path) => Database::Sqlite(SqliteDatabase::open(path).await?),
            Place::Postgres(url) => Database::Postgres(PostgresDatabase::open(url).await?),
        };
        let checked = keyed::check(&database, &key, &place.to_string()).await;
        if let Err(error) = checked {
            database.close().await;
            return Err(error);
        }
        Ok(Self { database, key })
    }

    /// Makes an empty database where there is none. On PostgreSQL somebody else has made it, and [`Store::open`] its tables.
    pub(crate) async fn create(place: &Place) -> Result<(), StoreError> {
        match place {
            Place::Sqlite(path) => sqlite::create(path).await,
            Place::Postgres(_) => Ok(()),
        }
    }

    /// Closes all connections.
    pub(crate) async fn close(&self) {
        self.database.close().await;
    }
}

fn unmigrated(error: MigrateError, place: String) -> StoreError {
    if let MigrateError::Execute(error) = error {
        StoreError::Sql(error)
    } else {
        StoreError::Build {
            place,
            what: error.to_string(),
        }
    }
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
