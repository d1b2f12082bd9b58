//! PostgreSQL: a database of the authority's own, under a role that owns its tables; any number of authorities share it.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use vauban_secret::Secret;

use super::{StoreError, unmigrated};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/postgres");

/// Connections of one process.
const CONNECTIONS_MAX: u32 = 8;
/// Wait for a connection; less than for a statement, so that a lost server is told from a slow one.
const CONNECT_TIME: Duration = Duration::from_secs(2);
/// Wait for a statement, for another's lock.
const WAIT: Duration = Duration::from_secs(5);

/// The open database.
#[derive(Debug, Clone)]
pub(super) struct PostgresDatabase {
    pub(super) pool: PgPool,
}

impl PostgresDatabase {
    /// Connects, and brings the tables to this build's.
    pub(super) async fn open(url: &Secret) -> Result<Self, StoreError> {
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(CONNECT_TIME)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // Whatever the server's default is: a commit that is acknowledged is on disk. Stronger settings stay.
                    let statement = "SELECT set_config('synchronous_commit', 'on', false) \
                                     WHERE current_setting('synchronous_commit') = 'off'";
                    sqlx::query(statement).execute(connection).await.map(drop)
                })
            })
            .connect_with(options(url)?)
            .await?;
        let migrated = MIGRATIONS.run(&pool).await;
        migrated.map_err(|error| unmigrated(error, "on PostgreSQL".to_owned()))?;
        Ok(Self { pool })
    }
}

fn options(url: &Secret) -> Result<PgConnectOptions, StoreError> {
    let url = url.expose_text().ok_or(StoreError::Url)?;
    let is_ours = url.starts_with("postgres://") || url.starts_with("postgresql://");
    // The parser's own words could repeat a part of the URL.
    let options = is_ours.then(|| PgConnectOptions::from_str(url).ok());
    let time = format!("{}ms", WAIT.as_millis());
    Ok(options
        .flatten()
        .ok_or(StoreError::Url)?
        .application_name("vauban-authority")
        .options([
            ("statement_timeout", time.as_str()),
            ("lock_timeout", time.as_str()),
            ("idle_in_transaction_session_timeout", time.as_str()),
        ])
        // Statements carry hashes and names; they have no place in a log.
        .disable_statement_logging())
}
