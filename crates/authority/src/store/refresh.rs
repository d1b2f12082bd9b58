//! Rotation of refresh tokens, in one transaction.

use vauban_secret::Secret;

use crate::identifier::token_hash;
use crate::judge::{JudgeRotation, RotationRefusal, StoredRefresh};

use super::database::{Transaction, locking};
use super::grace::{Sealed, forget};
use super::keyed::HashKey;
use super::revocations::end_session;
use super::sessions::{insert_issued, insert_refresh};
use super::{Store, StoreError, read_roles, read_scope, read_time, stored_roles, stored_time};

/// A rotation to attempt.
pub(crate) struct Rotate<'a> {
    pub(crate) judge: &'a dyn JudgeRotation,
    pub(crate) presented: &'a [u8],
    pub(crate) successor: &'a [u8],
    pub(crate) client_id: &'a str,
    /// What the request asks for; never more than was granted.
    pub(crate) scope: Option<&'a [String]>,
    pub(crate) times: RefreshTimes,
    pub(crate) decision: &'a str,
    pub(crate) now: u64,
}

/// What the plan says of refresh tokens besides their absolute end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RefreshTimes {
    /// For so long a used one gives its successor once more; 0 for never.
    pub(crate) grace_seconds: u32,
    /// For so long one stays good unused.
    pub(crate) idle_seconds: u32,
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
    /// Used before, within the grace: a new access token is stored, and the successor is the one of the first use.
    Again(SessionFacts, Minted, Secret),
    /// Refused; after a reuse the session has ended.
    Refused(RotationRefusal, Option<SessionFacts>),
}

impl Store {
    /// Judges the presented token and, in the same transaction, marks it used and stores its successor and the access token
    /// that `mint` signs; or, when it was used before, gives the same successor again within the grace and ends the session after
    /// it. The token is read so that nobody else can use it
    /// meanwhile: of two attempts with one token exactly one finds it unused.
    pub(crate) async fn rotate<E: From<StoreError>>(
        &self,
        attempt: &Rotate<'_>,
        mint: &(dyn Fn(&SessionFacts) -> Result<Minted, E> + Sync),
    ) -> Result<Rotated, E> {
        let mut transaction = self.database.begin().await?;
        let (stored, facts, kept) = match self.find(&mut transaction, attempt).await? {
            Some((stored, facts, kept)) => (Some(stored), Some(facts), kept),
            None => (None, None, Kept::default()),
        };
        let verdict = attempt
            .judge
            .judge(attempt.client_id, stored.as_ref(), attempt.now)
            .and_then(|()| judge_scope(attempt.scope, facts.as_ref()));
        let (refusal, facts) = match (verdict, facts) {
            (Ok(()), Some(facts)) => {
                let again = kept
                    .sealed
                    .map(|sealed| sealed.open(&self.key, attempt.presented, &facts.session))
                    .transpose()?;
                let minted = mint(&facts)?;
                if again.is_none() {
                    store_successor(&mut transaction, &self.key, attempt, &facts).await?;
                    if kept.follows {
                        forget(
                            &mut transaction,
                            &self.key.of(&token_hash(attempt.presented)),
                        )
                        .await?;
                    }
                }
                store_access(&mut transaction, &self.key, &facts, &minted).await?;
                transaction.commit().await?;
                return Ok(match again {
                    Some(successor) => Rotated::Again(facts, minted, successor),
                    None => Rotated::Done(facts, minted),
                });
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

    async fn find(
        &self,
        transaction: &mut Transaction,
        attempt: &Rotate<'_>,
    ) -> Result<Option<(StoredRefresh, SessionFacts, Kept)>, StoreError> {
        // Roles are read anew from the user: a refresh is where a change of roles takes effect.
        // Token and session are locked: a second use, an operator's change and a logout wait until this one is over.
        let statement = locking!(
            "SELECT r.session, r.ends_at, r.issued_at, r.used_at, r.grace_ends_at, r.sealed, r.predecessor, \
             s.ended_at, s.subject, s.client_id, s.tenant, u.roles, s.scope \
             FROM refresh_tokens r JOIN sessions s ON s.id = r.session JOIN users u ON u.subject = s.subject \
             WHERE r.hash = $1",
            "FOR UPDATE OF r, s"
        );
        let presented = self.key.of(&token_hash(attempt.presented));
        let row: Option<Found> = transaction.row(statement, &[(&presented).into()]).await?;
        row.map(|row| read(row, attempt.times)).transpose()
    }
}

/// What else a row tells: the sealed successor, and whether the token is itself somebody's successor.
#[derive(Debug, Default)]
struct Kept {
    sealed: Option<Sealed>,
    follows: bool,
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
    i64,
    Option<i64>,
    Option<i64>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Option<i64>,
    String,
    String,
    String,
    String,
    Option<String>,
);

fn read(
    row: Found,
    times: RefreshTimes,
) -> Result<(StoredRefresh, SessionFacts, Kept), StoreError> {
    let (session, ends, issued, used, grace_ends, sealed, predecessor, ended, ..) = row;
    let (.., subject, client_id, tenant, roles, scope) = row;
    let ends_at = read_time(ends);
    // The plan of now, too: who switches the grace off switches it off for what was used a moment ago.
    let again_until = used.zip(grace_ends).map(|(used, grace_ends)| {
        let now_said = read_time(used).saturating_add(times.grace_seconds.into());
        read_time(grace_ends).min(now_said)
    });
    let kept = Kept {
        sealed: sealed.map(Sealed::of_row),
        follows: predecessor.is_some(),
    };
    let stored = StoredRefresh {
        session: session.clone(),
        client_id: client_id.clone(),
        ends_at,
        idle_ends_at: read_time(issued).saturating_add(times.idle_seconds.into()),
        used: used.is_some(),
        again_until,
        session_ended: ended.is_some(),
    };
    let facts = SessionFacts {
        session,
        subject,
        client_id,
        tenant,
        roles: read_roles(&roles)?,
        scope: read_scope(scope),
        ends_at,
    };
    Ok((stored, facts, kept))
}

async fn store_successor(
    transaction: &mut Transaction,
    key: &HashKey,
    attempt: &Rotate<'_>,
    facts: &SessionFacts,
) -> Result<(), StoreError> {
    let presented = key.of(&token_hash(attempt.presented));
    let successor = key.of(&token_hash(attempt.successor));
    let grace_seconds = u64::from(attempt.times.grace_seconds);
    let (session, now) = (&facts.session, stored_time(attempt.now));
    if grace_seconds == 0 {
        let statement = "UPDATE refresh_tokens SET used_at = $1, successor = $2 WHERE hash = $3";
        let values = [now.into(), (&successor).into(), (&presented).into()];
        transaction.execute(statement, &values).await?;
        return insert_refresh(transaction, &successor, session, attempt.now, facts.ends_at).await;
    }
    let sealed = Sealed::new(key, attempt.presented, attempt.successor, session)?;
    let grace_ends_at = attempt.now.saturating_add(grace_seconds);
    let statement = "UPDATE refresh_tokens SET used_at = $1, successor = $2, sealed = $3, grace_ends_at = $4 WHERE hash = $5";
    let values = [
        now.into(),
        (&successor).into(),
        (&sealed).into(),
        stored_time(grace_ends_at).into(),
        (&presented).into(),
    ];
    transaction.execute(statement, &values).await?;
    let statement = "INSERT INTO refresh_tokens (hash, session, issued_at, ends_at, predecessor) VALUES ($1, $2, $3, $4, $5)";
    let values = [
        (&successor).into(),
        session.into(),
        now.into(),
        stored_time(facts.ends_at).into(),
        (&presented).into(),
    ];
    transaction.execute(statement, &values).await.map(drop)
}

async fn store_access(
    transaction: &mut Transaction,
    key: &HashKey,
    facts: &SessionFacts,
    minted: &Minted,
) -> Result<(), StoreError> {
    let roles = stored_roles(&facts.roles);
    let statement = "UPDATE sessions SET roles = $1 WHERE id = $2";
    let values = [(&roles).into(), (&facts.session).into()];
    transaction.execute(statement, &values).await?;
    let access = key.of(&minted.hash);
    insert_issued(transaction, &access, &facts.session, minted.expires_at).await
}
