//! What an operator does with users. Whoever loses something by it, password, roles or the account, loses every session too:
//! sessions carry roles, and a session may be the reason why a password is reset.

use vauban_net::Clock;
use vauban_policy::Plan;
use vauban_secret::{Secret, StateDir};

use super::{AdminError, unix_s};
use crate::hasher::{Argon2id, HashPassword as _, PASSWORD_CHARS_MIN};
use crate::store::{Change, PasswordHash, Store, StoreError, UserToAdd};

/// Longest subject, user name, tenant or role, bytes.
const NAME_BYTES_MAX: usize = 128;
/// Most roles of one user.
pub(super) const ROLES_MAX: usize = 16;

/// A user to add.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Subject: the name in tokens, never reused.
    pub subject: String,
    /// The name typed at login, lower case.
    pub username: String,
    /// The password, at least 15 characters.
    pub password: Secret,
    /// Roles of the plan.
    pub roles: Vec<String>,
    /// Tenant.
    pub tenant: String,
}

/// Adds a user.
pub async fn add_user(
    state: &StateDir,
    plan: &Plan,
    user: NewUser,
    clock: &dyn Clock,
) -> Result<(), AdminError> {
    check_names(&user)?;
    check_roles(plan, &user.roles)?;
    check_password(&user.password, &user.username)?;
    let store = Store::open(&state.authority_database()).await?;
    let added = hash_and_add(&store, &user, unix_s(clock)).await;
    store.close().await;
    if added? {
        Ok(())
    } else {
        Err(AdminError::Taken {
            subject: user.subject,
            username: user.username,
        })
    }
}

/// Disables a user and ends all of their sessions.
pub async fn disable_user(
    state: &StateDir,
    subject: &str,
    clock: &dyn Clock,
) -> Result<(), AdminError> {
    change(state, subject, Change::Disabled, clock).await
}

/// Lets a disabled user log in again, with the password and the roles of before. Sessions that ended stay ended.
pub async fn enable_user(
    state: &StateDir,
    subject: &str,
    clock: &dyn Clock,
) -> Result<(), AdminError> {
    change(state, subject, Change::Enabled, clock).await
}

/// Gives a user other roles and ends all of their sessions.
pub async fn change_roles(
    state: &StateDir,
    plan: &Plan,
    subject: &str,
    roles: &[String],
    clock: &dyn Clock,
) -> Result<(), AdminError> {
    check_roles(plan, roles)?;
    change(state, subject, Change::Roles(roles), clock).await
}

/// Gives a user another password and ends all of their sessions.
pub async fn reset_password(
    state: &StateDir,
    subject: &str,
    password: &Secret,
    clock: &dyn Clock,
) -> Result<(), AdminError> {
    let store = Store::open(&state.authority_database()).await?;
    let found = hash_and_reset(&store, subject, password, unix_s(clock)).await;
    store.close().await;
    known(found?, subject)
}

async fn change(
    state: &StateDir,
    subject: &str,
    change: Change<'_>,
    clock: &dyn Clock,
) -> Result<(), AdminError> {
    let store = Store::open(&state.authority_database()).await?;
    let found = store.change_user(subject, change, unix_s(clock)).await;
    store.close().await;
    known(found?, subject)
}

fn known(found: bool, subject: &str) -> Result<(), AdminError> {
    if found {
        Ok(())
    } else {
        Err(AdminError::UnknownUser(subject.to_owned()))
    }
}

async fn hash_and_add(store: &Store, user: &NewUser, now: u64) -> Result<bool, AdminError> {
    let hash = hash(store, &user.password).await?;
    let row = UserToAdd {
        subject: &user.subject,
        username: &user.username,
        password: &hash,
        tenant: &user.tenant,
        roles: &user.roles,
    };
    Ok(store.add_user(row, now).await?)
}

async fn hash_and_reset(
    store: &Store,
    subject: &str,
    password: &Secret,
    now: u64,
) -> Result<bool, AdminError> {
    let Some(username) = store.username_of(subject).await? else {
        return Ok(false);
    };
    check_password(password, &username)?;
    let hash = hash(store, password).await?;
    Ok(store
        .change_user(subject, Change::Password(&hash), now)
        .await?)
}

/// Hashes as dearly as the running line was tuned to.
async fn hash(store: &Store, password: &Secret) -> Result<PasswordHash, AdminError> {
    let cost = store
        .password_cost()
        .await?
        .ok_or(StoreError::Value("password profile"))?;
    let password = password.clone();
    let hash = tokio::task::spawn_blocking(move || {
        let text = password.expose_text().ok_or(AdminError::Password)?;
        Ok::<_, AdminError>(PasswordHash(
            Argon2id::with(cost.memory_kib, cost.iterations)?.hash(text)?,
        ))
    });
    hash.await.map_err(|_stopped| AdminError::Interrupted)?
}

fn check_names(user: &NewUser) -> Result<(), AdminError> {
    let plain = |what, value: &str, form: &'static str, fits: fn(u8) -> bool| {
        if !value.is_empty() && value.len() <= NAME_BYTES_MAX && value.bytes().all(fits) {
            Ok(())
        } else {
            let value = value.chars().take(NAME_BYTES_MAX).collect();
            Err(AdminError::Name { what, form, value })
        }
    };
    plain(
        "subject",
        &user.subject,
        "letters, digits and `._@+:-`",
        |byte| byte.is_ascii_alphanumeric() || b"._@+:-".contains(&byte),
    )?;
    if user.subject.starts_with(crate::CLIENT_SUBJECT) {
        return Err(AdminError::Name {
            what: "subject",
            form: "no `client:` at its beginning, which is for clients",
            value: user.subject.clone(),
        });
    }
    plain(
        "user name",
        &user.username,
        "lower-case letters, digits and `._@+:-`",
        |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._@+:-".contains(&byte),
    )?;
    // What a tenant looks like is also the profile of internal tokens and of the signed database context.
    plain(
        "tenant",
        &user.tenant,
        "lower-case letters, digits and `-`",
        |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-',
    )
}

/// A role that the plan does not know grants nothing, and a misspelt one is found out only when somebody is refused.
fn check_roles(plan: &Plan, roles: &[String]) -> Result<(), AdminError> {
    if roles.len() > ROLES_MAX {
        return Err(AdminError::Roles);
    }
    let unknown: Vec<String> = roles
        .iter()
        .filter(|role| !plan.issuer.roles.contains_key(*role))
        .map(|role| role.chars().take(NAME_BYTES_MAX).collect())
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(AdminError::UnknownRoles {
        unknown,
        known: plan.issuer.roles.keys().cloned().collect(),
    })
}

fn check_password(password: &Secret, username: &str) -> Result<(), AdminError> {
    let password = password.expose_text().ok_or(AdminError::Password)?;
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(AdminError::Password);
    }
    // A name of one or two letters is in many good passwords.
    if username.len() >= 4 && password.to_lowercase().contains(username) {
        return Err(AdminError::PasswordIsName);
    }
    Ok(())
}
