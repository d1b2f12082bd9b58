//! Users.

use super::database::{Transaction, Value};
use super::revocations::end_session;
use super::{Store, StoreError, read_roles, stored_roles, stored_time};

/// A user as a login needs one.
#[derive(Debug, Clone)]
pub(crate) struct UserRow {
    pub(crate) subject: String,
    pub(crate) tenant: String,
    pub(crate) roles: Vec<String>,
    pub(crate) disabled: bool,
    /// How often an operator took something from this user.
    pub(crate) changes: i64,
    /// The stored hash; part of what is never logged.
    pub(crate) password: PasswordHash,
}

/// A stored password hash, without `Debug` of its content.
#[derive(Clone)]
pub(crate) struct PasswordHash(pub(crate) String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PasswordHash(…)")
    }
}

/// A user to add; the password is hashed already.
#[derive(Debug)]
pub(crate) struct UserToAdd<'a> {
    pub(crate) subject: &'a str,
    pub(crate) username: &'a str,
    pub(crate) password: &'a PasswordHash,
    pub(crate) tenant: &'a str,
    pub(crate) roles: &'a [String],
}

/// What an operator changes of a user.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change<'a> {
    Disabled,
    Enabled,
    Password(&'a PasswordHash),
    Roles(&'a [String]),
}

type UserColumns = (String, String, String, String, Option<i64>, i64);

impl Store {
    /// Adds a user; says `false` when subject or name is taken.
    pub(crate) async fn add_user(&self, user: UserToAdd<'_>, now: u64) -> Result<bool, StoreError> {
        let statement = "INSERT INTO users (subject, username, password, tenant, roles, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
                         ON CONFLICT DO NOTHING";
        let roles = stored_roles(user.roles);
        let values = [
            user.subject.into(),
            user.username.into(),
            (&user.password.0).into(),
            user.tenant.into(),
            (&roles).into(),
            stored_time(now).into(),
        ];
        Ok(self.database.execute(statement, &values).await? == 1)
    }

    pub(crate) async fn user_named(&self, username: &str) -> Result<Option<UserRow>, StoreError> {
        let statement = "SELECT subject, tenant, roles, password, disabled_at, changes FROM users WHERE username = $1 AND password <> ''";
        let row: Option<UserColumns> = self.database.row(statement, &[username.into()]).await?;
        row.map(|(subject, tenant, roles, password, disabled, changes)| {
            let roles = read_roles(&roles)?;
            Ok(UserRow {
                subject,
                tenant,
                roles,
                disabled: disabled.is_some(),
                changes,
                password: PasswordHash(password),
            })
        })
        .transpose()
    }

    /// Replaces a hash by a stronger one of the same password, unless the password was changed meanwhile.
    pub(crate) async fn strengthen(
        &self,
        subject: &str,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<(), StoreError> {
        let statement = "UPDATE users SET password = $1 WHERE subject = $2 AND password = $3";
        let values = [(&new.0).into(), subject.into(), (&old.0).into()];
        self.database.execute(statement, &values).await.map(drop)
    }

    /// The name that is typed at login.
    pub(crate) async fn username_of(&self, subject: &str) -> Result<Option<String>, StoreError> {
        let statement = "SELECT username FROM users WHERE subject = $1";
        let row: Option<(String,)> = self.database.row(statement, &[subject.into()]).await?;
        Ok(row.map(|(username,)| username))
    }

    /// Changes a user and ends all of their sessions if they lose something by it, in one step; says `false` when there is no such user.
    pub(crate) async fn change_user(
        &self,
        subject: &str,
        change: Change<'_>,
        now: u64,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.database.begin().await?;
        let roles;
        let (statement, value) = match change {
            Change::Disabled => (
                "UPDATE users SET changes = changes + 1, disabled_at = coalesce(disabled_at, $2) WHERE subject = $1",
                Some(stored_time(now).into()),
            ),
            Change::Enabled => (
                "UPDATE users SET disabled_at = NULL WHERE subject = $1",
                None,
            ),
            Change::Password(hash) => (
                "UPDATE users SET changes = changes + 1, password = $2 WHERE subject = $1",
                Some((&hash.0).into()),
            ),
            Change::Roles(new) => {
                roles = stored_roles(new);
                (
                    "UPDATE users SET changes = changes + 1, roles = $2 WHERE subject = $1",
                    Some((&roles).into()),
                )
            }
        };
        let values: Vec<Value<'_>> = [subject.into()].into_iter().chain(value).collect();
        let found = transaction.execute(statement, &values).await?;
        if let Some(because) = change.ends_sessions() {
            end_all(&mut transaction, subject, because, now).await?;
        }
        transaction.commit().await?;
        Ok(found == 1)
    }
}

impl Store {
    /// Ends every live session of a subject; says how many there were.
    pub(crate) async fn end_sessions_of(
        &self,
        subject: &str,
        because: &str,
        now: u64,
    ) -> Result<usize, StoreError> {
        let mut transaction = self.database.begin().await?;
        let ended = end_all(&mut transaction, subject, because, now).await?;
        transaction.commit().await?;
        Ok(ended)
    }
}

impl Change<'_> {
    /// What the audit log says of the sessions that it ends. Somebody who was disabled has none.
    fn ends_sessions(&self) -> Option<&'static str> {
        match self {
            Self::Disabled => Some("user disabled"),
            Self::Enabled => None,
            Self::Password(_) => Some("password reset"),
            Self::Roles(_) => Some("roles changed"),
        }
    }
}

async fn end_all(
    transaction: &mut Transaction,
    subject: &str,
    because: &str,
    now: u64,
) -> Result<usize, StoreError> {
    // Those above first: each takes what is below it along, in the order in which everybody locks them.
    let statement = "SELECT id FROM sessions WHERE subject = $1 AND ended_at IS NULL AND ends_at > $2 \
                     ORDER BY CASE WHEN parent IS NULL THEN 0 ELSE 1 END, id";
    let live: Vec<(String,)> = transaction
        .rows(statement, &[subject.into(), stored_time(now).into()])
        .await?;
    for (session,) in &live {
        end_session(transaction, session, because, "", now).await?;
    }
    Ok(live.len())
}
