//! What the line is assembled from. `Parts::shipped` is what the product runs; a drill replaces fields of it.

use std::sync::Arc;

use vauban_audit::Log;
use vauban_net::Clock;
use vauban_policy::{BudgetKey, Plan};

use crate::hasher::{Argon2id, HashError, HashPassword};
use crate::judge::{Callers, JudgeCaller, JudgeRegistry, JudgeRotation, Registry, Rotation};
use crate::keys::KeyAccess;
use crate::storage::Storage;
use crate::store::{Store, StoreError};
use crate::throttle::{Budgets, ForeignBudget, Throttle};

/// Where the line stands.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The state directory and the database; they must have been provisioned.
    pub storage: Storage,
    /// How its private keys are kept.
    pub keys: KeyAccess,
    /// The line's audit log.
    pub audit: Log,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
}

/// The controls of the line, each replaceable.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Hashes and compares passwords.
    pub hasher: Arc<dyn HashPassword>,
    /// Spends an account's attempts.
    pub throttle_account: Arc<dyn Throttle>,
    /// Spends an address's attempts.
    pub throttle_source: Arc<dyn Throttle>,
    /// Decides whether to vouch for a presented access token.
    pub registry: Arc<dyn JudgeRegistry>,
    /// Decides whether to rotate a presented refresh token.
    pub rotation: Arc<dyn JudgeRotation>,
    /// Decides who may call an endpoint.
    pub caller: Arc<dyn JudgeCaller>,
}

/// The line cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The plan's budgets.
    #[error(transparent)]
    Budget(#[from] ForeignBudget),
    /// The plan's password parameters, or the machine.
    #[error("password hashing cannot be tuned")]
    Hash(#[from] HashError),
    /// A task of ours did not finish.
    #[error("password hashing was interrupted")]
    Interrupted,
}

impl Parts {
    /// The product's own parts. Password hashing is tuned to this machine here, which takes a moment of one core.
    pub async fn shipped(plan: &Arc<Plan>, setting: &Setting) -> Result<Self, StartError> {
        Budgets::check(plan)?;
        let store = setting.storage.open().await?;
        let hasher = tune(&store, plan, &setting.clock).await;
        store.close().await;
        Ok(Self {
            hasher: Arc::new(hasher?),
            throttle_account: Arc::new(Budgets::of(plan, &BudgetKey::Account)),
            throttle_source: Arc::new(Budgets::of(plan, &BudgetKey::Ip)),
            registry: Arc::new(Registry),
            rotation: Arc::new(Rotation),
            caller: Arc::new(Callers),
        })
    }
}

/// Tunes password hashing, never below what it was, and remembers the outcome for those who add users.
pub(crate) async fn tune(
    store: &Store,
    plan: &Plan,
    clock: &Arc<dyn Clock>,
) -> Result<Argon2id, StartError> {
    let floor = store.password_cost().await?;
    let (password, clock) = (plan.issuer.password.clone(), Arc::clone(clock));
    let tuned =
        tokio::task::spawn_blocking(move || Argon2id::tuned(&password, floor, &*clock)).await;
    let hasher = tuned.map_err(|_stopped| StartError::Interrupted)??;
    if floor != Some(hasher.cost()) {
        store.remember_password_cost(hasher.cost()).await?;
    }
    Ok(hasher)
}
