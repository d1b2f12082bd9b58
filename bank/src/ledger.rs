//! Whether the books balance: asked of the rows themselves, by whoever may see all of them.

use std::collections::BTreeMap;

use crate::setting::Database;
use crate::store::{StoreError, connect_postgres, read_sqlite};

const LOPSIDED: &str = "SELECT t.id FROM transfers t LEFT JOIN entries e ON e.transfer_id = t.id GROUP BY t.id, t.amount_cents \
    HAVING count(e.id) <> 2 OR sum(e.amount_cents) <> 0 OR max(e.amount_cents) <> t.amount_cents ORDER BY t.id LIMIT 1";
const DRIFTED: &str = "SELECT b.account_id FROM balances b LEFT JOIN entries e ON e.account_id = b.account_id \
    GROUP BY b.account_id, b.balance_cents HAVING b.balance_cents <> coalesce(sum(e.amount_cents), 0) ORDER BY b.account_id LIMIT 1";
const NEGATIVE: &str = "SELECT account_id FROM balances WHERE balance_cents < 0 AND owner_id <> 0 ORDER BY account_id LIMIT 1";
const TOTAL: &str = "SELECT CAST(coalesce(sum(amount_cents), 0) AS bigint) FROM entries";
const TRANSFERS: &str = "SELECT count(*) FROM transfers";
const BALANCES: &str = "SELECT account_id, balance_cents FROM balances ORDER BY account_id";

/// Books that balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balances {
    /// Account → cents. The house's own accounts are among them, and negative.
    pub accounts: BTreeMap<i64, i64>,
    /// Booked transfers, those of the seed among them.
    pub transfers: i64,
}

/// Why the books do not balance, or could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// All entries together are not zero.
    #[error("all entries together come to {0} cents instead of none")]
    Total(i64),
    /// A transfer without exactly its two entries.
    #[error("transfer `{0}` does not have two entries that sum to zero")]
    Lopsided(i64),
    /// A balance that is not the sum of its entries.
    #[error("the balance of account `{0}` is not the sum of its entries")]
    Drifted(i64),
    /// A customer's account below zero.
    #[error("account `{0}` is negative")]
    Negative(i64),
    /// The database could not be asked.
    #[error("the ledger could not be read")]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for LedgerError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The statements are the same on both databases; only the types of the transaction differ.
macro_rules! judge {
    ($transaction:expr) => {{
        let transaction = $transaction;
        let total: i64 = sqlx::query_scalar(TOTAL)
            .fetch_one(&mut **transaction)
            .await?;
        if total != 0 {
            return Err(LedgerError::Total(total));
        }
        for (statement, wrong) in [
            (LOPSIDED, LedgerError::Lopsided as fn(i64) -> LedgerError),
            (DRIFTED, LedgerError::Drifted),
            (NEGATIVE, LedgerError::Negative),
        ] {
            let found: Option<i64> = sqlx::query_scalar(statement)
                .fetch_optional(&mut **transaction)
                .await?;
            if let Some(id) = found {
                return Err(wrong(id));
            }
        }
        let rows: Vec<(i64, i64)> = sqlx::query_as(BALANCES)
            .fetch_all(&mut **transaction)
            .await?;
        let transfers: i64 = sqlx::query_scalar(TRANSFERS)
            .fetch_one(&mut **transaction)
            .await?;
        Ok(Balances {
            accounts: rows.into_iter().collect(),
            transfers,
        })
    }};
}

/// Reads the whole ledger at one moment and judges it. On PostgreSQL the URL must be the administrator's: a service sees too
/// little, and the tables' owner nothing.
pub async fn ledger_balances(database: &Database) -> Result<Balances, LedgerError> {
    match database {
        Database::Sqlite(path) => {
            let pool = read_sqlite(path).await?;
            let judged = judge_sqlite(&pool).await;
            pool.close().await;
            judged
        }
        Database::Postgres(url) => {
            let pool = connect_postgres(url).await?;
            let judged = judge_postgres(&pool).await;
            pool.close().await;
            judged
        }
    }
}

async fn judge_sqlite(pool: &sqlx::SqlitePool) -> Result<Balances, LedgerError> {
    let mut transaction = pool.begin().await?;
    judge!(&mut transaction)
}

async fn judge_postgres(pool: &sqlx::PgPool) -> Result<Balances, LedgerError> {
    refuse_blind(pool).await?;
    let mut transaction = pool
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    sqlx::raw_sql("SET LOCAL search_path = bank")
        .execute(&mut *transaction)
        .await?;
    judge!(&mut transaction)
}

/// Whoever is under row-level security sees too little to judge or seed a ledger.
pub(crate) async fn refuse_blind(pool: &sqlx::PgPool) -> Result<(), StoreError> {
    let (role, sees): (String, bool) = sqlx::query_as(
        "SELECT rolname::text, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user",
    )
    .fetch_one(pool)
    .await?;
    if sees {
        Ok(())
    } else {
        Err(StoreError::Blind(role))
    }
}
