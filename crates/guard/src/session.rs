//! Fourth step: the session is live now, and is the one that the token speaks of.

use vauban_audit::control;
use vauban_policy::{Denial, Principal};

use crate::line::GuardLine;
use crate::parts::SessionRefusal;
use crate::read::Asked;
use crate::record::Trail;
use crate::token::Identified;

/// Evidence: the authority's stored session is live and says what the token says.
#[derive(Debug)]
pub(crate) struct Live<'p> {
    identified: Identified<'p>,
}

impl<'p> Live<'p> {
    /// What was asked.
    pub(crate) fn asked(&self) -> &Asked<'p> {
        self.identified.asked()
    }

    /// Who asks.
    pub(crate) fn principal(&self) -> &Principal {
        self.identified.principal()
    }
}

/// Asks about the session, each time.
pub(crate) async fn confirm<'p>(
    line: &GuardLine,
    identified: Identified<'p>,
    trail: &mut Trail,
) -> Result<Live<'p>, Denial> {
    match line.parts.session.judge(identified.claims()).await {
        Ok(fact) => {
            trail.passed(control::GUARD_SESSION, fact);
            Ok(Live { identified })
        }
        Err(SessionRefusal::Ended) => {
            trail.refused(
                control::GUARD_SESSION,
                format!("session {} is not live", identified.claims().session),
            );
            Err(Denial::SessionEnded)
        }
        Err(SessionRefusal::Mismatch(what)) => {
            trail.refused(
                control::GUARD_SESSION,
                format!("stored {what} is not the token's"),
            );
            Err(Denial::SessionMismatch)
        }
        Err(SessionRefusal::Unavailable(reason)) => {
            trail.failed(control::GUARD_SESSION, reason);
            Err(Denial::AuthorityUnavailable)
        }
    }
}
