//! Sessions and the registry of issued tokens.

use std::time::Duration;

use tokio::time::sleep;

use crate::judge::Issued;

use super::database::{Sql, Transaction, locking};
use super::keyed::Keyed;
use super::revocations::end_session;
use super::{Store, StoreError, read_roles, read_scope, read_time, stored_roles, stored_time};

/// Rows that one round of cleaning removes from each table, so that a writer never waits long.
pub(super) const CLEANED_MAX: i64 = 100;
/// Between two steps of cleaning the writer's place is free for this long.
pub(super) const CLEAN_PAUSE: Duration = Duration::from_millis(5);

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

/// A removal whose inner `SELECT` is still open, closed as each database needs it.
macro_rules! expired {
    ($text:literal) => {
        Sql {
            sqlite: concat!($text, ")"),
            postgres: concat!($text, " FOR UPDATE SKIP LOCKED)"),
        }
    };
}

pub(super) use expired;

/// The sessions that one round may touch: looking for rows among all that are over would take longer the more there are.
macro_rules! first_ended {
    () => {
        "(SELECT id FROM sessions WHERE ends_at <= $1 ORDER BY ends_at LIMIT $2)"
    };
}

/// The removal of whatever belongs to sessions past their absolute end.
macro_rules! of_ended {
    ($table:literal) => {
        Sql {
            sqlite: of_ended!($table, ")"),
            postgres: of_ended!($table, " FOR UPDATE SKIP LOCKED)"),
        }
    };
    ($table:literal, $end:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE hash IN (SELECT hash FROM ",
            $table,
            " WHERE session IN ",
            first_ended!(),
            " LIMIT $2",
            $end
        )
    };
}

/// The removal of sessions past their absolute end that nothing belongs to any more.
macro_rules! ended_alone {
    ($end:literal) => {
        concat!(
            "DELETE FROM sessions WHERE id IN (SELECT s.id FROM sessions s WHERE s.id IN ",
            first_ended!(),
            " AND NOT EXISTS (SELECT 1 FROM refresh_tokens o WHERE o.session = s.id)",
            " AND NOT EXISTS (SELECT 1 FROM issued_tokens o WHERE o.session = s.id)",
            " AND NOT EXISTS (SELECT 1 FROM codes o WHERE o.session = s.id)",
            $end
        )
    };
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
    Option<String>,
);

/// Sessions that an operator sees at a time.
const LISTED_MAX: i64 = 1_000;

/// A live session, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSession {
    /// Its name: `sid` in tokens, `session` in records.
    pub id: String,
    /// Whose it is.
    pub subject: String,
    /// The client that its tokens were issued to.
    pub client_id: String,
    /// When it began, unix seconds.
    pub started_at: u64,
    /// When it ends by itself, unix seconds.
    pub ends_at: u64,
}

/// Which sessions.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// Those of this subject only.
    pub subject: Option<String>,
    /// Those of this client only.
    pub client_id: Option<String>,
}

impl Store {
    /// Live sessions, the newest first; at most a thousand.
    pub(crate) async fn live_sessions(
        &self,
        sought: &Sought,
        now: u64,
    ) -> Result<Vec<LiveSession>, StoreError> {
        let statement = "SELECT id, subject, client_id, started_at, ends_at FROM sessions \
                         WHERE ended_at IS NULL AND ends_at > $1 \
                         AND ($2 = '' OR subject = $2) AND ($3 = '' OR client_id = $3) \
                         ORDER BY started_at DESC, id LIMIT $4";
        let text = |wanted: &Option<String>| wanted.clone().unwrap_or_default();
        let (subject, client_id) = (text(&sought.subject), text(&sought.client_id));
        let values = [
            stored_time(now).into(),
            (&subject).into(),
            (&client_id).into(),
            LISTED_MAX.into(),
        ];
        let rows: Vec<(String, String, String, i64, i64)> =
            self.database.rows(statement, &values).await?;
        let live = |(id, subject, client_id, started, ends)| LiveSession {
            id,
            subject,
            client_id,
            started_at: read_time(started),
            ends_at: read_time(ends),
        };
        Ok(rows.into_iter().map(live).collect())
    }

    /// Begins a session; says `false` when the user was disabled or otherwise changed meanwhile.
    pub(crate) async fn begin_session(&self, new: &NewSession<'_>) -> Result<bool, StoreError> {
        let mut transaction = self.database.begin().await?;
        // The user is locked: a change waits, and then finds this session among those that it ends.
        let statement = locking!(
            "INSERT INTO sessions (id, subject, client_id, tenant, roles, started_at, ends_at) \
             SELECT $1, subject, $2, $3, $4, $5, $6 FROM users WHERE subject = $7 AND disabled_at IS NULL AND changes = $8",
            "FOR SHARE"
        );
        let roles = stored_roles(new.roles);
        let values = [
            new.id.into(),
            new.client_id.into(),
            new.tenant.into(),
            (&roles).into(),
            stored_time(new.now).into(),
            stored_time(new.ends_at).into(),
            new.subject.into(),
            new.changes.into(),
        ];
        if transaction.execute(statement, &values).await? != 1 {
            return Ok(false);
        }
        insert_issued(
            &mut transaction,
            &self.key.of(&new.access_hash),
            new.id,
            new.access_expires_at,
        )
        .await?;
        insert_refresh(
            &mut transaction,
            &self.key.of(&new.refresh_hash),
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
        let statement = "SELECT s.subject, s.client_id, s.tenant, s.roles, s.id, t.expires_at, s.ends_at, s.ended_at, s.scope, s.actors \
                         FROM issued_tokens t JOIN sessions s ON s.id = t.session WHERE t.hash = $1";
        let row: Option<IssuedColumns> = self
            .database
            .row(statement, &[(&self.key.of(hash)).into()])
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
                actors,
            )| {
                Ok(Issued {
                    subject,
                    client_id,
                    tenant,
                    roles: read_roles(&roles)?,
                    scope: read_scope(scope),
                    actors: actors.map_or(Ok(Vec::new()), |actors| read_roles(&actors))?,
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
            "SELECT subject, client_id, tenant, ends_at, ended_at FROM sessions WHERE id = $1";
        let row: Option<(String, String, String, i64, Option<i64>)> =
            self.database.row(statement, &[id.into()]).await?;
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
        let mut transaction = self.database.begin().await?;
        let ended = end_session(&mut transaction, id, because, decision, now).await?;
        transaction.commit().await?;
        Ok(ended)
    }

    /// [`Store::clean`] until nothing is left, with pauses, so that those who are waiting for a token hardly notice.
    pub(crate) async fn clean_all(&self, now: u64) -> Result<(), StoreError> {
        while self.clean(now).await? {
            sleep(CLEAN_PAUSE).await;
        }
        Ok(())
    }

    /// Removes what can no longer change an answer: expired tokens, sessions past their absolute end with their families,
    /// join tokens, settled revocations. Bounded per call; says whether there may be more.
    pub(crate) async fn clean(&self, now: u64) -> Result<bool, StoreError> {
        let (now, mut removed_most) = (stored_time(now), 0);
        for statement in EXPIRED {
            let removed = self
                .database
                .execute(statement, &[now.into(), CLEANED_MAX.into()])
                .await?;
            if removed > 0 {
                sleep(CLEAN_PAUSE).await;
            }
            removed_most = removed_most.max(removed);
        }
        Ok(removed_most >= CLEANED_MAX.unsigned_abs())
    }
}

/// What [`Store::clean`] removes. Replicas that clean at the same time step over each other's rows. What belongs to a session goes
/// before it, so that no session takes thousands of rows with it in one step.
const EXPIRED: [Sql; 9] = [
    expired!(
        "DELETE FROM issued_tokens WHERE hash IN (SELECT hash FROM issued_tokens WHERE expires_at <= $1 LIMIT $2"
    ),
    of_ended!("issued_tokens"),
    of_ended!("refresh_tokens"),
    of_ended!("codes"),
    Sql {
        sqlite: ended_alone!(")"),
        postgres: ended_alone!(" FOR UPDATE SKIP LOCKED)"),
    },
    expired!(
        "DELETE FROM waiting_requests WHERE hash IN (SELECT hash FROM waiting_requests WHERE expires_at <= $1 LIMIT $2"
    ),
    expired!(
        "DELETE FROM client_secrets WHERE hash IN (SELECT hash FROM client_secrets WHERE ended_at <= $1 LIMIT $2"
    ),
    expired!(
        "DELETE FROM join_tokens WHERE hash IN (SELECT hash FROM join_tokens WHERE expires_at <= $1 LIMIT $2"
    ),
    expired!(
        "DELETE FROM revocations WHERE number IN (SELECT number FROM revocations WHERE settled_at <= $1 LIMIT $2"
    ),
];

pub(super) async fn insert_issued(
    transaction: &mut Transaction,
    hash: &Keyed,
    session: &str,
    expires_at: u64,
) -> Result<(), StoreError> {
    let statement = "INSERT INTO issued_tokens (hash, session, expires_at) VALUES ($1, $2, $3)";
    let values = [hash.into(), session.into(), stored_time(expires_at).into()];
    transaction.execute(statement, &values).await.map(drop)
}

pub(super) async fn insert_refresh(
    transaction: &mut Transaction,
    hash: &Keyed,
    session: &str,
    now: u64,
    ends_at: u64,
) -> Result<(), StoreError> {
    let statement =
        "INSERT INTO refresh_tokens (hash, session, issued_at, ends_at) VALUES ($1, $2, $3, $4)";
    let values = [
        hash.into(),
        session.into(),
        stored_time(now).into(),
        stored_time(ends_at).into(),
    ];
    transaction.execute(statement, &values).await.map(drop)
}
