//! Steps 5 and 10, inspect: what the rules say about head and body, and about the answer.
//!
//! The head is looked at as soon as the route is known. The body is looked at once the caller may send it: nobody makes the
//! edge read and parse bodies on a route that needs a token (ADR 8).

mod engine;
mod found;
mod redact;
mod rules;

use vauban_audit::{Verdict, control};
use vauban_policy::{Denial, Inspect as Way, WafMode};

use crate::body::Whole;
use crate::decision::Decision;
use crate::matching::Matched;
use crate::parts::{Arrived, Inspect, Inspection, Leaving, Ruling};
use crate::record::Trail;

pub use engine::SecLang;
pub use rules::{Reread, RuleMistakes, Rules};

/// A request whose head the rules let pass.
#[derive(Debug)]
pub(crate) struct Surveyed<'p> {
    matched: Matched<'p>,
}

impl<'p> Surveyed<'p> {
    /// The evidence before.
    pub(crate) fn matched(&self) -> &Matched<'p> {
        &self.matched
    }
}

/// A request that the rules let pass whole.
#[derive(Debug)]
pub(crate) struct Inspected<'p> {
    whole: Whole<'p>,
}

impl<'p> Inspected<'p> {
    /// The evidence before.
    pub(crate) fn whole(&self) -> &Whole<'p> {
        &self.whole
    }
}

/// The inspection of one request, from its head to its answer. It goes along beside the evidence, because it changes while the
/// evidence does not; only [`head`] makes one.
#[derive(Debug)]
pub(crate) struct Watch(Option<Box<dyn Inspection>>);

/// Looks at the head: method, target, query, headers and cookies.
pub(crate) fn head<'p>(
    matched: Matched<'p>,
    part: &dyn Inspect,
    decision: &Decision,
    now_unix_s: u64,
    trail: &mut Trail,
) -> Result<(Surveyed<'p>, Watch), Denial> {
    let way: &Way = &matched.route().waf;
    if let WafMode::Off { because } = &way.mode {
        trail.skipped(control::EDGE_INSPECT, because.clone());
        return Ok((Surveyed { matched }, Watch(None)));
    }
    let accepted = matched.admitted().canonical().accepted();
    let head = accepted.head();
    let arrived = Arrived {
        way,
        route: matched.route().path.as_str(),
        method: head.method.as_str(),
        target: head
            .uri
            .path_and_query()
            .map_or("", http::uri::PathAndQuery::as_str),
        version: head.version,
        headers: &head.headers,
        client: (accepted.address(), accepted.port()),
        decision: decision.as_str(),
        now_unix_s,
    };
    let (ruling, inspection) = part.begin(&arrived);
    judge(ruling, "head: no rule refuses", trail).map_err(|Refused| Denial::WafRefused)?;
    Ok((Surveyed { matched }, Watch(Some(inspection))))
}

/// Looks at the body, which is there whole. A body that was seen in part only counts as hostile: what lies behind a limit must
/// not be a way in.
pub(crate) fn body<'p>(
    whole: Whole<'p>,
    watch: &mut Watch,
    trail: &mut Trail,
) -> Result<Inspected<'p>, Denial> {
    if let Some(inspection) = &mut watch.0 {
        let ruling = inspection.body(whole.body());
        if !whole.body().is_empty() || ruling != Ruling::Nothing {
            judge(ruling, "body: no rule refuses", trail).map_err(|Refused| Denial::WafRefused)?;
        }
    }
    Ok(Inspected { whole })
}

/// Looks at the answer that is about to leave.
pub(crate) fn answer(
    leaving: &Leaving<'_>,
    watch: &mut Watch,
    trail: &mut Trail,
) -> Result<(), Denial> {
    let Some(inspection) = &mut watch.0 else {
        return Ok(());
    };
    match inspection.answer(leaving) {
        Ruling::Nothing => Ok(()),
        ruling @ (Ruling::Noted(_) | Ruling::Refused(_)) => {
            judge(ruling, "", trail).map_err(|Refused| Denial::AnswerViolated)
        }
    }
}

/// The rules refuse.
struct Refused;

fn judge(ruling: Ruling, nothing: &'static str, trail: &mut Trail) -> Result<(), Refused> {
    match ruling {
        Ruling::Nothing => trail.passed(control::EDGE_INSPECT, nothing),
        Ruling::Noted(found) => trail.inspected(control::EDGE_INSPECT, Verdict::Passed, found),
        Ruling::Refused(found) => {
            trail.inspected(control::EDGE_INSPECT, Verdict::Refused, found);
            return Err(Refused);
        }
    }
    Ok(())
}
