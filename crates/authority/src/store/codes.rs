//! Codes, and the sessions that begin with them or with a client of its own.

use super::database::{Transaction, Value, locking};
use super::keyed::Keyed;
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
        let mut transaction = self.database.begin().await?;
        // The user is locked, as when a session begins with a password.
        let statement = locking!(
            "INSERT INTO sessions (id, client_id, tenant, roles, scope, started_at, ends_at, subject) \
             SELECT $1, $2, $3, $4, $5, $6, $7, subject FROM users WHERE subject = $8 AND disabled_at IS NULL AND changes = $9",
            "FOR SHARE"
        );
        let stored = StoredFacts::of(new.facts, new.now);
        let mut values = stored.values().to_vec();
        values.push(new.changes.into());
        if transaction.execute(statement, &values).await? != 1 {
            return Ok(false);
        }
        let statement = "INSERT INTO codes (hash, session, redirect_uri, challenge, expires_at) VALUES ($1, $2, $3, $4, $5)";
        let code = self.key.of(&new.code);
        let values = [
            (&code).into(),
            (&new.facts.session).into(),
            new.redirect_uri.into(),
            new.challenge.into(),
            stored_time(new.code_expires_at).into(),
        ];
        transaction.execute(statement, &values).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Begins a client's own session with its token. The client gets a row among the users, under a name that nobody can log in
    /// with, so that every session has a subject.
    pub(crate) async fn begin_own(&self, new: &OwnSession<'_>) -> Result<(), StoreError> {
        let mut transaction = self.database.begin().await?;
        // Written when something differs only: one row for all tokens of a client would be a queue for them.
        let statement = "INSERT INTO users (subject, username, password, tenant, roles, created_at) SELECT $1, $1, '', $2, $3, $4 \
                         WHERE NOT EXISTS (SELECT 1 FROM users WHERE subject = $1 AND tenant = $2 AND roles = $3) \
                         ON CONFLICT (subject) DO UPDATE SET tenant = excluded.tenant, roles = excluded.roles";
        let stored = StoredFacts::of(new.facts, new.now);
        let values = [
            (&new.facts.subject).into(),
            (&new.facts.tenant).into(),
            (&stored.roles).into(),
            stored.now.into(),
        ];
        transaction.execute(statement, &values).await?;
        let statement = "INSERT INTO sessions (id, client_id, tenant, roles, scope, started_at, ends_at, subject) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        transaction.execute(statement, &stored.values()).await?;
        insert_issued(
            &mut transaction,
            &self.key.of(&new.access_hash),
            &new.facts.session,
            new.access_expires_at,
        )
        .await?;
        transaction.commit().await
    }

    /// Judges the presented code and, in the same transaction, marks it used and stores the tokens that `mint` signs; or, when
    /// it was used before, ends its session. The code is read so that nobody else can use it meanwhile: of two attempts with one
    /// code exactly one finds it unused.
    pub(crate) async fn redeem<E: From<StoreError>>(
        &self,
        attempt: &Redeem<'_>,
        mint: &(dyn Fn(&SessionFacts) -> Result<Minted, E> + Sync),
    ) -> Result<Redeemed, E> {
        let code = self.key.of(&attempt.code);
        let mut transaction = self.database.begin().await?;
        let Some((stored, facts)) = find(&mut transaction, &code).await? else {
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
                transaction.commit().await?;
            }
            return Ok(Redeemed::Refused(refusal, Some(facts)));
        }
        let minted = mint(&facts)?;
        let used = [stored_time(attempt.now).into(), (&code).into()];
        transaction
            .execute("UPDATE codes SET used_at = $1 WHERE hash = $2", &used)
            .await?;
        insert_issued(
            &mut transaction,
            &self.key.of(&minted.hash),
            &facts.session,
            minted.expires_at,
        )
        .await?;
        if let Some(refresh) = &attempt.refresh {
            insert_refresh(
                &mut transaction,
                &self.key.of(refresh),
                &facts.session,
                attempt.now,
                facts.ends_at,
            )
            .await?;
        }
        transaction.commit().await?;
        Ok(Redeemed::Done(facts, minted))
    }

    /// The live session of a client's access or refresh token.
    pub(crate) async fn session_of_token(
        &self,
        hash: &[u8; 32],
        client_id: &str,
    ) -> Result<Option<String>, StoreError> {
        let statement = "SELECT s.id FROM sessions s WHERE s.client_id = $2 AND s.ended_at IS NULL AND \
                         (s.id = (SELECT session FROM issued_tokens WHERE hash = $1) \
                          OR s.id = (SELECT session FROM refresh_tokens WHERE hash = $1))";
        let hash = self.key.of(hash);
        let values = [(&hash).into(), client_id.into()];
        let row: Option<(String,)> = self.database.row(statement, &values).await?;
        Ok(row.map(|(session,)| session))
    }
}

/// A session's facts as its columns hold them.
struct StoredFacts<'a> {
    facts: &'a SessionFacts,
    roles: String,
    scope: Option<String>,
    now: i64,
}

impl<'a> StoredFacts<'a> {
    fn of(facts: &'a SessionFacts, now: u64) -> Self {
        Self {
            facts,
            roles: stored_roles(&facts.roles),
            scope: stored_scope(facts.scope.as_deref()),
            now: stored_time(now),
        }
    }

    /// Id, client, tenant, roles, scope, beginning, end, subject.
    fn values(&self) -> [Value<'_>; 8] {
        [
            (&self.facts.session).into(),
            (&self.facts.client_id).into(),
            (&self.facts.tenant).into(),
            (&self.roles).into(),
            self.scope.as_deref().into(),
            self.now.into(),
            stored_time(self.facts.ends_at).into(),
            (&self.facts.subject).into(),
        ]
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
    transaction: &mut Transaction,
    code: &Keyed,
) -> Result<Option<(StoredCode, SessionFacts)>, StoreError> {
    // Code and session are locked: a second use, an operator's change and a logout wait until this one is over.
    let statement = locking!(
        "SELECT c.redirect_uri, c.challenge, c.expires_at, c.used_at, \
         s.id, s.subject, s.client_id, s.tenant, s.roles, s.scope, s.ends_at, s.ended_at \
         FROM codes c JOIN sessions s ON s.id = c.session WHERE c.hash = $1",
        "FOR UPDATE OF c, s"
    );
    let row: Option<Found> = transaction.row(statement, &[code.into()]).await?;
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
