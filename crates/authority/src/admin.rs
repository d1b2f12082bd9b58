//! What an operator does: provision, users, join tokens, ending sessions. These functions open the same database as the running
//! line, and the line hears of ended sessions within a moment.

mod sessions;
mod users;

use std::sync::Arc;

use vauban_net::Clock;
use vauban_policy::Plan;
use vauban_secret::{FileError, RandomError, Secret, StateDir, read_private, write_private};

use crate::ca::CaError;
use crate::hasher::{HashError, PASSWORD_CHARS_MIN};
use crate::identifier::token_hash;
use crate::keys::{Keeper, KeyAccess, KeysError, provision_ca, provision_signers};
use crate::parts::{StartError, tune};
use crate::storage::Storage;
use crate::store::{Store, StoreError};

pub use sessions::{end_sessions_of, live_sessions, revoke_session};
use users::ROLES_MAX;
pub use users::{NewUser, add_user, change_roles, disable_user, enable_user, reset_password};

/// Life of a join token, seconds.
pub const JOIN_TOKEN_SECONDS: u64 = 600;

/// Something an operator asked for was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of the state directory.
    #[error(transparent)]
    File(#[from] FileError),
    /// The internal CA.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// The authority's keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Tuning of password hashing.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Hashing the password.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A name that is empty, too long or has characters that names have not.
    #[error("`{value}` is not a {what}: 1 to 128 {form}")]
    Name {
        /// What it should name.
        what: &'static str,
        /// What such names are made of.
        form: &'static str,
        /// What was given.
        value: String,
    },
    /// More roles than one user can have.
    #[error("a user has at most {ROLES_MAX} roles")]
    Roles,
    /// Roles that would grant nothing, because the plan does not know them.
    #[error("unknown {}: {}\n  hint: the plan knows {}", plural("role", .unknown), quoted(.unknown), quoted(.known))]
    UnknownRoles {
        /// What was given.
        unknown: Vec<String>,
        /// What the plan's issuer knows.
        known: Vec<String>,
    },
    /// The password is too short or is no text.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters")]
    Password,
    /// The password contains the name.
    #[error("a password may not contain the user's name")]
    PasswordIsName,
    /// Subject or name is taken.
    #[error("subject `{subject}` or user name `{username}` is taken")]
    Taken {
        /// The subject.
        subject: String,
        /// The name.
        username: String,
    },
    /// No such user.
    #[error("there is no user with subject `{0}`")]
    UnknownUser(String),
    /// No such client, or one that has no secret.
    #[error("the plan has no client `{0}` that authenticates with a secret")]
    UnknownClient(String),
    /// No such session, or it has ended.
    #[error("there is no live session `{0}`")]
    UnknownSession(String),
    /// Nothing to end.
    #[error("there is no live session of subject `{0}`")]
    NoSessions(String),
    /// Not an identity that we sign.
    #[error("`{0}` is no workload of the plan")]
    UnknownWorkload(String),
    /// A task of ours did not finish.
    #[error("password hashing was interrupted")]
    Interrupted,
}

/// Makes what is missing of: internal CA, keys A and B, the hash key, database, password parameters. What is there stays as it is.
pub async fn provision(
    storage: &Storage,
    plan: &Plan,
    keys: &KeyAccess,
    clock: &Arc<dyn Clock>,
) -> Result<(), AdminError> {
    let (state, now) = (storage.state(), unix_s(&**clock));
    let keeper = Keeper::open(keys).await?;
    provision_ca(state, &keeper, now).await?;
    provision_signers(state, &keeper, now).await?;
    if !state.storage_key().exists() {
        write_private(&state.storage_key(), Secret::random()?.expose())?;
    }
    Store::create(&storage.place()).await?;
    let store = storage.open().await?;
    storage.remember()?;
    let tuned = if store.password_cost().await?.is_none() {
        tune(&store, plan, clock).await.map(|_hasher| ())
    } else {
        Ok(())
    };
    store.close().await;
    Ok(tuned?)
}

/// Issues a join token for one workload of the plan: single use, ten minutes. Only its hash is stored.
pub async fn issue_join_token(
    storage: &Storage,
    plan: &Plan,
    spiffe: &str,
    clock: &dyn Clock,
) -> Result<Secret, AdminError> {
    if !plan.workloads().iter().any(|known| known == spiffe) {
        return Err(AdminError::UnknownWorkload(spiffe.to_owned()));
    }
    let token = Secret::random()?;
    let store = storage.open().await?;
    let added = store
        .add_join_token(
            &token_hash(token.expose()),
            spiffe,
            unix_s(clock) + JOIN_TOKEN_SECONDS,
        )
        .await;
    store.close().await;
    added?;
    Ok(token)
}

/// Makes a secret for a client that authenticates with one. It is shown once; only its hash is stored. With `replace` the client's
/// older secrets end now, without it they stay good until they are replaced.
pub async fn issue_client_secret(
    storage: &Storage,
    plan: &Plan,
    client_id: &str,
    replace: bool,
    clock: &dyn Clock,
) -> Result<Secret, AdminError> {
    let secret_used = plan
        .clients
        .iter()
        .any(|client| client.id == client_id && client.authentication.is_by_secret());
    if !secret_used {
        return Err(AdminError::UnknownClient(client_id.to_owned()));
    }
    let secret = Secret::random()?;
    let store = storage.open().await?;
    let added = store
        .add_client_secret(
            client_id,
            &token_hash(secret.expose()),
            replace,
            unix_s(clock),
        )
        .await;
    store.close().await;
    added?;
    Ok(secret)
}

/// The internal CA's certificate.
pub(crate) fn ca_certificate(state: &StateDir) -> Result<String, AdminError> {
    let certificate = read_private(&state.ca_certificate())?;
    let text = certificate.expose_text().ok_or(CaError::Stored)?;
    Ok(text.to_owned())
}

pub(crate) fn unix_s(clock: &dyn Clock) -> u64 {
    clock.unix_ms() / 1000
}

fn plural(word: &str, some: &[String]) -> String {
    let ending = if some.len() == 1 { "" } else { "s" };
    format!("{word}{ending}")
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
