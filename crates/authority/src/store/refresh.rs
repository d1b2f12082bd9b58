//! Rotation of refresh tokens, in one transaction.

use sqlx::{Sqlite, Transaction};

use crate::judge::{JudgeRotation, RotationRefusal, StoredRefresh};

use super::revocations::end_session;
use super::sessions::{insert_issued, insert_refresh};
use super::{Store, StoreError, read_roles, read_scope, read_time, stored_roles, stored_time};

/// A rotation to attempt.
pub(crate) struct Rotate<'a> {
    pub(crate) judge: &'a dyn JudgeRotation,
    pub(crate) presented: [u8; 32],
    pub(crate) successor: [u8; 32],
    pub(crate) client_id: &'a str,
    /// What the request asks for; never more than was granted.
    pub(crate) scope: Option<&'a [String]>,
    pub(crate) decision: &'a str,
    pub(crate) now: u64,
}

/// What the next access token is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionFacts {
    pub(crate) session: String,
    pub(crate) subject: String,
    pub(crate) client_id: String,
    pub(crate) tenant: String,
    pub(crate) roles: Vec<String>,
    /// What the grant was narrowed to; `None` for all that roles and client have in common.
    pub(crate) scope: Option<Vec<String>>,
    pub(crate) ends_at: u64,
}

/// A signed access token, not yet in the registry.
pub(crate) struct Minted {
    pub(crate) token: String,
    pub(crate) hash: [u8; 32],
    pub(crate) expires_at: u64,
    pub(crate) scope: String,
}

/// What became of the attempt.
pub(crate) enum Rotated {
    /// The successor and the new access token are stored.
    Done(SessionFacts, Minted),
    /// Refused; after a reuse the session has ended.
    Refused(RotationRefusal, Option<SessionFacts>),
}

impl Store {
    /// Judges the presented token and, in the same transaction, marks it used and stores its successor and the access token
    /// that `mint` signs; or, when it was used before, ends the session. The writer's place is taken before the token is read,
    /// so that of two attempts with one token exactly one finds it unused.
    pub(crate) async fn rotate<E: From<StoreError>>(
        &self,
        attempt: &Rotate<'_>,
        mint: &(dyn Fn(&SessionFacts) -> Result<Minted, E> + Sync),
    ) -> Result<Rotated, E> {
        let mut transaction = self.write().await?;
        let found = find(&mut transaction, &attempt.presented).await?;
        let (stored, facts) =
            found.map_or((None, None), |(stored, facts)| (Some(stored), Some(facts)));
        let verdict = attempt
            .judge
            .judge(attempt.client_id, stored.as_ref(), attempt.now)
            .and_then(|()| judge_scope(attempt.scope, facts.as_ref()));
        let (refusal, facts) = match (verdict, facts) {
            (Ok(()), Some(facts)) => {
                let minted = mint(&facts)?;
                store_successor(&mut transaction, attempt, &facts, &minted).await?;
                transaction.commit().await.map_err(StoreError::Sql)?;
                return Ok(Rotated::Done(facts, minted));
            }
            (Ok(()), None) => (RotationRefusal::Unknown, None),
            (Err(refusal), facts) => (refusal, facts),
        };
        if let (RotationRefusal::Reused, Some(facts)) = (refusal, &facts) {
            let because = "refresh token used twice";
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
        Ok(Rotated::Refused(refusal, facts))
    }
}

/// A refresh asks for what was granted or for nothing in particular (RFC 6749 §6). To ask for less is refused too: what an
/// exchange puts into internal tokens is the grant's, and a token that only looks narrower would be a lie.
fn judge_scope(
    asked: Option<&[String]>,
    facts: Option<&SessionFacts>,
) -> Result<(), RotationRefusal> {
    let (Some(asked), Some(facts)) = (asked, facts) else {
        return Ok(());
    };
    let same = facts.scope.as_ref().is_some_and(|granted| {
        granted.len() == asked.len() && asked.iter().all(|one| granted.contains(one))
    });
    if same {
        Ok(())
    } else {
        Err(RotationRefusal::Scope)
    }
}

type Found = (
    String,
    i64,
    Option<i64>,
    Option<i64>,
    String,
    String,
    String,
    String,
    Option<String>,
);

async fn find(
    transaction: &mut Transaction<'static, Sqlite>,
    presented: &[u8; 32],
) -> Result<Option<(StoredRefresh, SessionFacts)>, StoreError> {
    // Roles are read anew from the user: a refresh is where a change of roles takes effect.
    let statement = "SELECT r.session, r.ends_at, r.used_at, s.ended_at, s.subject, s.client_id, s.tenant, u.roles, s.scope \
                     FROM refresh_tokens r JOIN sessions s ON s.id = r.session JOIN users u ON u.subject = s.subject \
                     WHERE r.hash = ?";
    let row: Option<Found> = sqlx::query_as(statement)
        .bind(presented.as_slice())
        .fetch_optional(&mut **transaction)
        .await?;
    row.map(
        |(session, ends, used, ended, subject, client_id, tenant, roles, scope)| {
            let ends_at = read_time(ends);
            let stored = StoredRefresh {
                session: session.clone(),
                client_id: client_id.clone(),
                ends_at,
                used: used.is_some(),
                session_ended: ended.is_some(),
            };
            let roles = read_roles(&roles)?;
            Ok((
                stored,
                SessionFacts {
                    session,
                    subject,
                    client_id,
                    tenant,
                    roles,
                    scope: read_scope(scope),
                    ends_at,
                },
            ))
        },
    )
    .transpose()
}

async fn store_successor(
    transaction: &mut Transaction<'static, Sqlite>,
    attempt: &Rotate<'_>,
    facts: &SessionFacts,
    minted: &Minted,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE refresh_tokens SET used_at = ?, successor = ? WHERE hash = ?")
        .bind(stored_time(attempt.now))
        .bind(attempt.successor.as_slice())
        .bind(attempt.presented.as_slice())
        .execute(&mut **transaction)
        .await?;
    sqlx::query("UPDATE sessions SET roles = ? WHERE id = ?")
        .bind(stored_roles(&facts.roles))
        .bind(&facts.session)
        .execute(&mut **transaction)
        .await?;
    insert_refresh(
        transaction,
        &attempt.successor,
        &facts.session,
        attempt.now,
        facts.ends_at,
    )
    .await?;
    insert_issued(transaction, &minted.hash, &facts.session, minted.expires_at).await
}
