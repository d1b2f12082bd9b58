//! Sessions that were ended, and who still has to hear of it.

use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError, read_time, stored_time};

/// Rows that one round settles.
const SETTLED_MAX: i64 = 256;

/// A session that was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Revoked {
    pub(crate) number: i64,
    pub(crate) session: String,
    pub(crate) subject: String,
    pub(crate) because: String,
    pub(crate) decision: String,
    pub(crate) at: u64,
}

impl Store {
    /// Revocations that the edge or the audit log may not know yet, in their order; at most a few hundred at a time.
    pub(crate) async fn unsettled(&self) -> Result<Vec<Revoked>, StoreError> {
        let statement = "SELECT number, session, subject, because, decision, at FROM revocations \
                         WHERE settled_at IS NULL ORDER BY number LIMIT ?";
        let rows: Vec<(i64, String, String, String, String, i64)> = sqlx::query_as(statement)
            .bind(SETTLED_MAX)
            .fetch_all(&self.reads)
            .await?;
        let revoked = |(number, session, subject, because, decision, at)| Revoked {
            number,
            session,
            subject,
            because,
            decision,
            at: read_time(at),
        };
        Ok(rows.into_iter().map(revoked).collect())
    }

    /// Marks all revocations up to `number` as heard.
    pub(crate) async fn settle(&self, number: i64, now: u64) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE revocations SET settled_at = ? WHERE settled_at IS NULL AND number <= ?",
        )
        .bind(stored_time(now))
        .bind(number)
        .execute(&self.writes)
        .await?;
        Ok(())
    }
}

/// Ends a live session and writes down that it has to be heard; says `false` when there is nothing to end.
pub(super) async fn end_session(
    transaction: &mut Transaction<'static, Sqlite>,
    id: &str,
    because: &str,
    decision: &str,
    now: u64,
) -> Result<bool, StoreError> {
    let statement =
        "UPDATE sessions SET ended_at = ? WHERE id = ? AND ended_at IS NULL RETURNING subject";
    let subject: Option<String> = sqlx::query_scalar(statement)
        .bind(stored_time(now))
        .bind(id)
        .fetch_optional(&mut **transaction)
        .await?;
    let Some(subject) = subject else {
        return Ok(false);
    };
    sqlx::query(
        "INSERT INTO revocations (session, subject, because, decision, at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(id)
    .bind(subject)
    .bind(because)
    .bind(decision)
    .bind(stored_time(now))
    .execute(&mut **transaction)
    .await?;
    Ok(true)
}
