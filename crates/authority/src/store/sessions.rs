//! Sessions and the registry of issued tokens.

use sqlx::{Sqlite, Transaction};

use crate::judge::Issued;

use super::revocations::end_session;
use super::{Store, StoreError, read_roles, read_scope, read_time, stored_roles, stored_time};

/// Rows that one round of cleaning removes from each table, so that a writer never waits long.
const CLEANED_MAX: i64 = 1_000;

/// A session to begin, with its first tokens.
#[derive(Debug)]
pub(crate) struct NewSession<'a> {
    pub(crate) id: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) tenant: &'a str,
    pub(crate) roles: &'a [String],
    /// [`UserRow::changes`](super::UserRow::changes) when the password was compared.
    pub(crate) changes: i64,
    pub(crate) now: u64,
    pub(crate) ends_at: u64,
    pub(crate) access_hash: [u8; 32],
    pub(crate) access_expires_at: u64,
    pub(crate) refresh_hash: [u8; 32],
}

/// A session as a guard asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionRow {
    pub(crate) subject: String,
    pub(crate) client_id: String,
    pub(crate) tenant: String,
    pub(crate) ends_at: u64,
    pub(crate) ended: bool,
}

type IssuedColumns = (
    String,
    String,
    String,
    String,
    String,
    i64,
    i64,
    Option<i64>,
    Option<String>,
);

impl Store {
    /// Begins a session; says `false` when the user was disabled or otherwise changed meanwhile.
    pub(crate) async fn begin_session(&self, new: &NewSession<'_>) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let statement = "INSERT INTO sessions (id, subject, client_id, tenant, roles, started_at, ends_at) \
                         SELECT ?, subject, ?, ?, ?, ?, ? FROM users WHERE subject = ? AND disabled_at IS NULL AND changes = ?";
        let begun = sqlx::query(statement)
            .bind(new.id)
            .bind(new.client_id)
            .bind(new.tenant)
            .bind(stored_roles(new.roles))
            .bind(stored_time(new.now))
            .bind(stored_time(new.ends_at))
            .bind(new.subject)
            .bind(new.changes)
            .execute(&mut *transaction)
            .await?;
        if begun.rows_affected() != 1 {
            return Ok(false);
        }
        insert_issued(
            &mut transaction,
            &new.access_hash,
            new.id,
            new.access_expires_at,
        )
        .await?;
        insert_refresh(
            &mut transaction,
            &new.refresh_hash,
            new.id,
            new.now,
            new.ends_at,
        )
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// What the registry knows about a token.
    pub(crate) async fn issued(&self, hash: &[u8; 32]) -> Result<Option<Issued>, StoreError> {
        let statement = "SELECT s.subject, s.client_id, s.tenant, s.roles, s.id, t.expires_at, s.ends_at, s.ended_at, s.scope \
                         FROM issued_tokens t JOIN sessions s ON s.id = t.session WHERE t.hash = ?";
        let row: Option<IssuedColumns> = sqlx::query_as(statement)
            .bind(hash.as_slice())
            .fetch_optional(&self.reads)
            .await?;
        row.map(
            |(
                subject,
                client_id,
                tenant,
                roles,
                session,
                token_ends,
                session_ends,
                ended,
                scope,
            )| {
                Ok(Issued {
                    subject,
                    client_id,
                    tenant,
                    roles: read_roles(&roles)?,
                    scope: read_scope(scope),
                    session,
                    token_expires_at: read_time(token_ends),
                    session_ends_at: read_time(session_ends),
                    session_ended: ended.is_some(),
                })
            },
        )
        .transpose()
    }

    pub(crate) async fn session(&self, id: &str) -> Result<Option<SessionRow>, StoreError> {
        let statement =
            "SELECT subject, client_id, tenant, ends_at, ended_at FROM sessions WHERE id = ?";
        let row: Option<(String, String, String, i64, Option<i64>)> = sqlx::query_as(statement)
            .bind(id)
            .fetch_optional(&self.reads)
            .await?;
        Ok(
            row.map(|(subject, client_id, tenant, ends, ended)| SessionRow {
                subject,
                client_id,
                tenant,
                ends_at: read_time(ends),
                ended: ended.is_some(),
            }),
        )
    }

    /// Ends a session; says `false` when it had ended before or never was.
    pub(crate) async fn end_session(
        &self,
        id: &str,
        because: &str,
        decision: &str,
        now: u64,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let ended = end_session(&mut transaction, id, because, decision, now).await?;
        transaction.commit().await?;
        Ok(ended)
    }

    /// Removes what can no longer change an answer: expired tokens, sessions past their absolute end with their families,
    /// join tokens, settled revocations of such sessions. Bounded per call; says whether there may be more.
    pub(crate) async fn clean(&self, now: u64) -> Result<bool, StoreError> {
        let mut removed_most = 0;
        for statement in [
            "DELETE FROM issued_tokens WHERE hash IN (SELECT hash FROM issued_tokens WHERE expires_at <= ? LIMIT ?)",
            "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE ends_at <= ? LIMIT ?)",
            "DELETE FROM waiting_requests WHERE hash IN (SELECT hash FROM waiting_requests WHERE expires_at <= ? LIMIT ?)",
            "DELETE FROM client_secrets WHERE hash IN (SELECT hash FROM client_secrets WHERE ended_at <= ? LIMIT ?)",
            "DELETE FROM join_tokens WHERE hash IN (SELECT hash FROM join_tokens WHERE expires_at <= ? LIMIT ?)",
            "DELETE FROM revocations WHERE number IN (SELECT number FROM revocations r WHERE settled_at <= ? \
             AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = r.session) LIMIT ?)",
        ] {
            let done = sqlx::query(statement)
                .bind(stored_time(now))
                .bind(CLEANED_MAX)
                .execute(&self.writes)
                .await?;
            removed_most = removed_most.max(done.rows_affected());
        }
        Ok(removed_most >= CLEANED_MAX.unsigned_abs())
    }
}

pub(super) async fn insert_issued(
    transaction: &mut Transaction<'static, Sqlite>,
    hash: &[u8; 32],
    session: &str,
    expires_at: u64,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO issued_tokens (hash, session, expires_at) VALUES (?, ?, ?)")
        .bind(hash.as_slice())
        .bind(session)
        .bind(stored_time(expires_at))
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

pub(super) async fn insert_refresh(
    transaction: &mut Transaction<'static, Sqlite>,
    hash: &[u8; 32],
    session: &str,
    now: u64,
    ends_at: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO refresh_tokens (hash, session, issued_at, ends_at) VALUES (?, ?, ?, ?)",
    )
    .bind(hash.as_slice())
    .bind(session)
    .bind(stored_time(now))
    .bind(stored_time(ends_at))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
