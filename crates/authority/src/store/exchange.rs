//! Sessions that come of an exchanged token (RFC 8693).
//!
//! The new token belongs to another client and may do less, so it has a session of its own, below the subject's. One for each
//! client, scope and chain of actors: exchanging often makes no more of them, and what ends with the subject's session is never
//! many.

use super::database::{Transaction, locking};
use super::refresh::{Minted, SessionFacts};
use super::sessions::insert_issued;
use super::{Store, StoreError, read_roles, read_time, stored_roles, stored_scope, stored_time};

/// An exchange to attempt.
#[derive(Debug)]
pub(crate) struct Exchange<'a> {
    /// Session of the subject's token.
    pub(crate) parent: &'a str,
    /// Name of the new session, if there is none yet.
    pub(crate) session: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) scope: &'a [String],
    /// Who acts, the last first.
    pub(crate) actors: &'a [String],
    /// Latest end of the new token, unix seconds.
    pub(crate) ends_at: u64,
    pub(crate) now: u64,
}

type Parent = (String, String, String, i64);

impl Store {
    /// Stores the token that `mint` signs in a session below the subject's; `None` when that one has ended meanwhile.
    pub(crate) async fn exchange<E: From<StoreError>>(
        &self,
        new: &Exchange<'_>,
        mint: &(dyn Fn(&SessionFacts) -> Result<Minted, E> + Sync),
    ) -> Result<Option<(SessionFacts, Minted)>, E> {
        let mut transaction = self.database.begin().await?;
        // The subject's session is locked: whoever ends it waits, and then finds the new one below it.
        let statement = locking!(
            "SELECT subject, tenant, roles, ends_at FROM sessions WHERE id = $1 AND ended_at IS NULL AND ends_at > $2",
            "FOR UPDATE"
        );
        let values = [new.parent.into(), stored_time(new.now).into()];
        let parent: Option<Parent> = transaction.row(statement, &values).await?;
        let Some((subject, tenant, roles, ends)) = parent else {
            return Ok(None);
        };
        let mut facts = SessionFacts {
            session: new.session.to_owned(),
            subject,
            client_id: new.client_id.to_owned(),
            tenant,
            roles: read_roles(&roles)?,
            scope: Some(new.scope.to_vec()),
            ends_at: read_time(ends),
        };
        if let Some(session) = find(&mut transaction, new).await? {
            let statement = "UPDATE sessions SET roles = $1 WHERE id = $2";
            let values = [(&roles).into(), (&session).into()];
            transaction.execute(statement, &values).await?;
            facts.session = session;
        } else {
            insert(&mut transaction, new, &facts).await?;
        }
        facts.ends_at = facts.ends_at.min(new.ends_at);
        let minted = mint(&facts)?;
        let hash = self.key.of(&minted.hash);
        insert_issued(&mut transaction, &hash, &facts.session, minted.expires_at).await?;
        transaction.commit().await?;
        Ok(Some((facts, minted)))
    }
}

/// The live session of an earlier exchange of the same kind.
async fn find(
    transaction: &mut Transaction,
    new: &Exchange<'_>,
) -> Result<Option<String>, StoreError> {
    let statement = "SELECT id FROM sessions WHERE parent = $1 AND client_id = $2 AND scope = $3 AND actors = $4 \
                     AND ended_at IS NULL ORDER BY id LIMIT 1";
    let (scope, actors) = (stored_scope(Some(new.scope)), stored_roles(new.actors));
    let values = [
        new.parent.into(),
        new.client_id.into(),
        scope.as_deref().into(),
        (&actors).into(),
    ];
    let row: Option<(String,)> = transaction.row(statement, &values).await?;
    Ok(row.map(|(session,)| session))
}

async fn insert(
    transaction: &mut Transaction,
    new: &Exchange<'_>,
    facts: &SessionFacts,
) -> Result<(), StoreError> {
    let statement = "INSERT INTO sessions (id, client_id, tenant, roles, scope, started_at, ends_at, subject, parent, actors) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let (scope, actors) = (stored_scope(Some(new.scope)), stored_roles(new.actors));
    let roles = stored_roles(&facts.roles);
    let values = [
        (&facts.session).into(),
        (&facts.client_id).into(),
        (&facts.tenant).into(),
        (&roles).into(),
        scope.as_deref().into(),
        stored_time(new.now).into(),
        stored_time(facts.ends_at).into(),
        (&facts.subject).into(),
        new.parent.into(),
        (&actors).into(),
    ];
    transaction.execute(statement, &values).await.map(drop)
}
