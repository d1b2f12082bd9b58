//! Codes, and the sessions that begin with them or with a client of its own.

use sqlx::{Sqlite, Transaction};

use super::refresh::{Minted, SessionFacts};
use super::revocations::end_session;
use super::sessions::{insert_issued, insert_refresh};
use super::{
    Store, StoreError, read_roles, read_scope, read_time, stored_roles, stored_scope, stored_time,
};

/// A session that a user agreed to, with the code for its client.
#[derive(Debug)]
pub(crate) struct NewGrant<'a> {
    pub(crate) facts: &'a SessionFacts,
    /// [`UserRow::changes`](super::UserRow::changes) when the password was compared.
    pub(crate) changes: i64,
    pub(crate) now: u64,
    pub(crate) code: [u8; 32],
    pub(crate) code_expires_at: u64,
    pub(crate) redirect_uri: &'a str,
    pub(crate) challenge: &'a str,
}

/// A session of a client for itself, with its only token.
#[derive(Debug)]
pub(crate) struct OwnSession<'a> {
    pub(crate) facts: &'a SessionFacts,
    pub(crate) now: u64,
    pub(crate) access_hash: [u8; 32],
    pub(crate) access_expires_at: u64,
}

/// What is stored about a presented code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredCode {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) expires_at: u64,
    pub(crate) used: bool,
    pub(crate) session_ended: bool,
}

/// Why a code is not exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CodeRefusal {
    /// We never gave it out, or it is long gone.
    #[error("code is unknown")]
    Unknown,
    /// It was used before: somebody has a copy. What came of the first use ends (RFC 6749 §4.1.2).
    #[error("code was used before")]
    Reused,
    /// It was given to another client.
    #[error("code belongs to another client")]
    Client,
    /// Its minute is over.
    #[error("code has expired")]
    Expired,
    /// The session was ended meanwhile.
    #[error("session has ended")]
    Ended,
    /// It was sent somewhere else.
    #[error("redirect URI differs from the request's")]
    RedirectUri,
    /// The verifier is not the one behind the challenge.
    #[error("verifier does not match the challenge")]
    Verifier,
}

/// An exchange to attempt.
pub(crate) struct Redeem<'a> {
    pub(crate) code: [u8; 32],
    /// Stored with the access token, for clients that refresh.
    pub(crate) refresh: Option<[u8; 32]>,
    pub(crate) judge: &'a (dyn Fn(&StoredCode) -> Result<(), CodeRefusal> + Sync),
    pub(crate) decision: &'a str,
    pub(crate) now: u64,
}

/// What became of it.
pub(crate) enum Redeemed {
    /// The tokens are stored.
    Done(SessionFacts, Minted),
    /// Refused; after a second use the session has ended.
    Refused(CodeRefusal, Option<SessionFacts>),
}

impl Store {
    /// Begins a session and keeps its code; says `false` when the user was disabled or otherwise changed meanwhile.
    pub(crate) async fn begin_grant(&self, new: &NewGrant<'_>) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let statement = "INSERT INTO sessions (id, subject, client_id, tenant, roles, scope, started_at, ends_at) \
                         SELECT ?, subject, ?, ?, ?, ?, ?, ? FROM users WHERE subject = ? AND disabled_at IS NULL AND changes = ?";
        let begun = sqlx::query(statement)
            .bind(&new.facts.session)
            .bind(&new.facts.client_id)
            .bind(&new.facts.tenant)
            .bind(stored_roles(&new.facts.roles))
            .bind(stored_scope(new.facts.scope.as_deref()))
            .bind(stored_time(new.now))
            .bind(stored_time(new.facts.ends_at))
            .bind(&new.facts.subject)
            .bind(new.changes)
            .execute(&mut *transaction)
            .await?;
        if begun.rows_affected() != 1 {
            return Ok(false);
        }
        let statement = "INSERT INTO codes (hash, session, redirect_uri, challenge, expires_at) VALUES (?, ?, ?, ?, ?)";
        sqlx::query(statement)
            .bind(new.code.as_slice())
            .bind(&new.facts.session)
            .bind(new.redirect_uri)
            .bind(new.challenge)
            .bind(stored_time(new.code_expires_at))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Begins a client's own session with its token. The client gets a row among the users, under a name that nobody can log in
    /// with, so that every session has a subject.
    pub(crate) async fn begin_own(&self, new: &OwnSession<'_>) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let statement = "INSERT INTO users (subject, username, password, tenant, roles, created_at) VALUES (?1, ?1, '', ?2, ?3, ?4) \
                         ON CONFLICT (subject) DO UPDATE SET tenant = excluded.tenant, roles = excluded.roles";
        sqlx::query(statement)
            .bind(&new.facts.subject)
            .bind(&new.facts.tenant)
            .bind(stored_roles(&new.facts.roles))
            .bind(stored_time(new.now))
            .execute(&mut *transaction)
            .await?;
        let statement = "INSERT INTO sessions (id, subject, client_id, tenant, roles, scope, started_at, ends_at) \
                         VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        sqlx::query(statement)
            .bind(&new.facts.session)
            .bind(&new.facts.subject)
            .bind(&new.facts.client_id)
            .bind(&new.facts.tenant)
            .bind(stored_roles(&new.facts.roles))
            .bind(stored_scope(new.facts.scope.as_deref()))
            .bind(stored_time(new.now))
            .bind(stored_time(new.facts.ends_at))
            .execute(&mut *transaction)
            .await?;
        let session = &new.facts.session;
        insert_issued(
            &mut transaction,
            &new.access_hash,
            session,
            new.access_expires_at,
        )
        .await?;
        Ok(transaction.commit().await?)
    }

    /// Judges the presented code and, in the same transaction, marks it used and stores the tokens that `mint` signs; or, when
    /// it was used before, ends its session. The writer's place is taken before the code is read, so that of two attempts with
    /// one code exactly one finds it unused.
    pub(crate) async fn redeem<E: From<StoreError>>(
        &self,
        attempt: &Redeem<'_>,
        mint: &(dyn Fn(&SessionFacts) -> Result<Minted, E> + Sync),
    ) -> Result<Redeemed, E> {
        let mut transaction = self.write().await?;
        let Some((stored, facts)) = find(&mut transaction, &attempt.code).await? else {
            return Ok(Redeemed::Refused(CodeRefusal::Unknown, None));
        };
        if let Err(refusal) = (attempt.judge)(&stored) {
            if refusal == CodeRefusal::Reused {
                let because = "code used twice";
                end_session(
                    &mut transaction,
                    &facts.session,
                    because,
                    attempt.decision,
                    attempt.now,
                )
                .await?;
                transaction.commit().await.map_err(StoreError::Sql)?;
            }
            return Ok(Redeemed::Refused(refusal, Some(facts)));
        }
        let minted = mint(&facts)?;
        sqlx::query("UPDATE codes SET used_at = ? WHERE hash = ?")
            .bind(stored_time(attempt.now))
            .bind(attempt.code.as_slice())
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::Sql)?;
        insert_issued(
            &mut transaction,
            &minted.hash,
            &facts.session,
            minted.expires_at,
        )
        .await?;
        if let Some(refresh) = &attempt.refresh {
            insert_refresh(
                &mut transaction,
                refresh,
                &facts.session,
                attempt.now,
                facts.ends_at,
            )
            .await?;
        }
        transaction.commit().await.map_err(StoreError::Sql)?;
        Ok(Redeemed::Done(facts, minted))
    }

    /// The live session of a client's access or refresh token.
    pub(crate) async fn session_of_token(
        &self,
        hash: &[u8; 32],
        client_id: &str,
    ) -> Result<Option<String>, StoreError> {
        let statement = "SELECT s.id FROM sessions s WHERE s.client_id = ?2 AND s.ended_at IS NULL AND \
                         (s.id = (SELECT session FROM issued_tokens WHERE hash = ?1) \
                          OR s.id = (SELECT session FROM refresh_tokens WHERE hash = ?1))";
        Ok(sqlx::query_scalar(statement)
            .bind(hash.as_slice())
            .bind(client_id)
            .fetch_optional(&self.reads)
            .await?)
    }
}

type Found = (
    String,
    String,
    i64,
    Option<i64>,
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    i64,
    Option<i64>,
);

async fn find(
    transaction: &mut Transaction<'static, Sqlite>,
    code: &[u8; 32],
) -> Result<Option<(StoredCode, SessionFacts)>, StoreError> {
    let statement = "SELECT c.redirect_uri, c.challenge, c.expires_at, c.used_at, \
                     s.id, s.subject, s.client_id, s.tenant, s.roles, s.scope, s.ends_at, s.ended_at \
                     FROM codes c JOIN sessions s ON s.id = c.session WHERE c.hash = ?";
    let row: Option<Found> = sqlx::query_as(statement)
        .bind(code.as_slice())
        .fetch_optional(&mut **transaction)
        .await?;
    row.map(
        |(
            redirect_uri,
            challenge,
            expires,
            used,
            session,
            subject,
            client_id,
            tenant,
            roles,
            scope,
            ends,
            ended,
        )| {
            let stored = StoredCode {
                client_id: client_id.clone(),
                redirect_uri,
                challenge,
                expires_at: read_time(expires),
                used: used.is_some(),
                session_ended: ended.is_some(),
            };
            let facts = SessionFacts {
                session,
                subject,
                client_id,
                tenant,
                roles: read_roles(&roles)?,
                scope: read_scope(scope),
                ends_at: read_time(ends),
            };
            Ok((stored, facts))
        },
    )
    .transpose()
}
