//! The budgets that the plan puts at this guard.

use std::borrow::Cow;

use vauban_limit::{Limiter, Quota, Spent};
use vauban_policy::{BudgetKey, Line, Plan};

use crate::parts::{Exhausted, Spend, Spending};
use crate::setting::StartError;

#[cfg(test)]
mod tests;

/// Keys that one budget remembers.
const KEYS_MAX: usize = 65_536;

/// The shipped [`Spend`].
#[derive(Debug)]
pub(crate) struct PlanBudgets {
    budgets: Vec<Counted>,
}

#[derive(Debug)]
struct Counted {
    name: String,
    key: Key,
    operations: Option<Vec<String>>,
    limiter: Limiter,
}

/// Whose budget it is, as far as a guard can know.
#[derive(Debug)]
enum Key {
    User,
    Endpoint,
}

impl PlanBudgets {
    pub(crate) fn new(plan: &Plan, service: &str) -> Result<Self, StartError> {
        let line = Line::Guard(service.to_owned());
        let mut budgets = Vec::new();
        for budget in plan
            .limits
            .budgets
            .iter()
            .filter(|budget| budget.at == line)
        {
            let refuse = |message: &str| StartError::Budget {
                name: budget.name.clone(),
                service: service.to_owned(),
                message: message.to_owned(),
            };
            let key = match &budget.key {
                BudgetKey::User => Key::User,
                BudgetKey::Endpoint => Key::Endpoint,
                BudgetKey::DangerHeader(_) => {
                    return Err(refuse(
                        "a guard counts by `user` or `endpoint`\nhint: put it at the edge",
                    ));
                }
                BudgetKey::Ip => {
                    return Err(refuse(
                        "a guard does not see the client's address\nhint: put it at the edge",
                    ));
                }
                BudgetKey::Account => {
                    return Err(refuse(
                        "a guard sees no logins\nhint: put it at the authority",
                    ));
                }
            };
            let quota = Quota {
                requests: budget.requests,
                seconds: budget.seconds,
                burst: budget.burst,
            };
            budgets.push(Counted {
                name: budget.name.clone(),
                key,
                operations: budget.operations.clone(),
                limiter: Limiter::new(quota, KEYS_MAX),
            });
        }
        Ok(Self { budgets })
    }
}

impl Spend for PlanBudgets {
    fn spend(&self, spending: &Spending<'_>) -> Result<Option<String>, Exhausted> {
        let mut facts = Vec::new();
        for budget in &self.budgets {
            let counts = budget
                .operations
                .as_ref()
                .is_none_or(|listed| listed.iter().any(|one| one == spending.operation));
            if !counts {
                continue;
            }
            let key = match &budget.key {
                Key::User => Cow::Borrowed(spending.subject),
                Key::Endpoint => Cow::Owned(format!("{} {}", spending.operation, spending.subject)),
            };
            match budget.limiter.spend(&key, 1, spending.now_ms) {
                Spent::Allowed { remaining } => {
                    facts.push(format!("{}: {remaining} left", budget.name));
                }
                Spent::Refused { retry_after_ms } => {
                    return Err(Exhausted {
                        budget: budget.name.clone(),
                        per_user: matches!(budget.key, Key::User),
                        retry_after_seconds: u32::try_from(retry_after_ms.div_ceil(1000))
                            .unwrap_or(u32::MAX),
                    });
                }
            }
        }
        Ok(if facts.is_empty() {
            None
        } else {
            Some(facts.join(", "))
        })
    }
}
