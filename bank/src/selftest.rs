//! Whether PostgreSQL is set up as the bank needs it. Attached is not enforced: a service asks before it serves, as the role
//! that it is, and refuses to start on the first thing that must not be.

use sqlx::postgres::PgPool;

use crate::setting::DatabaseUrl;
use crate::store::{StoreError, connect_postgres};

const FINDINGS: &str = include_str!("../sql/postgres/selftest.sql");

/// Rows that are visible to nobody in particular, table by table. Must be none.
const ROWS_OF_NOBODY: [(&str, &str); 4] = [
    (
        "bank.profiles",
        "SELECT count(*) FROM (SELECT id FROM bank.profiles LIMIT 1) AS one",
    ),
    (
        "bank.accounts",
        "SELECT count(*) FROM (SELECT id FROM bank.accounts LIMIT 1) AS one",
    ),
    (
        "bank.transfers",
        "SELECT count(*) FROM (SELECT id FROM bank.transfers LIMIT 1) AS one",
    ),
    (
        "bank.entries",
        "SELECT count(*) FROM (SELECT id FROM bank.entries LIMIT 1) AS one",
    ),
];

/// Why the database is not fit to serve from.
#[derive(Debug, thiserror::Error)]
pub enum SelfTestError {
    /// What must not be, each with its name.
    #[error("the database is not set up as the bank needs it:\n- {}\nhint: install the bank's schema anew, or undo these", .0.join("\n- "))]
    Findings(Vec<String>),
    /// The database could not be asked.
    #[error("the database's self-test could not run")]
    Store(#[from] StoreError),
}

/// Asks, as the role that the URL names.
pub async fn self_test(url: &DatabaseUrl) -> Result<(), SelfTestError> {
    let pool = connect_postgres(url).await?;
    let result = examine(&pool).await;
    pool.close().await;
    result
}

/// Asks through an open pool.
pub(crate) async fn examine(pool: &PgPool) -> Result<(), SelfTestError> {
    let mut findings: Vec<String> = sqlx::query_scalar(FINDINGS)
        .fetch_all(pool)
        .await
        .map_err(StoreError::from)?;
    for (table, count) in ROWS_OF_NOBODY {
        match sqlx::query_scalar::<_, i64>(count).fetch_one(pool).await {
            Ok(0) => {}
            Ok(_) => findings.push(format!(
                "`{table}` shows rows to a session that says nobody asks"
            )),
            Err(error) if is_out_of_reach(&error) => {}
            Err(error) => return Err(StoreError::from(error).into()),
        }
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(SelfTestError::Findings(findings))
    }
}

/// No grant, or no such table: the findings say whether that is a mistake.
fn is_out_of_reach(error: &sqlx::Error) -> bool {
    let known = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    matches!(known.as_deref(), Some("42501" | "42P01"))
}
