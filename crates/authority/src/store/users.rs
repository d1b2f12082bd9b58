//! Users.

use sqlx::{Sqlite, Transaction};

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

impl Store {
    /// Adds a user; says `false` when subject or name is taken.
    pub(crate) async fn add_user(&self, user: UserToAdd<'_>, now: u64) -> Result<bool, StoreError> {
        let statement = "INSERT INTO users (subject, username, password, tenant, roles, created_at) VALUES (?, ?, ?, ?, ?, ?) \
                         ON CONFLICT DO NOTHING";
        let done = sqlx::query(statement)
            .bind(user.subject)
            .bind(user.username)
            .bind(&user.password.0)
            .bind(user.tenant)
            .bind(stored_roles(user.roles))
            .bind(stored_time(now))
            .execute(&self.writes)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub(crate) async fn user_named(&self, username: &str) -> Result<Option<UserRow>, StoreError> {
        let statement = "SELECT subject, tenant, roles, password, disabled_at, changes FROM users WHERE username = ? AND password <> ''";
        let row: Option<(String, String, String, String, Option<i64>, i64)> =
            sqlx::query_as(statement)
                .bind(username)
                .fetch_optional(&self.reads)
                .await?;
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
        let statement = "UPDATE users SET password = ? WHERE subject = ? AND password = ?";
        sqlx::query(statement)
            .bind(&new.0)
            .bind(subject)
            .bind(&old.0)
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// The name that is typed at login.
    pub(crate) async fn username_of(&self, subject: &str) -> Result<Option<String>, StoreError> {
        let statement = "SELECT username FROM users WHERE subject = ?";
        Ok(sqlx::query_scalar(statement)
            .bind(subject)
            .fetch_optional(&self.reads)
            .await?)
    }

    /// Changes a user and ends all of their sessions if they lose something by it, in one step; says `false` when there is no such user.
    pub(crate) async fn change_user(
        &self,
        subject: &str,
        change: Change<'_>,
        now: u64,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let update = match change {
            Change::Disabled => {
                sqlx::query("UPDATE users SET changes = changes + 1, disabled_at = coalesce(disabled_at, ?) WHERE subject = ?")
                    .bind(stored_time(now))
            }
            Change::Enabled => {
                sqlx::query("UPDATE users SET disabled_at = NULL WHERE subject = ?")
            }
            Change::Password(hash) => {
                sqlx::query("UPDATE users SET changes = changes + 1, password = ? WHERE subject = ?")
                    .bind(hash.0.as_str())
            }
            Change::Roles(roles) => {
                sqlx::query("UPDATE users SET changes = changes + 1, roles = ? WHERE subject = ?")
                    .bind(stored_roles(roles))
            }
        };
        let found = update.bind(subject).execute(&mut *transaction).await?;
        if let Some(because) = change.ends_sessions() {
            end_all(&mut transaction, subject, because, now).await?;
        }
        transaction.commit().await?;
        Ok(found.rows_affected() == 1)
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
    transaction: &mut Transaction<'static, Sqlite>,
    subject: &str,
    because: &str,
    now: u64,
) -> Result<(), StoreError> {
    let live: Vec<String> = sqlx::query_scalar(
        "SELECT id FROM sessions WHERE subject = ? AND ended_at IS NULL AND ends_at > ?",
    )
    .bind(subject)
    .bind(stored_time(now))
    .fetch_all(&mut **transaction)
    .await?;
    for session in live {
        end_session(transaction, &session, because, "", now).await?;
    }
    Ok(())
}
