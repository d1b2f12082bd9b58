//! Brings the bank's roles, tables and walls into a PostgreSQL database, once; later runs only set passwords and the key anew.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};
use sqlx::{AssertSqlSafe, ConnectOptions as _};
use zeroize::Zeroizing;

use crate::setting::DatabaseUrl;
use crate::store::{StoreError, connect_postgres};

static MIGRATOR: Migrator = sqlx::migrate!("sql/postgres");

/// Roles that log in: the two services and the three guards' facts.
const LOGIN_ROLES: [&str; 5] = [
    "svc_accounts",
    "svc_payments",
    "facts_accounts",
    "facts_payments",
    "facts_images",
];

/// The secrets of a PostgreSQL bank.
#[derive(Clone)]
pub struct Install {
    /// Name of the context key, as the guards write it.
    pub context_kid: i32,
    /// Key C, with which the guards sign who asks.
    pub context_key: Zeroizing<[u8; 32]>,
    /// Makes a password for a role. Only letters, digits, `-` and `_` are taken, at least 16 of them.
    pub passwords: BTreeMap<String, Zeroizing<String>>,
}

impl Install {
    /// Roles that need a password.
    pub const ROLES: [&'static str; 5] = LOGIN_ROLES;
}

impl fmt::Debug for Install {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Install")
            .field("context_kid", &self.context_kid)
            .finish_non_exhaustive()
    }
}

/// Why the bank was not installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// A role has no password, or one that is too weak or would need escaping.
    #[error("role `{0}` needs a password of 16 to 128 letters, digits, `-` and `_`")]
    Password(&'static str),
    /// Roles and extensions are made by a superuser.
    #[error(
        "role `{0}` is no superuser\nhint: install with the database administrator's URL; services never see it"
    )]
    NotAdministrator(String),
    /// The database refused.
    #[error("the bank could not be installed")]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for InstallError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Installs, and returns the URL of each role that logs in.
pub async fn install(
    administrator: &DatabaseUrl,
    install: &Install,
) -> Result<BTreeMap<&'static str, DatabaseUrl>, InstallError> {
    for role in LOGIN_ROLES {
        if !install
            .passwords
            .get(role)
            .is_some_and(|password| is_fit(password))
        {
            return Err(InstallError::Password(role));
        }
    }
    let pool = connect_postgres(administrator).await?;
    let result = write(&pool, install).await;
    pool.close().await;
    result?;
    role_urls(administrator, install)
}

fn is_fit(password: &str) -> bool {
    (16..=128).contains(&password.len())
        && password
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

async fn write(pool: &PgPool, install: &Install) -> Result<(), InstallError> {
    let (role, superuser): (String, bool) =
        sqlx::query_as("SELECT rolname::text, rolsuper FROM pg_roles WHERE rolname = session_user")
            .fetch_one(pool)
            .await?;
    if !superuser {
        return Err(InstallError::NotAdministrator(role));
    }
    MIGRATOR.run(pool).await.map_err(StoreError::from)?;
    let mut transaction = pool.begin().await?;
    // Passwords must not reach the server's log.
    sqlx::raw_sql("SET LOCAL log_statement = 'none'; SET LOCAL log_min_error_statement = 'panic'; SET LOCAL log_min_duration_statement = -1")
        .execute(&mut *transaction)
        .await?;
    for role in LOGIN_ROLES {
        if let Some(password) = install.passwords.get(role) {
            set_password(&mut transaction, role, password).await?;
        }
    }
    sqlx::query(
        "INSERT INTO sec.context_keys (kid, key) VALUES ($1, $2) ON CONFLICT (kid) DO UPDATE SET key = excluded.key",
    )
    .bind(install.context_kid)
    .bind(install.context_key.as_slice())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}

/// `ALTER ROLE` takes no parameters, so the server itself writes the statement, quoted by `format`.
async fn set_password(
    connection: &mut PgConnection,
    role: &str,
    password: &str,
) -> Result<(), InstallError> {
    let statement: String =
        sqlx::query_scalar("SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)")
            .bind(role)
            .bind(password)
            .fetch_one(&mut *connection)
            .await?;
    let statement = Zeroizing::new(statement);
    sqlx::raw_sql(AssertSqlSafe(statement.as_str()))
        .execute(connection)
        .await?;
    Ok(())
}

/// The administrator's URL with another role and password.
fn role_urls(
    administrator: &DatabaseUrl,
    install: &Install,
) -> Result<BTreeMap<&'static str, DatabaseUrl>, InstallError> {
    let Ok(options) = PgConnectOptions::from_str(administrator.expose()) else {
        return Err(StoreError::Url.into());
    };
    let url = |role, password: &str| {
        let options = options.clone().username(role).password(password);
        DatabaseUrl::new(options.to_url_lossy().to_string())
    };
    Ok(LOGIN_ROLES
        .into_iter()
        .filter_map(|role| Some((role, url(role, install.passwords.get(role)?))))
        .collect())
}
