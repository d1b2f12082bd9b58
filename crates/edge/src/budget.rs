//! Step 7, budget: what this caller may still ask for.

use vauban_audit::control;
use vauban_policy::Denial;

use crate::flood;
use crate::identify::Identified;
use crate::parts::{Ask, Spend, Stage};
use crate::record::Trail;

/// A request within its caller's budget.
#[derive(Debug)]
pub(crate) struct Charged<'p> {
    identified: Identified<'p>,
}

impl<'p> Charged<'p> {
    /// The evidence before.
    pub(crate) fn identified(&self) -> &Identified<'p> {
        &self.identified
    }
}

/// Charges the budgets of the caller and of the caller's operation.
pub(crate) fn charge<'p>(
    identified: Identified<'p>,
    budget: &dyn Spend,
    now_ms: u64,
    trail: &mut Trail,
) -> Result<Charged<'p>, Denial> {
    let matched = identified.matched();
    let accepted = matched.admitted().canonical().accepted();
    let header = |name: &str| {
        accepted
            .head()
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let ask = Ask {
        stage: Stage::Identified,
        address: accepted.address(),
        subject: identified.caller().map(|claims| claims.subject.as_str()),
        operation: Some(&matched.operation().id),
        header: &header,
        now_ms,
    };
    budget
        .spend(&ask)
        .map_err(|overspent| flood::refuse(&overspent, control::EDGE_BUDGET_USER, trail))?;
    trail.passed(
        control::EDGE_BUDGET_USER,
        "within every budget of this caller",
    );
    Ok(Charged { identified })
}
