//! Sessions that were ended, and who still has to hear of it.

use super::database::Transaction;
use super::listen::TELL;
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
                         WHERE settled_at IS NULL ORDER BY number LIMIT $1";
        let rows: Vec<(i64, String, String, String, String, i64)> =
            self.database.rows(statement, &[SETTLED_MAX.into()]).await?;
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

    /// Marks these revocations as heard. Each by its number: another one may have got a smaller number and become visible later.
    pub(crate) async fn settle(&self, numbers: &[i64], now: u64) -> Result<(), StoreError> {
        let statement =
            "UPDATE revocations SET settled_at = $1 WHERE settled_at IS NULL AND number = $2";
        let mut transaction = self.database.begin().await?;
        for number in numbers {
            let values = [stored_time(now).into(), (*number).into()];
            transaction.execute(statement, &values).await?;
        }
        transaction.commit().await
    }
}

/// Ends a live session with all that came of exchanges of its tokens; says `false` when there is nothing to end.
pub(super) async fn end_session(
    transaction: &mut Transaction,
    id: &str,
    because: &str,
    decision: &str,
    now: u64,
) -> Result<bool, StoreError> {
    if !end_one(transaction, id, because, decision, now).await? {
        return Ok(false);
    }
    let mut above = vec![id.to_owned()];
    while let Some(parent) = above.pop() {
        let statement =
            "SELECT id FROM sessions WHERE parent = $1 AND ended_at IS NULL ORDER BY id";
        let below: Vec<(String,)> = transaction.rows(statement, &[(&parent).into()]).await?;
        for (session,) in below {
            end_one(transaction, &session, because, decision, now).await?;
            above.push(session);
        }
    }
    Ok(true)
}

/// Ends a live session and writes down that it has to be heard.
async fn end_one(
    transaction: &mut Transaction,
    id: &str,
    because: &str,
    decision: &str,
    now: u64,
) -> Result<bool, StoreError> {
    let end =
        "UPDATE sessions SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL RETURNING subject";
    let now = stored_time(now);
    let subject: Option<(String,)> = transaction.row(end, &[now.into(), id.into()]).await?;
    let Some((subject,)) = subject else {
        return Ok(false);
    };
    let tell = "INSERT INTO revocations (session, subject, because, decision, at) VALUES ($1, $2, $3, $4, $5)";
    let values = [
        id.into(),
        (&subject).into(),
        because.into(),
        decision.into(),
        now.into(),
    ];
    transaction.execute(tell, &values).await?;
    if transaction.is_shared() {
        let _told: Option<(Option<String>,)> = transaction.row(TELL, &[id.into()]).await?;
    }
    Ok(true)
}
