//! Fifth step: how often this subject may ask for this operation.

use vauban_audit::control;
use vauban_policy::{Denial, Principal};

use crate::line::GuardLine;
use crate::parts::Spending;
use crate::read::Asked;
use crate::record::Trail;
use crate::session::Live;

/// Evidence: every budget that counts the request had room.
#[derive(Debug)]
pub(crate) struct Paid<'p> {
    live: Live<'p>,
}

impl<'p> Paid<'p> {
    /// What was asked.
    pub(crate) fn asked(&self) -> &Asked<'p> {
        self.live.asked()
    }

    /// Who asks.
    pub(crate) fn principal(&self) -> &Principal {
        self.live.principal()
    }
}

/// Spends.
pub(crate) fn spend<'p>(
    line: &GuardLine,
    session: Live<'p>,
    trail: &mut Trail,
) -> Result<Paid<'p>, Denial> {
    let spending = Spending {
        subject: &session.principal().subject,
        operation: &session.asked().operation().id,
        now_ms: line.clock.monotonic_ms(),
    };
    match line.parts.budget.spend(&spending) {
        Ok(Some(fact)) => {
            trail.passed(control::GUARD_BUDGET, fact);
            Ok(Paid { live: session })
        }
        Ok(None) => {
            trail.skipped(control::GUARD_BUDGET, "no budget counts this operation");
            Ok(Paid { live: session })
        }
        Err(exhausted) => {
            let retry_after_seconds = exhausted.retry_after_seconds;
            trail.refused(
                control::GUARD_BUDGET,
                format!("budget {} is spent", exhausted.budget),
            );
            Err(if exhausted.per_user {
                Denial::BudgetUser {
                    retry_after_seconds,
                }
            } else {
                Denial::BudgetEndpoint {
                    retry_after_seconds,
                }
            })
        }
    }
}
