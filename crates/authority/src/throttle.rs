//! Budgets that the authority spends before it does anything dear.

use std::fmt::Debug;
use std::net::IpAddr;

use sha2::{Digest as _, Sha256};
use vauban_limit::{Limiter, Quota, Spent};
use vauban_policy::{Budget, BudgetKey, Line, Plan};

use crate::identifier::hex;

/// Keys that one budget remembers. At about 100 bytes each this is 6 MiB; a full table refuses new keys.
const KEYS_MAX: usize = 65_536;

/// Spends budgets of one kind of key, as a part of the line.
pub trait Throttle: Send + Sync + Debug {
    /// Spends one attempt of `operation` for `key`, in every budget that counts it.
    fn spend(&self, operation: &str, key: &str, now_ms: u64) -> Result<(), Throttled>;
}

/// A budget had no room.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("budget `{budget}` is spent")]
pub struct Throttled {
    /// Name of the budget in the plan.
    pub budget: String,
    /// When to come back, seconds, at least 1.
    pub retry_after_seconds: u32,
}

/// A budget that the authority cannot spend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("budget `{0}` is spent at the authority, which counts by `account` and `ip` only")]
pub struct ForeignBudget(String);

/// The plan's budgets of one kind of key.
#[derive(Debug)]
pub struct Budgets(Vec<Counted>);

#[derive(Debug)]
struct Counted {
    name: String,
    operations: Option<Vec<String>>,
    limiter: Limiter,
}

impl Budgets {
    /// Budgets of the plan that the authority spends by `key`.
    pub fn of(plan: &Plan, key: &BudgetKey) -> Self {
        let counted = plan
            .limits
            .budgets
            .iter()
            .filter(|budget| budget.at == Line::Authority && budget.key == *key);
        Self(counted.map(Counted::new).collect())
    }

    /// Refuses a plan with a budget at the authority that nothing here would spend.
    pub fn check(plan: &Plan) -> Result<(), ForeignBudget> {
        let foreign = plan.limits.budgets.iter().find(|budget| {
            budget.at == Line::Authority
                && !matches!(budget.key, BudgetKey::Account | BudgetKey::Ip)
        });
        foreign.map_or(Ok(()), |budget| Err(ForeignBudget(budget.name.clone())))
    }
}

impl Counted {
    fn new(budget: &Budget) -> Self {
        let quota = Quota {
            requests: budget.requests,
            seconds: budget.seconds,
            burst: budget.burst,
        };
        Self {
            name: budget.name.clone(),
            operations: budget.operations.clone(),
            limiter: Limiter::new(quota, KEYS_MAX),
        }
    }
}

impl Throttle for Budgets {
    fn spend(&self, operation: &str, key: &str, now_ms: u64) -> Result<(), Throttled> {
        for budget in &self.0 {
            let counts = budget
                .operations
                .as_ref()
                .is_none_or(|list| list.iter().any(|one| one == operation));
            if !counts {
                continue;
            }
            if let Spent::Refused { retry_after_ms } = budget.limiter.spend(key, 1, now_ms) {
                let seconds = u32::try_from(retry_after_ms.div_ceil(1000)).unwrap_or(u32::MAX);
                return Err(Throttled {
                    budget: budget.name.clone(),
                    retry_after_seconds: seconds.clamp(1, 86_400),
                });
            }
        }
        Ok(())
    }
}

/// The key of an account: of fixed length whatever was typed, and the same for `Alice` and `alice`, so that no spelling of a
/// name has a budget of its own.
pub(crate) fn account_key(username: &str) -> String {
    hex(&Sha256::digest(username.to_lowercase().as_bytes()))
}

/// The key of a source: an IPv4 address, or the /64 of an IPv6 address, because that is what one customer has.
pub(crate) fn source_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests;
