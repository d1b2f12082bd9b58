//! Step 3, flood: the budget of the client's address, before anything is looked up for it.

use std::net::IpAddr;

use vauban_audit::control;
use vauban_policy::{BudgetKey, Denial};

use crate::parts::{Ask, Overspent, Spend, Stage};
use crate::read::Canonical;
use crate::record::Trail;

/// A request within its address's budget.
#[derive(Debug)]
pub(crate) struct Admitted {
    canonical: Canonical,
}

impl Admitted {
    /// The evidence before.
    pub(crate) fn canonical(&self) -> &Canonical {
        &self.canonical
    }
}

/// Charges the budgets that need nothing but address and headers.
pub(crate) fn admit(
    canonical: Canonical,
    budget: &dyn Spend,
    now_ms: u64,
    trail: &mut Trail,
) -> Result<Admitted, Denial> {
    charge(&canonical, budget, Stage::Arrived, None, now_ms)
        .map_err(|overspent| refuse(&overspent, control::EDGE_BUDGET_IP, trail))?;
    trail.passed(
        control::EDGE_BUDGET_IP,
        "within every budget of this address",
    );
    Ok(Admitted { canonical })
}

/// Charges the address of somebody whose bytes were refused, so that refusals are not a free way in.
pub(crate) fn charge_refused(address: IpAddr, budget: &dyn Spend, now_ms: u64) {
    let header = |_: &str| None;
    let ask = Ask {
        stage: Stage::Arrived,
        address,
        subject: None,
        operation: None,
        header: &header,
        now_ms,
    };
    // The refusal that is being answered stands whatever the budget says.
    drop(budget.spend(&ask));
}

/// Charges what counts at this stage.
pub(crate) fn charge(
    canonical: &Canonical,
    budget: &dyn Spend,
    stage: Stage,
    operation: Option<&str>,
    now_ms: u64,
) -> Result<(), Overspent> {
    let headers = &canonical.accepted().head().headers;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let address = canonical.accepted().address();
    budget.spend(&Ask {
        stage,
        address,
        subject: None,
        operation,
        header: &header,
        now_ms,
    })
}

/// The refusal for a budget without room.
pub(crate) fn refuse(overspent: &Overspent, control: &'static str, trail: &mut Trail) -> Denial {
    let retry_after_seconds = overspent.retry_after_seconds;
    trail.refused(
        control,
        format!(
            "budget `{}` has no room for {retry_after_seconds} s",
            overspent.budget
        ),
    );
    match overspent.key {
        BudgetKey::Ip | BudgetKey::DangerHeader(_) | BudgetKey::Account => Denial::BudgetIp {
            retry_after_seconds,
        },
        BudgetKey::User => Denial::BudgetUser {
            retry_after_seconds,
        },
        BudgetKey::Endpoint => Denial::BudgetEndpoint {
            retry_after_seconds,
        },
    }
}
