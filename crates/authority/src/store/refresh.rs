//! Rotation of refresh tokens, in one transaction.

use crate::judge::{JudgeRotation, RotationRefusal, StoredRefresh};

use super::database::{Transaction, locking};
use super::revocations::end_session;
use super::sessions::{insert_issued, insert_refresh};
use super::{Store, StoreError, read_roles, read_time, stored_roles, stored_time};

/// A rotation to attempt.
pub(crate) struct Rotate<'a> {
    pub(crate) judge: &'a dyn JudgeRotation,
    pub(crate) presented: [u8; 32],
    pub(crate) successor: [u8; 32],
    pub(crate) client_id: &'a str,
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
    /// that `mint` signs; or, when it was used before, ends the session. The token is read so that nobody else can use it
    /// meanwhile: of two attempts with one token exactly one finds it unused.
    pub(crate) async fn rotate<E: From<StoreError>>(
        &self,
        attempt: &Rotate<'_>,
        mint: &(dyn Fn(&SessionFacts) -> Result<Minted, E> + Sync),
    ) -> Result<Rotated, E> {
        let mut transaction = self.database.begin().await?;
        let found = find(&mut transaction, &attempt.presented).await?;
        let (stored, facts) =
            found.map_or((None, None), |(stored, facts)| (Some(stored), Some(facts)));
        let verdict = attempt
            .judge
            .judge(attempt.client_id, stored.as_ref(), attempt.now);
        let (refusal, facts) = match (verdict, facts) {
            (Ok(()), Some(facts)) => {
                let minted = mint(&facts)?;
                store_successor(&mut transaction, attempt, &facts, &minted).await?;
                transaction.commit().await?;
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
            transaction.commit().await?;
        }
        Ok(Rotated::Refused(refusal, facts))
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
);

async fn find(
    transaction: &mut Transaction,
    presented: &[u8; 32],
) -> Result<Option<(StoredRefresh, SessionFacts)>, StoreError> {
    // Roles are read anew from the user: a refresh is where a change of roles takes effect.
    // Token and session are locked: a second use, an operator's change and a logout wait until this one is over.
    let statement = locking!(
        "SELECT r.session, r.ends_at, r.used_at, s.ended_at, s.subject, s.client_id, s.tenant, u.roles \
         FROM refresh_tokens r JOIN sessions s ON s.id = r.session JOIN users u ON u.subject = s.subject \
         WHERE r.hash = $1",
        "FOR UPDATE OF r, s"
    );
    let row: Option<Found> = transaction.row(statement, &[presented.into()]).await?;
    row.map(
        |(session, ends, used, ended, subject, client_id, tenant, roles)| {
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
                    ends_at,
                },
            ))
        },
    )
    .transpose()
}

async fn store_successor(
    transaction: &mut Transaction,
    attempt: &Rotate<'_>,
    facts: &SessionFacts,
    minted: &Minted,
) -> Result<(), StoreError> {
    let used = [
        stored_time(attempt.now).into(),
        (&attempt.successor).into(),
        (&attempt.presented).into(),
    ];
    transaction
        .execute(
            "UPDATE refresh_tokens SET used_at = $1, successor = $2 WHERE hash = $3",
            &used,
        )
        .await?;
    let roles = stored_roles(&facts.roles);
    transaction
        .execute(
            "UPDATE sessions SET roles = $1 WHERE id = $2",
            &[(&roles).into(), (&facts.session).into()],
        )
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
