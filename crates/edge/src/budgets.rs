//! The plan's budgets at the edge, each with its limiter.

use std::fmt::Write as _;
use std::net::IpAddr;

use vauban_limit::{Limiter, Quota, Spent};
use vauban_policy::{Budget, BudgetKey, Line, Plan};

use crate::parts::{Ask, Overspent, Spend, Stage};
use crate::setting::StartError;

//TESTS

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
    stage: Stage,
    limiter: Limiter,
}

impl Budgets {
    /// Budgets of client addresses, and those keyed by a header.
    pub fn of_addresses(plan: &Plan) -> Result<Self, StartError> {
        Self::new(plan, |key| {
            matches!(key, BudgetKey::Ip | BudgetKey::DangerHeader(_))
        })
    }

    /// Budgets of subjects.
    pub fn of_subjects(plan: &Plan) -> Result<Self, StartError> {
        Self::new(plan, |key| {
            matches!(key, BudgetKey::User | BudgetKey::Endpoint)
        })
    }

    fn new(plan: &Plan, wanted: fn(&BudgetKey) -> bool) -> Result<Self, StartError> {
        let mut budgets = Vec::new();
        for budget in plan
            .limits
            .budgets
            .iter()
            .filter(|budget| budget.at == Line::Edge)
        {
            let stage = match (&budget.key, &budget.operations) {
                (BudgetKey::Account, _) => return Err(StartError::BudgetKey(budget.name.clone())),
                (BudgetKey::Ip | BudgetKey::DangerHeader(_), None) => Stage::Arrived,
                (BudgetKey::Ip | BudgetKey::DangerHeader(_), Some(_)) => Stage::Matched,
                (BudgetKey::User | BudgetKey::Endpoint, _) => Stage::Identified,
            };
            if wanted(&budget.key) {
                let quota = Quota {
                    requests: budget.requests,
                    seconds: budget.seconds,
                    burst: budget.burst,
                };
                budgets.push(Metered {
                    plan: budget.clone(),
                    stage,
                    limiter: Limiter::new(quota, KEYS_MAX),
                });
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
            .filter(|budget| budget.stage == ask.stage && budget.covers(ask.operation))
        {
            key.clear();
            if !write_key(&mut key, &budget.plan.key, ask) {
                continue;
            }
            if let Spent::Refused { retry_after_ms } = budget.limiter.spend(&key, 1, ask.now_ms) {
                return Err(Overspent {
                    budget: budget.plan.name.clone(),
                    key: budget.plan.key.clone(),
                    retry_after_seconds: u32::try_from(retry_after_ms.div_ceil(1000))
                        .unwrap_or(u32::MAX)
                        .max(1),
                });
            }
        }
        Ok(())
    }
}

impl Metered {
    /// Whether the budget counts this operation.
    fn covers(&self, operation: Option<&str>) -> bool {
        self.plan
            .operations
            .as_ref()
            .is_none_or(|listed| operation.is_some_and(|id| listed.iter().any(|one| one == id)))
    }
}

/// Writes whose budget it is; false if it is nobody's.
///
/// Somebody without the budget's header counts by address, and so does an unidentified caller of an operation: leaving
/// something out never buys a fresh budget.
fn write_key(key: &mut String, kind: &BudgetKey, ask: &Ask<'_>) -> bool {
    match kind {
        BudgetKey::Ip => write_address(key, ask.address),
        BudgetKey::DangerHeader(name) => match (ask.header)(name) {
            Some(value) => key.extend([
                "header ",
                value.get(..HEADER_KEY_BYTES_MAX).unwrap_or(value),
            ]),
            None => write_address(key, ask.address),
        },
        BudgetKey::User => match ask.subject {
            Some(subject) => key.push_str(subject),
            None => return false,
        },
        BudgetKey::Endpoint => {
            key.extend([ask.operation.unwrap_or_default(), " "]);
            match ask.subject {
                Some(subject) => key.extend(["subject ", subject]),
                None => write_address(key, ask.address),
            }
        }
        // Refused at start; whoever gets here spends one budget together.
        BudgetKey::Account => {}
    }
    true
}

/// An IPv4 address whole; of an IPv6 address the /64, which is what one subscriber has.
fn write_address(key: &mut String, address: IpAddr) {
    let written = match address.to_canonical() {
        IpAddr::V4(address) => write!(key, "{address}"),
        IpAddr::V6(address) => write!(key, "{:x}/64", address.to_bits() >> 64),
    };
    debug_assert!(written.is_ok(), "writing to a string does not fail");
}
