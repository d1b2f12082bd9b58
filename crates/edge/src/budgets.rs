//! The plan's budgets at the edge, each with its limiter.

use std::net::IpAddr;

use vauban_limit::{Limiter, Quota, Spent};
use vauban_policy::{Budget, BudgetKey, Line, Plan};

use crate::address::Block;
use crate::parts::{Ask, Overspent, Spend, Stage};
use crate::setting::StartError;

#[cfg(test)]
mod tests;

/// Keys that one budget remembers at once.
const KEYS_MAX: usize = 65_536;
/// Longest header value that is taken as a key whole, bytes; longer ones share the key of their beginning.
const HEADER_KEY_BYTES_MAX: usize = 128;

/// Budgets of one kind of key.
#[derive(Debug)]
pub struct Budgets {
    budgets: Vec<Metered>,
}

#[derive(Debug)]
struct Metered {
    plan: Budget,
    whose: Whose,
    stage: Stage,
    limiter: Limiter,
}

/// Whose budget it is, of those that the edge can tell apart.
#[derive(Debug)]
enum Whose {
    Address,
    Header(String),
    Subject,
}

impl Budgets {
    /// Budgets of client addresses, and those keyed by a header.
    pub fn of_addresses(plan: &Plan) -> Result<Self, StartError> {
        Self::new(plan, |whose| {
            matches!(whose, Whose::Address | Whose::Header(_))
        })
    }

    /// Budgets of subjects.
    pub fn of_subjects(plan: &Plan) -> Result<Self, StartError> {
        Self::new(plan, |whose| matches!(whose, Whose::Subject))
    }

    fn new(plan: &Plan, wanted: fn(&Whose) -> bool) -> Result<Self, StartError> {
        let mut budgets = Vec::new();
        for budget in plan
            .limits
            .budgets
            .iter()
            .filter(|budget| budget.at == Line::Edge)
        {
            let metered = Metered::new(budget)?;
            if wanted(&metered.whose) {
                budgets.push(metered);
            }
        }
        Ok(Self { budgets })
    }
}

impl Spend for Budgets {
    fn spend(&self, ask: &Ask<'_>) -> Result<(), Overspent> {
        let mut key = String::with_capacity(64);
        for budget in self
            .budgets
            .iter()
            .filter(|one| one.stage == ask.stage && one.covers(ask.operation))
        {
            key.clear();
            if !write_key(&mut key, &budget.whose, ask) {
                continue;
            }
            if let Spent::Refused { retry_after_ms } = budget.limiter.spend(&key, 1, ask.now_ms) {
                let seconds = retry_after_ms.div_ceil(1000);
                return Err(Overspent {
                    budget: budget.plan.name.clone(),
                    key: budget.plan.key.clone(),
                    retry_after_seconds: u32::try_from(seconds).unwrap_or(u32::MAX).max(1),
                });
            }
        }
        Ok(())
    }
}

impl Metered {
    fn new(budget: &Budget) -> Result<Self, StartError> {
        let whose = match &budget.key {
            BudgetKey::Ip => Whose::Address,
            BudgetKey::DangerHeader(name) => Whose::Header(name.clone()),
            BudgetKey::User => Whose::Subject,
            BudgetKey::Account | BudgetKey::Endpoint => {
                return Err(StartError::BudgetKey(budget.name.clone()));
            }
        };
        let stage = match (&whose, &budget.operations) {
            (Whose::Subject, _) => Stage::Identified,
            (Whose::Address | Whose::Header(_), None) => Stage::Arrived,
            (Whose::Address | Whose::Header(_), Some(_)) => Stage::Matched,
        };
        let quota = Quota {
            requests: budget.requests,
            seconds: budget.seconds,
            burst: budget.burst,
        };
        Ok(Self {
            plan: budget.clone(),
            whose,
            stage,
            limiter: Limiter::new(quota, KEYS_MAX),
        })
    }

    /// Whether the budget counts this operation.
    fn covers(&self, operation: Option<&str>) -> bool {
        let listed = self.plan.operations.as_ref();
        listed.is_none_or(|listed| operation.is_some_and(|id| listed.iter().any(|one| one == id)))
    }
}

/// Writes whose budget it is; false if it is nobody's.
///
/// Somebody without the budget's header counts by address: leaving it out never buys a fresh budget.
fn write_key(key: &mut String, whose: &Whose, ask: &Ask<'_>) -> bool {
    match whose {
        Whose::Address => write_address(key, ask.address),
        Whose::Header(name) => match (ask.header)(name) {
            Some(value) => key.extend([
                "header ",
                value.get(..HEADER_KEY_BYTES_MAX).unwrap_or(value),
            ]),
            None => write_address(key, ask.address),
        },
        Whose::Subject => match ask.subject {
            Some(subject) => key.push_str(subject),
            None => return false,
        },
    }
    true
}

/// One character per byte: nobody reads it, and it is written for every request.
fn write_address(key: &mut String, address: IpAddr) {
    match Block::of(address) {
        Block::V4(octets) => {
            key.push('4');
            key.extend(octets.map(char::from));
        }
        Block::V6(segments) => {
            key.push('6');
            key.extend(
                segments
                    .into_iter()
                    .flat_map(u16::to_be_bytes)
                    .map(char::from),
            );
        }
    }
}
